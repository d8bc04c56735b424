"""Drift tests keep their level where a window's rows come in few clumps, as a depot's do by the van: is that so."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
import pyarrow as pa
from figure import Figure

from monitor.detectors.drift import chi_square, scan, smooth
from monitor.profiles.arrow import layout_of
from monitor.profiles.correlation import correlation_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile, merge
from monitor.types import Roles
from quality import Bench

UNITS = {1: 60, 2: 40, 4: 40, 10: 30, 30: 20}
"""Clumps of a window in the mean, and rows of each."""
TESTS = {"smooth": smooth, "scan": scan, "chi-square": chi_square}
WINDOWS, LEVELS = 48, (0.01, 0.001)


def figures(bench: Bench) -> Iterator[Figure]:
    """Give, by how many clumps a window holds, how many times as often a level is passed as it says."""
    references, each = (4, 50) if bench.quick else (40, 100)
    for units, rows in UNITS.items():
        rng = np.random.default_rng(units)
        found = reduce(_together, (_passed(rng, units, rows, each) for _ in range(references)))
        yield from _told(found, f"{units} clumps a window", references)
    rng = np.random.default_rng(0)
    found = reduce(_together, (_passed_at_night(rng, each) for _ in range(references)))
    yield from _told(found, "12 to 24 rows by threes, beside windows of 8 to 560", references)


def _told(found: Mapping[str, list[float]], what: str, references: int) -> Iterator[Figure]:
    print(f"clumps: {what}", file=sys.stderr, flush=True)
    for name, p_values in found.items():
        p = np.array(p_values)
        for level in LEVELS:
            times = float((p <= level).mean()) / level
            how = f"{(p <= level).sum()} of {p.size:,}, {references} references"
            yield Figure(f"{name}, {what}: passes of p = {level:g}", times, "x", how, at_most=1.0)


def _together(a: dict[str, list[float]], b: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: a[name] + b[name] for name in a}


def _passed(rng: np.random.Generator, units: int, rows: int, each: int) -> dict[str, list[float]]:
    """Give the p-values of so many windows of a new world, by test."""
    drivers = np.concatenate([rng.integers(1, 400, 25), rng.integers(400, 5_000, 35)])
    windows = [pa.table(window(rng, units, rows, drivers)) for _ in range(WINDOWS)]
    return _laid_beside(windows, (pa.table(window(rng, units, rows, drivers)) for _ in range(each)))


def _passed_at_night(rng: np.random.Generator, each: int) -> dict[str, list[float]]:
    """Give those of small windows of people who ask about three times, beside four weeks of windows of six hours."""
    rows = (rng.choice([12, 60, 200, 400], 4 * 28) * rng.uniform(0.6, 1.4, 4 * 28)).astype(int).tolist()
    windows = [pa.table(asked(rng, held)) for held in rows]
    return _laid_beside(windows, (pa.table(asked(rng, held)) for held in rng.integers(12, 25, each).tolist()))


def _laid_beside(windows: Sequence[pa.Table], others: Iterable[pa.Table]) -> dict[str, list[float]]:
    layout = layout_of(pa.concat_tables(windows), Roles("at"))
    profiles = [profile_table(one, layout, reference=True) for one in windows]
    layout = correlation_of(profiles, layout)
    reference: Profile = replace(reduce(merge, profiles), layout=layout)
    found: dict[str, list[float]] = {name: [] for name in TESTS}
    for other in others:
        current = profile_table(other, layout)
        for name, test in TESTS.items():
            found[name] += [one.p_value for one in test.compare(reference, current) if one.p_value is not None]
    return found


def asked(rng: np.random.Generator, rows: int) -> Mapping[str, np.ndarray]:
    """Make rows of people who ask about three times, of whom all but what they ask for stays the same."""
    who = np.repeat(np.arange(rows), rng.geometric(1 / 3, rows))[:rows]
    return {
        "age": rng.normal(size=rows)[who],
        "km": np.exp(rng.normal(size=rows)[who]).round(2),
        "pays": rng.choice(["monthly", "yearly", "cash"], rows, p=[0.5, 0.4, 0.1])[who],
        "excess": rng.normal(size=rows),
    }


def window(rng: np.random.Generator, units: int, rows: int, drivers: np.ndarray) -> Mapping[str, np.ndarray]:
    """Make a window of about so many clumps of about so many rows: what a clump has in common, or shares in part."""
    clumps = max(1, int(rng.poisson(units)))
    of = np.repeat(np.arange(clumps), rng.poisson(rows - 1, clumps) + 1)
    rain = np.where(rng.random(clumps) < 0.6, 0, rng.exponential(3, clumps))
    own = rng.normal(size=of.size)
    return {
        "normal": rng.normal(size=clumps)[of],
        "rain": (rain[of] * rng.uniform(0.95, 1.05, of.size)).round(1),
        "tenure": rng.choice(drivers, clumps)[of].astype(np.float64),
        "half": 0.7 * rng.normal(size=clumps)[of] + 0.7 * own,
        "skewed": np.exp(0.5 * rng.normal(size=clumps)[of] + 0.8 * own),
        "alone": rng.normal(size=of.size),
        "vehicle": rng.choice(["van", "truck", "bike"], clumps, p=[0.6, 0.3, 0.1])[of],
        "rare": np.where(rng.random(clumps) < 0.05, "yes", "no")[of],
    }
