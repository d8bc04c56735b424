"""When a series that has moved began to: at once, in two steps, or little by little."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["step", "steps", "ramp"]
Floats = NDArray[np.float64]

RAMP_NEEDED, LEVEL_NEEDED = 3, 2
OFF = 0.3
"""How far the level before may be from the reference's, beyond the reference's own error: in sd of a window."""


@dataclass(frozen=True)
class Onset:
    """The place in a series where a change most likely began, and how it came."""

    first: int
    shape: Shape


def onset_of(
    differences: Floats, variances: Floats, reference_variance: float, *, possible: NDArray[np.bool_] | None = None
) -> Onset | None:
    """Give where a rise most likely began, of the places that are possible; None where nothing has risen there.

    differences: shape (windows,), from the reference, oldest first. variances: shape (windows,), above 0, of each
    window alone. reference_variance: of the reference, whose error all differences share. possible: shape (windows,).

    The likeliest of: one step; a straight rise from some window on, that still goes on; two steps up, as when a part
    of the traffic is changed before all of it. The last has two numbers more, and must be likelier by as much as they
    cost. The level before is near the reference's, but need not be its. (Schwarz 1978; Yao 1988)

    >>> onset_of(np.array([0.1, -0.2, 0.0, 0.1, 2.1, 1.9, 2.0]), np.full(7, 0.1), 0.01)
    Onset(first=4, shape='step')
    >>> onset_of(np.array([0.1, -0.2, 0.0, 0.1, 1.1, 1.9, 3.0, 4.1]), np.full(8, 0.1), 0.01)
    Onset(first=4, shape='ramp')
    """
    if not differences.size:
        return None
    weights = 1 / variances
    shared = 1 / (weights.sum() + 1 / (reference_variance + OFF**2 * float(np.median(variances))))
    pull, known = _stepped(differences, weights, shared)
    gains: dict[Shape, Floats] = {
        "step": _gain(pull, known),
        "ramp": _gain(*_sloped(differences, weights, shared)),
        "steps": _gain_of_two(pull, known, weights, shared) - math.log(differences.size),
    }
    gains = gains if possible is None else {shape: np.where(possible, gain, 0.0) for shape, gain in gains.items()}
    shape = max(gains, key=lambda name: float(gains[name].max()))
    return Onset(int(gains[shape].argmax()), shape) if gains[shape].max() > 0 else None


def _stepped(differences: Floats, weights: Floats, shared: float) -> tuple[Floats, Floats]:
    """Give for a step at each place how much speaks for it, and how well it is known, beside an unknown level."""
    rise, mass = _from(differences * weights), _from(weights)
    return rise - mass * shared * rise[0], mass - mass**2 * shared


def _sloped(differences: Floats, weights: Floats, shared: float) -> tuple[Floats, Floats]:
    """Give the same for a straight rise from each place on, whose first window has risen by one unit."""
    gone = np.arange(1.0, differences.size + 1)
    before = gone - 1
    rise, mass = _from(differences * weights), _from(weights)
    far = _from(weights * gone) - before * mass
    square = _from(weights * gone**2) - 2 * before * _from(weights * gone) + before**2 * mass
    led = _from(differences * weights * gone) - before * rise
    pull, known = led - far * shared * rise[0], square - far**2 * shared
    pull[differences.size - RAMP_NEEDED + 1 :] = 0.0
    return pull, known


def _gain(pull: Floats, known: Floats) -> Floats:
    return np.where(pull > 0, pull**2 / known / 2, 0.0)


def _gain_of_two(pull: Floats, known: Floats, weights: Floats, shared: float) -> Floats:
    """Give for a step at each place the gain of it and the best second one after it, both up; 0 without such."""
    mass = _from(weights)
    both = mass - shared * np.outer(mass, mass)
    place = np.arange(pull.size)
    apart = (place >= place[:, None] + LEVEL_NEEDED) & (place <= pull.size - LEVEL_NEEDED)
    free = np.where(apart, known[:, None] * known - both**2, 1.0)
    one = (known * pull[:, None] - both * pull) / free
    two = (known[:, None] * pull - both * pull[:, None]) / free
    gain = np.where(apart & (one > 0) & (two > 0), (one * pull[:, None] + two * pull) / 2, 0.0)
    return np.asarray(gain.max(axis=1))


def _from(values: Floats) -> Floats:
    """Give the sum from each place to the end."""
    return np.asarray(values[::-1].cumsum()[::-1])
