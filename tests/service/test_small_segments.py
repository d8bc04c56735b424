"""Segments of few rows are judged every so many windows, with all rows since: nothing is told of two, nor missed."""

from collections.abc import Mapping
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
from monitor.profiles.profile import Profile
from monitor.steps.gathering import MOST, Gathering
from monitor.steps.history import History
from monitor.steps.sample import Sample
from monitor.steps.segments import put_together
from monitor.store.measurements import Judgement
from monitor.store.profiles import read_profiles
from monitor.store.references import WHOLE, read_reference
from monitor.store.schema import alert, measurement
from monitor.types import Window
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, START, times

A_DAY, SELDOM, HOUR = 200, 20, timedelta(hours=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, segments: [shop]}
    window: 1d
    min_rows: 60
"""


def rows(seed: int, first: int, days: int, *, moved: float = 0.0) -> pa.Table:
    """Give days of 180 rows of one shop and 20 of another, in whose rows one of six columns may be moved."""
    rng = np.random.default_rng(seed)
    few = np.arange(days * A_DAY) % 10 == 0
    columns = {f"c{i}": rng.normal(size=days * A_DAY) for i in range(6)}
    columns["c3"][few] += moved
    return pa.table({"at": times(first, days, a_day=A_DAY), "shop": np.where(few, "small", "large"), **columns})


def monitored(folder: Path, *, moved: float) -> Monitor:
    """Watch 24 days, of which the last 16 may have moved."""
    (folder / "logs").mkdir()
    pq.write_table(rows(1, -60, 60), folder / "reference.parquet")
    pq.write_table(rows(2, 0, 8), folder / "logs" / "usual.parquet")
    pq.write_table(rows(3, 8, 16, moved=moved), folder / "logs" / "moved.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + timedelta(days=24, minutes=30), rng=Random(1))
    return monitor


def test_a_small_segment_is_judged_every_fourth_day_with_all_its_rows(tmp_path: Path) -> None:
    monitor = monitored(tmp_path, moved=0.0)
    with monitor.database.read() as connection:
        found = connection.execute(
            select(measurement.c.window_start, measurement.c.n, measurement.c.outcome, measurement.c.note)
            .where(measurement.c.segment == "shop=small", measurement.c.detector == "smooth_test")
            .where(measurement.c.column == "c3")
            .order_by(measurement.c.window_start)
        ).all()
    monitor.database.close()
    judged = [one for one in found if one.outcome != "insufficient"]
    assert [(one.window_start - START) / DAY for one in judged] == [3, 7, 11, 15, 19, 23]
    assert {one.n for one in judged} == {4 * SELDOM}
    assert {one.note for one in found if one.outcome == "insufficient"} == {
        "20 of 60 rows: judged with those of other windows"
    }


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_what_moves_in_a_small_segment_alone_is_told(tmp_path: Path, moved: float) -> None:
    monitor = monitored(tmp_path, moved=moved)
    with monitor.database.read() as connection:
        stand = connection.execute(select(alert).where(alert.c.state == "firing")).mappings().all()
    monitor.database.close()
    within = {(one["column"], one["segment"], one["n"]) for one in stand if one["segment"]}
    assert within == ({("c3", "shop=small", 4 * SELDOM)} if moved else set())


def test_a_segment_that_has_grown_waits_for_no_other_window(tmp_path: Path) -> None:
    monitor = monitored(tmp_path, moved=0.0)
    with monitor.database.read() as connection:
        known = read_reference(connection, "fares")
        assert known
        references, window = known[1], Window(START, START + DAY)
        held = read_profiles(connection, "fares", window, references[WHOLE].layout)
        grown = read_profiles(connection, "fares", Window(START, START + 5 * DAY), references[WHOLE].layout)
    monitor.database.close()
    stretches: list[Window] = []

    def read(stretch: Window) -> dict[str, Profile]:
        stretches.append(stretch)
        return {}

    def put(profiles: Mapping[str, Profile], *, before: int) -> Sample:
        days = [Window(START - day * DAY, START - (day - 1) * DAY) for day in range(before, -1, -1)]
        sample = Sample(window, 1, 0, 0, {WHOLE: held[WHOLE], "shop=small": profiles["shop=small"]})
        gathering = Gathering(days, [A_DAY] * len(days), ends=False)
        return put_together(sample, least=60, references=references, gathering=gathering, read=read)

    assert "shop=small" not in put(grown, before=0).lacking_in
    assert "shop=small" in put(held, before=3).lacking_in
    assert stretches == [Window(START - 3 * DAY, START + DAY)]


@pytest.mark.parametrize("share", [0.03, 0.2, 0.32, 0.5, 0.9])
def test_every_row_of_a_segment_is_judged_once_however_its_days_differ(share: float) -> None:
    rng = np.random.default_rng(5)
    days = [Window(START + day * DAY, START + (day + 1) * DAY) for day in range(200)]
    rows = (rng.poisson(120, 200) * np.where(np.arange(200) % 7 < 5, 1.0, 0.2)).astype(int).tolist()
    taken: list[int] = []
    for day in range(200):
        windows = Gathering(days[: day + 1], rows[: day + 1], ends=day == 199).windows(share, 64)
        taken += range(day + 1 - windows, day + 1) if windows else ()
        assert windows is None or sum(rows[day + 1 - windows : day + 1]) * share >= 64 or windows == MOST or day == 199
    assert taken == list(range(200))


def test_rows_are_gathered_anew_every_year_and_of_hours_every_month_whatever_is_kept() -> None:
    def judged(at: datetime, length: timedelta) -> Judgement:
        return Judgement(Window(at, at + length), 1, 10, 0, matured=True)

    for length, first in ((DAY, datetime(2024, 1, 1, tzinfo=UTC)), (HOUR, datetime(2024, 3, 1, tzinfo=UTC))):
        windows = [judged(first + n * length, length) for n in range(-40, 40)]
        for kept in (80, 60):
            history = History(windows[-kept:])
            found = history.gathering(windows[50].window, windows[50].stretch, 10)
            assert found.stretches == [one.window for one in windows[40:51]]
            assert not found.ends
        assert history.gathering(windows[39].window, windows[39].stretch, 10).ends
