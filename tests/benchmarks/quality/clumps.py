"""Drift tests keep their level where a window's rows come in few clumps, as a depot's do by the van: is that so."""

import sys
from collections.abc import Iterator, Mapping
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
        print(f"clumps: {units} a window", file=sys.stderr, flush=True)
        for name, p_values in found.items():
            p = np.array(p_values)
            for level in LEVELS:
                times = float((p <= level).mean()) / level
                how = f"{(p <= level).sum()} of {p.size:,}, {references} references of {WINDOWS} windows"
                yield Figure(f"{name}, {units} clumps a window: passes of p = {level:g}", times, "x", how, at_most=1.0)


def _together(a: dict[str, list[float]], b: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: a[name] + b[name] for name in a}


def _passed(rng: np.random.Generator, units: int, rows: int, each: int) -> dict[str, list[float]]:
    """Give the p-values of so many windows of a new world, by test."""
    drivers = np.concatenate([rng.integers(1, 400, 25), rng.integers(400, 5_000, 35)])
    windows = [pa.table(window(rng, units, rows, drivers)) for _ in range(WINDOWS)]
    layout = layout_of(pa.concat_tables(windows), Roles("at"))
    profiles = [profile_table(one, layout, reference=True) for one in windows]
    layout = correlation_of(profiles, layout)
    reference: Profile = replace(reduce(merge, profiles), layout=layout)
    found: dict[str, list[float]] = {name: [] for name in TESTS}
    for _ in range(each):
        current = profile_table(pa.table(window(rng, units, rows, drivers)), layout)
        for name, test in TESTS.items():
            found[name] += [one.p_value for one in test.compare(reference, current) if one.p_value is not None]
    return found


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
