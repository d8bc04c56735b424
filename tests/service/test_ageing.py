"""Slow ageing through the whole loop: what no window shows is told, what is calm is not, and an end ends it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.render import html
from monitor.store.alerts import alert_rows
from monitor.store.measurements import read_measurements
from monitor.watch import Monitor
from monitor.wiring import opened

START, DAY, A_DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 120
CONFIG = """
database: sqlite:///monitor.db
models:
  prices:
    source: {files: "logs.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, prediction: predicted, label: price}
    window: 1d
    false_alarms: 1 per 3650d
"""


def days(
    seed: int, count: int, *, start: datetime, error: list[float] | float = 1.0, bias: list[float] | float = 0.0
) -> pa.Table:
    """Give regressions whose errors have a deviation and a mean for each day, and days that are alike in nothing."""
    rng = np.random.default_rng(seed)
    size = count * A_DAY
    label = rng.normal(100, 15, size)
    deviation = np.repeat(np.broadcast_to(error, count), A_DAY)
    at = [start + timedelta(days=n // A_DAY, seconds=700 * (n % A_DAY)) for n in range(size)]
    predicted = label + deviation * rng.normal(size=size) + np.repeat(np.broadcast_to(bias, count), A_DAY)
    return pa.table({"at": at, "area": rng.normal(size=size), "predicted": predicted, "price": label})


def watched(folder: Path, rows: pa.Table, *, config: str = CONFIG) -> Monitor:
    pq.write_table(days(1, 60, start=START - 90 * DAY), folder / "reference.parquet")
    pq.write_table(rows, folder / "logs.parquet")
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    return monitor


def test_a_fall_that_no_window_shows_is_told_with_the_day_it_began(tmp_path: Path) -> None:
    monitor = watched(tmp_path, days(2, 60, start=START, error=[1.0] * 20 + [1.1] * 40))
    with monitor.database.read() as connection:
        alerts = alert_rows(connection, model="prices")
    assert not [a for a in alerts if a["kind"] == "performance.realised" and a["fired_at"]]
    (found,) = [a for a in alerts if a["kind"] == "bias.temporal"]
    assert (found["detector"], found["state"], found["origin"]) == ("ageing", "firing", "temporal")
    evidence = found["evidence"]
    assert abs(datetime.fromisoformat(evidence["since"]) - (START + 20 * DAY)) <= 8 * DAY
    assert evidence["metric"] == "mean_absolute_error"
    assert evidence["after"] == pytest.approx(1.1 * evidence["before"], rel=0.05)
    assert "retrain with data from 2024-01" in found["text"]
    assert evidence["reference"]["last"][:10] == "2023-12-01"
    assert evidence["reference"]["months"] == ["January", "February"]
    assert "the reference ends 2023-12-01" in found["text"]
    assert "it holds no rows of January, February" in found["text"]
    page = html.model_page(monitor.database, "prices", now=START) or b""
    assert b"<h2>Ageing</h2>" in page
    assert b"the last window ends 89 days later" in page
    assert b"since " in page
    assert b'class="upright"' in page
    monitor.database.close()


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_bias_that_lasts_is_told_once_and_by_name_though_errors_are_no_larger(tmp_path: Path, way: float) -> None:
    # the variance that the bias adds is taken from the scatter, so that errors are as large as before
    biased = days(2, 60, start=START, error=[1.0] * 20 + [0.96] * 40, bias=[0.0] * 20 + [way * 0.25] * 40)
    monitor = watched(tmp_path, biased)
    with monitor.database.read() as connection:
        alerts = alert_rows(connection, model="prices")
    (found,) = [a for a in alerts if a["detector"] == "ageing"]
    assert found["state"] == "firing"
    told = found["evidence"]
    assert [one["metric"] for one in told["moved"]] == ["mean_error"]
    assert abs(datetime.fromisoformat(told["since"]) - (START + 20 * DAY)) <= 8 * DAY
    assert told["after"] == pytest.approx(way * 0.25, abs=0.06)
    assert told["moved"][0]["effect"] == pytest.approx(way * 0.25 / np.sqrt(2 / np.pi), abs=0.08)
    assert "mean error has been" in found["text"]
    assert found["effect"] > 0


def test_calm_days_are_not_told(tmp_path: Path) -> None:
    monitor = watched(tmp_path, days(3, 60, start=START))
    with monitor.database.read() as connection:
        found = list(read_measurements(connection, detector="ageing"))
        assert not [a for a in alert_rows(connection, model="prices") if a["fired_at"]]
    assert len(found) == 59
    assert all(m["outcome"] == "clear" for m in found)
    assert b"No lasting fall in performance is told" in (html.model_page(monitor.database, "prices", now=START) or b"")
    monitor.database.close()


def test_once_the_errors_are_as_before_the_alert_is_resolved(tmp_path: Path) -> None:
    monitor = watched(tmp_path, days(4, 60, start=START, error=[1.0] * 10 + [1.5] * 20 + [1.0] * 30))
    with monitor.database.read() as connection:
        states = {a["detector"]: a["state"] for a in alert_rows(connection, model="prices")}
    assert states["ageing"] == "resolved"
    monitor.database.close()


def test_nothing_is_gathered_where_windows_are_compared_with_those_before_them(tmp_path: Path) -> None:
    rows = days(2, 20, start=START, error=[1.0] * 5 + [2.0] * 15)
    monitor = watched(tmp_path, rows, config=CONFIG + "    baseline: 5 windows\n")
    with monitor.database.read() as connection:
        found = {m["detector"] for m in read_measurements(connection)}
    assert "mean_absolute_error" in found
    assert not found & {"ageing", "lasting_drift"}
    monitor.database.close()


def test_each_window_shows_the_age_of_the_model_and_whether_its_reference_knows_the_month(tmp_path: Path) -> None:
    monitor = watched(tmp_path, days(2, 3, start=START))
    with monitor.database.read() as connection:
        found = {m["detector"]: m for m in read_measurements(connection, since=START)}
        assert not [a for a in alert_rows(connection, model="prices") if a["detector"] == "model_age"]
    assert found["model_age"]["value"] == pytest.approx(32, abs=0.1)
    assert found["uncovered_time_share"]["value"] == 1.0
    assert found["uncovered_time_share"]["note"] == "the reference holds no rows of January"
    assert found["uncovered_time_share"]["outcome"] == ""
    monitor.database.close()
