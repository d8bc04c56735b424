"""Many near copies of few rows."""

import numpy as np

from monitor.detectors.attack.batches.rows import Labelled, Told

MORE = 4


def measure(batch: Labelled) -> Told:
    """Count the rows that have at least three near copies in the batch, beyond those that the reference explains.

    A near copy shares most of eight fingerprints: random 60 % of the columns, numbers in cells of one standard
    deviation with a random offset. A shared fingerprint counts where it is commoner than three times the reference's
    share of it. (locality-sensitive hashing: Indyk & Motwani 1998; of poison: Shan et al. 2022)

    Blind to copies that are varied by more than a standard deviation in most columns.
    """
    crowded = np.zeros(batch.size, np.intp)
    for table in range(batch.prints.shape[1]):
        _, back, counts = np.unique(batch.prints[:, table], return_inverse=True, return_counts=True)
        crowded += counts[back] >= MORE + 3 * batch.size * batch.usual[:, table]
    found = crowded > batch.prints.shape[1] // 2
    return Told(float(found.sum()), np.flatnonzero(found))
