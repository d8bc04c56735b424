"""What the mean of a column of vectors is taken of: coordinates alike in spread, in which far rows count no more."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.profiles.derivation import Array, Derivation, first_half

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

MOST_COORDINATES, MOST_WIDTH = 128, 1024
RIDGE, INNER = 0.1, 0.9
"""Each axis' variance is raised by so much of the mean one; rows beyond that quantile of the lengths are drawn in."""


@dataclass(frozen=True, eq=False)
class MeanVector:
    """The sums of the rows that have a vector, in coordinates of about unit variance: mergeable by addition.

    total: shape (coordinates,). squares: the sum of the rows' squared lengths.
    """

    n: int
    total: Floats
    squares: float

    @property
    def mean(self) -> Floats:
        """Give the mean; of no rows it is 0."""
        return np.asarray(self.total / max(self.n, 1))

    @property
    def scatter(self) -> float:
        """Give the variance of one row, summed over the coordinates; 0 below two rows."""
        return max(self.squares - self.n * float(self.mean @ self.mean), 0.0) / max(self.n - 1, 1)


def fit(held: Floats, center: Floats) -> Mapping[str, Array]:
    """Fit coordinates on one half of the rows, and on the other how these vary; nothing for wide or constant vectors.

    Principal axes scaled to unit variance, of which a fixed mixture, like one drawn at random, is kept where there are
    more than 128: it sees every direction alike.
    """
    width = held.shape[1]
    first = first_half(len(held))
    rows, others = held[first] - center, held[~first] - center
    if width > MOST_WIDTH or not rows.var(axis=0).any():
        return {}
    spread, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    whitening = axes / np.sqrt(np.maximum(spread, 0.0) + RIDGE * spread.mean())
    mixing = (whitening @ _mixture(width, MOST_COORDINATES) if width > MOST_COORDINATES else whitening).astype(
        np.float32
    )
    found = others.astype(np.float32) @ mixing
    reach = float(np.quantile(np.linalg.norm(found, axis=1), INNER))
    squares = _squares(np.cov(_drawn_in(found, reach).astype(np.float64), rowvar=False), len(found))
    return {"mixing": mixing, "reach": np.array([reach]), "squares": np.array([squares])}


def _squares(covariance: Floats, rows: int) -> float:
    """Estimate the trace of the squared covariance without what chance adds to it. (Bai & Saranadasa 1996)."""
    trace = float(np.trace(covariance))
    return max(float((covariance**2).sum()) - trace**2 / (rows - 1), trace**2 / len(covariance))


def _mixture(width: int, kept: int) -> Floats:
    drawn = np.frombuffer(hashlib.shake_256(b"mean vector").digest(4 * width * kept), np.uint32)
    return np.asarray(np.linalg.qr(ndtri((drawn + 0.5) / 2**32).reshape(width, kept))[0])


def coordinates(derivation: Derivation) -> int:
    """Count the coordinates that the mean of a column of vectors has; 0 where it was not fitted."""
    return int(derivation.arrays["mixing"].shape[1]) if "mixing" in derivation.arrays else 0


def mixed(centred: Floats, derivation: Derivation) -> Singles:
    """Give each row's coordinates, shape (rows, coordinates)."""
    if "mixing" not in derivation.arrays:
        return np.empty((len(centred), 0), np.float32)
    return _drawn_in(centred.astype(np.float32) @ derivation.arrays["mixing"], float(derivation.arrays["reach"][0]))


def unmixed(shift: Floats, derivation: Derivation) -> Floats | None:
    """Give a shift of the coordinates as one of the numbers of a vector, in deviations of each; shape (width,).

    As far as rows were not drawn in. None of vectors of which a mixture is kept.
    """
    mixing = derivation.arrays["mixing"].astype(np.float64)
    if mixing.shape[0] != mixing.shape[1]:
        return None
    back = np.linalg.inv(mixing)
    return np.asarray(shift @ back / np.sqrt((back**2).sum(axis=0)))


def _drawn_in(found: Singles, reach: float) -> Singles:
    """Shorten rows to the reach, so that a few far ones neither make nor hide a shift. (Brown 1983)."""
    length = np.sqrt(np.einsum("ij,ij->i", found, found))
    return np.asarray(found * np.minimum(1, reach / np.maximum(length, 1e-30))[:, None], np.float32)
