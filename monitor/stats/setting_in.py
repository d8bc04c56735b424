"""Did a difference set in, or was it there before? By the p-values of windows before and since."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

BEFORE = 5
"""So many windows before tell it."""
HARDLY, LITTLE = 0.25, 1 / 3
"""Of what windows since show, so much may be shown by those before, in normal deviates; and of what the surest shows,
so much by a single one that breached by chance."""


def has_set_in(before: Sequence[float], since: Sequence[float]) -> bool:
    """Say whether windows before a difference hardly show it, beside those since.

    before, since: one-sided or two-sided p-values, in [0, 1], of one test in windows that are independent. False where
    fewer than five are known before, or none since. The mean normal deviate before, that of what chance is likelier to
    make being 0, is below a quarter of that since: of a step of four deviates 98 in 100 are found, of a slow rise that
    crosses its threshold 2 in 100, of a small difference that was always there as few.

    >>> has_set_in([0.4, 0.7, 0.2, 0.9, 0.5], [1e-6, 1e-9]), has_set_in([0.1, 0.02, 0.03, 0.2, 0.01], [0.001, 1e-4])
    (True, False)
    """
    if len(before) < BEFORE or not since:
        return False
    return float(np.mean(_deviates(before[-BEFORE:]))) < HARDLY * float(np.mean(_deviates(since)))


def first_that_shows(p_values: Sequence[float]) -> int:
    """Give the place of the first of some windows that shows a difference more than a little, beside the surest.

    p_values: of one test, one at least. What breached by chance days before is no part of what is told.

    >>> [first_that_shows(seen) for seen in ([0.01, 1e-80, 1e-90], [0.01, 6e-18], [0.01, 1e-3, 1e-6])]
    [1, 1, 0]
    """
    deviates = _deviates(p_values)
    return int(np.argmax(deviates >= LITTLE * deviates.max()))


def _deviates(p_values: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(-ndtri(np.clip(p_values, 1e-300, 0.5)))
