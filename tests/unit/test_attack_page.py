"""What the page of attacks says of one client: the same as the alert about it."""

from datetime import UTC, datetime
from typing import Any

from monitor.render.attacks import _client

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(detector: str, log_e: float, **evidence: Any) -> dict[str, Any]:  # noqa: ANN401 (any evidence)
    counts = {"hits": 9, "rows": 10, "rate": 0.02, "first_at": None, "first_id": "", "ids": []}
    return {"detector": detector, "log_e": log_e, "start": NOON, "evidence": evidence} | counts


def alert(kind: str) -> dict[str, Any]:
    return {"kind": kind, "evidence": {"detectors": [], "severity": "warning"}}


def test_malformed_requests_are_to_be_refused_also_where_the_newest_window_has_none() -> None:
    rows = [row("malformed", 40.0), row("off_contract", 20.0)]
    for told in (None, alert("attack.probing")):
        shown = _client("loans", "qa", rows, told)
        assert shown["attack"] == "probing"
        assert shown["to_do"] == "refuse malformed requests before they reach the model, and limit qa"
    other = _client("loans", "eve", [row("one_column_sweep", 40.0)], alert("attack.probing"))
    assert other["to_do"].startswith("limit the queries of eve; answer with decisions")


def test_what_is_suspected_is_what_the_alert_says_though_another_sign_is_surer() -> None:
    shown = _client("loans", "eve", [row("far_from_population", 90.0), row("doubtful", 40.0)], alert("attack.evasion"))
    assert (shown["kind"], shown["attack"]) == ("attack.evasion", "evasion or model extraction")
    assert shown["to_do"].startswith("limit or block eve")
