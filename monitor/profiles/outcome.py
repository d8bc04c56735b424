"""How predictions met their labels in one window: joint counts and sums that add up like the rest of a profile.

What was served, with or without a label, is counted beside it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BinaryOutcome:
    """Labelled rows of a binary model, and served ones.

    counts: shape (score bins, 2, 2), score bin x predicted x label, where 1 is the positive class.
    scores: shape (score bins,), sum of the scores in each bin.
    log_loss, brier: (sum, sum of squares) of the rows' losses; the logarithm's argument is clipped to 1e-15.
    served, served_scores: shape (score bins, 2), score bin x predicted of all rows with a score, and the sums of it.
    told: shape (score bins, 2), those of them whose features tell more than the score; (0, 2) where no features do.
    excess, excess_squares: shape of told, the sums of what they add to the chance of a hit, and of its square.
    """

    counts: Counts
    scores: Floats
    log_loss: tuple[float, float]
    brier: tuple[float, float]
    served: Counts
    served_scores: Floats
    told: Counts
    excess: Floats
    excess_squares: Floats

    @property
    def n(self) -> int:
        """Count the labelled rows."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class MulticlassOutcome:
    """Labelled rows of a model with several classes, or of one that logs its decision and no score; and served ones.

    confusion: shape (classes + 1, classes + 1), predicted x label; the last of each is any other class.
    confidence: shape (20, 2), equal-width bin of the predicted class's score x correct (1) or not (0).
    confidence_sums: shape (20,), sum of the confidence in each bin.
    log_loss: (sum, sum of squares) over the `scored` rows, those with a score for their label's class.
    served, served_sums: shape (classes, 20), predicted class x confidence bin of all rows, and the sums of confidence;
        shape (0, 20) without scores.
    told: shape of served, those of them whose features tell more than the score; (0, 20) where no features do.
    excess, excess_squares: shape of told, the sums of what they add to the chance of being right, and of its square.
    """

    classes: tuple[str, ...]
    confusion: Counts
    confidence: Counts
    confidence_sums: Floats
    log_loss: tuple[float, float]
    scored: int
    served: Counts
    served_sums: Floats
    told: Counts
    excess: Floats
    excess_squares: Floats

    @property
    def n(self) -> int:
        """Count the labelled rows."""
        return int(self.confusion.sum())


@dataclass(frozen=True, eq=False)
class RegressionOutcome:
    """Labelled rows of a regression: sums over e = predicted - label, and over the label about its reference mean.

    error, absolute, square, fourth: sums of e, |e|, e^2 and e^4; label, label_square: of y and y^2.
    residuals: shape (bins,), rows per bin of e, in bins fixed by the reference's residuals.
    """

    n: int
    error: float
    absolute: float
    square: float
    fourth: float
    label: float
    label_square: float
    residuals: Counts


Outcome = BinaryOutcome | MulticlassOutcome | RegressionOutcome
