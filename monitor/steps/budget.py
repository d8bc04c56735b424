"""What part of the false-alarm budget can be spent, where no test is let to ask for less than a p-value of 0.05."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from monitor.alerts.phrasing import chance, counted, duration
from monitor.config import Model
from monitor.profiles.profile import Profile
from monitor.steps.measure import MOST_ALPHA, Found, measured, threshold_of
from monitor.steps.parts import is_segment
from monitor.store.references import WHOLE
from monitor.types import Window

ENOUGH = 0.5
"""Above this part of the budget nothing is said: what is asked for is about what comes."""
MEND = "for more alerts write `for` with fewer windows, shorter windows, or thresholds of your own"
_STEPS, _LEAST = 20, 1e-4


def unspent(
    references: Mapping[str, Profile], settings: Model, *, window: Window, rows: float
) -> tuple[str, str] | None:
    """Give (problem, mend) where fewer than half of the false alarms of the budget are asked for; None elsewhere.

    references: by segment. window: one of usual length; rows: of it.
    """
    part = spendable(references, settings, window=window, rows=rows)
    if part is None or part >= ENOUGH:
        return None
    budget = settings.false_alarms
    days = max(round(budget.per / (budget.count * part) / timedelta(days=1)), 1)
    asked = (
        f"about one false alarm in {counted(days, 'day')} is asked for, not {budget.count:,} in {duration(budget.per)}"
    )
    return f"no threshold is looser than {chance(MOST_ALPHA)}, so that {asked}", MEND


def spendable(references: Mapping[str, Profile], settings: Model, *, window: Window, rows: float) -> float | None:
    """Give what part of the budget the tests can spend whose thresholds follow from it, in (0, 1]; None without any.

    Tests are those of columns, scores and labels, of all traffic and of the segments of `references`, each counted in
    full: where chance alone hardly makes an effect that is told, even less is spent.
    """
    tests = list(_tests(references, settings, rows=rows))
    weights = sum(one.detector.weight for one in tests)
    if not weights:
        return None
    parts: dict[tuple[object, ...], float] = {}
    spent = 0.0
    for one in tests:
        alike = one.detector, one.setting, one.kind, round(one.shared or 0.0, 3), round(one.lasting, 2), one.places
        if alike not in parts:
            parts[alike] = _part(one, settings, tests=weights / one.detector.weight, window=window)
        spent += one.detector.weight * parts[alike]
    return spent / weights


def _tests(references: Mapping[str, Profile], settings: Model, *, rows: float) -> Iterator[Found]:
    pairs = {part: (one, one) for part, one in references.items() if part == WHOLE or is_segment(part)}
    whole = references[WHOLE].rows
    for one in measured(pairs, settings):
        if one.armed and one.alpha is None and not isinstance(one.setting.value, float):
            yield replace(one, shared=rows / (whole + rows)) if one.shared is not None else one


def _part(found: Found, settings: Model, *, tests: float, window: Window) -> float:
    """Give up to what part of its share of the budget a test's threshold lies below the largest one allowed."""
    low, high = math.log(_LEAST), 0.0
    if _alpha(found, settings, tests, window) < MOST_ALPHA:
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = _alpha(found, settings, tests / math.exp(middle), window) < MOST_ALPHA
        low, high = (middle, high) if below else (low, middle)
    return math.exp(low)


def _alpha(found: Found, settings: Model, tests: float, window: Window) -> float:
    return threshold_of(found, settings, tests=tests, window=window).alpha or 0.0
