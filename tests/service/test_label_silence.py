"""Labels that stop, or come thinned out, are told early, by how they came before and by the records' clock."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from monitor.commands.doctor import Sign, signs
from monitor.commands.opening import Setup
from monitor.config import load
from monitor.pipeline import once
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import DAY, HOUR, START, Told, written

A_DAY, SATURDAY = 40, 5
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*.csv"}
    labels: {files: "labels/*.csv", max_delay: 60d}
    reference: {files: reference.csv}
    columns: {timestamp: at, id: id, prediction: predicted, scores: p, label: late}
    window: 1d
"""


class Log:
    """A monitor in its folder that is fed day by day; labels come two days after their records, on weekdays."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder, self.told, self.due = folder, Told(), list[str]()
        self.config = load(config, place="monitor.yaml", environ={}, read=str)
        if not (folder / "logs").exists():
            for name in ("logs", "labels"):
                (folder / name).mkdir(parents=True)
            self.record(*range(-10, 0), name="reference.csv", label=True)
        monitor = opened(self.config, root=folder)
        self.monitor = Monitor(monitor.database, monitor.watches, {"team": self.told})

    def record(self, *days: int, name: str = "", label: bool = False) -> None:
        written(self.folder / (name or f"logs/{days[0]:03}.csv"), days, a_day=A_DAY, label=label)

    def live(self, days: range, *, share: float = 1.0, look: bool = True) -> None:
        """Live through days: their records come, with a share of the labels that are due, and each is looked at."""
        for day in days:
            self.record(day)
            self.due += [f"{day - 2}-{row},{row % 2}" for row in range(int(share * A_DAY)) if day >= 2]
            if self.due and day % 7 < SATURDAY:
                self.deliver(f"{day:03}")
            if look:
                self.look(day)

    def deliver(self, name: str) -> None:
        (self.folder / f"labels/{name}.csv").write_text("\n".join(["id,late", *self.due]) + "\n", encoding="utf-8")
        self.due.clear()

    def look(self, day: int) -> None:
        assert once(self.monitor, clock=lambda: START + (day + 1) * DAY + HOUR, rng=Random(1)).problems == {}

    def heard(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        return [
            (alert["detector"], notice.transition, alert["text"], notice.lines)
            for notice in self.told
            for alert in notice.alerts
            if notice.kind == "health"
        ]

    def signs(self) -> list[Sign]:
        found = signs(Setup(self.config, "monitor.yaml", self.folder), now=START + 40 * DAY)
        return [sign for sign in found if "label " in sign.about]


@pytest.fixture(scope="module")
def three_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a monitor that has seen more than three weeks of labels and told nothing."""
    folder = tmp_path_factory.mktemp("weeks") / "weeks"
    log = Log(folder)
    log.live(range(24))
    log.monitor.database.close()
    assert log.heard() == []
    return folder


@pytest.fixture
def log_of(three_weeks: Path, tmp_path: Path) -> Iterator[Callable[..., Log]]:
    made = list[Log]()

    def make(name: str, config: str = CONFIG) -> Log:
        made.append(Log(Path(copytree(three_weeks, tmp_path / name)), config))
        return made[-1]

    yield make
    for log in made:
        log.monitor.database.close()


def test_labels_that_stop_are_told_within_days_and_until_they_come(log_of: Callable[..., Log]) -> None:
    log = log_of("kept")
    log.live(range(24, 28), share=0.0)
    assert log.heard() == []
    log.live(range(28, 32), share=0.0)
    ((detector, transition, text, lines),) = log.heard()
    assert (detector, transition) == ("label_silence", "fired")
    said = "no label has come for 6 days, where at most 2 days passed without one; 245 were to be expected"
    assert text.startswith(f"fares: {said}, since 2024-01-26 00:00 UTC; p = ")
    assert lines[-1].startswith("To do: look at whatever writes the labels")
    (sign,) = log.signs()
    assert (sign.about, sign.wrong, sign.said) == ("fares: label silence", True, text.removeprefix("fares: "))
    log.live(range(32, 34))
    assert [what for _, what, *_ in log.heard()] == ["fired", "resolved"]
    assert log.heard()[1][2].startswith("fares: labels come again, began 2024-01-26 00:00 UTC, resolved ")
    assert log.signs() == []


@pytest.mark.parametrize(("max_delay", "told"), [("3d", "late_labels"), ("7d", "label_silence")])
def test_that_labels_stay_out_is_told_once_by_whichever_is_known_first(
    log_of: Callable[..., Log], max_delay: str, told: str
) -> None:
    log = log_of("once", CONFIG.replace("60d", max_delay))
    log.live(range(24, 37), share=0.0)
    assert [(detector, what) for detector, what, *_ in log.heard()] == [(told, "fired")]


def test_catching_up_tells_of_labels_that_stopped_what_keeping_up_told(log_of: Callable[..., Log]) -> None:
    kept, caught = log_of("kept"), log_of("caught")
    kept.live(range(24, 33), share=0.0)
    caught.live(range(24, 33), share=0.0, look=False)
    caught.look(32)
    assert len(kept.heard()) == 1
    assert caught.heard() == kept.heard()


def test_days_in_which_nobody_looked_are_no_silence(log_of: Callable[..., Log]) -> None:
    log = log_of("away")
    log.live(range(24, 36), look=False)
    log.look(35)
    log.live(range(36, 38))
    assert log.heard() == []


def test_a_table_of_labels_says_when_each_was_written_so_that_a_history_tells_what_was_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = Log(
        tmp_path, CONFIG.replace('files: "labels/*.csv"', 'sql: "sqlite:///app.db", table: known, cursor: [at, id]')
    )
    log.record(*range(40))
    known = [
        (f"{START + day * DAY + HOUR:%Y-%m-%d %H:%M:%S}", f"{day - 1}-{row}", row % 2)
        for day in range(1, 40)
        for row in range(A_DAY)
        if not 30 <= day < 34
    ]
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("CREATE TABLE known (at, id, late)")
        connection.executemany("INSERT INTO known VALUES (?, ?, ?)", known)
        connection.commit()
    log.look(39)
    log.monitor.database.close()
    assert [(detector, what) for detector, what, *_ in log.heard()] == [
        ("label_silence", "fired"),
        ("label_silence", "resolved"),
    ]
    assert "no label has come for 2 days, where no day passed without one; 80 were" in log.heard()[0][2]
    assert "began 2024-01-31 00:00 UTC, resolved 2024-02-05 00:00 UTC" in log.heard()[1][2]
