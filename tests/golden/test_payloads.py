"""What leaves the house, byte for byte.

After a change that is meant, write the files anew with `python tests/golden/test_payloads.py`.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.grouping import grouped, notice_of
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.notify import log, slack, webhook
from monitor.types import Notice, Window

HERE = Path(__file__).parent
NOON = datetime(2013, 5, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def finding(detector: str, column: str, *, segment: str = "", **measured: float) -> Finding:
    mark = fingerprint("flights", "quality", detector, column, segment)
    alert = Alert(mark, state="firing", episode=1, since=NOON - HOUR, fired_at=NOON, breaches=(NOON - HOUR, NOON))
    return Finding(
        alert=alert,
        model="flights",
        kind="quality",
        detector=detector,
        window=Window(NOON - HOUR, NOON),
        column=column,
        segment=segment,
        origin="data_quality",
        transition="fired",
        unit="share",
        alpha=0.004,
        n=412,
        **measured,  # type: ignore[arg-type]  # numbers of a finding
    )


def notice() -> Notice:
    shares = {"value": 0.312, "reference_value": 0.001, "effect": 0.311, "threshold": 0.005, "p_value": 2.2e-16}
    still = {"value": 1.0, "effect": 1.0, "threshold": 1.0, "p_value": 1e-9}
    findings = [
        finding("missing_share", "visib", **shares),
        # names come from data, and may be anything
        finding("constant_column", "<b>&co\n@here", **still),
        finding("missing_share", "wind", segment="origin=JFK", **shares),
    ]
    (group,) = grouped(inhibited(findings, []))
    return notice_of(group, "team", "https://monitor.example")


def payloads() -> dict[str, str]:
    said = notice()
    return {
        "slack.json": json.dumps(slack.payload(said), indent=1, ensure_ascii=False) + "\n",
        "webhook.json": json.dumps(json.loads(webhook.payload(said)), indent=1, ensure_ascii=False) + "\n",
        "log.jsonl": log.line(said, now=NOON),
    }


@pytest.mark.parametrize("name", ["slack.json", "webhook.json", "log.jsonl"])
def test_a_message_looks_as_it_did(name: str) -> None:
    assert payloads()[name] == (HERE / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    for name, text in payloads().items():
        (HERE / name).write_text(text, encoding="utf-8")
