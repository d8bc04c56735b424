"""The vectors of many groups' profiles side by side, and how columns and outcomes are counted into them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.joint import Joint, joint_of, served_of
from monitor.profiles.layout import ABSENT, INFINITE, INVALID, MISSING, RETYPED, Layout
from monitor.profiles.outcome_layout import OutcomeLayout
from monitor.profiles.profile import MAX_UNSEEN, Counts, Floats, Profile, most_frequent
from monitor.profiles.reading import Categories, Numbers, categories, numbers, type_of
from monitor.profiles.stretches import Positions, Run


@dataclass(frozen=True, eq=False)
class Sheet:
    """The vectors of all groups' profiles, one row a group."""

    layout: Layout
    rows: Counts
    counts: Counts
    sums: Floats
    low: Floats
    high: Floats
    unseen: list[dict[str, dict[str, int]]]

    @classmethod
    def of(cls, layout: Layout, index: Positions, size: int) -> "Sheet":
        """Start with nothing counted but the rows of each group."""
        width = len(layout.columns)
        return cls(
            layout,
            np.bincount(index if index.min(initial=0) >= 0 else index[index >= 0], minlength=size),
            np.zeros((size, layout.slots), np.int64),
            np.zeros((size, layout.sums)),
            np.full((size, width), np.inf),
            np.full((size, width), -np.inf),
            [{} for _ in range(size)],
        )

    def profiles(self, *, added: list[str]) -> list[Profile]:
        """Give each group's profile."""
        names = sorted(added)[:MAX_UNSEEN]
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
                dict.fromkeys(names, int(n)) if n else {},
            )
            for g, n in enumerate(self.rows)
        ]


def count_absent(sheet: Sheet, i: int) -> None:
    """Count every row as missing in a column that the table lacks; a label may still come."""
    column = sheet.layout.columns[i]
    if column.role == "label":
        return
    first = sheet.layout.offsets[i] + column.bins.size
    sheet.counts[:, first + MISSING] += sheet.rows
    sheet.counts[:, first + ABSENT] += sheet.rows


def count_column(sheet: Sheet, i: int, found: pa.ChunkedArray, runs: list[Run]) -> None:
    """Count a column's rows, a slice at a time."""
    column = sheet.layout.columns[i]
    if isinstance(column.bins, CategoryBins):
        _count_categories(sheet, i, found, runs)
    else:
        read = numbers(found, column.kind, column.width)
        for run in runs:
            _count_numbers(sheet, i, column.bins, read, run)
    counts = sheet.counts[:, sheet.layout.offsets[i] : sheet.layout.offsets[i + 1]]
    size = column.bins.size
    # a vector is the same whether it came as a list of numbers or, as from JSON, as text
    if column.kind != "vector" and type_of(found.type) != column.type and found.null_count < len(found):
        counts[:, size + RETYPED] += counts[:, :size].sum(axis=1) + counts[:, size + INVALID]
    if column.role == "label":
        counts[:, size + MISSING] = 0


def _count_numbers(sheet: Sheet, i: int, bins: NumericBins, read: Numbers, run: Run) -> None:
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


def _count_categories(sheet: Sheet, i: int, found: pa.ChunkedArray, runs: list[Run]) -> None:
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


def add_means(sheet: Sheet, mixed: Mapping[str, Floats], runs: list[Run]) -> None:
    """Add what the means of columns of vectors are taken of; rows without a vector are left out."""
    for name, place in sheet.layout.means.items():
        for run in runs:
            values = run.ordered(mixed[name][run.start : run.stop])
            known = np.isfinite(values[:, 0])
            values = values if known.all() else np.where(known[:, None], values, 0.0)
            squares = np.einsum("ij,ij->i", values, values)
            added = np.column_stack([known, squares])
            sums = sheet.sums[:, place]
            sums[run.present, :2] += np.add.reduceat(added, run.starts)
            sums[run.present, 2:] += np.add.reduceat(values, run.starts)


def count_outcome(sheet: Sheet, rows: pa.Table, runs: list[Run]) -> None:
    """Count how predictions met the labels that the rows hold."""
    outcome = sheet.layout.outcome
    if outcome is not None and outcome.label in rows.column_names:
        _count_joint(sheet, rows, runs, outcome, joint_of)


def count_served(sheet: Sheet, rows: pa.Table, runs: list[Run]) -> None:
    """Count what was predicted, labelled or not."""
    if sheet.layout.outcome is not None:
        _count_joint(sheet, rows, runs, sheet.layout.outcome, served_of)


def _count_joint(
    sheet: Sheet,
    rows: pa.Table,
    runs: list[Run],
    outcome: OutcomeLayout,
    placing: Callable[[pa.Table, OutcomeLayout], Joint],
) -> None:
    layout = sheet.layout
    first_count, first_sum = layout.offsets[-1], 2 * len(layout.columns)
    counts, sums = sheet.counts[:, first_count:], sheet.sums[:, first_sum : layout.first_mean]
    used = rows.select([name for name in rows.column_names if name in outcome.columns])
    for run in runs:
        joint = placing(used.slice(run.start, run.stop - run.start), outcome)
        stretch = np.full(run.stop - run.start, -1, np.intp)
        stretch[slice(None) if run.order is None else run.order] = run.local
        for rows_hit, codes in joint.hits:
            _add(counts, run, stretch[rows_hit], codes)
        for rows_hit, codes, weights in joint.sums:
            _add(sums, run, stretch[rows_hit], codes, weights)
        for rows_hit, place, weights in joint.totals:
            _add(sums[:, place : place + 1], run, stretch[rows_hit], None, weights)


def _add(
    target: NDArray[np.int64] | Floats,
    run: Run,
    stretch: Positions,
    codes: Positions | None,
    weights: Floats | None = None,
) -> None:
    """Add to each stretch's group; rows of no group have a stretch below 0."""
    width = target.shape[1]
    cells = stretch if codes is None else stretch * width + codes
    if stretch.min(initial=0) < 0:
        inside = stretch >= 0
        cells, weights = cells[inside], None if weights is None else weights[inside]
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.bincount(cells, weights=weights, minlength=run.present.size * width)
        target[run.present] += found.reshape(-1, width)
