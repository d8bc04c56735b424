"""Precision, recall and F1 of a model with several classes: the average over its classes, each of equal weight.

Intervals and p-values by the delta method.
"""

from collections.abc import Iterator

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats import classification
from monitor.types import Measurement

NO_CLASS = "no known class among the window's rows"


def macro_precision(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average over the predicted classes of the share predicted right, in [0, 1]: lower is worse.

    Undefined when no known class was predicted. (Sokolova & Lapalme 2009)
    """
    yield from judged(PRECISION, reference, current)


def macro_recall(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average over the labelled classes of the share predicted right, in [0, 1]: lower is worse.

    Also called balanced accuracy. Undefined when no known class is labelled. (Sokolova & Lapalme 2009)
    """
    yield from judged(RECALL, reference, current)


def macro_f1(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average of the classes' F1, in [0, 1]: lower is worse.

    Undefined when no known class was predicted or labelled. (Takahashi et al. 2022)
    """
    yield from judged(F1, reference, current)


PRECISION = Metric(
    "macro_precision",
    (MulticlassOutcome,),
    lambda outcome: classification.macro_precision(outcome.confusion) or NO_CLASS,
    "better",
    selected=False,
)
RECALL = Metric(
    "macro_recall",
    (MulticlassOutcome,),
    lambda outcome: classification.macro_recall(outcome.confusion) or NO_CLASS,
    "better",
)
F1 = Metric(
    "macro_f1",
    (MulticlassOutcome,),
    lambda outcome: classification.macro_f1(outcome.confusion) or NO_CLASS,
    "better",
)
DETECTORS = (
    PRECISION.detector("share", macro_precision, min_effect=0.02),
    RECALL.detector("share", macro_recall, min_effect=0.02),
    F1.detector("score", macro_f1, min_effect=0.02),
)
