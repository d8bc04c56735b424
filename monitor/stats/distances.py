"""More of the distances and tests that people know from elsewhere, on counts over the same bins.

All take `reference` and `current`, counts of shape (bins,), and give None when either of them is empty. `inflation` is
the design effect (Kish 1965), by how much the variance of a difference exceeds that of independent rows.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, entr, ndtr

from monitor.stats.divergence import chi_square_test

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

PSEUDO_COUNT = 0.5


def hellinger_distance(reference: Counts, current: Counts) -> float | None:
    """Take the root of 1 - sum of sqrt(p q): 0 is equal, 1 is disjoint. (Hellinger 1909).

    >>> hellinger_distance(np.array([7, 0]), np.array([0, 3]))
    1.0
    """
    if not (reference.any() and current.any()):
        return None
    shared = float(np.sqrt(reference / reference.sum() * (current / current.sum())).sum())
    return float(np.sqrt(max(0.0, 1 - shared)))


def total_variation_distance(reference: Counts, current: Counts) -> float | None:
    """Take half the sum of |p - q|, the share of rows that would have to move: 0 is equal, 1 is disjoint.

    >>> total_variation_distance(np.array([1, 1]), np.array([3, 1]))
    0.25
    """
    if not (reference.any() and current.any()):
        return None
    return float(np.abs(reference / reference.sum() - current / current.sum()).sum() / 2)


def kullback_leibler_divergence(reference: Counts, current: Counts) -> float | None:
    """Sum q ln(q / p), the current shares q against the reference's p, in nats: 0 is equal, no upper bound.

    Half a row is added to every bin so that an empty one stays finite. (Kullback & Leibler 1951)
    """
    if not (reference.any() and current.any()):
        return None
    p, q = (side + PSEUDO_COUNT for side in (reference.astype(np.float64), current.astype(np.float64)))
    p, q = p / p.sum(), q / q.sum()
    return float((q * np.log(q / p)).sum())


def cramers_v(reference: Counts, current: Counts) -> float | None:
    """Take the root of chi-square over all rows: 0 is equal, 1 is disjoint. (Cramér 1946)."""
    found = chi_square_test(reference, current)
    return None if found is None else float(np.sqrt(found[0] / (reference.sum() + current.sum())))


def g_test(reference: Counts, current: Counts, inflation: float = 1.0) -> tuple[float, float] | None:
    """Give twice the log of the likelihood ratio of homogeneity, and its p-value by chi-square. (Wilks 1938).

    None also when a single bin is left.
    """
    table = np.stack([reference, current])[:, (reference + current) > 0].astype(np.float64)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if table.shape[1] < 2 or not rows.all():
        return None
    # sums of n ln n, by which rows and columns are laid against the cells
    statistic = 2 * float(entr(rows).sum() + entr(columns).sum() - entr(table).sum() - entr(table.sum()))
    return max(statistic, 0.0), _tail(statistic, *(table.shape[1] - 2 + inflation**power for power in (1, 2, 3)))


def cramer_von_mises_test(reference: Counts, current: Counts, inflation: float = 1.0) -> tuple[float, float] | None:
    """Give the squared gap of the distribution functions, averaged over the rows, times N M / (N + M); and its p-value.

    That of two samples with ties, after its limit. (Anderson 1962; Choulakian, Lockhart & Stephens 1994)
    """
    return _gap_test(reference, current, inflation, tails=False)


def anderson_darling_test(reference: Counts, current: Counts, inflation: float = 1.0) -> tuple[float, float] | None:
    """Give the squared gap of the distribution functions over its variance, averaged over the rows; and its p-value.

    About 1 without a shift; the tails weigh as much as the middle. (Pettitt 1976; Scholz & Stephens 1987)
    """
    return _gap_test(reference, current, inflation, tails=True)


def scale_test(reference: Counts, current: Counts, inflation: float = 1.0) -> float | None:
    """Give the two-sided p-value of Mood's test: are the current ranks further from the middle, or nearer to it.

    By ranks, so that heavy tails and outliers cannot mislead it as they do the F test. (Mood 1954; ties: Mielke 1967)
    """
    n, m = int(reference.sum()), int(current.sum())
    if not (n and m):
        return None
    mass, total = (reference + current).astype(np.float64), n + m
    scores = ((mass.cumsum() - mass / 2) / total - 0.5) ** 2
    mean = float(scores @ mass) / total
    variance = float((scores - mean) ** 2 @ mass) / (total - 1) * (1 / m - 1 / total) * inflation
    if variance <= 0:
        return None
    return 2 * float(ndtr(-abs(float(scores @ current) / m - mean) / np.sqrt(variance)))


def _gap_test(reference: Counts, current: Counts, inflation: float, *, tails: bool) -> tuple[float, float] | None:
    n, m = float(reference.sum()), float(current.sum())
    mass = (reference + current).astype(np.float64)
    held = mass > 0
    if not (n and m) or held.sum() < 2:
        return None
    share = mass[held] / (n + m)
    below = share.cumsum()[:-1]
    gap = (reference[held].cumsum() / n - current[held].cumsum() / m)[:-1]
    weight = share[:-1] / (below * (1 - below)) if tails else share[:-1]
    statistic = n * m / (n + m) * float(weight @ gap**2)
    powers = _power_sums(below, weight)
    if inflation > 1:
        largest = _largest(below, weight)
        powers = [sums + (inflation**k - 1) * largest**k for k, sums in enumerate(powers, start=1)]
    return statistic, _tail(statistic, *powers)


def _power_sums(below: Floats, weight: Floats) -> list[float]:
    """Give the sums of the eigenvalues and of their second and third powers, which are what the tail needs.

    The gaps vary as a Brownian bridge, whose covariance is H_j (1 - H_k) for j <= k, so that running sums are enough.
    """
    variance, rising, falling = below * (1 - below), weight * below**2, weight * (1 - below) ** 2
    before, after = rising.cumsum() - rising, falling[::-1].cumsum()[::-1] - falling
    own = weight * variance
    second = float(own @ own) + 2 * float(rising @ after)
    third = (
        6 * float((own * before) @ after) + 3 * float(own @ (rising * after + falling * before)) + float(own @ own**2)
    )
    return [float(own.sum()), second, third]


def _largest(below: Floats, weight: Floats) -> float:
    """Give the largest eigenvalue of the weighted covariance, by powers: the others are a fourth of it and less."""
    root = np.sqrt(weight)
    matrix = root[:, None] * (np.minimum.outer(below, below) - np.outer(below, below)) * root
    vector = matrix @ matrix.sum(axis=1)
    for _ in range(8):
        vector = matrix @ (matrix @ vector)
        vector /= np.sqrt(vector @ vector)
    image = matrix @ vector
    return float(np.sqrt(image @ image))


def _tail(statistic: float, first: float, second: float, third: float) -> float:
    """Give the upper tail of a sum of weighted chi-squares of one degree each, by the sums of the weights' powers.

    (Imhof 1961)
    """
    degrees = second**3 / third**2
    standard = (statistic - first) / np.sqrt(second)
    return float(chdtrc(degrees, max(degrees + standard * np.sqrt(degrees), 0.0)))
