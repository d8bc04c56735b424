"""What a source loses quietly is told: rows turned away, files that vanish, labels that stay out."""

import gzip
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from monitor.commands.doctor import Sign, signs
from monitor.commands.opening import Setup
from monitor.config import load
from monitor.pipeline import once
from monitor.store.cursors import read_source
from monitor.store.schema import quarantine
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, HOUR, START, Told, written

NOW = datetime(2025, 1, 1, tzinfo=UTC)
A_DAY = 60
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*.csv"}
    labels: {files: "labels/*.csv", max_delay: 5d}
    reference: {files: reference.csv}
    columns: {timestamp: at, id: id, prediction: predicted, scores: p, label: late}
    window: 1d
"""


OF_TABLES = """
database: sqlite:///monitor.db
models:
  fares:
    source: {sql: "sqlite:///app.db", table: bookings, cursor: [at, id], lookback: 1h}
    columns: {timestamp: at, id: id, prediction: predicted, scores: p}
    window: 1d
"""


class Log:
    """A monitor in its folder, and the ways to feed and to ask it."""

    def __init__(self, folder: Path, *, files: str = "logs/*.csv") -> None:
        self.folder, self.told = folder, Told()
        for name in ("logs", "labels"):
            (folder / name).mkdir()
        self.write("reference.csv", range(-20, 0), label=True)
        self.config = load(CONFIG.replace("logs/*.csv", files), place="monitor.yaml", environ={}, read=str)
        monitor = opened(self.config, root=folder)
        self.monitor = Monitor(monitor.database, monitor.watches, {"team": self.told})

    def write(self, name: str, days: Sequence[int], *, form: str = "%Y-%m-%dT%H:%M:%SZ", label: bool = False) -> None:
        written(self.folder / name, days, a_day=A_DAY, form=form, label=label)

    def label(self, days: Sequence[int], *, name: str = "a") -> None:
        lines = ["id,late", *(f"{day}-{row},{row % 2}" for day in days for row in range(A_DAY))]
        (self.folder / f"labels/{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def once(self, now: datetime = NOW) -> dict[str, str]:
        return once(self.monitor, clock=lambda: now, rng=Random(1)).problems

    def heard(self) -> list[tuple[str, str]]:
        return [(alert["detector"], n.transition) for n in self.told for alert in n.alerts if n.kind == "health"]

    def signs(self, now: datetime = NOW) -> list[Sign]:
        return list(signs(Setup(self.config, "monitor.yaml", self.folder), now=now))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.monitor.database.close()


def test_a_small_file_all_of_whose_rows_are_bad_stops_its_source_among_good_ones(log: Log) -> None:
    log.write("logs/a.csv", range(4))
    log.write("logs/b.csv", [4], form="%d/%m/%Y %H:%M")
    log.write("logs/c.csv", [5])
    assert "logs/b.csv: 60 of 60 rows cannot be taken" in log.once()["fares: source"]
    assert log.heard() == [("source", "fired")]
    log.write("logs/b.csv", [4])
    assert log.once() == {}
    with log.monitor.database.read() as connection:
        assert read_source(connection, "fares/records").stored == 6 * A_DAY


def test_bad_rows_that_trickle_in_are_kept_whole_and_told_of(log: Log) -> None:
    log.write("logs/a.csv", range(4))
    log.once()
    for row in range(12):
        assert log.heard() == ([] if row < 11 else [("quarantine", "fired")])
        with (log.folder / "logs/a.csv").open("a", encoding="utf-8") as file:
            file.write(f"05/01/2024 0{row % 10}:00,bad-{row}-{'9' * 300},0.5,0.5,1\n")
        assert log.once() == {}
    (note,) = log.told
    assert "11 of the last 201 rows of the records could not be taken" in note.lines[0]
    assert note.lines[-1].startswith("To do: look at whatever writes these rows")
    with log.monitor.database.read() as connection:
        assert "9" * 300 in connection.scalars(select(quarantine.c.excerpt)).all()[0]
    about = {sign.about: sign for sign in log.signs() if "rows" in sign.said}
    assert about["fares: quarantine"].wrong
    (turned,) = [
        sign for sign in log.signs() if "quarantined," in sign.said and sign.about == "fares/records" and sign.note
    ]
    assert turned.said.startswith(
        "12 rows quarantined, 12 in the last day, such as: 'at' '05/01/2024 00:00' is no time"
    )
    log.once(NOW + 2 * DAY)
    assert log.heard()[1:] == [("quarantine", "resolved")]


def test_files_that_vanish_are_told_of_once_that_lasts_and_until_they_are_back(log: Log) -> None:
    log.write("logs/a.csv", range(4))
    log.once()
    (log.folder / "logs/a.csv").rename(log.folder / "a.csv")
    log.once(NOW)
    assert log.heard() == []  # files may be moved away once they are read
    assert any("no file matches 'logs/*.csv' since" in sign.said and sign.note for sign in log.signs())
    log.once(NOW + 25 * HOUR)
    assert log.heard() == [("no_files", "fired")]
    assert "no file matches logs/*.csv any more, since 2025-01-01 00:00 UTC" in log.told[0].lines[0]
    (log.folder / "a.csv").rename(log.folder / "logs/a.csv")
    log.once(NOW + 26 * HOUR)
    assert log.heard() == [("no_files", "fired"), ("no_files", "resolved")]


@pytest.mark.parametrize("ending", ["mended", "deleted"])
def test_a_file_that_breaks_off_is_told_of_until_it_is_whole_or_gone(tmp_path: Path, ending: str) -> None:
    log = Log(tmp_path, files="logs/*")
    log.write("logs/a.csv", range(4))
    log.write("b.csv", [4])
    whole = gzip.compress((log.folder / "b.csv").read_bytes())
    packed = log.folder / "logs/b.csv.gz"
    packed.write_bytes(whole[: len(whole) // 2])
    written_at = datetime.fromtimestamp(packed.stat().st_mtime, UTC)
    log.once(written_at + timedelta(minutes=9))
    assert log.heard() == []  # it may still be written
    log.once(written_at + timedelta(minutes=11))
    assert log.heard() == [("unreadable_files", "fired")]
    assert "1 file cannot be read (logs/b.csv.gz: cannot be unpacked: " in log.told[0].lines[0]
    assert "write these files again, whole" in log.told[0].lines[-1]
    if ending == "mended":
        packed.write_bytes(whole)
    else:
        packed.unlink()
    log.once(written_at + timedelta(minutes=12))
    assert log.heard()[1:] == [("unreadable_files", "resolved")]
    with log.monitor.database.read() as connection:
        assert read_source(connection, "fares/records").stored == (5 if ending == "mended" else 4) * A_DAY
    log.monitor.database.close()


def test_labels_that_stay_out_are_told_of_by_the_records_clock_until_they_come(log: Log) -> None:
    log.write("logs/a.csv", range(14))
    log.label(range(4))
    log.label(range(1_000, 1_002), name="strange")
    log.once()
    assert log.heard() == [("late_labels", "fired")]
    ((said, alert),) = [(note.lines[0], note.alerts[0]) for note in log.told if note.kind == "health"]
    assert alert["since"] == "2024-01-05T00:00:00Z", "an outage begins with it, and not when it is seen"
    assert "no label has come for records since 2024-01-05 00:00 UTC, 10 days ago by the records' clock" in said
    assert "and max_delay is 5 days; 120 labels wait for records of their ids" in said
    (sign,) = [sign for sign in log.signs() if sign.about == "fares: late labels"]
    assert (sign.wrong, sign.said in said) == (True, True)
    log.label(range(4, 14), name="b")
    log.once(NOW + 100 * DAY)
    assert log.heard() == [("late_labels", "fired"), ("late_labels", "resolved")]


def test_a_bad_row_that_is_read_again_lies_in_quarantine_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(str(START + row * HOUR / 60)[:19], str(row), row / 300, 1) for row in range(300)]
    bad = [(rows[-1][0], f"bad-{row}", b"\xff\x00", row) for row in range(12)]
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("CREATE TABLE bookings (at, id, p, predicted)")
        connection.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?)", rows + bad)
        connection.commit()
    monitor = opened(load(OF_TABLES, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    try:
        for _ in range(3):
            assert once(monitor, clock=lambda: NOW, rng=Random(1)).problems == {}
        with monitor.database.read() as connection:
            state = read_source(connection, "fares/records")
            assert (state.read, state.stored, state.quarantined) == (312 + 2 * (61 + 12), 300, 12)
            assert (state.repeated, len(connection.execute(select(quarantine)).all())) == (2 * (61 + 12), 12)
    finally:
        monitor.database.close()


def test_rows_that_came_below_the_cursor_of_a_table_are_told_of_until_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told, at = Told(), [NOW]

    def booked(days: Sequence[float]) -> None:
        rows = [(str(START + day * DAY)[:19], f"{day}", day / 100, 1) for day in days]
        with closing(sqlite3.connect("app.db")) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS bookings (at, id, p, predicted)")
            connection.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?)", rows)
            connection.commit()

    def once_more(text: str) -> list[Sign]:
        config = load(text, place="monitor.yaml", environ={}, read=str)
        monitor = opened(config, root=tmp_path)
        watches = tuple(replace(w, source=replace(w.source, clock=lambda: at[0])) for w in monitor.watches)  # type: ignore[type-var]
        at[0] += HOUR
        try:
            once(Monitor(monitor.database, watches, {"team": told}), clock=lambda: at[0], rng=Random(1))
            return [
                sign for sign in signs(Setup(config, "monitor.yaml", tmp_path), now=at[0]) if "unread" in sign.about
            ]
        finally:
            monitor.database.close()

    booked([day / 10 for day in range(200)])
    assert once_more(OF_TABLES) == []
    booked([1.05 + day / 10 for day in range(20)])
    (sign,) = once_more(OF_TABLES)
    assert (sign.wrong, sign.said) == (True, "20 rows of bookings lie below the cursor and were never read")
    assert "20 rows of bookings lie below the cursor and were never read" in told[0].lines[0]
    assert "widen `lookback`" in told[0].lines[-1]
    assert once_more(OF_TABLES.replace("1h", "20d")) == []
    assert [(n.kind, n.transition) for n in told] == [("health", "fired"), ("health", "resolved")]
