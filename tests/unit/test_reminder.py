"""When what still fires is told again, and what such a message says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.digest import digest_of, is_pressing
from monitor.alerts.finding import Acknowledgement, Finding
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.alerts.reminder import REPEAT, REPEATED, Reminder, is_remembered, looked_at, reminder_of
from monitor.alerts.silence import SILENCED
from monitor.alerts.wording import LISTED
from monitor.types import Window

NOON, HOUR = datetime(2024, 5, 1, 12, tzinfo=UTC), timedelta(hours=1)
EVERY = 4 * HOUR


def firing(column: str = "fare", kind: str = "drift.data", **said: object) -> Finding:
    mark = fingerprint("fares", kind, "psi", column, "")
    alert = Alert(mark, "firing", episode=1, since=NOON, fired_at=NOON + HOUR, window_end=NOON + HOUR)
    told = Finding(alert, "fares", kind, "psi", Window(NOON, NOON + HOUR), column, said=f"{column} moved")
    values: dict[str, Any] = {"transition": REPEATED, "reason": REPEAT, "evidence": {"told": True}, **said}
    return replace(told, **values)


def played(timeline: str, every: timedelta = EVERY) -> str:
    """Look once an hour: letters are alerts that fire, small ones wait to clear, `-` is none; `R` for each reminder."""
    reminder, said = None, ""
    for hour, seen in enumerate(timeline.split()):
        alerts = [one.upper() for one in seen if one != "-"]
        fires = seen.lower() != seen
        reminder, due = looked_at(reminder, alerts, every=every, now=NOON + hour * HOUR, fires=fires)
        said += "R" if due else "."
    return said


@pytest.mark.parametrize(
    ("timeline", "told"),
    [
        ("A " * 14, "....R.......R."),
        # what is over is forgotten, and begins anew
        ("A A A - A A A A A A", "........R."),
        # an alert that is new brings the next reminder nearer, for all
        ("A A A A A A B B B B B B", "....R.....R."),
        ("A A A A A AB AB AB AB AB", "....R....R"),
        # one that ends does not
        ("AB AB AB AB AB A A A A A A A A", "....R.......R"),
        # while all wait to clear there is nothing to say; who fires again is no news, and was to be told by then
        ("A A A a a a a A A A A A A A A A", ".......R.......R"),
        ("AB AB AB Ab Ab", "....R"),
    ],
)
def test_it_comes_after_a_while_then_ever_more_seldom(timeline: str, told: str) -> None:
    assert played(timeline) == told


def test_from_a_day_on_it_comes_once_a_day_or_as_seldom_as_was_asked_for() -> None:
    days = 6
    hours = [hour for hour, one in enumerate(played("A " * 24 * days)) if one == "R"]
    assert hours == [4, 12, 28, 52, 76, 100, 124]
    assert [h for h, one in enumerate(played("A " * 24 * days, every=48 * HOUR)) if one == "R"] == [48, 96]


def test_nothing_is_planned_where_nothing_is_under_alarm() -> None:
    assert looked_at(Reminder(NOON, ("A",), 3), [], every=EVERY, now=NOON, fires=False) == (None, False)


@pytest.mark.parametrize(
    ("said", "remembered"),
    [
        ({}, True),
        ({"evidence": {}}, False),
        ({"evidence": {"told": False, "inhibited_by": "a1"}}, False),
        ({"evidence": {"told": True, SILENCED: True}}, False),
        ({"silenced_until": NOON + HOUR}, False),
        ({"acknowledged": Acknowledgement(NOON)}, False),
        ({"alert": Alert("f", "recovering", episode=1)}, True),
        ({"alert": Alert("f", "resolved", episode=1)}, False),
    ],
)
def test_people_are_reminded_of_what_they_have_heard_of_and_nobody_has_quieted(
    said: dict[str, Any], *, remembered: bool
) -> None:
    assert is_remembered(firing(**said)) is remembered


def test_one_message_tells_of_a_models_alerts_the_gravest_first() -> None:
    found = [firing(), firing("age"), firing("", "performance.realised", severity="critical", said="AUC fell")]
    notice = reminder_of(found, "team", due_at=NOON, config="fares.yaml", base_url="https://x/")
    assert (
        notice.title
        == "fares: 3 alerts still firing: performance changed (population stability index); data drift in age, fare"
    )
    ids = [one["id"] for one in notice.alerts]
    assert notice.lines[:3] == (f"AUC fell ({ids[0]})", f"age moved ({ids[1]})", f"fare moved ({ids[2]})")
    assert notice.lines[3].startswith("To do about performance changed (population stability index): ")
    assert notice.lines[4].startswith("To do about data drift in age, fare: ")
    assert f"`monitor ack fares.yaml {' '.join(ids)}` where somebody looks at them" in notice.lines[5]
    gravest = ids[0]
    assert (notice.transition, notice.reason, notice.kind) == ("repeated", "repeat", "")
    assert notice.link == f"https://x/model/fares#{gravest}"
    assert len(notice.lines) == 6
    alone = reminder_of([firing()], "team", due_at=NOON)
    assert alone.lines[0] == "fare moved"
    assert [line[:6] for line in alone.lines[1:]] == ["To do:", "To be "]


def test_of_one_kind_it_bears_that_kind_and_lists_the_first() -> None:
    notice = reminder_of([firing(f"c{n:02}") for n in range(LISTED + 2)], "team", due_at=NOON)
    assert (notice.kind, notice.link) == ("drift.data", "")
    assert notice.title == "fares: still firing: data drift in c00, c01, c02 and 7 more"
    assert notice.lines[LISTED] == "and 2 more"
    assert len(notice.alerts) == LISTED + 2


def test_each_reminder_has_an_id_of_its_own_and_keeps_it() -> None:
    one = reminder_of([firing()], "team", due_at=NOON)
    assert reminder_of([firing()], "team", due_at=NOON).id == one.id
    others = {reminder_of([firing()], "team", due_at=NOON + HOUR).id, reminder_of([firing()], "audit", due_at=NOON).id}
    assert one.id not in others
    assert len(others) == 2


def test_it_waits_where_many_messages_do_and_is_counted_in_a_digest() -> None:
    notice = reminder_of([firing("", "attack.evasion", severity="critical")], "team", due_at=NOON)
    assert not is_pressing(notice)
    assert digest_of([(notice, NOON), (notice, NOON)]).title == "2 messages about fares in one: 2 alerts still fired"
