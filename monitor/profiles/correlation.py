"""How alike the rows of one window are, measured on the reference's own windows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, ndtri, stdtrit

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.cells import BINS, ROWS_PER_BIN, joined
from monitor.profiles.clumped import clumped_part
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.profiles.relations import told_of_relations
from monitor.stats.steps import farthest_step

WINDOWS_NEEDED = 8
ROWS_NEEDED = 30
RARE = 0.995
RISING, STEPS_NEEDED, ALL_OF_IT = 0.95, 9, 0.9
"""Of a column that grows so many windows lie above the one before, of so many that chance makes one in 500 rise so, and
so much of how rows differ is their window."""
CLEAR = 2.0
"""Standard deviations from which on something is taken for more than chance."""

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def correlation_of(windows: Sequence[Profile], layout: Layout, *, least: int = ROWS_NEEDED) -> Layout:
    """Give the layout with each column's correlation within a window, and with the windows' mean rows.

    Windows that differ by more than independent rows would have a design effect phi above 1; the correlation is
    (phi - 1) / (mean rows - 1), in [0, 1]. It is 0 with under 8 windows of at least so many rows with a value.
    (Kish 1965; Rao & Scott 1981) A column of numbers grows where nearly every window's mean lies above that of the
    one before, and rows differ by their window more than within it.
    """
    tables = [np.array([w.columns[column.name].counts for w in windows]) for column in layout.columns]
    ordered = [isinstance(column.bins, NumericBins) for column in layout.columns]
    means = mean_correlations(tables, ordered=ordered, least=least)
    steepest = steepest_correlations(tables, ordered=ordered, least=least)
    lacking = lacking_correlations([_lacking(windows, column) for column in layout.columns], least=least)
    columns = tuple(
        replace(
            column,
            correlation=mean,
            steepest=most,
            lacking=lacks,
            lasting=lasting,
            **_course(windows, column, steepest=most),
        )
        for column, mean, (most, lasting), lacks in zip(layout.columns, means, steepest, lacking, strict=True)
    )
    rows, clumped = float(np.mean([w.rows for w in windows])) if windows else 0.0, clumped_part(tables, ordered=ordered)
    told = replace(layout, columns=columns, window_rows=rows, windows=len(windows), clumped=clumped)
    return told_of_relations(windows, told)


def _course(windows: Sequence[Profile], column: Column, *, steepest: float) -> dict[str, Any]:
    """Say between what a column's means lie, window by window, and whether they do nothing but rise."""
    if not isinstance(column.bins, NumericBins):
        return {}
    held = [one.columns[column.name] for one in windows]
    means = [found[1] for one in held if one.n >= ROWS_NEEDED and (found := one.moments)]
    if len(means) < WINDOWS_NEEDED:
        return {}
    rises = len(means) > STEPS_NEEDED and float(np.mean(np.diff(means) > 0)) >= RISING
    span = {"lowest": min(means), "highest": max(means), "leap": farthest_step(means)}
    return {"grows": rises and steepest >= ALL_OF_IT, **span, **_spread(held)}


def _spread(windows: Sequence[ColumnProfile]) -> dict[str, float]:
    """Say how widely a window's values are spread, and by how much that differs; nothing where some stand still."""
    told = [one for one in windows if one.n >= ROWS_NEEDED]
    variances = [found[2] for one in told if (found := one.moments)]
    if min(variances) <= 0 or any(one.low == one.high for one in told):
        return {}
    logs = np.log(variances) / 2
    return {"within": float(logs.mean()), "uneven": float(logs.std(ddof=1))}


def _lacking(windows: Sequence[Profile], column: Column) -> Counts:
    """Give how many rows of each window have a value, and how many lack it, shape (windows, 2)."""
    held = [one.columns[column.name] for one in windows]
    return np.array([(one.rows - one.missing, one.missing) for one in held], np.int64).reshape(-1, 2)


def lacking_correlations(tables: Sequence[Counts], *, least: int = ROWS_NEEDED) -> list[float]:
    """Give how alike two rows of one window are in whether they lack a value, in [0, 1], drawn likewise.

    tables: by column, shape (windows, 2). A source that fails lacks all rows of an hour. 0 with under 8 windows of at
    least so many rows, and where no row, or every one, lacks its value.
    """
    told = [table[table.sum(axis=1) >= least] for table in tables]
    return _drawn_means([_mean(one) if len(one) >= WINDOWS_NEEDED and one.any(axis=0).all() else None for one in told])


def directions_of(bins: NumericBins | CategoryBins) -> int:
    """Give in how many directions the windows of a column can differ."""
    return min(BINS, bins.size) - 1 if isinstance(bins, NumericBins) else bins.size - 1


def steepest_correlations(
    tables: Sequence[Counts], *, ordered: Sequence[bool], least: int = ROWS_NEEDED
) -> list[tuple[float, float]]:
    """Give how alike two rows are, and two windows, in the direction in which a column's windows differ most.

    tables: by column, shape (windows, bins), in the order of time. The directions are the rank and every cut between
    ordered bins, or being in each of the categories. Windows mostly differ in one direction, their level, of which
    the mean over all knows little. The first is the correlation of two rows of one window, in [0, 1], raised for being
    estimated from so few windows (Student 1908); the second that of a window with the next, in [0, 1), either way
    round, as far as it is more than chance. Both are 0 with under 8 windows of at least so many rows.

    The largest of many directions is large by chance; what is counted is the effect of which the largest found would
    be the median. Effects that chance may have made are drawn towards the columns' mean, so far as chance explains how
    these differ (Efron & Morris 1973); one that stands two standard deviations out counts as it was found.
    """
    found = [
        _steepest(_told(table, ordered=ranked, least=least), ordered=ranked)
        for table, ranked in zip(tables, ordered, strict=True)
    ]
    known = [one for one in found if one is not None]
    return [(0.0, 0.0) if one is None else _alike(one, _drawn(one, known)) for one in found]


def mean_correlations(tables: Sequence[Counts], *, ordered: Sequence[bool], least: int = ROWS_NEEDED) -> list[float]:
    """Give the correlation of two rows of one window, in [0, 1], the mean over all directions, drawn likewise.

    tables: by column, shape (windows, bins). 0 with under 8 windows of at least so many rows.
    """
    return _drawn_means(
        [_mean(_told(table, ordered=ranked, least=least)) for table, ranked in zip(tables, ordered, strict=True)]
    )


def _drawn_means(found: Sequence["_Found | None"]) -> list[float]:
    known = [one for one in found if one is not None]
    return [0.0 if one is None else min(max(_drawn(one, known) - 1, 0.0) / (one.rows - 1), 1.0) for one in found]


@dataclass(frozen=True)
class _Found:
    """effect: the logarithm of the design effect. deviate: its normal deviate were rows independent."""

    effect: float
    deviate: float
    degrees: int
    rows: float
    lasting: float = 0.0

    @property
    def variance(self) -> float:
        return 2 / self.degrees


def _told(counts: Counts, *, ordered: bool, least: int) -> Counts | None:
    """Give the counts of the windows with enough rows, in joined cells; None where these say nothing."""
    counts = counts[counts.sum(axis=1) >= least] if counts.size else counts
    if len(counts) < WINDOWS_NEEDED:
        return None
    cells = joined(counts, ordered=ordered, least=ROWS_PER_BIN * min(least / ROWS_NEEDED, 1.0))
    return cells if cells.shape[1] > 1 else None


def _mean(cells: Counts | None) -> _Found | None:
    if cells is None:
        return None
    phi, degrees = _homogeneity(cells)
    deviate = -float(ndtri(chdtrc(degrees, degrees * phi)))
    return _Found(math.log(max(phi, 1e-9)), deviate, degrees, float(cells.sum()) / len(cells))


def _steepest(cells: Counts | None, *, ordered: bool) -> _Found | None:
    if cells is None:
        return None
    rows, mass = cells.sum(axis=1), cells.sum(axis=0) / cells.sum()
    scores = _scores(mass, ordered=ordered)
    covariance = (scores * mass) @ scores.T
    variances = np.diag(covariance)
    shifts = cells @ scores.T / rows[:, None]
    effects = (rows[:, None] * shifts**2).sum(axis=0) / variances / (len(rows) - 1)
    tries = 1 + len(scores) - float((covariance**2 / np.outer(variances, variances)).sum()) / len(scores)
    effect, deviate = _less_chance(float(effects.max()), degrees=len(rows) - 1, tries=tries)
    return _Found(effect, deviate, len(rows) - 1, float(rows.mean()), _lasting(shifts[:, int(effects.argmax())]))


def _scores(mass: Floats, *, ordered: bool) -> Floats:
    """Give the directions, of mean 0: shape (directions, cells)."""
    scores = np.eye(mass.size)
    if ordered:
        scores = np.vstack([np.tri(mass.size)[:-1], np.cumsum(mass) - mass / 2])
    return np.asarray(scores - (scores @ mass)[:, None])


def _less_chance(largest: float, *, degrees: int, tries: float) -> tuple[float, float]:
    """Give the logarithm of the design effect of which the largest of so many is the median, and a normal deviate.

    tries: how many independent directions come to as much as those tried. (Nyholt 2004)
    """
    above = float(chdtrc(degrees, degrees * largest))
    others = tries * math.log1p(-above) if above < 1 else -math.inf
    deviate = -float(ndtri(-math.expm1(others)))
    sought = 0.5 / math.exp((tries - 1) * math.log1p(-above)) if deviate > 0 else 0.5 ** (1 / tries)
    return math.log(max(degrees * largest, 1e-9) / float(chdtri(degrees, 1 - sought))), deviate


def _drawn(one: _Found, columns: Sequence[_Found]) -> float:
    """Give the design effect of a column, drawn towards that of all."""
    # columns that stand out say little of the others
    effects = np.array([np.clip(other.deviate, -CLEAR, CLEAR) * math.sqrt(other.variance) for other in columns])
    usual = max(float(effects.mean()), 0.0)
    differ = max(float(((effects - usual) ** 2).mean()) - float(np.mean([other.variance for other in columns])), 0.0)
    own = differ / (differ + one.variance) if len(columns) > 1 else 1.0
    stands_out = min(max(one.deviate - CLEAR + 1, 0.0), 1.0)
    return math.exp(usual + max(own, stands_out) * (one.effect - usual))


def _alike(one: _Found, effect: float) -> tuple[float, float]:
    if effect <= 1:
        return 0.0, 0.0
    careful = (float(stdtrit(one.degrees, RARE)) / float(ndtri(RARE))) ** 2
    # no more of the levels can last than is not chance within each window
    return min(careful * (effect - 1) / (one.rows - 1), 1.0), min(one.lasting, 1 - 1 / effect)


def _lasting(levels: Floats) -> float:
    """Give the larger correlation of a window with the next: of their levels, or of how far out they lie."""
    shift = levels - levels.mean()
    found = abs(autocorrelation(shift)), autocorrelation(shift**2)
    level, distance = (beyond_chance(one, levels.size) for one in found)
    return min(max(level, math.sqrt(distance)), 0.99)


def beyond_chance(found: float, windows: int) -> float:
    """Give the correlation of windows with the next ones, less what chance makes of it; 0 unless it is twice that."""
    chance = 1 / math.sqrt(windows)
    return found - chance if found > CLEAR * chance else 0.0


def autocorrelation(values: Floats) -> float:
    """Give the correlation of values with the next ones, in [-1, 1]; 0 where they do not vary."""
    centred = values - values.mean()
    total = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / total if total else 0.0


def design_effect(counts: Counts, *, ordered: bool) -> float | None:
    """Divide the chi-square statistic of homogeneity by its degrees of freedom: about 1 for independent rows.

    counts: shape (windows, bins). Ordered bins are joined to at most ten of about equal mass; of categories, those of
    which a window holds under five rows are joined, and each of the others stands for itself, however common another
    one is. None when all rows share a bin.
    """
    cells = joined(counts, ordered=ordered)
    if len(cells) < 2 or cells.shape[1] < 2:
        return None
    return _homogeneity(cells)[0]


def _homogeneity(cells: Counts) -> tuple[float, int]:
    expected = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / cells.sum()
    freedom = (cells.shape[0] - 1) * (cells.shape[1] - 1)
    return float(((cells - expected) ** 2 / expected).sum() / freedom), freedom
