"""Wasserstein distance of numeric columns, in reference standard deviations. (Vallender 1974)."""

import math
from collections.abc import Iterator

import numpy as np

from monitor.detectors.detector import Detector, paired, undefined
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.divergence import wasserstein_distance
from monitor.types import Measurement

NAME = "wasserstein"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Measure how far mass has to be carried, in reference standard deviations: 0 is equal; no p-value."""
    for column, before, after in paired(reference, current):
        if not isinstance(before.bins, NumericBins):
            continue
        distance = _distance(before, after, before.bins)
        if distance is None:
            yield undefined(NAME, column, before, after)
        else:
            yield Measurement(NAME, distance, column=column, n=after.n, effect=distance)


def _distance(before: ColumnProfile, after: ColumnProfile, bins: NumericBins) -> float | None:
    moments = before.moments
    if moments is None or moments[2] == 0:
        return None
    lows = [x for x in (before.low, after.low, bins.edges[0]) if x is not None]
    highs = [x for x in (before.high, after.high, bins.edges[-1]) if x is not None]
    bounds = np.concatenate([[min(lows)], bins.edges, [max(highs)]])
    distance = wasserstein_distance(before.counts, after.counts, bounds)
    return None if distance is None else distance / math.sqrt(moments[2])


DETECTOR = Detector(NAME, "drift.data", "reference sd", compare)
