"""One segment's labels stop, those of its worst rows first: the others' performance is known, and its own is not."""

from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select

from monitor.pipeline import once
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.lagging import without_labels_of
from monitor.store.measurements import read_judgements
from monitor.store.schema import measurement
from monitor.types import Roles
from monitor.watch import Monitor
from tests.service.scene import Told
from tests.service.test_segment_labels import DAY, START, begun, days, passed

STOPPED = 17


def labels_of(rows: pa.Table, *, late: bool = True) -> pa.Table:
    """Give labels; from day 17 on of site 13 only those that come first, which are the wrong answers'."""
    day = np.array([int(one.split("-")[0]) // 240 for one in rows["id"].to_pylist()])
    wrong = np.asarray(rows["said"]) != np.asarray(rows["y"])
    of_one = (np.asarray(rows["site"]) == 13) & late
    return rows.filter(pa.array(~of_one | wrong | (day < 0)))


def watched(folder: Path, *, weeks: int, late: bool) -> tuple[Monitor, Told]:
    monitor, told = begun(folder)
    for week in range(weeks):
        rows = days(7 * week, 7)
        passed(monitor, folder, rows, labels_of(rows, late=late and week >= 2), day=7 * week + 6)
    return monitor, told


@pytest.mark.parametrize("late", [True, False])
def test_a_segment_whose_labels_lag_makes_nothing_look_worse(tmp_path: Path, *, late: bool) -> None:
    monitor, told = watched(tmp_path, weeks=4, late=late)
    assert not [one.title for one in told if "accuracy" in one.title or "ageing" in one.title]
    m = measurement.c
    asked = select(m.window_end, m.segment, m.value).where(m.detector == "accuracy", m.segment.in_(["", "site=13"]))
    with monitor.database.read() as connection:
        rows = connection.execute(asked.order_by(m.window_end)).all()
        matured = {one.window.end for one in read_judgements(connection, "m") if one.matured}
    monitor.database.close()
    of_all = [value for end, segment, value in rows if not segment and end > START + 14 * DAY and end in matured]
    of_one = [value for end, segment, value in rows if segment and end > START + 14 * DAY and end in matured]
    assert len(of_all) > 5
    assert all(value > 0.85 for value in of_all)
    assert all(value is None for value in of_one) if late else all(value > 0.8 for value in of_one)


def test_the_others_are_judged_once_their_labels_should_be_there(tmp_path: Path) -> None:
    monitor, _ = watched(tmp_path, weeks=4, late=True)
    ends = START + 28 * DAY
    once(monitor, clock=lambda: ends + timedelta(hours=1), rng=Random(1))
    with monitor.database.read() as connection:
        matured = {one.window.end for one in read_judgements(connection, "m") if one.matured}
    monitor.database.close()
    # with a delay of three days, and patience for nine
    assert {ends - one * DAY for one in range(4, 9)} <= matured


def test_labels_are_taken_out_and_nothing_else() -> None:
    rows = days(0, 3)
    roles = Roles(timestamp="at", id="id", prediction="said", label="y", segments=("site",))
    layout = layout_of(rows, roles)
    kept = {
        13: rows.filter(pa.array(np.asarray(rows["site"]) == 13)),
        0: rows.filter(pa.array(np.asarray(rows["site"]) != 13)),
    }
    whole, of_one, others = (profile_table(one, layout) for one in (rows, kept[13], kept[0]))
    pairs = {"": (whole, whole), "site=13": (of_one, of_one), "version=2": (whole, whole)}
    found = without_labels_of(pairs, {"": whole, "site=13": of_one}, ["site=13", "site=99"])
    for side in (0, 1):
        outcome, label = found[""][side].outcome, found[""][side].columns["y"]
        assert outcome is not None
        assert others.outcome is not None
        assert outcome.n == others.outcome.n
        assert label.counts.tolist() == others.columns["y"].counts.tolist()
        assert found[""][side].columns["age"].counts.tolist() == whole.columns["age"].counts.tolist()
    for name in ("site=13", "version=2"):
        outcome = found[name][1].outcome
        assert outcome is not None
        assert (outcome.n, found[name][0].outcome is not None) == (0, True)
    assert without_labels_of(pairs, {"": whole}, ["site=99"]) is pairs
