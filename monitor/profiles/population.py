"""How far a row is from the reference's population as a whole, whatever its single values: two derived columns.

Both are measured on encoded features: numbers by the normal score of their rank, categories by their surprise and, for
reconstruction, by indicators of equal weight as in the factor analysis of mixed data. (Pagès 2004)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.derivation import Array, Derivation
from monitor.profiles.encoding import Category, Number
from monitor.profiles.layout import Column
from monitor.types import Roles

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

NAMES = ("anomaly(features)", "reconstruction_error(features)")
ROWS_NEEDED, MOST_FEATURES, LEVELS = 250, 100, 8
BLOCK = 8192
"""Rows a matrix product; always as many, so that a row's value does not depend on the rows beside it."""
RIDGE, EXPLAINED, LEAST_LEFT, MOST_COMPONENTS = 0.1, 0.8, 0.01, 30


@dataclass(frozen=True, eq=False)
class Population:
    """What was fitted on the reference's rows.

    whitening: shape (features, features), of the shrunk correlations of the encoded features.
    loadings: shape (features, components), those of numbers; zero for categories.
    levels: by place of a category among the features, shape (values + 2, components) and, in the last column, the
        squared length of the value's indicators.
    scales: the mean squares of distance and residual.
    """

    encoders: Mapping[str, Number | Category]
    whitening: Floats
    loadings: Floats
    levels: Mapping[int, Floats]
    scales: tuple[float, float]


def fit(rows: pa.Table, columns: Sequence[Column], _: Roles) -> Iterator[Derivation]:
    """Fit the population's shape: nothing below two features that vary or 250 rows."""
    features = [c for c in columns if c.role == "feature" and c.kind in {"numeric", "categorical"}][:MOST_FEATURES]
    if rows.num_rows < ROWS_NEEDED or len(features) < 2:
        return
    found = {c.name: (Category if c.kind == "categorical" else Number).fit(rows.column(c.name)) for c in features}
    encoders = {name: encoder for name, encoder in found.items() if encoder is not None}
    if len(encoders) > 1:
        yield _derivation(_fitted(rows, encoders))


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's `anomaly(features)` and `reconstruction_error(features)`, both 0 or above; 1 is usual.

    The first is the Mahalanobis distance from the reference's centre over the root of the number of features
    (Mahalanobis 1936; correlations drawn a tenth towards none), the second the length of what the components that
    explain 80 % of the reference's variance leave over, over its usual length (Jackson & Mudholkar 1979).
    NaN where a feature is absent, invalid, or missing that the reference hardly ever lacks.
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {name: np.full(rows.num_rows, np.nan) for name in NAMES}
    shape = _of(derivation)
    parts = [_distances(shape, encoded, left) for encoded, left in _encoded(rows, shape)]
    distance, residual = (np.concatenate([part[i] for part in parts]) if parts else np.empty(0) for i in range(2))
    return dict(zip(NAMES, (distance[: rows.num_rows], residual[: rows.num_rows]), strict=True))


def _distances(shape: Population, encoded: Singles, left: Singles) -> tuple[Floats, Floats]:
    """Give the blocks' distances; `left` holds the categories' part of the components and of the squared length."""
    white = shape.whitening.T.astype(np.float32) @ encoded
    distance = np.square(white, out=white).sum(axis=0).astype(np.float64) / shape.scales[0]
    components = encoded.T @ shape.loadings.astype(np.float32)
    components += left[:, :-1]
    numeric = [i for i, encoder in enumerate(shape.encoders.values()) if isinstance(encoder, Number)]
    length = np.square(encoded[numeric]).sum(axis=0) + left[:, -1]
    residual = (length - np.einsum("ij,ij->i", components, components)).astype(np.float64)
    return np.sqrt(distance), np.sqrt(np.maximum(residual, 0.0) / shape.scales[1])


def _encoded(rows: pa.Table, shape: Population) -> Iterator[tuple[Singles, Singles]]:
    """Give blocks of encoded features, a row each, and the categories' part, padded to full blocks."""
    reads = [_pieces(encoder, rows.column(name)) for name, encoder in shape.encoders.items()]
    tables = {place: table.astype(np.float32) for place, table in shape.levels.items()}
    for pieces in zip(*reads, strict=True):
        encoded = np.zeros((len(pieces), BLOCK), np.float32)
        left = np.zeros((BLOCK, shape.loadings.shape[1] + 1), np.float32)
        for place, (values, codes) in enumerate(pieces):
            encoded[place, : values.size] = values
            if codes is not None:
                left[: values.size] += tables[place].take(codes, axis=0)
        yield encoded, left


def _pieces(encoder: Number | Category, column: pa.ChunkedArray) -> Iterator[tuple[Singles, NDArray[np.intp] | None]]:
    if isinstance(encoder, Number):
        yield from ((values, None) for values in encoder.encoded(column, BLOCK))
        return
    scores = np.append(encoder.scores, np.nan).astype(np.float32)
    yield from ((scores[codes], codes) for codes in encoder.codes(column, BLOCK))


def _fitted(rows: pa.Table, encoders: Mapping[str, Number | Category]) -> Population:
    names = list(encoders)
    numeric = [i for i, name in enumerate(names) if isinstance(encoders[name], Number)]
    indicators = {i: _indicators(one) for i, one in enumerate(encoders.values()) if isinstance(one, Category)}
    width = len(numeric) + sum(table.shape[1] for table in indicators.values())
    n, plain, mixed = 0, np.zeros((len(names), len(names))), np.zeros((width, width))
    for pieces in zip(*(_pieces(encoders[name], rows.column(name)) for name in names), strict=True):
        whole = np.column_stack([values for values, _ in pieces])
        spread = [
            whole[:, numeric],
            *(table[codes] for i, table in indicators.items() if (codes := pieces[i][1]) is not None),
        ]
        known = np.isfinite(whole).all(axis=1)
        wide = np.column_stack(spread)[known].astype(np.float64)
        held = whole[known].astype(np.float64)
        n, plain, mixed = n + len(held), plain + held.T @ held, mixed + wide.T @ wide
    return _decomposed(encoders, indicators, plain / max(n, 1), mixed / max(n, 1))


def _decomposed(
    encoders: Mapping[str, Number | Category], indicators: Mapping[int, Floats], plain: Floats, mixed: Floats
) -> Population:
    shrunk = (1 - RIDGE) * plain + RIDGE * np.eye(len(plain))
    values, vectors = np.linalg.eigh(shrunk)
    whitening = vectors / np.sqrt(values)
    spread, axes = (found[..., ::-1] for found in np.linalg.eigh(mixed))
    total = float(spread.sum())
    kept = int(np.searchsorted(np.cumsum(spread) / total, EXPLAINED)) + 1
    kept = max(1, min(kept, MOST_COMPONENTS, len(mixed) - 1))
    axes = axes[:, :kept]
    loadings, levels = np.zeros((len(encoders), kept)), dict[int, Floats]()
    numeric = [i for i, encoder in enumerate(encoders.values()) if isinstance(encoder, Number)]
    loadings[numeric] = axes[: len(numeric)]
    first = len(numeric)
    for place, table in indicators.items():
        part = axes[first : first + table.shape[1]]
        levels[place] = np.column_stack([table @ part, (table**2).sum(axis=1)])
        first += table.shape[1]
    left = max(float(spread[kept:].sum()), LEAST_LEFT * total)
    return Population(encoders, whitening, loadings, levels, (float(np.trace(whitening.T @ plain @ whitening)), left))


def _indicators(encoder: Category) -> Floats:
    """Give the centred indicators of each value, shape (values + 2, levels), of variance 1 in all; none is 0.

    The seven most frequent values have a level each, all others share one.
    """
    share = encoder.counts / encoder.counts.sum()
    level = np.minimum(np.arange(share.size), LEVELS - 1)
    held = np.bincount(level, weights=share)
    used = np.flatnonzero(held)
    table = (level[:, None] == used) - held[used]
    weight = np.sqrt(held[used] * max(used.size - 1, 1))
    return np.vstack([table / weight, np.zeros(used.size)])


def _derivation(shape: Population) -> Derivation:
    arrays: dict[str, Array] = {
        "whitening": shape.whitening,
        "loadings": shape.loadings,
        "scales": np.array(shape.scales),
    }
    texts: dict[str, tuple[str, ...]] = {}
    for place, encoder in enumerate(shape.encoders.values()):
        arrays |= {f"{place} {name}": array for name, array in encoder.arrays().items()}
        if isinstance(encoder, Category):
            texts[str(place)] = encoder.values
    arrays |= {f"{place} level": table for place, table in shape.levels.items()}
    return Derivation("population", NAMES, tuple(shape.encoders), arrays, texts)


def _of(derivation: Derivation) -> Population:
    arrays, encoders, levels = derivation.arrays, dict[str, Number | Category](), dict[int, Floats]()
    for place, name in enumerate(derivation.columns):
        own = {key.partition(" ")[2]: array for key, array in arrays.items() if key.startswith(f"{place} ")}
        values = derivation.texts.get(str(place))
        encoders[name] = Number.of(own) if values is None else Category.of(values, own)
        if values is not None:
            levels[place] = own["level"]
    distance, residual = arrays["scales"].tolist()
    return Population(encoders, arrays["whitening"], arrays["loadings"], levels, (distance, residual))
