"""Sources that change some of what they read on its way in, the same rows at every reading."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.injection.changes import Facts, altered, decided_positive
from monitor.injection.words import Injection
from monitor.timestamps import microseconds, times_of
from monitor.types import Batch, Cursor, Source


@dataclass(frozen=True)
class Plan:
    """One change of a share of the rows whose time is in `[at, until)`; without `until` it has no end.

    apart: labels come from a source of their own. With the same seed a larger share holds all rows of a smaller one.
    """

    injection: Injection
    facts: Facts
    share: float
    at: datetime
    until: datetime | None = None
    seed: int = 0
    apart: bool = False

    @property
    def of_labels(self) -> bool:
        """Say whether it changes labels from a source of their own, and nothing else."""
        moved = self.injection.kind in ("shift", "scale", "missing")
        named = moved and self.injection.columns == (self.facts.roles.label,)
        return self.apart and (named or self.injection.kind == "label-flip")


@dataclass
class Changed:
    """What was changed so far: the times of the rows, in microseconds since 1970, and their ids."""

    times: list[NDArray[np.int64]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def until(self, time: datetime) -> int:
        """Count the changed rows before a time."""
        return int(sum((part < microseconds(time)).sum() for part in self.times))


@dataclass(frozen=True)
class InjectedRecords:
    """Records some of which are changed; these come in a batch of their own, behind the others of theirs."""

    source: Source
    plan: Plan
    changed: Changed

    @property
    def repeats(self) -> bool:
        """Say whether rows may come again."""
        return self.source.repeats

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield what the source yields, changed."""
        # which rows: from one generator; how: from another, so that no share of them decides which
        chance, rng = (np.random.default_rng([self.plan.seed, part]) for part in range(2))
        for batch in self.source.pull(cursors):
            times, chosen = self._chosen(batch.rows, chance)
            if not chosen.any():
                yield batch
                continue
            self._note(batch.rows, times, chosen)
            if not self.plan.of_labels:
                yield replace(batch, rows=batch.rows.filter(pa.array(~chosen)))
                rows = batch.rows.filter(pa.array(chosen))
                plan = self.plan
                yield Batch(batch.shard, altered(rows, batch.rows, plan.injection, plan.facts, rng), batch.cursor)
            else:
                yield batch

    def _chosen(self, rows: pa.Table, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        plan, stamp = self.plan, self.plan.facts.roles.timestamp
        drawn = chance.random(rows.num_rows) < plan.share
        if stamp not in rows.column_names or not rows.num_rows:
            return np.zeros(rows.num_rows, np.int64), np.zeros(rows.num_rows, bool)
        times = np.asarray(times_of(rows[stamp], plan.facts.roles.zone).cast(pa.int64()).fill_null(-1).to_numpy())
        drawn &= times >= microseconds(plan.at)
        if plan.until is not None:
            drawn &= times < microseconds(plan.until)
        if plan.injection.kind == "evasion":
            drawn &= decided_positive(rows, plan.facts)
        return times, drawn

    def _note(self, rows: pa.Table, times: NDArray[np.int64], chosen: NDArray[np.bool_]) -> None:
        self.changed.times.append(times[chosen])
        name = self.plan.facts.roles.id
        if self.plan.of_labels and name in rows.column_names:
            self.changed.ids.update(map(str, rows[name].filter(pa.array(chosen)).to_pylist()))


@dataclass(frozen=True)
class AlteredLabels:
    """Labels from a source of their own, those of the records that were chosen being changed."""

    source: Source
    plan: Plan
    changed: Changed

    @property
    def repeats(self) -> bool:
        """Say whether rows may come again."""
        return self.source.repeats

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield what the source yields; the records have been read to their end before."""
        rng, facts = np.random.default_rng([self.plan.seed, 2]), self.plan.facts
        for batch in self.source.pull(cursors):
            name = facts.roles.id
            if name not in batch.rows.column_names:
                yield batch
                continue
            ids = batch.rows[name].to_pylist()
            chosen = np.array([str(one) in self.changed.ids for one in ids], bool)
            yield replace(batch, rows=batch.rows.filter(pa.array(~chosen)))
            if chosen.any():
                rows = altered(batch.rows.filter(pa.array(chosen)), batch.rows, self.plan.injection, facts, rng)
                yield Batch(batch.shard, rows, batch.cursor)
