"""An alert says which versions' windows breached, where versions answer in turn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.alerts.causes import version_lines
from monitor.alerts.finding import Finding, Group
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.alerts.public import as_json, mark_of
from monitor.steps.alone import noting_alone
from monitor.types import Window

START, DAY = datetime(2024, 5, 1, tzinfo=UTC), timedelta(days=1)
DRIFT = Finding(
    Alert(fingerprint("m", "drift.prediction", "smooth_test", "p"), "pending"),
    "m",
    "drift.prediction",
    "smooth_test",
    Window(START, START + DAY),
    column="p",
    value=0.5,
)


def after(days: list[tuple[str, bool]], alert: Finding = DRIFT) -> Finding:
    rows: dict[str, dict[str, object]] = {}
    for version, breaches in days:
        (alert,) = noting_alone([replace(alert, breaches=breaches, evidence={})], version, rows)
        row = as_json(alert)
        rows = {mark_of(row["id"]): row}
    return alert


def lines(alert: Finding) -> list[str]:
    return version_lines(Group("m", alert.kind, "fired", (alert,)))


def test_of_versions_that_answer_in_turn_the_one_whose_windows_breach_is_named_first() -> None:
    told = lines(after([("b", True), ("a", False), ("b", True)]))
    assert told == [
        "Windows that breached, of those that a version answered alone: 2 of 2 of version b, 0 of 1 of version a."
    ]


def test_a_version_that_always_answers_alone_is_no_news_and_neither_are_those_side_by_side() -> None:
    assert lines(after([("a", True), ("a", False), ("a", True)])) == []
    assert lines(after([("", True), ("", True)])) == []
    assert after([("", True), ("", True)]).evidence == {}


def test_counting_begins_anew_with_the_next_time_that_it_breaches() -> None:
    over = replace(DRIFT, alert=replace(DRIFT.alert, state="resolved"))
    row = {**as_json(over), "evidence": {"alone": {"b": {"breached": 9, "windows": 9}}}}
    (again,) = noting_alone([DRIFT], "a", {mark_of(row["id"]): row})
    assert again.evidence == {"alone": {"a": {"breached": 1, "windows": 1}}}


def test_windows_without_an_answer_and_segments_are_not_counted() -> None:
    unknown = replace(DRIFT, value=None)
    assert after([("a", False), ("b", False)], unknown).evidence == {}
    assert after([("a", True), ("b", True)], replace(DRIFT, segment="seg=n")).evidence == {}
