"""The shape that the share detectors have in common."""

import math
from collections.abc import Iterable, Sequence

from monitor.detectors.detector import EMPTY, NO_REFERENCE, design_effect
from monitor.profiles.layout import Role
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

Counts = tuple[int, int]

SURELY = 0.001
NOT_SERVED: tuple[Role, ...] = ("label", "confidence", "disagreement", "derived", "expected")
"""Labels come late, and derived columns repeat what the columns that they are made of lack."""


def measured(
    detector: str, column: str, reference: tuple[int, int], current: tuple[int, int], inflation: float = 1.0
) -> Measurement:
    """Give the current share with its rise over the reference's as effect, from (hits, rows) of each side."""
    hits, rows = current
    share = reference[0] / reference[1] if reference[1] else None
    found = share_shift_test(reference, current, inflation)
    if found is None:
        return Measurement(detector, None, column=column, n=rows, note=NO_REFERENCE if rows else EMPTY)
    # where neither side has any, no chance makes an effect (Tarone 1990)
    chance = None if hits or reference[0] else (1, math.inf, 0.0)
    return Measurement(
        detector,
        hits / rows,
        column=column,
        n=rows,
        p_value=found[1],
        effect=found[0],
        reference=share,
        chance=chance,
    )


def clumped(reference: Profile, before: ColumnProfile, after: ColumnProfile) -> float:
    """Give the design effect for values that the reference never held.

    They come in clumps, as values do: one storm brings every new extreme of a day, and is one piece of news. They are
    one direction among the many in which windows differ, so that the mean correlation counts and not the steepest.
    """
    return design_effect(before.correlation, before.n, after.n, reference.layout.window_rows)


def is_no_rise(measurement: Measurement, least: float) -> bool:
    """Say whether a share is as usual, so that later windows are laid beside it; least: the effect that counts."""
    effect, p_value = measurement.effect, measurement.p_value
    return effect is None or p_value is None or effect < least or p_value > SURELY


def usual_counts(before: Iterable[Measurement], least: float) -> list[Counts]:
    """Give (hits, rows) of the windows whose share was as usual; least: the effect that counts.

    >>> risen = Measurement("x", 0.75, n=8, effect=0.5, p_value=0.0)
    >>> usual_counts([Measurement("x", 0.25, n=8), Measurement("x", None), risen], least=0.1)
    [(2, 8)]
    """
    usual = (one for one in before if one.value is not None and one.n and is_no_rise(one, least))
    return [(round((one.value or 0.0) * one.n), one.n) for one in usual]


def dispersion(windows: Sequence[tuple[int, int]]) -> float:
    """Give how many times the variance of independent rows shares differ by, at least 1. (Pearson 1900).

    windows: (hits, rows) of each, with rows; at least two.
    """
    share = sum(hits for hits, _ in windows) / sum(rows for _, rows in windows)
    if not 0 < share < 1:
        return 1.0
    squares = sum((hits - rows * share) ** 2 / (rows * share * (1 - share)) for hits, rows in windows)
    return max(squares / (len(windows) - 1), 1.0)
