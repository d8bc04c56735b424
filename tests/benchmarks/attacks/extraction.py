"""Attacks that copy the model, and probes of its training rows and its boundary.

Sources: Tramèr 2016 (uniform and line search), Papernot 2017 (JBDA), Chandrasekaran 2020 (active learning), Orekondy
2019 (Knockoff), Choquette-Choo 2021 (membership from the labels of noisy copies).
"""

import numpy as np

from attacks.surrogate import taught
from attacks.victim import Attack, Victim, targets

BATCH = 100


def _uniform(victim: Victim, rng: np.random.Generator) -> None:
    victim.scores(rng.uniform(0, 1, (victim.allowed, len(victim.world.columns))))


def _marginals(victim: Victim, rng: np.random.Generator) -> None:
    victim.scores(_independent(victim, rng, victim.allowed))


def _independent(victim: Victim, rng: np.random.Generator, n: int) -> np.ndarray:
    unit = victim.world.unit(victim.world.own)
    return np.column_stack([rng.choice(unit[:, place], n) for place in range(unit.shape[1])])


def _jbda(victim: Victim, rng: np.random.Generator) -> None:
    """Start from fifty real rows; then again and again a step along the surrogate's gradient from what was asked."""
    unit = victim.world.unit(victim.world.own)
    asked = np.clip(unit[rng.choice(len(unit), 50, replace=False)], 0, 1)
    answers = victim.labels(asked)
    classes = len(victim.world.scores(victim.world.own[:1])[0])
    while True:
        surrogate = taught(asked, answers, seed=int(rng.integers(1000)), classes=classes)
        slope = surrogate.loss_gradient(asked, np.eye(classes)[answers])
        new = np.clip(asked + rng.choice([-0.1, 0.1]) * np.sign(slope), 0, 1)
        new = new[rng.permutation(len(new))[:400]]
        asked, answers = np.vstack([asked, new]), np.append(answers, victim.labels(new))


def _active(victim: Victim, rng: np.random.Generator, pool: np.ndarray) -> None:
    """Ask in batches what the surrogate is least sure of."""
    pool = pool[rng.permutation(len(pool))[:4_000]]
    asked, left = pool[:BATCH], pool[BATCH:]
    answers = victim.labels(asked)
    classes = len(victim.world.scores(victim.world.own[:1])[0])
    while True:
        surrogate = taught(asked, answers, seed=int(rng.integers(1000)), classes=classes)
        two = np.sort(surrogate.shares(left), axis=1)[:, -2:]
        order = np.argsort(two[:, 1] - two[:, 0])
        new, left = left[order[:BATCH]], left[order[BATCH:]]
        asked, answers = np.vstack([asked, new]), np.append(answers, victim.labels(new))


def _active_synthetic(victim: Victim, rng: np.random.Generator) -> None:
    _active(victim, rng, _independent(victim, rng, 4_000))


def _active_real(victim: Victim, rng: np.random.Generator) -> None:
    _active(victim, rng, victim.world.unit(victim.world.own))


def _knockoff_other(victim: Victim, rng: np.random.Generator) -> None:
    victim.scores(victim.world.unit(rng.permutation(victim.world.other)))


def _knockoff_real(victim: Victim, rng: np.random.Generator) -> None:
    victim.scores(victim.world.unit(rng.permutation(victim.world.own)))


def _line_search(victim: Victim, rng: np.random.Generator) -> None:
    """Halve the way between two real rows of different answers ten times, then take two others."""
    rows = targets(victim, rng)
    while True:
        one, two = (rows[int(rng.integers(len(rows)))] for _ in range(2))
        first, second = (victim.labels(row)[0] for row in (one, two))
        if first == second:
            continue
        for _ in range(10):
            middle = (one + two) / 2
            one, two = (middle, two) if victim.labels(middle)[0] == first else (one, middle)
        victim.target += 1


def _membership(victim: Victim, rng: np.random.Generator) -> None:
    """Ask a row and eight noisy copies, row after row; every other one is a row of training."""
    world, numbers = victim.world, ~victim.world.categorical
    while True:
        rows = (world.training, world.own)[victim.target % 2]
        row = world.unit(rows[int(rng.integers(len(rows)))])
        noise = rng.normal(0, 0.03, (8, len(row))) * numbers
        other = rng.uniform(0, 1, noise.shape)
        copies = np.where((rng.random(noise.shape) < 0.08) & ~numbers, other, row + noise)
        victim.scores(np.vstack([row[None], np.where(numbers, np.clip(copies, 0, 1), copies)]))
        victim.target += 1


EXTRACTION: dict[str, Attack] = {
    "uniform": _uniform,
    "marginals": _marginals,
    "jbda": _jbda,
    "active-synthetic": _active_synthetic,
    "active-real": _active_real,
    "knockoff-other": _knockoff_other,
    "knockoff-real": _knockoff_real,
}
PROBES: dict[str, Attack] = {"line-search": _line_search, "membership": _membership}
