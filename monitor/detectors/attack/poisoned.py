"""Poison in the labels that have come: one window of labels, and many of them together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.detectors.detector import Detector
from monitor.detectors.temporal.lasting import weighed
from monitor.detectors.temporal.series import Series
from monitor.types import Measurement

KIND = "attack.poisoning"
WINDOW, SLOW, CONTRADICTION = "poisoned_labels", "slow_poisoning", "label_contradiction"
WHOLE = ""


@dataclass(frozen=True)
class Labels:
    """What was found of a window's labels.

    share: of the rows judged, those that the strongest statistic names. p_value: over all statistics. flips: by part
    of the labels, "" being all, the estimated share that is flipped and its p-value. flipped: by the same parts, which
    rows' labels contradict the reference most, and whose they are. reference: rows of it that they are laid beside.
    note: why there is no answer.
    """

    n: int = 0
    share: float | None = None
    p_value: float | None = None
    flips: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    flipped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    reference: int = 0
    note: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)


def poisoned_labels(labels: Labels) -> Iterator[Measurement]:
    """Measure what share of a window's labelled rows look poisoned by the strongest of six statistics.

    Label contradiction, confusion excess, confident errors, neighbours' disagreement, value for label and near
    copies, beside the reference's own batches, and the contributors (clients) of the last windows; the p-value is the
    least of theirs times their number. At most 1,000 rows of a window are judged, drawn at random.

    Blind to flips of 2 % in one window, to flips at the boundary, and to backdoors in a handful of rows; a concept
    that changed looks like flips.
    """
    yield Measurement(
        WINDOW,
        labels.share,
        n=labels.n,
        p_value=labels.p_value,
        effect=labels.share,
        note=labels.note,
        evidence=labels.evidence,
    )


def label_contradiction(labels: Labels) -> Iterator[Measurement]:
    """Estimate the share of labels that were flipped, of all and of each frequent label; below 0 by chance.

    The mean log-likelihood ratio above the reference's, over what one flipped label adds to it. (Neyman & Pearson
    1933)

    Blind to flips of labels that were as likely as not.
    """
    for column, (share, p_value) in labels.flips.items():
        found = Measurement(CONTRADICTION, share, column=column, n=labels.n, p_value=p_value, effect=share)
        yield replace(found, reference=0.0, evidence=labels.flipped.get(column, {}))


def slow_poisoning(series: Sequence[Series]) -> Iterator[Measurement]:
    """Measure what share of labels has looked flipped since it most likely began: 0 without a sign of it.

    Of all labels, or of the one that shows it most. The p-value is one over the mean of the series' e-detectors, as
    for `ageing`. (Shin, Ramdas & Rinaldo 2024)

    Blind to what stays within the reference's own error, to flips of equal size since before the first window, and to
    the difference between poison and a concept that changes a little at a time.
    """
    yield weighed(SLOW, series, "no labels in this window")


DETECTORS = (
    Detector(
        WINDOW, KIND, "share", poisoned_labels, armed=True, min_effect=0.005, weight=0.25, labelled=True, at_once=True
    ),
    Detector(CONTRADICTION, KIND, "share", label_contradiction, labelled=True),
    Detector(
        SLOW, KIND, "share", slow_poisoning, armed=True, min_effect=0.005, weight=0.25, labelled=True, at_once=True
    ),
)
BY_NAME = {detector.name: detector for detector in DETECTORS}
