"""A window without some clients' rows is as if they had never come, labels included."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.profiles.profile import Profile
from monitor.steps.due import Due, Revisions
from monitor.steps.history import History
from monitor.steps.profiled import without_clients
from monitor.steps.reference import kept_reference
from monitor.steps.sample import Sample, sample_of
from monitor.types import Window
from monitor.watch import Monitor
from monitor.wiring import opened

START, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs.parquet"}
    labels: {files: "labels.parquet", max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: who, version: v, scores: score, label: y, segments: [country]}
    window: 1d
"""


def rows(seed: int, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "at": np.array([START + timedelta(seconds=60 * i) for i in range(count)]),
        "id": np.array([f"{seed}-{i}" for i in range(count)]),
        "who": rng.choice(["ann", "bob", "eve"], count),
        "v": rng.choice(["1", "2"], count),
        "country": rng.choice(["at", "be"], count),
        "x": rng.normal(size=count),
        "score": rng.uniform(size=count),
        "y": rng.integers(0, 2, count),
    }


def opened_with(folder: Path, log: dict[str, np.ndarray]) -> Monitor:
    folder.mkdir()
    pq.write_table(pa.table(rows(1, 600)), folder / "reference.parquet")
    held = pa.table(log)
    pq.write_table(held.drop_columns(["y"]), folder / "logs.parquet")
    labels = held.select(["id", "y"]).slice(0, held.num_rows // 2)
    pq.write_table(labels.append_column("at", held["at"].slice(0, labels.num_rows)), folder / "labels.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 9 * DAY, rng=Random(1))
    return monitor


def sample(monitor: Monitor, *, without: tuple[str, ...] = ()) -> Sample:
    (watch,) = monitor.watches
    references = kept_reference(monitor.database, watch)
    assert references
    layout, due = references[""].layout, Due(Window(START, START + DAY), 1, None)
    with monitor.database.read() as connection:
        found = sample_of(connection, "m", due, history=History(), changes=Revisions({}), layout=layout)
        return without_clients(connection, watch, found, without, layout)


def same(one: Profile, other: Profile) -> bool:
    plain = (one.rows, one.counts.tolist(), one.low.tolist(), one.high.tolist(), one.unseen)
    return plain == (other.rows, other.counts.tolist(), other.low.tolist(), other.high.tolist(), other.unseen)


@pytest.mark.parametrize("left_out", [("eve",), ("eve", "bob", "nobody")])
def test_a_sample_without_clients_is_as_if_they_had_never_come(tmp_path: Path, left_out: tuple[str, ...]) -> None:
    log = rows(2, 900)
    kept = ~np.isin(log["who"], left_out)
    labelled = np.arange(900) < 450
    order = np.argsort(~labelled[kept], kind="stable")
    others = {name: values[kept][order] for name, values in log.items()}
    whole = opened_with(tmp_path / "whole", log)
    found = sample(whole, without=left_out)
    alone = opened_with(tmp_path / "alone", others)
    expected = sample(alone)
    assert found.profiles.keys() == expected.profiles.keys()
    features = [name for name in found.profiles if not name.startswith("sensitive")]
    assert features
    assert (found.whole.rows, found.aside) == (kept.sum(), 900 - kept.sum())
    assert found.whole.outcome
    assert found.whole.outcome.n == int((kept & labelled).sum())
    for name in features:
        one, other = found.profiles[name].columns["x"], expected.profiles[name].columns["x"]
        assert one.counts.tolist() == other.counts.tolist()
    whole.database.close()
    alone.database.close()


def test_a_sample_is_left_as_it_is_where_nothing_would_be_left(tmp_path: Path) -> None:
    monitor = opened_with(tmp_path / "whole", rows(2, 900))
    everything = sample(monitor)
    assert same(sample(monitor, without=("ann", "bob", "eve")).whole, everything.whole)
    assert same(sample(monitor, without=("nobody",)).whole, everything.whole)
    assert sample(monitor, without=("nobody",)).aside == 0
    monitor.database.close()
