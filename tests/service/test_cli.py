"""The command line, as people and cron drive it: a process each time, on a month of logs whose last week is broken."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from monitor.alerts.public import KEYS
from monitor.cli import ONE_THREAD
from monitor.commands.listing import folded, weightiest_first
from monitor.store.database import open_database
from monitor.store.runs import note_failure
from tests.commanding import Done, monitor

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, A_DAY, BROKEN_FROM = 31, 120, 25
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*"}
    labels: {files: labels.parquet, max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: logged_at, id: request_id, prediction: predicted, scores: p, label: late}
    window: 1d
receivers:
  file: {log: alerts.jsonl}
  nowhere: {log: no-such-folder/alerts.jsonl}
routes:
  - {to: [file]}
"""


def rows(seed: int, *, start: datetime, broken_from: int | None = None) -> pa.Table:
    rng = np.random.default_rng(seed)
    day, size = np.repeat(np.arange(DAYS), A_DAY), DAYS * A_DAY
    seconds = np.tile(np.linspace(60, 86_000, A_DAY), DAYS)
    age = rng.normal(40, 10, size)
    p = 1 / (1 + np.exp(-(age - 40) / 10))
    fare = rng.gamma(2, 10, size)
    if broken_from is not None:
        fare = np.where(day >= broken_from, np.nan, fare)
    times = [start + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, seconds, strict=True)]
    return pa.table(
        {
            "logged_at": pa.array(times, pa.timestamp("us", "UTC")),
            "request_id": [f"{seed}-{number}" for number in range(size)],
            "age": age,
            "fare": pa.array(fare, from_pandas=True),
            "carrier": rng.choice(["UA", "B6", "DL"], size),
            "p": p,
            "predicted": (p > 0.5).astype(int),
            "late": (rng.random(size) < p).astype(int),
        }
    )


def laid_out(folder: Path) -> Path:
    """Write reference, logs in two formats, labels and configuration."""
    (folder / "logs").mkdir()
    pq.write_table(rows(1, start=START - timedelta(days=60)), folder / "reference.parquet")
    month = rows(2, start=START, broken_from=BROKEN_FROM)
    logs = month.drop_columns(["late"])
    first = logs.slice(0, 10 * A_DAY)
    arrow_csv.write_csv(
        first.set_column(0, "logged_at", first["logged_at"].cast(pa.string())), folder / "logs" / "a.csv"
    )
    pq.write_table(logs.slice(10 * A_DAY), folder / "logs" / "b.parquet")
    pq.write_table(month.select(["request_id", "late"]), folder / "labels.parquet")
    (folder / "monitor.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where one pass has been made; tests only look at it."""
    folder = laid_out(tmp_path_factory.mktemp("judged"))
    done = monitor(folder, "once", "monitor.yaml")
    assert done.returncode == 0, done.stderr
    (folder / "once.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def lines(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def transitions(text: str) -> list[str]:
    return [line for line in text.splitlines() if " fired " in line[:24] or " resolved " in line[:26]]


@pytest.mark.parametrize(
    ("doing", "heavy"),
    [
        ("--help", {"numpy", "pyarrow", "sqlalchemy", "pydantic", "scipy", "litestar"}),
        # learners, and statistics beyond the special functions, are imported by who needs them
        ("once --help", {"sklearn", "scipy.stats", "evidently", "litestar"}),
        ("help thresholds", {"numpy", "pyarrow", "sqlalchemy", "monitor.config", "rich.markdown"}),
    ],
)
def test_nobody_waits_for_what_he_does_not_need(tmp_path: Path, doing: str, heavy: set[str]) -> None:
    program = f"import sys, monitor.cli as c\ntry: sys.argv[1:] = {doing.split()}; c.main()\nexcept SystemExit: pass\n"
    program += "import monitor.commands.passes\n" if doing.startswith("once") else ""
    program += f"heavy = {heavy} & sys.modules.keys()\nsys.exit(str(heavy) if heavy else 0)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_looking_at_alerts_imports_neither_what_migrates_nor_what_runs_passes(tmp_path: Path, url: str) -> None:
    config = tmp_path / "monitor.yaml"
    config.write_text(
        f"database: {url}\nmodels: {{m: {{source: {{push: true}}, columns: {{timestamp: t}}, window: 1d}}}}\n"
    )
    program = f"import sys, monitor.cli as c\ntry: sys.argv[1:] = ['alerts', {str(config)!r}]; c.main()\n"
    program += "except SystemExit: pass\n"
    program += "print(sys.modules.keys() & {'alembic', 'pandas', 'apscheduler', 'monitor.pipeline'})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
@pytest.mark.parametrize("asked", [None, "2"])
def test_linear_algebra_and_trees_take_one_thread_unless_more_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, asked: str | None
) -> None:
    # those threads are read when numpy is imported, which the command line must not have done by then
    program = "import os, sys, monitor.cli as c\ntry: sys.argv[1:] = ['--version']; c.main()\nexcept SystemExit: pass\n"
    program += f"print('numpy' in sys.modules, os.environ['{name}'])"
    for one in ONE_THREAD:
        monkeypatch.delenv(one, raising=False)
    env = os.environ | ({name: asked} if asked else {})
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert done.stdout.splitlines()[1:] == [f"False {asked or '1'}"]


def test_the_version_is_told(tmp_path: Path) -> None:
    assert monitor(tmp_path, "--version").stdout == f"monitor {version('ml-monitor')}\n"


def test_the_manual_is_plain_markdown_in_a_pipe_and_goes_through_the_pager_on_a_terminal(
    tmp_path: Path,
) -> None:
    plain = monitor(tmp_path, "help", "validate", PAGER="sed s/^/paged:/").stdout
    assert plain.startswith("# validate: ask whether")
    assert "| `belongs` | the verdict |" in plain
    command = [sys.executable, "-m", "monitor", "help", "validate"]
    shown = on_a_terminal(command, tmp_path, PAGER="sed s/^/paged:/")
    assert "paged:" in shown
    assert "the verdict" in shown
    assert "| `belongs`" not in shown


def test_an_unknown_topic_of_the_manual_ends_with_2(tmp_path: Path) -> None:
    done = monitor(tmp_path, "help", "tresholds")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "help: no topic 'tresholds'; did you mean 'thresholds'?\n"


def test_check_finds_nothing_wrong_with_good_data_and_touches_no_database(tmp_path: Path) -> None:
    done = monitor(laid_out(tmp_path), "check", "monitor.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "monitor.db").exists()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite:///nowhere/monitor.db", "nowhere is not there or may not be written to; make the folder"),
        ("postgresql://nobody:hunter2@127.0.0.1:9/none", "database: cannot be used"),
    ],
)
def test_check_tells_of_a_database_that_cannot_be_used(tmp_path: Path, address: str, told: str) -> None:
    laid_out(tmp_path)
    text = (tmp_path / "monitor.yaml").read_text(encoding="utf-8").replace("sqlite:///monitor.db", address)
    (tmp_path / "monitor.yaml").write_text(text, encoding="utf-8")
    done = monitor(tmp_path, "check", "monitor.yaml")
    assert done.returncode == 2
    assert told in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_a_database_lacks_is_named(tmp_path: Path) -> None:
    laid_out(tmp_path)
    text = (tmp_path / "monitor.yaml").read_text(encoding="utf-8").replace("monitor.db", "nowhere/monitor.db")
    (tmp_path / "monitor.yaml").write_text(text, encoding="utf-8")
    done = monitor(tmp_path, "once", "monitor.yaml")
    assert done.returncode != 0
    assert f"the folder {tmp_path / 'nowhere'} is not there: make it, or name a file elsewhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_ends_with_2_on_a_column_that_is_not_there(tmp_path: Path) -> None:
    laid_out(tmp_path)
    (tmp_path / "monitor.yaml").write_text(CONFIG.replace("scores: p,", "scores: fears,"), encoding="utf-8")
    done = monitor(tmp_path, "check", "monitor.yaml")
    assert done.returncode == 2
    assert "no column 'fears'" in done.stderr
    assert "Traceback" not in done.stderr


def test_once_says_what_came_in_and_what_fired(judged: Path) -> None:
    said = (judged / "once.txt").read_text(encoding="utf-8")
    assert f"fares: {DAYS * A_DAY} rows read, {DAYS * A_DAY} stored, 0 quarantined" in said
    assert "30 windows judged" in said
    assert any("quality: fare: missing share" in line for line in transitions(said))
    assert (judged / "alerts.jsonl").read_text(encoding="utf-8").count('"transition": "fired"') >= 1


def on_a_terminal(command: list[str], folder: Path, **environment: str) -> str:
    """Give what a command shows to somebody who sits before it."""
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
    with subprocess.Popen(  # noqa: S603  # ours
        command, cwd=folder, env=surroundings, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT
    ) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b"")).decode(errors="replace")
    os.close(ours)
    assert process.returncode == 0, seen
    return seen


def test_once_shows_on_a_terminal_how_far_judging_has_come(tmp_path: Path) -> None:
    laid_out(tmp_path)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "monitor", "once", "monitor.yaml"]
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(  # noqa: S603  # ours
        command, cwd=tmp_path, env=surroundings, stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b"")).decode(errors="replace")
    os.close(ours)
    assert process.returncode == 0, seen
    assert "fares: judged 2024-01" in seen


def _read(terminal: int) -> bytes:
    # Linux ends a terminal that nobody writes to any more with an error, others with nothing.
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def test_once_says_what_a_pattern_should_have_found_and_ends_with_1(tmp_path: Path) -> None:
    laid_out(tmp_path)
    (tmp_path / "monitor.yaml").write_text(CONFIG.replace("logs/*", "log/*.csv"), encoding="utf-8")
    done = monitor(tmp_path, "once", "monitor.yaml")
    assert done.returncode == 1
    assert "no file matches 'log/*.csv'" in done.stdout
    assert "logs/" in done.stdout


def test_a_second_pass_finds_nothing_new_to_do(tmp_path: Path) -> None:
    laid_out(tmp_path)
    first = monitor(tmp_path, "once", "monitor.yaml")
    told = (tmp_path / "alerts.jsonl").read_bytes()
    second = monitor(tmp_path, "once", "monitor.yaml")
    assert first.returncode == second.returncode == 0
    assert "0 rows read" in second.stdout
    assert "0 windows judged" in second.stdout
    assert "alerts: 0 fired, 0 resolved" in second.stdout
    assert (tmp_path / "alerts.jsonl").read_bytes() == told


def test_once_ends_with_1_when_a_source_stands_still(tmp_path: Path) -> None:
    laid_out(tmp_path)
    month = rows(2, start=START).rename_columns(["other", *rows(2, start=START).column_names[1:]])
    pq.write_table(month, tmp_path / "logs" / "c.parquet")
    done = monitor(tmp_path, "once", "monitor.yaml")
    assert done.returncode == 1
    assert "stands still: fares: source" in done.stdout
    sick = monitor(tmp_path, "doctor", "monitor.yaml")
    assert sick.returncode == 1
    assert "WRONG  fares/records: stands still" in sick.stdout


def test_alerts_have_the_public_keys_and_end_with_1_while_one_is_firing(judged: Path) -> None:
    done = monitor(judged, "alerts", "monitor.yaml", "--json")
    found = lines(done)
    assert done.returncode == 1
    assert done.stderr == ""
    assert all(tuple(row) == KEYS for row in found)
    [fare] = [row for row in found if row["column"] == "fare" and row["detector"] == "missing_share"]
    assert (fare["state"], fare["window_end"], fare["fired_at"]) == (
        "firing",
        "2024-01-31T00:00:00Z",
        "2024-01-27T00:00:00Z",
    )
    calm = monitor(judged, "alerts", "monitor.yaml", "--state", "resolved", "--json")
    assert calm.returncode == 0
    assert all(row["state"] == "resolved" for row in lines(calm))


def test_alerts_are_listed_under_column_names_and_the_calm_ones_only_counted(judged: Path) -> None:
    said = monitor(judged, "alerts", "monitor.yaml").stdout.splitlines()
    assert said[0].split() == ["state", "severity", "since", "kind", "id", "text"]
    every = lines(monitor(judged, "alerts", "monitor.yaml", "--state", "all", "--json"))
    states = [row["state"] for row in every]
    calm = [state for state in ("pending", "resolved") if state in states]
    assert calm
    assert said[-1].startswith(", ".join(f"{states.count(state)} {state}" for state in calm))
    assert said[-1].endswith("--state all")
    standing = [f"{states.count(state)} {state}" for state in ("firing", "recovering") if state in states]
    assert said[-2].partition(";")[0] == ", ".join(standing)
    shown = [line.split()[0] for line in said[1:-2]]
    assert shown
    assert set(shown) <= {"firing", "recovering"}
    assert shown == sorted(shown)


def alert(**labels: str) -> dict[str, Any]:
    plain = {"state": "firing", "severity": "warning", "segment": "", "since": "2024-01-01T00:00:00Z"}
    return {"model": "fares", "kind": "drift.data", "detector": "psi", "column": "age", **plain, **labels}


def test_the_weightiest_alert_comes_first_and_segments_fold_into_what_says_the_same_of_all_traffic() -> None:
    jfk, lga = alert(segment="origin=JFK"), alert(segment="origin=LGA", severity="critical")
    whole, newer = alert(), alert(column="fare", since="2024-01-02T00:00:00Z")
    recovering, alone = alert(state="recovering", severity="critical"), alert(column="fee", segment="origin=JFK")
    attack = alert(kind="attack.probing", segment="client=acme", since="2023-12-31T00:00:00Z")
    ordered = weightiest_first([alone, jfk, whole, recovering, lga, attack, newer])
    assert ordered == [lga, attack, newer, whole, alone, jfk, recovering]
    assert [(row, also) for row, also in folded(ordered) if row in (whole, alone, lga)] == [
        (lga, []),
        (whole, ["origin=JFK"]),
        (alone, []),
    ]


def test_measurements_are_told_as_json_and_csv(judged: Path) -> None:
    options = ("--model", "fares", "--detector", "missing_share", "--since", "2024-01-29")
    found = lines(monitor(judged, "measurements", "monitor.yaml", *options, "--json"))
    assert {row["window_end"] for row in found} == {"2024-01-30T00:00:00Z", "2024-01-31T00:00:00Z"}
    assert [row["value"] for row in found if row["column"] == "fare"] == [1.0, 1.0]
    text = monitor(judged, "measurements", "monitor.yaml", *options, "--csv").stdout
    assert [row["column"] for row in csv.DictReader(io.StringIO(text))] == [row["column"] for row in found]
    both = monitor(judged, "measurements", "monitor.yaml", "--json", "--csv")
    assert both.returncode == 2
    mistaken = monitor(judged, "measurements", "monitor.yaml", "--detector", "mising_share")
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert "no detector 'mising_share'; did you mean 'missing_share'?" in mistaken.stderr


def test_replay_tells_the_same_transitions_as_the_pass_and_leaves_nothing_behind(judged: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in judged.iterdir())
    done = monitor(judged, "replay", "monitor.yaml", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert transitions(done.stdout) == transitions((judged / "once.txt").read_text(encoding="utf-8"))
    assert "30 windows judged" in done.stdout.splitlines()[-1]
    assert "1.0 false alarms" in done.stdout.splitlines()[-1]
    assert sorted(path.name for path in judged.iterdir()) == before
    assert not list(tmp_path.iterdir())


def test_replay_tells_only_the_windows_asked_for(judged: Path) -> None:
    early = monitor(judged, "replay", "monitor.yaml", "--to", "2024-01-10", "--json")
    late = lines(monitor(judged, "replay", "monitor.yaml", "--from", "2024-01-20", "--json"))
    assert all(row["window_end"] <= "2024-01-10T00:00:00Z" for row in lines(early))
    assert ("fare", "missing_share", "firing") in [(row["column"], row["detector"], row["state"]) for row in late]
    assert all(tuple(row) == KEYS for row in late)


def test_an_export_holds_every_record_with_its_label(judged: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert monitor(judged, "export", "monitor.yaml", "fares", "-o", str(out)).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    month = rows(2, start=START, broken_from=BROKEN_FROM)
    exported = pq.read_table(out).sort_by("logged_at")
    assert exported["request_id"].to_pylist() == month["request_id"].to_pylist()
    assert exported["late"].to_pylist() == month["late"].to_pylist()
    assert exported["fare"].null_count == month["fare"].null_count


def test_exported_measurements_are_those_of_the_table(judged: Path, tmp_path: Path) -> None:
    out = tmp_path / "measurements.parquet"
    assert monitor(judged, "export", "monitor.yaml", "fares", "-o", str(out), "--measurements").returncode == 0
    listed = lines(monitor(judged, "measurements", "monitor.yaml", "--json"))
    assert pq.read_table(out)["value"].to_pylist() == [row["value"] for row in listed]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["export", "monitor.yaml", "fares", "-o", "no-such-folder/out.parquet"], "cannot be written"),
        (["export", "monitor.yaml", "fares", "-o", "."], "is a folder; name the file to write"),
        (["dashboard", "monitor.yaml", "-o", "monitor.yaml/pages"], "cannot be written"),
    ],
)
def test_a_place_that_cannot_be_written_is_one_sentence(judged: Path, words: list[str], told: str) -> None:
    done = monitor(judged, *words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert told in done.stderr


def test_the_dashboard_is_a_page_that_names_the_model(judged: Path, tmp_path: Path) -> None:
    assert monitor(judged, "dashboard", "monitor.yaml", "-o", str(tmp_path / "site")).returncode == 0
    assert "fares" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_the_doctor_is_content_after_a_pass(judged: Path) -> None:
    done = monitor(judged, "doctor", "monitor.yaml")
    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout
    assert re.search(r"^note   fares: alerts: \d+ firing.*; `monitor alerts` lists them$", done.stdout, re.MULTILINE)


def test_the_doctor_counts_what_lies_in_quarantine_by_reasons_alike_and_names_the_first_place(tmp_path: Path) -> None:
    laid_out(tmp_path)
    with (tmp_path / "logs" / "a.csv").open("a", encoding="utf-8") as log:
        log.writelines(",".join("x" * fields) + "\n" for fields in (1, 1, *range(8, 19)))
    assert monitor(tmp_path, "once", "monitor.yaml").returncode == 0
    said = monitor(tmp_path, "doctor", "monitor.yaml").stdout.splitlines()
    (reason,) = [line for line in said if " rows quarantined" in line]
    place = f"logs/a.csv:line {10 * A_DAY + 2}"
    told = f"13 rows quarantined, 13 in the last day, such as: 1 fields, the header has 7; the first at {place}"
    assert reason == f"note   fares/records: {told}"


def test_the_doctor_tells_which_passes_of_the_daemon_failed_within_a_day(tmp_path: Path) -> None:
    assert monitor(laid_out(tmp_path), "migrate", "monitor.yaml").returncode == 0
    now = datetime.now(UTC)
    failures = [
        (1, "look:fares", "OSError: first"),
        (0, "look:fares", "OSError: disk"),
        (0.5, "deliver", "Stopping: before its end"),
        (30, "deliver", "KeyError: long ago"),
    ]
    with closing(open_database(f"sqlite:///{tmp_path / 'monitor.db'}")) as database, database.write() as connection:
        for hours, job, error in failures:
            note_failure(connection, job, owner="me", now=now - timedelta(hours=hours), error=error)
    said = [line for line in monitor(tmp_path, "doctor", "monitor.yaml").stdout.splitlines() if "daemon:" in line]
    assert said == [f"note   daemon: look:fares: failed 2 times within a day, last {now:%Y-%m-%d %H:%M}: OSError: disk"]


def test_the_doctor_makes_no_tables(tmp_path: Path) -> None:
    done = monitor(laid_out(tmp_path), "doctor", "monitor.yaml")
    assert done.returncode == 1
    assert "no tables yet" in done.stdout
    assert monitor(tmp_path, "migrate", "monitor.yaml").returncode == 0
    assert "cannot see" in monitor(tmp_path, "doctor", "monitor.yaml").stdout


def test_a_test_message_arrives_or_says_why_not(tmp_path: Path) -> None:
    laid_out(tmp_path)
    assert monitor(tmp_path, "send-test", "monitor.yaml", "file").returncode == 0
    assert json.loads((tmp_path / "alerts.jsonl").read_text(encoding="utf-8"))["reason"] == "test"
    lost = monitor(tmp_path, "send-test", "monitor.yaml", "nowhere")
    assert lost.returncode == 1
    assert "not delivered" in lost.stderr
    unknown = monitor(tmp_path, "send-test", "monitor.yaml", "fil")
    assert unknown.returncode == 2
    assert "did you mean 'file'?" in unknown.stderr


def test_the_detectors_are_listed_with_what_they_do(tmp_path: Path) -> None:
    done = monitor(tmp_path, "detectors")
    assert done.returncode == 0
    assert any(line.startswith("psi ") for line in done.stdout.splitlines())


# Each mistake in a call, and a word of what is said about it.
MISTAKES = [
    (("once", "missing.yaml"), "cannot be read"),
    (("once", "bad.yaml"), "unknown key 'modles'; did you mean 'models'?"),
    (("alerts", "monitor.yaml", "--model", "fare"), "did you mean 'fares'?"),
    (("replay", "monitor.yaml", "--from", "yesterday"), "is no time"),
    (("init", "reference.parquet"), "is there already"),
    (("init", "reference.parquet", "--name", "a b", "-o", "new.yaml"), "is no name of a model"),
    (("alerts", "monitor.yaml", "--state", "sad"), "sad"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_ends_with_2_and_says_what_to_mend(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    laid_out(tmp_path)
    (tmp_path / "bad.yaml").write_text(CONFIG.replace("models:", "modles:"), encoding="utf-8")
    done = monitor(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    laid_out(tmp_path)
    address = "postgresql://me:hush@127.0.0.1:1/none"
    (tmp_path / "monitor.yaml").write_text(CONFIG.replace("sqlite:///monitor.db", "${DB}"), encoding="utf-8")
    done = monitor(tmp_path, "once", "monitor.yaml", DB=address)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "hush" not in done.stderr + done.stdout


def test_init_writes_a_configuration_that_passes_the_check(tmp_path: Path) -> None:
    laid_out(tmp_path)
    options = ("--reference", "reference.parquet", "--labels", "labels.parquet", "--name", "taxis", "-o", "new.yaml")
    written = monitor(tmp_path, "init", "logs/b.parquet", *options)
    assert written.returncode == 0, written.stderr
    assert "taxis:" in (tmp_path / "new.yaml").read_text(encoding="utf-8")
    assert monitor(tmp_path, "check", "new.yaml").returncode == 0


def test_a_report_of_a_broken_window_leaves_out_the_empty_column_and_says_so(judged: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = monitor(judged, "report", "monitor.yaml", "fares", "--window", "2024-01-28", "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert "left out, for want of values on one side: fare" in done.stderr
    assert out.stat().st_size > 100_000
    nothing = monitor(judged, "report", "monitor.yaml", "fares", "--window", "2025-01-28", "-o", str(out))
    assert nothing.returncode == 1
    assert "no records in the window" in nothing.stderr
