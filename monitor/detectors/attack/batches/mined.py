"""Batches whose rows were chosen as the model was wrong about them: what their rows' labels then are."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.batches.rows import Floats, Labelled, weighed

SURE = 3.0
"""Standard errors by which features must have moved towards those of rows that the model gets wrong."""
HALVINGS = 60


def as_mined(
    rows: Labelled, reference: Labelled, *, whole: Labelled | None = None, said: bool = False
) -> Labelled | None:
    """Give rows with probabilities and neighbours as they are if chosen by the model's errors, as far as it may be so.

    Right and wrong rows stay what they are, so that the odds of a wrong answer change by one ratio: the one that its
    shares demand, as far as features have moved towards those of the rows that the model gets wrong. Labels flipped
    without regard to features move none of these. None where they have not surely moved; said: it is known that rows
    were chosen so. whole: the batch that the rows are a part of, by which this is seen. (the shares of two classes,
    right and wrong: Saerens, Latinne & Decaestecker 2002)

    Blind to flips in a batch whose rows are harder than the reference's as far as their flipped rows look as errors do.
    """
    times = _times(rows if whole is None else whole, reference, said=said)
    if times is None:
        return None
    ratios = np.where(np.arange(rows.classes) == rows.said[:, None], 1.0, times)
    return replace(rows, chance=weighed(rows.chance, ratios), near=weighed(rows.near, ratios))


def _times(batch: Labelled, reference: Labelled, *, said: bool) -> float | None:
    """Give how many times the odds of a wrong answer are the reference's; None where rows seem not chosen so."""
    wrong, usual = batch.label != batch.said, reference.label != reference.said
    if not 0 < usual.sum() < usual.size or not batch.size:
        return None
    share, prior = ((one.sum() + 0.5) / (one.size + 1) for one in (wrong, usual))
    risk = _risk(batch)
    along, error = _moved(risk, _risk(reference), usual, share - prior)
    if not said and not (share > prior and along > SURE * error):
        return None
    moved = share if said else prior + min(1.0, along + SURE * error) * (share - prior)
    return min(_odds(moved) / _odds(prior), _matched(risk, share))


def _risk(rows: Labelled) -> Floats:
    """Give each row's chance that the model is wrong."""
    right = rows.chance[np.arange(rows.size), rows.said] / rows.chance.sum(axis=1)
    return np.asarray(np.clip(1 - right, 1e-6, 1 - 1e-6))


def _moved(risk: Floats, usual: Floats, wrong: NDArray[np.bool_], more: float) -> tuple[float, float]:
    """Give how far the risk has risen from the reference's, 0, to that of rows with so many more errors, 1; its error.

    The standard error is infinite where the risk does not tell wrong rows from right ones.
    """
    apart = float(usual[wrong].mean() - usual[~wrong].mean())
    if apart <= 0 or more <= 0:
        return 0.0, np.inf
    share = wrong.mean() + more
    variance = sum(
        (part / risk.size + part**2 / own.size) * own.var()
        for part, own in ((share, usual[wrong]), (1 - share, usual[~wrong]))
    )
    return float(risk.mean() - usual.mean()) / (more * apart), float(np.sqrt(variance)) / (more * apart)


def _matched(risk: Floats, share: float) -> float:
    """Give how many times the odds of an error are to rise for so large a share of errors."""
    low, high = -20.0, 20.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        expected = (np.exp(middle) * risk / (1 - risk + np.exp(middle) * risk)).mean()
        low, high = (middle, high) if expected < share else (low, middle)
    return float(np.exp(low))


def _odds(share: float) -> float:
    return share / (1 - share)
