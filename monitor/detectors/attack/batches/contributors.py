"""One contributor whose labels contradict the reference more than others' do."""

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.batches.label_contradiction import NAMED, flip_scores
from monitor.detectors.attack.batches.rows import NONE, Floats, Labelled, Places, Told
from monitor.stats.tails import hypergeometric_tail

SHARES = (0.05, 0.1, 0.2, 0.4, 0.8)
LEVEL, SURE = 0.01, float(np.log(1e4))
LEAST = (NAMED, 0.0)
"""Rows are doubtful that surely look flipped, or rather than not: of a family that features hardly tell, all the latter
kind."""


def flip_evidence(batch: Labelled, usual: Floats) -> Floats:
    """Give each row's log e-value against "no label is flipped", for each share of flips; shape (rows, shares).

    usual: shape (shares,), the logarithm of the ratios' mean over the reference, which is taken off.
    """
    scores = [flip_scores(batch.own, classes=batch.classes - 1, share=share) for share in SHARES]
    return np.asarray(np.column_stack(scores) - usual)


def gathered(steps: Floats) -> float:
    """Give the logarithm of an e-value that gathers rows: half of it from the first on, half from any of them on.

    steps: shape (rows, shares), log e-values in the order of arrival. A mean of products of e-values is one, so that
    it exceeds 1 / a in at most a of the cases without flips. (Shin, Ramdas & Rinaldo 2024)

    >>> round(gathered(np.log([[0.5], [2.0], [2.0]])), 3)
    0.847
    """
    ahead = steps[::-1].cumsum(axis=0)[::-1]
    some = np.logaddexp.reduce(ahead, axis=None) - np.log(ahead.size)
    whole = np.logaddexp.reduce(ahead[0]) - np.log(ahead.shape[1])
    return float(np.logaddexp(whole, some) - np.log(2))


def measure(batch: Labelled, *, usual: Floats) -> Told:
    """Give the largest log e-value of a contributor's flips, less the logarithm of how many there are; its rows named.

    Named with it is who has an e-value of ten thousand to one.

    The p-value is exp(-value), at most 1. Nothing of it is learned from contributors of the reference. (Vovk & Wang
    2021; Shin, Ramdas & Rinaldo 2024)

    Only one that stands out of the others of the batch, too, is told. Blind to a contributor who flips so little that
    its rows do not add up, to several who flip alike and label most rows, and where nobody is named; unjust to one
    whose cases are unlike the reference's.
    """
    scores = flip_scores(batch.own, classes=batch.classes - 1)
    doubtful = scores > 0
    known = np.unique(batch.contributor[batch.contributor >= 0])
    levels = [stand_out(batch.contributor, scores > least, known, looks=len(LEAST)) for least in LEAST]
    apart = known[np.logical_or.reduce(levels)]
    if not apart.size:
        return Told(0.0, NONE)
    evidence = flip_evidence(batch, usual)
    reached = np.array([gathered(evidence[batch.contributor == one]) for one in apart]) - np.log(known.size)
    ranked = apart[np.argsort(-reached, kind="stable")]
    sure = ranked[: max(1, int((reached >= SURE).sum()))]
    named = np.isin(batch.contributor, sure) & doubtful
    return Told(max(float(reached.max()), 0.0), np.flatnonzero(named), cell=tuple(sure.tolist()))


def stand_out(contributor: Places, doubtful: NDArray[np.bool_], known: Places, *, looks: int = 1) -> NDArray[np.bool_]:
    """Say which contributors have more doubtful rows than all others, by more than chance; all where nobody else is.

    contributor, doubtful: shape (rows,). known: the contributors to look at. looks: in how many ways rows are called
    doubtful. Where labels are flipped whoever gave them
    one is named so in a hundred batches at most. (Fisher 1935)
    """
    theirs = contributor[:, None] == known
    rows, hits = theirs.sum(axis=0), (theirs & doubtful[:, None]).sum(axis=0)
    p_values = hypergeometric_tail(hits - 1, total=doubtful.size, hits=int(doubtful.sum()), rows=rows)
    return np.asarray((p_values * known.size * looks <= LEVEL) | (rows == doubtful.size))
