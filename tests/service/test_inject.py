"""`monitor replay --inject` and the doctor's notes, as people drive them: a process each time, on ten days of logs."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.commands.inject import Asked, inject
from monitor.commands.replay import Span
from monitor.errors import MonitorError
from monitor.injection import source as injected
from monitor.injection.changes import altered
from tests.commanding import monitor

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, A_DAY = 10, 200
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: logs.parquet}
    labels: {files: labels.parquet, max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, prediction: decided, scores: p, label: late}
    window: 1d
"""


def rows(seed: int, start: datetime) -> pa.Table:
    rng = np.random.default_rng(seed)
    n = DAYS * A_DAY
    age = rng.normal(40, 10, n)
    p = 1 / (1 + np.exp(-(age - 40) / 5))
    at = [start + timedelta(days=i // A_DAY, minutes=i % A_DAY) for i in range(n)]
    return pa.table(
        {
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "id": [f"{seed}-{i}" for i in range(n)],
            "age": age,
            "carrier": rng.choice(["UA", "DL"], n),
            "still": np.ones(n),
            "p": p,
            "decided": (p >= 0.5).astype(int),
            "late": (rng.random(n) < p).astype(int),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fares")
    logs = rows(2, START)
    pq.write_table(rows(1, START - timedelta(days=60)), folder / "reference.parquet")
    pq.write_table(logs.drop_columns(["late"]), folder / "logs.parquet")
    pq.write_table(logs.select(["id", "late"]), folder / "labels.parquet")
    (folder / "monitor.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def on_a_terminal(folder: Path, *words: str) -> str:
    """Run a command whose standard error is a terminal, and give what that showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "monitor", *words]
    surroundings = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=surroundings, stdout=subprocess.DEVNULL, stderr=theirs) as running:  # noqa: S603  # ours
        os.close(theirs)
        shown = b""
        # on Linux a terminal that nobody holds any more is an error to read from
        with suppress(OSError):
            while read := os.read(ours, 65_536):
                shown += read
    os.close(ours)
    assert running.returncode == 0, shown
    return shown.decode()


def test_each_pass_over_history_shows_how_far_it_has_come(folder: Path) -> None:
    assert "fares: judged 2024-01-" in on_a_terminal(folder, "replay", "monitor.yaml")
    shown = on_a_terminal(folder, "replay", "monitor.yaml", "--inject", "shift:age:1sd", "--share", "0.5,1")
    for what in ("as it was", "1 of 2, shift:age:1sd", "2 of 2, shift:age:1sd"):
        assert f"{what}: fares: judged 2024-01-" in shown


def test_each_change_is_tried_by_itself_and_told_with_what_found_it(folder: Path) -> None:
    changes = ["shift:age:1sd", "label-flip"]
    words = [word for change in changes for word in ("--inject", change)]
    done = monitor(folder, "replay", "monitor.yaml", *words, "--at", "2024-01-05", "--json")
    assert done.returncode == 0, done.stderr
    found = {row["injection"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert list(found) == changes
    for row in found.values():
        assert row["found"]
        assert row["windows"] <= 3
        assert row["alert"]["id"] == row["alerts"][0]
        assert row["at"] == "2024-01-05T00:00:00Z"
    assert "age" in found["shift:age:1sd"]["alert"]["text"]
    assert found["label-flip"]["alert"]["kind"].startswith(("performance", "drift", "bias.temporal"))
    # the last day is not over and not judged
    assert found["shift:age:1sd"]["changed"] == 6 * A_DAY
    assert found["shift:age:1sd"]["rows"] == found["shift:age:1sd"]["windows"] * A_DAY


def test_several_shares_give_a_table_and_a_small_one_is_not_found(folder: Path) -> None:
    asked = ("--inject", "shift:age:2sd", "--share", "0.001,60%", "--at", "2024-01-05", "--until", "2024-01-08")
    done = monitor(folder, "replay", "monitor.yaml", *asked)
    assert done.returncode == 0, done.stderr
    assert "not found in 5 windows, " in done.stdout
    table = done.stdout[done.stdout.index("\nshift:age:2sd\n") :].splitlines()
    assert table[2].split() == ["share", "changed", "rows", "found", "after", "by"]
    assert table[3].split()[0] == "0.001"
    assert table[4].split()[0] == "0.6"
    assert table[4].endswith(("of age", "lasting_drift"))
    assert "the budget allows for 0.3 false alarms" in done.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--inject", "shift:aeg:1sd"), "no column 'aeg'; did you mean 'age'?"),
        (("--share", "0.1"), "belong to --inject"),
        (
            ("--inject", "shift:age:1sd", "--inject", "scale:carrier:2"),
            "'carrier' is categorical; shift",
        ),
    ],
)
def test_a_mistake_is_named_with_its_mend(folder: Path, asked: tuple[str, ...], said: str) -> None:
    done = monitor(folder, "replay", "monitor.yaml", *asked)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert not done.stdout


def test_what_no_model_of_numbers_can_be_given_is_refused_before_history_is_read(tmp_path: Path, folder: Path) -> None:
    config = CONFIG.replace("prediction: decided, scores: p, label: late", "prediction: age, label: cost")
    config = config.replace("    labels: {files: labels.parquet, max_delay: 1d}\n", "")
    (tmp_path / "monitor.yaml").write_text(config, encoding="utf-8")
    priced = pq.read_table(folder / "reference.parquet").rename_columns({"p": "cost"})
    pq.write_table(priced, tmp_path / "reference.parquet")
    # there is no log at all: what is refused was not looked for
    done = monitor(tmp_path, "replay", "monitor.yaml", "--inject", "shift:age:1sd", "--inject", "label-flip")
    assert done.returncode == 2
    assert "the label 'cost' is a number that is predicted, and has no classes; label-flip needs" in done.stderr
    done = monitor(tmp_path, "replay", "monitor.yaml", "--inject", "evasion")
    assert "evasion needs columns.scores with one column" in done.stderr


def test_an_outcome_is_told_before_the_next_change_is_tried(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = list[str]()

    def broken(rows: pa.Table, *rest: Any) -> pa.Table:  # noqa: ANN401
        tried.append(rest[1].kind)
        if rest[1].kind == "drop":
            raise MonitorError("broke")
        return altered(rows, *rest)

    monkeypatch.setattr(injected, "altered", broken)
    asked = Asked(["shift:age:2sd", "drop:age"], at=START + timedelta(days=5))
    with pytest.raises(MonitorError, match="broke"):
        inject(folder / "monitor.yaml", span=Span(), model=None, as_lines=False, asked=asked)
    assert "shift:age:2sd in 100 % of the rows" in capsys.readouterr().out
    assert set(tried) == {"shift", "drop"}


def test_the_doctor_notes_what_cannot_be_seen_and_what_is_noisy(tmp_path: Path, folder: Path) -> None:
    config = CONFIG.replace("labels: {files: labels.parquet, max_delay: 1d}\n    ", "").replace(", label: late", "")
    config += "    thresholds: {psi: 0.001}\n    for: 1/1\n    clear: 1\n"
    (tmp_path / "monitor.yaml").write_text(config, encoding="utf-8")
    pq.write_table(pq.read_table(folder / "logs.parquet"), tmp_path / "logs.parquet")
    untimed = pq.read_table(folder / "reference.parquet").drop_columns(["at", "id", "late"])
    pq.write_table(untimed, tmp_path / "reference.parquet")
    assert monitor(tmp_path, "once", "monitor.yaml").returncode == 0
    done = monitor(tmp_path, "doctor", "monitor.yaml")
    notes = [line for line in done.stdout.splitlines() if line.startswith("note ")]
    assert done.returncode == 0, done.stdout
    for said in ("there are no labels", "is not known: still", "the reference has no times", "numbers of your own"):
        assert any(said in note for note in notes), (said, notes)
    assert len(notes) <= 10
