"""An attack is told while its window is still open: once, graver where it becomes so, and not after people ended it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.steps.silences import end_by_hand
from monitor.store.alerts import alert_rows, read_alerts
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.attackers import ATTACKER, HOUR, START, attack, home, honest

DAY = "window: 1d"


class Loans:
    """A model whose windows are days, and the records that come in the course of them."""

    def __init__(self, folder: Path, url: str, more: str = "") -> None:
        self.config = home(folder, database=url, more=more, queries=0)
        self.config.write_text(self.config.read_text().replace("window: 1h", DAY), encoding="utf-8")
        self.rng = np.random.default_rng(9)
        self.files, self.newest = 1, START + 6 * HOUR

    def comes(self, records: pa.Table) -> None:
        self.newest = max(self.newest, pc.max(records["at"]).as_py())
        pq.write_table(records, self.config.parent / "logs" / f"{self.files:03}.parquet")
        self.files += 1

    def pass_over(self, *, now: datetime | None = None) -> None:
        """Make a pass a minute after the newest record."""
        at = now or self.newest + timedelta(minutes=1)
        with self.watched() as monitor:
            assert not once(monitor, clock=lambda: at, rng=Random(1)).problems

    @contextmanager
    def watched(self) -> Iterator[Monitor]:
        monitor = opened(load(self.config.read_text(), place="monitor.yaml", environ={}, read=str), root=self.folder)
        yield monitor
        monitor.database.close()

    @property
    def folder(self) -> Path:
        return self.config.parent

    def messages(self) -> list[dict[str, Any]]:
        path = self.folder / "alerts.jsonl"
        sent = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [one for one in sent if one["kind"].startswith("attack.")]

    def told(self) -> list[str]:
        return [one["reason"] for one in self.messages()]

    def alerts(self) -> list[dict[str, Any]]:
        with self.watched() as monitor, monitor.database.read() as connection:
            rows = alert_rows(connection, model="loans")
        return [one for one in rows if one["evidence"].get("told") and one["kind"].startswith("attack.")]

    def end(self) -> None:
        with self.watched() as monitor:
            with monitor.database.read() as connection:
                marks = [mark for mark, one in read_alerts(connection, "loans").items() if one.state == "firing"]
            for mark in marks:
                end_by_hand(monitor, mark, why="", now=self.newest)

    def day_after(self, begin: float) -> pa.Table:
        return honest(self.rng, hours=2, rows=100, begin=int(begin))


@pytest.fixture
def loans(tmp_path: Path, url: str) -> Loans:
    return Loans(tmp_path, url)


def test_it_is_told_before_the_window_ends_and_once(loans: Loans) -> None:
    loans.pass_over()
    assert loans.told() == []
    loans.comes(attack(loans.rng, begin=6.2, queries=120))
    loans.pass_over()
    assert loans.told() == ["first"]
    (found,) = loans.alerts()
    assert (found["segment"], found["severity"], found["state"]) == (f"client={ATTACKER}", "critical", "firing")
    assert found["window_start"] == "2026-03-01T00:00:00Z"
    assert "2026-03-01T06:40:00Z" < found["fired_at"] == found["window_end"] < "2026-03-01T06:43:00Z"
    assert found["origin"] == "attack_like"
    assert found["evidence"]["client_profile"]["rows"] == 120
    # more of the day, then the next one, in which the first is judged as ever
    for begin in (8, 26):
        loans.comes(loans.day_after(begin))
        loans.pass_over()
    assert loans.told() == ["first"]
    (found,) = loans.alerts()
    assert found["window_end"] == "2026-03-02T00:00:00Z"
    for begin in range(50, 150, 24):
        loans.comes(loans.day_after(begin))
        loans.pass_over()
    assert loans.told() == ["first", "resolved"]


def test_it_is_told_again_where_it_becomes_graver(loans: Loans) -> None:
    queries = attack(loans.rng, begin=6.2, queries=300)
    for first, last in ((0, 12), (12, 300)):
        loans.comes(queries.slice(first, last - first))
        loans.pass_over()
    first, graver = loans.messages()
    assert [one["alerts"][0]["severity"] for one in (first, graver)] == ["warning", "critical"]
    assert (graver["transition"], graver["title"]) == ("worsened", f"loans: much worse: signs of evasion by {ATTACKER}")
    loans.comes(attack(loans.rng, begin=8.2, queries=50))
    loans.pass_over()
    assert loans.told() == ["first", "worsened"]


def test_what_people_end_within_a_window_stays_ended_until_the_next(loans: Loans) -> None:
    loans.comes(attack(loans.rng, begin=6.2, queries=120))
    loans.pass_over()
    loans.end()
    for begin in (8, 26):
        loans.comes(loans.day_after(begin))
        loans.pass_over()
    assert loans.told() == ["first", "resolved"]
    loans.comes(attack(loans.rng, begin=29, queries=120))
    loans.pass_over()
    assert loans.told() == ["first", "resolved", "first"]


def test_several_windows_are_waited_for_where_that_is_asked_for(tmp_path: Path) -> None:
    loans = Loans(tmp_path, "sqlite:///monitor.db", "thresholds: {suspected_evasion: {for: 2/3}}")
    loans.comes(attack(loans.rng, begin=6.2, queries=120))
    loans.pass_over()
    assert loans.told() == []


@pytest.mark.parametrize("later", [0, 2])
def test_rows_that_come_late_for_a_window_tell_of_their_attack(loans: Loans, later: int) -> None:
    """later: so many windows were judged after theirs when they came."""
    days = START + timedelta(days=1 + later)
    for day in range(1, later + 1):
        loans.comes(loans.day_after(24 * day))
    loans.pass_over(now=days)
    loans.comes(attack(loans.rng, begin=6.2, queries=120))
    for _ in range(2):
        loans.pass_over(now=days + HOUR)
    assert loans.told() == ["first"]
    (found,) = loans.alerts()
    assert (found["segment"], found["window_end"]) == (f"client={ATTACKER}", "2026-03-02T00:00:00Z")
    for begin in range(26 + 24 * later, 150 + 24 * later, 24):
        loans.comes(loans.day_after(begin))
        loans.pass_over()
    assert loans.told() == ["first", "resolved"]
