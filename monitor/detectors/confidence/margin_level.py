"""Fall of the mean gap between the two likeliest classes. (Scheffer et al. 2001)."""

from collections.abc import Iterator

from monitor.detectors.confidence.level import levels
from monitor.detectors.detector import Detector
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "margin_level"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the largest score less the second largest, in [0, 1]: lower is worse, 0 is undecided; p-value for a fall.

    The effect is the fall in reference standard deviations. Undefined below two rows or when it never varied. With
    one score it repeats the confidence. Blind to what the other classes' scores do. (Scheffer et al. 2001)
    """
    yield from levels(NAME, "margin(", reference, current)


DETECTOR = Detector(NAME, "confidence", "share", compare, higher_is="better", min_effect=0.05)
