"""Features of any kind as numbers that can be laid side by side, by what was fitted on reference rows.

Encoded columns have mean 0 and variance 1 on the rows they were fitted on. NaN stands where a value is missing that
the reference hardly ever lacks, and where it is invalid; where values are often missing, 0 says that nothing is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.profiles.bins import CategoryBins
from monitor.profiles.derivation import Array
from monitor.profiles.reading import categories, numbers

Floats = NDArray[np.float64]
Reads = Iterator[NDArray[np.float32]]

SELDOM, HALF = 0.01, 0.5
FURTHEST = 4.0
CELLS = 2048
TAIL = 0.01


@dataclass(frozen=True, eq=False)
class Number:
    """A number as the normal score of its rank, by even cells between the 1st and the 99th percentile.

    In the tails the score grows with the logarithm of the excess, by at most 4. scores: shape (cells + 2,), the first
    and the last being where the tails begin. (Van der Waerden 1952; Liu, Lafferty & Wasserman 2009)
    """

    low: float
    high: float
    missing: float
    scores: NDArray[np.float32]

    @classmethod
    def fit(cls, column: pa.ChunkedArray) -> "Number | None":
        """Fit it; None where the column does not vary, is mostly missing, or spans more than floats can say."""
        values = numbers(column).values(0, len(column))
        finite = values[np.isfinite(values)]
        if finite.size <= HALF * values.size:
            return None
        low, high = np.quantile(finite, [TAIL, 1 - TAIL], method="inverted_cdf").tolist()
        if low == high:
            low, high = float(finite.min()), float(finite.max())
        if not 0 < high - low < np.inf or not np.isfinite(CELLS / (high - low)):
            return None
        missing = np.nan if finite.size > (1 - SELDOM) * values.size else 0.0
        blank = cls(low, high, missing, np.zeros(CELLS + 2, np.float32))
        cells = blank._cells(finite)
        counts = np.bincount(cells, minlength=CELLS + 2)
        ranks = (np.cumsum(counts) - counts / 2) / finite.size
        ranks[[0, -1]] = counts[0] / finite.size, 1 - counts[-1] / finite.size
        scores = np.asarray(ndtri(np.clip(ranks, 0.5 / finite.size, 1 - 0.5 / finite.size)))
        mean, square = (float(scores**power @ counts) / finite.size for power in (1, 2))
        return cls(low, high, missing, ((scores - mean) / np.sqrt(square - mean**2)).astype(np.float32))

    def arrays(self) -> dict[str, Array]:
        """Give what `of` makes it from."""
        return {"scores": self.scores, "rest": np.array([self.low, self.high, self.missing])}

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> "Number":
        """Make it from its arrays."""
        low, high, missing = arrays["rest"].tolist()
        return cls(low, high, missing, arrays["scores"])

    def encoded(self, column: pa.ChunkedArray, size: int) -> Reads:
        """Encode the column in pieces of `size` rows."""
        read = numbers(column)
        scores = self.scores.copy()
        scores[[0, -1]] = np.nan
        for start in range(0, len(column), size):
            values = read.values(start, min(start + size, len(column)))
            found = scores.take(self._cells(values))
            odd = np.flatnonzero(np.isnan(found))
            if odd.size:
                found[odd] = self._tails(values[odd])
                if read.invalid is not None:
                    found[read.invalid[start : start + size]] = np.nan
            yield found

    def _cells(self, values: Floats) -> NDArray[np.intp]:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values - self.low) * (CELLS / (self.high - self.low))
        scaled += 1
        # fmax takes a number before NaN, which goes to the first cell
        np.fmax(scaled, 0, out=scaled)
        # the 99th percentile itself is no tail
        scaled[values == self.high] = CELLS
        return np.fmin(scaled, CELLS + 1, out=scaled).astype(np.intp)

    def _tails(self, values: Floats) -> Floats:
        width = self.high - self.low
        with np.errstate(over="ignore", invalid="ignore"):
            excess = np.maximum(np.abs(values - (self.low + width / 2)) - width / 2, 0) / width
            further = np.minimum(np.log1p(excess), FURTHEST)
        found = np.where(values > self.high, self.scores[-1] + further, self.scores[0] - further)
        return np.where(np.isnan(values), self.missing, found)


@dataclass(frozen=True, eq=False)
class Category:
    """A category as its surprise, -log of its frequency. (Shannon 1948).

    values: the most frequent, up to 256. scores: shape (values + 2,); one for any other value, one for none.
    """

    values: tuple[str, ...]
    scores: Floats
    counts: Floats

    @classmethod
    def fit(cls, column: pa.ChunkedArray) -> "Category | None":
        """Fit it; None where the column does not vary, is mostly missing, or hardly ever repeats a value."""
        read = categories(column)
        if not read.known:
            return None
        rows = np.bincount(read.positions, minlength=len(read.texts) + 1)[:-1]
        counted: dict[str, int] = {}
        for text, n in zip(read.texts, rows.tolist(), strict=True):
            if text is not None and n:
                counted[text] = counted.get(text, 0) + n
        bins = CategoryBins.of(list(counted), list(counted.values()))
        counts = np.array([counted[v] for v in bins.values], np.float64)
        n = sum(counted.values())
        if len(counted) < 2 or n <= HALF * len(column) or counts.sum() <= HALF * n:
            return None
        surprise = np.append(-np.log(counts / n), np.log(n + 1))
        held = np.append(counts, n - counts.sum())
        mean = float(surprise @ held) / n
        scale = float(np.sqrt((surprise - mean) ** 2 @ held / n))
        scores = (surprise - mean) / scale if scale > SELDOM else np.append(np.zeros(counts.size), FURTHEST)
        missing = np.nan if n > (1 - SELDOM) * len(column) else 0.0
        return cls(bins.values, np.append(np.clip(scores, None, 2 * FURTHEST), missing), held)

    def arrays(self) -> dict[str, Array]:
        """Give what `of` makes it from, but the values."""
        return {"scores": self.scores, "counts": self.counts}

    @classmethod
    def of(cls, values: tuple[str, ...], arrays: Mapping[str, Array]) -> "Category":
        """Make it from its values and arrays."""
        return cls(values, arrays["scores"], arrays["counts"])

    def codes(self, column: pa.ChunkedArray, size: int) -> Iterator[NDArray[np.intp]]:
        """Give each row's place among the scores, in pieces of `size` rows; -1 is invalid."""
        read = categories(column)
        place = {value: i for i, value in enumerate(self.values)}
        other, missing = len(self.values), len(self.values) + 1
        known = [missing if t is None else place.get(t, other) if read.known else -1 for t in read.texts]
        codes = np.array([*known, missing], np.intp)
        for start in range(0, len(column), size):
            yield codes[read.positions[start : start + size]]
