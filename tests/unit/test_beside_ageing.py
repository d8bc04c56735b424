"""What is noted with a lasting fall: answers that changed by themselves when it began, and what else it comes of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.alerts.origin import Origin, OriginName, origin_of
from monitor.alerts.public import as_json, mark_of
from monitor.alerts.symptoms import Excess, Symptoms
from monitor.alerts.wording import text_of
from monitor.steps.beginnings import came_before
from monitor.steps.meanwhile import noting_what_else_changed
from monitor.steps.origins import _explained
from monitor.steps.reasons import Reason
from monitor.types import Window

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)


def fall(*, days: int) -> Finding:
    """Give a fall that began so many days after the answers changed."""
    evidence = {"since": (START + days * DAY).isoformat()}
    window = Window(START + 40 * DAY, START + 41 * DAY)
    return Finding(Alert("f", "firing", 1, since=window.end), "m", "bias.temporal", "ageing", window, evidence=evidence)


def standing(state: str) -> list[dict[str, Any]]:
    evidence = {"origin": {"answers": ["p"]}}
    named = {"detector": "smooth_test", "kind": "drift.prediction", "column": "p", "segment": "", "evidence": evidence}
    return [named | {"state": state, "since": START.isoformat(), "fired_at": None, "resolved_at": None}]


@pytest.mark.parametrize(
    ("days", "state", "answers"),
    [(2, "firing", ["p"]), (-3, "recovering", ["p"]), (20, "firing", None), (2, "ok", None)],
)
def test_answers_are_noted_with_a_fall_that_began_with_them(days: int, state: str, answers: list[str] | None) -> None:
    (found,) = noting_what_else_changed([fall(days=days)], "", standing(state))
    assert found.evidence.get("answers") == answers


def test_a_version_that_answers_otherwise_comes_first() -> None:
    (found,) = noting_what_else_changed([fall(days=2)], "v2", standing("firing"))
    assert found.evidence["version"] == "v2"
    assert "answers" not in found.evidence


@pytest.mark.parametrize(
    ("state", "over", "detector", "unfit"),
    [
        ("firing", None, "missing_share", ["age"]),
        ("resolved", 12, "missing_share", ["age"]),
        # one that was over when performance fell, one that never fired, and labels that did not come
        ("resolved", 8, "missing_share", None),
        ("ok", None, "missing_share", None),
        ("firing", None, "unlabelled_share", None),
    ],
)
def test_columns_that_were_broken_since_then_make_rows_unfit_to_retrain_on(
    state: str, over: int | None, detector: str, unfit: list[str] | None
) -> None:
    row = fault("age") | {
        "detector": detector,
        "segment": "",
        "state": state,
        "fired_at": None if state == "ok" else START.isoformat(),
        "resolved_at": over and (START + over * DAY).isoformat(),
    }
    (found,) = noting_what_else_changed([fall(days=10)], "", [row])
    assert found.evidence.get("unfit") == unfit


def test_an_origin_says_whether_anybody_is_suspected() -> None:
    few = Excess(rows=400, clients=2, top_share=0.97, top_traffic=0.05)
    assert Reason(origin_of(Symptoms(alarmed=("mallory",), attack=few))).evidence()["suspected"]
    assert "suspected" not in Reason(origin_of(Symptoms(moved={"age": 0.4}, features=4))).evidence()


BROKEN = Reason(origin_of(Symptoms(broken={"age": 0.8}, features=4)))
TIME = Reason(origin_of(Symptoms(moved={"age": 0.4, "debt": 0.3}, features=4)))
ATTACK = Reason(origin_of(Symptoms(alarmed=("mallory",), features=4)))


def ageing(*, began: datetime, windows: int) -> Finding:
    one = fall(days=0)
    return replace(one, origin="temporal", evidence={"since": began.isoformat(), "windows": windows})


def fault(column: str, *, kind: str = "quality", since: datetime = START) -> dict[str, Any]:
    evidence = {} if kind == "quality" else {"origin": {"broken": [column]}}
    named = {"id": f"{kind}-1", "kind": kind, "column": column if kind == "quality" else "", "origin": "data_quality"}
    return named | {"state": "firing", "since": since.isoformat(), "evidence": evidence}


REASONS: list[tuple[str, Reason | None, dict[str, Any], list[dict[str, Any]]]] = [
    # what has only begun comes of what the window shows
    ("data_quality", BROKEN, {"began": START, "windows": 1}, []),
    ("attack_like", ATTACK, {"began": START, "windows": 1}, []),
    # that features moved is what time does
    ("temporal", TIME, {"began": START, "windows": 1}, []),
    ("temporal", None, {"began": START, "windows": 1}, []),
    # a fall that has lasted comes of a column that broke with it, whoever told of that
    ("data_quality", BROKEN, {"began": START, "windows": 20}, [fault("age")]),
    ("data_quality", BROKEN, {"began": START, "windows": 20}, [fault("age", kind="drift.prediction")]),
    # and not of one that broke long after it, nor of another column's fault, nor of somebody who only came now
    ("temporal", BROKEN, {"began": START, "windows": 20}, [fault("age", since=START + 15 * DAY)]),
    ("temporal", BROKEN, {"began": START, "windows": 20}, [fault("debt")]),
    ("temporal", ATTACK, {"began": START, "windows": 20}, []),
]


@pytest.mark.parametrize(("origin", "reason", "told", "rows"), REASONS)
def test_a_fall_comes_of_what_began_with_it_and_else_of_time(
    origin: str, reason: Reason | None, told: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    found = _explained(ageing(**told), reason, {mark_of(row["id"]): row for row in rows})
    assert found.origin == origin
    assert ("origin" in found.evidence) == (origin != "temporal")


@pytest.mark.parametrize(("later", "origin"), [(3, "data_quality"), (20, "temporal")])
def test_a_fall_keeps_what_it_comes_of_while_it_is_the_same_fall(later: int, origin: str) -> None:
    first = _explained(ageing(began=START, windows=1), BROKEN, {})
    stood = {**as_json(first), "since": START.isoformat()}
    again = ageing(began=START + later * DAY, windows=9)
    assert _explained(again, None, {mark_of(stood["id"]): stood}).origin == origin


def test_who_is_told_of_a_broken_column_is_not_told_to_retrain_on_it() -> None:
    told = {"metric": "accuracy", "before": 0.75, "after": 0.64, "windows": 9, "retrain_from": START.isoformat()}
    one = ageing(began=START, windows=9)
    one = replace(one, value=0.1, evidence={**one.evidence, **told, "per_30_days": None, "reaches": None})
    one = replace(one, evidence={**one.evidence, "recurring": None})
    assert "retrain with data from 2024-03-01" in text_of(one)
    broken = _explained(one, BROKEN, {mark_of("quality-1"): fault("age")})
    assert "age was broken about then: see first whether that is the reason" in text_of(broken)
    assert "retrain" not in text_of(broken)


@pytest.mark.parametrize(
    ("began", "name", "kind", "expected"),
    [
        (-3, "attack_like", "drift.data", True),
        # the window before it, and its own, may hold the attack's beginning
        (-1, "attack_like", "drift.data", False),
        (0, "attack_like", "drift.data", False),
        (-3, "temporal", "drift.data", False),
        (-3, "attack_like", "attack.evasion", False),
    ],
)
def test_what_stood_windows_before_an_attack_does_not_come_of_it(
    began: int, name: OriginName, kind: str, *, expected: bool
) -> None:
    alert = Alert("f", "firing", episode=1, since=START + began * DAY, fired_at=START)
    found = Finding(alert, "fares", kind, "psi", Window(START, START + DAY), "fare")
    assert came_before(found, START + 0.5 * DAY, Reason(Origin(name))) is expected
    assert not came_before(found, None, Reason(Origin(name)))


def test_rows_that_were_broken_meanwhile_are_left_out_of_those_to_retrain_on_and_what_recurs_asks_for_none() -> None:
    told = {"metric": "accuracy", "before": 0.75, "after": 0.64, "windows": 9, "retrain_from": START.isoformat()}
    known = {"per_30_days": None, "reaches": None, "recurring": None, "unfit": ["age"]}
    one = replace(ageing(began=START, windows=9), value=0.1)
    one = replace(one, evidence={**one.evidence, **told, **known})
    said = "retrain with data from 2024-03-01 without the rows in which age was broken"
    assert text_of(one).count(said) == 1
    crept = text_of(replace(one, evidence={**one.evidence, "crept": ["age", "fare"], "unfit": []}))
    assert "see that age, fare are right, which crept beyond the reference, before you retrain with data from" in crept
    recurs = text_of(replace(one, evidence={**one.evidence, "recurring": "week"}))
    assert "as it was a week before" in recurs
    assert "retrain" not in recurs
