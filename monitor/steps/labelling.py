"""The rows of a window whose labels have come, laid beside the reference's."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from monitor.detectors.attack.batches import label_contradiction
from monitor.detectors.attack.batches.audit import audit, contributed
from monitor.detectors.attack.batches.calibration import size_of
from monitor.detectors.attack.batches.known import Known, seen
from monitor.detectors.attack.batches.measures import Nulls, calibrated, direction
from monitor.detectors.attack.batches.naming import named
from monitor.detectors.attack.batches.parts import Part, flip_shares, p_values_of_sums
from monitor.detectors.attack.batches.rows import Labelled, Places
from monitor.detectors.attack.batches.verdict import FALSE_ALARMS, Statistic
from monitor.detectors.attack.poisoned import CONTRADICTION, WHOLE, Labels
from monitor.profiles.tables import joined
from monitor.steps.labelled import labelled_rows
from monitor.steps.poisoning import (
    bounded,
    contributors_of,
    learned,
    of_known_labels,
    strange_labels,
    text_of,
    told_apart,
)
from monitor.steps.repeats import sent_again
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Roles, Window
from monitor.watch import Watch

SEED = 0
MOST_ROWS, REFERENCE_ROWS, READ_ROWS = 1_000, 6_000, 500_000
WITHOUT = ("prior_shift",)
"""What has a detector of its own among those of drift."""
CONTRIBUTED, WINDOWS = 4_000, 5
IDS, NAMED = 20, 3


@dataclass
class Labelling:
    """What a model's reference says of labels, learned when the first window asks, for one pass."""

    database: Database
    watch: Watch
    nulls: dict[int, Nulls] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known | str:
        """Learn it from at most 6,000 labelled rows; a sentence where that cannot be."""
        if self.watch.reference is None:
            return "the reference was learned and holds no rows to lay labels beside; name a `reference`"
        label, rows, tables = self.watch.roles.label, 0, list[pa.Table]()
        for batch in self.watch.reference.pull({}):
            tables.append(_valid(batch.rows, label))
            rows += batch.rows.num_rows
            if rows >= READ_ROWS:
                break
        rng = np.random.default_rng(SEED)
        whole = joined([table for table in tables if table.num_rows]) if any(map(len, tables)) else pa.table({})
        return learned(bounded(whole, most=REFERENCE_ROWS, rng=rng), self.watch.roles, rng=rng)

    def at(self, window: Window) -> Labels:
        """Judge a window's labels."""
        known = self.known
        if isinstance(known, str):
            return Labels(note=known)
        with self.database.read() as connection:
            rows = _labelled(connection, self.watch, window, most=0)
            length = window.end - window.start
            before = Window(window.start - (WINDOWS - 1) * length, window.end)
            apart = _whoever(self.watch.roles) is not None
            stretch = _labelled(connection, self.watch, before, most=CONTRIBUTED) if apart else rows.slice(0, 0)
        absent = [name for name in known.columns if name not in rows.column_names]
        if absent and rows.num_rows:
            return Labels(note=f"no column {absent[0]!r} in this window")
        strange = strange_labels(rows, known) if rows.num_rows else {}
        rows, stretch = (part.filter(pa.array(of_known_labels(part, known))) for part in (rows, stretch))
        size = size_of(min(rows.num_rows, MOST_ROWS), reference=known.rows.size)
        if not size:
            return Labels(
                note=told_apart(list(strange), known.classes) if strange and not rows.num_rows else _few(rows)
            )
        found = self._judged(known, rows, stretch, size)
        return replace(found, evidence={**found.evidence, "unknown_labels": strange}) if strange else found

    def _judged(self, known: Known, rows: pa.Table, stretch: pa.Table, size: int) -> Labels:
        rng = np.random.default_rng(SEED)
        if size not in self.nulls:
            self.nulls[size] = calibrated(known, size, rng=rng, draws=100)
        rows = bounded(rows, most=size, rng=rng)
        batch = seen(known, rows, None, rng=rng).apart(sent_again(rows, self.watch.roles, known.columns))
        found = list(audit(known, batch, rng=rng, nulls=self.nulls, most=size, without=WITHOUT).statistics)
        who, names = contributors_of(stretch, _whoever(self.watch.roles))
        laid = seen(known, stretch, who, rng=rng) if who is not None and len(names) > 1 else None
        if laid is not None:
            found.append(contributed(known, laid, np.arange(laid.size)))
        strongest = min(found, key=lambda one: one.p_value)
        p_value = min(1.0, len(found) * strongest.p_value)
        of = stretch if strongest.name == "contributors" else rows
        share = strongest.rows.size / max(of.num_rows, 1)
        part = Part.of(known, self.nulls[size], batch, whole=batch)
        p = p_values_of_sums(known, self.nulls[size], part, rng=rng)
        flips = {_part(name): (flipped, p[name]) for name, flipped in flip_shares(known, part).items()}
        told = named(
            known,
            batch if laid is None or of is rows else laid,
            strongest,
            contributors=names,
            text=lambda name, row: text_of(of, name, row),
        )
        evidence = _evidence(found, strongest, of, self.watch.roles) | ({"at": told} if told else {})
        if isinstance(values := told.get("values"), dict):
            evidence["columns"] = list(values)
        flipped = {part: _flipped(part, known, batch, rows, self.watch.roles) for part in flips}
        return Labels(size, share, p_value, flips, flipped, known.rows.size, evidence=evidence)


def _part(name: str) -> str:
    return WHOLE if name == CONTRADICTION else name


def _few(rows: pa.Table) -> str:
    return f"{rows.num_rows} labelled rows of at least 50 needed"


def _evidence(statistics: Sequence[Statistic], strongest: Statistic, rows: pa.Table, roles: Roles) -> dict[str, Any]:
    found = {one.name: one.p_value for one in statistics if one.p_value <= FALSE_ALARMS}
    return {"statistics": found, "strongest": strongest.name, **_whose(rows, strongest.rows, roles)}


def _flipped(part: str, known: Known, batch: Labelled, rows: pa.Table, roles: Roles) -> dict[str, Any]:
    """Name the rows whose labels contradict the reference most, of all or of one label."""
    scores, places = label_contradiction.scores(batch), label_contradiction.measure(batch).rows
    if part != WHOLE:
        labels = [direction(name) for name in known.classes]
        places = places[batch.label[places] == labels.index(part)]
    return _whose(rows, places[np.argsort(-scores[places], kind="stable")], roles)


def _whose(rows: pa.Table, places: Places, roles: Roles) -> dict[str, Any]:
    """Give the ids of rows, and who sent and who labelled most of them."""
    named_rows, found = rows.take(pa.array(places, pa.int64())), dict[str, Any]()
    if roles.id in rows.column_names:
        found["record_ids"] = [str(value) for value in named_rows[roles.id].slice(0, IDS).to_pylist()]
    for people, role in (("clients", roles.client), ("contributors", roles.contributor)):
        if role in rows.column_names:
            counts = named_rows[role].drop_null().value_counts().to_pylist()
            most = sorted(counts, key=lambda one: (-one["counts"], str(one["values"])))[:NAMED]
            found[people] = [{people.removesuffix("s"): str(one["values"]), "rows": one["counts"]} for one in most]
    return found


def _whoever(roles: Roles) -> str | None:
    """Name the column of who gives labels: the client, where no other is named."""
    return roles.contributor or roles.client


def _labelled(connection: Connection, watch: Watch, window: Window, *, most: int) -> pa.Table:
    """Give the rows of a window that have a label, by time; the newest `most` of them, 0 for all."""
    tables = read_records(connection, watch.name, window, timestamp=watch.roles.timestamp)
    found = [rows for table in tables if table.num_rows and (rows := _with_labels(connection, watch, table)).num_rows]
    if not found:
        return pa.table({})
    whole = joined(found).sort_by(watch.roles.timestamp)
    return whole.slice(max(0, whole.num_rows - most)) if most else whole


def _with_labels(connection: Connection, watch: Watch, rows: pa.Table) -> pa.Table:
    label = str(watch.roles.label)
    if watch.labels is None or watch.roles.id is None:
        return _valid(rows, label)
    return labelled_rows(connection, watch, rows, signed=True)


def _valid(rows: pa.Table, label: str | None) -> pa.Table:
    return rows.filter(rows[label].is_valid()) if label in rows.column_names else rows.slice(0, 0)
