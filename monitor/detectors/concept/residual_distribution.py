"""The distribution of a regression's errors, in bins of the reference's. (Pearson 1900)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from monitor.detectors.concept.conditional import KIND, Concept, moved
from monitor.detectors.detector import Detector
from monitor.profiles.outcome import RegressionOutcome
from monitor.profiles.profile import Profile
from monitor.stats.conditional import Counts, Shift, conditional_shift
from monitor.stats.divergence import coarsened
from monitor.types import Measurement

NAME = "residual_distribution"
BINS = 10
SMALLER = 0.7
"""Errors of so much of the usual size are no worse, however else they are distributed."""


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Take the total variation distance of predicted - label from the reference's, in [0, 1]: higher is worse.

    For regressions: over ten bins of about equal reference mass, p-value of chi-square, which allows for how much the
    reference's own windows differ. `mean_error` says which way the errors went; evidence `smaller` gives their mean
    size, where it is much less than the reference's. Undefined without labels. Blind to a change that makes as many
    errors larger as smaller. (Pearson 1900)
    """
    found = (replace(one, evidence=_smaller(reference, current)) for one in moved(CONCEPT, reference, current))
    yield from found


def _smaller(reference: Profile, current: Profile) -> dict[str, Any]:
    """Say of how much smaller errors, which speak for easier rows, and against a model that has aged."""
    before, after = reference.outcome, current.outcome
    if not (isinstance(before, RegressionOutcome) and isinstance(after, RegressionOutcome) and before.n and after.n):
        return {}
    usual, now = before.absolute / before.n, after.absolute / after.n
    return {"smaller": {"now": now, "before": usual}, "severity": "info"} if now <= SMALLER * usual else {}


def _counts(outcome: RegressionOutcome) -> Counts:
    return outcome.residuals[None, :]


def _compared(reference: Counts, current: Counts) -> Shift | None:
    before, after = coarsened(reference[0], current[0], BINS)
    return conditional_shift(before[None, :], after[None, :])


CONCEPT = Concept(NAME, RegressionOutcome, _counts, _compared)
DETECTOR = Detector(NAME, KIND, "share", compare, armed=True, min_effect=0.05)
