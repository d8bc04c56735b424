"""Performance estimated before labels, beside what was realised and beside NannyML's CBPE on the same rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd
import pyarrow as pa
from figure import Figure
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier

from monitor.detectors import ESTIMATES
from monitor.detectors.performance.estimated import estimate_spreads
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.profile import Profile
from monitor.types import Roles
from quality import Bench

REALISED: dict[str, Callable[[pd.DataFrame], float]] = {
    "roc_auc": lambda rows: float(metrics.roc_auc_score(rows.y, rows.p)),
    "accuracy": lambda rows: float(metrics.accuracy_score(rows.y, rows.d)),
    "f1": lambda rows: float(metrics.f1_score(rows.y, rows.d)),
}
DRAWS = 30
SHOWN = ["p", "d", "y"]
ROLES = Roles(timestamp="at", prediction="d", scores=("p",), label="y")


@dataclass(frozen=True)
class Case:
    """Rows with score p, decision d, label y and features: a reference, and what is cut into windows of `size` rows.

    stable: nothing but scores and features moves, so that an estimate can be right. The peer asks for no features.
    """

    name: str
    reference: pd.DataFrame
    rows: pd.DataFrame
    size: int
    stable: bool

    def windows(self, rows: pd.DataFrame) -> list[pd.DataFrame]:
        """Cut rows into whole windows."""
        return [rows.iloc[i : i + self.size] for i in range(0, len(rows) - self.size + 1, self.size)]


def figures(bench: Bench) -> Iterator[Figure]:
    """Give, by data set and metric, the error as a ratio to the peer's, and how often the interval held."""
    covered: dict[str, list[bool]] = {name: [] for name in REALISED}
    ratios: dict[str, list[float]] = {name: [] for name in REALISED}
    for title, same in groupby(cases(bench), lambda case: case.name):
        drawn = list(same)
        told = [compared(bench, case) for case in drawn]
        for name in REALISED:
            real, its, value, low, high = np.hstack([one[name] for one in told])
            error, peers = float(np.abs(value - real).mean()), float(np.abs(its - real).mean())
            held = (low <= real) & (real <= high)
            covered[name] += held.tolist() if drawn[0].stable else []
            ratios[name].append(error / peers)
            held_share = f"intervals held {held.mean():.1%}"
            how = f"{real.size} windows of {drawn[0].size} rows: {error:.5f} to {peers:.5f}; {held_share}"
            yield Figure(f"error of estimated {name}, {title}, by CBPE's", error / peers, "x", how)
    for name in REALISED:
        if ratios[name]:
            how = f"geometric mean over {len(ratios[name])} data sets"
            mean = float(np.exp(np.mean(np.log(ratios[name]))))
            yield Figure(f"error of estimated {name} by NannyML's CBPE", mean, "x", how, at_most=1.0)
            how = f"{len(covered[name])} windows of data whose concept stands still"
            held = float(np.mean(covered[name]))
            yield Figure(
                f"95 % intervals of estimated {name} that held", held, "share", how, at_least=0.93, at_most=0.97
            )


def compared(bench: Bench, case: Case) -> dict[str, np.ndarray]:
    """Give by metric what was realised, what the peer says, and value, low and high, of shape (5, windows)."""
    windows = case.windows(case.rows)[: 20 if bench.quick else None]
    now = pd.concat(windows, ignore_index=True)
    tables = {"reference": case.reference[SHOWN].reset_index(drop=True), "analysis": now[SHOWN]}
    peer = bench.peer("nannyml", "nannyml_cbpe", tables=tables, metrics=list(REALISED), size=case.size)
    own = estimates(case, windows)
    real = {name: np.array([realise(window) for window in windows]) for name, realise in REALISED.items()}
    return {name: np.stack([real[name], peer[name], *own[name]]) for name in REALISED}


def estimates(case: Case, windows: list[pd.DataFrame]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give value, low and high of each metric in each window, by the product's own profiles and detectors."""
    layout = layout_of(pa.Table.from_pandas(case.reference, preserve_index=False), ROLES)

    def profiled(rows: pd.DataFrame, *, reference: bool = False) -> Profile:
        return profile_table(pa.Table.from_pandas(rows, preserve_index=False), layout, reference=reference)

    whole = profiled(case.reference, reference=True)
    table = pa.Table.from_pandas(case.reference, preserve_index=False)
    own = Groups(np.arange(table.num_rows) // case.size, -(-table.num_rows // case.size))
    parts = next(profile_groupings(table, layout, [own], reference=True))[: table.num_rows // case.size]
    told = replace(layout, spreads=estimate_spreads(whole, parts), windows=len(parts), window_rows=float(case.size))
    reference = replace(whole, layout=told)
    unlabelled = [profiled(window.drop(columns="y")) for window in windows]
    found = {}
    for detector in ESTIMATES:
        name = detector.name.removeprefix("estimated_")
        if name in REALISED:
            ends = [one for window in unlabelled for one in detector.compare(reference, window)]
            found[name] = tuple(np.array([getattr(one, part) for one in ends]) for part in ("value", "low", "high"))
    return found


def cases(bench: Bench) -> Iterator[Case]:
    """Give the data sets that are there, and simulated ones whose scores move."""
    yield from simulated(1 if bench.quick else DRAWS)
    yield from regions(1 if bench.quick else DRAWS // 3)
    yield from loans(bench)
    yield from census(bench)
    yield from hotel(bench)


def simulated(draws: int) -> Iterator[Case]:
    """Draw scores whose level and sureness differ from window to window, that mean what they say or not.

    One reference errs one way in all windows, and makes one side or the other look better: several are drawn.
    """
    for name, slope, shift in (
        ("scores at their word", 1.0, 0.0),
        ("scores too sure", 0.6, 0.3),
        ("scores too low", 1.0, 0.7),
    ):
        for number in range(draws):
            draw = np.random.default_rng([7, number])
            size, many = 1000, 10
            level, sure = np.repeat(draw.normal(0, 0.5, many), size), np.repeat(draw.uniform(0.8, 2.0, many), size)
            reference = _drawn(draw, np.zeros(10_000), np.full(10_000, 1.4), slope, shift)
            rows = _drawn(draw, level, sure, slope, shift)
            yield Case(f"simulated shifts, {name}", reference, rows, size, stable=True)


def _drawn(draw: np.random.Generator, level: np.ndarray, sure: np.ndarray, slope: float, shift: float) -> pd.DataFrame:
    z = draw.normal(level, sure)
    p, true = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-slope * z - shift))
    return pd.DataFrame({"p": p, "d": (p >= 0.5).astype(int), "y": (draw.random(z.size) < true).astype(int)})


def regions(draws: int) -> Iterator[Case]:
    """Draw scores that promise too much or too little by a feature that moves from window to window."""
    for number in range(draws):
        draw = np.random.default_rng([8, number])
        size, many = 1000, 10

        def drawn(level: np.ndarray, draw: np.random.Generator = draw) -> pd.DataFrame:
            x, z = draw.normal(level, 1), draw.normal(0.2, 1.5, level.size)
            p, y = 1 / (1 + np.exp(-z)), draw.random(level.size) < 1 / (1 + np.exp(0.8 * x - z))
            return pd.DataFrame({"x": x, "p": p, "d": (p >= 0.5).astype(int), "y": y.astype(int)})

        levels = np.repeat(draw.normal(0, 0.7, many), size)
        yield Case("simulated regions", drawn(np.zeros(10_000)), drawn(levels), size, stable=True)


def loans(bench: Bench) -> Iterator[Case]:
    """Take the first half of the reference as reference, and the rest, in which the concept stands still."""
    files = [
        bench.file(f"nannyml_car_loan_synth/{name}.parquet") for name in ("reference", "analysis", "analysis_target")
    ]
    if not all(files):
        return
    before, after, labels = (pd.read_parquet(file) for file in files)
    after = after.merge(labels, on="id")
    held, drifted = (
        rows.drop(columns=["id", "timestamp", "y_pred_proba", "y_pred", "repaid"], errors="ignore").assign(
            p=rows.y_pred_proba, d=rows.y_pred.astype(int), y=rows.repaid.astype(int)
        )
        for rows in (before, after)
    )
    half = len(held) // 2
    yield Case("car loans", held[:half], held[half:], 500, stable=True)
    yield Case("car loans that drift", held, drifted, 1000, stable=False)


def census(bench: Bench) -> Iterator[Case]:
    """Take 2015 as reference, and half of it for windows of the same year; then the years after it."""
    file = bench.file("census_ma_employment/employment_MA.parquet")
    if file is None:
        return
    rows = pd.read_parquet(file)
    aside = ["id", "year", "part", "predicted_probability", "prediction", "employed"]
    plain = rows.drop(columns=aside, errors="ignore").assign(
        p=rows.predicted_probability, d=rows.prediction.astype(int), y=rows.employed.astype(int)
    )
    first = plain[rows.year == 2015].sample(frac=1, random_state=1)
    half = len(first) // 2
    yield Case("census within 2015", first[:half], first[half:], 500, stable=True)
    later = plain[rows.year > 2015].sample(frac=1, random_state=1)[:100_000]
    yield Case("census 2016 to 2018", first, later, 500, stable=False)


def hotel(bench: Bench) -> Iterator[Case]:
    """Train on the first third of the bookings by arrival; the second is the reference, the third what came after."""
    file = bench.file("hotel_bookings/hotel_demo.parquet")
    if file is None:
        return
    rows = pd.read_parquet(file).sort_values("arrival_at", ignore_index=True)
    aside = ["booking_id", "booked_at", "arrival_at", "label_at", "country", "is_canceled"]
    seen = rows.drop(columns=aside).apply(
        lambda one: one if one.dtype.kind in "if" else one.astype("category").cat.codes
    )
    third = len(rows) // 3
    model = HistGradientBoostingClassifier(random_state=1).fit(seen[:third], rows.is_canceled[:third])
    p = model.predict_proba(seen)[:, 1]
    made = seen.assign(p=p, d=(p >= 0.5).astype(int), y=rows.is_canceled.astype(int))
    yield Case("hotel bookings", made[third : 2 * third], made[2 * third :], 1000, stable=False)
    mixed = made[third:].sample(frac=1, random_state=1)
    yield Case("hotel bookings, shuffled", mixed[:third], mixed[third:], 500, stable=True)
