"""Whether labels that come after their records have stopped or thinned out, by how they came before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.stats.volume import WINDOWS_NEEDED, count_test, silence_test

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

ALONE = 1.5
"""A silence so many times as long as every other stands alone: it is no usual one."""
REGULAR = 0.25
"""Gaps however regular may lengthen by so much of their mean: a delivery a little late is no news."""
WEEKS_NEEDED = 3
"""Weeks that must be known, so that two weekends are: one alone would be no usual silence."""
BLOCKS = (1, 7, 14, 35)
"""Days whose labels are counted together; the longer ones hold as many weekends each, the longest a month's batch."""
KEPT = 26
"""With so many earlier stretches of as many days they are compared."""
LONGEST = 91
"""So many days the longest gap is looked for that a stretch must outlast to be compared, at least."""

EDGES = np.unique(np.concatenate([np.arange(4), np.rint(2.0 ** (np.arange(8, 57) / 4))])).astype(np.int64)
"""Ages from which labels are counted together, in slots: four bins to the doubling."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """How labels came, in slots of equal length.

    records: records of each slot, shape (slots,). ages: labels that came in each slot by the bin of `EDGES` that their
    age falls in, shape (slots, bins). seen: whether it is known what came in the slot, and not only with what came in
    others, shape (slots,). a_day: slots of a day.
    """

    records: Counts
    ages: Counts
    seen: NDArray[np.bool_]
    a_day: int = 1

    @cached_property
    def counts(self) -> Counts:
        """Give the labels that came in each slot."""
        return np.asarray(self.ages.sum(axis=1))

    @cached_property
    def exposed(self) -> Floats:
        """Give how many records have an age of each bin in each slot, shape (slots, bins)."""
        slots = np.arange(self.records.size)[:, None]
        until = np.concatenate([[0], np.cumsum(self.records)])
        newest = np.clip(slots - EDGES + 1, 0, None)
        oldest = np.clip(slots - np.append(EDGES[1:], self.records.size + EDGES[-1]) + 1, 0, None)
        return np.asarray(until[newest] - until[oldest], dtype=np.float64)

    def expected(self, learned: NDArray[np.bool_]) -> Floats:
        """Give the labels to be expected in each slot: of the records of an age, as many as got theirs before.

        learned: in which slots. An age that no record had reached there has none.
        """
        at_risk, came = self.exposed[learned].sum(axis=0), self.ages[learned].sum(axis=0)
        return np.asarray(self.exposed @ (came / np.maximum(at_risk, 1)))


class Silence(NamedTuple):
    """No label since the slot `last`: p-value, how many times the longest usual gap it is, and what was expected."""

    p_value: float
    times: float
    expected: float
    last: int
    longest: int


class Thinning(NamedTuple):
    """The labels of the last `slots`, those to be expected, p-value, and their share of the fewest usual."""

    p_value: float
    share: float
    expected: float
    came: int
    slots: int


class _Usual(NamedTuple):
    """The slots in which labels came, the gaps between them, and which slots and gaps are known and usual."""

    at: Counts
    gaps: Counts
    kept: NDArray[np.bool_]
    seen: NDArray[np.bool_]


def silence_of(arrivals: Arrivals, slot: int) -> Silence | None:
    """Compare the slots without a label up to `slot`, its end included, with the gaps between labels before.

    In time and in labels to be expected, so that less traffic is no silence; the larger p-value counts. One gap that
    stands alone is no usual one. None up to the longest gap, and below eight gaps or three weeks.
    """
    known = _usual(arrivals, slot + 1)
    if known is None:
        return None
    last, longest = int(known.at[-1]), int(known.gaps[known.kept].max())
    # the gap ends in the next slot at the earliest
    gap = slot + 1 - last
    if last == slot or gap <= longest:
        return None
    until = np.cumsum(arrivals.expected(known.seen & (np.arange(known.seen.size) <= last)))
    usual, due = np.diff(until[known.at])[known.kept], float(until[slot] - until[last])
    in_time = silence_test(known.gaps[known.kept].astype(np.float64), gap, least=REGULAR)
    # where no label was ever to be expected, none is missing
    in_labels = silence_test(usual, due, least=REGULAR) if usual.any() else 1.0
    times = min(gap / longest, due / max(float(usual.max()), 1e-9))
    return Silence(max(p for p in (in_time, in_labels) if p is not None), times, due, last, longest)


def thinning_of(
    arrivals: Arrivals, slot: int, *, before: int | None = None, days: Sequence[int] = BLOCKS
) -> Thinning | None:
    """Compare the labels of the last days or weeks up to `slot` with those of as long stretches before.

    By their number and by that beside the labels to be expected, so that neither more nor less traffic is a thinning;
    the larger p-value counts. The surest of the lengths counts, times their number (Bonferroni 1936). before: where the
    thinning has begun, if it has, so that what is usual is learned before it. None below eight stretches or three
    weeks, where labels are as far apart as the stretches are long, and in a silence longer than usual.
    """
    found = [one for count in days if (one := _thinning(arrivals, slot, count * arrivals.a_day, before))]
    surest = min(found, key=lambda one: one.p_value, default=None)
    return surest and surest._replace(p_value=min(1.0, len(found) * surest.p_value))


def _thinning(arrivals: Arrivals, slot: int, length: int, before: int | None) -> Thinning | None:
    start = slot + 1 - length
    end = start if before is None else min(start, max(before, start - KEPT * length))
    known = _usual(arrivals, end)
    if known is None or not arrivals.counts[max(slot + 1 - _longest(known, 0), 0) : slot + 1].any():
        return None
    if length < 2 * _longest(known, end - max(KEPT * length, LONGEST * arrivals.a_day)) - 1:
        return None
    blocks = np.arange(end - length, max(end - KEPT * length, int(known.at[0])) - 1, -length)
    due = arrivals.expected(known.seen & (np.arange(known.seen.size) < end))
    counts, expected, seen = (_sums(values, blocks, length) for values in (arrivals.counts, due, known.seen))
    counts, expected = counts[seen == length], expected[seen == length]
    if counts.size < WINDOWS_NEEDED or not counts.all() or not expected.all():
        return None
    came, now = int(arrivals.counts[start : slot + 1].sum()), float(due[start : slot + 1].sum())
    scaled = counts * now / expected
    p_values = [count_test(np.rint(one).astype(int).tolist(), came) for one in (counts, scaled)]
    least = min(counts.min(), scaled.min())
    share = came / least if least else 1.0
    return Thinning(max(p for p in p_values if p is not None), share, float(np.median(scaled)), came, length)


def _longest(known: _Usual, since: int) -> int:
    return int(known.gaps[known.kept & (known.at[1:] > since)].max(initial=0))


def _sums(values: Floats | Counts | NDArray[np.bool_], starts: Counts, length: int) -> Floats:
    until = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(until[starts + length] - until[starts])


def _usual(arrivals: Arrivals, end: int) -> _Usual | None:
    at = np.flatnonzero(arrivals.counts[: max(end, 0)])
    gaps = np.diff(at)
    if gaps.size < WINDOWS_NEEDED or end - at[0] < WEEKS_NEEDED * 7 * arrivals.a_day:
        return None
    unseen = np.cumsum(~arrivals.seen)
    kept = unseen[at[1:]] == unseen[at[:-1]]
    seen, ordered = arrivals.seen.copy(), np.sort(gaps[kept])
    if ordered.size > 1 and ordered[-1] >= ALONE * ordered[-2]:
        lone = int(np.argmax(np.where(kept, gaps, 0)))
        kept[lone], seen[at[lone] + 1 : at[lone + 1]] = False, False
    return _Usual(at, gaps, kept, seen) if kept.sum() >= WINDOWS_NEEDED else None
