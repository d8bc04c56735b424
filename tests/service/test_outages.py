"""What an outage of the source explains waits for its end; nothing is lost by it, and nothing else waits."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from monitor.store.alerts import alert_rows
from tests.service.scene import Scene, begun, made

LAST = 999


def unreadable() -> pa.Table:
    return made(0, 1).set_column(1, "id", pa.nulls(200, pa.string()))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    one = begun(tmp_path / "one")
    yield one
    one.monitor.database.close()


def test_the_pass_that_finds_the_source_again_tells_all_that_it_finds_in_earlier_windows(
    scene: Scene, tmp_path: Path
) -> None:
    late, fresh = scene, begun(tmp_path / "fresh")
    assert late.once(100) == [("health", "fired")]
    for one in (late, fresh):
        one.log(0, made(0, 8))
        one.log(8, made(8, 4, broken=0.3))
        one.log(12, made(12, 8))
        one.log(20, made(20, 4, moved=True))
    told = fresh.once(100.5)
    assert {("quality", "fired"), ("quality", "resolved"), ("drift.data", "fired")} <= set(told)
    assert sorted(late.once(100.5)) == sorted([*told, ("health", "resolved")])
    fresh.monitor.database.close()


def test_what_waited_for_the_source_is_told_when_that_is_mended_though_no_window_is_new(scene: Scene) -> None:
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


def test_what_waited_and_is_over_when_the_source_is_mended_is_not_told(scene: Scene) -> None:
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


def test_a_day_whose_rows_come_late_is_told_and_taken_back_when_they_have_come(scene: Scene) -> None:
    scene.log(0, made(0, 14))
    assert scene.once(13.1) == []
    assert scene.once(14.1) == [("quality", "fired")]
    scene.log(14, made(14, 1))
    assert scene.once(14.2) == [("quality", "resolved")]
    assert "200 rows" in scene.notices[-1].lines[0]
    assert scene.once(14.3) == []
    with scene.monitor.database.read() as connection:
        (row,) = [row for row in alert_rows(connection, model="fares") if row["detector"] == "volume"]
    assert (row["state"], row["fired_at"] == row["resolved_at"]) == ("resolved", True)
