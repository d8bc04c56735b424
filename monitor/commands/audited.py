"""A batch of labelled rows laid beside a model's reference: the verdict, with what its numbers point at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.alerts.phrasing import listed
from monitor.config import Model
from monitor.config.words import suggestion
from monitor.detectors.attack.batches import label_contradiction
from monitor.detectors.attack.batches.audit import audit as judged
from monitor.detectors.attack.batches.known import Known, seen
from monitor.detectors.attack.batches.naming import Text, named
from monitor.detectors.attack.batches.rows import Floats, Labelled, Places
from monitor.detectors.attack.batches.verdict import FALSE_ALARMS, Verdict
from monitor.errors import ConfigError
from monitor.profiles.meanings import translated
from monitor.steps.poisoning import (
    CONTRIBUTOR,
    contributors_of,
    features_of,
    learned,
    of_known_labels,
    strange_labels,
    text_of,
    told_apart,
    too_often,
)
from monitor.timestamps import times_of
from monitor.types import Roles
from monitor.watch import Watch

SHOWN, SEED = 10, 0


@dataclass(frozen=True, eq=False)
class Audited:
    """A verdict with what its numbers point at.

    rows: those with a label; places: of these in the batch, from 0. statistics: as they are printed. doubts: how much
    each row's label contradicts the reference, shape (rows,). young: labelled rows that were left out, since others of
    their days may still get a label. strange: of labels that the reference does not know, how many rows were left out.
    """

    verdict: Verdict
    rows: pa.Table
    places: list[int]
    statistics: list[dict[str, Any]]
    reference: int
    doubts: Floats
    young: int = 0
    strange: Mapping[str, int] = field(default_factory=dict)

    def suspicious(self) -> list[tuple[int, list[str]]]:
        """Give the suspicious rows with what names them: those of most reasons first, then the most doubtful."""
        reasons = self.verdict.reasons()
        return sorted(reasons.items(), key=lambda one: (-len(one[1]), -self.doubts[one[0]], one[0]))


@dataclass(frozen=True)
class How:
    """How a batch is to be judged: who labelled its rows, and whether they were chosen by the model's errors."""

    contributor: str | None = None
    by_error: bool = False


def audited(reference: pa.Table, rows: pa.Table, watch: Watch, batch: str, how: How) -> Audited:
    """Lay the labelled rows of a batch beside the reference.

    batch: its name, for messages. Raises ConfigError where the two cannot be compared: no label in the reference, a
    feature that the batch lacks, or no label that the reference knows.
    """
    roles, rows = watch.roles, translated(rows, watch.roles)
    label = _comparable(reference, rows, roles, batch)
    rng = np.random.default_rng(SEED)
    known = learned(reference, roles, rng=rng, logged=rows.column_names)
    held = np.asarray(rows[label].is_valid().to_numpy(), np.bool_)
    young = _young(rows, watch.settings, held)
    if isinstance(known, str):
        places = np.flatnonzero(held & ~young)
        none = np.zeros(places.size)
        return Audited(Verdict("undecided", known), _taken(rows, places), places.tolist(), [], 0, none)
    looked_at = rows.filter(pa.array(held & ~young))
    strange = _strange(looked_at, known, batch)
    hidden = too_often(strange, looked_at, reference, label=known.label, alpha=FALSE_ALARMS)
    places = np.flatnonzero(of_known_labels(rows, known) & ~young)
    rows = _taken(rows, places)
    who, names = contributors_of(rows, how.contributor or _contributor(rows, roles))
    batch_rows = seen(known, rows, who, rng=rng)
    verdict = judged(known, batch_rows, rng=rng, nulls={}, by_error=how.by_error)
    verdict = _with_hidden(verdict, {text: strange[text] for text in hidden})
    statistics = _statistics(known, batch_rows, verdict, names, partial(text_of, rows))
    doubts = label_contradiction.scores(batch_rows)
    left = int(np.count_nonzero(held & young))
    return Audited(verdict, rows, places.tolist(), statistics, known.rows.size, doubts, left, strange)


def _comparable(reference: pa.Table, rows: pa.Table, roles: Roles, batch: str) -> str:
    """Give the label's column, or raise ConfigError where the reference has none, or a feature that the batch lacks."""
    if roles.label is None or roles.label not in reference.column_names:
        raise ConfigError("columns.label", "names no column of the reference", "an audit needs labels on both sides")
    absent = next((name for name, _ in features_of(reference, roles) if name not in rows.column_names), None)
    if absent is not None:
        raise ConfigError(
            batch, f"no column {absent!r}, which the reference has", suggestion(absent, rows.column_names)
        )
    return roles.label


def _taken(rows: pa.Table, places: Places) -> pa.Table:
    return rows.take(pa.array(places, pa.int64()))


def _strange(rows: pa.Table, known: Known, batch: str) -> dict[str, int]:
    """Count the rows of each label that the reference does not know; ConfigError where it knows none."""
    strange = strange_labels(rows, known)
    if strange and sum(strange.values()) == rows.num_rows:
        mend = "write them alike, or name a `reference` whose labels are written so"
        raise ConfigError(f"{batch}: {known.label}", told_apart(list(strange), known.classes), mend)
    return strange


def _with_hidden(verdict: Verdict, hidden: Mapping[str, int]) -> Verdict:
    """Leave undecided what would be clean, where labels that cannot be judged come more often than chance explains."""
    if not hidden:
        return verdict
    labels, rows = counted_labels(hidden), sum(hidden.values())
    why = f"{rows:,} rows have labels that cannot be judged, as the reference lacks them or hardly has them: {labels}"
    outcome = "undecided" if verdict.outcome == "clean" else verdict.outcome
    return replace(verdict, outcome=outcome, why="; ".join(one for one in (verdict.why, why) if one))


def _young(rows: pa.Table, settings: Model, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which rows are within `max_delay` of the newest one, where some of these have no label yet.

    Labels that come first are no fair sample of all.
    """
    none, roles = np.zeros(rows.num_rows, np.bool_), settings.columns
    delay = settings.labels.max_delay if settings.labels else None
    if delay is None or held.all() or rows.column_names.count(roles.timestamp) != 1:
        return none
    times = times_of(rows[roles.timestamp], roles.zone).cast(pa.int64()).fill_null(0).to_numpy()
    young = np.asarray(times > times.max(initial=0) - delay / timedelta(microseconds=1), np.bool_)
    return young if (young & ~held).any() else none


def _contributor(rows: pa.Table, roles: Roles) -> str | None:
    return next((name for name in (roles.contributor, CONTRIBUTOR, roles.client) if name in rows.column_names), None)


def _statistics(
    known: Known, batch: Labelled, verdict: Verdict, names: Sequence[str], text: Text
) -> list[dict[str, Any]]:
    return [
        {
            "statistic": one.name,
            "value": one.value,
            "threshold": one.threshold,
            "p_value": one.p_value,
            "alpha": one.alpha,
            "breaches": one.breaches,
            "rows": int(one.rows.size) if one.breaches else 0,
            **(named(known, batch, one, contributors=names, text=text) if one.breaches else {}),
        }
        for one in verdict.statistics
    ]


def counted_labels(counts: Mapping[str, int]) -> str:
    """List labels with how many rows bear each.

    >>> counted_labels({"maybe": 1200, "no": 3})
    "'maybe' (1,200), 'no' (3)"
    """
    return listed([f"'{text}' ({count:,})" for text, count in counts.items()], SHOWN)
