"""What is noted with a lasting fall: answers that changed by themselves when it began."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert
from monitor.alerts.origin import Excess, Symptoms, origin_of
from monitor.steps.origins import Reason, noting_what_else_changed
from monitor.types import Window

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)


def fall(*, days: int) -> Finding:
    """Give a fall that began so many days after the answers changed."""
    evidence = {"since": (START + days * DAY).isoformat()}
    window = Window(START + 40 * DAY, START + 41 * DAY)
    return Finding(Alert("f", "firing", 1, since=window.end), "m", "bias.temporal", "ageing", window, evidence=evidence)


def standing(state: str) -> list[dict[str, Any]]:
    evidence = {"origin": {"answers": ["p"]}}
    row = {"detector": "smooth_test", "segment": "", "state": state, "since": START.isoformat(), "evidence": evidence}
    return [row]


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


def test_an_origin_says_whether_anybody_is_suspected() -> None:
    few = Excess(rows=400, clients=2, top_share=0.97, top_traffic=0.05)
    assert Reason(origin_of(Symptoms(alarmed=("mallory",), attack=few))).evidence()["suspected"]
    assert "suspected" not in Reason(origin_of(Symptoms(moved={"age": 0.4}, features=4))).evidence()
