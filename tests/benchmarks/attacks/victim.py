"""The attacked model as an attacker has it: scores for unit vectors, and every question a row of the log."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from attacks.worlds import Rows, World


class Spent(Exception):  # noqa: N818  # an end, no error
    """Raised when the questions that were allowed have been asked."""


@dataclass
class Victim:
    """A world with a log of what was asked.

    raw: what is sent is left as the library made it, off the columns' lattice. target: which of the attacker's targets
    is worked on.
    """

    world: World
    allowed: int
    raw: bool = False
    target: int = 0
    _asked: list[Rows] = field(default_factory=list)
    _scores: list[np.ndarray] = field(default_factory=list)
    _truth: list[tuple[int, bool]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Count the questions."""
        return len(self._truth)

    def scores(self, unit: np.ndarray, *, honest: np.ndarray | None = None) -> np.ndarray:
        """Answer unit vectors with each class's probability and log them; Spent once too many were asked.

        honest: marks rows that are not the attack's own work and only mixed in.
        """
        rows = self.world.rows(np.atleast_2d(unit), raw=self.raw)[: self.allowed - self.asked]
        if not len(rows):
            raise Spent
        scores = self.world.scores(rows)
        self._asked.append(rows)
        self._scores.append(scores)
        crafted = np.ones(len(rows), dtype=bool) if honest is None else ~honest[: len(rows)]
        self._truth += [(self.target, bool(one)) for one in crafted]
        if len(rows) < len(np.atleast_2d(unit)):
            raise Spent
        return scores

    def labels(self, unit: np.ndarray) -> np.ndarray:
        """Answer unit vectors with the predicted class."""
        return self.scores(unit).argmax(axis=1)

    def log(self) -> pd.DataFrame:
        """Give the log as rows of the world with `target` and `crafted`."""
        rows = self.world.frame(np.vstack(self._asked), np.vstack(self._scores))
        return rows.assign(target=[one[0] for one in self._truth], crafted=[one[1] for one in self._truth])


Attack = Callable[[Victim, np.random.Generator], None]


def targets(victim: Victim, rng: np.random.Generator) -> "list[np.ndarray]":
    """Give the attacker's own rows in a random order, as unit vectors within the unit cube."""
    unit = victim.world.unit(victim.world.own)
    inside = unit[((unit >= 0) & (unit <= 1)).all(axis=1)]
    return list(inside[rng.permutation(len(inside))[:400]])
