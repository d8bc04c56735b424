"""Hits at equal score: of the rows scored 0.8, are there as many hits as there were? (Mantel & Haenszel 1959)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.outcome_layout import Binary
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
    for found in moved(CONCEPT, reference, current):
        yield found if found.value is None else replace(found, evidence=_hits(reference, current))


def _counts(outcome: BinaryOutcome) -> Counts:
    return np.asarray(outcome.counts.sum(axis=1))


def _hits(reference: Profile, current: Profile) -> dict[str, Any]:
    """Give the share of hits, and that which rows scored like these had in the reference, where it has such rows."""
    before, after, layout = reference.outcome, current.outcome, reference.layout.outcome
    if not (isinstance(before, BinaryOutcome) and isinstance(after, BinaryOutcome) and isinstance(layout, Binary)):
        return {}
    usual, now = _counts(before), _counts(after)
    held = usual.sum(axis=1) > 0
    told, rates = now[held].sum(axis=1), usual[held, 1] / usual[held].sum(axis=1)
    rows = int(told.sum())
    shares = {"share": int(now[held, 1].sum()) / rows, "expected": float(told @ rates) / rows} if rows else {}
    return {"hits": {**shares, "label": layout.positive}} if shares else {}


CONCEPT = Concept(NAME, BinaryOutcome, _counts, stratified_shift)
DETECTOR = Detector(NAME, KIND, "share", compare, armed=True, min_effect=0.02, rare=True)
