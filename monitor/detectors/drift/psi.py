"""Population stability index in at most twenty bins. (Siddiqi 2006).

It is shown, since people know it; a pair of other tests alerts, see `drift.smooth`.
"""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflations, paired, undefined
from monitor.profiles.bins import CategoryBins
from monitor.profiles.categories import side_by_side
from monitor.profiles.profile import ColumnProfile, Counts, Profile
from monitor.stats.divergence import coarsened, psi_test
from monitor.types import Measurement

NAME = "psi"
BINS = 20


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (p - q) ln(p / q) over bins of about equal reference mass: 0 is equal; p-value by chi-square.

    Of categories, those of which too few rows are to be expected on either side count as one: neighbours in the order
    of how many rows of the reference each has would, joined, hold what it has too few of by chance. Blind to numbers of
    a range that holds much less than a twentieth of the rows.
    """
    for column, before, after in paired(reference, current):
        grown = inflations(reference, before, after)
        found = psi_test(*_filled(before, after), *grown)
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=found[0])


def _filled(before: ColumnProfile, after: ColumnProfile) -> tuple[Counts, Counts]:
    if isinstance(before.bins, CategoryBins):
        return side_by_side(before, after)
    return coarsened(before.counts, after.counts, BINS)


DETECTOR = Detector(NAME, "drift.data", "nats", compare)
