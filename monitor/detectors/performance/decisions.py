"""How many of a model's decisions were right: accuracy, precision, recall and F1, all of them shares of rows.

Intervals are Wilson's (1927); the p-value is that of the share of mistakes having risen, exact for small counts.
"""

from collections.abc import Iterator

from monitor.detectors.performance.judged import Metric, judged
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.classification import f1_score
from monitor.stats.intervals import Estimate, share_estimate
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

Decided = BinaryOutcome | MulticlassOutcome


def accuracy(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of labelled rows that were predicted right, in [0, 1]: lower is worse. (Wilson 1927)."""
    yield from judged(ACCURACY, reference, current)


def precision(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows predicted positive that were, in [0, 1]: lower is worse; undefined with none predicted.

    For binary models. (Wilson 1927)
    """
    yield from judged(PRECISION, reference, current)


def recall(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of positive rows that were predicted so, in [0, 1]: lower is worse; undefined without positive labels.

    For binary models. (Wilson 1927)
    """
    yield from judged(RECALL, reference, current)


def f1(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Give the harmonic mean of precision and recall, in [0, 1]: lower is worse.

    2 TP / (2 TP + FP + FN) rises with the share TP / (TP + FP + FN), whose interval and p-value it takes over.
    For binary models; undefined when nothing is positive, neither predicted nor labelled. (van Rijsbergen 1979)
    """
    yield from judged(F1, reference, current)


def _right(outcome: Decided) -> tuple[int, int]:
    table = outcome.counts.sum(axis=0) if isinstance(outcome, BinaryOutcome) else outcome.confusion
    # a class that the model does not know cannot be right: "other" predicted for "other" may be two classes
    known = table if isinstance(outcome, BinaryOutcome) else table[:-1, :-1]
    return int(known.trace()), outcome.n


def _predicted(outcome: BinaryOutcome) -> tuple[int, int]:
    table = outcome.counts.sum(axis=0)
    return int(table[1, 1]), int(table[1].sum())


def _labelled(outcome: BinaryOutcome) -> tuple[int, int]:
    table = outcome.counts.sum(axis=0)
    return int(table[1, 1]), int(table[:, 1].sum())


def _either(outcome: BinaryOutcome) -> tuple[int, int]:
    table = outcome.counts.sum(axis=0)
    return int(table[1, 1]), outcome.n - int(table[0, 0])


def _mistakes_rose(before: tuple[int, int], after: tuple[int, int], inflation: float) -> float | None:
    (hits, rows), (right, now) = before, after
    found = share_shift_test((rows - hits, rows), (now - right, now), inflation)
    return found[1] if found else None


def _f1(outcome: BinaryOutcome) -> Estimate | str:
    hits, rows = _either(outcome)
    return f1_score(hits, rows - hits) or "no row is positive, neither predicted nor labelled"


ACCURACY = Metric[Decided](
    "accuracy",
    (BinaryOutcome, MulticlassOutcome),
    lambda outcome: share_estimate(*_right(outcome)) or "no labelled rows",
    "better",
    lambda before, after, inflation: _mistakes_rose(_right(before), _right(after), inflation),
)
PRECISION = Metric(
    "precision",
    (BinaryOutcome,),
    lambda outcome: share_estimate(*_predicted(outcome)) or "no row was predicted positive",
    "better",
    lambda before, after, inflation: _mistakes_rose(_predicted(before), _predicted(after), inflation),
    selected=False,
)
RECALL = Metric(
    "recall",
    (BinaryOutcome,),
    lambda outcome: share_estimate(*_labelled(outcome)) or "no label is positive",
    "better",
    lambda before, after, inflation: _mistakes_rose(_labelled(before), _labelled(after), inflation),
)
F1 = Metric(
    "f1",
    (BinaryOutcome,),
    _f1,
    "better",
    lambda before, after, inflation: _mistakes_rose(_either(before), _either(after), inflation),
)
DETECTORS = (
    ACCURACY.detector("share", accuracy, armed=True, min_effect=0.02),
    PRECISION.detector("share", precision, min_effect=0.02),
    RECALL.detector("share", recall, min_effect=0.02),
    F1.detector("score", f1, min_effect=0.02),
)
