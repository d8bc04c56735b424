"""Silences, acknowledgements and ends by hand, in the transactions that queue the messages (FAULTS F17)."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, event, select, update

from monitor.alerts.finding import Acknowledgement
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.public import alert_id, as_json
from monitor.alerts.silence import SILENCED, Quieted, Silence
from monitor.steps.silences import end_by_hand
from monitor.store.alerts import alert_rows, find_alerts
from monitor.store.database import Database, migrate, open_database
from monitor.store.schema import alert as kept
from monitor.store.schema import alert_event
from monitor.store.silences import read_quieted, write_silence
from tests.database.house import ALERTS, DRIFT, FALL, HOUR, NOON, QUALITY, SCAN, House, mark

PATTERNS: tuple[dict[str, str], ...] = ({"kind": "*"}, {"kind": "quality"}, {"kind": "attack.*"}, {"column": "fare"})


class KilledError(Exception):
    """The process ends before the transaction does."""


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_a_silence_comes_back_as_it_was_written_until_it_ends(house: House) -> None:
    one = Silence(NOON, NOON + 8 * HOUR, kind="drift.*", column="", why="moved")
    with house.database.write() as connection:
        number = write_silence(connection, one)
    later = house.silence(NOON, 9, mark="3f2a90cc41d8")
    assert house.running(NOON) == [replace(one, number=number), *house.running(NOON)[1:]]
    assert [one.number for one in house.running(NOON + 8 * HOUR)] == [later]
    assert house.running(NOON - HOUR) == []
    house.end([later], NOON + HOUR)
    house.end([number], NOON + 20 * HOUR)  # one that is over keeps its end
    assert house.running(NOON + HOUR) == [replace(one, number=number)]


@pytest.mark.parametrize("early", [False, True])
def test_what_still_fires_after_its_silence_is_told_once(house: House, *, early: bool) -> None:
    number = house.silence(NOON, 2, kind="quality")
    house.judge({QUALITY: "!"}, NOON)
    assert house.look(NOON + HOUR) == []
    assert house.told() == []
    if early:
        house.end([number], NOON + HOUR)
    (found,) = house.look(NOON + (1 if early else 2) * HOUR)
    heard = {"told": True, "told_to": ["team", "audit"]}
    assert (found.transition, found.reason, found.evidence) == ("fired", "unsilenced", heard)
    assert house.look(NOON + 3 * HOUR) == []
    assert house.told() == house.told(receiver="audit") == ["unsilenced"]
    (row,) = house.rows()
    assert row["evidence"] == heard
    house.judge({QUALITY: "."}, NOON)
    house.judge({QUALITY: "."}, NOON)
    assert house.told() == ["unsilenced", "resolved"]


def test_alerts_of_one_kind_are_told_together_after_a_silence(house: House) -> None:
    other = ("quality", "missing_share", "age")
    house.silence(NOON, 2, kind="*")
    house.judge({QUALITY: "!", other: "!", SCAN: "!"}, NOON)
    assert len(house.look(NOON + 2 * HOUR)) == 3
    assert [(notice["kind"], len(notice["alerts"])) for notice in house.sent()] == [
        ("attack.evasion", 1),
        ("quality", 2),
    ]


def test_a_message_lost_with_its_process_is_queued_by_the_next_one(house: House) -> None:
    house.silence(NOON, 1, kind="quality")
    house.judge({QUALITY: "!"}, NOON)
    killed_before_the_end(house.database, lambda: house.look(NOON + HOUR))
    assert house.told() == []
    assert len(house.look(NOON + HOUR)) == 1
    assert house.told() == ["unsilenced"]


def test_two_that_look_at_once_queue_one_message(house: House) -> None:
    house.silence(NOON, 1, kind="quality")
    house.judge({QUALITY: "!"}, NOON)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: house.look(NOON + HOUR), range(4)))
    assert sorted(map(len, found)) == [0, 0, 0, 1]
    assert house.told() == ["unsilenced"]
    with house.database.write() as connection:
        # even one that had read before the other wrote: the key of the message is that of the first
        connection.execute(update(kept).values(evidence={"told": True, SILENCED: True}))
    house.look(NOON + HOUR)
    assert house.told() == ["unsilenced"]


def test_an_acknowledgement_is_of_the_present_episode(house: House) -> None:
    house.judge({FALL: "!"}, NOON)
    assert house.ack(FALL, NOON + HOUR) == house.ack(FALL, NOON + 2 * HOUR) == NOON + HOUR
    name = alert_id(mark(FALL), 1)
    with house.database.read() as connection:
        quieted = read_quieted(connection, now=NOON)
        (row,) = alert_rows(connection, quieted=quieted)
    assert quieted.acknowledged == {name: Acknowledgement(NOON + HOUR, "Ada")}
    assert (row["acknowledged_at"], row["acknowledged_why"]) == ("2024-05-01T13:00:00Z", "Ada")
    for sign in "22..!22":
        house.judge({FALL: sign}, NOON)
    assert house.told(FALL) == ["first", "resolved", "first", "worsened"]
    with house.database.read() as connection:
        assert read_quieted(connection, now=NOON) == Quieted()


def test_an_alert_that_is_ended_by_hand_says_so_and_starts_afresh(house: House) -> None:
    house.judge({QUALITY: "!"}, NOON)
    found = end_by_hand(house.monitor, mark(QUALITY), why="mended\x1b", now=NOON + HOUR)
    assert found
    (row,) = house.rows()
    assert row == as_json(found) | {"text": row["text"]}
    assert row["state"] == "resolved"
    assert row["resolved_at"] == row["window_end"] == "2024-05-01T13:00:00Z"
    assert row["text"].endswith("; resolved by hand: mended␛")
    with house.database.read() as connection:
        states = [(row.state, row.why) for row in connection.execute(select(alert_event).order_by(alert_event.c.id))]
    assert states == [("firing", ""), ("resolved", "mended\x1b")]
    notice = house.sent()[-1]
    assert (notice["transition"], notice["reason"]) == ("resolved", "resolved")
    assert notice["lines"][-1] == "To do: nothing; it fires again where windows from now on breach as its rule asks."
    assert end_by_hand(house.monitor, mark(QUALITY), why="", now=NOON + HOUR) is None
    # its window is judged anew, as late rows have it: neither outcome brings it back, nor changes what it says
    for sign in "!.!":
        house.judge({QUALITY: sign}, NOON, again=True)
        assert house.rows() == [row]
    house.judge({QUALITY: "!"}, NOON)
    assert house.told() == ["first", "resolved", "first"]


def test_what_nobody_heard_of_ends_by_hand_without_a_message(house: House) -> None:
    house.silence(NOON, 1, kind="quality")
    house.judge({QUALITY: "!", DRIFT: "!"}, NOON)
    for labels in (QUALITY, DRIFT):
        assert end_by_hand(house.monitor, mark(labels), why="", now=NOON)
    assert house.look(NOON + HOUR) == []
    assert house.sent() == []


def test_alerts_are_found_by_the_beginning_of_their_fingerprint(house: House) -> None:
    house.judge({QUALITY: "!", FALL: "!"}, NOON)
    with house.database.read() as connection:
        assert [row["fingerprint"] for row in find_alerts(connection, mark(FALL)[:8])] == [mark(FALL)]
        assert len(find_alerts(connection, "")) == 2
        assert find_alerts(connection, "%") == []


def killed_before_the_end(database: Database, doing: Callable[[], object]) -> None:
    """Do something, and lose the process when its transaction would be committed."""

    def kill(_: Connection) -> None:
        raise KilledError

    event.listen(database.writer, "commit", kill)
    try:
        with suppress(KilledError):
            doing()
    finally:
        event.remove(database.writer, "commit", kill)


@pytest.fixture(scope="module")
def empty() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        migrate(f"sqlite:///{Path(folder) / 'empty.db'}")
        yield Path(folder) / "empty.db"


class Machine(RuleBasedStateMachine):
    """Alerts over which windows, people, restarts and kills go in any order."""

    empty: Path

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.file = shutil.copy(self.empty, Path(self.folder.name) / "monitor.db")
        self.house = House(open_database(f"sqlite:///{self.file}"), {"team": 2 * HOUR})
        self.now = NOON
        self.acked: set[str] = set()
        self.seen = 0

    def teardown(self) -> None:
        self.house.database.close()
        self.folder.cleanup()

    signs = st.fixed_dictionaries({one: st.sampled_from("!!222.?" if one == FALL else "!!!..?") for one in ALERTS})

    @rule(windows=st.lists(signs, min_size=1, max_size=5))
    def judge(self, windows: list[dict[tuple[str, str, str], str]]) -> None:
        for outcomes in windows:
            self.house.judge(outcomes, self.now)
        self.check_new()

    @precondition(lambda self: self.house.windows)
    @rule(outcomes=signs)
    def late_rows(self, outcomes: dict[tuple[str, str, str], str]) -> None:
        self.house.judge(outcomes, self.now, again=True)
        self.check_new()

    @rule(outcomes=signs)
    def killed_in_a_window(self, outcomes: dict[tuple[str, str, str], str]) -> None:
        windows = self.house.windows
        killed_before_the_end(self.house.database, lambda: self.house.judge(outcomes, self.now))
        self.house.windows = windows
        self.check_new()

    @rule(pattern=st.sampled_from(PATTERNS), hours=st.integers(1, 4))
    def silence(self, pattern: dict[str, str], hours: int) -> None:
        self.house.silence(self.now, hours, **pattern)

    @rule(labels=st.sampled_from(ALERTS), hours=st.integers(1, 4))
    def silence_one(self, labels: tuple[str, str, str], hours: int) -> None:
        self.house.silence(self.now, hours, mark=mark(labels)[:12])

    @rule()
    def unsilence(self) -> None:
        self.house.end([one.number for one in self.house.running(self.now)], self.now)

    @rule(labels=st.sampled_from(ALERTS))
    def ack(self, labels: tuple[str, str, str]) -> None:
        alert = self.house.alerts().get(mark(labels))
        if alert and alert.state in UNDER_ALARM:
            self.house.ack(labels, self.now)
            self.acked.add(alert_id(alert.fingerprint, alert.episode))

    @rule(labels=st.sampled_from(ALERTS))
    def resolve(self, labels: tuple[str, str, str]) -> None:
        if mark(labels) in self.house.alerts():
            end_by_hand(self.house.monitor, mark(labels), why="so", now=self.now)
            self.check_new()

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule()
    def look(self) -> None:
        self.house.look(self.now)
        self.check_new()
        quiet = self.quieted()
        unheard = [row for row in self.house.rows() if row["state"] == "firing" and row["evidence"].get(SILENCED)]
        assert all(quiet.shown(row)["silenced_until"] for row in unheard), "its silence is over, and it was not told"

    @rule()
    def killed_while_looking(self) -> None:
        before = self.house.sent()
        killed_before_the_end(self.house.database, lambda: self.house.look(self.now))
        assert self.house.sent() == before

    @rule()
    def remind(self) -> None:
        self.house.remind(self.now)
        self.check_new()

    @rule()
    def killed_while_reminding(self) -> None:
        before = self.house.sent()
        killed_before_the_end(self.house.database, lambda: self.house.remind(self.now))
        assert self.house.sent() == before

    @rule()
    def restart(self) -> None:
        self.house.database.close()
        self.house.database = open_database(f"sqlite:///{self.file}")
        self.house.monitor = replace(self.house.monitor, database=self.house.database)

    def quieted(self) -> Quieted:
        with self.house.database.read() as connection:
            return read_quieted(connection, now=self.now)

    def check_new(self) -> None:
        """Look at the messages that were queued since: nothing of what is silenced, or taken over, but ends."""
        sent = self.house.sent()
        quiet = self.quieted()
        for notice in sent[self.seen :]:
            for one in notice["alerts"]:
                told_while_silenced = quiet.shown({**one, "state": "firing"})["silenced_until"]
                assert notice["transition"] == "resolved" or told_while_silenced is None, (notice["reason"], one["id"])
                assert notice["reason"] not in ("worsened", "repeat") or one["id"] not in self.acked
                assert notice["reason"] != "repeat" or one["state"] == "firing"
        self.seen = len(sent)

    @invariant()
    def messages_alternate(self) -> None:
        if not hasattr(self, "house"):
            return
        both = [self.house.sent(receiver) for receiver in ("team", "audit")]
        assert [n["title"] for n in both[0] if n["reason"] != "repeat"] == [n["title"] for n in both[1]]
        told: dict[str, list[str]] = {}
        for notice in both[0]:
            for one in notice["alerts"]:
                told.setdefault(one["id"], []).append(notice["reason"])
        with self.house.database.read() as connection:
            over = {
                alert_id(row.fingerprint, row.episode)
                for row in connection.execute(select(alert_event).where(alert_event.c.state == "resolved"))
            }
        for name, reasons in told.items():
            first, *rest = reasons
            assert first in ("first", "unsilenced"), reasons
            assert set(rest) <= {"worsened", "repeat", "resolved"}, reasons
            assert rest.count("resolved") == (name in over), reasons
            assert "resolved" not in rest[:-1], reasons


def test_whatever_people_do_messages_alternate_and_none_is_lost_or_doubled(empty: Path) -> None:
    machine = type("OnThisDatabase", (Machine,), {"empty": empty})
    checks = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(machine, settings=checks)
