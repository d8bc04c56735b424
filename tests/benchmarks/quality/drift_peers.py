"""Crafted rows in one of twenty columns: what peers find with the settings they come with, and what else they say."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import pyarrow as pa
from figure import Figure, skipped
from judging import START, TIME, told, watch_with

from monitor.config import Model
from monitor.profiles.groups import profile_table
from monitor.steps.reference import profiled_reference
from quality import Bench
from quality.budget import timed

ROWS, HELD, WITHIN, SHARE, SHIFT = 10_000, 100_000, 3, 0.05, 1.5
NUMBERS, TEXTS = 14, 6
PEERS = {"evidently": "evidently", "nannyml": "nannyml", "alibi-detect": "alibi_detect"}


def figures(bench: Bench) -> Iterator[Figure]:
    """Give everyone the same reference and windows; in each third of them 5 % of the rows of one column are shifted."""
    rng = np.random.default_rng(11)
    trials = 6 if bench.quick else 28
    reference = rows(rng, HELD)
    windows = [crafted(rng, trial % NUMBERS) for trial in range(trials) for _ in range(WITHIN)]
    yield from compared("monitor", *ours(reference, windows))
    numbered = [w.append_column("window", pa.array(np.full(ROWS, i))) for i, w in enumerate(windows)]
    tables = {"reference": reference, "windows": pa.concat_tables(numbered)}
    for name, peer in PEERS.items():
        try:
            found = bench.peer(name, "univariate", tables=tables, peer=peer)
        except RuntimeError as error:
            yield skipped(f"drift by {name}", f"it does not run here: {str(error).strip().splitlines()[-1][:200]}")
            continue
        yield from compared(name, found["drifted"], found["seconds"])


def compared(who: str, drifted: Sequence[Sequence[str]], seconds: float) -> Iterator[Figure]:
    """Say in how many trials the shifted column was named, and in how many windows another one."""
    trials = [drifted[i : i + WITHIN] for i in range(0, len(drifted), WITHIN)]
    hits = [any(_name(i % NUMBERS) in window for window in trial) for i, trial in enumerate(trials)]
    false = [sum(name != _name(i % NUMBERS) for name in window) for i, trial in enumerate(trials) for window in trial]
    how = f"{sum(hits)} of {len(hits)} trials of {WITHIN} windows of {ROWS:,} rows, reference {HELD:,}; {seconds:.0f} s"
    yield Figure(f"{who}: 5 % crafted rows in 1 of 20 columns found", float(np.mean(hits)), "of trials", how)
    how = f"{sum(false)} columns in {len(false)} windows; one alarm in 30 windows is the budget of monitor"
    yield Figure(f"{who}: false alarms of columns a window", float(np.mean(false)), "", how)


def ours(reference: pa.Table, windows: Sequence[pa.Table]) -> tuple[list[list[str]], float]:
    """Give the columns of alerts that were told, by window, and the seconds from rows to alerts."""
    begun = time.perf_counter()
    settings = Model(source={"push": True}, columns={"timestamp": TIME}, window="1d")
    known = profiled_reference(timed(reference, ROWS), watch_with(settings))
    profiles = [profile_table(window, known[""].layout) for window in windows]
    drifted: list[list[str]] = [[] for _ in windows]
    for one in told(settings, known, profiles):
        drifted[(one.window.start - START) // timedelta(days=1)].append(one.column)
    return drifted, time.perf_counter() - begun


def rows(rng: np.random.Generator, n: int) -> pa.Table:
    """Draw rows of seven normal, seven lognormal and six text columns."""
    shares = 1 / np.arange(1, 9)
    made = {_name(i): rng.normal(10, 3, n) if i % 2 else rng.lognormal(1, 1, n) for i in range(NUMBERS)}
    names = np.array([f"value {i}" for i in range(shares.size)])
    made |= {f"text_{i}": names[rng.choice(shares.size, n, p=shares / shares.sum())] for i in range(TEXTS)}
    return pa.table(made)


def crafted(rng: np.random.Generator, column: int) -> pa.Table:
    """Draw a window in which a share of the rows is shifted in one column."""
    table = rows(rng, ROWS)
    values = table[_name(column)].to_numpy().copy()
    values[: round(SHARE * ROWS)] += SHIFT * values.std()
    return table.set_column(column, _name(column), pa.array(values))


def _name(i: int) -> str:
    return f"number_{i:02}"
