"""A regression's errors estimated before labels, beside what was realised and beside NannyML's DLE on the same rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from figure import Figure
from sklearn.ensemble import HistGradientBoostingRegressor

from monitor.detectors.performance.estimated_errors import DETECTORS, error_spreads
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.profile import Profile
from monitor.types import Roles
from quality import Bench

NAMES = {"mae": "estimated_mean_absolute_error", "rmse": "estimated_root_mean_squared_error"}
ROLES = Roles(timestamp="at", prediction="d", label="y", kinds={"d": "numeric", "y": "numeric"})


@dataclass(frozen=True)
class Case:
    """Features with prediction d and label y: a reference, and what is cut into windows of `size` rows.

    stable: only the features move, so that an estimate can be right.
    """

    name: str
    reference: pd.DataFrame
    rows: pd.DataFrame
    size: int
    stable: bool


def figures(bench: Bench) -> Iterator[Figure]:
    """Give, by data set and metric, the error as a ratio to the peer's, and how often the interval held."""
    ratios: dict[str, list[float]] = {name: [] for name in NAMES}
    covered: list[bool] = []
    for case in cases(bench):
        windows = cut(case.rows, case.size)[: 20 if bench.quick else 100]
        tables = {"reference": case.reference.reset_index(drop=True), "analysis": pd.concat(windows, ignore_index=True)}
        peer = bench.peer("nannyml", "nannyml_dle", tables=tables, size=case.size)
        own = estimates(case, windows)
        errors = [(window.d - window.y).to_numpy() for window in windows]
        for name in NAMES:
            real = np.array([np.abs(e).mean() if name == "mae" else np.sqrt((e**2).mean()) for e in errors])
            value, low, high = own[name]
            usual = (case.reference.d - case.reference.y).to_numpy()
            still = float(np.abs(real - (np.abs(usual).mean() if name == "mae" else np.sqrt((usual**2).mean()))).mean())
            error, its = float(np.abs(value - real).mean()), float(np.abs(np.array(peer[name]) - real).mean())
            held = (low <= real) & (real <= high)
            covered += held.tolist() if case.stable else []
            ratios[name].append(error / its)
            how = (
                f"{len(windows)} windows of {case.size} rows: {error:.4g} to {its:.4g}; "
                f"the reference's own value is off by {still:.4g}; intervals held {held.mean():.1%}"
            )
            yield Figure(f"error of estimated {name}, {case.name}, by DLE's", error / its, "x", how)
    for name, found in ratios.items():
        if found:
            how = f"geometric mean over {len(found)} data sets"
            mean = float(np.exp(np.mean(np.log(found))))
            yield Figure(f"error of estimated {name} by NannyML's DLE", mean, "x", how, at_most=1.0)
    if covered:
        how = f"{len(covered)} windows of data whose concept stands still, both metrics"
        share = float(np.mean(covered))
        yield Figure("95 % intervals of estimated errors that held", share, "share", how, at_least=0.93, at_most=0.97)


def cut(rows: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    """Cut rows into whole windows."""
    return [rows.iloc[i : i + size] for i in range(0, len(rows) - size + 1, size)]


def estimates(case: Case, windows: list[pd.DataFrame]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give value, low and high of each metric in each window, by the product's own profiles and detectors."""
    table = pa.Table.from_pandas(case.reference, preserve_index=False)
    layout = layout_of(table, ROLES)

    def profiled(rows: pd.DataFrame) -> Profile:
        return profile_table(pa.Table.from_pandas(rows, preserve_index=False), layout)

    whole = profile_table(table, layout, reference=True)
    own = Groups(np.arange(table.num_rows) // case.size, -(-table.num_rows // case.size))
    parts = next(profile_groupings(table, layout, [own], reference=True))[: table.num_rows // case.size]
    told = replace(layout, spreads=error_spreads(whole, parts), windows=len(parts), window_rows=float(case.size))
    reference = replace(whole, layout=told)
    unlabelled = [profiled(window.drop(columns="y")) for window in windows]
    found = {}
    for name, detector in zip(NAMES, DETECTORS, strict=True):
        ends = [one for window in unlabelled for one in detector.compare(reference, window)]
        found[name] = tuple(np.array([getattr(one, part) for one in ends], float) for part in ("value", "low", "high"))
    return found


def cases(bench: Bench) -> Iterator[Case]:
    """Give the data sets that are there, and a simulated one whose spread hangs on a feature that moves."""
    yield simulated()
    yield from adults(bench)
    yield from rooms(bench)
    yield from power(bench)


def simulated() -> Case:
    """Draw labels about their prediction, wider where a feature is high; the feature moves between windows."""
    draw, size, many = np.random.default_rng(7), 500, 100

    def drawn(level: np.ndarray) -> pd.DataFrame:
        x, z = draw.normal(level, 1), draw.normal(size=level.size)
        return pd.DataFrame({"x": x, "z": z, "d": 2 * z, "y": 2 * z + np.exp(0.5 * x) * draw.normal(size=level.size)})

    levels = np.repeat(draw.normal(0, 0.7, many), size)
    return Case("simulated shifts", drawn(np.zeros(10_000)), drawn(levels), size, stable=True)


def adults(bench: Bench) -> Iterator[Case]:
    """Predict the hours that people work; one half of the rows shuffled, the other ordered by age."""
    file = bench.file("adult_census/adult.parquet")
    if file is None:
        return
    rows = pd.read_parquet(file).drop(columns=["part", "income", "fnlwgt"]).sample(frac=1, random_state=1)
    made = answered(rows.rename(columns={"hours": "y"}), len(rows) // 4)
    third = len(made) // 3
    yield Case("hours of work", made[:third], made[third : 2 * third], 500, stable=True)
    yield Case("hours of work, by age", made[:third], made[2 * third :].sort_values("age"), 500, stable=True)


def rooms(bench: Bench) -> Iterator[Case]:
    """Predict the price of hotel rooms, in the order of arrival and shuffled."""
    file = bench.file("hotel_bookings/hotel_demo.parquet")
    if file is None:
        return
    rows = pd.read_parquet(file).sort_values("arrival_at", ignore_index=True)
    aside = ["booking_id", "booked_at", "arrival_at", "label_at", "country", "is_canceled"]
    rows = rows.drop(columns=aside).rename(columns={"adr": "y"})
    rows = rows[rows.y.between(0, 1000)]
    made = answered(rows, len(rows) // 3)
    half = len(made) // 2
    yield Case("room prices", made[:half], made[half:], 1000, stable=False)
    mixed = made.sample(frac=1, random_state=1)
    yield Case("room prices, shuffled", mixed[:half], mixed[half:], 500, stable=True)


def power(bench: Bench) -> Iterator[Case]:
    """Predict the demand for electricity from the rest, in the order of time."""
    file = bench.file("elec2/elec2.parquet")
    if file is None:
        return
    rows = pd.read_parquet(file).drop(columns=["ts_nominal", "class"], errors="ignore")
    made = answered(rows.rename(columns={"nswdemand": "y"}), 10_000)
    yield Case("demand for power", made[:12_000], made[12_000:], 672, stable=False)


def answered(rows: pd.DataFrame, trained: int) -> pd.DataFrame:
    """Train on the first rows and give the others with the predictions."""
    coded = rows.drop(columns="y").apply(
        lambda one: one if one.dtype.kind in "if" else one.astype("category").cat.codes
    )
    model = HistGradientBoostingRegressor(max_iter=60, random_state=1).fit(coded[:trained], rows.y[:trained])
    # the peer fails on texts: both are given categories as numbers
    return coded[trained:].assign(d=model.predict(coded[trained:]), y=rows.y[trained:].astype(float))
