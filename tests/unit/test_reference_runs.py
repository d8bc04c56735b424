"""A reference of few windows still shows that its rows come in clumps."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors.drift import smooth
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.steps.reference import profiled_reference
from monitor.watch import Watch
from tests.sourceless import Nothing

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
DAY = 86_400_000_000


def layout_of_days(days: int, *, clump: int, rows: int = 4_000, shuffled: bool = False, whole: bool = False) -> Layout:
    """Profile days of rows of which so many in a row are the same; `x` and `c` are clumped, `y` only in `whole`."""
    rng = np.random.default_rng(days + clump)
    n = days * rows
    x, c = rng.normal(size=n // clump).repeat(clump), rng.choice(list("abcd"), n // clump).repeat(clump)
    y = rng.normal(size=n // clump).repeat(clump) if whole else rng.normal(size=n)
    times = START + np.arange(n) * (DAY // rows)
    table = pa.table({"at": pa.array(times, pa.timestamp("us", "UTC")), "x": x, "c": c, "y": y})
    if shuffled:
        table = table.take(pa.array(rng.permutation(n)))
    settings = Model(source={"push": True}, columns={"timestamp": "at"}, window="1d")
    return profiled_reference(table, Watch("m", settings, Nothing()))[""].layout


@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_that_come_in_clumps_are_seen_in_fewer_than_eight_windows(*, shuffled: bool) -> None:
    layout = layout_of_days(4, clump=4, shuffled=shuffled)
    assert layout.windows == 4
    found = {name: 1 + 3_999 * layout.by_name[name].correlation for name in ("x", "c", "y")}
    assert found["x"] == pytest.approx(4, rel=0.15)
    assert found["c"] == pytest.approx(4, rel=0.25)
    assert found["y"] < 1.15


def test_derived_columns_show_the_clumps_of_their_rows() -> None:
    layout = layout_of_days(12, clump=2, rows=1_000, whole=True)
    alone = layout_of_days(12, clump=1, rows=1_000, whole=True)
    assert layout.windows == 12
    name = "anomaly(features)"
    assert 1 + 499 * layout.by_name[name].correlation == pytest.approx(2, rel=0.2)
    assert 1 + 499 * alone.by_name[name].correlation < 1.15


@pytest.mark.parametrize("rows", [12, 24])
def test_days_of_few_rows_that_are_alike_say_so(rows: int) -> None:
    layout = layout_of_days(80, clump=rows, rows=rows)
    assert layout.windows < 80
    found = layout.by_name
    assert found["x"].correlation > 0.9
    assert found["x"].steepest > 0.9
    assert found["c"].correlation > 0.9
    assert found["y"].correlation < 0.02


def test_days_of_few_rows_of_independent_ones_are_hardly_taken_to_be_alike() -> None:
    found = [layout_of_days(days, clump=1, rows=24).by_name[name] for days in range(70, 90) for name in ("x", "y", "c")]
    assert np.mean([column.correlation for column in found]) < 0.004
    assert np.mean([column.steepest for column in found]) < 0.01


def test_a_whole_year_of_days_of_few_rows_keeps_its_false_alarms() -> None:
    """Rows of a day lie together, as weather does: laid beside as many days, few days are surely different."""
    draw = np.random.default_rng(3)
    breached = tested = 0
    for _ in range(20):
        days = np.repeat(draw.normal(size=140), 24) + draw.normal(0, 0.5, 140 * 24)
        times = pa.array(START + np.arange(days.size) * (DAY // 24), pa.timestamp("us", "UTC"))
        table = pa.table({"at": times, "x": days})
        settings = Model(source={"push": True}, columns={"timestamp": "at"}, window="1d")
        reference = profiled_reference(table.slice(0, 80 * 24), Watch("m", settings, Nothing()))[""]
        for first in range(80, 137, 3):
            current = profile_table(table.slice(first * 24, 72), reference.layout)
            (found,) = [one for one in smooth.compare(reference, current) if one.column == "x"]
            breached, tested = breached + (found.p_value is not None and found.p_value <= 0.01), tested + 1
    assert tested == 380
    assert breached <= 12
