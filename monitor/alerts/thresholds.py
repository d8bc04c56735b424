"""From the user's false-alarm budget to the significance that each test must reach."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, chndtr, gammainccinv, ndtr, ndtri, roots_genlaguerre

from monitor.alerts.lifecycle import Outcome
from monitor.types import Measurement

Floats = NDArray[np.float64]

CERTAIN = 1e-4
_SMALLEST = 1e-15
_LEVELS = np.logspace(-15, 0, 151)[:-1]


def _normal(points: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return nodes, weights / weights.sum()


def _upper(points: int) -> tuple[Floats, Floats]:
    """Give upper tail chances, most of them small ones, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return ((nodes + 1) / 2) ** 4, 2 * ((nodes + 1) / 2) ** 3 * weights


_POINTS = 64
_QUADRATURE, _TAILS = _normal(_POINTS), _upper(24)


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
        return Threshold(
            alpha=None if self.alpha is None else max(self.alpha, min(0.1, 5 * self.alpha)),
            min_effect=None if self.min_effect is None else 0.8 * self.min_effect,
            limit=None if self.limit is None else self.limit * (0.9 if self.higher_is == "worse" else 1 / 0.9),
            higher_is=self.higher_is,
        )


@lru_cache(maxsize=4096)  # many tests of a window ask for the same
def significance(
    *,
    alarms: float,
    per: timedelta,
    window: timedelta,
    tests: float,
    k: int = 1,
    m: int = 1,
    clear: int = 3,
    shared: float = 0.0,
    lasting: float = 0.0,
    ways: int = 0,
    places: int = 0,
) -> float:
    """Give the p-value each of `tests` tests must reach, in (0, 1], so that about `alarms` alarms begin `per`.

    The budget is spread evenly over the tests, whatever the dependence between them (Bonferroni 1936); a test of
    less weight may count as a part of one. An alarm begins with a breach that makes k of the last m windows, and ends
    after `clear` clear ones in a row. `shared` is the part of a difference's variance that the reference brings in,
    N being its rows and M the window's: M / (N + M), in [0, 1). It is the same in every window, so that a reference
    that lies askew breaches again and again: windows are independent only given it, and the alarms are averaged over
    where it may lie: in one direction by a test that looks one way, with `ways` 0; or in so many, either way, by one
    like chi-square with as many degrees, whose breaches go less together; or one way in each of so many `places` by
    a scan, which breaches where any of them does, and least together. `lasting` is the correlation of neighbouring
    windows beyond that, in [0, 1), such as a season's: it makes spells of windows that breach together, each like one
    draw, one way, whose length is that of a normal sequence's stay beyond a high level, about
    2.5 / sqrt(1 - lasting^2). (Rice 1945)

    Raises ValueError when the budget, the window or the number of tests is not above 0, or k is not in 1..m, or
    `shared` or `lasting` is not in [0, 1).

    >>> day = timedelta(days=1)
    >>> round(significance(alarms=1, per=30 * day, window=day, tests=100), 5)
    0.00033
    >>> round(significance(alarms=1, per=30 * day, window=day, tests=100, shared=0.5, k=2, m=3), 5)
    0.00313
    """
    if not (alarms > 0 and per > timedelta(0) and window > timedelta(0) and tests > 0):
        raise ValueError("budget, period, window and number of tests must be above 0")
    if not 1 <= k <= m:
        raise ValueError(f"k of m windows: {k} of {m} cannot be; write 1 <= k <= m")
    if not (0 <= shared < 1 and 0 <= lasting < 1):
        raise ValueError(f"shared={shared}, lasting={lasting}: parts of the variance must be in [0, 1)")
    windows, alike = per / window, min(round(shared + lasting, 2), 0.99)
    spell = windows if lasting <= shared else min(windows, max(float(m), round(2.5 / math.sqrt(1 - lasting**2))))
    # powers of two, so that few are worked out
    looks = (0, 0) if lasting else (ways, 1 << places.bit_length() >> 1)
    given = _alarms(spell, k, m, clear, shared=alike, looks=looks) * (windows / spell)
    return float(np.exp(np.interp(math.log(alarms / tests), np.log(given), np.log(_LEVELS))))


def certain(alpha: float, k: int) -> float:
    """Give the p-value by which one window says what `k` windows at `alpha` say together; at most 1e-4, in (0, 1].

    >>> certain(0.003, 2), certain(0.1, 2)
    (9e-06, 0.0001)
    """
    return min(alpha**k, CERTAIN)


def certain_too(k: int, m: int) -> float:
    """Give as how many tests one counts that fires by k of m windows, or by one alone that is `certain`.

    Of a window alone the chance is at most a^k at the level `a`, and by k of m windows at least C(m-1, k-1) a^k, as
    windows that share a reference breach together more often: the first is at most a C(m-1, k-1)-th of the second.

    >>> certain_too(2, 3), certain_too(1, 1)
    (1.5, 1.0)
    """
    return 1.0 if k == 1 else 1 + 1 / comb(m - 1, k - 1)


@lru_cache(maxsize=1024)
def _alarms(windows: float, k: int, m: int, clear: int, *, shared: float, looks: tuple[int, int]) -> Floats:
    """Give the alarms that a test of each level begins in so many windows in which nothing has changed, on average.

    The first one comes after 1 / (C(m-1, k-1) a^k) windows; every later one has to wait until the one before is
    resolved, too. `a` is the chance of a breach given the reference, whose deviates all windows share.
    """
    breach, weights = _given(_LEVELS, shared, *looks)
    goes_on, _ = _given(np.maximum(_LEVELS, np.minimum(0.1, 5 * _LEVELS)), shared, *looks)
    rate = np.minimum(comb(m - 1, k - 1) * np.maximum(breach, _SMALLEST) ** k, 1.0)
    quiet = np.maximum(1 - goes_on, 1e-9)
    firing = np.minimum((quiet**-clear - 1) / np.maximum(goes_on, _SMALLEST), 1e12)
    due = windows * rate
    first = -np.expm1(-due)
    return np.maximum.accumulate((first + (due - first) / (1 + firing * rate)) @ weights)


def _given(levels: Floats, shared: float, ways: int, places: int) -> tuple[Floats, Floats]:
    """Give the chance of a breach at each level given how the reference lies, shape (levels, lies), and weights."""
    if not shared:
        return levels[:, None], np.ones(1)
    if places > 1:
        return _given_anywhere(levels, shared, places)
    if not ways:
        deviates, weights = _QUADRATURE
        return ndtr((ndtri(levels)[:, None] + math.sqrt(shared) * deviates) / math.sqrt(1 - shared)), weights
    halves, weights = _chi_squares(ways)
    limits = chdtri(ways, levels)[:, None] / (1 - shared)
    # the reference's squared distance follows chi-square, too
    breach = np.asarray(1 - chndtr(limits, ways, 2 * halves * shared / (1 - shared)), np.float64)
    return breach, np.asarray(weights / weights.sum())


@lru_cache(maxsize=64)
def _chi_squares(ways: int) -> tuple[Floats, Floats]:
    """Give halves of chi-squares, and weights, by which a mean over them is a sum. (Gauss & Laguerre)."""
    halves, weights = roots_genlaguerre(_POINTS, ways / 2 - 1)
    return np.asarray(halves), np.asarray(weights)


def _given_anywhere(levels: Floats, shared: float, places: int) -> tuple[Floats, Floats]:
    """Give it for a breach in any of several places, a sum: a gamma of its mean and variance. (Satterthwaite 1946)."""
    each = levels / places
    breach, normal = _given(each, shared, 0, 0)
    shape = places / np.maximum((breach**2 @ normal) / each**2 - 1, 1e-3)
    chances, weights = _TAILS
    sums = gammainccinv(shape[:, None], chances)
    return np.minimum(sums * (levels / (sums @ weights))[:, None], 1.0), weights


def spent(measurement: Measurement, threshold: Threshold) -> float:
    """Give what part of its share of the budget a test can spend, in [0, 1].

    In large windows chance alone hardly ever makes an effect of `min_effect`, however significant: that chance, as a
    part of `alpha`, bounds the false breaches. What is left is free for other tests. (Tarone 1990)

    >>> round(spent(Measurement("d", 0.1, chance=(1, 400.0, 0.0)), Threshold(alpha=0.01, min_effect=0.2)), 4)
    0.0063
    """
    if measurement.chance is None or not threshold.alpha or not threshold.min_effect or threshold.limit is not None:
        return 1.0
    degrees, factor, less = measurement.chance
    return min(1.0, float(chdtrc(degrees, factor * threshold.min_effect**2 + less)) / threshold.alpha)


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
