"""A reference of few windows still shows that its rows come in clumps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.profiles.layout import Layout
from monitor.steps.reference import profiled_reference
from monitor.types import Batch, Cursor
from monitor.watch import Watch

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
DAY = 86_400_000_000


@dataclass(frozen=True)
class Nothing:
    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:  # noqa: ARG002
        yield from ()


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
