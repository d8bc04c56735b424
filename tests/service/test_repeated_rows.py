"""A feed that runs twice under new ids is told, through the whole loop."""

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.alerts.causes import BROKEN_BY
from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened
from tests.service.scene import CONFIG, DAY, START, made

WITH_CLIENTS = CONFIG.replace("id: id}", "id: id, client: who}")


def of_clients(table: pa.Table) -> pa.Table:
    return table.append_column("who", pa.array([f"client-{n % 23}" for n in range(table.num_rows)]))


@pytest.mark.parametrize("twice", [0.3, 0.0])
def test_rows_that_come_twice_under_new_ids_are_told_with_their_share(tmp_path: Path, twice: float) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(of_clients(made(-40, 40)), tmp_path / "reference.parquet")
    rows = of_clients(made(0, 16))
    pq.write_table(rows, tmp_path / "logs" / "a.parquet")
    late = np.flatnonzero(np.arange(rows.num_rows) >= 12 * 200)
    again = np.random.default_rng(1).permutation(late)[: round(twice * late.size)]
    copies = rows.take(pa.array(np.sort(again)))
    copies = copies.set_column(1, "id", pa.array([f"copy-{n}" for n in range(copies.num_rows)]))
    pq.write_table(copies, tmp_path / "logs" / "b.parquet")
    monitor = opened(load(WITH_CLIENTS, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + 16 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [row for row in alert_rows(connection, model="fares") if row["detector"] == "repeated_share"]
    monitor.database.close()
    assert [(one["kind"], one["state"], one["origin"]) for one in found] == (
        [("quality", "firing", "data_quality")] if twice else []
    )
    assert all("share of rows that exactly repeat an earlier one rose to 2" in one["text"] for one in found)


def test_the_client_is_named_that_sends_its_rows_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(of_clients(made(-40, 40)), tmp_path / "reference.parquet")
    rows = of_clients(made(0, 16))
    pq.write_table(rows, tmp_path / "logs" / "a.parquet")
    late = np.flatnonzero((np.arange(rows.num_rows) >= 12 * 200) & (np.arange(rows.num_rows) % 23 == 5))
    copies = rows.take(pa.array(np.sort(np.tile(late, 8))))
    copies = copies.set_column(1, "id", pa.array([f"copy-{n}" for n in range(copies.num_rows)]))
    pq.write_table(copies, tmp_path / "logs" / "b.parquet")
    monitor = opened(load(WITH_CLIENTS, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + 16 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        (found,) = [row for row in alert_rows(connection, model="fares") if row["detector"] == "repeated_share"]
    monitor.database.close()
    (sender,) = found["evidence"][BROKEN_BY]
    assert (sender["client"], sender["share"]) == ("client-5", 1.0)
