"""New clients whose rows come to one place are found together, and new clients from one corner of the world are not."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, Sighting, State, baseline_of, track
from monitor.detectors.attack.meetings import ALIKE, BACK, chance_meetings, empty_meetings, meet
from monitor.detectors.attack.sighting import CLUSTER
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

START, ALARM = datetime(2024, 1, 1, tzinfo=UTC), math.log(1 / ALPHA)
ROLES = Roles(timestamp="at", client="who", prediction="answer")
WIDTH, CALM = 6, 8192
MET = "newcomers_near_other_newcomers"


def met_one_by_one(buckets: np.ndarray, client: np.ndarray, number: np.ndarray) -> list[bool]:
    """Say it row by row, with a memory that never forgets a bucket."""
    last: list[dict[int, tuple[int, int]]] = [{} for _ in range(buckets.shape[1])]
    found = []
    for row, who, at in zip(buckets.tolist(), client.tolist(), number.tolist(), strict=True):
        before = [table.get(bucket) for table, bucket in zip(last, row, strict=True)]
        partners = [one[0] for one in before if one and one[1] != who and at - one[0] <= BACK]
        found.append(max((partners.count(one) for one in partners), default=0) >= ALIKE)
        for table, bucket in zip(last, row, strict=True):
            table[bucket] = (at, who)
    return found


@pytest.mark.parametrize("size", [400, 64, 1])
def test_meetings_are_those_counted_row_by_row_however_the_stream_is_cut(size: int) -> None:
    rng = np.random.default_rng(1)
    buckets = rng.integers(0, 3, (400, 16)).astype(np.uint64) + np.arange(16, dtype=np.uint64) * np.uint64(7)
    buckets = buckets * np.uint64(0x9E3779B97F4A7C15)
    client, number = rng.integers(1, 5, 400).astype(np.uint32), np.arange(1, 401) * rng.integers(1, 3)
    memory = empty_meetings()
    parts = [slice(first, first + size) for first in range(0, 400, size)]
    found = [meet(memory, buckets[part], client=client[part], number=number[part]) for part in parts]
    expected = met_one_by_one(buckets, client, number)
    assert np.concatenate(found).tolist() == expected
    assert 20 < sum(expected) < 380


def made(rows: int, seed: int, *, wide: float = 1.0) -> dict[str, Any]:
    """Give dense rows: numbers that hang together, with two decimals."""
    rng = np.random.default_rng(seed)
    hidden = wide * rng.normal(size=(rows, 2))
    turn = np.random.default_rng(99).normal(size=(2, WIDTH))
    return {
        f"x{i}": column for i, column in enumerate(np.round(hidden @ turn + 0.3 * rng.normal(size=(rows, WIDTH)), 2).T)
    }


def queries(columns: dict[str, Any], who: np.ndarray, *, first: int = 0) -> pa.Table:
    at = [START + timedelta(seconds=first + i) for i in range(len(who))]
    return pa.table({"at": at, "who": who, **columns, "answer": (columns["x0"] > 0).astype(int)})


@cache
def fitted() -> Baseline:
    rows = made(4000, 1)
    reference = queries(rows, np.full(4000, "reference"))
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(7))
    assert found
    return found


@cache
def calm() -> State:
    names = np.array([f"client {i}" for i in range(40)])[np.random.default_rng(2).integers(0, 40, CALM)]
    return track(fitted(), State.empty(fitted()), queries(made(CALM, 2), names), ROLES, length=timedelta(hours=1))[0]


def seen(columns: dict[str, Any], *, clients: int) -> list[Sighting]:
    """Give what is seen where honest rows and those of new clients, in turn, come by halves."""
    mine = len(columns["x0"])
    both = {name: np.stack([values, made(mine, 3)[name]], axis=1).ravel() for name, values in columns.items()}
    who = np.stack([[f"new {i % clients}" for i in range(mine)], [f"client {i % 40}" for i in range(mine)]], axis=1)
    table = queries(both, who.ravel(), first=CALM)
    return track(fitted(), calm(), table, ROLES, length=timedelta(hours=1))[1]


def search(rows: int, seed: int) -> dict[str, Any]:
    """Try rows about one honest row, as a search for the boundary does."""
    rng = np.random.default_rng(seed)
    one = made(50, seed)
    return {name: np.round(values[7] + rng.normal(0, 0.15 * values.std(), rows), 2) for name, values in one.items()}


def alarms(found: list[Sighting]) -> list[Sighting]:
    return [one for one in found if one.detector == MET and one.log_e >= ALARM]


def test_a_search_from_twenty_new_clients_is_told_with_their_names() -> None:
    (told,) = alarms(seen(search(150, 4), clients=20))
    assert not told.client
    assert told.evidence["sent_by"] == 20
    assert {one["client"] for one in told.evidence["senders"]} == {f"new {i}" for i in range(20)}


@pytest.mark.parametrize(("usual", "told"), [(0.05, True), (0.3, True), (0.34, False)])
def test_where_honest_rows_are_near_copies_of_each_other_no_cluster_tells_of_a_search(
    usual: float, *, told: bool
) -> None:
    crowded = replace(calm(), held={**calm().held, "joined": np.array([20_000.0, usual * 20_000])})
    who = np.array([f"new {i % 60}" for i in range(1_200)])
    found = track(fitted(), crowded, queries(search(1_200, 4), who, first=CALM), ROLES, length=timedelta(hours=1))[1]
    assert any(one.detector == CLUSTER and one.log_e >= ALARM for one in found) == told


@pytest.mark.parametrize(("usual", "told"), [(0.05, True), (0.3, False)])
def test_who_sends_hardly_more_near_copies_than_usual_does_not_search(usual: float, *, told: bool) -> None:
    crowded = replace(calm(), held={**calm().held, "joined": np.array([20_000.0, usual * 20_000])})
    near, apart, mine = search(1_200, 4), made(1_200, 5), np.arange(1_200) % 5 < 3
    columns = {name: np.where(mine, values, apart[name]) for name, values in near.items()}
    who = np.random.default_rng(6).permutation(np.arange(1_200) % 60)
    rows = queries(columns, np.array([f"new {i}" for i in who]), first=CALM)
    found = track(fitted(), crowded, rows, ROLES, length=timedelta(hours=1))[1]
    assert any(one.detector == CLUSTER and one.log_e >= ALARM for one in found) == told


def test_new_clients_from_one_corner_of_the_population_are_left_alone() -> None:
    for seed in range(4):
        everyone = made(20_000, 10 + seed)
        points = np.stack(list(everyone.values()), axis=1)
        nearest = np.argsort(((points - points[0]) ** 2).sum(axis=1))[:1000]
        corner = np.random.default_rng(seed).permutation(nearest)[:300]
        assert not alarms(seen({name: values[corner] for name, values in everyone.items()}, clients=20))


def test_one_new_client_meets_nobody() -> None:
    assert not alarms(seen(search(90, 5), clients=1))


def test_where_too_few_rows_tell_how_often_honest_ones_meet_nothing_is_told() -> None:
    points, buckets = np.zeros((100, 2)), np.zeros((100, 16), np.uint64)
    assert chance_meetings(points, buckets, rng=np.random.default_rng(0)) == 1.0
