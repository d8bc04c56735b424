"""The neighbouring places whose sum is largest."""

import numpy as np
from numpy.typing import NDArray


def largest_run(rises: NDArray[np.float64]) -> tuple[int, int]:
    """Give where the run begins and where it ends, behind its last place; the same where nothing rises.

    rises: shape (places,). (Kadane's algorithm; Bentley 1984)

    >>> largest_run(np.array([-1.0, 2.0, -1.0, 3.0, -3.0])), largest_run(np.array([-1.0]))
    ((1, 4), (0, 0))
    """
    sums = np.append(0.0, rises.cumsum())
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    return int(np.flatnonzero(sums[: end + 1] == lowest[end])[-1]), end
