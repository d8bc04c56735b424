"""Rise of the disagreement between the model and others that answer the same rows. (Krogh & Vedelsby 1995)."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.confidence.level import levels
from monitor.detectors.detector import Detector, inflation
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "disagreement_level"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the rows' distance of the others' answers from the model's: 0 is agreement, higher is worse.

    In the unit of the score or prediction, or the share of other decisions; p-value for a rise, exact for the share
    with one other model. The effect is the rise in reference standard deviations. Undefined below two rows or where
    the models never differed. Blind to models that err together. (Krogh & Vedelsby 1995)
    """
    for found in levels(NAME, "disagreement(", reference, current, role="disagreement", rises=True):
        yield _exact(found, reference, current)


def _exact(found: Measurement, reference: Profile, current: Profile) -> Measurement:
    """Take the test for shares where rows are 0 or 1: the normal limit is not good for a few hits."""
    before, after = reference.columns[found.column], current.columns[found.column]
    if found.value is None or not isinstance(before.bins, NumericBins) or before.bins.edges.size != 3:
        return found
    hits, there = int(before.counts[2:].sum()), int(after.counts[2:].sum())
    test = share_shift_test((hits, before.n), (there, after.n), inflation(reference, before, after))
    return replace(found, p_value=test[1]) if test else found


DETECTOR = Detector(NAME, "disagreement", "mean", compare, armed=True, min_effect=0.05)
