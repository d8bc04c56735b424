"""Many near copies of few rows."""

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.batches.raked import raked
from monitor.detectors.attack.batches.rows import Floats, Labelled, Told

MORE, TIMES = 4, 3


def measure(batch: Labelled, *, reference: Labelled) -> Told:
    """Count the rows that have at least three near copies in the batch, beyond those that the reference explains.

    A near copy shares most of eight fingerprints: random 60 % of the columns, numbers in cells of one standard
    deviation with a random offset. A shared fingerprint counts where it is commoner than three times the reference's
    share of it, of the reference weighed to the batch's mix of rows: what is rare in the whole may be common among
    rows such as these. (locality-sensitive hashing: Indyk & Motwani 1998; of poison: Shan et al. 2022)

    Blind to copies that are varied by more than a standard deviation in most columns, and to few copies of rows of a
    kind that the reference hardly knows.
    """
    found = _crowded(batch, batch.usual)
    if found.any():
        found &= _crowded(batch, _among_alike(batch, reference))
    return Told(float(found.sum()), np.flatnonzero(found))


def _crowded(batch: Labelled, usual: Floats) -> NDArray[np.bool_]:
    """Say which rows share most fingerprints with more rows than such shares explain; usual: shape (rows, tables)."""
    crowded = np.zeros(batch.size, np.intp)
    for table in range(batch.prints.shape[1]):
        _, back, counts = np.unique(batch.prints[:, table], return_inverse=True, return_counts=True)
        crowded += counts[back] >= MORE + TIMES * batch.size * usual[:, table]
    return np.asarray(crowded > batch.prints.shape[1] // 2)


def _among_alike(batch: Labelled, reference: Labelled) -> Floats:
    """Give the most that each fingerprint's share may be where rows are as the batch's; shape (rows, tables).

    A row more is added to those that the reference holds, since it may have missed the like by chance.
    """
    weights = raked(reference, batch)
    one = (weights**2).sum() / weights.sum()
    found = np.zeros(batch.prints.shape)
    for table in range(batch.prints.shape[1]):
        values, back = np.unique(reference.prints[:, table], return_inverse=True)
        sums = np.bincount(back, weights, values.size)
        at = np.minimum(np.searchsorted(values, batch.prints[:, table]), values.size - 1)
        found[:, table] = np.where(values[at] == batch.prints[:, table], sums[at], 0.0) + one
    return np.asarray(found / weights.sum())
