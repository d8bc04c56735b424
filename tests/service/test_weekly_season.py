"""A model that errs more at weekends: a weekend is laid beside weekends, a weekday beside weekdays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.config import load
from monitor.pipeline import once
from monitor.store.schema import alert_event
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
A_DAY, REFERENCE, LIVE = 300, 42, 56
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    columns: {timestamp: at, prediction: guess, label: truth}
    window: 1d
"""


def days(first: int, count: int, *, worse_from: int | None = None, worse: float = 1.35) -> pa.Table:
    """Give rows of many days, on whose weekends errors are half as large again; `worse_from` a day they all are."""
    rng, day = np.random.default_rng(first), np.repeat(np.arange(first, first + count), A_DAY)
    at = [START + timedelta(days=int(d)) + n % A_DAY * DAY / A_DAY for n, d in enumerate(day)]
    size = np.where(day % 7 >= 5, 1.5, 1.0) * np.where(day >= (worse_from or np.inf), worse, 1.0)
    guess = rng.normal(10, 3, day.size)
    return pa.table({"at": at, "guess": guess, "truth": guess + size * rng.normal(size=day.size)})


def told(folder: Path, log: pa.Table, *, reference: pa.Table | None = None) -> list[tuple[datetime, float]]:
    """Give the ends of windows in which an alert about errors fired, and by how much these had risen."""
    (folder / "logs").mkdir(parents=True)
    more = ""
    if reference is not None:
        pq.write_table(reference, folder / "reference.parquet")
        more = "    reference: {files: reference.parquet}\n"
    pq.write_table(log, folder / "logs" / "log.parquet")
    monitor = opened(load(CONFIG + more, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    e = alert_event.c
    chosen = select(e.window_end, e.effect).where(e.detector == "mean_absolute_error", e.state == "firing")
    with monitor.database.read() as connection:
        found = connection.execute(chosen.order_by(e.window_end)).all()
    monitor.database.close()
    return [(row.window_end, row.effect) for row in found]


def test_weekends_that_are_as_bad_as_ever_are_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, days(REFERENCE, LIVE), reference=days(0, REFERENCE)) == []


@pytest.mark.parametrize("first", [REFERENCE + 21, REFERENCE + 26])
def test_a_change_is_told_within_two_windows_on_weekdays_and_weekends_alike(tmp_path: Path, first: int) -> None:
    (at, rise), *_ = told(tmp_path, days(REFERENCE, 30, worse_from=first), reference=days(0, REFERENCE))
    assert START + first * DAY < at <= START + (first + 2) * DAY
    assert rise == pytest.approx(0.35, abs=0.15)


def test_a_reference_of_ten_days_learns_the_season_from_the_windows_that_follow(tmp_path: Path) -> None:
    found = told(tmp_path, days(0, 15 * 7))
    assert [end for end, _ in found if end > START + 6 * 7 * DAY] == []
