"""A fault of one day in the data is told that day where chance cannot have made it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.service.scene import Scene, begun, made

QUIET = 12


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    one = begun(tmp_path / "one")
    one.log(0, made(0, QUIET))
    assert one.once(QUIET - 1) == []
    yield one
    one.monitor.database.close()


def renamed(rows: pa.Table) -> pa.Table:
    return rows.set_column(1, "id", pa.array([f"again-{one}" for one in rows["id"].to_pylist()]))


def garbled(rows: pa.Table) -> pa.Table:
    """Give rows of which three in ten hold words where a number is usual."""
    values = ["n/a - see note" if n % 10 < 3 else str(one) for n, one in enumerate(rows["speed"].to_pylist())]
    return rows.set_column(rows.column_names.index("speed"), "speed", pa.array(values))


ONE_DAY = made(QUIET, 1)


@pytest.mark.parametrize(
    ("rows", "column", "detector"),
    [
        (garbled(ONE_DAY), "speed", "invalid_share"),
        (pa.concat_tables([ONE_DAY, renamed(ONE_DAY)]), "", "volume"),
        (made(QUIET, 1, broken=0.3), "age", "missing_share"),
    ],
)
def test_a_day_that_cannot_be_chance_is_told_that_day(scene: Scene, rows: pa.Table, column: str, detector: str) -> None:
    scene.log(QUIET, rows)
    assert ("quality", "fired") in scene.once(QUIET)
    told = next(notice for notice in scene.notices if notice.kind == "quality")
    assert (column, detector) in {(alert["column"], alert["detector"]) for alert in told.alerts}


def test_a_day_without_a_row_is_told_when_it_is_over(scene: Scene) -> None:
    assert scene.once(QUIET) == [("quality", "fired")]
    (alert,) = scene.notices[-1].alerts
    assert (alert["detector"], alert["value"]) == ("volume", 0.0)


def test_a_day_that_may_be_chance_waits_for_another(scene: Scene) -> None:
    # two rows of 200, where none of the reference's 6,000 lacks a value: p is about 1e-3
    scene.log(QUIET, made(QUIET, 1, missing=2))
    assert ("quality", "fired") not in scene.once(QUIET)
    scene.log(QUIET + 1, made(QUIET + 1, 1, missing=2))
    assert ("quality", "fired") in scene.once(QUIET + 1)
