"""Attacks that look for an input with another answer: those of the toolbox, and those that it lacks for mixed rows.

Sources: Chen 2020 (HopSkipJump), Brendel 2018 (Boundary), Ilyas 2018 (NES), Guo 2019 (SimBA), Chen 2017 (ZOO),
Andriushchenko 2020 (Square), Goodfellow 2015 (FGSM), Madry 2018 (PGD).
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from art.attacks.evasion import (
    BoundaryAttack,
    FastGradientMethod,
    HopSkipJump,
    ProjectedGradientDescent,
    SimBA,
    SquareAttack,
    ZooAttack,
)
from art.estimators.classification import BlackBoxClassifier, BlackBoxClassifierNeuralNetwork

from attacks.surrogate import Network, taught
from attacks.victim import Attack, Victim, targets

Tried = Callable[[Victim, np.random.Generator, np.ndarray], None]


def _each(tried: Tried) -> Attack:
    """Make an attack of one on a target: target after target until the questions are spent."""

    def attack(victim: Victim, rng: np.random.Generator) -> None:
        np.random.seed(rng.integers(2**31))  # noqa: NPY002  # the toolbox draws from there
        for target in targets(victim, rng):
            tried(victim, rng, target)
            victim.target += 1

    return attack


def _box(victim: Victim, *, shape: tuple[int, ...]) -> BlackBoxClassifierNeuralNetwork:
    def answer(x: np.ndarray) -> np.ndarray:
        return victim.scores(x.reshape(len(x), -1))

    return BlackBoxClassifierNeuralNetwork(
        answer, shape, len(victim.world.scores(victim.world.own[:1])[0]), clip_values=(0, 1)
    )


def _plain(victim: Victim) -> BlackBoxClassifier:
    classes = len(victim.world.scores(victim.world.own[:1])[0])
    return BlackBoxClassifier(victim.scores, (len(victim.world.columns),), classes, clip_values=(0, 1))


def _start(victim: Victim, rng: np.random.Generator, target: np.ndarray) -> np.ndarray | None:
    """Ask the attacker's own rows until one has another answer; every other attacker starts from noise instead."""
    if victim.target % 2:
        return None
    asked = victim.labels(target)[0]
    for row in targets(victim, rng):
        if victim.labels(row)[0] != asked:
            return np.float32(row)[None]
    return None


def _hopskipjump(victim: Victim, rng: np.random.Generator, target: np.ndarray) -> None:
    attack = HopSkipJump(_plain(victim), norm=2, max_iter=6, init_eval=20, max_eval=100, verbose=False)
    attack.generate(np.float32(target)[None], x_adv_init=_start(victim, rng, target))


def _boundary(victim: Victim, rng: np.random.Generator, target: np.ndarray) -> None:
    settings = {"targeted": False, "max_iter": 30, "num_trial": 5, "sample_size": 10, "verbose": False}
    attack = BoundaryAttack(_plain(victim), delta=0.05, epsilon=0.05, **settings)
    attack.generate(np.float32(target)[None], x_adv_init=_start(victim, rng, target))


def _simba(victim: Victim, _: np.random.Generator, target: np.ndarray) -> None:
    shape = (1, len(target), 1)
    attack = SimBA(_box(victim, shape=shape), attack="px", max_iter=3 * len(target), epsilon=0.1, verbose=False)
    attack.generate(np.float32(target).reshape(1, *shape))


def _zoo(victim: Victim, _: np.random.Generator, target: np.ndarray) -> None:
    settings = {"use_resize": False, "use_importance": False, "variable_h": 0.02, "verbose": False}
    parallel = min(len(target), 16)
    attack = ZooAttack(
        _plain(victim), learning_rate=0.05, max_iter=15, nb_parallel=parallel, initial_const=1.0, **settings
    )
    attack.generate(np.float32(target)[None])


def _square(victim: Victim, _: np.random.Generator, target: np.ndarray) -> None:
    shape = (1, 8, 8)
    attack = SquareAttack(_box(victim, shape=shape), eps=0.15, max_iter=150, p_init=0.3, verbose=False)
    attack.generate(np.float32(target).reshape(1, *shape))


def _nes(victim: Victim, rng: np.random.Generator, target: np.ndarray) -> None:
    """Climb by the gradient of the score, estimated from 20 pairs about the row."""
    first = int(victim.labels(target)[0])
    numbers, at = ~victim.world.categorical, target.copy()
    for _ in range(12):
        around = rng.normal(0, 1, (20, len(target))) * numbers
        asked = victim.scores(np.clip(np.vstack([at + 0.02 * around, at - 0.02 * around]), 0, 1))[:, first]
        slope = ((asked[:20] - asked[20:])[:, None] * around).sum(axis=0)
        at = np.clip(at - 0.03 * np.sign(slope) * numbers, 0, 1)
        if victim.labels(at)[0] != first:
            return


def _greedy(victim: Victim, _: np.random.Generator, target: np.ndarray) -> None:
    """Try every other value of every categorical column, keep the best one, go on from there."""
    first, at = int(victim.labels(target)[0]), target.copy()
    for _round in range(3):
        tries = []
        for place in np.flatnonzero(victim.world.categorical):
            for code in np.linspace(0, 1, len(victim.world.columns[place].names)):
                if abs(code - at[place]) > 1e-6:
                    tries.append(at.copy())
                    tries[-1][place] = code
        asked = np.array([victim.scores(one)[0, first] for one in tries])
        at = tries[int(asked.argmin())]
        if asked.min() < 0.5:
            return


def _one_shot(victim: Victim, rng: np.random.Generator, *, eps: float, steps: int) -> None:
    """Send rows crafted on a surrogate, one for each honest row of the same client; the gradient needs no question."""
    own = victim.world.unit(victim.world.own)
    surrogate: Network = taught(own[:3_000], victim.world.scores(victim.world.own[:3_000]).argmax(axis=1))
    settings = {"eps": eps, "batch_size": 256}
    if steps == 1:
        attack = FastGradientMethod(surrogate, **settings)
    else:
        attack = ProjectedGradientDescent(
            surrogate, eps_step=eps / 4, max_iter=steps, num_random_init=1, verbose=False, **settings
        )
    rows = np.clip(own[rng.choice(np.arange(3_000, len(own)), victim.allowed // 2, replace=False)], 0, 1)
    numbers = np.broadcast_to(~victim.world.categorical, rows.shape).astype(np.float32)
    np.random.seed(rng.integers(2**31))  # noqa: NPY002  # the toolbox draws from there
    made = attack.generate(np.float32(rows), mask=numbers)
    honest = own[rng.choice(len(own), len(made))]
    victim.scores(np.stack([honest, made], axis=1).reshape(-1, own.shape[1]), honest=np.arange(2 * len(made)) % 2 == 0)


QUERIES: dict[str, Attack] = {
    "hopskipjump": _each(_hopskipjump),
    "boundary": _each(_boundary),
    "nes": _each(_nes),
    "simba": _each(_simba),
    "zoo": _each(_zoo),
}
SQUARE: dict[str, Attack] = {"square": _each(_square)}
GREEDY: dict[str, Attack] = {"greedy": _each(_greedy)}
ONE_SHOT: dict[str, Attack] = {
    f"{name}-{eps}": partial(_one_shot, eps=eps, steps=steps)
    for name, steps in (("fgsm", 1), ("pgd", 10))
    for eps in (0.05, 0.1, 0.2)
}
