"""A silence longer than those between earlier records."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from monitor.detectors.detector import Detector
from monitor.stats.volume import WINDOWS_NEEDED, silence_test
from monitor.types import Measurement

NAME = "freshness"
HOUR = timedelta(hours=1)


def compare(gaps: Sequence[timedelta], age: timedelta) -> Iterator[Measurement]:
    """Give the hours since the newest record; p-value for a longer silence than the gaps between earlier arrivals.

    Any number from 0; higher is worse. The effect is log2 of the age over the median gap: 1 is twice as long. Below
    eight gaps the age is given and not judged. Tail beyond the longest gap: exponential. (Pickands 1975)
    """
    yield compare_age(age, gaps)


def compare_age(age: timedelta, gaps: Sequence[timedelta]) -> Measurement:
    """Measure the age of the newest record against the gaps between arrivals before it."""
    hours = age / HOUR
    usual = [gap / HOUR for gap in gaps]
    p_value = silence_test(usual, hours)
    if p_value is None:
        return Measurement(NAME, hours, n=len(gaps), note=f"{len(gaps)} of {WINDOWS_NEEDED} gaps needed")
    middle = median(usual)
    effect = math.log2(hours / middle) if hours > 0 and middle > 0 else None
    return Measurement(NAME, hours, n=len(gaps), p_value=p_value, effect=effect)


DETECTOR = Detector(NAME, "quality", "hours", compare, armed=True, min_effect=1.0)
