"""Whether the world still answers as it did to rows that the model treats alike; known once labels are there."""

from collections.abc import Sequence

from monitor.detectors.concept import (
    label_given_confidence,
    label_given_prediction,
    label_given_score,
    residual_distribution,
)
from monitor.detectors.concept.conditional import Concept
from monitor.profiles.profile import Profile

CONCEPTS: tuple[Concept, ...] = (
    label_given_score.CONCEPT,
    label_given_prediction.CONCEPT,
    label_given_confidence.CONCEPT,
    residual_distribution.CONCEPT,
)
"""Those whose likeness within windows is measured on the reference."""

DETECTORS = (
    label_given_score.DETECTOR,
    label_given_prediction.DETECTOR,
    label_given_confidence.DETECTOR,
    residual_distribution.DETECTOR,
)


def likenesses_of(windows: Sequence[Profile]) -> dict[str, float]:
    """Give by detector how alike labels at equal prediction are in one window of the reference; see `Concept`."""
    found = {concept.name: concept.likeness(windows) for concept in CONCEPTS}
    return {name: likeness for name, likeness in found.items() if likeness is not None}
