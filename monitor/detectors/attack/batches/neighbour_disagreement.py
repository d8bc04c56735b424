"""Labels that the nearest rows of the reference do not bear."""

import numpy as np

from monitor.detectors.attack.batches.rows import Floats, Labelled, Told

SELDOM = 0.15


def by_class(batch: Labelled) -> Floats:
    """Give the share of each row's nearest reference rows that have another label than each."""
    return np.asarray(1 - batch.near)


def scores(batch: Labelled) -> Floats:
    """Give the share of each row's nearest reference rows that have another label."""
    return batch.of_label(by_class(batch))


def measure(batch: Labelled) -> Told:
    """Sum up, over the rows, the share of the nearest reference rows with another label; in [0, rows].

    Rows are named where hardly any neighbour bears their label. (Wilson 1972; label noise by neighbours: Zhu, Dong &
    Liu 2022)

    Blind where neighbours say little of the label, and to a whole region that is relabelled with its neighbours.
    """
    apart = scores(batch)
    return Told(float(apart.sum()), np.flatnonzero(apart > 1 - SELDOM))
