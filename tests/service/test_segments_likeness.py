"""Windows of a segment are taken for as alike as they are, which those of all traffic do not tell."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from monitor.config import load
from monitor.pipeline import once
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Column
from monitor.profiles.profile import Profile
from monitor.steps.likeness import told_of_segment
from monitor.store.references import WHOLE, read_reference
from monitor.store.schema import alert, measurement
from monitor.types import Roles, Window
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import START, times

A_DAY, DAYS = 400, 48
DAY = timedelta(days=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  posts:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, segments: [from]}
    window: 1d
"""


def rows(seed: int, first: int, days: int) -> pa.Table:
    """Give days of rows half of which come from the web, where each day has a level of its own in every column."""
    rng = np.random.default_rng(seed)
    web = np.arange(days * A_DAY) % 2 == 0
    day = np.repeat(np.arange(days), A_DAY)
    columns = {f"c{i}": rng.normal(size=web.size) + web * rng.normal(0, 0.4, days)[day] for i in range(8)}
    return pa.table({"at": times(first, days, a_day=A_DAY), "from": np.where(web, "web", "app"), **columns})


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Monitor:
    """Watch days like those of the reference."""
    folder = tmp_path_factory.mktemp("posts")
    (folder / "logs").mkdir()
    pq.write_table(rows(1, -60, 60), folder / "reference.parquet")
    pq.write_table(rows(2, 0, DAYS), folder / "logs" / "days.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + timedelta(days=DAYS, minutes=30), rng=Random(1))
    return monitor


def references(monitor: Monitor) -> Mapping[str, Profile]:
    with monitor.database.read() as connection:
        known = read_reference(connection, "posts")
    assert known
    return known[1]


def test_each_segments_windows_tell_how_alike_its_rows_are(posts: Monitor) -> None:
    known = references(posts)
    features = [name for name, column in known[WHOLE].layout.by_name.items() if column.role == "feature"]
    alike = {part: np.mean([one.layout.by_name[name].correlation for name in features]) for part, one in known.items()}
    assert alike["from=web"] > 3 * alike[WHOLE]
    assert alike["from=app"] < alike[WHOLE] / 2
    assert known["from=web"].layout.window_rows == A_DAY / 2
    assert known["from=web"].layout.digest == known[WHOLE].layout.digest


def test_days_that_differ_as_they_always_did_are_not_told_of_in_their_segment(posts: Monitor) -> None:
    with posts.database.read() as connection:
        told = connection.scalar(select(func.count()).select_from(alert).where(alert.c.fired_at.is_not(None)))
        sure = connection.scalars(
            select(measurement.c.p_value).where(
                measurement.c.segment == "from=web", measurement.c.detector == "smooth_test"
            )
        ).all()
    assert told <= 2, "one a month is the budget; with what all traffic tells it is nine"
    assert np.mean(np.array(sure) <= 0.01) <= 0.05, "with what all traffic tells it is a fifth"


def test_few_windows_of_a_segment_do_not_say_that_its_rows_are_less_alike_than_all() -> None:
    """Ten dry days are no reason to take the rain of one day for that of many."""
    rng = np.random.default_rng(3)
    layout = layout_of(pa.table({"rain": rng.gamma(1, 1, 2_000)}), Roles(timestamp="at"))
    layout = replace(layout, columns=tuple(replace(one, correlation=0.4, steepest=0.5) for one in layout.columns))
    days = [pa.table({"rain": rng.gamma(1, 1, 40 if day % 6 == 0 else 20)}) for day in range(240)]

    def of(number: int) -> Column:
        windows = {
            Window(START + day * DAY, START + (day + 1) * DAY): profile_table(rows, layout)
            for day, rows in enumerate(days[:number])
        }
        return told_of_segment(layout, windows).by_name["rain"]

    assert (of(90).correlation, of(90).steepest) == (0.4, 0.5)
    assert of(240).correlation < 0.1


@pytest.mark.parametrize(("alike", "least", "most"), [(True, 0.6, 1.0), (False, 0.0, 0.15)])
def test_how_alike_a_few_rows_a_day_are_is_told_by_the_days(*, alike: bool, least: float, most: float) -> None:
    """Ten rows of one session a day, for thirty days, make six windows of fifty rows: too few to tell."""
    rng = np.random.default_rng(4)
    layout = layout_of(pa.table({"x": rng.normal(size=2_000)}), Roles(timestamp="at"))
    level = rng.normal(size=30) if alike else np.zeros(30)
    tables = [pa.table({"x": rng.normal(one, 0.3 if alike else 1.0, 10)}) for one in level]
    windows = {
        Window(START + day * DAY, START + (day + 1) * DAY): profile_table(rows, layout)
        for day, rows in enumerate(tables)
    }
    assert least <= told_of_segment(layout, windows, 50).by_name["x"].steepest <= most
