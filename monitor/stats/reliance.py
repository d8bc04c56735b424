"""How likely each score's row is to be a hit, learned from labelled rows: what an estimate without labels relies on."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SMALLEST, FARTHEST = 1e-4, 1e-9
STEPS, ENOUGH, NEGLIGIBLE = 60, 1e-8, 0.01
USUAL = np.array([2.0, 1.0, 0.5])
"""How far scores may be from what they say before it is a surprise: level, slope and skew of their log odds."""
WAVES = np.arange(1, 25)
ROUGHNESS = (0.3, 1.0, 3.0, 10.0)

Chances = Callable[[Floats], tuple[Floats, Floats]]
Terms = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Reliance:
    """A map from a score to the chance of a hit.

    weights: how far each kind of map is believed, summing to 1: raw, beta, waves over score and waves over rank.
    at: gives the chances at scores of shape (n,), and their roots, shape (n, k): roots @ roots.T is the covariance of
        the chances, which were learned.
    """

    weights: Mapping[str, float]
    at: Chances


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Rows, hits and mean scores of groups of like scores in ascending order, all (groups,)."""

    rows: Floats
    hits: Floats
    scores: Floats

    def likelihood(self, odds: Floats) -> float:
        return float(self.hits @ odds - self.rows @ np.logaddexp(0, odds))


@dataclass(frozen=True, eq=False)
class _Map:
    """One map, and the logarithm of how likely it is and the labels are by it, before it was fitted to them."""

    name: str
    at: Chances
    evidence: float


def relied_on(rows: Counts, hits: Counts, scores: Floats) -> Reliance | None:
    """Learn the map from rows, hits and mean scores of groups of like scores in ascending order, all (groups,).

    The mean of several maps, each as far as the labels speak for it: the scores themselves, the beta map of three
    numbers, and this one with waves over the scores' log odds or over their rank, of four sizes. What a map says is
    drawn towards the scores' own word where there are few labels. Evidence and errors by Laplace's method.
    None when there are not both hits and misses.
    (Kull et al. 2017; Wahba 1978; Rasmussen & Williams 2006, ch. 3; Hoeting et al. 1999)

    >>> relied = relied_on(np.array([40, 60]), np.array([10, 45]), np.array([0.25, 0.75]))
    >>> max(relied.weights, key=relied.weights.get), relied.at(np.array([0.5]))[0].round(2).tolist()
    ('raw', [0.5])
    """
    held = rows > 0
    known = _Labelled(rows[held].astype(np.float64), hits[held].astype(np.float64), scores[held])
    if not 0 < known.hits.sum() < known.rows.sum():
        return None
    return _averaged([_raw(known), *(_fitted(known, name, terms) for name, terms in _shapes(known))])


def _averaged(maps: list[_Map]) -> Reliance:
    evidence = np.array([one.evidence for one in maps])
    weights = np.exp(evidence - evidence.max())
    believed = weights > NEGLIGIBLE * weights.sum()
    weights = weights[believed] / weights[believed].sum()
    kept = [one for one, held in zip(maps, believed, strict=True) if held]

    def at(scores: Floats) -> tuple[Floats, Floats]:
        made = [one.at(scores) for one in kept]
        chances = np.array([each for each, _ in made])
        mean = np.average(chances, axis=0, weights=weights)
        within = [roots * np.sqrt(weight) for (_, roots), weight in zip(made, weights, strict=True)]
        return mean, np.hstack([*within, (chances - mean).T * np.sqrt(weights)])

    names = [one.name for one in kept]
    return Reliance({name: float(weights[[name == one for one in names]].sum()) for name in names}, at)


def _raw(known: _Labelled) -> _Map:
    def at(scores: Floats) -> tuple[Floats, Floats]:
        return _logistic(_odds(scores)), np.zeros((scores.size, 0))

    return _Map("raw", at, known.likelihood(_odds(known.scores)))


def _shapes(known: _Labelled) -> Iterator[tuple[str, Terms]]:
    """Give the terms of each map's log odds beside the score's own, so scaled that a weight of 1 is usual."""
    yield "beta", _beta
    places = _odds(known.scores, FARTHEST)
    ranks = (known.rows.cumsum() - known.rows / 2) / known.rows.sum()
    evenly = (places - places[0]) / max(float(np.ptp(places)), FARTHEST)
    for name, to in (("waves over score", evenly), ("waves over rank", ranks)):
        for size in ROUGHNESS:
            yield name, _waves(places, to, size)


def _beta(scores: Floats) -> Floats:
    inner = np.clip(scores, SMALLEST, 1 - SMALLEST)
    up, down = np.log(inner), np.log1p(-inner)
    return np.asarray(np.column_stack([np.ones(scores.size), (up - down) / 2, (up + down) / 2]) * USUAL)


def _waves(places: Floats, to: Floats, size: float) -> Terms:
    """Give the beta map's terms and cosines, each half as large as one twice as long: nearly a walk of chance."""

    def terms(scores: Floats) -> Floats:
        along = np.interp(_odds(scores, FARTHEST), places, to)
        return np.column_stack([_beta(scores), np.cos(np.pi * along[:, None] * WAVES) * (size / WAVES)])

    return terms


def _fitted(known: _Labelled, name: str, terms: Terms) -> _Map:
    """Fit weights, each normal about 0 with variance 1 beforehand, by Newton's steps that never go down."""
    given, own = terms(known.scores), _odds(known.scores)

    def fit(weights: Floats) -> float:
        return known.likelihood(own + given @ weights) - float(weights @ weights) / 2

    weights = np.zeros(given.shape[1])
    best = fit(weights)
    for _ in range(STEPS):
        chances, half = _curved(known, given, own + given @ weights)
        slope = given.T @ (known.hits - known.rows * chances) - weights
        step = np.linalg.solve(half.T, np.linalg.solve(half, slope))
        while (now := fit(weights + step)) < best and np.abs(step).max() > ENOUGH:
            step = step / 2
        if now - best < ENOUGH:
            break
        weights, best = weights + step, now
    chances, half = _curved(known, given, own + given @ weights)
    back = np.linalg.inv(half).T

    def at(scores: Floats) -> tuple[Floats, Floats]:
        made = terms(scores)
        chances = _logistic(_odds(scores) + made @ weights)
        return chances, (made * (chances * (1 - chances))[:, None]) @ back

    # the maps of one kind are together as likely as one of another
    beforehand = 0.0 if name == "beta" else -math.log(len(ROUGHNESS))
    return _Map(name, at, beforehand + best - float(np.log(np.diag(half)).sum()))


def _curved(known: _Labelled, given: Floats, odds: Floats) -> tuple[Floats, Floats]:
    """Give the chances, and the Cholesky factor of how sharply the fit falls off about them."""
    chances = _logistic(odds)
    curve = (given * (known.rows * chances * (1 - chances))[:, None]).T @ given
    return chances, np.asarray(np.linalg.cholesky(curve + np.eye(curve.shape[0])), dtype=np.float64)


def _odds(scores: Floats, smallest: float = SMALLEST) -> Floats:
    inner = np.clip(scores, smallest, 1 - smallest)
    return np.asarray(np.log(inner) - np.log1p(-inner))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))
