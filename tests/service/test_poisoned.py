"""Poison in labels as they come: a pass over files says which window, which rows and who."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.commands.replay import Stored
from monitor.config import load
from monitor.wiring import opened
from tests.commanding import monitor

START = datetime(2024, 1, 1, tzinfo=UTC)
A_DAY = 300
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs/*.parquet"}
    labels: {files: "labels/*.parquet", max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: number, client: desk, scores: p, label: repaid}
    window: 1d
    thresholds: {attack.poisoning: auto}
receivers:
  file: {log: alerts.jsonl}
"""


def rows(seed: int, days: int, *, start: datetime) -> pa.Table:
    rng, n = np.random.default_rng(seed), days * A_DAY
    income, city = rng.gamma(2, 1, n), rng.choice(["Rome", "Oslo", "Bonn"], n)
    p = 1 / (1 + np.exp(-(3 * income - 5 + (city == "Oslo"))))
    times = [start + timedelta(days=i // A_DAY, seconds=(i % A_DAY) * 280) for i in range(n)]
    columns = {"at": pa.array(times, pa.timestamp("us", "UTC")), "number": [f"{seed}-{i}" for i in range(n)]}
    columns |= {"desk": rng.choice(["north", "south", "west"], n), "income": income, "city": city, "p": p}
    return pa.table(columns | {"repaid": (rng.random(n) < p).astype(int)})


def laid_out(folder: Path, *, poisoned_from: int, words: tuple[str, str] | None = None) -> None:
    """Write ten days of logs whose western desk flips a third of its labels from some day on; words: for 0 and 1."""
    for name in ("logs", "labels"):
        (folder / name).mkdir()
    pq.write_table(rows(1, 20, start=START - timedelta(days=40)), folder / "reference.parquet")
    logs, rng = rows(2, 10, start=START), np.random.default_rng(3)
    west = np.array(logs["desk"].to_pylist()) == "west"
    turned = west & (np.arange(logs.num_rows) >= poisoned_from * A_DAY) & (rng.random(logs.num_rows) < 0.33)
    labels = np.where(turned, 1 - logs["repaid"].to_numpy(), logs["repaid"].to_numpy())
    pq.write_table(logs.drop_columns(["repaid"]), folder / "logs" / "a.parquet")
    known = pa.table({"number": logs["number"], "repaid": np.array(words)[labels] if words else labels})
    pq.write_table(known.slice(0, 9 * A_DAY), folder / "labels" / "a.parquet")
    (folder / "monitor.yaml").write_text(CONFIG, encoding="utf-8")


def labelled_by_people(folder: Path, *, in_records: bool) -> None:
    """Write ten days of logs of which one of five reviewers flips a third of the labels from the sixth day on.

    in_records: who labelled stands in the records; else beside the labels.
    """
    laid_out(folder, poisoned_from=10)
    logs, labels = (pq.read_table(folder / name / "a.parquet") for name in ("logs", "labels"))
    rng = np.random.default_rng(4)
    people = rng.choice(["ann", "bob", "cem", "dia", "eve"], logs.num_rows)
    eve = (people == "eve") & (np.arange(logs.num_rows) >= 5 * A_DAY) & (rng.random(logs.num_rows) < 0.33)
    repaid = labels["repaid"].to_numpy()
    labels = labels.set_column(1, "repaid", pa.array(np.where(eve[: len(repaid)], 1 - repaid, repaid)))
    if in_records:
        pq.write_table(logs.append_column("checked_by", pa.array(people)), folder / "logs" / "a.parquet")
    else:
        labels = labels.append_column("checked_by", pa.array(people[: len(repaid)]))
    pq.write_table(labels, folder / "labels" / "a.parquet")
    said_by = CONFIG.replace("label: repaid", "label: repaid, contributor: checked_by")
    (folder / "monitor.yaml").write_text(said_by, encoding="utf-8")


@pytest.mark.parametrize("in_records", [False, True])
def test_labels_that_one_reviewer_flips_are_told_with_the_reviewers_name(tmp_path: Path, *, in_records: bool) -> None:
    labelled_by_people(tmp_path, in_records=in_records)
    said(tmp_path, "once", "monitor.yaml")
    alerts = said(tmp_path, "alerts", "monitor.yaml", "--state", "all", "--json")
    evidence = next(one["evidence"] for one in alerts if one["detector"] == "poisoned_labels")
    assert evidence["strongest"] == "contributors"
    assert evidence["at"] == {"contributor": "eve"}
    assert [one["contributor"] for one in evidence["contributors"]] == ["eve"]
    messages = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")
    assert "eve's labels contradict the reference more than others' do" in messages
    assert "most labelled by eve" in messages
    drifted = said(tmp_path, "measurements", "monitor.yaml", "--json")
    assert "checked_by" not in {one["column"] for one in drifted}


@pytest.mark.parametrize("in_records", [False, True])
def test_a_replay_over_labels_that_are_kept_knows_who_gave_them(tmp_path: Path, *, in_records: bool) -> None:
    labelled_by_people(tmp_path, in_records=in_records)
    said(tmp_path, "once", "monitor.yaml")
    config = (tmp_path / "monitor.yaml").read_text(encoding="utf-8")
    opened_anew = opened(load(config, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    (watch,) = opened_anew.watches
    again = pa.concat_tables([batch.rows for batch in Stored(opened_anew.database, watch, labels=True).pull({})])
    opened_anew.database.close()
    assert set(again.column_names) == {"number", "repaid", "checked_by"}
    given = pq.read_table(tmp_path / ("logs" if in_records else "labels") / "a.parquet")
    people = dict(zip(given["number"].to_pylist(), given["checked_by"].to_pylist(), strict=True))
    assert again.num_rows == 9 * A_DAY
    assert again["checked_by"].to_pylist() == [people[number] for number in again["number"].to_pylist()]


def said(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = monitor(folder, *words)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_labels_that_one_client_flips_are_told_with_its_name_and_its_rows(tmp_path: Path) -> None:
    laid_out(tmp_path, poisoned_from=5)
    said(tmp_path, "once", "monitor.yaml")
    found = said(tmp_path, "measurements", "monitor.yaml", "--detector", "poisoned_labels", "--json")
    assert [one["outcome"] for one in found][:5] == ["clear"] * 5
    assert "breach" in {one["outcome"] for one in found[5:]}
    alerts = said(tmp_path, "alerts", "monitor.yaml", "--state", "all", "--json")
    alert = next(one for one in alerts if one["detector"] == "poisoned_labels")
    assert alert["kind"] == "attack.poisoning"
    assert alert["evidence"]["clients"][0]["client"] == "west"
    assert alert["evidence"]["record_ids"]
    turned = [one for one in alerts if one["detector"] == "label_contradiction"]
    assert {one["evidence"]["clients"][0]["client"] for one in turned} == {"west"}
    assert all(one["evidence"]["record_ids"] for one in turned)
    flipped = said(tmp_path, "measurements", "monitor.yaml", "--detector", "label_contradiction", "--json")
    whole = [one["value"] for one in flipped if one["column"] == ""]
    assert max(abs(value) for value in whole[:5]) < 0.06 < max(whole[5:])


def test_labels_in_other_words_than_the_references_are_no_poison(tmp_path: Path) -> None:
    laid_out(tmp_path, poisoned_from=9, words=("no", "yes"))
    said(tmp_path, "once", "monitor.yaml")
    found = said(tmp_path, "measurements", "monitor.yaml", "--detector", "poisoned_labels", "--json")
    assert {(one["outcome"], one["note"]) for one in found} == {
        ("insufficient", "labels are 'no', 'yes', where the reference's are '0', '1'")
    }
