"""The demo's folder: the application's logs as they grow, the configuration, the database, the messages."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from monitor.demo.traffic import Replay
from monitor.errors import MonitorError

MODEL = "flight-delays"
CONFIG, DATABASE, REFERENCE, MESSAGES = "monitor.yaml", "monitor.db", "reference.parquet", "alerts.jsonl"
LOGS, LABELS = "logs", "labels"
MARKER = ".monitor-demo"

CONFIGURATION = """\
# Written by `monitor demo`: everything that the demo ran with. Look at what it left with
#   monitor alerts {config}
#   monitor measurements {config} --model {model}
#   monitor dashboard {config} -o pages

database: sqlite:///{database}

models:
  {model}:                                   # a classifier: will this flight arrive more than 15 minutes late?
    source: {{files: "{logs}/*.parquet"}}           # what was asked and answered, a file a day
    labels: {{files: "{labels}/*.parquet", max_delay: 2d}}   # what came true, known when the flight has arrived
    reference: {{files: {reference}}}      # days of January and February that the model was not trained on
    columns:
      timestamp: logged_at
      id: request_id                         # joins the labels
      client: api_key
      version: model_version
      prediction: predicted
      scores: p_late
      label: late
      segments: [origin]                     # each airport is watched apart, too; all other columns are features
    window: 1d                               # everything else has its default: 1 false alarm in 30 days is borne

receivers:
  team: {{slack: "{slack}", private: true}}   # the demo's own; it was gone when the demo ended
  file: {{log: {messages}}}                  # every message with its alerts, one JSON line each

web: {{port: {port}}}
"""


def prepared(home: Path) -> Path:
    """Give the folder, empty of what an earlier demo left in it; files of other names stay.

    Raises MonitorError when there is something and no demo has made it.
    """
    if home.exists() and not (home / MARKER).is_file() and (not home.is_dir() or any(home.iterdir())):
        raise MonitorError(f"{home}: is there and was not made by the demo; name another folder with --home")
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / MARKER).write_text("`monitor demo` made this folder and may empty it.\n", encoding="utf-8")
        for name in (CONFIG, REFERENCE, MESSAGES, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (home / name).unlink(missing_ok=True)
        for name in (LOGS, LABELS):
            if (home / name).exists():
                shutil.rmtree(home / name)
            (home / name).mkdir()
    except OSError as error:
        raise MonitorError(f"{home}: cannot be used: {error.strerror}; name another folder with --home") from error
    return home


def configuration(home: Path, *, slack: str, port: int) -> str:
    """Give the text of the demo's monitor.yaml; `slack` is where the messages go."""
    return CONFIGURATION.format(
        config=home / CONFIG,
        model=MODEL,
        database=DATABASE,
        logs=LOGS,
        labels=LABELS,
        reference=REFERENCE,
        messages=MESSAGES,
        slack=slack,
        port=port,
    )


def write_day(home: Path, replay: Replay, day: date) -> None:
    """Write what the application logs on a day, and the labels that become known on it."""
    pq.write_table(replay.predictions(day), home / LOGS / f"{day}.parquet")
    pq.write_table(replay.labels(day), home / LABELS / f"{day}.parquet")
