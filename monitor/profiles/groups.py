"""From rows to profiles of many groups at once: a column is counted by (group, place), never row by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.derived import DERIVED, derived
from monitor.profiles.joint import joint_of
from monitor.profiles.layout import ABSENT, INFINITE, INVALID, MISSING, RETYPED, Column, Layout
from monitor.profiles.profile import Counts, Floats, Profile, most_frequent
from monitor.profiles.reading import Categories, Numbers, categories, numbers, type_of

SLICE = 65_536
FEW_GROUPS = 8

Positions = NDArray[np.intp]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Groups:
    """To which of `size` groups each row belongs, shape (rows,); a row below 0 belongs to none."""

    index: NDArray[np.integer]
    size: int


def profile_table(rows: pa.Table, layout: Layout) -> Profile:
    """Sum a table up. A column that the table lacks counts as absent and missing in every row."""
    return profile_groups(rows, layout, _one_group(rows))[0]


def profile_groups(rows: pa.Table, layout: Layout, groups: Groups) -> list[Profile]:
    """Sum each group of a table's rows up, labels that came with the rows included."""
    sheet = _Sheet.of(layout, groups)
    runs = _runs(rows, groups)
    made = derived(rows, layout.roles.scores) if any(c.role == "confidence" for c in layout.columns) else {}
    for i, column in enumerate(layout.columns):
        found = made.get(column.name) if column.name in DERIVED else _found(rows, column.name)
        if found is None:
            _count_absent(sheet, i, column)
        else:
            _count(sheet, i, column, found, runs)
    _count_outcome(sheet, rows, layout, runs)
    added = [name for name in rows.column_names if name not in layout.known]
    return sheet.profiles(sheet.rows, added)


def profile_labels(rows: pa.Table, layout: Layout, groups: Groups) -> list[Profile]:
    """Sum late labels up, joined with the predictions and scores of their records, to be merged into the records' own.

    Only the label's column and the outcome are filled; `rows` is 0, and nothing counts as missing.
    """
    sheet = _Sheet.of(layout, groups)
    runs = _runs(rows, groups)
    for i, column in enumerate(layout.columns):
        found = _found(rows, column.name)
        if column.role == "label" and found is not None:
            _count(sheet, i, column, found, runs)
    _count_outcome(sheet, rows, layout, runs)
    return sheet.profiles(np.zeros(groups.size, np.int64), [])


def _one_group(rows: pa.Table) -> Groups:
    return Groups(np.zeros(rows.num_rows, np.intp), 1)


def _found(rows: pa.Table, name: str) -> pa.ChunkedArray | None:
    return rows.column(name) if name in rows.column_names else None


@dataclass(frozen=True, eq=False)
class _Sheet:
    """The vectors of all groups' profiles, one row a group."""

    layout: Layout
    rows: Counts
    counts: Counts
    sums: Floats
    low: Floats
    high: Floats
    unseen: list[dict[str, dict[str, int]]]

    @classmethod
    def of(cls, layout: Layout, groups: Groups) -> "_Sheet":
        size, width = groups.size, len(layout.columns)
        index = groups.index
        return cls(
            layout,
            np.bincount(index if index.min(initial=0) >= 0 else index[index >= 0], minlength=size),
            np.zeros((size, layout.slots), np.int64),
            np.zeros((size, layout.sums)),
            np.full((size, width), np.inf),
            np.full((size, width), -np.inf),
            [{} for _ in range(size)],
        )

    def profiles(self, rows: Counts, added: list[str]) -> list[Profile]:
        # each profile owns its vectors, so that one that is kept does not keep all the others alive
        return [
            Profile(
                self.layout,
                int(n),
                self.counts[g].copy(),
                self.sums[g].copy(),
                self.low[g].copy(),
                self.high[g].copy(),
                self.unseen[g],
                dict.fromkeys(sorted(added), int(n)) if n else {},
            )
            for g, n in enumerate(rows)
        ]


@dataclass(frozen=True, eq=False)
class _Run:
    """A slice of rows, brought into the order of their groups so that each group is one stretch.

    order: positions within the slice; None when the rows are in order as they are.
    starts: where each stretch begins; present: its group.
    """

    start: int
    stop: int
    order: Positions | None
    starts: Positions
    present: Positions
    size: int

    @cached_property
    def local(self) -> Positions:
        """Give each row's stretch, in order."""
        return np.repeat(np.arange(self.present.size), np.diff(self.starts, append=self.size))

    def ordered(self, values: NDArray[Kind]) -> NDArray[Kind]:
        return values if self.order is None else values[self.order]

    def added(self, codes: Positions, width: int) -> Counts:
        """Count by (stretch, code), shape (stretches, width)."""
        if self.present.size > FEW_GROUPS:
            places = self.local * width + codes
            return np.bincount(places, minlength=self.present.size * width).reshape(-1, width)
        ends = [*self.starts[1:].tolist(), self.size]
        parts = [codes[a:b] for a, b in zip(self.starts.tolist(), ends, strict=True)]
        return np.stack([np.bincount(part, minlength=width) for part in parts])


def _runs(rows: pa.Table, groups: Groups) -> list[_Run]:
    if groups.index.size != rows.num_rows:
        raise ValueError(f"{rows.num_rows} rows cannot be grouped by an index of {groups.index.size}")
    if groups.index.max(initial=-1) >= groups.size:
        raise ValueError(f"group {groups.index.max()} is none of {groups.size}")
    made = (_run(groups.index[start : start + SLICE], start) for start in range(0, rows.num_rows, SLICE))
    return [run for run in made if run.size]


def _run(index: NDArray[np.integer], start: int) -> _Run:
    stop, order = start + index.size, None
    if (index[1:] < index[:-1]).any() or index[0] < 0:
        order = np.argsort(index, kind="stable")
        order = order[np.searchsorted(index[order], 0) :]
        index = index[order]
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    return _Run(start, stop, order, starts, index[starts].astype(np.intp), index.size)


def _count_absent(sheet: _Sheet, i: int, column: Column) -> None:
    if column.role == "label":
        return
    first = sheet.layout.offsets[i] + column.bins.size
    sheet.counts[:, first + MISSING] += sheet.rows
    sheet.counts[:, first + ABSENT] += sheet.rows


def _count(sheet: _Sheet, i: int, column: Column, found: pa.ChunkedArray, runs: list[_Run]) -> None:
    if isinstance(column.bins, CategoryBins):
        _count_categories(sheet, i, found, runs)
    else:
        read = numbers(found, column.kind)
        for run in runs:
            _count_numbers(sheet, i, column.bins, read, run)
    counts = sheet.counts[:, sheet.layout.offsets[i] : sheet.layout.offsets[i + 1]]
    size = column.bins.size
    if type_of(found.type) != column.type and found.null_count < len(found):
        counts[:, size + RETYPED] += counts[:, :size].sum(axis=1) + counts[:, size + INVALID]
    if column.role == "label":
        counts[:, size + MISSING] = 0


def _count_numbers(sheet: _Sheet, i: int, bins: NumericBins, read: Numbers, run: _Run) -> None:
    values = run.ordered(read.values(run.start, run.stop))
    here, width = run.present, bins.size + 5
    first = sheet.layout.offsets[i]
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.minimum.reduceat(values, run.starts), np.maximum.reduceat(values, run.starts)
        if np.isfinite(low).all() and np.isfinite(high).all():
            codes, offsets = bins.codes(values), values - bins.center
        else:
            invalid = None if read.invalid is None else run.ordered(read.invalid[run.start : run.stop])
            codes = _odd_codes(values, invalid, bins)
            finite = np.isfinite(values)
            infinite = np.add.reduceat(np.isinf(values), run.starts, dtype=np.int64)
            sheet.counts[here, first + bins.size + INFINITE] += infinite
            low = np.minimum.reduceat(np.where(finite, values, np.inf), run.starts)
            high = np.maximum.reduceat(np.where(finite, values, -np.inf), run.starts)
            offsets = np.where(finite, values - bins.center, 0.0)
        sheet.counts[here, first : first + width] += run.added(codes, width)
        sheet.sums[here, 2 * i] += np.add.reduceat(offsets, run.starts)
        sheet.sums[here, 2 * i + 1] += np.add.reduceat(np.square(offsets, out=offsets), run.starts)
    sheet.low[here, i] = np.minimum(sheet.low[here, i], low)
    sheet.high[here, i] = np.maximum(sheet.high[here, i], high)


def _odd_codes(values: Floats, invalid: NDArray[np.bool_] | None, bins: NumericBins) -> Positions:
    none = np.isnan(values)
    codes = bins.codes(np.where(none, bins.center, values))
    codes[none] = bins.size + MISSING
    if invalid is not None:
        codes[invalid] = bins.size + INVALID
    return codes


def _count_categories(sheet: _Sheet, i: int, found: pa.ChunkedArray, runs: list[_Run]) -> None:
    column = sheet.layout.columns[i]
    bins = cast("CategoryBins", column.bins)
    read = categories(found, classes=column.role in {"prediction", "label"})
    codes_of = _slots(read, bins)
    first, width = sheet.layout.offsets[i], column.slots
    strange = bool((codes_of == bins.unseen).any())
    pairs: list[tuple[Positions, Counts]] = []
    for run in runs:
        positions = run.ordered(read.positions[run.start : run.stop])
        codes = codes_of[positions]
        added = run.added(codes, width)
        sheet.counts[run.present, first : first + width] += added
        if strange and added[:, bins.unseen].any():
            rows = np.flatnonzero(codes == bins.unseen)
            keys = run.present[run.local[rows]] * codes_of.size + positions[rows]
            pairs.append(np.unique(keys, return_counts=True))
    for group, values in _unseen(pairs, codes_of.size, read.texts):
        sheet.unseen[group][column.name] = values


def _slots(read: Categories, bins: CategoryBins) -> Positions:
    """Give the place of each distinct value; the last is that of rows without one."""
    slots = np.full(len(read.texts) + 1, bins.size + MISSING, np.intp)
    if not read.known:
        slots[:-1] = bins.size + INVALID
        return slots
    held = np.array([t is not None for t in read.texts], bool)
    slots[:-1][held] = bins.codes([t for t in read.texts if t is not None])
    return slots


def _unseen(
    pairs: list[tuple[Positions, Counts]], size: int, texts: Sequence[str | None]
) -> Iterator[tuple[int, dict[str, int]]]:
    """Give each group's most frequent unseen values, from counts by group * size + position."""
    if not pairs:
        return
    keys, inverse = np.unique(np.concatenate([k for k, _ in pairs]), return_inverse=True)
    counts = np.bincount(inverse, weights=np.concatenate([c for _, c in pairs])).astype(np.int64)
    for group, (places, rows) in _by_group(keys, counts, size).items():
        held: dict[str, int] = {}
        for place, n in zip(places.tolist(), rows.tolist(), strict=True):
            text = texts[place] or ""
            held[text] = held.get(text, 0) + n
        yield group, most_frequent(held)


def _by_group(keys: Positions, counts: Counts, size: int) -> Mapping[int, tuple[Positions, Counts]]:
    groups, starts = np.unique(keys // size, return_index=True)
    places, rows = np.split(keys % size, starts[1:]), np.split(counts, starts[1:])
    return {int(g): (p, n) for g, p, n in zip(groups, places, rows, strict=True)}


def _count_outcome(sheet: _Sheet, rows: pa.Table, layout: Layout, runs: list[_Run]) -> None:
    outcome = layout.outcome
    if outcome is None or outcome.label not in rows.column_names:
        return
    first_count, first_sum = layout.offsets[-1], 2 * len(layout.columns)
    counts, sums = sheet.counts[:, first_count:], sheet.sums[:, first_sum:]
    used = rows.select([name for name in rows.column_names if name in outcome.columns])
    for run in runs:
        joint = joint_of(used.slice(run.start, run.stop - run.start), outcome)
        stretch = np.full(run.stop - run.start, -1, np.intp)
        stretch[slice(None) if run.order is None else run.order] = run.local
        for places, codes in joint.hits:
            keep = stretch[places] >= 0
            _add(counts, run, stretch[places][keep], codes[keep], None)
        for places, codes, weights in joint.sums:
            keep = stretch[places] >= 0
            _add(sums, run, stretch[places][keep], codes[keep], weights[keep])


def _add(
    target: NDArray[np.int64] | Floats, run: _Run, stretch: Positions, codes: Positions, weights: Floats | None
) -> None:
    width = target.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.bincount(stretch * width + codes, weights=weights, minlength=run.present.size * width)
        target[run.present] += found.reshape(-1, width)
