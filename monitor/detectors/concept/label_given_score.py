"""Hits at equal score: of the rows scored 0.8, are there as many hits as there were? (Mantel & Haenszel 1959)."""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Counts, stratified_shift
from monitor.types import Measurement

NAME = "label_given_score"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average |share of hits - the reference's| over runs of like scores, in [0, 1]: 0 is equal, higher is worse.

    For binary models. Bin by bin, added up in at most ten runs; chance lifts the value on few rows, and the p-value,
    of chi-square over the runs, allows for that and for how much the reference's own windows differ. Undefined
    without labels. A fifth of the rarer label's share is worth an alert where that is less than 0.02.

    Blind to changes that cancel out among the rows of one run, and to inputs that move without changing what a score
    means. (Mantel & Haenszel 1959)
    """
    yield from moved(CONCEPT, reference, current)


def _counts(outcome: BinaryOutcome) -> Counts:
    return np.asarray(outcome.counts.sum(axis=1))


CONCEPT = Concept(NAME, BinaryOutcome, _counts, stratified_shift)
DETECTOR = Detector(NAME, KIND, "share", compare, armed=True, min_effect=0.02, rare=True)
