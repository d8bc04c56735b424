"""What the reference fixes for every later profile: the columns with their bins, and where each count stands."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from monitor.profiles.bins import SELDOM, Bins, bins_of
from monitor.profiles.calendar import Calendar
from monitor.profiles.derivation import Derivation, digest_of, packed_arrays, unpacked_derivations
from monitor.profiles.mean_vector import coordinates
from monitor.profiles.outcome_layout import OutcomeLayout, described_outcome, outcome_layout_of, tupled
from monitor.profiles.relation import Relation
from monitor.profiles.season import Season
from monitor.profiles.week import Week
from monitor.types import ColumnKind, Roles

FORMAT = 43
"""Raised whenever layouts or profiles hold something else than before: what was kept is then made anew."""

Role = Literal[
    "feature", "sensitive", "split", "prediction", "score", "confidence", "disagreement", "derived", "expected", "label"
]
ValueType = Literal["number", "text", "boolean", "time", "other"]

BEYOND = 0.25
"""Of the range that means of the reference's windows lie in, how far beyond it others may."""
RENEWS = 0.05
"""Of how large a part of a reference's rows the values have come with time where it moves away from any reference."""
MISSING, INVALID, INFINITE, ABSENT, RETYPED = range(5)
"""The slots that follow a column's bins."""


@dataclass(frozen=True, eq=False)
class Column:
    """One profiled column.

    type: class of the reference's Arrow type; a window's rows of another class are counted as retyped.
    correlation: of two rows of one window, measured on the reference's own windows, the mean over the directions in
        which windows can differ; steepest: the same in the direction in which they differ most. lacking: the same in
        whether they lack a value. lasting: how alike a
        window and the next one are in that direction, in [0, 1): near 1 for a season. 0 when not known.
    timed: whether windows differ by the weekday, or the hour, so much that they are laid beside those of their time.
    grows: whether the reference's windows each lie above the one before, and hardly overlap, as a running number does.
    lowest, highest: between which the means of the reference's windows lie; leap: how far one of them left those before
        it. within: the mean logarithm of the windows' own standard deviations; uneven: by how much these differ. None
        when not known, the latter two where a window stood still.
    offset: the squared difference from the reference that windows had so far and that was accepted, in units of one
        row's variance. It is learned from windows and not kept with the reference.
    width: how many numbers a vector holds; 0 for what is none. Vectors are binned by their norm.
    sensitivity: share of the variance of the model's answer that the column's bins explain; None when not known.
    week: how the reference's rows differ over the week; None when it has no times, or under two weeks of them.
    relation: what others tell of it, which is at least half; None where they tell less.
    renewal: of each later part of the reference's time the rows whose value no earlier one held, and all rows, where
        values come with time; empty where they do not.
    """

    name: str
    kind: ColumnKind
    role: Role
    type: ValueType
    bins: Bins
    correlation: float = 0.0
    steepest: float = 0.0
    lacking: float = 0.0
    lasting: float = 0.0
    timed: bool = False
    grows: bool = False
    lowest: float | None = None
    highest: float | None = None
    leap: float | None = None
    within: float | None = None
    uneven: float | None = None
    offset: float = 0.0
    width: int = 0
    sensitivity: float | None = None
    week: Week | None = None
    relation: Relation | None = None
    renewal: tuple[tuple[int, int], ...] = ()

    @property
    def renews(self) -> bool:
        """Say whether so many of its values come with time that it moves away from any reference."""
        new, rows = (sum(counts) for counts in zip(*self.renewal, strict=True)) if self.renewal else (0, 1)
        return new > RENEWS * rows

    @property
    def slots(self) -> int:
        """Count the places that the column takes in a profile's counts."""
        return self.bins.size + 5

    def has_been_at(self, level: float) -> bool:
        """Say whether windows of the reference had their mean about there.

        What so many windows had is no limit of what the next has: a dry day is drier than those of a winter by some
        part of their range, and a unit that changes is far beyond it.
        """
        if self.lowest is None or self.highest is None:
            return False
        beyond = BEYOND * (self.highest - self.lowest)
        return self.lowest - beyond <= level <= self.highest + beyond

    def inflation(self, rows: float) -> float:
        """Give how many times the variance of a share in `rows` rows of one window is that of independent rows."""
        return 1 + max(rows - 1, 0) * self.correlation


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of a model's profiles, in order, and what is counted of predictions that met their labels.

    window_rows: mean rows of a window of the reference; 0 when it is not known.
    windows: how many windows the reference has; 0 when it is not known.
    spreads: how much each performance metric differs between the reference's windows beyond its own error, as a
    standard deviation in the metric's unit, and how alike a window and the next one are in it; of concept drift's
    detectors, the correlation of labels at equal prediction between rows of one window; of estimates that features
    put off, by how much, and by how much those of windows differ in the mean from that of all rows. What had too few
    windows is not in it.
    derivations: how columns that the rows do not hold are made from those that they hold.
    calendar: which times the reference's rows are of; None when they have none.
    seasons: by performance metric, how its windows differ with weekday and hour. What had too few is not in it.
    clumped: which part of what makes rows alike is the clump that they come in, in [0, 1]; None where it is not known.
    """

    columns: tuple[Column, ...]
    outcome: OutcomeLayout | None = None
    roles: Roles = field(default_factory=lambda: Roles(timestamp=""))
    window_rows: float = 0.0
    windows: int = 0
    spreads: Mapping[str, float] = field(default_factory=dict)
    derivations: tuple[Derivation, ...] = ()
    calendar: Calendar | None = None
    seasons: Mapping[str, Season] = field(default_factory=dict)
    clumped: float | None = None

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Give where each column's counts begin; the last number is where the outcome's begin."""
        return tuple(np.cumsum([0, *(c.slots for c in self.columns)]).tolist())

    @property
    def slots(self) -> int:
        """Count all places among the counts."""
        return self.offsets[-1] + (self.outcome.slots[0] if self.outcome else 0)

    @cached_property
    def sums(self) -> int:
        """Count all places among the sums: two a column, then the outcome's, then those of the means of vectors."""
        return max((place.stop for place in self.means.values()), default=self.first_mean)

    @cached_property
    def first_mean(self) -> int:
        """Give where the sums of the means of vectors begin."""
        return 2 * len(self.columns) + (self.outcome.slots[1] if self.outcome else 0)

    @cached_property
    def means(self) -> Mapping[str, slice]:
        """Give the places of each mean of a column of vectors: of the rows, the squares, then its coordinates."""
        sizes = {one.columns[0]: 2 + size for one in self.derivations if (size := coordinates(one))}
        ends = accumulate(sizes.values(), initial=self.first_mean)
        return {name: slice(*place) for name, place in zip(sizes, pairwise(ends), strict=True)}

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Give the columns by name."""
        return {c.name: c for c in self.columns}

    @cached_property
    def related(self) -> Mapping[str, Relation]:
        """Give, by column, what others tell of it."""
        return {c.name: c.relation for c in self.columns if c.relation}

    @cached_property
    def known(self) -> frozenset[str]:
        """Give every column name that is profiled or plays a part."""
        r = self.roles
        outputs = {r.prediction, r.label, *r.scores, *r.others}
        named = {*r.aside, *outputs, *r.segments, *r.sensitive}
        return frozenset({*self.by_name, *(name for name in named if name is not None)})

    @cached_property
    def digest(self) -> str:
        """Name the meaning of the counts: profiles with equal digests add up. Correlations and times do not enter."""
        parts = [[c.name, c.kind, c.role, c.type, c.width, c.bins.described()] for c in self.columns]
        meaning = [parts, self.outcome and described_outcome(self.outcome), digest_of(self.derivations)]
        return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:16]

    def packed(self) -> bytes:
        """Give the layout as two compressed Arrow streams: the columns, then what derivations were fitted."""
        table = pa.Table.from_pylist([_row(c) for c in self.columns], schema=SCHEMA)
        rest = {
            "roles": asdict(self.roles) | {"kinds": dict(self.roles.kinds)},
            "outcome": self.outcome and described_outcome(self.outcome),
            "window_rows": self.window_rows,
            "windows": self.windows,
            "spreads": dict(self.spreads),
            "derivations": [one.described() for one in self.derivations],
            "format": FORMAT,
            "calendar": self.calendar and self.calendar.described(),
            "seasons": {name: season.described() for name, season in self.seasons.items()},
            "clumped": self.clumped,
        }
        sink = pa.BufferOutputStream()
        for part in (table.replace_schema_metadata({"layout": json.dumps(rest)}), packed_arrays(self.derivations)):
            with pa.ipc.new_stream(sink, part.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
                writer.write_table(part)
        return bytes(sink.getvalue())

    @classmethod
    def unpacked(cls, data: bytes) -> "Layout":
        """Give back the layout that was packed, every float as it was; ValueError for one of another format."""
        buffer = pa.BufferReader(data)
        table, arrays = (pa.ipc.open_stream(buffer).read_all() for _ in range(2))
        rest = json.loads(table.schema.metadata[b"layout"])
        if rest.get("format") != FORMAT:
            raise ValueError(f"packed in format {rest.get('format')}, not {FORMAT}: read the reference again")
        roles = Roles(**tupled(rest["roles"]))
        columns = tuple(_column(row) for row in table.to_pylist())
        alike = (rest["window_rows"], rest["windows"], rest["spreads"])
        derivations = unpacked_derivations(rest["derivations"], arrays)
        calendar = Calendar.of(rest["calendar"])
        seasons = {name: Season.of(described) for name, described in rest["seasons"].items()}
        outcome = rest["outcome"] and outcome_layout_of(rest["outcome"])
        return cls(columns, outcome, roles, *alike, derivations, calendar, seasons, rest["clumped"])

    @classmethod
    def kept(cls, data: bytes) -> "Layout | None":
        """Give back the layout that was packed; None when another version of the program packed it."""
        try:
            return cls.unpacked(data)
        except (ValueError, KeyError):
            return None


ALIKE = (
    *("correlation", "steepest", "lacking", "lasting", "timed", "grows", "lowest", "highest", "leap"),
    *("within", "uneven"),
)
_FLOATS = [(name, pa.float64()) for name in ("explained", "leap")]
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("name", "kind", "role", "type")),
        *((name, pa.bool_() if name in ("timed", "grows") else pa.float64()) for name in ALIKE),
        ("width", pa.int64()),
        ("sensitivity", pa.float64()),
        ("edges", pa.list_(pa.float64())),
        ("center", pa.float64()),
        ("values", pa.list_(pa.string())),
        ("tail", pa.list_(pa.string())),
        *((name, pa.int64()) for name in SELDOM),
        ("week", pa.list_(pa.float64())),
        ("week_rows", pa.list_(pa.float64())),
        ("renewal", pa.list_(pa.list_(pa.int64()))),
        ("relation", pa.struct([("slopes", pa.map_(pa.string(), pa.float64())), *_FLOATS])),
    ]
)


def _row(column: Column) -> dict[str, Any]:
    plain = {key: getattr(column, key) for key in ("name", "kind", "role", "type", "width", "sensitivity", *ALIKE)}
    week = column.week
    told = {"week": week.shifts.ravel().tolist(), "week_rows": week.rows.tolist()} if week else {}
    relation = column.relation and asdict(column.relation)
    return plain | column.bins.described() | told | {"relation": relation, "renewal": column.renewal}


def _column(row: dict[str, Any]) -> Column:
    kept = {name: row[name] for name in (*ALIKE, "width", "sensitivity")}
    relation = row["relation"] and Relation(**row["relation"] | {"slopes": dict(row["relation"]["slopes"])})
    kept |= {"week": _week(row), "relation": relation, "renewal": tuple(map(tuple, row["renewal"]))}
    return Column(row["name"], row["kind"], row["role"], row["type"], bins_of(row), **kept)


def _week(row: dict[str, Any]) -> Week | None:
    if row["week_rows"] is None:
        return None
    rows = np.array(row["week_rows"])
    return Week(np.array(row["week"]).reshape(rows.size, -1), rows)
