"""Decisions in other words than the labels are read as what they mean."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import ConfigErrors, load
from monitor.pipeline import once
from monitor.setup.checks import check
from monitor.setup.initial import initial
from monitor.store.measurements import read_measurements
from monitor.wiring import opened
from tests.service.scene import DAY, START, times

A_DAY = 300
CONFIG = """
database: sqlite:///monitor.db
models:
  pay:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: shop, prediction: decision, scores: {1: p}, label: label}
    window: 1d
"""
WORDS = {1: "decline", 0: "approve"}
MEANT = CONFIG.replace(
    "prediction: decision, scores: {1: p}",
    "prediction: decision, meanings: {decline: 1, approve: 0}, scores: {decline: p}",
)


def payments(seed: int, first: int, days: int, *, words: bool) -> pa.Table:
    rng, n = np.random.default_rng(seed), days * A_DAY
    p = rng.beta(1, 4, n)
    said = (p > 0.4).astype(int)
    columns: dict[str, Any] = {"at": times(first, days, a_day=A_DAY), "id": [f"{first}-{i}" for i in range(n)]}
    columns |= {"shop": rng.choice([f"s{i}" for i in range(20)], n), "amount": rng.gamma(2, 20, n), "p": p}
    columns |= {
        "decision": [WORDS[int(one)] for one in said] if words else said,
        "label": (rng.random(n) < p).astype(int),
    }
    return pa.table(columns)


def home(folder: Path, *, words: bool) -> Path:
    (folder / "logs").mkdir(parents=True)
    pq.write_table(payments(1, -20, 20, words=words), folder / "reference.parquet")
    pq.write_table(payments(2, 0, 4, words=words), folder / "logs" / "a.parquet")
    return folder


def measured(folder: Path, config: str) -> dict[tuple[str, str, str], float | None]:
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 30 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        rows = list(read_measurements(connection, model="pay"))
    monitor.database.close()
    return {(row["detector"], row["column"], str(row["window_start"])): row["value"] for row in rows}


def test_words_that_are_explained_say_as_much_as_the_labels_own(tmp_path: Path) -> None:
    plain = measured(home(tmp_path / "plain", words=False), CONFIG)
    assert measured(home(tmp_path / "meant", words=True), MEANT) == plain
    assert any(name == "accuracy" and (value or 0) > 0.7 for (name, *_), value in plain.items())


def test_words_without_an_explanation_are_told_with_the_mend_and_init_gives_it(tmp_path: Path) -> None:
    home(tmp_path, words=True)
    unlike = load(CONFIG.replace("{1: p}", "{decline: p}"), place="monitor.yaml", environ={}, read=str)
    (said,) = [str(one) for one in check(unlike, root=tmp_path) if one.place.endswith("columns.prediction")]
    assert "say by columns.meanings: {approve: …} what each is as a label" in said
    text = initial("logs/a.parquet", reference="reference.parquet", here=tmp_path, root=tmp_path)
    assert "meanings: {approve: 0, decline: 1}" in text
    guessed = load(text, place="monitor.yaml", environ={}, read=str)
    assert not [one for one in check(guessed, root=tmp_path) if one.place.endswith(("prediction", "scores"))]


def test_a_meaning_is_a_word_or_a_number() -> None:
    with pytest.raises(ConfigErrors, match=r"columns\.meanings\.decline"):
        load(MEANT.replace("decline: 1", "decline: [1]"), place="monitor.yaml", environ={}, read=str)
