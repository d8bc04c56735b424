"""Are p-values what they say? On null data each must be uniform, or provably conservative: never too small."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from figure import Figure
from scipy.stats import kstest

from monitor.detectors import DETECTORS
from monitor.detectors.quality import volume
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Roles
from quality import Bench

LEVELS = (0.5, 0.1, 0.05, 0.01, 0.001)
CATEGORIES = 50
Made = Callable[[np.random.Generator, int], dict[str, np.ndarray]]


@dataclass(frozen=True, order=True)
class Cell:
    """One detector on one column, or on the model as a whole, for one pair of sizes."""

    detector: str
    column: str
    task: str
    window: int
    reference: int

    def __str__(self) -> str:
        """Say where that is."""
        return f"{self.column or self.task} {self.window:,}/{self.reference:,}"


def figures(bench: Bench) -> Iterator[Figure]:
    """Draw reference and window anew in every trial, bins and all, and look at each cell's p-values."""
    trials = 100 if bench.quick else 500
    found = defaultdict[Cell, list[float]](list)
    for reference in (5_000, 20_000) if bench.quick else (5_000, 100_000):
        for window in (50, 1_000, 10_000) if bench.quick else (50, 300, 1_000, 10_000, 100_000):
            for cell, p in pooled(trials, window, reference):
                found[cell].append(p)
            print(f"p-values: {window:,} rows against {reference:,}", file=sys.stderr, flush=True)
    for cell, p in volumes(trials):
        found[cell].append(p)
    cells = {cell: np.array(values) for cell, values in found.items() if len(values) >= trials // 2}
    yield from judged(cells, trials)


def judged(cells: dict[Cell, np.ndarray], trials: int) -> Iterator[Figure]:
    """Say what share of cells is neither uniform nor conservative, over all and for each detector that has any."""
    odd = {cell: excess(p) for cell, p in cells.items() if not uniform(p) and excess(p)}
    uneven = sum(not uniform(p) for p in cells.values()) / len(cells)
    how = (
        f"{len(odd)} of {len(cells)} cells at {trials} trials; KS p ≤ .01 in {uneven:.1%} (conservative ones included)"
    )
    yield Figure(
        "p-values on null data: cells neither uniform nor conservative", len(odd) / len(cells), "", how, None, 0.01
    )
    by_detector = defaultdict[str, list[Cell]](list)
    for cell in cells:
        by_detector[cell.detector].append(cell)
    for name, mine in sorted(by_detector.items()):
        bad = [f"{cell}: {odd[cell]}" for cell in mine if cell in odd]
        if bad:
            how = f"{len(bad)} of {len(mine)} cells: {'; '.join(bad[:8])}"
            yield Figure(f"p-values of {name}", len(bad) / len(mine), "", how, None, 0.02)
    small = np.concatenate([p for p in cells.values() if p.size])
    for level in (0.01, 0.001):
        yield Figure(f"p ≤ {level} over all cells", float((small <= level).mean()), "", f"{small.size:,} p-values")


def uniform(p: np.ndarray) -> bool:
    """Say whether p-values pass for uniform ones."""
    return bool(kstest(p, "uniform").pvalue > 0.01)


def excess(p: np.ndarray) -> str:
    """Name the levels that are reached more often than they say by over 3 sd; the empty text if none is."""
    over = []
    for level in LEVELS:
        share = float((p <= level).mean())
        if share > level + 3 * np.sqrt(level * (1 - level) / p.size):
            over.append(f"p ≤ {level:g} in {share:.3g}")
    return ", ".join(over)


def pooled(trials: int, window: int, reference: int) -> Iterator[tuple[Cell, float]]:
    """Give every p-value of so many trials."""
    for task, (made, roles) in TASKS.items():
        rng = np.random.default_rng([window, reference, len(task)])
        for _ in range(trials):
            held = pa.table(made(rng, reference))
            layout = layout_of(held, roles)
            before = profile_table(held, layout, reference=True)
            after = profile_table(pa.table(made(rng, window)), layout)
            for detector in DETECTORS:
                for one in detector.compare(before, after):
                    if one.p_value is not None:
                        yield Cell(detector.name, one.column, task, window, reference), one.p_value


def volumes(trials: int) -> Iterator[tuple[Cell, float]]:
    """Give p-values of numbers of rows that vary more than chance alone would have them."""
    rng = np.random.default_rng(3)
    for mean in (50, 1_000):
        for _ in range(trials):
            counts = rng.poisson(mean * rng.gamma(50, 1 / 50, 29))
            one = volume.compare_counts(counts[:-1].tolist(), int(counts[-1]))
            if one.p_value is not None:
                yield Cell(one.detector, "", "rows", mean, 28), one.p_value


def binary(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Make features of all kinds, and a calibrated score with its decision and label."""
    lost = rng.normal(size=n)
    lost[rng.random(n) < 0.1] = np.nan
    shares = 1 / np.arange(1, CATEGORIES + 1)
    score = rng.beta(0.8, 2.0, n)
    return {
        "lognormal": rng.lognormal(1, 1, n),
        "spiked": np.where(rng.random(n) < 0.3, 0.0, rng.gamma(2, 50, n)),
        "poisson": rng.poisson(3, n).astype(float),
        "normal": rng.normal(10, 3, n),
        "missing": lost,
        "zipf": np.array([f"v{i}" for i in range(CATEGORIES)])[rng.choice(CATEGORIES, n, p=shares / shares.sum())],
        "score": score,
        "predicted": (score >= 0.5).astype(np.int64),
        "label": (rng.random(n) < score).astype(np.int64),
    }


def regression(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Make predictions with skewed errors that grow with them."""
    predicted = rng.gamma(3, 10, n)
    return {"predicted": predicted, "label": predicted + np.sqrt(predicted) * (rng.exponential(2, n) - 2)}


def multiclass(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Make three calibrated scores, the likeliest class and the label."""
    scores = rng.dirichlet([0.6, 0.4, 0.3], n)
    label = (rng.random(n)[:, None] > scores.cumsum(axis=1)[:, :2]).sum(axis=1)
    names = np.array(["a", "b", "c"])
    held = {f"p_{name}": scores[:, i] for i, name in enumerate(names)}
    return {**held, "predicted": names[scores.argmax(axis=1)], "label": names[label]}


OUT = {"timestamp": "timestamp", "prediction": "predicted", "label": "label"}
TASKS: dict[str, tuple[Made, Roles]] = {
    "binary": (binary, Roles(**OUT, scores=("score",))),
    "regression": (regression, Roles(**OUT)),
    "multiclass": (multiclass, Roles(**OUT, scores=("p_a", "p_b", "p_c"), classes=("a", "b", "c"))),
}
