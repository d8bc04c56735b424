"""Vectors of another length or of zeros, and texts in another encoding: a message says what they are."""

from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened
from tests.service.scene import START, times

A_DAY = 100
CONFIG = """
database: sqlite:///monitor.db
models:
  tickets:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, kinds: {place: vector}}
    window: 1d
"""


def rows(seed: int, first: int, days: int, *, shorter: int = 0) -> pa.Table:
    """Give days of vectors of eight numbers; one row in `shorter` has but five of them."""
    rng, size = np.random.default_rng(seed), days * A_DAY
    drawn = rng.normal(size=(size, 8)).tolist()
    place = [one[:5] if shorter and n % shorter == 0 else one for n, one in enumerate(drawn)]
    return pa.table({"at": times(first, days, a_day=A_DAY), "place": place, "x": rng.normal(size=size)})


@pytest.mark.parametrize("shorter", [1, 10])
def test_the_length_that_came_instead_is_named(tmp_path: Path, shorter: int) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(rows(1, -30, 30), tmp_path / "reference.parquet")
    pq.write_table(rows(2, 0, 3, shorter=shorter), tmp_path / "logs" / "a.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + timedelta(days=3, minutes=30), rng=Random(1))
    with monitor.database.read() as connection:
        (told,) = [row for row in alert_rows(connection) if row["detector"] == "invalid_share"]
    monitor.database.close()
    assert ", most often lists of 5 numbers, in the reference of 8, " in told["text"]
    assert (told["evidence"]["length"], told["evidence"]["usual_length"]) == (5, 8)


@pytest.mark.parametrize("column", ["place", "note"])
def test_zeros_and_texts_in_another_encoding_are_said_to_be_that(tmp_path: Path, column: str) -> None:
    (tmp_path / "logs").mkdir()
    words = [f"{a}{b}" for a in ("naïve", "café", "día", "über") for b in ("s", "n", "")]
    drawn = np.random.default_rng(3)

    def with_notes(table: pa.Table) -> pa.Table:
        notes = [" ".join(drawn.choice(words, 12)) for _ in range(table.num_rows)]
        return table.append_column("note", pa.array(notes))

    pq.write_table(with_notes(rows(1, -30, 30)), tmp_path / "reference.parquet")
    log = with_notes(rows(2, 0, 3))
    values = log[column].to_pylist()
    broken = [0.0] * 8 if column == "place" else values[0].encode().decode("cp1252")
    values[::10] = [broken] * len(values[::10])
    log = log.set_column(log.column_names.index(column), column, pa.array(values, log[column].type))
    pq.write_table(log, tmp_path / "logs" / "a.parquet")
    config = CONFIG.replace("place: vector", "place: vector, note: text")
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    once(monitor, clock=lambda: START + timedelta(days=3, minutes=30), rng=Random(1))
    with monitor.database.read() as connection:
        told = [row for row in alert_rows(connection) if row["state"] == "firing" and row["evidence"].get("told")]
    monitor.database.close()
    assert [(row["detector"], row["column"]) for row in told] == [("invalid_share", column)]
    said = {"place": "vectors of zeros alone", "note": "read in another encoding than they were written in"}
    assert said[column] in told[0]["text"]
