"""With how many rows a model can be copied: what a client has asked for says something only beside that."""

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]

FIDELITY, BETTER = 0.9, 0.5
LEAST, MOST, HELD, TREES = 50, 6_400, 2_000, 50


def model_budget(points: NDArray[np.float32], classes: Classes, *, rng: np.random.Generator) -> int:
    """Give the least number of rows, of those tried, with which a copy answers as the model does in nine of ten rows.

    points: rows as points, shape (rows, dimensions); classes: what the model answered, below 0 for nothing. Tried are
    50 rows, and twice as many each time, by a random forest; it must halve the error of the most frequent answer, too.
    0 where no number that there are rows for was enough. Who chooses rows well, or knows the model's kind, needs fewer;
    copies of regressions are judged by thirds. (Tramèr 2016; Kesarwani 2018)
    """
    known = rng.permutation(np.flatnonzero(classes >= 0))
    held, rest = np.split(known[: HELD + MOST], [min(HELD, known.size // 3)])
    if not held.size:
        return 0
    plain = 1 - np.unique_counts(classes[held]).counts.max() / held.size
    rows = LEAST
    while rows <= rest.size:
        copy = import_module("sklearn.ensemble").RandomForestClassifier(TREES, random_state=int(rng.integers(2**31)))
        copy.fit(points[rest[:rows]], classes[rest[:rows]])
        wrong = float((copy.predict(points[held]) != classes[held]).mean())
        if wrong <= min(1 - FIDELITY, BETTER * plain):
            return rows
        rows *= 2
    return 0
