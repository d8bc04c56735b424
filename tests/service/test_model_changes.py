"""From files to alerts: labels that follow another rule, new versions, and models that disagree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.config import load
from monitor.pipeline import Pass, once
from monitor.store.schema import alert_event, measurement
from monitor.types import Notice
from monitor.watch import Monitor
from monitor.wiring import opened

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
A_DAY = 600
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {{files: "logs/*"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, scores: p, label: late{more}}}
    window: 1d
"""


class Told:
    """A receiver that keeps what it was sent."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.notices.append(notice)


def rows(seed: int, first: int, days: int, rule: Callable[[Any], Any] = lambda p: p, **columns: Any) -> pa.Table:  # noqa: ANN401
    """Give `days` of rows whose labels are hits with probability `rule` of the score."""
    draw = np.random.default_rng(seed)
    n = days * A_DAY
    at = [START + timedelta(days=first) + i * DAY / A_DAY for i in range(n)]
    p = draw.beta(2, 2, n)
    late = (draw.random(n) < rule(p)).astype(int)
    return pa.table({"at": pa.array(at), "age": draw.normal(size=n), "p": p, "late": late, **columns})


class Loop:
    """A monitor in a folder of its own."""

    def __init__(self, folder: Path, reference: pa.Table, more: str = "") -> None:
        (folder / "logs").mkdir()
        pq.write_table(reference, folder / "reference.parquet")
        self.folder, self.told = folder, Told()
        config = load(CONFIG.format(more=more), place="monitor.yaml", environ={}, read=str)
        monitor = opened(config, root=folder)
        self.monitor = Monitor(monitor.database, monitor.watches, {"team": self.told})

    def once(self, logged: pa.Table) -> Pass:
        pq.write_table(logged, self.folder / "logs" / f"{logged['at'][0].as_py():%j}.parquet")
        return once(self.monitor, clock=lambda: logged["at"][-1].as_py() + DAY, rng=Random(1))

    def measured(self, detector: str) -> list[Any]:
        with self.monitor.database.read() as connection:
            chosen = select(measurement).where(measurement.c.detector == detector)
            return list(connection.execute(chosen.order_by(measurement.c.window_end)))

    def events(self, kind: str) -> list[tuple[str, str]]:
        with self.monitor.database.read() as connection:
            chosen = select(alert_event.c.segment, alert_event.c.state).where(alert_event.c.kind == kind)
            return [(row.segment, row.state) for row in connection.execute(chosen.order_by(alert_event.c.id))]


@pytest.fixture
def begin(tmp_path: Path) -> Any:  # noqa: ANN401
    loops: list[Loop] = []

    def begun(reference: pa.Table, more: str = "") -> Loop:
        loops.append(Loop(tmp_path, reference, more))
        return loops[-1]

    yield begun
    for loop in loops:
        loop.monitor.database.close()


def test_labels_that_follow_another_rule_at_equal_score_are_concept_drift(begin: Any) -> None:  # noqa: ANN401
    loop = begin(rows(1, -40, 20))
    quiet = loop.once(rows(2, 0, 6))
    assert not quiet.findings
    # as many hits as before, and as good a ranking, but the middle of the scores means something else
    loop.once(rows(3, 6, 6, lambda p: np.where(p > 0.5, np.minimum(p + 0.12, 1), np.maximum(p - 0.12, 0))))
    found = loop.measured("label_given_score")
    assert [row.outcome for row in found] == ["clear"] * 6 + ["breach"] * 6
    assert all(row.value > 0.06 and row.n == A_DAY for row in found[6:])
    assert ("", "firing") in loop.events("drift.concept")
    (notice,) = [one for one in loop.told.notices if one.kind == "drift.concept"]
    assert "share of labels that differ from the reference's at equal score" in notice.lines[0]
    assert "retrain on recent labels" in notice.lines[-1]
