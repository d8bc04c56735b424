"""Clients that send loads, such as the parcels of a van, are not accused of what the rows of a load share."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, State, baseline_of, rehearsed, track
from monitor.detectors.attack.loads import MOST, longer_than
from monitor.detectors.attack.variations import kept_by_chance
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles("time", client="depot", prediction="late")
ALARM = -np.log(ALPHA)
START = datetime(2026, 3, 2, tzinfo=UTC)
DEPOTS, VANS = 24, 60
OF_A_VAN = {"parcels": (70, 15), "rain": (0, 1), "heat": (12, 4), "tenure": (700, 300), "fuel": (40, 9)}
OF_A_VAN |= {f"van {i}": (0, 1) for i in range(5)}
OF_A_PARCEL = {"stop": (30, 12), "distance": (10, 3), "weight": (3, 1)}


def loads(days: int, seed: int, *, first: int = 0) -> pa.Table:
    """Let depots send sixty vans a day, each with some fifty parcels that share van, driver and weather."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in range(first, first + days):
        for hour in np.sort(rng.uniform(6, 16, VANS)).tolist():
            rows = int(rng.integers(25, 75))
            own = {name: np.full(rows, round(rng.normal(*of), 1)) for name, of in OF_A_VAN.items()}
            each = {name: np.round(rng.normal(*of, rows), 2) for name, of in OF_A_PARCEL.items()}
            at = [START + timedelta(days=day, hours=hour, seconds=0.4 * i) for i in range(rows)]
            depot = f"depot {rng.integers(DEPOTS)}"
            late = np.where(each["distance"] + own["rain"] > 11, "yes", "no")
            parts.append(pa.table({"time": at, "depot": [depot] * rows, **own, **each, "late": late}))
    return pa.concat_tables(parts).sort_by("time")


def search(rows: int, seed: int) -> pa.Table:
    """Let a stranger send one row again and again, with every number changed a little."""
    rng = np.random.default_rng(seed)
    values = {
        name: np.round(mean + 0.4 * sd + rng.normal(0, 0.03 * sd, rows), 2)
        for name, (mean, sd) in (OF_A_VAN | OF_A_PARCEL).items()
    }
    at = [START + timedelta(days=30, hours=20, seconds=3 * i) for i in range(rows)]
    late = np.where(values["distance"] > 11.2, "yes", "no")
    return pa.table({"time": at, "depot": ["stranger"] * rows, **values, "late": late})


@pytest.fixture(scope="module")
def reference() -> pa.Table:
    return loads(8, 1)


def fitted(reference: pa.Table) -> Baseline:
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    return found


def accused(baseline: Baseline, state: State, traffic: pa.Table) -> tuple[State, set[str]]:
    after, found = track(baseline, state, traffic, ROLES, length=timedelta(hours=1))
    return after, {one.client for one in found if one.client and one.log_e >= ALARM}


def test_loads_that_the_reference_tells_of_accuse_nobody_and_a_longer_search_is_told(reference: pa.Table) -> None:
    known = rehearsed(fitted(reference), reference, ROLES)
    assert 60 < known.copies.load < MOST
    state, found = accused(known, State.empty(known), loads(5, 2, first=20))
    assert found == set()
    assert accused(known, state, search(2 * known.copies.load, 3))[1] == {"stranger"}


def test_loads_are_learned_from_the_traffic_where_the_reference_names_no_client(reference: pa.Table) -> None:
    known = fitted(reference.drop_columns(["depot"]))
    assert known.copies.load == 0
    state, early = accused(known, State.empty(known), loads(2, 2, first=20))
    assert state.held["load"][0] > 60
    state, later = accused(known, state, loads(5, 4, first=22))
    assert early
    assert not later


def test_no_load_is_learned_of_few_clients_that_send_copies(reference: pa.Table) -> None:
    known = fitted(reference.drop_columns(["depot"]))
    state, found = accused(known, State.empty(known), search(400, 3))
    assert (state.held["load"][0], found) == (0, {"stranger"})


def test_loads_are_taken_to_be_longer_than_those_that_were_seen() -> None:
    assert (longer_than(80), longer_than(81), longer_than(10_000)) == (120, 122, MOST)


def test_how_many_values_rows_share_by_chance_is_at_least_half_of_them() -> None:
    rng = np.random.default_rng(5)
    apart = rng.integers(1, 2**16, (2_000, 9)).astype(np.uint16)
    assert kept_by_chance(apart) == 5
    alike = np.where(rng.random((2_000, 9)) < 0.8, np.uint16(1), apart)
    assert kept_by_chance(alike) > 9 - 1
    assert kept_by_chance(apart[:10]) == 10
