"""How likely each score's row is to be a hit, learned from labelled rows: what an estimate without labels relies on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SMALLEST = 1e-4
STEPS, LONGEST, ENOUGH, RIDGE = 50, 5.0, 1e-9, 1e-3


Chances = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class Reliance:
    """A map from a score to the chance of a hit.

    name: which map it is: raw, beta or isotonic.
    at: gives the chances at scores of shape (n,), and their roots, shape (n, k): roots @ roots.T is the covariance of
        the chances, which were learned.
    """

    name: str
    at: Chances


def relied_on(rows: Counts, hits: Counts, scores: Floats) -> Reliance | None:
    """Learn the map from rows, hits and mean scores of groups of like scores in ascending order, all (groups,).

    The scores themselves, unless a map of them is better by Akaike's criterion, which is what leaving one row out
    would say in the long run: the beta map of three numbers, or the isotonic map with straight lines between
    the middles of its steps, which has as many numbers as steps.
    None when there are not both hits and misses.
    (Kull et al. 2017; Zadrozny & Elkan 2002; Oron & Flournoy 2017; Stone 1977; Meyer & Woodroofe 2000)

    >>> relied_on(np.array([40, 60]), np.array([10, 45]), np.array([0.25, 0.75])).name
    'raw'
    """
    held = rows > 0
    rows, hits, scores = rows[held], hits[held], np.clip(scores[held], SMALLEST, 1 - SMALLEST)
    if not 0 < hits.sum() < rows.sum():
        return None
    beta = _beta(rows, hits, scores)
    isotonic, steps = _isotonic(rows, hits, scores)
    found: dict[str, tuple[Chances, int]] = {
        "raw": (lambda at: (np.clip(at, SMALLEST, 1 - SMALLEST), beta(at)[1]), 0),
        "beta": (beta, 3),
        "isotonic": (isotonic, steps),
    }
    best = min(found, key=lambda name: found[name][1] - _likelihood(rows, hits, found[name][0](scores)[0]))
    return Reliance(best, found[best][0])


def _likelihood(rows: Counts, hits: Counts, chances: Floats) -> float:
    sure = np.clip(chances, SMALLEST, 1 - SMALLEST)
    return float(hits @ np.log(sure) + (rows - hits) @ np.log1p(-sure))


def _beta(rows: Counts, hits: Counts, scores: Floats) -> Chances:
    """Fit logit(chance) = a + b log(score) - c log(1 - score) by Newton's steps."""
    terms, raw = _terms(scores), np.array([0.0, 1.0, 1.0])
    weights, step = raw, raw
    for _ in range(STEPS):
        if np.abs(step).max() < ENOUGH:
            break
        chances = _logistic(terms @ weights)
        # a trace of a ridge towards the raw scores keeps the fit finite where the scores part the classes
        curve = (terms * (rows * chances * (1 - chances))[:, None]).T @ terms + RIDGE * np.eye(3)
        step = np.linalg.solve(curve, terms.T @ (hits - rows * chances) - RIDGE * (weights - raw))
        weights = weights + step * min(1.0, LONGEST / float(np.abs(step).max()))
    half = np.linalg.cholesky(curve)

    def at(values: Floats) -> tuple[Floats, Floats]:
        terms = _terms(np.clip(values, SMALLEST, 1 - SMALLEST))
        chances = _logistic(terms @ weights)
        return chances, np.linalg.solve(half, (terms * (chances * (1 - chances))[:, None]).T).T

    return at


def _terms(scores: Floats) -> Floats:
    return np.column_stack([np.ones(scores.size), np.log(scores), -np.log1p(-scores)])


def _isotonic(rows: Counts, hits: Counts, scores: Floats) -> tuple[Chances, int]:
    """Pool neighbours until the shares of hits never fall; give the map and the number of steps."""
    pools: list[tuple[float, float, float]] = []
    for n, h, score in zip(rows.tolist(), hits.tolist(), scores.tolist(), strict=True):
        pool = (n, h, n * score)
        while pools and pools[-1][1] * pool[0] >= pool[1] * pools[-1][0]:
            before = pools.pop()
            pool = (before[0] + pool[0], before[1] + pool[1], before[2] + pool[2])
        pools.append(pool)
    n, h, total = np.array(pools).T
    shares, careful, own = h / n, (h + 1) / (n + 2), np.eye(n.size)
    errors = np.diag(np.sqrt(careful * (1 - careful) / n))

    def at(values: Floats) -> tuple[Floats, Floats]:
        weights = np.stack([np.interp(values, total / n, unit) for unit in own], axis=1)
        return weights @ shares, weights @ errors

    return at, n.size


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))
