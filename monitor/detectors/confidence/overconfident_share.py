"""Share of rows on which the model is surer than the neighbourhood explains: the sign of adversarial inputs."""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.detector import Detector, inflation, paired
from monitor.detectors.quality.share import measured
from monitor.profiles.profile import Counts, Profile
from monitor.types import Measurement

NAME = "overconfident_share"
TOP = 0.01


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows surer than 99 in 100 reference rows as far from the population, in [0, 1]; p-value for a rise.

    Higher is worse; about 0.01 is usual. Undefined without rows. Blind where one in a hundred reference rows at such
    a distance are as sure as can be, and to crafted rows that the model is less sure of. A reference that holds
    few such rows by chance stands beside all windows: the p-value's level is that over many references.
    (Rosenblatt 1952)
    """
    for column, before, after in paired(reference, current):
        if not column.startswith("overconfidence("):
            continue
        first = surest(before.counts)
        hits, found = (int(side.counts[first:].sum()) for side in (before, after))
        yield measured(NAME, column, (hits, before.n), (found, after.n), inflation(reference, before, after))


def surest(counts: Counts) -> int:
    """Give the first bin that leaves at most one in a hundred rows above, though never the last: it was made empty.

    The bins' edges are quantiles of the same rows, so that their share above is the same whatever rows they are.
    """
    above = counts[::-1].cumsum()[::-1]
    return min(int(np.argmax(above <= TOP * max(int(above[0]), 1))), counts.size - 2)


DETECTOR = Detector(NAME, "confidence", "share", compare, armed=True, min_effect=0.005)
