"""Who asked for it is told again of what still fires, on both databases, once for each time that it is due."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from monitor.config import Match, Route
from monitor.store.database import Database
from monitor.store.reminders import read_reminders
from tests.database.house import DRIFT, FALL, HOUR, MODEL, NOON, QUALITY, SCAN, House, mark


@pytest.fixture
def house(database: Database) -> House:
    return House(database, {"team": 4 * HOUR})


def test_a_receiver_that_asks_for_it_is_told_again(house: House) -> None:
    house.judge({QUALITY: "!", SCAN: "!"}, NOON)
    said = [hour for hour in range(30) if house.remind(NOON + hour * HOUR)]
    assert said == [4, 12, 28]
    assert house.told() == ["first", *["repeat"] * 3]
    assert house.told(receiver="audit") == ["first"]
    again = house.sent()[-1]
    assert [one["id"][:12] for one in again["alerts"]] == [mark(SCAN)[:12], mark(QUALITY)[:12]]
    house.judge({QUALITY: ".", SCAN: "."}, NOON)
    assert not house.remind(NOON + 60 * HOUR)
    house.judge({QUALITY: ".", SCAN: "!"}, NOON)
    (notice,) = house.remind(NOON + 60 * HOUR)
    assert [one["id"][:12] for one in notice.alerts] == [mark(SCAN)[:12]]


def test_it_is_planned_and_told_at_once_or_not_at_all_by_whoever_looks_first(house: House) -> None:
    house.judge({QUALITY: "!"}, NOON)
    for hour in (0, 4):
        with ThreadPoolExecutor() as pool:
            list(pool.map(house.remind, [NOON + hour * HOUR] * 4))
    assert house.told() == ["first", "repeat"]
    with house.database.read() as connection:
        (planned,) = read_reminders(connection, MODEL).values()
    assert (planned.due_at, planned.times) == (NOON + 12 * HOUR, 1)


def test_nobody_is_reminded_of_what_is_taken_over_silenced_or_waits_for_another(house: House) -> None:
    house.judge({QUALITY: "!", DRIFT: "!", FALL: "!"}, NOON)
    house.remind(NOON)
    house.ack(QUALITY, NOON)
    house.silence(NOON, 3, mark=mark(FALL)[:12])
    assert not house.remind(NOON + 2 * HOUR)
    with house.database.read() as connection:
        assert read_reminders(connection, MODEL) == {}
    assert not house.remind(NOON + 3 * HOUR)
    (notice,) = house.remind(NOON + 7 * HOUR)
    assert [one["id"][:12] for one in notice.alerts] == [mark(FALL)[:12]]


def test_who_does_not_hear_of_an_alert_is_not_reminded_of_it(house: House) -> None:
    routes = (Route(match=Match(kind="attack.*"), to=("audit",)), Route(to=("team",)))
    house.monitor = replace(house.monitor, routes=routes, repeats={"team": HOUR, "audit": 2 * HOUR})
    house.judge({QUALITY: "!", SCAN: "!"}, NOON)
    house.remind(NOON)
    assert [notice.kind for notice in house.remind(NOON + HOUR)] == ["quality"]
    assert [notice.kind for notice in house.remind(NOON + 2 * HOUR)] == ["attack.evasion"]
