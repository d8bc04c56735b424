"""Numbers that are rounded: which power of ten they are multiples of, where those of others are not."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = tuple(10.0**power for power in range(4, -4, -1))
CLOSE, DISTINCT = 1e-6, 2
"""A number is a multiple to within so much of a step, or of itself; fewer distinct ones are no rounded numbers."""


def multiples(values: Floats, step: float) -> float:
    """Give the share of numbers that are multiples of a step, in [0, 1]; 0 of none.

    >>> multiples(np.array([20.0, 30.0, 31.5, 0.1 + 0.2]), 10.0), multiples(np.array([0.1 + 0.2]), 0.1)
    (0.5, 1.0)
    """
    held = values[np.isfinite(values)]
    if not held.size:
        return 0.0
    parts = held / step
    return float((np.abs(parts - np.round(parts)) <= CLOSE * np.maximum(np.abs(parts), 1.0)).mean())


def coarsest(values: Floats, *, least: float) -> tuple[float, float] | None:
    """Give the largest power of ten, from 10,000 to 0.001, of which so large a share are multiples, with that share.

    None where no step is, or where the numbers are all one.

    >>> coarsest(np.array([20.0, 30.0, 10.0, 31.5]), least=0.6), coarsest(np.array([0.0, 0.0]), least=0.6)
    ((10.0, 0.75), None)
    """
    if np.unique(values[np.isfinite(values)]).size < DISTINCT:
        return None
    shares = ((step, multiples(values, step)) for step in STEPS)
    return next(((step, share) for step, share in shares if share >= least), None)
