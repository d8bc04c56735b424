"""Rise of the mean entropy of the scores. (Shannon 1948)."""

from collections.abc import Iterator

from monitor.detectors.confidence.level import levels
from monitor.detectors.detector import Detector
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "entropy_level"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the scores' entropy over that of equal scores, in [0, 1]: 0 is sure, higher is worse; p-value for a rise.

    The effect is the rise in reference standard deviations. Undefined below two rows or when it never varied. With
    one score it repeats the confidence. Blind to one class taking the place of another. (Shannon 1948)
    """
    yield from levels(NAME, "entropy(", reference, current, rises=True)


DETECTOR = Detector(NAME, "confidence", "share", compare, min_effect=0.05)
