"""By how much a row is likelier to be a hit than its score tells, from its features, by the reference's labels.

Where the rows of a window are other ones than the reference's, rows of one score are other ones, too, and hits among
them as frequent as before only if the score says all that the features do. What it leaves out is learned here.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import codes
from monitor.profiles.bins import CategoryBins
from monitor.profiles.derivation import Array, Derivation
from monitor.profiles.joint import class_codes
from monitor.profiles.layout import Column
from monitor.profiles.reading import canonical, floats
from monitor.stats.boosting import BERNOULLI, Trees, boosted
from monitor.stats.reliance import relied_on
from monitor.types import Roles

Floats = NDArray[np.float64]

NAME = "excess_chance(features)"
ROWS_NEEDED, MOST_ROWS, MOST_COLUMNS = 500, 20_000, 100
GROUPS = 100
SMALLEST = 1e-6


def fit(rows: pa.Table, columns: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Fit the chance of a hit by score alone, and trees over features and score that set out from it.

    Nothing for models without a single score, below 500 labelled rows, without hits and misses, or where no column
    tells hits from misses at equal score in rows that the trees were not grown on.
    """
    label = next((c for c in columns if c.role == "label"), None)
    if len(roles.scores) != 1 or label is None or not {label.name, *roles.scores} <= set(rows.column_names):
        return
    score, hit = floats(rows.column(roles.scores[0])), _hits(rows, label, roles)
    known = np.flatnonzero(np.isfinite(score) & (hit >= 0))
    known = known[:: max(1, -(-known.size // MOST_ROWS))]
    if known.size < ROWS_NEEDED:
        return
    held, target = rows.take(pa.array(known)), hit[known].astype(np.float64)
    worth, ladders = _worth(score[known], target), _ladders(held, columns, target)
    if worth is None or ladders.keys() <= {roles.scores[0]}:
        return
    coded = np.stack([ladder.codes(held.column(name)) for name, ladder in ladders.items()])
    trees = boosted(coded, target, _start(worth, score[known]), BERNOULLI)
    if trees.values.size:
        arrays, texts = codes.packed(ladders)
        grown = {part: getattr(trees, part) for part in ("columns", "limits", "values")}
        names = (*ladders, roles.scores[0])
        yield Derivation("expected_hit", (NAME,), names, arrays | grown | {"worth": worth}, texts)


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's chance of a hit by features and score less that by score alone, in [-1, 1].

    NaN without a score, or where a column is absent that the trees ask for. (Friedman 2001)
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {NAME: np.full(rows.num_rows, np.nan)}
    *names, scored = derivation.columns
    ladders = codes.unpacked(len(names), derivation.arrays, derivation.texts)
    coded = np.stack([ladder.codes(rows.column(name)) for name, ladder in zip(names, ladders, strict=True)])
    score = floats(rows.column(scored))
    start = _start(derivation.arrays["worth"], score)
    trees = Trees(*(derivation.arrays[part] for part in ("columns", "limits", "values")))
    more = BERNOULLI.mean(start + trees.at(coded)) - BERNOULLI.mean(start)
    return {NAME: np.where(np.isfinite(score), more, np.nan)}


def _hits(rows: pa.Table, label: Column, roles: Roles) -> NDArray[np.intp]:
    """Give 1 for a hit, 0 for a miss, -1 without a label; by the same rule as the layout's positive class."""
    values = label.bins.values if isinstance(label.bins, CategoryBins) else ("1",)
    positive = canonical(roles.classes[0]) if roles.classes else max(values, default="1")
    found = class_codes(rows, label.name, (positive,))
    return np.where(found < 0, -1, found == 0)


def _ladders(rows: pa.Table, columns: Sequence[Column], target: Floats) -> dict[str, codes.Ladder]:
    chosen = [c for c in columns if c.role in ("feature", "score") and c.kind in ("numeric", "categorical")]
    found = {c.name: codes.ladder_of(rows.column(c.name), c.kind, target) for c in chosen[-MOST_COLUMNS:]}
    return {name: ladder for name, ladder in found.items() if ladder is not None}


def _worth(score: Floats, target: Floats) -> Array | None:
    """Give scores in ascending order and the log odds of a hit at each, shape (2, groups)."""
    group = np.searchsorted(np.unique(np.quantile(score, np.linspace(0, 1, GROUPS + 1)[1:-1])), score, side="right")
    rows = np.bincount(group)
    mean = np.bincount(group, score) / np.maximum(rows, 1)
    relied = relied_on(rows, np.bincount(group, target).astype(np.int64), mean)
    if relied is None:
        return None
    at = np.unique(mean[rows > 0])
    chance = np.clip(relied.at(at)[0], SMALLEST, 1 - SMALLEST)
    return np.stack([at, np.log(chance / (1 - chance))])


def _start(worth: Array, score: Floats) -> Floats:
    return np.asarray(np.interp(score, worth[0], worth[1]))
