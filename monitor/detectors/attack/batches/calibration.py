"""What a statistic is on batches of the reference, and how rarely it is as large as it was found."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.detectors.attack.batches.rows import Labelled, Places

Floats = NDArray[np.float64]
Measure = Callable[[Labelled], float]

STEPS = 1.25
DRAWS = 200
"""From so many batches that were drawn the moments of a statistic are learned."""
GRAIN = 1e-9
"""The smallest standard deviation of a statistic, where no other is given."""
FEWEST, LARGEST_PART = 50, 0.25
LEAST_SKEW, MOST_SKEW = 0.05, 3.0


@dataclass(frozen=True)
class Spread:
    """How much more a statistic is on stretches of time than on batches drawn at random.

    times: its standard deviation over theirs, at least 1. more: by how much its mean is larger, at least 0.
    """

    times: float = 1.0
    more: float = 0.0

    @classmethod
    def of(cls, stretches: Floats, mixed: Floats, *, grain: float) -> "Spread":
        """Compare values of both; grain: the smallest standard deviation of batches drawn at random.

        A mean that is larger by less than two standard errors is not.
        """
        own, alike = float(stretches.std(ddof=1)), float(mixed.std(ddof=1))
        more = float(stretches.mean() - mixed.mean())
        error = math.sqrt(own**2 / stretches.size + alike**2 / mixed.size)
        return cls(max(1.0, own / max(alike, grain)), more if more > 2 * error else 0.0)


@dataclass(frozen=True)
class Null:
    """Mean, standard deviation and skewness of a statistic on batches without an attack."""

    mean: float
    sd: float
    skew: float

    def widened(self, by: Spread) -> "Null":
        """Give the same for stretches of time."""
        return replace(self, mean=self.mean + by.more, sd=self.sd * by.times)

    def z(self, value: float) -> float:
        """Give a value in standard deviations from the mean."""
        return (value - self.mean) / self.sd

    def p_value(self, value: float) -> float:
        """Give the chance of such a value or a larger one, by a gamma of these three moments. (Pearson 1895)."""
        if self.skew < LEAST_SKEW:
            return float(ndtr(-self.z(value)))
        return float(scipy.stats.pearson3.sf(self.z(value), self.skew))

    def threshold(self, alpha: float) -> float:
        """Give the value that is reached with chance alpha."""
        deviate = scipy.stats.pearson3.isf(alpha, self.skew if self.skew >= LEAST_SKEW else 0.0)
        return self.mean + self.sd * float(deviate)


def size_of(rows: int, *, reference: int) -> int:
    """Give of how many rows a batch is judged: steps of a quarter, at most a quarter of the reference; 0 if too few.

    Few sizes, so that what was learned of one serves many batches.

    >>> size_of(500, reference=8000), size_of(30, reference=8000), size_of(10**6, reference=8000)
    (466, 0, 1777)
    """
    most = min(rows, int(LARGEST_PART * reference))
    if most < FEWEST:
        return 0
    return math.ceil(FEWEST * STEPS ** math.floor(math.log(most / FEWEST, STEPS) + 1e-9) - 1e-9)


def draws(reference: Labelled, size: int, *, batches: int, rng: np.random.Generator) -> Iterator[Labelled]:
    """Draw batches from the reference, each without repeats."""
    for _ in range(batches):
        yield reference.take(rng.choice(reference.size, size, replace=False))


def nulls_of(
    measures: Mapping[str, Measure],
    reference: Labelled,
    size: int,
    *,
    batches: int,
    rng: np.random.Generator,
    grains: Mapping[str, float],
    distances: Collection[str] = (),
) -> dict[str, Null]:
    """Learn what statistics are on batches of the reference.

    A batch drawn from a part of the population shares rows with others: its variance lacks 1 - size / reference, and
    the reference is itself a sample, which adds 1 + size / reference. grains: the smallest standard deviation of each.
    distances: those that are distances from the reference's shares, and so are larger on the whole by as much.
    """
    values: dict[str, list[float]] = {name: [] for name in measures}
    for batch in draws(reference, size, batches=batches, rng=rng):
        for name, measure in measures.items():
            values[name].append(measure(batch))
    part = size / reference.size
    wider = math.sqrt((1 + part) / (1 - part))
    found = {name: null_of(np.array(one), wider=wider, grain=grains.get(name, GRAIN)) for name, one in values.items()}
    return {name: replace(one, mean=one.mean * wider) if name in distances else one for name, one in found.items()}


def null_of(values: Floats, *, wider: float, grain: float) -> Null:
    """Give the moments of one statistic's values; the skewness with one standard error added."""
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    skew = float((((values - mean) / sd) ** 3).mean()) if sd > 0 else 0.0
    careful = min(max(skew + math.sqrt(6 / values.size), 0.0), MOST_SKEW)
    return Null(mean, max(sd * wider, grain), careful)


def blocks(order: Places, size: int) -> Sequence[Places]:
    """Cut rows in the order of time into whole batches."""
    return [order[start : start + size] for start in range(0, order.size - size + 1, size)]
