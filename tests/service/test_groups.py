"""From a configuration with sensitive columns to what is said of their groups."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.commands.doctor import groups_signs as standing_signs
from monitor.config import load
from monitor.pipeline import once
from monitor.render import html
from monitor.render.groups import group_rates
from monitor.render.model_view import model_page
from monitor.steps.groups import standing_gaps
from monitor.store.references import read_reference
from monitor.store.schema import alert, measurement
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 3, 1, tzinfo=UTC)
DAYS, A_DAY, CHANGE = 10, 600, 6
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {{files: "logs/*"}}
    {labels}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, prediction: granted, scores: p, label: repaid, {more}}}
    window: 1d
"""
GROUPS = "sensitive: [sex, age], segments: [branch]"


def made(seed: int, days: int, start: datetime = START) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    size = days * A_DAY
    p = rng.beta(2, 2, size)
    day = np.repeat(np.arange(days), A_DAY)
    seconds = day * 86_400 + rng.integers(0, 86_000, size)
    at = [start + timedelta(seconds=int(second)) for second in seconds]
    return {
        "at": at,
        "id": [f"{seed}-{number}" for number in range(size)],
        "day": day,
        "sex": rng.choice([1, 2], size),
        "age": rng.integers(18, 90, size),
        "branch": rng.choice(["north", "south"], size),
        "income": rng.normal(size=size),
        "p": p,
        "granted": (p > 0.5).astype(int),
        "repaid": (rng.random(size) < p).astype(float),
    }


def table(columns: dict[str, Any]) -> pa.Table:
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items() if name != "day"})


class Seen:
    """What a pass left in the store."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor

    def rows(self, of: Any, **where: str) -> list[dict[str, Any]]:  # noqa: ANN401  # a table
        with self.monitor.database.read() as connection:
            chosen = [of.c[name] == value for name, value in where.items()]
            return [dict(row) for row in connection.execute(select(of).where(*chosen)).mappings()]

    def alerts(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["detector"], row["column"]): row for row in self.rows(alert, state="firing")}

    def told_of_groups(self) -> set[str]:
        return {row["detector"] for row in self.rows(alert, state="firing") if row["kind"].startswith("bias.")}


PassOver = Callable[..., Seen]


@pytest.fixture
def pass_over(tmp_path: Path) -> Iterator[PassOver]:
    opened_ones: list[Monitor] = []

    def run(
        log: dict[str, Any],
        *,
        more: str = GROUPS,
        late: bool = False,
        reference: dict[str, Any] | None = None,
        times: bool = True,
    ) -> Seen:
        (tmp_path / "logs").mkdir()
        first = table(reference or made(1, 12, START - timedelta(days=40)))
        pq.write_table(first if times else first.drop_columns(["at"]), tmp_path / "reference.parquet")
        rows = table(log)
        labels = ""
        if late:
            (tmp_path / "labels").mkdir()
            pq.write_table(
                rows.select(["id", "repaid"]).filter(rows["repaid"].is_valid()), tmp_path / "labels/a.parquet"
            )
            rows, labels = rows.drop_columns(["repaid"]), 'labels: {files: "labels/*", max_delay: 1d}'
        pq.write_table(rows, tmp_path / "logs/a.parquet")
        config = load(CONFIG.format(labels=labels, more=more), place="monitor.yaml", environ={}, read=str)
        monitor = opened(config, root=tmp_path)
        opened_ones.append(monitor)
        done = once(monitor, clock=lambda: START + timedelta(days=DAYS + 5), rng=Random(1))
        assert not done.problems
        return Seen(monitor)

    yield run
    for monitor in opened_ones:
        monitor.database.close()


def test_a_stable_log_raises_no_alert_about_groups(pass_over: PassOver) -> None:
    seen = pass_over(made(2, DAYS))
    assert not seen.told_of_groups()
    gaps = seen.rows(measurement, detector="demographic_parity_difference", column="sex")
    assert len(gaps) >= DAYS - 1
    assert all(row["low"] <= row["value"] <= row["high"] for row in gaps)
    assert sum(row["outcome"] == "breach" for row in gaps) <= 1


def test_a_group_that_is_refused_is_named_with_its_counts(pass_over: PassOver) -> None:
    log = made(3, DAYS)
    log["granted"][(log["day"] >= CHANGE) & (log["sex"] == 2) & (log["p"] < 0.7)] = 0
    found = pass_over(log).alerts()["demographic_parity_difference", "sex"]
    groups = {group["value"]: group for group in found["evidence"]["groups"]}
    day = (log["day"] == (found["window_start"] - START).days) & (log["sex"] == 2)
    assert (groups["2"]["rows"], groups["2"]["positives"]) == (day.sum(), log["granted"][day].sum())
    assert f"{groups['2']['positives']:,} of {groups['2']['rows']:,} decisions" in found["text"]
    assert found["evidence"]["pair"] == ["1", "2"]
    json.dumps(found["evidence"])


def test_late_labels_reach_the_groups(pass_over: PassOver) -> None:
    log = made(4, DAYS)
    wrong = (log["day"] >= CHANGE) & (log["age"] >= 75)
    log["repaid"][wrong] = 1 - log["granted"][wrong]
    seen = pass_over(log, late=True)
    assert ("equalized_odds_difference", "age") in seen.alerts()
    last = {r["segment"]: r for r in seen.rows(measurement, detector="true_positive_rate", column="age")}
    assert len(last) == 4
    assert any(name.startswith("sensitive:age=under ") for name in last)
    oldest = next(row for name, row in last.items() if name.endswith(" or more"))
    assert oldest["n"] > 0


def test_labels_that_stay_away_for_one_group_and_one_segment_are_told(pass_over: PassOver) -> None:
    log = made(5, DAYS)
    rng = np.random.default_rng(5)
    late = log["day"] >= CHANGE
    log["repaid"][late & (log["sex"] == 1) & (rng.random(late.size) < 0.3)] = np.nan
    log["repaid"][late & (log["branch"] == "south") & (rng.random(late.size) < 0.3)] = np.nan
    found = pass_over(log).alerts()
    assert found["label_coverage_difference", "sex"]["evidence"]["pair"] == ["2", "1"]
    assert found["label_coverage_difference", "branch"]["evidence"]["pair"] == ["north", "south"]
    assert "label coverage" in found["label_coverage_difference", "branch"]["text"]


def test_traffic_that_is_not_made_up_as_stated_is_told(pass_over: PassOver) -> None:
    log = made(6, DAYS)
    seen = pass_over(log, more=GROUPS + ", population: {sex: {1: 0.7, 2: 0.3}, branch: {north: 0.5, south: 0.5}}")
    found = seen.alerts()
    assert "stated 70 %" in found["representation_distance", "sex"]["text"]
    assert ("representation_distance", "branch") not in found


def test_without_stated_shares_nothing_is_measured_of_sampling(pass_over: PassOver) -> None:
    assert not pass_over(made(7, DAYS)).rows(measurement, kind="bias.sampling")


def test_a_reference_without_times_has_its_groups_too(pass_over: PassOver) -> None:
    log = made(8, DAYS)
    log["granted"][(log["day"] >= CHANGE) & (log["sex"] == 2) & (log["p"] < 0.7)] = 0
    assert ("demographic_parity_difference", "sex") in pass_over(log, times=False).alerts()


def test_a_gap_that_stood_in_the_reference_is_shown_and_raises_no_alert(pass_over: PassOver) -> None:
    first, log = made(9, 12, START - timedelta(days=40)), made(10, DAYS)
    for columns in (first, log):
        columns["granted"][(columns["sex"] == 2) & (columns["p"] < 0.7)] = 0
    seen = pass_over(log, reference=first)
    assert not seen.told_of_groups()
    gaps = seen.rows(measurement, detector="demographic_parity_difference", column="sex")
    assert all(row["value"] > 0.2 and row["reference"] > 0.2 for row in gaps)
    with seen.monitor.database.read() as connection:
        known = read_reference(connection, "loans")
    assert known is not None
    signs = {sign.about: sign for sign in standing_signs("loans", list(standing_gaps(known[1])))}
    sign = signs["loans: groups by sex"]
    assert (sign.note, sign.wrong) == (True, False)
    assert " of 1 (" in sign.said
    assert " of 2 (" in sign.said


def test_the_drift_of_a_sensitive_column_is_shown_and_its_quality_alerts(pass_over: PassOver) -> None:
    log = made(11, DAYS)
    log["age"] = np.where(log["day"] >= CHANGE, np.minimum(log["age"], 40), log["age"]).astype(float)
    log["sex"] = np.where((log["day"] >= CHANGE) & (log["age"] > 30), np.nan, log["sex"])
    seen = pass_over(log)
    assert not [row for row in seen.rows(alert, kind="drift.data", column="age") if row["state"] == "firing"]
    assert seen.rows(measurement, detector="psi", column="age", segment="")
    assert ("missing_share", "sex") in seen.alerts()


def test_the_page_shows_each_group_with_its_interval(pass_over: PassOver) -> None:
    seen = pass_over(made(13, DAYS))
    with seen.monitor.database.read() as connection:
        page = model_page(connection, "loans")
    assert "sex: demographic parity difference" in [gap["title"] for gap in page["groups"]["gaps"]]
    part = next(
        part for part in page["groups"]["parts"] if (part["column"], part["title"]) == ("age", "selection rate")
    )
    assert len(part["groups"]) == 4
    assert b"<h2>Groups</h2>" in (html.model_page(seen.monitor.database, "loans", now=START) or b"")
    drawn = str(group_rates(part))
    assert "under " in drawn
    assert drawn.count("<circle") == 4


def test_a_name_from_the_data_is_escaped_where_it_is_drawn(pass_over: PassOver) -> None:
    first, log = made(14, 12, START - timedelta(days=40)), made(15, DAYS)
    for columns in (first, log):
        columns["sex"] = np.where(columns["sex"] == 2, "<b>", "m")
    with pass_over(log, reference=first).monitor.database.read() as connection:
        page = model_page(connection, "loans")
    assert all("<b>" not in str(group_rates(part)) for part in page["groups"]["parts"])


def test_groups_are_no_segments(pass_over: PassOver) -> None:
    seen = pass_over(made(12, DAYS))
    kinds = {row["kind"] for row in seen.rows(measurement) if row["segment"].startswith("sensitive:")}
    assert kinds == {"bias.stereotyping", "bias.selection"}
