"""The number of an order, through the whole loop: what is told of it says that it should not be watched."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import CONFIG, Scene, made

BELONGS = "To do: put order into `columns.ignore`: it grows with time"


def ordered(first: int, days: int) -> pa.Table:
    rows = made(first, days)
    numbers = 10**6 + 200 * first + np.arange(rows.num_rows)
    return rows.append_column("order", pa.array(numbers))


@pytest.mark.parametrize("learned", [False, True], ids=["beside a reference", "learned from the first windows"])
def test_what_is_told_of_a_number_that_grows_says_where_it_belongs(tmp_path: Path, *, learned: bool) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(ordered(-40, 30), tmp_path / "reference.parquet")
    config = CONFIG.replace("    reference: {files: reference.parquet}\n", "") if learned else CONFIG
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    scene = Scene(tmp_path, monitor)
    scene.monitor = Monitor(monitor.database, monitor.watches, {"team": scene})
    scene.log(0, ordered(0, 40))
    scene.once(39)
    monitor.database.close()
    about = [one for one in scene.notices if any("order" in line for line in one.lines) and one.transition == "fired"]
    assert about
    assert all(one.lines[-1].startswith(BELONGS) for one in about)
    assert not any("broken data" in line for one in scene.notices for line in one.lines)
