"""Numbers that are rounded: which power of ten they are multiples of, where those of others are not."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = tuple(10.0**power for power in range(4, -4, -1))
CLOSE, DISTINCT, COMMON = 1e-6, 3, 0.6
"""A number is a multiple to within so much of a step, or of itself; rounded numbers are at least so many distinct ones,
of which none makes up more than that part."""


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

    None where no step is, or where most numbers are one, such as 0, which is a multiple of all.

    >>> coarsest(np.array([20.0, 30.0, 10.0, 31.5]), least=0.6), coarsest(np.array([0.0, 0.0, 1.0]), least=0.6)
    ((10.0, 0.75), None)
    """
    shares = ((step, multiples(values, step)) for step in STEPS)
    found = next(((step, share) for step, share in shares if share >= least), None)
    return found if found and _are_many(values, found[0]) else None


def _are_many(values: Floats, step: float) -> bool:
    held = values[np.isfinite(values)]
    parts, counts = np.unique(np.round(held / step), return_counts=True)
    return parts.size >= DISTINCT and int(counts.max()) <= COMMON * held.size
