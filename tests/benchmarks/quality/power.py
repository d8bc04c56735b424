"""What is seen at a budget of one false alarm in thirty days: a share of crafted rows in one of twenty columns."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from figure import Figure, skipped
from judging import START, TIME, stepped, watch_with

from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.titles import TOLD_AS
from monitor.config import Model
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.steps.reference import profiled_reference
from quality import Bench
from quality.budget import timed

ROWS, COLUMNS, WITHIN, SHIFT = 10_000, 20, 3, 1.5
QUIET = 8
"""Windows without crafted rows, with which it begins: of a reference of two windows they tell what is usual."""
TARGETS = {0.01: None, 0.03: 0.80, 0.05: 0.99}
REAL = {
    "adult_census/adult.parquet": ("age", "fnlwgt", "hours", "education_num"),
    "nannyml_car_loan_synth/reference.parquet": ("car_value", "debt_to_income_ratio", "driver_tenure"),
    "elec2/elec2.parquet": ("nswprice", "nswdemand", "vicdemand"),
    "hotel_bookings/hotel_demo.parquet": ("lead_time", "adr"),
}
Draw = Callable[[np.random.Generator, int], np.ndarray]


def figures(bench: Bench) -> Iterator[Figure]:
    """Shift crafted rows by 1.5 sd in columns of each kind."""
    for kind, draws in kinds(bench).items():
        for share, target in TARGETS.items():
            what = f"crafted rows in 1 of {COLUMNS} {kind} columns found within {WITHIN} windows, {share:.0%}"
            if not draws:
                yield skipped(what, "needs --data")
                continue
            for held in (100_000,) if bench.quick else (20_000, 100_000):
                trials = 20 if bench.quick else 200
                yield found_share(f"{what}, reference {held:,}", draws, share, trials, target=target, held=held)


def kinds(bench: Bench) -> dict[str, list[Draw]]:
    """Give how the values of twenty columns are drawn, by kind; real columns repeat where there are fewer."""
    real = [_of(values) for name, columns in REAL.items() for values in _columns(bench, name, columns)]
    return {
        "normal": [lambda rng, n: rng.normal(10, 3, n)] * COLUMNS,
        "lognormal": [lambda rng, n: rng.lognormal(1, 1, n)] * COLUMNS,
        "real": [real[i % len(real)] for i in range(COLUMNS)] if real else [],
    }


def _columns(bench: Bench, name: str, columns: tuple[str, ...]) -> Iterator[np.ndarray]:
    place = bench.file(name)
    if place:
        yield from (
            column.drop_null().to_numpy().astype(float) for column in pq.read_table(place, columns=list(columns))
        )


def _of(values: np.ndarray) -> Draw:
    return lambda rng, n: rng.choice(values, n)


def found_share(what: str, draws: list[Draw], share: float, trials: int, *, target: float | None, held: int) -> Figure:
    """Let a trial be three windows in a row with one column shifted, each trial another column than the one before.

    What went before in a column is forgotten when its next turn comes, sixty windows later; where the column stands
    under alarm already, as by a false one, nothing more is to be told of it, and the trial does not count. An alert
    tells of its column, or of those that its title names.
    """
    rng = np.random.default_rng([int(share * 1000), trials, held])
    settings = Model(source={"push": True}, columns={"timestamp": TIME}, window="1d")
    reference = rows(draws, rng, held)
    spread = [float(reference[f"c{i:02}"].to_numpy().std()) for i in range(COLUMNS)]
    known = profiled_reference(timed(reference, ROWS), watch_with(settings))
    windows = [profile_table(rows(draws, rng, ROWS), known[""].layout) for _ in range(QUIET)]
    windows += [
        crafted(draws, rng, known, column=trial % COLUMNS, by=SHIFT * spread[trial % COLUMNS], share=share)
        for trial in range(trials)
        for _ in range(WITHIN)
    ]
    hit, false, stand = defaultdict[int, list[int]](list), 0, set[int]()
    for one in stepped(settings, known, windows):
        number = (one.window.start - START) // timedelta(days=1) - QUIET
        if one.alert.state in UNDER_ALARM and (number + 1) % WITHIN == 0 and one.column == _column(number + 1):
            stand.add((number + 1) // WITHIN)
        if one.transition != "fired":
            continue
        if number >= 0 and _column(number) in (one.column, *one.evidence.get(TOLD_AS, {}).get("columns", ())):
            hit[number // WITHIN].append(number % WITHIN + 1)
        else:
            false += 1
    stand -= hit.keys() | {trials}
    counted = trials - len(stand)
    after = [min(numbers) for numbers in hit.values()]
    listed = ", ".join(f"{after.count(number)} in window {number}" for number in range(1, WITHIN + 1))
    how = f"{len(hit)} of {counted} trials: {listed}; {false} alarms elsewhere in {len(windows) / 30:.0f} months"
    how += f"; {len(stand)} columns stood under alarm already" if stand else ""
    return Figure(what, len(hit) / counted, "of trials", how, at_least=target)


def _column(number: int) -> str:
    return f"c{number // WITHIN % COLUMNS:02}"


def rows(draws: list[Draw], rng: np.random.Generator, n: int) -> pa.Table:
    """Draw rows."""
    return pa.table({f"c{i:02}": draw(rng, n) for i, draw in enumerate(draws)})


def crafted(
    draws: list[Draw],
    rng: np.random.Generator,
    known: Mapping[str, Profile],
    *,
    column: int,
    by: float,
    share: float,
) -> Profile:
    """Profile a window a share of whose rows is shifted in one column."""
    table = rows(draws, rng, ROWS)
    values = table.column(column).to_numpy().copy()
    values[: round(share * ROWS)] += by
    table = table.set_column(column, table.column_names[column], pa.array(values))
    return profile_table(table, known[""].layout)
