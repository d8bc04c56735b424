"""Holidays: who comes on such days, and how many, is no drift; broken data are told of on every day."""

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
from monitor.store.schema import alert_event, measurement
from monitor.wiring import opened

START = datetime(2026, 2, 16, tzinfo=UTC)  # a Monday; Good Friday 2026 is 3 April, Easter Monday the 6th
DAY = timedelta(days=1)
REFERENCE, LIVE, USUAL = 35, 28, 600
FRIDAY = START + 46 * DAY
EASTER = range(46, 50)
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, scores: p}
    window: 1d
"""
SET_ASIDE = "    holidays: [DE, 2026-04-04, 2026-04-05]\n"


def days(first: int, count: int, *, quiet: range = range(0), empty: range = range(0)) -> pa.Table:
    """Give rows of many days; of quiet ones half as many, by other people; of empty ones a third have no age."""
    rng = np.random.default_rng(first)
    here = [*range(first, first + count)]
    rows = rng.poisson([USUAL / 2 if day in quiet else USUAL for day in here])
    day = np.repeat(here, rows)
    at = [START + float(one) * DAY for one in day + rng.random(day.size)]
    age = rng.normal(40, 10, day.size) + 8 * np.isin(day, quiet)
    lacks = np.isin(day, empty) & (rng.random(day.size) < 1 / 3)
    chance = np.clip(rng.beta(2, 5, day.size) + 0.1 * np.isin(day, quiet), 0, 1)
    return pa.table({"at": at, "age": pa.array(age, mask=lacks), "pay": rng.lognormal(7, 1, day.size), "p": chance})


def told(folder: Path, log: pa.Table, *, more: str) -> dict[str, datetime]:
    """Give what fired, by kind or else its detector, with the start of the first window since Good Friday that did."""
    (folder / "logs").mkdir(parents=True)
    pq.write_table(days(0, REFERENCE), folder / "reference.parquet")
    pq.write_table(log, folder / "logs" / "log.parquet")
    monitor = opened(load(CONFIG + more, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    e = alert_event.c
    with monitor.database.read() as connection:
        found = connection.execute(select(e).where(e.state == "firing").order_by(e.window_end.desc())).all()
    monitor.database.close()
    return {
        row.detector if row.kind == "quality" else row.kind: row.window_end - DAY
        for row in found
        if row.window_end > FRIDAY
    }


def test_a_long_weekend_is_told_of_where_nobody_says_that_it_is_one(tmp_path: Path) -> None:
    found = told(tmp_path, days(REFERENCE, LIVE, quiet=EASTER), more="")
    assert {"volume", "drift.data", "drift.prediction"} <= found.keys()
    assert {FRIDAY, FRIDAY + DAY} >= {found[one] for one in ("volume", "drift.data")}


def test_holidays_and_the_days_between_are_set_aside(tmp_path: Path) -> None:
    assert told(tmp_path, days(REFERENCE, LIVE, quiet=EASTER), more=SET_ASIDE) == {}
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    m = measurement.c
    asked = select(m.note).where(m.detector == "smooth_test", m.column == "age", m.window_start == FRIDAY)
    with monitor.database.read() as connection:
        notes = connection.execute(asked).scalars().all()
    monitor.database.close()
    assert notes == ["Good Friday: such a day is not laid beside others"]


@pytest.mark.parametrize("more", ["", SET_ASIDE])
def test_values_that_are_missing_on_a_holiday_are_told_at_once(tmp_path: Path, more: str) -> None:
    found = told(tmp_path, days(REFERENCE, LIVE, quiet=EASTER, empty=EASTER), more=more)
    assert found["missing_share"] == FRIDAY


def test_what_goes_on_after_a_holiday_is_told_then(tmp_path: Path) -> None:
    found = told(tmp_path, days(REFERENCE, LIVE, quiet=range(EASTER[0], 63)), more=SET_ASIDE)
    assert found["drift.data"] in {FRIDAY + 4 * DAY, FRIDAY + 5 * DAY}
    assert found["volume"] <= FRIDAY + 5 * DAY
