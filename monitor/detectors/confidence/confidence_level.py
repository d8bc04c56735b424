"""Fall of the model's mean confidence. (Hendrycks & Gimpel 2017)."""

from collections.abc import Iterator

from monitor.detectors.confidence.level import levels
from monitor.detectors.detector import Detector
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "confidence_level"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the confidence, the score of the likeliest class, in [0, 1]: lower is worse; p-value for a fall.

    The effect is the fall in reference standard deviations. Undefined below two rows or when it never varied. Blind
    to a model that is surer of some rows and less sure of as many others. (Welch 1947)
    """
    yield from levels(NAME, "confidence(", reference, current)


DETECTOR = Detector(NAME, "confidence", "share", compare, higher_is="better", armed=True, min_effect=0.05)
