"""One contributor whose labels contradict the reference more than others' do."""

import numpy as np

from monitor.detectors.attack.batches.label_contradiction import NAMED, flip_scores
from monitor.detectors.attack.batches.rows import NONE, Floats, Labelled, Told

SHARES = (0.05, 0.1, 0.2, 0.4, 0.8)


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

    The p-value is exp(-value), at most 1. Nothing of it is learned from contributors of the reference. (Vovk & Wang
    2021; Shin, Ramdas & Rinaldo 2024)

    Blind to a contributor who flips so little that its rows do not add up, and where nobody is named; unjust to one
    whose cases are unlike the reference's.
    """
    known = np.unique(batch.contributor[batch.contributor >= 0])
    if not known.size:
        return Told(0.0, NONE)
    evidence = flip_evidence(batch, usual)
    reached = [gathered(evidence[batch.contributor == one]) for one in known]
    most = int(np.argmax(reached))
    named = (batch.contributor == known[most]) & (flip_scores(batch.own, classes=batch.classes - 1) > NAMED)
    value = max(reached[most] - float(np.log(known.size)), 0.0)
    return Told(value, np.flatnonzero(named), cell=(int(known[most]),))
