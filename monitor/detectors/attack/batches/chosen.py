"""Batches whose rows were chosen by label, as when classes are balanced: what their rows' labels then are."""

from dataclasses import dataclass, replace

import numpy as np

from monitor.detectors.attack.batches import prior_shift
from monitor.detectors.attack.batches.rows import Floats, Labelled, weighed

SURE = 2.0
"""Standard errors that the rows may speak for other shares by less than they have."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows as they are if they were chosen by label; sure: features have moved as such rows' do, beyond chance."""

    rows: Labelled
    sure: bool


def as_chosen(batch: Labelled, reference: Labelled, *, priors: Floats) -> Chosen:
    """Give a batch with probabilities and neighbours as they are among rows chosen by label, as far as it may be so.

    Of each label the rows stay what they are, so that probabilities change by the ratio of the label's shares. Shares
    move as far towards those of the batch's labels as its features may have moved towards those of rows of such labels.
    priors: the reference's shares, shape (classes,). (Saerens, Latinne & Decaestecker 2002; shares by mean
    probabilities: Lipton, Wang & Smola 2018)

    Blind to few flips among rows of which the features say little: these may have been chosen.
    """
    held = 0.5 * (np.arange(batch.classes) < batch.classes - 1)
    found = prior_shift.counts(batch) + held
    found /= found.sum()
    along, error = _moved(batch, reference, found, priors)
    ratios = 1 + np.clip(along + SURE * error, 0.0, 1.0) * (found / priors - 1)
    ratios[-1] = 1.0
    rows = replace(batch, chance=weighed(batch.chance, ratios), near=weighed(batch.near, ratios))
    return Chosen(rows, along > SURE * error)


def _moved(batch: Labelled, reference: Labelled, shares: Floats, priors: Floats) -> tuple[float, float]:
    """Give how far features have moved from the reference's, 0, to those of rows of such labels, 1; its standard error.

    shares: of the batch's labels; priors: of the reference's; shape (classes,). The error is infinite where features
    say nothing of labels.
    """
    k = reference.classes - 1
    means, variance = np.zeros((k, k)), np.zeros((k, k))
    for label in range(k):
        own = reference.chance[reference.label == label, :k]
        if len(own) > 1:
            means[label] = own.mean(axis=0)
            scale = shares[label] / batch.size + shares[label] ** 2 / len(own)
            variance += scale * np.cov(own, rowvar=False)
    towards = (shares - priors)[:k] @ means
    weighed = np.linalg.pinv(variance, rcond=1e-6, hermitian=True) @ towards
    information = float(towards @ weighed)
    if information <= 1e-12:
        return 0.0, np.inf
    came = (batch.chance[:, :k].mean(axis=0) - reference.chance[:, :k].mean(axis=0)) @ weighed
    return float(came) / information, float(1 / np.sqrt(information))
