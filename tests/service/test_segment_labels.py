"""Clients as segments: what one of them alone sends is told of it, and so is that its labels have stopped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.steps.segment_labels import lacking
from monitor.store.alerts import alert_rows
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import Told

START, DAY, DELAY, A_DAY = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1), 3, 240
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    labels: {files: "labels/*", max_delay: 3d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: site, prediction: said, label: y, segments: [site]}
    window: 1d
    attacks: off
"""


def days(first: int, count: int, *, moved: bool = False) -> pa.Table:
    """Draw days of six sites named by numbers; with `moved` the second one's ages lie 1.5 deviations higher."""
    rng, n = np.random.default_rng(first + 90), count * A_DAY
    day = first + np.arange(n) // A_DAY
    site = rng.choice([11, 12, 13, 14, 15, 16], n)
    age = rng.normal(50, 10, n) + 15 * moved * (site == 12)
    said = np.where(rng.random(n) < 0.3, "yes", "no")
    y = np.where(rng.random(n) < 0.1, "yes", said)
    at = [START + int(d) * DAY + timedelta(seconds=300 * (i % A_DAY)) for i, d in enumerate(day.tolist())]
    ids = [f"{d}-{i}" for i, d in enumerate(day.tolist())]
    return pa.table({"at": pa.array(at), "id": ids, "site": site, "age": age, "said": said, "y": y})


def begun(folder: Path) -> tuple[Monitor, Told]:
    for name in ("logs", "labels"):
        (folder / name).mkdir()
    pq.write_table(days(-40, 40), folder / "reference.parquet")
    monitor, told = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder), Told()
    return Monitor(monitor.database, monitor.watches, {"team": told}), told


def passed(monitor: Monitor, folder: Path, rows: pa.Table, labelled: pa.Table, *, day: int) -> None:
    pq.write_table(rows.drop_columns(["y"]), folder / "logs" / f"{day:03}.parquet")
    pq.write_table(labelled.select(["id", "y"]), folder / "labels" / f"{day:03}.parquet")
    once(monitor, clock=lambda: START + (day + 1) * DAY + timedelta(minutes=30), rng=Random(1))


def test_what_one_client_alone_sends_is_told_of_its_segment(tmp_path: Path) -> None:
    monitor, _ = begun(tmp_path)
    first, then = days(0, 5), days(5, 3, moved=True)
    passed(monitor, tmp_path, first, first, day=4)
    passed(monitor, tmp_path, then, then, day=7)
    with monitor.database.read() as connection:
        fired = {(row["segment"], row["column"]) for row in alert_rows(connection) if row["fired_at"]}
    monitor.database.close()
    assert ("site=12", "age") in fired
    assert {segment for segment, _ in fired} <= {"", "site=12", "client=12"}
    # who sends how much is no drift of a feature
    assert "site" not in {column for _, column in fired}


def test_that_a_segments_labels_have_stopped_is_told_with_its_name_until_they_come_again(tmp_path: Path) -> None:
    monitor, told = begun(tmp_path)
    for week, stopped in enumerate((False, False, True, True, False, False)):
        rows = days(7 * week, 7)
        kept = rows.filter(pa.array(np.asarray(rows["site"]) != 13)) if stopped else rows
        passed(monitor, tmp_path, rows, kept, day=7 * week + 6)
    monitor.database.close()
    about = [one for one in told if "segment labels" in one.title]
    assert [one.transition for one in about] == ["fired", "resolved"]
    assert "of the rows of 2024-03-18 hardly any have a label after 3 days (0 of" in about[0].lines[0]
    assert "of site=13, 100% before); those of others do" in about[0].lines[0]
    assert "labels come of all segments again" in about[1].lines[0]


@pytest.mark.parametrize(
    ("own", "others", "found"),
    [((2, 100), (95, 100), True), ((60, 100), (95, 100), False), ((2, 100), (3, 100), False), ((0, 9), (9, 9), False)],
    ids=["stopped", "some are missing", "all are missing", "too few rows"],
)
def test_a_segment_lacks_labels_that_others_have(own: tuple[int, int], others: tuple[int, int], *, found: bool) -> None:
    def counts(own: tuple[int, int], others: tuple[int, int]) -> dict[str, tuple[int, int]]:
        return {"": (own[0] + others[0], own[1] + others[1]), "site=1": own, "version=2": (0, 50)}

    then = [[counts((95, 100), (95, 100))] * 4]
    assert [one.segment for one in lacking(counts(own, others), then)] == ["site=1"] * found
    # rows that come beside the usual ones, and get none, take no label away
    assert not list(lacking(counts((95, 500), others), then))
    # after weeks without labels the share that it had before is known from the alert
    weeks = [[counts((0, 100), (95, 100))] * 4]
    missing = found or sum(own) < 20 or others == (3, 100)
    assert [one.segment for one in lacking(counts(own, others), weeks, {"site=1": 0.95})] == ["site=1"] * missing
    assert not list(lacking(counts(own, others), weeks))


def test_labels_that_stop_by_and_by_are_laid_beside_the_month_before_the_last() -> None:
    def week(labelled: int) -> dict[str, tuple[int, int]]:
        return {"": (labelled + 95, 200), "site=1": (labelled, 100)}

    now, lately, before = week(40), [week(80)] * 2 + [week(60)] * 2, [week(95)] * 4
    assert [one.usual for one in lacking(now, [lately, before])] == [0.95]
    assert not list(lacking(now, [lately]))


def test_a_day_of_few_rows_or_none_is_no_all_clear() -> None:
    then = [[{"": (190, 200), "site=1": (95, 100)}] * 4]
    known = {"site=1": 0.95}
    for now in ({}, {"": (8, 8)}, {"": (12, 12), "site=1": (4, 4)}, {"": (0, 200), "site=1": (0, 100)}):
        assert [one.segment for one in lacking(now, then, known)] == ["site=1"], now
    assert not list(lacking({"": (190, 200), "site=1": (95, 100)}, then, known))
    # a segment that sends nothing any more has no labels to lack
    assert not list(lacking({"": (95, 100)}, [[{"": (95, 100)}] * 4], known))
