"""Groups of which a window holds too few rows are compared every so many windows, over the rows of all of these."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.commands.doctor import rare_signs
from monitor.config import load
from monitor.pipeline import once
from monitor.steps.gathering import MOST, Gathering
from monitor.steps.small_groups import small_groups
from monitor.store.references import read_reference
from monitor.store.schema import alert, measurement
from monitor.types import Window
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, START, times

A_DAY, PARITY = 200, "demographic_parity_difference"
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, prediction: granted, sensitive: [region]}
    window: 1d
"""


def rows(seed: int, first: int, days: int, *, granted: float = 0.4) -> pa.Table:
    """Give days of 190 decisions for two regions and ten for a third, to which `granted` of them are granted."""
    rng = np.random.default_rng(seed)
    number = np.arange(days * A_DAY)
    region = np.where(number % 20 == 0, "islands", np.where(number % 2 == 0, "north", "south"))
    share = np.where(region == "islands", granted, 0.4)
    columns = {"region": region, "income": rng.normal(size=number.size), "granted": rng.random(number.size) < share}
    return pa.table({"at": times(first, days, a_day=A_DAY), **columns})


def monitored(folder: Path, *, granted: float) -> Monitor:
    """Watch 24 days, of which the last 16 may be other."""
    (folder / "logs").mkdir()
    pq.write_table(rows(1, -60, 60), folder / "reference.parquet")
    pq.write_table(rows(2, 0, 8), folder / "logs" / "usual.parquet")
    pq.write_table(rows(3, 8, 16, granted=granted), folder / "logs" / "other.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + timedelta(days=24, minutes=30), rng=Random(1))
    return monitor


def read(monitor: Monitor, of: Any, **where: str) -> list[dict[str, Any]]:  # noqa: ANN401  # a table
    with monitor.database.read() as connection:
        chosen = [of.c[name] == value for name, value in where.items()]
        return [dict(row) for row in connection.execute(select(of).where(*chosen)).mappings()]


@pytest.mark.parametrize("granted", [0.4, 0.0])
def test_a_small_group_that_is_refused_everything_is_told_with_its_counts(tmp_path: Path, granted: float) -> None:
    monitor = monitored(tmp_path, granted=granted)
    stand = read(monitor, alert, state="firing")
    found = read(monitor, measurement, detector=PARITY, segment="region=islands")
    monitor.database.close()
    judged = [one for one in found if one["outcome"] != "insufficient"]
    assert [(one["window_start"] - START) / DAY for one in judged] == [4, 9, 14, 19]
    assert len(found) == 24
    told = [one for one in stand if one["kind"] == "bias.stereotyping"]
    assert [(one["column"], one["segment"]) for one in told] == ([] if granted else [("region", "region=islands")])
    assert all("0 % of islands (0 of 50 decisions" in one["text"] for one in told)


def test_groups_of_two_columns_together_are_told_where_each_column_stays_level(tmp_path: Path) -> None:
    def by_sex(table: pa.Table, seed: int, gap: float) -> pa.Table:
        rng = np.random.default_rng(seed)
        women, north = rng.random(len(table)) < 0.5, np.array(table["region"].to_pylist()) == "north"
        share = 0.4 + gap * np.where(women == north, 1.0, -1.0)
        said = table.drop_columns(["granted"]).append_column("granted", pa.array(rng.random(len(table)) < share))
        return said.append_column("sex", pa.array(np.where(women, "f", "m")))

    (tmp_path / "logs").mkdir()
    pq.write_table(by_sex(rows(1, -60, 60), 11, 0.0), tmp_path / "reference.parquet")
    pq.write_table(by_sex(rows(2, 0, 4), 12, 0.3), tmp_path / "logs" / "crossed.parquet")
    text = CONFIG.replace("[region]", "[region, sex], intersections: [[sex, region]]")
    monitor = opened(load(text, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + 4 * DAY, rng=Random(1))
    told = [one for one in read(monitor, alert, state="firing") if one["kind"] == "bias.stereotyping"]
    monitor.database.close()
    assert {one["column"] for one in told} == {"sex & region"}
    assert any(" of f & north (" in one["text"] for one in told)


def test_only_groups_that_a_window_cannot_tell_of_wait_for_others(tmp_path: Path) -> None:
    monitor = monitored(tmp_path, granted=0.4)
    with monitor.database.read() as connection:
        known = read_reference(connection, "loans")
    monitor.database.close()
    assert known is not None

    def small(a_day: int, days: int) -> list[tuple[str, int | None]]:
        windows = [Window(START + day * DAY, START + (day + 1) * DAY) for day in range(days)]
        return [
            (one.group, one.windows) for one in small_groups(known[1], Gathering(windows, [a_day] * days, ends=False))
        ]

    assert small(A_DAY, 4) == [("islands", None)]
    assert small(A_DAY, 5) == [("islands", 5)]
    assert not small(20 * A_DAY, 5)
    assert {windows for _, windows in small(10, MOST)} == {None, MOST}


def test_groups_that_the_reference_hardly_holds_are_named(tmp_path: Path) -> None:
    reference = rows(1, -6, 6)
    regions = reference["region"].to_pylist()
    rare = pa.array(["isle"] * 12 + regions[12:])
    (tmp_path / "logs").mkdir()
    pq.write_table(reference.set_column(1, "region", rare), tmp_path / "reference.parquet")
    pq.write_table(rows(2, 0, 1), tmp_path / "logs" / "usual.parquet")
    config = load(CONFIG, place="monitor.yaml", environ={}, read=str)
    monitor = opened(config, root=tmp_path)
    once(monitor, clock=lambda: START + DAY, rng=Random(1))
    with monitor.database.read() as connection:
        known = read_reference(connection, "loans")
    monitor.database.close()
    assert known is not None
    said = [sign.said for sign in rare_signs("loans", known[1])]
    assert "the demographic parity difference of isle (12) is not watched: 30 rows are needed in the reference" in said
