"""What is learned from the reference, at use, and how rows are laid beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.batches.contributors import SHARES
from monitor.detectors.attack.batches.encoders import Encoder, cells_of, encoder_of, features_of, points_of, raw_of
from monitor.detectors.attack.batches.fingerprints import (
    TABLES,
    Frequent,
    Tables,
    frequencies,
    prints_of,
    tables_of,
    usual_of,
)
from monitor.detectors.attack.batches.halves import (
    Half,
    calibrated,
    chance_of,
    logged_chance,
    model_of,
    near,
    with_calibration,
)
from monitor.detectors.attack.batches.label_contradiction import flip_scores
from monitor.detectors.attack.batches.rows import Floats, Labelled, Places
from monitor.detectors.attack.batches.spelled import READ, names_of, spelling, with_numbers, words_of
from monitor.detectors.attack.batches.value_for_label import Usual
from monitor.profiles.derivation import Derivation
from monitor.profiles.joint import class_codes
from monitor.types import ColumnKind

MOST_ROWS, FEWEST_ROWS = 16_000, 1_000
MOST_CLASSES, MOST_COLUMNS = 30, 100

Halves = Sequence[Half]


@dataclass(frozen=True, eq=False)
class Known:
    """All that a batch is laid beside.

    classes: the labels; any other is the class behind the last. scores: by class, the column of the logged model's
    probability, where those are used. rows: the reference's own, each judged by the other half. order: their places
    in the order of time, empty where that is not known. spelled: how texts and vectors are spelled out as numbers.
    prediction: the column of the logged model's decisions, None where they are not used.
    """

    classes: tuple[str, ...]
    label: str
    encoders: tuple[Encoder, ...]
    scores: Mapping[str, str]
    halves: tuple[Half, Half]
    tables: Tables
    frequent: Frequent
    rows: Labelled
    order: Places
    spelled: tuple[Derivation, ...] = ()
    prediction: str | None = None

    @property
    def columns(self) -> list[str]:
        """Name the columns that a batch must have."""
        made = set(names_of(self.spelled))
        texts = [name for one in self.spelled for name in one.columns]
        return [*(one.name for one in self.encoders if one.name not in made), *texts, *self.scores.values()]

    def readable(self, rows: pa.Table) -> pa.Table:
        """Give a batch's rows with all columns that encoders read."""
        return with_numbers(rows, self.spelled)

    @cached_property
    def priors(self) -> Floats:
        """Give the share of each label in the reference; a label that it lacks has half a row."""
        counts = np.bincount(self.rows.label, minlength=self.rows.classes) + 0.5
        return np.asarray(counts / counts.sum())

    @cached_property
    def confident(self) -> Floats:
        """Give the mean probability of each class among the rows of its label; 1 where there are none."""
        counts = np.bincount(self.rows.label, minlength=self.rows.classes)
        sums = np.bincount(self.rows.label, self.rows.own, self.rows.classes)
        return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)

    @cached_property
    def values(self) -> Usual:
        """Give how often the reference has each value."""
        return Usual.of(self.rows)

    @cached_property
    def usual(self) -> Floats:
        """Give, for each share of flips, the logarithm of the mean likelihood ratio, with its standard error added."""
        found = []
        for share in SHARES:
            ratios = np.exp(flip_scores(self.rows.own, classes=self.rows.classes - 1, share=share))
            found.append(np.log(max(1.0, ratios.mean() + ratios.std() / np.sqrt(ratios.size))))
        return np.array(found)


def learn(
    rows: pa.Table,
    columns: Sequence[tuple[str, ColumnKind]],
    *,
    label: str,
    classes: tuple[str, ...],
    scores: Mapping[str, str],
    times: Floats | None,
    rng: np.random.Generator,
    prediction: str | None = None,
) -> Known:
    """Learn from reference rows of these classes, at most 16,000 of them drawn at random.

    columns: those that are features, with their kinds; texts and vectors take part as the numbers that they are spelled
    out as. scores: by class, the columns of probabilities; empty to have a bounded model fitted. times: of the rows, or
    None. prediction: the column of decisions, where they are logged on both sides.
    """
    chosen = _drawn(class_codes(rows, label, classes), len(classes), rng)
    order = np.empty(0, np.intp) if times is None else np.argsort(times[chosen], kind="stable")
    rows = rows.take(pa.array(chosen, pa.int64()))
    spelled = spelling(rows, columns)
    rows = with_numbers(rows, spelled)
    encoders = _encoders(rows, columns, spelled)
    half, seed = rng.permutation(rows.num_rows) % 2, int(rng.integers(2**31))
    read = _Read(rows, class_codes(rows, label, classes), encoders, tables_of(len(encoders), rng), spelled, prediction)
    halves = [read.half(half == i, seed, modelled=not scores) for i in range(2)]
    chance = read.chance(halves, 1 - half, classes, scores)
    halves = [with_calibration(one, chance[half == i]) for i, one in enumerate(halves)]
    frequent = tuple(frequencies(read.prints[:, i]) for i in range(TABLES))
    own = read.labelled(chance, halves, 1 - half, known=(classes, frequent), contributors=None)
    both = halves[0], halves[1]
    return Known(classes, label, encoders, scores, both, read.tables, frequent, own, order, spelled, prediction)


def seen(known: Known, rows: pa.Table, contributors: Places | None, *, rng: np.random.Generator) -> Labelled:
    """Lay labelled rows beside the reference, each beside one half of it, as its own rows are."""
    half, rows = rng.permutation(rows.num_rows) % 2, known.readable(rows)
    label = class_codes(rows, known.label, known.classes)
    read = _Read(rows, label, known.encoders, known.tables, known.spelled, known.prediction)
    chance = read.chance(known.halves, half, known.classes, known.scores)
    return read.labelled(chance, known.halves, half, known=(known.classes, known.frequent), contributors=contributors)


@dataclass(frozen=True, eq=False)
class _Read:
    """Rows that all columns can be read of, with what encoders and tables of fingerprints make of them."""

    rows: pa.Table
    label: Places
    encoders: tuple[Encoder, ...]
    tables: Tables
    spelled: tuple[Derivation, ...]
    prediction: str | None

    @cached_property
    def points(self) -> Floats:
        return points_of(self.encoders, self.rows)

    @cached_property
    def features(self) -> Floats:
        return features_of(self.encoders, self.rows)

    @cached_property
    def prints(self) -> NDArray[np.int64]:
        return prints_of(self.encoders, self.rows, self.tables)

    def half(self, own: NDArray[np.bool_], seed: int, *, modelled: bool) -> Half:
        """Make a half of the rows that are its own, with a model where there is to be one."""
        label, categorical = self.label[own], [one.kind != "numeric" for one in self.encoders]
        model = model_of(self.features[own], label, categorical=categorical, seed=seed) if modelled else None
        return Half(self.points[own], label, model)

    def chance(self, halves: Halves, by: Places, classes: tuple[str, ...], scores: Mapping[str, str]) -> Floats:
        """Give each row's probabilities, the logged ones where there are any; shape (rows, classes)."""
        if scores:
            return logged_chance(self.rows, classes, scores)
        return chance_of(self.features, halves, by=by, classes=len(classes))

    def labelled(
        self,
        chance: Floats,
        halves: Halves,
        by: Places,
        *,
        known: tuple[tuple[str, ...], Frequent],
        contributors: Places | None,
    ) -> Labelled:
        """Lay each row beside one of the halves; known: the classes, and how often the reference has fingerprints."""
        classes, frequent = known
        return Labelled(
            label=self.label,
            said=self._said(chance, classes),
            chance=calibrated(chance, halves, by=by),
            near=near(self.points, halves, by=by, classes=chance.shape[1]),
            cells=cells_of(self.encoders, self.rows),
            raw=raw_of(self.encoders, self.rows),
            prints=self.prints,
            usual=usual_of(self.prints, frequent),
            words=words_of(self.rows, self.spelled),
            contributor=np.full(self.rows.num_rows, -1, np.intp) if contributors is None else contributors,
        )

    def _said(self, chance: Floats, classes: tuple[str, ...]) -> Places:
        """Give each row's decision; where none of a known class was logged, the likeliest class."""
        likeliest = np.argmax(chance[:, : len(classes)], axis=1)
        if self.prediction is None:
            return np.asarray(likeliest)
        logged = class_codes(self.rows, self.prediction, classes)
        return np.where((logged >= 0) & (logged < len(classes)), logged, likeliest)


def _drawn(codes: Places, classes: int, rng: np.random.Generator) -> Places:
    """Draw the places of rows with a known label."""
    chosen = np.flatnonzero((codes >= 0) & (codes < classes))
    return chosen if chosen.size <= MOST_ROWS else np.sort(rng.choice(chosen, MOST_ROWS, replace=False))


def _encoders(
    rows: pa.Table, columns: Sequence[tuple[str, ColumnKind]], spelled: Sequence[Derivation]
) -> tuple[Encoder, ...]:
    read: list[tuple[str, ColumnKind]] = [(name, kind) for name, kind in columns if kind in READ]
    read += [(name, "numeric") for name in names_of(spelled)]
    return tuple(encoder_of(rows, name, kind) for name, kind in read[:MOST_COLUMNS])
