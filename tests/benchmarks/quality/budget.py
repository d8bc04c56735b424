"""False alarms through the service's own judging, of a budget of one in thirty days: kept, and not by being deaf."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from figure import Figure, skipped
from judging import START, TIME, told, watch_with
from people import people
from pool import Pool
from scipy.stats import chi2

from monitor.alerts.finding import Finding
from monitor.config import Model
from monitor.profiles.groups import Groups, profile_groups
from monitor.profiles.profile import Profile
from monitor.steps.reference import profiled_reference
from quality import Bench

REFERENCE_ROWS = 20_000
LEAVING = 4_000
"""Rows of a reference that leaves nine times as many over, so that these differ little from where both come from."""
SIZES = (50, 300, 1_000)
SMALL = (300, 1_000)
BUDGET = "alarms per budgeted one"
WEEKS, MOVED = (4, 13), "column_01"
INSTITUTION, HIGHEST_AGE = 16, 94
OUTPUTS = {"prediction": "predicted", "scores": "score", "label": "label"}


def figures(bench: Bench) -> Iterator[Figure]:
    """Measure false alarms on rows that are exchangeable, on real ones that are merely stable, and over seasons."""
    yield from exchangeable(bench, of_a_sample=False)
    yield from exchangeable(bench, of_a_sample=True, held=LEAVING)
    for rows in SMALL:
        yield from exchangeable(bench, of_a_sample=False, held=rows)
    yield from stable(bench)
    yield from seasonal(bench)
    for weeks in WEEKS:
        yield from weekly(weeks, trials=3 if bench.quick else 20)


def exchangeable(bench: Bench, *, of_a_sample: bool, held: int = REFERENCE_ROWS) -> Iterator[Figure]:
    """Judge windows of rows drawn from real ones.

    of_a_sample: they are drawn from the rows that the reference has left over, again and again. What these differ in
    from the reference by chance is the same in every window, and so a lasting shift; it is small where they are many.
    Otherwise reference and windows are drawn from the same rows, all of them. held: rows of the reference; the largest
    windows are half of it, but beside small ones, where they are left out and the months are fewer.
    """
    drawn = "drawn from rows left over by the reference" if of_a_sample else "drawn as the reference was"
    what = f"false alarms, real rows {drawn}" + (f", {held:,} of them" if held < REFERENCE_ROWS else "")
    adult = bench.file("adult_census/adult.parquet")
    if adult is None:
        yield skipped(what, "needs --data with adult_census")
        return
    loans = bench.file("nannyml_car_loan_synth/reference.parquet")
    sizes = (*SIZES, held // 2) if held >= LEAVING else SIZES
    models, days = trials(quick=bench.quick, of_a_sample=of_a_sample, small=held < LEAVING)
    fired: dict[int, list[Finding]] = {size: [] for size in sizes}
    for seed in range(models):
        rng = np.random.default_rng([seed, of_a_sample])
        rows = people(adult, loans, seed=seed)
        chosen = np.arange(held) if of_a_sample else rng.integers(rows.num_rows, size=held)
        reference, rest = rows.take(pa.array(chosen)), rows.slice(held) if of_a_sample else rows
        pool: Pool | None = None
        for size in sizes:
            settings = settings_of(OUTPUTS)
            known = profiled_reference(timed(reference, size), watch_with(settings))
            pool = pool or Pool.of(rest, known[""].layout)
            fired[size] += told(settings, known, list(pool.drawn(days, size, rng)))
    months = models * days / 30
    for size, found in fired.items():
        yield figure(f"{what}, windows of {size:,} rows", found, months, at_least=0.3)
    every = [one for found in fired.values() for one in found]
    yield figure(f"{what}, all", every, months * len(sizes), at_least=0.3)


def trials(*, quick: bool, of_a_sample: bool, small: bool) -> tuple[int, int]:
    """Give how many models are drawn, and how many days each is judged."""
    if small:
        return (1, 60) if quick else (6, 120)
    if of_a_sample:
        return (1, 75) if quick else (8, 225)
    return (2, 75) if quick else (40, 225)


def stable(bench: Bench) -> Iterator[Figure]:
    """Judge the census of 2016 to 2018 against that of 2015, year after year: people who live together stand together.

    Within a year the file's order is not that of time: those of 2017 and 2018 put all who live in institutions last,
    and first. Households are put in chance order within their year, and the highest age, which stands for all above
    it and was changed in 2017, is one. What is found in the file as it is, is shown beside, and true.
    """
    what = "false alarms, census 2015-2018"
    place = bench.file("census_ma_employment/employment_MA.parquet")
    if place is None:
        yield skipped(what, "needs --data with census_ma_employment")
        return
    rows = pq.read_table(place)
    rows = rows.rename_columns({"predicted_probability": "score", "prediction": "predicted", "employed": "label"})
    sizes = (1_000, 10_000) if bench.quick else (300, 1_000, 3_000, 10_000)
    for size in sizes:
        yield census(f"{what}, windows of {size:,} rows", households(rows), size, most=240 if bench.quick else None)
    yield replace(census(f"{what}, as the file has it, windows of 10,000 rows", rows, 10_000), at_most=None)


def households(rows: pa.Table) -> pa.Table:
    """Put households in chance order within their year; the highest ages are joined."""
    year, relation = rows["year"].to_numpy(), np.array(rows["RELP"].to_pylist()).astype(int)
    household = np.cumsum((relation == 0) | (relation >= INSTITUTION))
    chance = np.random.default_rng(5).permutation(household[-1] + 1)[household]
    ages = np.array(rows["AGEP"].to_pylist()).astype(float)
    rows = rows.set_column(rows.schema.get_field_index("AGEP"), "AGEP", pa.array(np.minimum(ages, HIGHEST_AGE)))
    return rows.take(pa.array(np.lexsort((chance, year))))


def census(what: str, rows: pa.Table, size: int, *, most: int | None = None) -> Figure:
    """Judge all years but the first against the first."""
    year = rows["year"].to_numpy()
    rows = rows.drop_columns(["id", "year", "part"])
    before, after = (rows.filter(pa.array(chosen)) for chosen in (year == year.min(), year > year.min()))
    settings = settings_of(OUTPUTS)
    known = profiled_reference(timed(before, size), watch_with(settings))
    windows = list(islice(in_order(after, size, known), most))
    return figure(what, told(settings, known, windows), len(windows) / 30)


def seasonal(bench: Bench) -> Iterator[Figure]:
    """Judge a made year against the year before it: levels and shares swing with the weekday and over the year."""
    rng = np.random.default_rng(7)
    for size in (300,) if bench.quick else (300, 3_000):
        settings = settings_of(OUTPUTS)
        before, after = (season(rng, first, 365, size) for first in (-365, 0))
        known = profiled_reference(timed(before, size), watch_with(settings))
        found = told(settings, known, list(in_order(after, size, known)))
        yield figure(f"false alarms, a year with seasons against a year, {size:,} rows a day", found, 365 / 30)


def weekly(weeks: int, *, trials: int) -> Iterator[Figure]:
    """Judge nine made weeks with a weekly course, beside so many: as they are, and one column moved for the last three.

    It moves by a third of what its weekends are off.
    """
    settings, size, quiet, days = settings_of(OUTPUTS), 300, 42, 63
    fired, found = list[Finding](), 0
    for seed in range(trials):
        rng = np.random.default_rng([seed, weeks])
        before, after = (
            season(rng, first, count, size, yearly=0.0) for first, count in ((-7 * weeks, 7 * weeks), (0, days))
        )
        known = profiled_reference(timed(before, size), watch_with(settings))
        fired += told(settings, known, list(in_order(after, size, known)))
        values = after[MOVED].to_numpy() * np.where(np.arange(days * size) < quiet * size, 1.0, np.exp(0.3))
        moved = after.set_column(after.column_names.index(MOVED), MOVED, pa.array(values))
        begun = START + timedelta(days=quiet)
        ends = [
            one.window.end
            for one in told(settings, known, list(in_order(moved, size, known)))
            if MOVED in (one.column, one.evidence.get("column")) and one.window.end > begun
        ]
        found += bool(ends) and min(ends) <= begun + timedelta(days=7)
    what = f"a weekly course beside {weeks} weeks, {size} rows a day"
    yield figure(f"false alarms, {what}", fired, trials * days / 30)
    how = f"{trials} trials, by 0.3 sd"
    yield Figure(f"{what}: a shift found within a week", found / trials, "of trials", how, at_least=0.9)


def season(rng: np.random.Generator, first: int, days: int, size: int, *, yearly: float = 0.5) -> pa.Table:
    """Make rows of so many days: twelve columns, a score that follows three of them, and labels that follow the score.

    Over the year levels swing by so many sd, over the week by 0.3 sd, from day to day by 0.05 sd.
    """
    day = np.repeat(np.arange(first, first + days), size)
    year, week = np.sin(day / 365.25 * 2 * np.pi), np.where(day % 7 < 5, 1.0, -2.5)
    daily = rng.normal(size=(days, 12))
    columns: dict[str, np.ndarray] = {}
    for i in range(12):
        level = yearly * year * np.cos(i) + 0.3 * np.sin(i) * week + 0.05 * daily[day - first, i]
        values = rng.normal(size=day.size) + level
        if i % 3 == 1:
            values = np.exp(values)
        columns[f"column_{i:02}"] = np.digitize(values, [-1, 0, 1]).astype(str) if i % 3 == 2 else values
    score = 1 / (1 + np.exp(-(columns["column_00"] + columns["column_03"] - columns["column_06"] - 1)))
    columns |= {"score": score, "predicted": (score > 0.5).astype(int), "label": (rng.random(day.size) < score) * 1}
    return pa.table(columns)


def settings_of(outputs: Mapping[str, str]) -> Model:
    """Give the settings of a model with daily windows and all defaults."""
    return Model(source={"push": True}, columns={"timestamp": TIME, **outputs}, window="1d")


def timed(rows: pa.Table, a_day: int) -> pa.Table:
    """Give a reference its times: days of so many rows, the first one less, that end where the windows begin."""
    micros = (np.arange(rows.num_rows) - rows.num_rows) * (86_400_000_000 // a_day)
    times = pa.array(int(START.timestamp()) * 1_000_000 + micros, pa.timestamp("us", "UTC"))
    return rows.append_column(TIME, times)


def in_order(rows: pa.Table, size: int, known: Mapping[str, Profile]) -> Iterator[Profile]:
    """Profile whole windows of rows as they come."""
    layout = known[""].layout
    at_once = max(1, 100_000 // size) * size
    for first in range(0, rows.num_rows - size + 1, at_once):
        part = rows.slice(first, at_once)
        windows = part.num_rows // size
        part = part.slice(0, windows * size)
        yield from profile_groups(part, layout, Groups(np.repeat(np.arange(windows), size), windows))


def figure(what: str, found: Sequence[Finding], months: float, *, at_least: float | None = None) -> Figure:
    """Give the alarms of some months as a share of the budget, with an interval. (Garwood 1936)."""
    count = len(found)
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    by_kind = Counter(f"{one.kind} {one.detector}" for one in found)
    listed = ", ".join(f"{n} {name}" for name, n in by_kind.most_common(6))
    how = f"{count} in {months:.0f} model-months, 95 % interval {low / months:.2f} to {high / months:.2f}; {listed}"
    return Figure(what, count / months, BUDGET, how.removesuffix("; "), at_least=at_least, at_most=1.0)
