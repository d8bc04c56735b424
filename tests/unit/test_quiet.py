"""An alert that waits to clear tells what its worst window showed, since when it is quiet and when it will be over."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, Rule, step
from monitor.alerts.public import as_json, mark_of
from monitor.alerts.quiet import WEAKER, WORST, telling_the_worst
from monitor.alerts.vocabulary import VERSION_GONE
from monitor.types import Window

MIDNIGHT, DAY = datetime(2013, 5, 14, tzinfo=UTC), timedelta(days=1)
RULE = Rule(k=1, m=1, clear=3)
LEAST = 0.05


def course(*shares: float | None, **rest: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (any field)
    """Give the public alert after each day, of which `shares` are the shares that lacked; None cannot say."""
    alert, standing = Alert("f" * 64), dict[str, Mapping[str, Any]]()
    rows: list[dict[str, Any]] = []
    for day, share in enumerate(shares):
        window = Window(MIDNIGHT + day * DAY, MIDNIGHT + (day + 1) * DAY)
        breached = share is not None and share >= LEAST
        outcome = "insufficient" if share is None else "breach" if breached else "clear"
        alert, _ = step(alert, outcome=outcome, window_end=window.end, window_start=window.start, rule=RULE)  # type: ignore[arg-type]
        found = found_in(window, alert, share, breaches=breached, **rest)
        (told,) = telling_the_worst([found], standing)
        rows.append(as_json(told))
        standing = {mark_of(rows[-1]["id"]): rows[-1]}
    return rows


def found_in(window: Window, alert: Alert, share: float | None, **rest: Any) -> Finding:  # noqa: ANN401 (any field)
    labels = {"model": "flights", "kind": "quality", "detector": "missing_share", "column": "visib", "unit": "share"}
    numbers = {"value": share, "effect": share, "p_value": None if share is None else 1.0 if share < LEAST else 1e-9}
    return Finding(**{"alert": alert, "window": window, "n": 400, "clear": RULE.clear, **labels, **numbers, **rest})


def test_an_alert_that_waits_to_clear_tells_its_worst_window_and_when_it_will_be_over() -> None:
    *_, first, second = course(0.3, 0.9, 0.1, 0.0, 0.0)
    worst = "visib: missing share is 90 %, 400 rows, since 2013-05-14 00:00 UTC; p = 1e-9; "
    assert first["state"] == second["state"] == "recovering"
    assert first["text"] == worst + "quiet since 2013-05-17 00:00 UTC, resolves after 2 more clear windows"
    assert second["text"] == worst + "quiet since 2013-05-17 00:00 UTC, resolves after 1 more clear window"
    assert second["value"] == 0.0
    assert second["evidence"][WORST]["value"] == 0.9


def test_what_breaches_again_is_told_of_its_own_window_and_is_quiet_anew_after_it() -> None:
    *_, again, quiet = course(0.3, 0.0, 0.2, 0.0)
    assert "share is 20 %" in again["text"]
    assert "share is 30 %" in quiet["text"]
    assert "quiet since 2013-05-17 00:00 UTC, resolves after 2 more" in quiet["text"]


def test_what_goes_on_by_a_looser_threshold_tells_its_worst_window_too() -> None:
    alert = Alert("f" * 64, "firing", 1, since=MIDNIGHT, fired_at=MIDNIGHT + DAY, window_end=MIDNIGHT + DAY)
    rows = [as_json(found_in(Window(MIDNIGHT, MIDNIGHT + DAY), alert, 0.9))]
    for share in (0.06, 0.07):
        weak = found_in(Window(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY), alert, share, breaches=False)
        (told,) = telling_the_worst([weak], {mark_of(rows[-1]["id"]): rows[-1]})
        rows.append(as_json(told))
    assert rows[1]["text"] == rows[2]["text"] == f"{rows[0]['text']}; {WEAKER}"
    assert rows[2]["value"] == 0.07


def test_what_is_over_is_told_as_it_is_and_what_follows_knows_nothing_of_it() -> None:
    *_, over, again, quiet = course(0.9, 0.0, 0.0, 0.0, 0.1, 0.0)
    assert (over["state"], over["evidence"]) == ("resolved", {})
    assert "missing share is 0 %" in over["text"]
    assert again["evidence"] == {}
    assert "share is 10 %" in quiet["text"]


def test_a_window_that_cannot_say_leaves_what_is_known() -> None:
    *_, blind, quiet = course(0.9, 0.0, None, 0.0)
    assert blind["evidence"][WORST]["value"] == 0.9
    assert "quiet since 2013-05-15 00:00 UTC, resolves after 1 more clear window" in quiet["text"]
    *_, quiet = course(0.9, None, 0.0)
    assert "share is 90 %" in quiet["text"]


def test_a_version_that_is_gone_is_said_to_be() -> None:
    alert = Alert("f" * 64, "firing", 1, since=MIDNIGHT, fired_at=MIDNIGHT + DAY, window_end=MIDNIGHT + DAY)
    fired = as_json(found_in(Window(MIDNIGHT, MIDNIGHT + DAY), alert, 0.4))
    window = Window(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)
    alert, _ = step(alert, outcome="clear", window_end=window.end, window_start=window.start, rule=RULE)
    gone = found_in(window, alert, None, note=VERSION_GONE, breaches=False)
    (told,) = telling_the_worst([gone], {mark_of(fired["id"]): fired})
    assert told.said.endswith(
        f"; {VERSION_GONE}; quiet since 2013-05-15 00:00 UTC, resolves after 2 more clear windows"
    )


def test_of_a_client_it_is_said_whether_it_goes_on() -> None:
    attack = {"kind": "attack.evasion", "detector": "suspected_evasion", "segment": "client=eve", "column": ""}
    *_, quiet = course(30.0, 0.0, **attack, evidence={"sent": 20})
    assert "no more signs, but it goes on: 20 rows in the last window; quiet since" in quiet["text"]
    assert quiet["text"].startswith("flights (eve): suspicious queries, since 2013-05-14")
