"""Population stability index in at most twenty bins. (Siddiqi 2006).

It alerts beside Kolmogorov-Smirnov, each with half of the budget: either is blind to what the other sees. At
p < 0.00001 in windows of 10,000 rows against 100,000 they find, in per cent of windows:

    what moved                       KS alone   PSI alone, 10 / 20 / 30 bins   both, 20 bins
    3 % of the rows by 1.5 sd              23                   41 / 33 / 28              36
    2 % of the rows to one value            1                  39 / 88 / 100              85
    all rows by 0.06 sd                    73                   71 / 45 / 28              68
    all rows 6 % wider                      4                   92 / 92 / 85              90
"""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.divergence import coarsened, psi_test
from monitor.types import Measurement

NAME = "psi"
BINS = 20


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (p - q) ln(p / q) over bins of about equal reference mass: 0 is equal; p-value by chi-square."""
    for column, before, after in paired(reference, current):
        found = psi_test(*coarsened(before.counts, after.counts, BINS), inflation(reference, before, after))
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=found[0])


DETECTOR = Detector(NAME, "drift.data", "nats", compare, armed=True, min_effect=0.002, bins=NumericBins)
