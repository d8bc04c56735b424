"""Who asked for it is told again of what still fires, on both databases, once for each time that it is due."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from monitor.config import Match, Route
from monitor.notify.log import Log
from monitor.store.database import Database
from monitor.store.outbox import claim, mark_delivered, mark_retry
from monitor.store.reminders import read_reminders
from tests.database.house import DRIFT, FALL, HOUR, MODEL, NOON, QUALITY, SCAN, House, mark


@pytest.fixture
def house(database: Database) -> House:
    return House(database, {"team": 4 * HOUR})


def test_a_receiver_that_asks_for_it_is_told_again(house: House) -> None:
    house.judge({QUALITY: "!", SCAN: "!"}, NOON)
    said = [hour for hour in range(30) if house.remind(NOON + hour * HOUR)]
    assert said == [4, 12, 28]
    # nothing was sent meanwhile, so that only the newest waits
    assert house.told() == ["first", "repeat"]
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


def test_of_two_that_could_not_be_sent_only_the_later_waits(house: House) -> None:
    house.judge({QUALITY: "!"}, NOON)
    for hour in (0, 4):
        house.remind(NOON + hour * HOUR)
    at = NOON + 4 * HOUR
    first = claim(house.database, ["team"], now=at, owner="me")
    assert first
    with house.database.write() as connection:
        mark_delivered(connection, first, now=at)
    tried = claim(house.database, ["team"], now=at, owner="me")
    assert tried
    assert tried.notice.reason == "repeat"
    with house.database.write() as connection:
        mark_retry(connection, tried, now=at, due_at=at + HOUR, outcome="transient", error="503")
    house.remind(NOON + 12 * HOUR)
    assert house.told() == ["first", "repeat"]
    newest = claim(house.database, ["team"], now=NOON + 12 * HOUR, owner="me", lease=20 * HOUR)
    assert newest
    assert newest.notice.id != tried.notice.id
    # what is on its way is left to arrive
    house.remind(NOON + 28 * HOUR)
    assert house.told() == ["first", "repeat", "repeat"]
    with house.database.write() as connection:
        assert mark_delivered(connection, newest, now=NOON + 12 * HOUR)


def test_the_end_goes_to_those_who_heard_of_it_and_nobody_else_is_reminded(house: House) -> None:
    house.monitor = replace(house.monitor, routes=(Route(to=("audit",)),), repeats={"team": HOUR})
    house.judge({QUALITY: "!"}, NOON)
    house.monitor = replace(house.monitor, routes=(Route(to=("team",)),))
    house.judge({QUALITY: "!", SCAN: "!"}, NOON)
    house.remind(NOON)
    assert [notice.kind for notice in house.remind(NOON + HOUR)] == ["attack.evasion"]
    for _ in range(2):
        house.judge({QUALITY: ".", SCAN: "."}, NOON + 2 * HOUR)
    assert (house.told(receiver="audit"), house.told()) == (["first", "resolved"], [])
    assert house.told(SCAN) == ["first", "repeat", "resolved"]
    (row,) = [one for one in house.rows() if one["kind"] == "quality"]
    assert row["evidence"]["told_to"] == ["audit"]


def test_where_none_of_those_who_heard_of_it_is_left_its_end_goes_where_the_routes_lead(house: House) -> None:
    house.monitor = replace(house.monitor, routes=(Route(to=("audit",)),))
    house.judge({QUALITY: "!"}, NOON)
    house.monitor = replace(house.monitor, receivers={"team": Log()}, routes=())
    for _ in range(2):
        house.judge({QUALITY: "."}, NOON)
    assert house.told() == ["resolved"]


def test_who_does_not_hear_of_an_alert_is_not_reminded_of_it(house: House) -> None:
    routes = (Route(match=Match(kind="attack.*"), to=("audit",)), Route(to=("team",)))
    house.monitor = replace(house.monitor, routes=routes, repeats={"team": HOUR, "audit": 2 * HOUR})
    house.judge({QUALITY: "!", SCAN: "!"}, NOON)
    house.remind(NOON)
    assert [notice.kind for notice in house.remind(NOON + HOUR)] == ["quality"]
    assert [notice.kind for notice in house.remind(NOON + 2 * HOUR)] == ["attack.evasion"]
