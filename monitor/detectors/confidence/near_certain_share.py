"""Share of predictions that the model is all but certain of. (Goodfellow et al. 2015)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from monitor.detectors.detector import Detector, inflation, paired
from monitor.detectors.quality.share import measured
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.intervals import wilson_interval
from monitor.types import Measurement

NAME = "near_certain_share"
CERTAIN = 0.99
RARE = 0.01


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows with a confidence of 0.99 or more, or that of the reference's surest hundredth; p-value for a rise.

    In [0, 1]: higher is worse. Where under one in a hundred reference rows are so sure, it is the share of rows at or
    above the highest bin edge that leaves one in a hundred above. `least` in the evidence is the confidence from which
    on rows count. Undefined without rows.
    """
    for column, before, after in paired(reference, current):
        bins = before.bins
        if before.role != "confidence" or not column.startswith("confidence(") or not isinstance(bins, NumericBins):
            continue
        first = _first_bin(bins, before)
        hits = int(after.counts[first:].sum())
        found = measured(
            NAME,
            column,
            (int(before.counts[first:].sum()), before.n),
            (hits, after.n),
            inflation(reference, before, after),
        )
        low, high = wilson_interval(hits, after.n) if found.value is not None else (None, None)
        evidence = {"least": float(bins.edges[first - 1])} if first else {}
        yield replace(found, low=low, high=high, evidence=evidence)


def _first_bin(bins: NumericBins, before: ColumnProfile) -> int:
    above = before.counts[::-1].cumsum()[::-1]
    certain = int(np.searchsorted(bins.edges, CERTAIN)) + 1
    if certain < bins.size and above[certain] >= RARE * before.n:
        return certain
    return int(np.flatnonzero(above >= RARE * before.n).max(initial=0))


DETECTOR = Detector(NAME, "confidence", "share", compare, armed=True, min_effect=0.005)
