"""What the scores cost where the labels went the other way: log loss and Brier's.

Means of one loss a row, so that intervals and p-values come from the central limit theorem.
"""

from collections.abc import Iterator

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Estimate, mean_estimate
from monitor.types import Measurement

Scored = BinaryOutcome | MulticlassOutcome


def log_loss(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average -ln(score given to the label's class), in nats, from 0: higher is worse. (Good 1952).

    Scores are clipped to 1e-15. Of two classes a fifth of the rarer one's share is worth an alert where that is less
    than 0.02. Undefined for a model without scores.
    """
    yield from judged(LOG_LOSS, reference, current)


def brier_score(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average (score - label)^2 of a binary model, in [0, 1]: higher is worse. (Brier 1950)."""
    yield from judged(BRIER, reference, current)


def _log_loss(outcome: Scored) -> Estimate | str:
    rows = outcome.n if isinstance(outcome, BinaryOutcome) else outcome.scored
    return mean_estimate(rows, *outcome.log_loss) or "no labelled row has a score for its class"


def _brier(outcome: BinaryOutcome) -> Estimate | str:
    return mean_estimate(outcome.n, *outcome.brier) or "no labelled row has a score"


LOG_LOSS = Metric[Scored]("log_loss", (BinaryOutcome, MulticlassOutcome), _log_loss, weighable=False)
BRIER = Metric("brier_score", (BinaryOutcome,), _brier, weighable=False)
DETECTORS = (
    LOG_LOSS.detector("nats", log_loss, armed=True, min_effect=0.02, rare=True),
    BRIER.detector("squared share", brier_score, min_effect=0.01),
)
