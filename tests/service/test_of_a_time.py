"""A Sunday is laid beside Sundays: what is usual on one raises nothing, and what is not is seen on the first."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.render.model_view import model_page
from monitor.store.alerts import alert_rows
from monitor.store.references import read_reference
from monitor.wiring import opened
from tests.commanding import monitor as commanded

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, segments: [shop]}
    attacks: off
"""
WEEKDAYS = np.array([0.0, 0.1, 0.0, -0.1, 0.3, 0.9, 1.1])
HOURS = np.array([-1.0, 0.2, 0.9, 0.1])


def rows(seed: int, first: int, days: int, *, hours: bool = False, shift: float = 0.0, a_day: int = 400) -> pa.Table:
    """Give days whose `x` has a level by the weekday, or by the quarter of the day, turned round at weekends."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(first, first + days), a_day)
    seconds = np.tile(np.linspace(60, 86_000, a_day), days)
    by_hour = np.where(day % 7 < 5, 1.0, -1.0) * HOURS[(seconds // 21_600).astype(int)]
    level = by_hour if hours else WEEKDAYS[day % 7]
    at = [START + timedelta(days=int(d), seconds=float(s)) for d, s in zip(day, seconds, strict=True)]
    return pa.table({"at": at, "x": rng.normal(level + shift), "y": rng.normal(size=day.size)})


def shops(seed: int, first: int, days: int, *, shift: float = 0.0) -> pa.Table:
    """Give days of two shops with opposite weeks, of which together nothing is seen; `shift` is of shop a."""
    found = rows(seed, first, days, a_day=800)
    rng = np.random.default_rng(seed + 100)
    of_week = WEEKDAYS[np.array([at.weekday() for at in found["at"].to_pylist()])]
    first_shop = np.arange(found.num_rows) % 2 == 0
    level = np.where(first_shop, of_week + shift, 1 - of_week)
    by_shop = pa.array(np.where(first_shop, "a", "b"))
    return found.set_column(1, "x", pa.array(rng.normal(level))).append_column("shop", by_shop)


def judged(
    folder: Path, reference: pa.Table, log: pa.Table, *, window: str
) -> tuple[list[dict[str, object]], set[str]]:
    """Give alerts as they stand, and which columns the reference tells by the time."""
    (folder / "logs").mkdir(parents=True)
    pq.write_table(reference, folder / "reference.parquet")
    pq.write_table(log, folder / "logs" / "log.parquet")
    config = load(f"{CONFIG}    window: {window}\n", place="monitor.yaml", environ={}, read=str)
    monitor = opened(config, root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        known = read_reference(connection, "m")
        found = [one for one in alert_rows(connection) if one["fired_at"]]
    monitor.database.close()
    assert known
    return found, {column.name for column in known[1][""].layout.columns if column.timed}


@pytest.mark.parametrize(("window", "hours"), [("1d", False), ("6h", True)])
def test_a_shift_within_what_times_differ_by_is_seen_at_once(tmp_path: Path, window: str, *, hours: bool) -> None:
    reference = rows(1, -42, 42, hours=hours)
    calm, timed = judged(tmp_path / "calm", reference, rows(2, 0, 28, hours=hours), window=window)
    assert "x" in timed
    assert "y" not in timed
    # the budget is one in thirty days
    assert len(calm) <= 1
    log = pa.concat_tables([rows(3, 0, 14, hours=hours), rows(4, 14, 6, hours=hours, shift=0.4)])
    told = [one for one in judged(tmp_path / "moved", reference, log, window=window)[0] if one["column"] == "x"]
    assert min(str(one["since"]) for one in told) == "2024-01-15T00:00:00Z"
    assert "at such times" in str(told[0]["text"])


def test_a_segment_is_laid_beside_its_own_weekdays(tmp_path: Path) -> None:
    reference = shops(1, -42, 42)
    calm, _ = judged(tmp_path / "calm", reference, shops(2, 0, 28), window="1d")
    assert len(calm) <= 1
    log = pa.concat_tables([shops(3, 0, 14), shops(4, 14, 6, shift=0.5)])
    told, _ = judged(tmp_path / "moved", reference, log, window="1d")
    of_shop = [one for one in told if (one["column"], one["segment"]) == ("x", "shop=a")]
    assert min(str(one["since"]) for one in of_shop) == "2024-01-15T00:00:00Z"
    assert "at such times" in str(of_shop[0]["text"])
    assert not [one for one in told if one["segment"] == "shop=b"]


def test_pages_and_explain_lay_a_window_beside_the_references_at_such_times(tmp_path: Path) -> None:
    judged(tmp_path, rows(1, -42, 42), rows(2, 0, 7), window="1d")
    (tmp_path / "monitor.yaml").write_text(f"{CONFIG}    window: 1d\n")
    sunday = commanded(tmp_path, "explain", "monitor.yaml", "--window", "2024-01-07", "--json")
    assert sunday.returncode == 0, sunday.stderr + sunday.stdout
    found = json.loads(sunday.stdout)
    assert (found["timed"], found["reference_n"]) == (True, 6 * 400)
    assert "of the reference at such times" in commanded(tmp_path, "explain", "monitor.yaml").stdout
    monitor = opened(load(f"{CONFIG}    window: 1d\n", place="monitor.yaml", environ={}, read=str), root=tmp_path)
    with monitor.database.read() as connection:
        page = model_page(connection, "m")["columns"]
    monitor.database.close()
    x, y, *_ = page["charts"]
    assert (x["name"], x["timed"], sum(x["reference"])) == ("x", True, 6 * 400)
    assert (y["name"], y["timed"], sum(y["reference"])) == ("y", False, 42 * 400)


@pytest.mark.parametrize("weeks", [2, 3])
def test_a_short_reference_tells_nothing_by_the_time(tmp_path: Path, weeks: int) -> None:
    assert judged(tmp_path, rows(1, -7 * weeks, 7 * weeks), rows(2, 0, 5), window="1d")[1] == set()


def test_days_without_rows_in_the_reference_are_laid_beside_all_of_it(tmp_path: Path) -> None:
    weekdays = rows(1, -42, 42)
    of_week = np.array([at.weekday() for at in weekdays["at"].to_pylist()])
    found, timed = judged(tmp_path, weekdays.filter(pa.array(of_week != 6)), rows(2, 0, 14), window="1d")
    assert "x" in timed
    assert {str(one["column"]) for one in found} <= {"x", "", "anomaly(features)"}


def test_beside_windows_before_nothing_is_said_of_the_reference_at_such_times(tmp_path: Path) -> None:
    log = pa.concat_tables([rows(3, 0, 21), rows(4, 21, 6, shift=3.0)])
    found, timed = judged(tmp_path, rows(1, -42, 42), log, window="1d\n    baseline: 14 windows")
    told = [str(one["text"]) for one in found if one["column"] == "x" and one["kind"] == "drift.data"]
    assert "x" in timed
    assert told
    assert not any("at such times" in text for text in told)
