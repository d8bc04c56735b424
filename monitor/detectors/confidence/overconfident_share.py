"""Share of rows on which the model is surer than the neighbourhood explains: the sign of adversarial inputs."""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.detector import Detector, inflation, paired
from monitor.detectors.quality.share import measured
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "overconfident_share"
TOP = 0.01


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows surer than 99 in 100 reference rows as far from the population, in [0, 1]; p-value for a rise.

    Higher is worse; about 0.01 is usual. Undefined without rows. Blind where one in a hundred reference rows at such
    a distance are as sure as can be, and to crafted rows that the model is less sure of. (Rosenblatt 1952)
    """
    for column, before, after in paired(reference, current):
        if not column.startswith("overconfidence("):
            continue
        above = before.counts[::-1].cumsum()[::-1]
        # the bin that leaves at most one in a hundred above, though never the empty one above the reference's range
        first = min(int(np.argmax(above <= TOP * max(before.n, 1))), before.bins.size - 2)
        hits, rows = int(above[first]), before.n
        found = int(after.counts[first:].sum())
        yield measured(NAME, column, (hits, rows), (found, after.n), inflation(reference, before, after))


DETECTOR = Detector(NAME, "confidence", "share", compare, armed=True, min_effect=0.005)
