"""How a series of estimates differs by the place in a cycle: effects drawn towards none as far as chance made them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Effects:
    """By how much the estimates of each place of a cycle differ from all, and what is not known of that.

    size, variance: shape (places,), in the estimates' unit and its square. spread: variance of estimates of one place
    beyond their errors. p_value: of places that differ as much by chance, in (0, 1]. (Cochran 1954)
    """

    size: Floats
    variance: Floats
    spread: float
    p_value: float


def cycle_effects(values: Floats, variances: Floats, cycle: Sequence[int], *, size: int) -> Effects:
    """Estimate effects of the `size` places of a cycle on estimates, shape (n,), of errors with variances above 0.

    The effects are taken for normal with a variance of their own, which the means of the places tell, and each is drawn
    towards 0 by how little its place's mean is known; of a place without estimates the effect is 0, and all of that
    variance is not known. (DerSimonian & Laird 1986; Morris 1983)

    >>> turn = [0, 1, 2] * 20
    >>> found = cycle_effects(np.where(np.equal(turn, 2), 4.0, 1.0), np.full(60, 0.01), turn, size=4)
    >>> found.size.round(2).tolist(), bool(found.variance[3] > 1 > found.variance[0])
    ([-1.0, -1.0, 2.0, 0.0], True)
    """
    places = np.asarray(cycle, np.intp)
    held = np.bincount(places, minlength=size) > 0
    within = excess_variance(values, 1 / variances, places, size)
    weights = 1 / (variances + within)
    mass = np.asarray(np.bincount(places, weights, size)[held], np.float64)
    means = np.bincount(places, weights * values, size)[held] / mass
    between = excess_variance(means, mass, np.zeros(means.size, np.intp))
    known = between / (between + 1 / mass)
    center = float(np.average(means, weights=1 / (between + 1 / mass)))
    effects, variance = np.zeros(size), np.full(size, between)
    effects[held], variance[held] = known * (means - center), known / mass
    apart = float(mass @ (means - np.average(means, weights=mass)) ** 2)
    return Effects(effects, variance, within, float(chdtrc(max(means.size - 1, 1), apart)))


def excess_variance(values: Floats, weights: Floats, groups: Places, size: int = 1) -> float:
    """Give the variance of values about the means of their groups beyond what their errors explain, at least 0.

    weights: of each value, one by the variance of its error. groups: which of `size` groups it is of. 0 where no group
    has two. (DerSimonian & Laird 1986)
    """
    mass = np.bincount(groups, weights, size)
    means = np.bincount(groups, weights * values, size) / np.where(mass > 0, mass, 1.0)
    freedom = values.size - int((mass > 0).sum())
    # summed in this order, one value of hardly any error leaves the others' part, and not 0
    scale = float(weights @ ((mass[groups] - weights) / mass[groups]))
    found = float(weights @ (values - means[groups]) ** 2) - freedom
    return max(found / scale, 0.0) if freedom and scale > 0 else 0.0
