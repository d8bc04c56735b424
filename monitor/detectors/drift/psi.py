"""Population stability index in at most twenty bins. (Siddiqi 2006).

It is shown, since people know it; a pair of other tests alerts, see `drift.smooth`.
"""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflations, paired, undefined
from monitor.profiles.profile import Profile
from monitor.stats.divergence import coarsened, psi_test
from monitor.types import Measurement

NAME = "psi"
BINS = 20


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum (p - q) ln(p / q) over bins of about equal reference mass: 0 is equal; p-value by chi-square.

    Blind to groups much smaller than a twentieth of the rows.
    """
    for column, before, after in paired(reference, current):
        grown = inflations(reference, before, after)
        found = psi_test(*coarsened(before.counts, after.counts, BINS), *grown)
        if found is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, found[0], column=column, n=after.n, p_value=found[1], effect=found[0])


DETECTOR = Detector(NAME, "drift.data", "nats", compare)
