"""Whether a row lies near its client's last one, however the stream is cut."""

import numpy as np
import pytest

from monitor.detectors.attack.fingerprint import TABLES
from monitor.detectors.attack.ordering import previous
from monitor.detectors.attack.walks import (
    before,
    empty_buckets,
    empty_walks,
    going_on,
    near_as_a_rule,
    near_by_chance,
    shared_with_last,
    walks_of,
)


@pytest.mark.parametrize("cuts", [(), (1, 2, 3), (4,)])
def test_rows_are_laid_beside_their_clients_last_row(cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    buckets = rng.integers(0, 2**64, (6, TABLES), dtype=np.uint64)
    places = np.array([3, 0, 3, -1, 0, 3])
    buckets[2, :5], buckets[4] = buckets[0, :5], buckets[1]
    last, found = empty_buckets(4), []
    for part in np.split(np.arange(6), list(cuts)):
        found += shared_with_last(last, buckets[part], places[part], previous(places[part])).tolist()
    assert found == [0, 0, 5, 0, TABLES, 0]


@pytest.mark.parametrize("cuts", [(), (1, 2, 3), (4,)])
def test_the_value_of_a_clients_row_before_is_given_however_the_stream_is_cut(cuts: tuple[int, ...]) -> None:
    places, values = np.array([3, 0, 3, -1, 0, 3]), np.array([5, 6, 7, 8, 9, 4])
    last, found = np.array([1, 0, 0, 2]), []
    for part in np.split(np.arange(6), list(cuts)):
        found += before(last, places[part], values[part], previous(places[part])).tolist()
        known = places[part] >= 0
        last[places[part][known]] = values[part][known]
    assert found == [2, 1, 5, 0, 6, 7]


def walks_in(rows: list[tuple[int, int]]) -> np.ndarray:
    """Count those of rows: each one's client, and in how many tables it is like that one's last."""
    last, found = np.zeros(9, np.uint8), empty_walks()
    places, beside = np.array(rows).T
    for part in np.array_split(np.arange(len(rows)), 7):
        own, everybody = places[part], np.ones(part.size, np.bool_)
        found += walks_of(last, own, beside[part], everybody, previous=previous(own))
    return found


def test_a_sensor_that_stays_near_its_last_row_hides_no_other_and_a_world_of_such_rows_tells_nothing() -> None:
    rng = np.random.default_rng(3)
    honest = [(int(client), int(rng.random() < 0.02)) for client in rng.integers(0, 8, 3000)]
    sensor = [(8, 12)] * 1500
    mixed = [(honest, sensor)[i % 3 == 2].pop() for i in range(4500)]
    assert near_as_a_rule(walks_in(mixed), least=3) == 3
    assert not going_on(walks_in(mixed), by_chance=3)
    alike = [(client, 12 * int(rng.random() < 0.4)) for client in rng.integers(0, 9, 4500).tolist()]
    assert near_as_a_rule(walks_in(alike), least=3) == 13
    assert going_on(walks_in(alike), by_chance=3)
    assert going_on(walks_in(alike[:300]), by_chance=3)
    assert not going_on(walks_in(alike[:60]), by_chance=3)


def test_rows_are_near_by_chance_in_as_many_tables_as_hardly_any_pair_shares() -> None:
    rng = np.random.default_rng(4)
    apart = rng.integers(0, 2**63, (2000, TABLES), dtype=np.uint64)
    assert near_by_chance(apart, least=4) == 4
    corner = apart.copy()
    corner[rng.random(2000) < 0.2, :9] = 7
    assert near_by_chance(corner, least=4) == 10
    assert near_by_chance(apart[:8], least=4) == TABLES + 1
