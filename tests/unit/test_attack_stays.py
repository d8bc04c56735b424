"""Machines whose rows go on from one to the next: one that runs hot is odd once, and who makes rows up is found."""

from datetime import timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import Baseline, baseline_of, track
from monitor.detectors.attack.indicators import TAILS
from monitor.detectors.attack.rehearsal import rehearsed
from monitor.detectors.attack.sighting import ALPHA
from monitor.detectors.attack.state import State
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles(timestamp="at", client="machine", prediction="said")
MACHINES, COLUMNS, KEEPS = 30, 8, 0.97


def walked(seed: int, steps: int) -> np.ndarray:
    """Let machines walk about a mean of their own, shape (steps, machines, columns)."""
    rng = np.random.default_rng(seed)
    where, found = rng.normal(0, 1, (MACHINES, COLUMNS)), np.empty((steps, MACHINES, COLUMNS))
    for step in range(steps):
        where = KEEPS * where + np.sqrt(1 - KEEPS**2) * rng.normal(0, 1, where.shape)
        found[step] = where
    return found


def logged(values: np.ndarray) -> pa.Table:
    steps = len(values)
    flat = np.round(values.reshape(-1, COLUMNS), 2)
    at = np.repeat(np.arange(steps), MACHINES) * 600_000_000 + np.tile(np.arange(MACHINES), steps) * 1_000_000
    columns = {
        "at": pa.array(at, pa.timestamp("us", "UTC")),
        "machine": np.tile(np.arange(MACHINES), steps).astype(str),
    }
    columns |= {f"x{i}": flat[:, i] for i in range(COLUMNS)}
    return pa.table(columns | {"said": (flat[:, 0] + flat[:, 1] > 0).astype(int)})


@cache
def known(seed: int) -> Baseline:
    reference = logged(walked(seed, 400))
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(seed))
    assert found
    return rehearsed(found, reference, ROLES)


def accused(values: np.ndarray, seed: int) -> set[str]:
    """Name the machines that are accused of odd rows."""
    baseline = known(seed)
    _, found = track(baseline, State.empty(baseline), logged(values), ROLES, length=timedelta(days=1))
    return {one.client for one in found if one.client and one.detector in TAILS and one.log_e >= -np.log(ALPHA)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_machine_that_runs_hot_for_long_is_no_attacker(seed: int) -> None:
    values = walked(seed + 50, 300)
    heat = np.clip((np.arange(300) - 100) / 20, 0, 1)
    values[:, 5, :5] += 2.0 * heat[:, None] * np.random.default_rng(seed).choice([-1, 1], 5)
    assert "5" not in accused(values, seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_makes_rows_up_among_machines_is_found(seed: int) -> None:
    values = walked(seed + 50, 300)
    values[150:, 9] = np.random.default_rng(seed).uniform(-4, 4, (150, COLUMNS))
    assert accused(values, seed) == {"9"}
