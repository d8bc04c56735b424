"""How far apart one column is between two versions' rows of one window."""

from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile
from monitor.stats.divergence import chi_square_test, kolmogorov_smirnov_test, rare_joined


def apart(before: ColumnProfile, after: ColumnProfile) -> tuple[float, float] | None:
    """Give (distance in [0, 1], p-value).

    Of numbers the largest gap of their distribution functions, of categories half the summed differences of shares.
    None without rows on either side, or where nothing can differ. Rows of one window
    share what makes windows differ, so that they count as independent. (Smirnov 1948; Pearson 1900)
    """
    if not (before.n and after.n):
        return None
    if isinstance(before.bins, NumericBins):
        return kolmogorov_smirnov_test(before.counts, after.counts)
    found = chi_square_test(*rare_joined(before.counts, after.counts))
    distance = float(abs(before.counts / before.n - after.counts / after.n).sum()) / 2
    return (distance, found[1]) if found else None
