"""What a statistic is on a clean batch of the very rows that came: with labels as the reference says of such rows.

A batch of other rows than the reference's, harder ones or those of another season, is no poison: only its labels are
judged, given its features.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from monitor.detectors.attack.batches import prior_shift
from monitor.detectors.attack.batches.calibration import DRAWS, GRAIN, MOST_SKEW, Measure, Null, Spread, null_of
from monitor.detectors.attack.batches.rows import Floats, Labelled, Told

ByClass = Callable[[Labelled], Floats]

DOUBT = 0.01
UNSURE = 0.25
"""So large a part of a share that rows explain may be more, or less."""


class Given(Protocol):
    """What a statistic is on clean batches, for any rows."""

    def null(self, batch: Labelled, told: Told, *, rng: np.random.Generator) -> Null:
        """Give the moments for the rows of a batch of which the statistic says this."""

    def widened(self, by: Spread) -> "Given":
        """Give the same for stretches of time."""


class Laid(NamedTuple):
    """What a statistic says of rows, with its null and p-value."""

    p_value: float
    told: Told
    null: Null


def laid(rows: Labelled, measure: Callable[[Labelled], Told], given: Given, rng: np.random.Generator) -> Laid:
    """Lay what a statistic says of rows beside what it is on clean batches."""
    told = measure(rows)
    null = given.null(rows, told, rng=rng)
    return Laid(null.p_value(told.value), told, null)


@dataclass(frozen=True, eq=False)
class OfSum:
    """A sum over rows of what each row's label scores: its moments follow from the probabilities of the labels.

    by_class: the scores of every label, shape (rows, classes). bias, error: by how much the reference's rows score more
    than promised, a row, at least 0, and its standard error. factor: variances beside those that the probabilities
    promise, at least 1.
    """

    by_class: ByClass
    bias: float
    error: float
    factor: float

    @classmethod
    def learned(cls, by_class: ByClass, reference: Labelled) -> "OfSum":
        """Learn how well the probabilities tell the scores of the reference's own rows."""
        scores = by_class(reference)
        mean, promised, _ = _moments(scores, reference)
        beyond = reference.of_label(scores) - mean
        # What a score tells beyond the probabilities may hold for the reference's rows only, and is not relied on.
        bias, variance = max(float(beyond.mean()), 0.0), float(beyond.var(ddof=1))
        factor = max(1.0, variance / max(float(promised.mean()), 1e-12)) if variance > 0 else 1.0
        return cls(by_class, bias, float(np.sqrt(variance / beyond.size)), factor)

    def null(self, batch: Labelled, told: Told, *, rng: np.random.Generator) -> Null:  # noqa: ARG002  # exact
        """Give the moments of the sum if every label were drawn as the probabilities say, the bias added."""
        mean, variance, third = (float(one.sum()) for one in _moments(self.by_class(batch), batch))
        own = variance * self.factor
        sd = max(np.sqrt(own + (batch.size * self.error) ** 2), 1e-9)
        skew = third * self.factor**1.5 / sd**3
        return Null(mean + batch.size * self.bias, float(sd), float(np.clip(skew, 0.0, MOST_SKEW)))

    def widened(self, by: Spread) -> "OfSum":
        """Give the same for stretches of time, over all of which a sum is what it is."""
        return replace(self, error=self.error * by.times, factor=self.factor * by.times**2)


@dataclass(frozen=True, eq=False)
class OfDraws:
    """A statistic that is known from batches of the reference, and made sure of on the rows that came.

    of_labels: the statistic speaks of labels, so that a value that is rare in the reference is laid beside those of the
    same rows, without the ones that it names, with labels drawn anew; the null that thinks it less rare answers.
    """

    measure: Measure
    learned: Null
    of_labels: bool

    def null(self, batch: Labelled, told: Told, *, rng: np.random.Generator) -> Null:
        """Give the moments on batches of the reference, or on the batch's own rows where these are the wider ones."""
        if not self.of_labels or self.learned.p_value(told.value) > DOUBT:
            return self.learned
        others = batch.take(np.setdiff1d(np.arange(batch.size), told.rows))
        values = np.array([self.measure(relabelled(others, rng)) for _ in range(DRAWS)])
        return max(self.learned, null_of(values, wider=1.0, grain=GRAIN), key=lambda one: one.p_value(told.value))

    def widened(self, by: Spread) -> "OfDraws":
        """Give the same for stretches of time."""
        return replace(self, learned=self.learned.widened(by))


@dataclass(frozen=True, eq=False)
class OfShares:
    """How far shares of labels lie from the reference's: known from its batches, made sure of on the rows that came.

    Where other rows come, other labels do: a distance that is rare among batches of the reference is laid beside those
    of the same rows with labels drawn anew; the null that thinks it less rare answers. priors: shape (classes,).
    """

    learned: Null
    reference: Labelled
    priors: Floats

    def null(self, batch: Labelled, told: Told, *, rng: np.random.Generator) -> Null:
        """Give the moments on batches of the reference, or on the batch's own rows where these are the wider ones."""
        if self.learned.p_value(told.value) > DOUBT:
            return self.learned
        return max(self.learned, self._of_rows(batch, rng), key=lambda one: one.p_value(told.value))

    def widened(self, by: Spread) -> "OfShares":
        """Give the same for stretches of time."""
        return replace(self, learned=self.learned.widened(by))

    def _of_rows(self, batch: Labelled, rng: np.random.Generator) -> Null:
        # probabilities are to say by how much shares move, not how large they are: what they get wrong of the reference
        # they get wrong here; and no row is drawn a label that the reference lacks
        beyond = batch.size * (self.priors - self.reference.chance.mean(axis=0))
        known = replace(batch, chance=batch.chance * (np.arange(batch.classes) < batch.classes - 1))
        beyond[-1], error = 0.0, batch.size * self.error(batch)
        drawn = (prior_shift.counts(relabelled(known, rng)) + beyond for _ in range(DRAWS))
        values = [
            prior_shift.distance(one + error * rng.normal(size=error.size), batch.size * self.priors) for one in drawn
        ]
        return null_of(np.array(values), wider=1.0, grain=GRAIN)

    def error(self, batch: Labelled) -> Floats:
        """Give the standard error of each share that the rows explain; shape (classes,).

        That of the reference, by how much its nearest rows explain another share, and a part of what is explained,
        since what is learned of few rows is drawn towards the mean.
        """
        own = np.eye(batch.classes)[self.reference.label] - self.reference.chance
        moved, near = (
            getattr(batch, name).mean(axis=0) - getattr(self.reference, name).mean(axis=0)
            for name in ("chance", "near")
        )
        variance = own.var(axis=0) / self.reference.size + (moved - near) ** 2 + (UNSURE * moved) ** 2
        return np.asarray(np.sqrt(variance) * (np.arange(batch.classes) < batch.classes - 1))


def residuals(by_class: ByClass, batch: Labelled) -> Floats:
    """Give by how much each row's label scores more than its probabilities promise; shape (rows,)."""
    scores = by_class(batch)
    return np.asarray(batch.of_label(scores) - _moments(scores, batch)[0])


def relabelled(batch: Labelled, rng: np.random.Generator) -> Labelled:
    """Give the same rows with labels drawn from the probabilities."""
    below = np.cumsum(batch.chance, axis=1)
    drawn = (rng.random(batch.size)[:, None] * below[:, -1:] >= below).sum(axis=1)
    return replace(batch, label=np.minimum(drawn, batch.classes - 1).astype(np.intp))


def _moments(scores: Floats, batch: Labelled) -> tuple[Floats, Floats, Floats]:
    """Give mean, variance and third central moment of each row's score; scores: of every label."""
    chance = batch.chance / batch.chance.sum(axis=1, keepdims=True)
    mean = (chance * scores).sum(axis=1)
    apart = scores - mean[:, None]
    return mean, (chance * apart**2).sum(axis=1), (chance * apart**3).sum(axis=1)
