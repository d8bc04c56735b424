"""Expected calibration error: do scores mean what they say? (Naeini et al. 2015)."""

from collections.abc import Iterator

import numpy as np

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.calibration import Reliability, calibration_shift_test, expected_calibration_error
from monitor.stats.intervals import Estimate
from monitor.types import Measurement

GROUPS = 16

Scored = BinaryOutcome | MulticlassOutcome


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average gap between score and share of hits over groups of like scores, in [0, 1]: higher is worse.

    Binary models: 16 runs of neighbouring score bins; several classes: 20 bins of the predicted class's score. Chance
    alone lifts the value on few rows; the p-value, for gaps other than the reference's on the whole, allows for that
    and is 1 when the value fell. Of the labelled rows, whichever these are. Undefined without scores. (after Hosmer &
    Lemeshow 1980)
    """
    yield from judged(METRIC, reference, current)


def _estimate(outcome: Scored) -> Estimate | str:
    found = _reliability(outcome)
    if isinstance(outcome, BinaryOutcome):
        found = found.joined(np.arange(found.rows.size) * GROUPS // found.rows.size)
    return expected_calibration_error(found) or "no labelled row has a score"


def _rose(before: Scored, after: Scored, inflation: float) -> float | None:
    usual, found = _estimate(before), _estimate(after)
    if isinstance(usual, Estimate) and isinstance(found, Estimate) and found.value <= usual.value:
        return 1.0
    return calibration_shift_test(_reliability(before), _reliability(after), inflation)


def _reliability(outcome: Scored) -> Reliability:
    if isinstance(outcome, BinaryOutcome):
        table = outcome.counts.sum(axis=1)
        return Reliability(table.sum(axis=1), table[:, 1], outcome.scores)
    return Reliability(outcome.confidence.sum(axis=1), outcome.confidence[:, 1], outcome.confidence_sums)


METRIC = Metric[Scored](
    "expected_calibration_error", (BinaryOutcome, MulticlassOutcome), _estimate, test=_rose, selected=False
)
DETECTOR = METRIC.detector("share", compare, min_effect=0.02)
