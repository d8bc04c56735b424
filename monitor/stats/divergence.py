"""How far apart two sets of counts over the same bins are.

All take `reference` and `current`, counts of shape (bins,), and give None when either of them is empty: an empty
window has no distribution. `inflation` is the design effect (Kish 1965): by how much the variance of a difference
exceeds that of independent rows, in the one direction in which windows differ most; `others` the same in all other
directions. They enter p-values only, never the statistic that is given.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, chdtrc, kolmogorov, ndtr, rel_entr

from monitor.stats.tails import binomial_chance

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

PSEUDO_COUNT, EVEN = 0.5, 1e-6
ROWS_PER_BIN = 5
MOST_HITS = 20
ENOUGH_ROWS, MOST_ROWS = 8, 40
"""Expected rows of a bin from which on its divergence is as chi-square has it, and the most that come of fewer."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


def population_stability_index(reference: Counts, current: Counts) -> float | None:
    """Sum (p - q) ln(p / q) over the bins; 0 is equal, no upper bound.

    Half a row is added to every bin so that an empty one stays finite. (Siddiqi 2006; pseudo-count: Jeffreys 1946)

    >>> population_stability_index(np.array([50, 50]), np.array([50, 50]))
    0.0
    """
    if not (reference.any() and current.any()):
        return None
    p, q = _smoothed(reference), _smoothed(current)
    return float(((p - q) * np.log(p / q)).sum())


def psi_test(
    reference: Counts, current: Counts, inflation: float = 1.0, others: float = 1.0, accepted: float = 0.0
) -> tuple[float, float] | None:
    """Give (PSI, p-value): without a shift PSI / (1/N + 1/M) follows chi-square with B - 1 degrees.

    Meant for bins that hold at least five rows each; see `coarsened`. (Yurdakul 2018) Where a bin is rarer, as one of
    two values may be, its logarithm makes too much of a row that is missing: the p-value is at least Pearson's.
    """
    psi, pearson = (
        population_stability_index(reference, current),
        chi_square_test(reference, current, inflation, others, accepted),
    )
    if psi is None:
        return None
    scaled = psi / (1 / reference.sum() + 1 / current.sum())
    p_value = inflated_tail(scaled, reference.size - 1, inflation, others, accepted)
    return psi, max(p_value, pearson[1] if pearson else 1.0)


def jensen_shannon_distance(reference: Counts, current: Counts) -> float | None:
    """Take the root of the Jensen-Shannon divergence in bits; 0 is equal, 1 is disjoint.

    (Endres & Schindelin 2003)

    >>> jensen_shannon_distance(np.array([7, 0]), np.array([0, 3]))
    1.0
    """
    if not (reference.any() and current.any()):
        return None
    divergence = float(_divergences(reference / reference.sum(), current / current.sum()).sum())
    return float(np.sqrt(max(divergence, 0.0)))


def chance_divergence(reference: Counts, current: Counts) -> float:
    """Give the mean Jensen-Shannon divergence of two samples of one population, in bits, at least 0.

    Given the rows of both in a bin, those of either side are binomial; where the smaller one can expect eight or more,
    the mean is that of chi-square. An estimate that this is taken from is about unbiased. 0 where a side is empty.
    (Menéndez et al. 1997; Miller 1955)

    >>> round(float(chance_divergence(np.array([700, 300]), np.array([70, 30])) * 8 * np.log(2) / (1e-3 + 1e-2)), 2)
    1.0
    """
    fewer, more = sorted((int(reference.sum()), int(current.sum())))
    if not fewer:
        return 0.0
    both, share = reference + current, fewer / (fewer + more)
    rare = both * share < ENOUGH_ROWS
    common = (1 - both[~rare] / (fewer + more)).sum() * (1 / fewer + 1 / more) / (8 * np.log(2))
    rows, often = np.unique(both[rare], return_counts=True)
    hits = np.minimum(np.arange(MOST_ROWS + 1), rows[:, None])
    chances = binomial_chance(np.arange(MOST_ROWS + 1), rows[:, None], share)
    return float(common + often @ (chances * _divergences(hits / fewer, (rows[:, None] - hits) / more)).sum(axis=1))


def chi_square_test(
    reference: Counts, current: Counts, inflation: float = 1.0, others: float = 1.0, accepted: float = 0.0
) -> tuple[float, float] | None:
    """Give Pearson's statistic of homogeneity and its p-value; bins that are empty in both are left out.

    None also when a single bin is left, where nothing can differ. (Pearson 1900)
    """
    table = np.stack([reference, current])[:, (reference + current) > 0].astype(float)
    rows = table.sum(axis=1, keepdims=True)
    if table.shape[1] < 2 or not rows.all():
        return None
    expected = rows * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    degrees = table.shape[1] - 1
    of_one_row = float((table.sum() / table.sum(axis=0)).sum()) - (degrees + 1) ** 2 - 2 * degrees
    clumped = of_one_row * clumps(degrees, inflation, others) / float(rows.min())
    return statistic, inflated_tail(statistic, degrees, inflation, others, accepted, clumped=clumped)


def kolmogorov_smirnov_test(reference: Counts, current: Counts, inflation: float = 1.0) -> tuple[float, float] | None:
    """Give the largest gap between the two distribution functions at the bins' edges, and its p-value.

    The gap is at most that of the raw values, and ties only shrink it, so the p-value is conservative.
    (Kolmogorov 1933, Smirnov 1948)
    """
    n, m = float(reference.sum()), float(current.sum())
    if not (n and m):
        return None
    gap = float(np.abs(reference.cumsum() / n - current.cumsum() / m).max())
    return gap, float(kolmogorov(np.sqrt(n * m / (n + m) / inflation) * gap))


def wasserstein_distance(reference: Counts, current: Counts, bounds: Floats) -> float | None:
    """Integrate the gap between the two distribution functions, in the column's unit; 0 is equal.

    `bounds`, ascending and of shape (bins + 1,), say where each bin begins and ends: the bins' edges between the
    smallest and the largest value of both sides. Within a bin the functions are taken as straight lines, which
    overstates a long tail inside the outermost bin: by a tenth for exponential values in 128 bins. (Vallender 1974)
    """
    if not (reference.any() and current.any()):
        return None
    gap = np.append(0.0, reference.cumsum() / reference.sum() - current.cumsum() / current.sum())
    left, right, width = gap[:-1], gap[1:], np.diff(bounds)
    steepness = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    squares = (left**2 + right**2) / np.where(steepness, steepness, 1)
    return float((np.where(crossing, squares, steepness) / 2 * width).sum())


def coarsened(reference: Counts, current: Counts, most: int) -> tuple[Counts, Counts]:
    """Join neighbouring bins into at most `most`, of about equal reference mass and of at least five rows each.

    The choice looks at the reference and at the number of current rows, never at where these fall.
    """
    total = int(reference.sum())
    smaller = min(total, int(current.sum()))
    groups = max(1, min(most, smaller // ROWS_PER_BIN))
    before = (reference.cumsum() - reference / 2) / max(total, 1)
    group = np.minimum((before * groups).astype(np.intp), groups - 1)
    _, dense = np.unique(group, return_inverse=True)
    return _joined(reference, dense), _joined(current, dense)


def rare_joined(reference: Counts, current: Counts) -> tuple[Counts, Counts]:
    """Join the bins for which fewer than five current rows are expected into one; the others stay as they are.

    Which bins are joined depends on both sides' total only, so that the test keeps its level. (Cochran 1954)
    """
    both = reference + current
    total = int(both.sum())
    expected = both * (int(current.sum()) / max(total, 1))
    rare = expected < ROWS_PER_BIN
    group = np.where(rare, 0, rare.any() + (~rare).cumsum() - 1)
    return _joined(reference, group), _joined(current, group)


def homogeneity_test(
    reference: Counts, current: Counts, inflation: float = 1.0, others: float = 1.0, accepted: float = 0.0
) -> tuple[float, float] | None:
    """Give Pearson's statistic, of counts whose first bin is of rare ones together, and a p-value that holds for it.

    Where under one row is expected in the first bin on the side that has fewer, one that comes would be a wonder to
    chi-square. Such a bin is tested apart, for more there, exactly; the p-value is the chance that either is as small
    as the smaller one. (Cochran 1954; Tippett 1931; what so few rows can attain: Tarone 1990)

    >>> round(homogeneity_test(np.array([0, 10_000, 10_000]), np.array([1, 150, 149]))[1], 4)
    0.0293
    """
    found, (n, m) = chi_square_test(reference, current, inflation, others, accepted), (reference.sum(), current.sum())
    share, both = min(n, m) / max(n + m, 1), int(reference[:1].sum() + current[:1].sum())
    if found is None or both * share >= 1:
        return found
    came = int((reference if n < m else current)[0])
    hits = np.arange(1, min(both, max(came, MOST_HITS)) + 1)
    tails = betainc(hits / inflation, (both - hits) / inflation + 1, share)
    alone = float(tails[came - 1]) if came else 1.0
    rest = chi_square_test(reference[1:], current[1:], inflation, others, accepted)
    least = min(alone, rest[1] if rest else 1.0)
    attained = float(tails[tails <= least].max(initial=0.0))
    return found[0], least + attained - least * attained if rest else alone


def inflated_moments(degrees: int, inflation: float, others: float, accepted: float) -> tuple[float, float]:
    """Give the mean of chi-square whose degrees are inflated, one of them more, and half its variance."""
    mean = inflation + others * (degrees - 1) + accepted
    return mean, inflation**2 + others**2 * (degrees - 1) + 2 * max(inflation, others) * accepted


def clumps(degrees: int, inflation: float, others: float) -> float:
    """Give what the variance of so few clumps adds to that of an inflated chi-square; 0 for independent rows.

    In units of what one row adds beyond chi-square's, over the rows of the smaller side. So many rows as the degrees
    are inflated by on average count as one, which adds as much more as there are fewer of them. (Haldane 1937)
    """
    return max((inflation + others * (degrees - 1)) / degrees, 1.0) ** 3 - 1


def inflated_tail(
    statistic: float, degrees: int, inflation: float, others: float, accepted: float, *, clumped: float = 0.0
) -> float:
    """Give the upper tail of chi-square whose degrees are inflated, one of them more.

    accepted: what a difference that is no news adds to the mean, at most, in the direction of that one. Where all are
    inflated alike it is that of a noncentral one, a little more than its due (Patnaik 1949); else it is integrated: by
    its mean and variance alone small levels would be passed several times as often as they should. (Satterthwaite 1946;
    Imhof 1961; Rao & Scott 1984) clumped: what few clumps add to the variance, whose tail is at least that of a gamma
    of as much.

    >>> from scipy.stats import chi2, ncx2
    >>> round(inflated_tail(30.0, 4, 1.0, 1.0, 9.0), 4), round(float(ncx2.sf(30.0, 4, 9.0)), 4)
    (0.0197, 0.0174)
    >>> round(inflated_tail(20.0, 4, 1.0001, 1.0, 0.0), 5), round(float(chi2.sf(20.0, 4)), 5)
    (0.0005, 0.0005)
    """
    if not degrees:
        return 1.0
    mean, half = inflated_moments(degrees, inflation, others, accepted)
    squares = half + max(clumped, 0.0) / 2
    matched = float(chdtrc(mean**2 / squares, statistic * mean / squares))
    if not is_uneven(degrees, inflation, others):
        return matched
    exact = uneven_tail(statistic, degrees, inflation, others, accepted)
    return max(exact, matched) if clumped > 0 else exact


def is_uneven(degrees: int, inflation: float, others: float) -> bool:
    """Say whether one of several degrees is inflated otherwise than the others."""
    return degrees > 1 and abs(inflation - others) > EVEN * others


def uneven_tail(statistic: float, degrees: int, inflation: float, others: float, accepted: float) -> float:
    """Give the chance that `inflation` (z + m)^2 + `others` chi-square of the other degrees reaches a statistic.

    z is a normal deviate, and m^2 `accepted` / `inflation`. Integrated over z, along which the rest has a closed form.
    (Imhof 1961)
    """
    if statistic <= 0:
        return 1.0
    off, reach = math.sqrt(accepted / inflation), math.sqrt(statistic / inflation)
    along = reach * _NODES
    rest = chdtrc(degrees - 1, np.maximum(statistic - inflation * along**2, 0.0) / others)
    within = reach * float(_WEIGHTS @ (np.exp(-((along - off) ** 2) / 2) * rest)) / math.sqrt(2 * math.pi)
    return min(within + float(ndtr(off - reach) + ndtr(-off - reach)), 1.0)


def _joined(counts: Counts, group: NDArray[np.intp]) -> Counts:
    joined = np.zeros(int(group.max()) + 1, np.int64)
    np.add.at(joined, group, counts)
    return joined


def _smoothed(counts: Counts) -> Floats:
    smoothed = counts.astype(np.float64) + PSEUDO_COUNT
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)


def _divergences(p: Floats, q: Floats) -> Floats:
    middle = (p + q) / 2
    return np.asarray((rel_entr(p, middle) + rel_entr(q, middle)) / (2 * np.log(2)))
