"""A column that never varied and does for some days is told of, and once it does not any more the alert ends."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select

from monitor.store.schema import alert
from tests.service.scene import Scene, begun, made


def varied(first: int, days: int, *, values: pa.Array) -> pa.Table:
    return made(first, days).append_column("constant", values)


@pytest.mark.parametrize("kind", ["number", "category"])
def test_an_alert_of_a_column_that_never_varied_ends(tmp_path: Path, kind: str) -> None:
    usual, other = (0.0, 0.5) if kind == "number" else ("euro", "dollar")
    scene: Scene = begun(tmp_path, constant=usual)
    for day in range(12):
        odd = np.arange(200) % 5 == 0
        values = np.where(odd, other, usual) if 4 <= day < 7 else np.full(200, usual)
        scene.log(day, varied(day, 1, values=pa.array(values)))
        scene.once(day)
    with scene.monitor.database.read() as connection:
        stand = connection.execute(select(alert.c.detector, alert.c.column, alert.c.state)).all()
    scene.monitor.database.close()
    told = [one for one in stand if one.column == "constant" and one.state not in ("ok", "pending")]
    assert told
    assert {one.state for one in told} == {"resolved"}
