"""From the user's false-alarm budget to the significance that each test must reach."""

from dataclasses import dataclass
from datetime import timedelta
from math import comb
from typing import Literal

from monitor.types import Measurement

Outcome = Literal["breach", "clear", "insufficient"]


@dataclass(frozen=True)
class Threshold:
    """What a measurement must reach to breach: a p-value of at most `alpha` and an effect of at least `min_effect`.

    Either may be None and then does not matter; with both None nothing ever breaches.
    """

    alpha: float | None = None
    min_effect: float | None = None


def significance(*, alarms: float, per: timedelta, window: timedelta, tests: int, k: int = 1, m: int = 1) -> float:
    """Give the p-value each of `tests` tests must reach, in (0, 1], so that at most `alarms` alarms begin `per`.

    An alarm begins with a breach that makes k of the last m windows, which without a shift and with independent
    windows happens with probability at most C(m - 1, k - 1) alpha^k; the budget is spread evenly over tests and
    windows, whatever the dependence between tests. (Bonferroni 1936)

    Raises ValueError when the budget, the window or the number of tests is not above 0, or k is not in 1..m.

    >>> significance(alarms=1, per=timedelta(days=30), window=timedelta(days=1), tests=1)
    0.03333333333333333
    """
    if not (alarms > 0 and per > timedelta(0) and window > timedelta(0) and tests > 0):
        raise ValueError("budget, period, window and number of tests must be above 0")
    if not 1 <= k <= m:
        raise ValueError(f"k of m windows: {k} of {m} cannot be; write 1 <= k <= m")
    per_test = alarms * (window / per) / tests
    return float(min(1.0, (per_test / comb(m - 1, k - 1)) ** (1 / k)))


def judged(measurement: Measurement, threshold: Threshold) -> Outcome:
    """Say whether a measurement breaches its threshold; `insufficient` when it has no answer.

    The effect counts in either direction.
    """
    wanted = (threshold.alpha is not None, threshold.min_effect is not None)
    if measurement.value is None:
        return "insufficient"
    if (wanted[0] and measurement.p_value is None) or (wanted[1] and measurement.effect is None):
        return "insufficient"
    significant = threshold.alpha is None or (measurement.p_value or 0.0) <= threshold.alpha
    large = threshold.min_effect is None or abs(measurement.effect or 0.0) >= threshold.min_effect
    return "breach" if any(wanted) and significant and large else "clear"
