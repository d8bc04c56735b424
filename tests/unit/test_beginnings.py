"""What began before its reason, or came at once where that crept, does not come of it."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.alerts.origin import Origin
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column, Layout
from monitor.steps.beginnings import Last, as_began
from monitor.steps.history import History
from monitor.steps.memory import Memory
from monitor.steps.reasons import Reason
from monitor.types import ColumnKind, Window

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
WINDOWS = [Window(START + n * DAY, START + (n + 1) * DAY) for n in range(12)]
SINCE = 9
BROKEN, REST = Origin("data_quality", ("temp: broken",), columns=("temp",)), Origin("temporal", ("3 features moved",))


def found(effect: float = 0.5) -> Finding:
    alert = Alert("f", "firing", 1, since=WINDOWS[SINCE].start, fired_at=WINDOWS[10].end)
    return Finding(alert, "m", "performance.realised", "mean_absolute_error", WINDOWS[10], effect=effect)


@pytest.mark.parametrize(
    ("effects", "at_once"),
    [
        ([0.0, 0.1, -0.1, 0.0, 0.05, 0.1, 0.0, 0.5], True),
        ([0.0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.5], False),
        ([0.0, 0.0, 0.0, 0.6, 0.0, 0.0, 0.0, 0.5], False),
        ([0.0, 0.5], False),
    ],
    ids=["at once", "step by step", "it was there before", "too little is known"],
)
def test_what_came_at_once_is_told_by_the_windows_before(effects: list[float], at_once: bool) -> None:  # noqa: FBT001
    ends = [WINDOWS[SINCE - len(effects) + 1 + place].end for place in range(len(effects))]
    asked: list[datetime] = []

    def read(_: Finding, since: datetime) -> list[tuple[datetime, float]]:
        asked.append(since)
        return list(zip(ends, effects, strict=True))

    last = Last(Memory(windows=WINDOWS), History([]), read)
    assert last.came_at_once(found()) == at_once
    assert asked == [WINDOWS[2].start]


@pytest.mark.parametrize(
    ("broke", "name"), [(1, ""), (3, "data_quality"), (8, "data_quality"), (10, "data_quality"), (11, "")]
)
def test_what_began_long_before_a_column_broke_or_after_does_not_come_of_that(broke: int, name: str) -> None:
    since = {"temp": WINDOWS[broke].start}
    reason = as_began(found(), Reason(BROKEN, sound=REST), None, since, since)
    assert reason.origin.name == (name or "temporal")


def test_of_features_that_crept_what_came_at_once_is_not() -> None:
    crept = Reason(Origin("temporal", ("step by step",), columns=("temp",)), uncrept=Origin("undetermined"))
    assert crept.of_what_came_at_once().origin == Origin("undetermined")
    assert Reason(REST).of_what_came_at_once().origin == REST


@pytest.mark.parametrize(
    ("kind", "sensitivity", "name"),
    [
        ("categorical", 0.002, "temporal"),
        ("categorical", 0.2, "data_quality"),
        ("categorical", None, "data_quality"),
        ("numeric", 0.002, "data_quality"),
    ],
    ids=["an app's version", "what answers hang on", "not known", "numbers may be anything"],
)
def test_new_values_of_a_column_that_answers_hardly_hang_on_are_no_reason_of_theirs(
    kind: ColumnKind, sensitivity: float | None, name: str
) -> None:
    bins = CategoryBins.of(["a", "b"], [5, 2])
    layout = Layout((Column("temp", kind, "feature", "text", bins, sensitivity=sensitivity),))
    broken = Reason(BROKEN, sound=REST)
    assert broken.of_answers(layout).origin.name == name
    assert Reason(REST).of_answers(layout).origin == REST
    assert Reason(BROKEN, sound=REST, turned=Origin("model_change")).of_answers(layout).origin.name == "model_change"


def test_who_sent_features_that_hardly_moved_is_no_reason_of_what_answers_do() -> None:
    layout, few = Layout(()), Origin("undetermined", ("at most 3 clients sent 91% of the rows that moved",))
    told = Reason(few, "channel", unsent=Origin("undetermined"))
    assert told.of_answers(layout).origin.speaks_for == ()
    assert told.of_answers(layout).evidence().keys() == {"for", "against"}
    attack = Reason(Origin("attack_like", few.speaks_for), "channel", unsent=Origin("attack_like"))
    assert attack.of_answers(layout).origin.speaks_for == few.speaks_for
