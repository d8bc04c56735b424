"""The shape that the levels of confidence have in common: the mean of a derived column beside the reference's."""

import math
from collections.abc import Iterator

from monitor.detectors.detector import inflation, paired, undefined
from monitor.profiles.layout import Role
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Z
from monitor.stats.location import mean_shift_test
from monitor.types import Measurement


def levels(
    name: str,
    beginning: str,
    reference: Profile,
    current: Profile,
    *,
    role: Role = "confidence",
    rises: bool = False,
) -> Iterator[Measurement]:
    """Measure the mean of the derived columns whose name begins so; p-value for a fall, or for a rise.

    The effect is that fall or rise in reference standard deviations.
    """
    for column, before, after in paired(reference, current):
        if before.role != role or not column.startswith(beginning):
            continue
        here, there = before.moments, after.moments
        grown = inflation(reference, before, after)
        found = mean_shift_test(here, there, grown) if here and there else None
        if found is None or here is None or there is None:
            yield undefined(name, column, before, after)
            continue
        shift, two_sided = found if rises else (-found[0], found[1])
        n, mean, variance = there
        half = Z * math.sqrt(variance / n)
        p_value = two_sided / 2 if shift > 0 else 1 - two_sided / 2
        low, high = mean - half, mean + half
        chance = 1, 1 / (1 / here[0] + max(variance / here[2], 1.0) / n) / grown, 0.0
        yield Measurement(name, mean, column, "", n, p_value, shift, low, high, reference=here[1], chance=chance)
