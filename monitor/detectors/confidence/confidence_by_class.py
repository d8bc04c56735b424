"""Fall of the mean confidence in one predicted class. (Hendrycks & Gimpel 2017)."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.detector import EMPTY, NO_REFERENCE, Detector, design_effect
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.outcome_layout import Binary
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Z
from monitor.stats.location import mean_shift_test
from monitor.types import Measurement

NAME = "confidence_by_class"
Floats = NDArray[np.float64]
Moments = tuple[int, float, float]


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Average the score given to the decision over the rows of one predicted class, in [0, 1]: lower is worse.

    One number a class, in the column `confidence(class=…)`; p-value for a fall, the effect in reference standard
    deviations. A score bin counts as its mean. Undefined below two rows of the class on either side. Blind to rows
    that move from one class to another. (Welch 1947)
    """
    rho = max((c.steepest for name, c in reference.columns.items() if name.startswith("confidence(")), default=0.0)
    now = _moments(current)
    for name, before in _moments(reference).items():
        yield _measured(f"confidence(class={name})", before, now[name], rho, reference.layout.window_rows)


def _measured(column: str, before: Moments, after: Moments, rho: float, window_rows: float) -> Measurement:
    n, mean, variance = after
    grown = design_effect(rho, before[0], n, window_rows)
    found = mean_shift_test(before, after, grown)
    if found is None:
        note = EMPTY if not n else NO_REFERENCE if not before[0] else "too few rows of the class, or it does not vary"
        return Measurement(NAME, None, column=column, n=n, note=note)
    shift, two_sided = found
    half = Z * math.sqrt(variance / n)
    p_value = two_sided / 2 if shift < 0 else 1 - two_sided / 2
    return Measurement(NAME, mean, column, "", n, p_value, -shift, mean - half, mean + half, reference=before[1])


def _moments(profile: Profile) -> dict[str, Moments]:
    """Give (rows, mean, variance) of the confidence by predicted class."""
    outcome, layout = profile.outcome, profile.layout.outcome
    if isinstance(outcome, BinaryOutcome) and isinstance(layout, Binary):
        rows, sums = outcome.served.astype(np.float64), outcome.served_scores
        positive = _of(rows[:, 1], sums[:, 1])
        return {layout.positive: positive, f"not {layout.positive}": _of(rows[:, 0], rows[:, 0] - sums[:, 0])}
    if isinstance(outcome, MulticlassOutcome):
        pairs = zip(outcome.classes, outcome.served.astype(np.float64), outcome.served_sums, strict=False)
        return {name: _of(rows, sums) for name, rows, sums in pairs}
    return {}


def _of(rows: Floats, sums: Floats) -> Moments:
    n = int(rows.sum())
    if n < 2:
        return n, 0.0, 0.0
    mean = float(sums.sum()) / n
    squares = float((sums**2 / np.maximum(rows, 1)).sum())
    return n, mean, max((squares - n * mean**2) / (n - 1), 0.0)


DETECTOR = Detector(NAME, "confidence", "share", compare, higher_is="better", min_effect=0.05)
