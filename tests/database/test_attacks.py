"""What is known of clients, and what was seen of them, comes back from both databases as it went in."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.errors import MonitorError
from monitor.store.attacks import (
    Followed,
    forget_followed,
    kept_seed,
    put_sightings,
    read_baselines,
    read_followed,
    same_sightings,
    sightings_within,
    write_baselines,
    write_followed,
)
from monitor.store.database import Database
from monitor.store.pages import changes
from monitor.store.records import register_model
from monitor.types import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _model(database: Database) -> None:
    with database.write() as connection:
        register_model(connection, "loans", now=NOON)


def _follow(database: Database, after: Followed, arrays: dict[str, np.ndarray]) -> None:
    with database.write() as connection:
        changed = changes(after.arrays, arrays)
        write_followed(connection, "loans", "", after=after, rows=10, changed=changed)


def _followed(database: Database) -> Followed:
    with database.read() as connection:
        return read_followed(connection, "loans", "")


def test_the_seed_is_made_once(database: Database) -> None:
    with database.write() as connection:
        assert kept_seed(connection, b"first") == b"first"
        assert kept_seed(connection, b"second") == b"first"


def test_what_is_known_of_clients_comes_back(database: Database) -> None:
    first = {"scores": np.arange(50_000.0), "few": np.zeros(9, np.int32)}
    _follow(database, Followed(), first)
    second = {"scores": first["scores"] * (np.arange(50_000) < 40_000), "few": np.arange(9, dtype=np.int32)}
    _follow(database, _followed(database), second)
    back = _followed(database)
    assert (back.revision, back.rows) == (2, 20)
    assert all(np.array_equal(back.arrays[name], second[name]) for name in second)


@pytest.mark.parametrize("batches", [0, 1])
def test_a_writer_that_was_overtaken_writes_nothing(database: Database, batches: int) -> None:
    for _ in range(batches):
        _follow(database, Followed(), {"a": np.ones(3)})
    known = _followed(database)
    _follow(database, known, {"a": np.full(3, 2.0)})
    with pytest.raises(MonitorError, match="another process"):
        _follow(database, known, {"a": np.full(3, 3.0)})
    assert _followed(database).arrays["a"].tolist() == [2.0] * 3


def test_a_replaced_baseline_leaves_none_of_the_old_versions(database: Database) -> None:
    with database.write() as connection:
        write_baselines(connection, "loans", "f1", {"": (9, b"whole"), "v1": (5, b"own")})
        write_baselines(connection, "loans", "f2", {"": (8, b"new")})
    with database.read() as connection:
        assert read_baselines(connection, "loans") == {"": b"new"}


def _sighting(**values: object) -> dict[str, object]:
    plain = {"start": NOON, "version": "", "detector": "near_duplicates", "client": "c1"}
    seen = {"total": False, "first_at": NOON, "first_id": "r1", "ids": ["r1", "r2"]}
    return plain | seen | {"rows": 20, "hits": 9, "rate": 0.02, "log_e": 15.5, "evidence": {"flips": 3}} | values


def test_a_sighting_takes_the_place_of_the_one_before(database: Database) -> None:
    with database.write() as connection:
        put_sightings(connection, "loans", [_sighting(), _sighting(client="c2"), _sighting(start=NOON - HOUR)])
        put_sightings(connection, "loans", [_sighting(hits=12)])
    with database.read() as connection:
        found = sightings_within(connection, "loans", Window(NOON, NOON + HOUR))
        assert [(row["client"], row["hits"], row["evidence"]) for row in found] == [
            ("c1", 12, {"flips": 3}),
            ("c2", 9, {"flips": 3}),
        ]
        same = same_sightings(connection, "loans", [_sighting(), _sighting(client="c3")])
        assert [(row["client"], row["start"]) for row in same] == [("c1", NOON)]


def test_queries_that_are_followed_anew_begin_from_nothing(database: Database) -> None:
    _follow(database, Followed(), {"a": np.ones(3)})
    with database.write() as connection:
        put_sightings(connection, "loans", [_sighting()])
        forget_followed(connection, "loans")
    assert _followed(database) == Followed()
    with database.read() as connection:
        assert sightings_within(connection, "loans", Window(NOON, NOON + HOUR)) == []
