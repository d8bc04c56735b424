"""Fall of the model's mean confidence. (Hendrycks & Gimpel 2017)."""

import math
from collections.abc import Iterator

from monitor.detectors.detector import Detector, inflation, paired, undefined
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Z
from monitor.stats.location import mean_shift_test
from monitor.types import Measurement

NAME = "confidence_level"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the confidence, the score of the likeliest class, in [0, 1]: lower is worse; p-value for a fall.

    The effect is the fall in reference standard deviations. Undefined below two rows or when it never varied.
    """
    for column, before, after in paired(reference, current):
        if before.role != "confidence" or not column.startswith("confidence("):
            continue
        here, there = before.moments, after.moments
        found = mean_shift_test(here, there, inflation(reference, before, after)) if here and there else None
        if found is None or there is None:
            yield undefined(NAME, column, before, after)
            continue
        shift, two_sided = found
        n, mean, variance = there
        half = Z * math.sqrt(variance / n)
        p_value = two_sided / 2 if shift < 0 else 1 - two_sided / 2
        yield Measurement(
            NAME,
            mean,
            column=column,
            n=n,
            p_value=p_value,
            effect=-shift,
            low=mean - half,
            high=mean + half,
            reference=here[1] if here else None,
        )


DETECTOR = Detector(NAME, "confidence", "share", compare, higher_is="better", armed=True, min_effect=0.05)
