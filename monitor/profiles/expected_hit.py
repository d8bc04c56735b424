"""By how much a row is likelier to be a hit than its score tells, from its features, by the reference's labels.

Where the rows of a window are other ones than the reference's, rows of one score are other ones, too, and hits among
them as frequent as before only if the score says all that the features do. What it leaves out is learned here.
Of several classes, a hit is a right decision, and its score that of the class decided for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import codes
from monitor.profiles.derivation import HALVES, Array, Derivation, crosswise, first_half
from monitor.profiles.hits import Judged
from monitor.profiles.layout import Column
from monitor.stats.boosting import BERNOULLI, HELD_OUT, PLAIN, boosted_together
from monitor.stats.intervals import surely_above_zero
from monitor.stats.reliance import relied_on
from monitor.stats.trees import Trees
from monitor.types import Roles

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NAME = "excess_chance(features)"
ROWS_NEEDED, MOST_ROWS, MOST_COLUMNS = 500, 20_000, 100
"""The first two of each half of the reference."""
GROUPS, STRETCHES = 100, 20
SMALLEST = 1e-6


@dataclass(frozen=True, eq=False)
class Grown:
    """The chance of a hit by score alone, and trees that say what features add.

    worth: shape (2, groups), scores in ascending order and the log odds of a hit at each.
    """

    worth: Floats
    ladders: Mapping[str, codes.Ladder]
    trees: Trees

    def chances(self, rows: pa.Table, score: Floats) -> tuple[Floats, Floats]:
        """Give each row's chance by score alone, and by features and score."""
        start = _odds(self.worth, score)
        if not self.ladders:
            return BERNOULLI.mean(start), BERNOULLI.mean(start)
        coded = np.stack([ladder.codes(rows.column(name)) for name, ladder in self.ladders.items()])
        return BERNOULLI.mean(start), BERNOULLI.mean(start + self.trees.at(coded))

    def excess(self, rows: pa.Table, score: Floats) -> Floats:
        """Give by how much each row is likelier to be a hit by features and score; NaN without a score."""
        alone, beside = self.chances(rows, score)
        return np.where(np.isfinite(score), beside - alone, np.nan)

    def packed(self, half: str) -> tuple[dict[str, Array], dict[str, tuple[str, ...]]]:
        """Give it as arrays and texts, by names that begin with the half's."""
        arrays, texts = codes.packed(self.ladders, f"{half} ")
        arrays |= self.trees.arrays(f"{half} ") | {f"{half} worth": self.worth}
        return arrays, texts | {f"{half} columns": tuple(self.ladders)}

    @classmethod
    def unpacked(cls, derivation: Derivation, half: str) -> "Grown":
        """Make it from what was packed."""
        arrays, names = derivation.arrays, derivation.texts[f"{half} columns"]
        ladders = codes.unpacked(len(names), arrays, derivation.texts, f"{half} ")
        trees = Trees.from_arrays(arrays, f"{half} ")
        return cls(arrays[f"{half} worth"], dict(zip(names, ladders, strict=True)), trees)


def fit(rows: pa.Table, columns: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    """Fit the chance of a hit by score alone, and trees over features and scores that set out from it.

    Twice: on either half of the reference, the other saying how many trees there are. Of several classes, the trees ask
    for the decision, too. Nothing for models without scores, where a half has fewer than 500 labelled rows, without
    hits and misses, where no column tells hits from misses at equal score in rows that the trees were not grown on, or
    where what the earlier half of the rows teaches of the later, and the later of the earlier, is further off than
    scores alone.
    """
    label = next((c for c in columns if c.role == "label"), None)
    if label is None or not roles.scores or not {label.name, *roles.scores} <= set(rows.column_names):
        return
    judged = Judged.of(rows, label, roles)
    if judged is None:
        return
    score, hit = judged.scores(rows), judged.hits(rows, label)
    known, first = crosswise(np.isfinite(score) & (hit >= 0), most=MOST_ROWS)
    if min(first.sum(), (~first).sum()) < ROWS_NEEDED:
        return
    score, held = score[known], rows.take(pa.array(known))
    labelled = _Labelled(held, score, hit[known].astype(np.float64), judged.side(score))
    asked = ("feature", "score") if judged.binary else ("feature", "score", "prediction")
    chosen = [c for c in columns if c.role in asked and c.kind in ("numeric", "categorical")][-MOST_COLUMNS:]
    one, other = (_grown(labelled, chosen, taught=half, held=~half) for half in (first, ~first))
    if one is None or other is None or not (one.ladders or other.ladders) or _misleading(labelled, chosen):
        return
    (arrays, texts), (more, others) = (grown.packed(half) for half, grown in zip(HALVES, (one, other), strict=True))
    read = dict.fromkeys([*one.ladders, *other.ladders, *judged.columns])
    yield Derivation("expected_hit", (NAME,), tuple(read), arrays | more, texts | others | judged.texts())


def make(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give each row's chance of a hit by features and score less that by score alone, in [-1, 1].

    The mean of what either half of the reference teaches. NaN without a score, or where a column is absent that the
    trees ask for. (Friedman 2001)
    """
    if not set(derivation.columns) <= set(rows.column_names):
        return {NAME: np.full(rows.num_rows, np.nan)}
    score = Judged.from_texts(derivation.texts).scores(rows)
    one, other = (Grown.unpacked(derivation, half).excess(rows, score) for half in HALVES)
    return {NAME: (one + other) / 2}


def own(derivation: Derivation, rows: pa.Table) -> dict[str, Floats]:
    """Give the same of the reference's own rows, each by what the half teaches that it is not in."""
    score, first = Judged.from_texts(derivation.texts).scores(rows), first_half(rows.num_rows)
    made = np.empty(rows.num_rows)
    for half, judged in zip(HALVES, (~first, first), strict=True):
        made[judged] = Grown.unpacked(derivation, half).excess(rows.filter(pa.array(judged)), score[judged])
    return {NAME: made}


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Rows with their scores, whether they were hits, and on which side they were decided, all (rows,)."""

    rows: pa.Table
    score: Floats
    hit: Floats
    side: Floats

    def part(self, first: int, last: int) -> "_Labelled":
        rows, own = self.rows.slice(first, last - first), slice(first, last)
        return _Labelled(rows, self.score[own], self.hit[own], self.side[own])


def _grown(labelled: _Labelled, columns: Sequence[Column], *, taught: Mask, held: Mask) -> Grown | None:
    """Learn from the rows that are taught; those held out say how many trees there are. None without hits and misses.

    Without trees where no column tells more than the score.
    """
    worth, ladders = _worth(labelled.score[taught], labelled.hit[taught]), _ladders(labelled, columns, taught)
    if worth is None:
        return None
    if [column.role for column in columns if column.name in ladders] in ([], ["score"]):
        return Grown(worth, {}, Trees.none(PLAIN.depth))
    coded = np.stack([ladder.codes(labelled.rows.column(name)) for name, ladder in ladders.items()])
    (trees,) = boosted_together(coded, [labelled.hit], _odds(worth, labelled.score), BERNOULLI, held=held)
    return Grown(worth, *_asked_for(ladders, trees))


def _asked_for(ladders: Mapping[str, codes.Ladder], trees: Trees) -> tuple[Mapping[str, codes.Ladder], Trees]:
    """Leave out the columns that no tree asks for."""
    asked, places = np.unique(trees.columns, return_inverse=True)
    names = list(ladders)
    columns = places.reshape(trees.columns.shape).astype(trees.columns.dtype)
    return {names[i]: ladders[names[i]] for i in asked.tolist()}, replace(trees, columns=columns)


def _misleading(labelled: _Labelled, columns: Sequence[Column]) -> bool:
    """Say whether features learned on one half of the rows, in their order, put the other half's stretches off.

    By the shares of hits and of right decisions in stretches, estimated with and without features. Only what is sure
    counts: to leave features aside by mistake costs far more under a shift than they cost without one.
    """
    n = labelled.hit.size
    halves = labelled.part(0, n // 2), labelled.part(n // 2, n)
    more = [_more_off(one, other, columns) for one, other in (halves, halves[::-1])]
    return surely_above_zero(np.concatenate(more))


def _more_off(known: _Labelled, new: _Labelled, columns: Sequence[Column]) -> Floats:
    """Give by how much features increase each stretch's squared errors; 0 where they tell nothing."""
    held = np.arange(known.hit.size) % HELD_OUT == HELD_OUT - 1
    grown = _grown(known, columns, taught=np.ones_like(held), held=held)
    if grown is None or not grown.ladders:
        return np.zeros(STRETCHES)
    before, (alone, beside) = grown.chances(known.rows, known.score), grown.chances(new.rows, new.score)
    beside = beside - float((before[1] - before[0]).mean())
    off = [np.stack([chance - new.hit, new.side * (chance - new.hit)]) for chance in (alone, beside)]
    stretch = np.arange(new.hit.size) * STRETCHES // new.hit.size
    rows = np.bincount(stretch, minlength=STRETCHES)
    squares = [sum((np.bincount(stretch, each, STRETCHES) / rows) ** 2 for each in one) for one in off]
    return np.asarray(squares[1] - squares[0])


def _ladders(labelled: _Labelled, columns: Sequence[Column], taught: Mask) -> dict[str, codes.Ladder]:
    held, hit = labelled.rows.filter(pa.array(taught)), labelled.hit[taught]
    found = {c.name: codes.ladder_of(held.column(c.name), c.kind, hit, most=codes.FINEST) for c in columns}
    return {name: ladder for name, ladder in found.items() if ladder is not None}


def _worth(score: Floats, target: Floats) -> Floats | None:
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


def _odds(worth: Floats, score: Floats) -> Floats:
    return np.asarray(np.interp(score, worth[0], worth[1]))
