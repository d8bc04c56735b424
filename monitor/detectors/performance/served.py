"""The rows that a model served, by score and decision, and what the reference teaches of their chances of a hit."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, Outcome
from monitor.stats.estimation import Expected
from monitor.stats.excess import Excess, shift_of, unknown_variance, usual_variance, within_variance
from monitor.stats.reliance import Reliance, relied_on

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

NEVER = 1e-4
"""What features tell moves no chance beyond this from 0 or 1."""

KEPT = 128
"""Of so many windows is remembered what their rows are: as many as a reference is cut into, and more."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows by group of like scores and by decision: counts and mean scores, both (groups, 2).

    excess: what features tell of them beyond the score; None where that is not known.
    """

    counts: Counts
    scores: Floats
    excess: Excess | None = None


@dataclass(frozen=True)
class Parts:
    """Parts of a number's variance: rows within their cells, the reference's usual excess, rows of unknown excess."""

    within: float = 0.0
    usual: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True, eq=False)
class Learned:
    """What a reference teaches: what scores are worth, and the excess that is usual at each score."""

    relied: Reliance
    excess: Excess | None

    def chances(self, rows: Rows) -> tuple[Floats, Floats]:
        """Give the chances of a hit, shape (groups, 2), and their roots, shape (groups, 2, k), as `Reliance` does."""
        return _chances(self, rows)

    def variances(self, rows: Rows, found: Expected) -> Parts:
        """Give the parts of the variance that features bring in or take away."""
        if not (self.excess and rows.excess):
            return Parts()
        return Parts(
            within_variance(found, rows.counts, rows.excess),
            usual_variance(found, rows.counts, rows.excess, self.excess),
            unknown_variance(found, rows.counts, rows.excess, self.excess),
        )


# All metrics of a window ask for the same.
@lru_cache(maxsize=KEPT)
def _chances(learned: Learned, rows: Rows) -> tuple[Floats, Floats]:
    chances, roots = learned.relied.at(rows.scores.ravel())
    chances = chances.reshape(rows.counts.shape)
    if learned.excess and rows.excess:
        moved = chances + shift_of(rows.excess, learned.excess)
        chances = np.clip(moved, np.minimum(chances, NEVER), np.maximum(chances, 1 - NEVER))
    return chances, roots.reshape(*rows.counts.shape, -1)


@lru_cache(maxsize=KEPT)
def served_rows(outcome: Outcome | None) -> Rows | None:
    """Give the served rows; of several classes, a decision is a row of its own and a hit is a right one."""
    if isinstance(outcome, BinaryOutcome):
        return _rows(outcome.served, outcome.served_scores, _excess(outcome))
    if isinstance(outcome, MulticlassOutcome) and outcome.served.size:
        return _rows(_decided(outcome.served), _decided(outcome.served_sums), _excess(outcome))
    return None


@lru_cache(maxsize=KEPT)
def labelled(outcome: Outcome) -> Rows:
    """Give the labelled rows."""
    if isinstance(outcome, BinaryOutcome):
        counts = outcome.counts.sum(axis=2)
        mean = outcome.scores / np.maximum(counts.sum(axis=1), 1)
        return Rows(counts, np.column_stack([mean, mean]), _excess(outcome))
    if not isinstance(outcome, MulticlassOutcome):
        raise TypeError(type(outcome))
    counts = outcome.confidence.sum(axis=1)
    mean = outcome.confidence_sums / np.maximum(counts, 1)
    return Rows(np.column_stack([np.zeros_like(counts), counts]), np.column_stack([mean, mean]), _excess(outcome))


def learned_from(outcome: Outcome | None) -> Learned | None:
    """Learn from a reference's rows; None without scores or without labels of both kinds."""
    if isinstance(outcome, BinaryOutcome):
        rows, hits, sums = outcome.counts.sum(axis=(1, 2)), outcome.counts[:, :, 1].sum(axis=1), outcome.scores
    elif isinstance(outcome, MulticlassOutcome):
        rows, hits, sums = outcome.confidence.sum(axis=1), outcome.confidence[:, 1], outcome.confidence_sums
    else:
        return None
    relied = relied_on(rows, hits, sums / np.maximum(rows, 1))
    return Learned(relied, _excess(outcome)) if relied else None


def _rows(counts: Counts, sums: Floats, excess: Excess | None = None) -> Rows:
    return Rows(counts, sums / np.maximum(counts, 1), excess)


def _decided(by_class: NDArray[Any]) -> NDArray[Any]:
    """Add up over classes, shape (classes, groups), what was decided; nothing was decided otherwise, (groups, 2)."""
    return np.asarray(by_class.sum(axis=0)[:, None] * np.array([0, 1]))


def _excess(outcome: Outcome) -> Excess | None:
    if not isinstance(outcome, BinaryOutcome | MulticlassOutcome) or not outcome.told.any():
        return None
    found = outcome.told, outcome.excess, outcome.excess_squares
    return Excess.of(*(found if isinstance(outcome, BinaryOutcome) else map(_decided, found)))
