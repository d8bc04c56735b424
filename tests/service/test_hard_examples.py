"""What attackers sent leaves the database with the right answers, once these are known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.commands.export import export
from monitor.config import load
from monitor.errors import MonitorError
from monitor.pipeline import once
from monitor.store.alerts import write_findings
from monitor.store.measurements import Judged, write_measurements
from monitor.store.schema import alert
from monitor.types import Measurement, Window
from monitor.watch import Monitor
from monitor.wiring import opened

START, HOUR = datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs.parquet"}
    labels: {files: "labels.parquet", max_delay: 1d}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: who, prediction: p, label: y}
    window: 1h
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Hold ten hours in which four clients ask once every quarter of an hour; two of three labels are known."""
    size = 160
    at = [START + timedelta(minutes=15 * (i // 4)) for i in range(size)]
    who = [("ann", "bob", "eve", "joe")[i % 4] for i in range(size)]
    rows = pa.table({"at": at, "id": [f"r{i}" for i in range(size)], "who": who, "x": range(size), "p": [1] * size})
    pq.write_table(rows, tmp_path / "logs.parquet")
    pq.write_table(rows.append_column("y", pa.array([i % 2 for i in range(size)])), tmp_path / "reference.parquet")
    known = [i for i in range(size) if i % 3]
    labels = pa.table({"id": [f"r{i}" for i in known], "y": [i % 2 for i in known], "at": [at[i] for i in known]})
    pq.write_table(labels, tmp_path / "labels.parquet")
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    return tmp_path


def pulled(home: Path) -> Monitor:
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=home)
    once(monitor, clock=lambda: START + 20 * HOUR, rng=Random(1))
    return monitor


def alarm(monitor: Monitor, client: str, *, hours: tuple[int, int], detector: str = "near_duplicates") -> None:
    """Let an alert about a client fire in the window that begins at the first hour, and be resolved at the last."""
    mark = fingerprint("m", "attack.evasion", detector, "", f"client={client}")
    before: dict[str, Alert] = {}
    for hour, state in zip(hours, ("firing", "resolved"), strict=True):
        window = Window(START + hour * HOUR, START + (hour + 1) * HOUR)
        alert = Alert(mark, state=state, episode=1, since=window.start, window_end=window.end)
        finding = Finding(alert, "m", "attack.evasion", detector, window, segment=f"client={client}")
        with monitor.database.write() as connection:
            write_findings(connection, [finding], before, now=window.end)
        before[mark] = alert


def breached(monitor: Monitor, client: str, *, hours: tuple[int, ...]) -> None:
    """Let the detector of alarms about a client breach in the windows that begin at these hours."""
    found = Measurement("near_duplicates", 1.0, segment=f"client={client}")
    with monitor.database.write() as connection:
        for hour in hours:
            window = Window(START + hour * HOUR, START + (hour + 1) * HOUR)
            write_measurements(connection, "m", window, 0, [Judged(found, "attack.evasion", None, None, "breach")])


def test_hard_examples_are_what_flagged_clients_sent_while_they_were_and_whose_label_is_known(home: Path) -> None:
    monitor = pulled(home)
    alarm(monitor, "eve", hours=(2, 4))
    # a second alert about the same client and time must not double its records
    alarm(monitor, "eve", hours=(3, 5), detector="contract")
    alarm(monitor, "joe", hours=(9, 9))
    monitor.database.close()
    out = home / "hard.parquet"
    assert export(home / "monitor.yaml", "m", out, what="hard examples") == 0
    rows = pq.read_table(out)
    wanted = [i for i in range(160) if i % 3 and ((i % 4 == 2 and 2 <= i // 16 < 6) or (i % 4 == 3 and i // 16 == 9))]
    assert sorted(rows["x"].to_pylist()) == wanted
    assert rows["y"].to_pylist() == [x % 2 for x in rows["x"].to_pylist()]
    assert len(set(rows["attack_alert"].to_pylist())) == 2


def test_rows_of_a_stolen_account_are_those_of_windows_that_breached(home: Path) -> None:
    monitor = pulled(home)
    alarm(monitor, "eve", hours=(2, 6))
    breached(monitor, "eve", hours=(2, 3))
    monitor.database.close()
    out = home / "hard.parquet"
    assert export(home / "monitor.yaml", "m", out, what="hard examples") == 0
    assert {x // 16 for x in pq.read_table(out)["x"].to_pylist()} == {2, 3}


@pytest.mark.parametrize("told", [{"severity": "info"}, {"origin": "data_quality"}])
def test_who_asks_what_if_and_whose_data_are_broken_attacks_nobody(home: Path, told: dict[str, str]) -> None:
    monitor = pulled(home)
    alarm(monitor, "eve", hours=(2, 4))
    with monitor.database.write() as connection:
        connection.execute(alert.update().values(**told))
    monitor.database.close()
    with pytest.raises(MonitorError, match="no client has been under an attack alarm"):
        export(home / "monitor.yaml", "m", home / "hard.parquet", what="hard examples")


def test_without_alarms_there_are_none_and_it_is_said(home: Path) -> None:
    pulled(home).database.close()
    with pytest.raises(MonitorError, match="no client has been under an attack alarm"):
        export(home / "monitor.yaml", "m", home / "hard.parquet", what="hard examples")
    assert not (home / "hard.parquet").exists()


def test_flagged_records_wait_for_their_labels(home: Path) -> None:
    (home / "labels.parquet").unlink()
    monitor = pulled(home)
    alarm(monitor, "eve", hours=(2, 4))
    monitor.database.close()
    with pytest.raises(MonitorError, match="no label is known yet of what 1 flagged client sent"):
        export(home / "monitor.yaml", "m", home / "hard.parquet", what="hard examples")
