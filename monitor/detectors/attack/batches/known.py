"""What is learned from the reference: probabilities of labels, neighbours, bins, fingerprints; fitted at use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.batches.contributors import SHARES
from monitor.detectors.attack.batches.encoders import Encoder, cells_of, encoder_of, features_of, points_of, raw_of
from monitor.detectors.attack.batches.fingerprints import TABLES, frequencies, prints_of, tables_of, usual_of
from monitor.detectors.attack.batches.label_contradiction import flip_scores
from monitor.detectors.attack.batches.rows import Floats, Labelled, Places
from monitor.detectors.attack.batches.spelled import READ, names_of, spelling, with_numbers, words_of
from monitor.detectors.attack.batches.value_for_label import Usual
from monitor.profiles.derivation import Derivation
from monitor.profiles.joint import class_codes
from monitor.profiles.reading import floats
from monitor.types import ColumnKind

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.isotonic import IsotonicRegression

MOST_ROWS, FEWEST_ROWS = 16_000, 1_000
MOST_CLASSES, MOST_COLUMNS = 30, 100
NEIGHBOURS = 10
FLOOR = 0.002


@dataclass(frozen=True, eq=False)
class Half:
    """One half of the reference's rows: what judges the rows of the other, with its own calibration.

    model: fitted on its rows; None where logged scores are used. calibration: a class each, fitted on its rows as the
    other half's model sees them.
    """

    encoded: Floats
    label: Places
    model: "HistGradientBoostingClassifier | None"
    calibration: "tuple[IsotonicRegression, ...]" = ()


@dataclass(frozen=True, eq=False)
class Known:
    """All that a batch is laid beside.

    classes: the labels; any other is the class behind the last. scores: by class, the column of the logged model's
    probability, where those are used. rows: the reference's own, each judged by the other half. order: their places
    in the order of time, empty where that is not known. spelled: how texts and vectors are spelled out as numbers.
    """

    classes: tuple[str, ...]
    label: str
    encoders: tuple[Encoder, ...]
    scores: Mapping[str, str]
    halves: tuple[Half, Half]
    tables: tuple[tuple[Places, Floats], ...]
    frequent: tuple[tuple[NDArray[np.int64], Floats], ...]
    rows: Labelled
    order: Places
    spelled: tuple[Derivation, ...] = ()

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
) -> Known:
    """Learn from reference rows of these classes, at most 16,000 of them drawn at random.

    columns: those that are features, with their kinds; texts and vectors take part as the numbers that they are spelled
    out as. scores: by class, the columns of probabilities; empty to have a bounded model fitted. times: of the rows, or
    None.
    """
    codes = class_codes(rows, label, classes)
    chosen = np.flatnonzero((codes >= 0) & (codes < len(classes)))
    if chosen.size > MOST_ROWS:
        chosen = np.sort(rng.choice(chosen, MOST_ROWS, replace=False))
    order = np.empty(0, np.intp) if times is None else np.argsort(times[chosen], kind="stable")
    rows = rows.take(pa.array(chosen, pa.int64()))
    spelled = spelling(rows, columns)
    rows = with_numbers(rows, spelled)
    read: list[tuple[str, ColumnKind]] = [(name, kind) for name, kind in columns if kind in READ]
    read += [(name, "numeric") for name in names_of(spelled)]
    encoders = tuple(encoder_of(rows, name, kind) for name, kind in read[:MOST_COLUMNS])
    codes, encoded = class_codes(rows, label, classes), points_of(encoders, rows)
    half = rng.permutation(rows.num_rows) % 2
    features, kinds = features_of(encoders, rows), [one.kind != "numeric" for one in encoders]
    seed = int(rng.integers(2**31))
    halves = [
        Half(
            encoded[half == i],
            codes[half == i],
            None if scores else _model(features[half == i], codes[half == i], kinds, seed),
        )
        for i in range(2)
    ]
    plain = _raw_chance(rows, features, halves, 1 - half, classes=classes, scores=scores)
    halves = [replace(one, calibration=_calibration(plain[half == i], one.label)) for i, one in enumerate(halves)]
    tables = tables_of(len(encoders), rng)
    prints = prints_of(encoders, rows, tables)
    frequent = tuple(frequencies(prints[:, i]) for i in range(TABLES))
    seen = Labelled(
        codes,
        _calibrated(plain, halves, 1 - half),
        _near(encoded, halves, 1 - half, len(classes)),
        cells_of(encoders, rows),
        raw_of(encoders, rows),
        prints,
        usual_of(prints, frequent),
        words_of(rows, spelled),
        np.full(rows.num_rows, -1, np.intp),
    )
    return Known(classes, label, encoders, scores, (halves[0], halves[1]), tables, frequent, seen, order, spelled)


def seen(known: Known, rows: pa.Table, contributors: Places | None, *, rng: np.random.Generator) -> Labelled:
    """Lay labelled rows beside the reference, each beside one half of it, as its own rows are."""
    classes, half, rows = known.classes, rng.permutation(rows.num_rows) % 2, known.readable(rows)
    features = features_of(known.encoders, rows) if not known.scores else np.empty((rows.num_rows, 0))
    plain = _raw_chance(rows, features, known.halves, half, classes=classes, scores=known.scores)
    prints = prints_of(known.encoders, rows, known.tables)
    return Labelled(
        class_codes(rows, known.label, classes),
        _calibrated(plain, known.halves, half),
        _near(points_of(known.encoders, rows), known.halves, half, len(classes)),
        cells_of(known.encoders, rows),
        raw_of(known.encoders, rows),
        prints,
        usual_of(prints, known.frequent),
        words_of(rows, known.spelled),
        np.full(rows.num_rows, -1, np.intp) if contributors is None else contributors,
    )


def _model(features: Floats, codes: Places, kinds: list[bool], seed: int) -> "HistGradientBoostingClassifier":
    model = import_module("sklearn.ensemble").HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, learning_rate=0.1, categorical_features=kinds, random_state=seed
    )
    return model.fit(np.where(np.isinf(features), np.nan, features), codes)


def _raw_chance(
    rows: pa.Table,
    features: Floats,
    halves: Sequence[Half],
    by: Places,
    *,
    classes: tuple[str, ...],
    scores: Mapping[str, str],
) -> Floats:
    """Give each row's probabilities by one of the halves' models, or the logged ones; shape (rows, classes)."""
    if scores:
        return _logged(rows, classes, scores)
    found = np.zeros((rows.num_rows, len(classes)))
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        if half.model is not None and mine.size:
            plain = np.where(np.isinf(features[mine]), np.nan, features[mine])
            found[mine[:, None], half.model.classes_.astype(np.intp)] = half.model.predict_proba(plain)
    return found


def _logged(rows: pa.Table, classes: tuple[str, ...], scores: Mapping[str, str]) -> Floats:
    found = np.full((rows.num_rows, len(classes)), np.nan)
    for name, column in scores.items():
        found[:, classes.index(name)] = floats(rows.column(column))
    rest = np.isnan(found).all(axis=0)
    if rest.any():
        left = 1 - np.nansum(found, axis=1)
        found[:, rest] = (left / rest.sum())[:, None]
    return np.where(np.isfinite(found), found, 1 / len(classes))


def _calibration(plain: Floats, label: Places) -> "tuple[IsotonicRegression, ...]":
    # In one half, not both: a row must not have helped to calibrate the probabilities that judge it.
    isotonic = import_module("sklearn.isotonic").IsotonicRegression
    made = (isotonic(y_min=0.0, y_max=1.0, out_of_bounds="clip") for _ in range(plain.shape[1]))
    return tuple(one.fit(plain[:, k], label == k) for k, one in enumerate(made))


def _calibrated(plain: Floats, halves: Sequence[Half], by: Places) -> Floats:
    fixed = np.empty_like(plain)
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        least = max(FLOOR, 1 / half.label.size)
        for k, one in enumerate(half.calibration):
            if mine.size:
                fixed[mine, k] = np.maximum(one.predict(plain[mine, k]), least)
    fixed /= fixed.sum(axis=1, keepdims=True)
    return np.column_stack([fixed, np.full(len(fixed), FLOOR)])


def _near(encoded: Floats, halves: Sequence[Half], by: Places, classes: int) -> Floats:
    found = np.full((len(encoded), classes + 1), 0.0)
    for i, half in enumerate(halves):
        mine = np.flatnonzero(by == i)
        if not mine.size:
            continue
        index = (
            import_module("sklearn.neighbors")
            .NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute")
            .fit(half.encoded.astype(np.float32))
        )
        places = index.kneighbors(encoded[mine].astype(np.float32), return_distance=False)
        labels = half.label[places]
        found[mine] = (labels[:, :, None] == np.arange(classes + 1)).mean(axis=1)
    return found
