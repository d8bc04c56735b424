"""From the user's false-alarm budget to the significance that each test must reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import comb
from typing import Literal

from monitor.types import Measurement

Outcome = Literal["breach", "clear", "insufficient"]


@dataclass(frozen=True)
class Threshold:
    """What a measurement must reach to breach: a p-value of at most `alpha` and an effect of at least `min_effect`.

    limit: the user's own number, which the value must pass, upwards or, where `higher_is` better, downwards.
    Each may be None and then does not matter; with all None nothing ever breaches.
    """

    alpha: float | None = None
    min_effect: float | None = None
    limit: float | None = None
    higher_is: Literal["worse", "better"] = "worse"

    @property
    def loosened(self) -> "Threshold":
        """Give the threshold below which an alert that fires begins to clear, so that it does not flicker about one.

        Five times the p-value, though not above 0.1, four fifths of the effect, a tenth short of the user's number.
        """
        return replace(
            self,
            alpha=None if self.alpha is None else max(self.alpha, min(0.1, 5 * self.alpha)),
            min_effect=None if self.min_effect is None else 0.8 * self.min_effect,
            limit=None if self.limit is None else self.limit * (0.9 if self.higher_is == "worse" else 1 / 0.9),
        )


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

    >>> judged(Measurement("roc_auc", 0.7), Threshold(limit=0.8, higher_is="better"))
    'breach'
    """
    reached = (
        _reached(threshold.alpha, measurement.p_value, lambda alpha, p: p <= alpha),
        _reached(threshold.min_effect, measurement.effect, lambda least, effect: abs(effect) >= least),
        _reached(threshold.limit, measurement.value, _passes[threshold.higher_is]),
    )
    if measurement.value is None or "unknown" in reached:
        return "insufficient"
    asked = [answer for answer in reached if answer != "not asked"]
    return "breach" if asked and all(answer == "yes" for answer in asked) else "clear"


def _reached(wanted: float | None, found: float | None, reaches: Callable[[float, float], bool]) -> str:
    if wanted is None:
        return "not asked"
    if found is None:
        return "unknown"
    return "yes" if reaches(wanted, found) else "no"


_passes: Mapping[str, Callable[[float, float], bool]] = {
    "worse": lambda limit, value: value >= limit,
    "better": lambda limit, value: value <= limit,
}
