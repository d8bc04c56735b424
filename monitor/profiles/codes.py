"""Columns of any kind as few ordered codes, by what was fitted on reference rows: what trees ask their questions of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import NumericBins
from monitor.profiles.derivation import Array
from monitor.profiles.reading import categories, floats

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

MOST, FINEST = 62, 254
"""Codes of one column beside that of a missing value, which is 0: usually, and at most."""


@dataclass(frozen=True, eq=False)
class Ladder:
    """One column's codes: numbers by limits of about equal shares, or `values` in the order of their codes.

    limits: shape (most,), ascending; None for a category, whose other values share the code of a missing one.
    """

    limits: Floats | None = None
    values: tuple[str, ...] = ()

    def codes(self, column: pa.ChunkedArray) -> Codes:
        """Give each row's code, from 0 to as many codes as there are."""
        if self.limits is not None:
            values = floats(column)
            none = np.isnan(values)
            found = self._bins.codes(np.where(none, self.limits[0], values) if none.any() else values)
            return np.asarray(np.where(none, np.uint8(0), found.astype(np.uint8) + np.uint8(1)))
        read = categories(column)
        place = {value: i + 1 for i, value in enumerate(self.values)}
        known = [0 if text is None else place.get(text, 0) for text in read.texts]
        return np.asarray(np.array([*known, 0], np.uint8)[read.positions])

    @cached_property
    def _bins(self) -> NumericBins:
        """Give bins whose edges lie just above the limits: a limit itself is not above it."""
        limits = np.empty(0) if self.limits is None else self.limits
        return NumericBins(np.nextafter(limits, np.inf), 0.0)


def ladder_of(column: pa.ChunkedArray, kind: str, target: Floats, *, most: int = MOST) -> Ladder | None:
    """Fit a column's codes, a category's in the order of the target's mean; None where nothing varies. (Fisher 1958).

    target: shape (rows,), finite. most: codes at most, not above 254.
    """
    if kind == "categorical":
        return _ordered(column, target, most)
    values = floats(column)
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return None
    places = np.arange(1, most) * values.size // most
    limits = np.unique(values[places])
    limits = limits[limits < values[-1]]
    return Ladder(limits) if limits.size else None


def _ordered(column: pa.ChunkedArray, target: Floats, most: int) -> Ladder | None:
    read = categories(column)
    if not read.known:
        return None
    rows = np.bincount(read.positions, minlength=len(read.texts) + 1)[:-1]
    total = np.bincount(read.positions, target, len(read.texts) + 1)[:-1]
    frequent = [i for i in np.argsort(-rows, kind="stable") if rows[i] and read.texts[i] is not None][:most]
    ordered = sorted(frequent, key=lambda i: (total[i] / rows[i], read.texts[i]))
    return Ladder(values=tuple(str(read.texts[i]) for i in ordered)) if len(ordered) > 1 else None


def packed(ladders: Mapping[str, Ladder], prefix: str = "") -> tuple[dict[str, Array], dict[str, tuple[str, ...]]]:
    """Give arrays and texts by the place of the column, as a derivation keeps them, by names that begin so."""
    arrays: dict[str, Array] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for place, ladder in enumerate(ladders.values()):
        if ladder.limits is None:
            texts[f"{prefix}{place}"] = ladder.values
        else:
            arrays[f"{prefix}limits {place}"] = ladder.limits
    return arrays, texts


def unpacked(
    size: int, arrays: Mapping[str, Array], texts: Mapping[str, tuple[str, ...]], prefix: str = ""
) -> Sequence[Ladder]:
    """Give back the ladders of `size` columns."""
    return [Ladder(arrays.get(f"{prefix}limits {place}"), texts.get(f"{prefix}{place}", ())) for place in range(size)]
