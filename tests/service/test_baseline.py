"""What windows are compared with: real windows differ, and the windows before may say better by how much."""

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
from monitor.store.alerts import alert_rows
from monitor.store.schema import alert_event, measurement
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
A_DAY = 300
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at}
    for: 2
"""
DAILY = "    window: 1d\n"


def days(seed: int, levels: np.ndarray, *, start: datetime = START) -> pa.Table:
    """Give rows of many days, each with its own level of `x`; `y` is the same on all."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(levels.size), A_DAY)
    seconds = np.tile(np.linspace(60, 86_000, A_DAY), levels.size)
    times = [start + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, seconds, strict=True)]
    return pa.table({"at": times, "x": rng.normal(levels[day]), "y": rng.normal(size=day.size)})


def fired(folder: Path, reference: pa.Table, log: pa.Table, *, more: str = "") -> list[datetime]:
    """Give the ends of the windows in which an alert about `x` fired."""
    (folder / "logs").mkdir(parents=True)
    pq.write_table(reference, folder / "reference.parquet")
    pq.write_table(log, folder / "logs" / "log.parquet")
    config = load(CONFIG + (more if "window:" in more else DAILY + more), place="monitor.yaml", environ={}, read=str)
    monitor = opened(config, root=folder)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    chosen = select(alert_event.c.window_end).where(alert_event.c.column == "x", alert_event.c.state == "firing")
    with monitor.database.read() as connection:
        ends = sorted(connection.scalars(chosen))
    monitor.database.close()
    return ends


def test_a_reference_without_times_learns_from_the_windows_how_much_they_differ(tmp_path: Path) -> None:
    levels = np.random.default_rng(5).normal(0, 0.3, 160)
    reference = days(1, levels[:80]).drop_columns(["at"])
    calm = fired(tmp_path / "calm", reference, days(2, levels[80:]))
    # two months at a budget of one a month, from when the windows have told
    assert len([end for end in calm if end > START + 16 * DAY]) <= 2
    moved = levels[80:] + 2 * (np.arange(80) >= 60)
    assert START + 62 * DAY in fired(tmp_path / "moved", reference, days(3, moved))


@pytest.mark.parametrize("timed", [True, False], ids=["a reference with times", "one without"])
def test_a_baseline_of_few_windows_is_taken_to_differ_as_others_do(tmp_path: Path, *, timed: bool) -> None:
    levels = np.random.default_rng(6).normal(0, 0.5, 170)
    reference = days(1, levels[:80], start=START - 80 * DAY)
    reference = reference if timed else reference.drop_columns(["at"])
    weeks = "    baseline: 4 weeks\n"
    calm = fired(tmp_path / "calm", reference, days(2, levels[80:]), more=weeks)
    assert len([end for end in calm if end > START + 30 * DAY]) <= 2
    moved = levels[80:] + 2.5 * (np.arange(90) >= 60)
    assert any(
        START + 60 * DAY < end <= START + 66 * DAY
        for end in fired(tmp_path / "moved", reference, days(3, moved), more=weeks)
    )


def test_a_level_that_leaps_beyond_all_days_of_a_small_baseline_is_told(tmp_path: Path) -> None:
    levels = np.random.default_rng(7).normal(0, 7.5, 150)
    reference = days(1, levels[:80], start=START - 80 * DAY)
    log = levels[80:] + 30  # the warm season
    log[50:] = (log[50:] - 32) / 1.8 - 20
    told = fired(tmp_path, reference, days(2, log), more="    baseline: 4 weeks\n")
    assert any(START + 51 * DAY < end <= START + 58 * DAY for end in told)


def kinds_of(seed: int, shares: list[list[float]], *, rows: int, start: datetime = START) -> pa.Table:
    """Give rows of as many days as there are shares of four categories of `x`."""
    rng = np.random.default_rng(seed)
    seconds = np.linspace(60, 86_000, rows)
    times = [start + timedelta(days=day, seconds=int(s)) for day in range(len(shares)) for s in seconds]
    return pa.table({"at": times, "x": np.concatenate([rng.choice(list("abcd"), rows, p=one) for one in shares])})


def test_a_small_difference_that_lasts_is_told_soon_then_no_more_than_the_budget_and_a_larger_one_again(
    tmp_path: Path,
) -> None:
    even, small, large = [0.25] * 4, [0.275, 0.275, 0.225, 0.225], [0.31, 0.31, 0.19, 0.19]  # w = 0, 0.1, 0.24
    later = 0
    for seed in (1, 5, 9):
        reference = kinds_of(seed, [even] * 20, rows=1_500, start=START - 20 * DAY)
        log = kinds_of(seed + 1, [small] * 48 + [large] * 6, rows=1_500)
        told = fired(tmp_path / str(seed), reference, log)
        assert told[0] < START + 10 * DAY
        assert START + 50 * DAY in told
        later += len([end for end in told if START + 10 * DAY < end <= START + 48 * DAY])
    assert later <= 3 * 38 / 30


def test_a_slow_change_is_told_though_every_window_was_much_like_the_one_before(tmp_path: Path) -> None:
    reference = days(1, np.zeros(40), start=START - 40 * DAY)
    levels = 0.005 * np.arange(100)
    assert any(end <= START + 80 * DAY for end in fired(tmp_path / "slow", reference, days(2, levels)))


def test_the_same_weekday_sees_what_all_of_them_hide(tmp_path: Path) -> None:
    weekday = np.array([0.0, 0.2, 0.1, -0.3, 0.4, 1.5, -1.5])
    long, short = (days(1, np.tile(weekday, weeks), start=START - 7 * weeks * DAY) for weeks in (20, 3))
    levels = np.tile(weekday, 20)
    levels[112:] += 0.5 * (np.arange(112, 140) % 7 < 5)
    of_all = fired(tmp_path / "all", short, days(2, levels))
    of_earlier_weeks = fired(tmp_path / "earlier", short, days(2, levels), more="    baseline: 8 weeks\n")
    of_the_reference = fired(tmp_path / "reference", long, days(2, levels))
    assert of_all == []
    for found in (of_earlier_weeks, of_the_reference):
        assert found
        assert START + 113 * DAY < found[0] <= START + 116 * DAY


def hours(first: int, last: int, *, moved: bool = False) -> pa.Table:
    """Give rows of the hours of some days, few in weekend nights, when `x` is larger; `moved` makes it so by day."""
    rng, hour = np.random.default_rng(abs(first)), np.arange(24 * first, 24 * last)
    night = (hour // 24 % 7 > 4) & (hour % 24 < 6)
    each = np.repeat(np.arange(hour.size), np.where(night, 16, 60))
    at = [START + float(h) * HOUR for h in hour[each] + rng.random(each.size)]
    off = night | (moved & (hour % 24 > 11))
    return pa.table({"at": at, "x": rng.normal(1.2 * off[each]), "y": rng.normal(size=each.size)})


@pytest.mark.parametrize("more", ["", "    baseline: 3 weeks\n"])
def test_hours_that_the_reference_has_likewise_are_not_told_and_the_same_shift_by_day_is(
    tmp_path: Path, more: str
) -> None:
    reference, more = hours(-21, 0), f"{more}    window: 1h\n"
    assert fired(tmp_path / "calm", reference, hours(5, 7), more=more) == []
    assert fired(tmp_path / "moved", reference, hours(7, 8, moved=True), more=more) != []


def test_the_last_windows_as_baseline_get_used_to_a_new_level(tmp_path: Path) -> None:
    levels = np.where(np.arange(60) < 30, 0.0, 1.0)
    reference = days(1, np.zeros(20), start=START - 20 * DAY)
    told = fired(tmp_path / "windows", reference, days(2, levels), more="    baseline: 10 windows\n")
    assert told == [START + 32 * DAY]
    monitor = opened(load(CONFIG + DAILY, place="monitor.yaml", environ={}, read=str), root=tmp_path / "windows")
    with monitor.database.read() as connection:
        ended = [row["text"] for row in alert_rows(connection) if row["column"] == "x" and row["resolved_at"]]
    monitor.database.close()
    assert ended
    assert all("is no longer surely different from that of the windows before" in text for text in ended)


def forecasts(seed: int, count: int, *, start: datetime, worse: float = 0.0) -> pa.Table:
    """Give forecasts that err a quarter more at weekends, and by so much more on the last ten days."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(count), A_DAY)
    times = [start + timedelta(days=int(d), seconds=280 * (n % A_DAY)) for n, d in enumerate(day)]
    error = rng.normal(size=day.size) * np.where(day % 7 >= 5, 1.25, 1.0) * (1 + worse * (day >= count - 10))
    x = rng.normal(10, 3, day.size)
    return pa.table({"at": times, "x": x, "predicted": x, "demand": x + error})


def test_performance_beside_a_reference_of_all_weekdays_is_not_judged_by_how_alike_one_weekday_is(
    tmp_path: Path,
) -> None:
    reference, more = forecasts(1, 84, start=START - 84 * DAY), "    baseline: 8 weeks\n"
    pq.write_table(reference, tmp_path / "reference.parquet")
    (tmp_path / "logs").mkdir()
    pq.write_table(forecasts(2, 84, start=START, worse=1.5), tmp_path / "logs" / "log.parquet")
    columns = "columns: {timestamp: at, prediction: predicted, label: demand}"
    asked = CONFIG.replace("columns: {timestamp: at}", columns) + DAILY + more
    config = load(asked, place="m.yaml", environ={}, read=str)
    monitor = opened(config, root=tmp_path)
    once(monitor, clock=lambda: START + 400 * DAY, rng=Random(1))
    errors = select(measurement.c.window_end, measurement.c.p_value).where(
        measurement.c.detector == "mean_absolute_error", measurement.c.segment == ""
    )
    with monitor.database.read() as connection:
        found = {row.window_end: row.p_value for row in connection.execute(errors)}
    monitor.database.close()
    usual = [p for end, p in found.items() if START + 60 * DAY < end <= START + 74 * DAY]
    assert min(usual) > 1e-3
    assert max(p for end, p in found.items() if end > START + 75 * DAY) < 1e-6
