"""A house whose alerts windows and people move, with the messages that two receivers hear of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, Outcome, Rule, corrected, fingerprint, step
from monitor.alerts.silence import Silence
from monitor.notify.log import Log
from monitor.steps.notify import addressed, tell
from monitor.steps.reminders import tell_again
from monitor.steps.silences import tell_unsilenced
from monitor.store.alerts import alert_rows, read_alerts, write_findings
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.store.schema import outbox
from monitor.store.silences import acknowledge, end_silences, read_quieted, running_silences, write_silence
from monitor.types import Notice, Window
from monitor.watch import Monitor

NOON, HOUR = datetime(2024, 5, 1, 12, tzinfo=UTC), timedelta(hours=1)
MODEL = "fares"
QUALITY, DRIFT = ("quality", "missing_share", "fare"), ("drift.data", "psi", "fare")
FALL, SCAN = ("performance.realised", "roc_auc", ""), ("attack.evasion", "suspected_evasion", "")
ALERTS = (QUALITY, DRIFT, FALL, SCAN)
OUTCOMES: dict[str, Outcome] = {"!": "breach", "2": "breach", ".": "clear", "?": "insufficient"}
RULE = Rule(k=1, m=2, clear=2)


def mark(labels: tuple[str, str, str]) -> str:
    return fingerprint(MODEL, *labels)


class House:
    """A database, the monitor on it, and the steps that a pass makes."""

    def __init__(self, database: Database, repeats: Mapping[str, timedelta] | None = None) -> None:
        self.database = database
        self.monitor = Monitor(database, (), {"team": Log(), "audit": Log()}, repeats=repeats or {})
        self.windows = 0
        with database.write() as connection:
            register_model(connection, MODEL, now=NOON)

    def judge(self, outcomes: dict[tuple[str, str, str], str], now: datetime, *, again: bool = False) -> list[Finding]:
        """Step alerts by a window, as `judge` does: '!' breaches, '2' more so, '.' is clear, '?' tells nothing."""
        self.windows += not again
        window = Window(NOON + (self.windows - 1) * HOUR, NOON + self.windows * HOUR)
        with self.database.write() as connection:
            alerts, quieted = read_alerts(connection, MODEL), read_quieted(connection, now=now)
            rows = alert_rows(connection, model=MODEL)
            stepped = [self._stepped(alerts, one, sign, window, again=again) for one, sign in outcomes.items()]
            findings = addressed(inhibited([quieted.noted(one) for one in stepped if one], rows), self.monitor)
            write_findings(connection, findings, alerts, now=now)
            tell(connection, self.monitor, findings, now=now)
        return findings

    def _stepped(
        self, alerts: dict[str, Alert], labels: tuple[str, str, str], sign: str, window: Window, *, again: bool
    ) -> Finding | None:
        before = alerts.get(mark(labels), Alert(mark(labels)))
        outcome = OUTCOMES[sign]
        if outcome != "breach" and before.state in ("ok", "resolved"):
            return None
        after, transition = step(before, outcome=outcome, window_end=window.end, rule=RULE, window_start=window.start)
        if again:
            after, transition = corrected(before, window_end=window.end) if sign == "." else (before, None)
            if after == before and after.state in ("ok", "resolved"):
                return None
        effect = {"!": 0.1, "2": 0.3, ".": 0.0, "?": None}[sign]
        kind, detector, column = labels
        found = Finding(
            after, MODEL, kind, detector, window, column, transition=transition, value=effect, effect=effect
        )
        return replace(found, breaches=outcome == "breach")

    def look(self, now: datetime) -> list[Finding]:
        return tell_unsilenced(self.monitor, MODEL, now=now)

    def remind(self, now: datetime) -> list[Notice]:
        return tell_again(self.monitor, MODEL, now=now)

    def silence(self, now: datetime, hours: float = 8, **said: str) -> int:
        with self.database.write() as connection:
            return write_silence(connection, Silence(now, now + hours * HOUR, **said))

    def running(self, now: datetime) -> list[Silence]:
        with self.database.read() as connection:
            return running_silences(connection, now=now)

    def end(self, numbers: list[int], now: datetime) -> None:
        with self.database.write() as connection:
            end_silences(connection, numbers, now=now)

    def ack(self, labels: tuple[str, str, str], now: datetime) -> datetime:
        with self.database.write() as connection:
            return acknowledge(connection, mark(labels), self.alerts()[mark(labels)].episode, now=now, why="Ada")

    def alerts(self) -> dict[str, Alert]:
        with self.database.read() as connection:
            return read_alerts(connection, MODEL)

    def rows(self) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            return alert_rows(connection)

    def sent(self, receiver: str = "team") -> list[dict[str, Any]]:
        """Give what was queued for a receiver, in order."""
        with self.database.read() as connection:
            chosen = select(outbox.c.content).where(outbox.c.receiver == receiver).order_by(outbox.c.id)
            return list(connection.execute(chosen).scalars())

    def told(self, labels: tuple[str, str, str] = QUALITY, receiver: str = "team") -> list[str]:
        """Give the reasons of the messages that tell of an alert."""
        return [
            notice["reason"]
            for notice in self.sent(receiver)
            if any(one["id"].startswith(mark(labels)[:12]) for one in notice["alerts"])
        ]
