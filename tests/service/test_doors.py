"""What comes in at the doors and once stopped a model for ever, or was counted where it did not belong."""

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from monitor.config import load
from monitor.names import short_name
from monitor.pipeline import Pass, once
from monitor.sources.push import admitted_records, parse
from monitor.steps.reference import learned_rows
from monitor.store.alerts import alert_rows
from monitor.store.profiles import count_profiled
from monitor.store.schema import quarantine
from monitor.types import Progress, Roles, Window
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.attackers import ATTACKER, home
from tests.service.attackers import START as LOANS
from tests.service.scene import DAY, START, made

CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, version: version, segments: [place]}
    window: 1d
"""
QUARTERLY = CONFIG.replace("window: 1d", "window: 6h")
LEARNING = CONFIG.replace("    reference: {files: reference.parquet}\n", "")


def rows(first: int, days: int, *, per_day: int = 48) -> pa.Table:
    table = made(first, days, rows=per_day)
    names = np.random.default_rng(first + 1000).choice(["a", "b"], table.num_rows)
    return table.append_column("version", pa.array(["v1"] * table.num_rows)).append_column("place", pa.array(names))


def with_values(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def begun(folder: Path, config: str = CONFIG) -> Monitor:
    (folder / "logs").mkdir(parents=True)
    pq.write_table(rows(-40, 30), folder / "reference.parquet")
    return opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)


def log(folder: Path, name: int, table: pa.Table) -> None:
    pq.write_table(table, folder / "logs" / f"{name:03}.parquet")


def passed(monitor: Monitor, day: float) -> tuple[Pass, list[Window]]:
    """Give a pass so many days after the start, and the windows that it judged."""
    judged = list[Window]()
    progress = Progress(window=lambda _, window: judged.append(window))
    done = once(monitor, clock=lambda: START + day * DAY, rng=Random(1), progress=progress)
    return done, judged


def test_rows_without_a_version_are_counted_and_judged_once(tmp_path: Path) -> None:
    monitor = begun(tmp_path)
    table = rows(0, 3)
    versions = pa.array(["", "v1", ""] * (table.num_rows // 3))
    log(tmp_path, 0, with_values(table, "version", versions))
    done, judged = passed(monitor, 3.1)
    assert (done.problems, len(judged)) == ({}, 3)
    with monitor.database.read() as connection:
        assert count_profiled(connection, "fares") == table.num_rows
    assert passed(monitor, 3.2) == (Pass(delivered=done.delivered), [])


@pytest.mark.parametrize("name", ["id", "version", "place"])
@pytest.mark.parametrize("values", [pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([b"\xff"])], ids=str)
def test_a_row_whose_name_changed_its_type_is_kept_apart_and_the_others_are_judged(
    tmp_path: Path, name: str, values: pa.Array
) -> None:
    monitor = begun(tmp_path)
    log(tmp_path, 0, rows(0, 1))
    log(tmp_path, 1, with_values(rows(1, 1).slice(0, 1), name, values))
    log(tmp_path, 2, rows(2, 1))
    done, judged = passed(monitor, 3.1)
    assert (done.problems, len(judged)) == ({}, 3)
    with monitor.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(quarantine)) == 1


def test_one_account_with_a_long_or_odd_name_neither_stops_a_source_nor_hides_its_rows(tmp_path: Path) -> None:
    monitor = begun(tmp_path)
    odd = ["x" * 5_000, "\0" * 20, "\u202ea"] * 4
    table = rows(0, 1)
    places = pa.array([*odd, *table["place"].to_pylist()[len(odd) :]])
    log(tmp_path, 0, with_values(table, "place", places))
    done, judged = passed(monitor, 1.1)
    assert (done.problems, len(judged)) == ({}, 1)
    with monitor.database.read() as connection:
        assert count_profiled(connection, "fares") == table.num_rows
        assert connection.scalar(select(func.count()).select_from(quarantine)) == 0


def test_ids_as_arrows_newest_texts_are_taken_at_the_door() -> None:
    table = pa.table({"at": [START], "id": pa.array(["a"], pa.string_view())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    batch = admitted_records(parse(body, "application/vnd.apache.arrow.stream"), Roles("at", id="id"), now=START)
    assert (batch.rows["id"].to_pylist(), batch.rejected) == (["a"], ())


def test_one_old_time_does_not_keep_the_monitor_from_what_is_recent(tmp_path: Path) -> None:
    monitor = begun(tmp_path, QUARTERLY)
    old = pa.array([START - 50 * 365 * DAY], pa.timestamp("us", "UTC"))
    zero = pa.array([0], pa.timestamp("us", "UTC"))
    log(tmp_path, 0, with_values(rows(0, 1).slice(0, 1), "at", old))
    log(tmp_path, 1, with_values(rows(0, 1).slice(1, 1), "at", zero))
    log(tmp_path, 2, rows(1, 1))
    done, judged = passed(monitor, 2.1)
    assert (done.problems, len(judged)) == ({}, 2 + 4)
    assert judged[-1].end == START + 2 * DAY


@pytest.mark.parametrize(("most", "learned"), [(2_000, 4 * 480), (1_100, 3 * 480)])
def test_a_busy_model_learns_from_as_many_rows_as_are_read(tmp_path: Path, most: int, learned: int) -> None:
    # whole days, but where these are no thousand rows
    monitor = begun(tmp_path, LEARNING)
    (watch,) = monitor.watches
    for day in range(6):
        log(tmp_path, day, rows(day, 1, per_day=480))
        passed(monitor, day + 1.1)
    with monitor.database.read() as connection:
        assert learned_rows(connection, watch) is None
        found = learned_rows(connection, watch, most=most)
    assert found is not None
    assert found.num_rows == learned


def test_a_client_with_a_long_name_that_attacks_is_shown_with_its_rows(tmp_path: Path) -> None:
    config, token = home(tmp_path), "eyJ" + "x" * 900
    records = pq.read_table(tmp_path / "logs" / "first.parquet")
    keys = pc.if_else(pc.equal(records["key"], ATTACKER), token, records["key"])
    pq.write_table(with_values(records, "key", keys), tmp_path / "logs" / "first.parquet")
    monitor = opened(load(config.read_text(), place="monitor.yaml", environ={}, read=str), root=tmp_path)
    assert once(monitor, clock=lambda: LOANS + DAY, rng=Random(1)).problems == {}
    with monitor.database.read() as connection:
        (found,) = (row for row in alert_rows(connection, model="loans") if row["fired_at"])
    assert found["segment"] == f"client={short_name(token)}"
    assert found["evidence"]["client_profile"]["rows"] == 120
    assert sum(part["rows"] for part in found["evidence"]["timeline"]) == 120


def test_a_stopped_source_says_which_columns_changed_since_the_reference(tmp_path: Path) -> None:
    monitor = begun(tmp_path)
    log(tmp_path, 0, rows(0, 2))
    assert passed(monitor, 2.1)[0].problems == {}
    changed = rows(2, 1).rename_columns({"at": "time", "speed": "pace"})
    ages = changed["age"].cast(pa.string())
    log(tmp_path, 1, with_values(changed, "age", ages).append_column("extra", pa.array([1] * len(ages))))
    (problem,) = passed(monitor, 3.1)[0].problems.values()
    told = problem.partition("changed: ")[2].partition(";")[0]
    assert told == (
        "'at' is gone, 'speed' is gone, 'time' is new, 'age' was number, is text, 'pace' is new, 'extra' is new"
    )
