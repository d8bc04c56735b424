"""What an outage of the source explains waits for its end; nothing is lost by it, and nothing else waits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.types import Notice
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LAST = 999
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id}
    window: 1d
"""


def made(first: int, days: int, *, rows: int = 200, moved: bool = False, broken: float = 0.0) -> pa.Table:
    """Give rows of some days; `moved` shifts a feature by two deviations, `broken` is its share without a value."""
    rng, size = np.random.default_rng(100 + first), days * rows
    at = [START + (first + n // rows) * DAY + (n % rows) * (DAY / rows) for n in range(size)]
    age = rng.normal(40, 10, size) + 20 * moved
    missing = rng.random(size) < broken
    columns = {"age": pa.array(age, mask=missing), "speed": rng.normal(10, 2, size)}
    return pa.table({"at": pa.array(at), "id": [f"{first}-{n}" for n in range(size)], **columns})


def unreadable() -> pa.Table:
    return made(0, 1).set_column(1, "id", pa.nulls(200, pa.string()))


@dataclass
class Scene:
    """A monitor in its folder, what was told, and the day that is over."""

    folder: Path
    monitor: Monitor
    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.notices.append(notice)

    def log(self, name: int, rows: pa.Table) -> None:
        pq.write_table(rows, self.folder / "logs" / f"{name:03}.parquet")

    def once(self, day: float) -> list[tuple[str, str]]:
        """Give what a pass half an hour after the end of a day tells."""
        before = len(self.notices)
        once(self.monitor, clock=lambda: START + (day + 1) * DAY + HOUR / 2, rng=Random(1))
        return [(notice.kind, notice.transition) for notice in self.notices[before:]]


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[list[Scene]]:
    made_of: list[Scene] = []
    for name in ("one", "other"):
        folder = tmp_path / name
        (folder / "logs").mkdir(parents=True)
        pq.write_table(made(-40, 30), folder / "reference.parquet")
        monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
        scene = Scene(folder, monitor)
        scene.monitor = Monitor(monitor.database, monitor.watches, {"team": scene})
        made_of.append(scene)
    yield made_of
    for scene in made_of:
        scene.monitor.database.close()


def test_the_pass_that_finds_the_source_again_tells_all_that_it_finds_in_earlier_windows(scenes: list[Scene]) -> None:
    late, fresh = scenes
    assert late.once(100) == [("health", "fired")]
    for scene in scenes:
        scene.log(0, made(0, 8))
        scene.log(8, made(8, 4, broken=0.3))
        scene.log(12, made(12, 8))
        scene.log(20, made(20, 4, moved=True))
    told = fresh.once(100.5)
    assert {("quality", "fired"), ("quality", "resolved"), ("drift.data", "fired")} <= set(told)
    assert sorted(late.once(100.5)) == sorted([*told, ("health", "resolved")])


def test_what_waited_for_the_source_is_told_when_that_is_mended_though_no_window_is_new(scenes: list[Scene]) -> None:
    scene, _ = scenes
    scene.log(0, made(0, 14))
    assert scene.once(13) == []
    scene.log(LAST, unreadable())
    assert scene.once(13.1) == [("health", "fired")]
    for day in (14, 15, 16):
        scene.log(day, made(day, 1, moved=True))
        assert scene.once(day) == []
    with scene.monitor.database.read() as connection:
        held = [row for row in alert_rows(connection, model="fares", state="firing") if not row["evidence"]["told"]]
    assert {row["kind"] for row in held} >= {"drift.data"}
    (scene.folder / "logs" / f"{LAST}.parquet").unlink()
    assert sorted(set(scene.once(16.1))) == [("drift.data", "fired"), ("health", "resolved")]
    drift = next(notice for notice in scene.notices if notice.kind == "drift.data")
    assert {alert["text"] for alert in drift.alerts} <= {row["text"] for row in held}
    assert scene.once(16.2) == []


def test_what_waited_and_is_over_when_the_source_is_mended_is_not_told(scenes: list[Scene]) -> None:
    scene, _ = scenes
    scene.log(0, made(0, 14))
    assert scene.once(13) == []
    scene.log(LAST, unreadable())
    assert scene.once(13.1) == [("health", "fired")]
    for day in range(14, 18):
        scene.log(day, made(day, 1, broken=0.3 * (day < 16)))
        assert scene.once(day) == []
    (scene.folder / "logs" / f"{LAST}.parquet").unlink()
    assert scene.once(17.1) == [("health", "resolved")]
    for day in range(18, 21):
        scene.log(day, made(day, 1))
        scene.once(day)
    assert "quality" not in {notice.kind for notice in scene.notices}
