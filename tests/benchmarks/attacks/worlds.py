"""What is attacked: four data sets, each with a model of its own, its rows split between those who may know them.

A row is a vector of numbers, categories by their code. Attackers work on *unit vectors*: numbers scaled by the .5 % and
99.5 % quantiles, a code by the number of categories. What is sent is put on the column's lattice again: codes rounded
to one that exists, integers and decimals to their places, all within the range that was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Rows = np.ndarray
SIDE = 8


@dataclass(frozen=True)
class Column:
    """A column: its scale, its range, its decimal places (None: any float) and its categories, if it has them."""

    name: str
    low: float
    high: float
    least: float
    most: float
    places: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """A model and rows that neither share: of training, of reference, of honest clients, of the attacker.

    fresh: gives n new rows of the honest population. other: rows of another source, laid into these columns.
    """

    name: str
    columns: tuple[Column, ...]
    model: Any
    training: Rows
    training_labels: np.ndarray
    reference: Rows
    reference_labels: np.ndarray
    pool: Rows
    own: Rows
    other: Rows
    fresh: Callable[[np.random.Generator, int], Rows]

    @property
    def categorical(self) -> np.ndarray:
        """Mark the columns that have categories."""
        return np.array([bool(column.names) for column in self.columns])

    def unit(self, rows: Rows) -> np.ndarray:
        """Give unit vectors of rows."""
        low, high = (np.array([getattr(c, side) for c in self.columns]) for side in ("low", "high"))
        return (rows - low) / (high - low)

    def rows(self, unit: np.ndarray, *, raw: bool = False) -> Rows:
        """Give the rows that are sent for unit vectors; raw: numbers are left as the attack's library made them."""
        low, high, least, most = (
            np.array([getattr(c, side) for c in self.columns]) for side in ("low", "high", "least", "most")
        )
        rows = np.clip(np.asarray(unit, dtype=float) * (high - low) + low, least, most)
        for place, column in enumerate(self.columns):
            if column.places is not None and not (raw and not column.names):
                rows[:, place] = np.round(rows[:, place], column.places)
        return rows

    def scores(self, rows: Rows) -> np.ndarray:
        """Give the model's probability of every class."""
        return self.model.predict_proba(rows)

    def frame(self, rows: Rows, scores: np.ndarray | None = None) -> pd.DataFrame:
        """Lay rows out as they are logged: categories by name, `prediction`, and `score` or one score a class."""
        scores = self.scores(rows) if scores is None else scores
        made = {c.name: _values(rows[:, place], c) for place, c in enumerate(self.columns)}
        made["prediction"] = scores.argmax(axis=1)
        if scores.shape[1] == 2:
            return pd.DataFrame(made | {"score": scores[:, 1]})
        return pd.DataFrame(made | {f"score_{k}": scores[:, k] for k in range(scores.shape[1])})


def _values(values: np.ndarray, column: Column) -> np.ndarray:
    if column.names:
        return np.array(column.names, dtype=object)[values.astype(int)]
    whole = column.places == 0 and np.array_equal(values, np.round(values))
    return values.astype(np.int64) if whole else values


def car_loan(data: Path) -> World:
    """Synthetic loans of seven mixed columns, boosted trees; the other source is the adult census."""
    folder = data / "nannyml_car_loan_synth"
    table = pd.concat([pd.read_parquet(folder / "reference.parquet"), _stable(folder)], ignore_index=True)
    whole = ("car_value", "loan_length")
    texts = ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment")
    names = ["car_value", "salary_range", "debt_to_income_ratio", "loan_length", *texts[1:], "driver_tenure"]
    columns, rows = _coded(table[names], texts=texts, places=dict.fromkeys(whole, 0))
    other = pd.read_parquet(data / "adult_census" / "adult.parquet")
    other = other[["fnlwgt", "education_num", "hours", "age", "sex", "marital", "gain"]]
    return _world(
        "car_loan",
        columns,
        rows,
        table["repaid"].to_numpy(),
        model=_trees(columns),
        other=other,
        sizes=(15_000, 10_000, 15_000),
    )


def _stable(folder: Path) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "analysis.parquet").iloc[:25_000]
    return rows.merge(pd.read_parquet(folder / "analysis_target.parquet"), on="id", how="left")


def power(data: Path) -> World:
    """Eight numbers on the electricity market once all columns vary: is the price above its median? A small network."""
    table = pd.read_parquet(data / "elec2" / "elec2.parquet")
    table["earlier_price"], table["earlier_demand"] = table["nswprice"].shift(1), table["nswdemand"].shift(1)
    table["swing"] = (table["nswdemand"] - table["nswdemand"].shift(48)).round(6)
    table = table.iloc[18_000:].reset_index(drop=True)
    label = (table["nswprice"] > table["nswprice"].median()).to_numpy(dtype=int)
    names = ["period", "nswdemand", "vicprice", "vicdemand", "transfer", "earlier_price", "earlier_demand", "swing"]
    table["period"] = (table["period"] * 47).round()
    places = dict.fromkeys(names, 6) | {"period": 0}
    columns, rows = _coded(table[names], texts=(), places=places)
    other = pd.read_parquet(data / "hotel_bookings" / "hotel_demo.parquet")[
        ["stays_in_week_nights", "lead_time", "adr", "lead_time", "adr", "adults", "total_of_special_requests", "adr"]
    ]
    network = make_pipeline(StandardScaler(), MLPClassifier((32, 16), max_iter=60, random_state=0))
    return _world("power", columns, rows, label, model=network, other=other, sizes=(7_000, 7_000, 5_000))


def census(data: Path) -> World:
    """Sixteen columns on people, all but age with codes, a third of the rows exact repeats: boosted trees."""
    table = pd.read_parquet(data / "census_ma_employment" / "employment_MA.parquet").sample(200_000, random_state=0)
    names = [name for name in table.columns if name not in ("id", "employed", "year", "prediction", "part")]
    names.remove("predicted_probability")
    texts = tuple(name for name in names if name != "AGEP")
    columns, rows = _coded(table[names], texts=texts, places={"AGEP": 0})
    other = pd.read_parquet(data / "adult_census" / "adult.parquet")
    order = ["education", "marital", "relationship", "workclass", "race", "country", "workclass", "workclass"]
    order += ["race", "sex", "income", "income", "sex", "sex", "race"]
    other = other[["age", *order]]
    return _world(
        "census",
        columns,
        rows,
        table["employed"].to_numpy(),
        model=_trees(columns),
        other=other,
        sizes=(20_000, 20_000, 20_000),
        repeats=True,
    )


def digits(_: Path) -> World:
    """Images of 8x8, warped and mixed with like ones, as bytes: a network; the other source are photographs."""
    rng = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(labels))
    first, second = (_Images(images[part], labels[part]) for part in (order[:700], order[700:]))
    training, given = first.labelled(rng, 9_000)
    reference, known = second.labelled(rng, 6_000)
    network = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=80, random_state=0)).fit(training, given)
    return World(
        name="digits",
        columns=tuple(Column(f"p{i:02}", 0, 255, 0, 255, 0) for i in range(SIDE * SIDE)),
        model=network,
        training=training,
        training_labels=given,
        reference=reference,
        reference_labels=known,
        pool=second.labelled(rng, 6_000)[0],
        own=second.labelled(rng, 4_000)[0],
        other=_photographs(rng, 4_000),
        fresh=lambda rng, n: second.labelled(rng, n)[0],
    )


class _Images:
    """Makes new images of some: mixed with a near one of the same class, turned, moved, scaled, of other contrast."""

    def __init__(self, images: Rows, labels: np.ndarray) -> None:
        self.images, self.labels = images * (255 / 16), labels
        self.near = np.zeros((len(labels), 6), dtype=int)
        for label in np.unique(labels):
            at = np.flatnonzero(labels == label)
            self.near[at] = at[NearestNeighbors(n_neighbors=6).fit(images[at]).kneighbors(images[at])[1]]

    def labelled(self, rng: np.random.Generator, n: int) -> tuple[Rows, np.ndarray]:
        """Give n images of whole numbers from 0 to 255, and what they show."""
        from scipy.ndimage import map_coordinates

        one = rng.integers(0, len(self.images), n)
        two = self.near[one, rng.integers(0, 6, n)]
        share = rng.uniform(0, 0.5, (n, 1))
        mixed = ((1 - share) * self.images[one] + share * self.images[two]).reshape(n, SIDE, SIDE)
        angle, scale = rng.normal(0, 0.08, n), rng.normal(1, 0.05, n)
        grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")) - (SIDE - 1) / 2
        cos, sin = (f(angle)[:, None, None] * scale[:, None, None] for f in (np.cos, np.sin))
        moved = rng.normal(0, 0.25, (2, n, 1, 1)) + (SIDE - 1) / 2
        where = np.stack([cos * grid[0] - sin * grid[1] + moved[0], sin * grid[0] + cos * grid[1] + moved[1]])
        which = np.broadcast_to(np.arange(n)[:, None, None], where.shape[1:])
        turned = map_coordinates(mixed, np.stack([which, *where]), order=1, mode="constant")
        shown = turned * rng.uniform(0.85, 1.1, (n, 1, 1)) + rng.normal(0, 4, turned.shape) * (turned > 8)
        return np.clip(np.round(shown), 0, 255).reshape(n, -1), self.labels[one]


def _photographs(rng: np.random.Generator, n: int) -> Rows:
    from sklearn.datasets import load_sample_images

    made = []
    pictures = [255 - picture.mean(axis=2) for picture in load_sample_images().images]
    for _ in range(n):
        picture, step = pictures[rng.integers(0, len(pictures))], int(rng.integers(2, 20))
        top, left = (int(rng.integers(0, size - step * SIDE)) for size in picture.shape)
        made.append(picture[top : top + step * SIDE : step, left : left + step * SIDE : step].ravel())
    return np.round(np.array(made))


def _coded(table: pd.DataFrame, *, texts: tuple[str, ...], places: dict[str, int]) -> tuple[tuple[Column, ...], Rows]:
    columns, rows = [], np.empty(table.shape)
    for place, name in enumerate(table.columns):
        values = table[name]
        if name in texts:
            names = tuple(sorted(values.astype(str).unique()))
            rows[:, place] = pd.Categorical(values.astype(str), categories=names).codes
            last = len(names) - 1
            columns.append(Column(name, 0, last, 0, last, 0, names))
        else:
            rows[:, place] = values.astype(float).fillna(values.median())
            low, high = np.quantile(rows[:, place], [0.005, 0.995])
            least, most = float(rows[:, place].min()), float(rows[:, place].max())
            columns.append(Column(name, float(low), float(high), least, most, places.get(name)))
    return tuple(columns), rows


def _trees(columns: tuple[Column, ...]) -> HistGradientBoostingClassifier:
    mask = [bool(column.names) for column in columns]
    return HistGradientBoostingClassifier(max_iter=60, categorical_features=mask, random_state=0)


def _world(
    name: str,
    columns: tuple[Column, ...],
    rows: Rows,
    labels: np.ndarray,
    *,
    model: Any,  # noqa: ANN401  # scikit-learn's classifiers have no common type
    other: pd.DataFrame,
    sizes: tuple[int, int, int],
    repeats: bool = False,
) -> World:
    """Train the model on the first rows of a random order; reference, attacker and honest clients have the next.

    repeats: rows that come again are as they should be, and new ones are drawn from the pool as they are.
    """
    order = np.random.default_rng(0).permutation(len(rows))
    training, reference, own, pool = np.split(order, np.cumsum(sizes))
    labels = labels.astype(int)
    made = World(
        name=name,
        columns=columns,
        model=model.fit(rows[training], labels[training]),
        training=rows[training],
        training_labels=labels[training],
        reference=rows[reference],
        reference_labels=labels[reference],
        pool=rows[pool],
        own=rows[own],
        other=_laid(columns, other),
        fresh=lambda rng, n: rows[rng.choice(pool, n)],
    )
    return made if repeats else replace(made, fresh=between(made))


def between(world: World) -> Callable[[np.random.Generator, int], Rows]:
    """Give a maker of new rows between a row of the pool and one of its five nearest; categories are either's."""
    near = NearestNeighbors(n_neighbors=6).fit(world.unit(world.pool)).kneighbors(world.unit(world.pool))[1]

    def fresh(rng: np.random.Generator, n: int) -> Rows:
        one = rng.integers(0, len(near), n)
        a, b = world.pool[one], world.pool[near[one, rng.integers(1, 6, n)]]
        mixed = a + rng.uniform(0, 1, (n, 1)) * (b - a)
        mixed = np.where(world.categorical, np.where(rng.random(a.shape) < 0.5, a, b), mixed)
        return world.rows(world.unit(mixed))

    return fresh


def _laid(columns: tuple[Column, ...], other: pd.DataFrame) -> Rows:
    """Lay another source into columns: numbers by their share of its range, categories by their rank in frequency."""
    other = other.sample(4_000, random_state=0, replace=len(other) < 4_000)
    rows = np.empty((len(other), len(columns)))
    for place, column in enumerate(columns):
        values = other.iloc[:, place]
        if values.dtype.kind not in "if":
            values = values.map({value: rank for rank, value in enumerate(values.value_counts().index)}).astype(float)
        values = values.astype(float).fillna(0.0)
        if column.names:
            rows[:, place] = values.rank(method="dense").to_numpy() % len(column.names)
        else:
            low, high = values.quantile([0.01, 0.99])
            shares = ((values - low) / max(high - low, 1e-9)).clip(0, 1).to_numpy()
            rows[:, place] = np.round(column.low + shares * (column.high - column.low), column.places or 6)
    return rows


WORLDS: dict[str, Callable[[Path], World]] = {"car_loan": car_loan, "digits": digits, "power": power, "census": census}
