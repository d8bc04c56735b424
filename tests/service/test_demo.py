"""The demo, run whole on a part of its days: what arrives, what is said about it, what it leaves behind."""

import json
import socket
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, State, Transition
from monitor.demo.account import answer_to
from monitor.demo.home import CONFIG, DATABASE, MESSAGES, prepared
from monitor.demo.receiver import Message, receiving
from monitor.demo.run import free_port, run
from monitor.demo.screen import answered, show
from monitor.errors import MonitorError
from monitor.notify.post import post
from monitor.store.alerts import alert_rows
from monitor.store.database import open_database
from monitor.store.schema import alert_event, outbox
from monitor.types import Window
from tests.commanding import monitor

NOON = datetime(2013, 5, 14, 12, tzinfo=UTC)
FEED = {"first": date(2013, 5, 10), "last": date(2013, 5, 20)}


def demo(home: Path, *, days_a_pass: int) -> str:
    said = StringIO()
    console = Console(file=said, width=1000)
    assert run(serve=False, home=home, console=console, days_a_pass=days_a_pass, **FEED) == 0
    return said.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def said(home: Path) -> str:
    return demo(home, days_a_pass=400)


def notices(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / MESSAGES).read_text().splitlines()]


def test_the_bad_feed_is_told_with_its_column_and_its_days(said: str) -> None:
    assert "bad feed in temp, May 14 00:00 to May 16 00:00 UTC" in said
    assert "temp: holds a single value" in said
    assert "NOT SEEN" not in said


def test_what_is_not_in_these_days_is_not_accounted_for(said: str) -> None:
    assert "query attack" not in said


def test_every_message_arrives_and_is_shown(home: Path, said: str) -> None:
    sent = notices(home)
    assert sent
    assert f"{len(sent)} messages" in said
    assert all(notice["title"] in said for notice in sent)
    with closing(open_database(f"sqlite:///{home / DATABASE}")) as database, database.read() as connection:
        rows = connection.execute(select(outbox.c.notice, outbox.c.receiver, outbox.c.state)).all()
    assert {row.state for row in rows} == {"delivered"}
    assert Counter(row.receiver for row in rows) == {"team": len(sent), "file": len(sent)}
    assert len({row.notice for row in rows}) == len(rows)


def test_every_transition_of_an_episode_is_told_once(home: Path, said: str) -> None:
    del said
    told = Counter((a["id"], notice["transition"]) for notice in notices(home) for a in notice["alerts"])
    assert set(told.values()) == {1}


def test_what_is_alerted_does_not_depend_on_how_often_the_logs_are_read(home: Path, said: str, tmp_path: Path) -> None:
    del said
    demo(tmp_path, days_a_pass=1)
    assert alerted(tmp_path) == alerted(home)


def alerted(home: Path) -> tuple[Any, list[Any]]:
    with closing(open_database(f"sqlite:///{home / DATABASE}")) as database, database.read() as connection:
        events = select(alert_event.c.fingerprint, alert_event.c.episode, alert_event.c.state, alert_event.c.window_end)
        rows = alert_rows(connection)
        return rounded(sorted(rows, key=lambda row: str(row["id"]))), sorted(map(tuple, connection.execute(events)))


def rounded(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401  # what JSON gives
    """Give alerts with six digits a number: distances are in single precision, a block of rows at a time."""
    return json.loads(json.dumps(rows, default=str), parse_float=lambda text: float(f"{float(text):.6g}"))


def test_the_folder_can_be_worked_with_afterwards(home: Path, said: str) -> None:
    del said
    done = monitor(home, "alerts", CONFIG, "--json")
    assert done.stderr == ""
    assert any(json.loads(line)["column"] == "temp" for line in done.stdout.splitlines())


def test_a_second_run_starts_afresh_and_keeps_foreign_files(tmp_path: Path) -> None:
    (prepared(tmp_path / "home") / "notes.txt").write_text("mine")
    (tmp_path / "home" / "logs" / "2013-03-01.parquet").write_text("old")
    prepared(tmp_path / "home")
    assert {path.name for path in (tmp_path / "home").rglob("*") if path.is_file()} == {"notes.txt", ".monitor-demo"}


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "monitor.yaml").write_text("mine")
    with pytest.raises(MonitorError, match="not made by the demo"):
        prepared(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["monitor.yaml"]


ATTACK = {
    "what": "query attack",
    "start": datetime(2013, 5, 14, 18, tzinfo=UTC),
    "end": datetime(2013, 5, 15, 6, tzinfo=UTC),
    "columns": ("temp",),
    "client": "app-23",
    "rows": 3000,
}


def finding(day: int, *, column: str, state: State = "firing", fired: bool = True, told: bool = True) -> Finding:
    """Give an alert whose first breach was the window of this day of May."""
    window = Window(datetime(2013, 5, day, tzinfo=UTC), datetime(2013, 5, day + 1, tzinfo=UTC))
    alert = Alert(f"{column}{day}", state, episode=1, since=window.start)
    transition: Transition | None = "fired" if fired and told else None
    labels = {"model": "flights", "kind": "drift.data", "detector": "psi", "column": column}
    return Finding(alert, window=window, transition=transition, evidence={"told": told}, value=0.5, **labels)


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([], ["NOT SEEN", "no alert names app-23"]),
        ([finding(13, column="temp")], ["NOT SEEN", "firing before, so not told again: temp psi since May 13"]),
        ([finding(14, column="temp")], ["told May 15  drift.data: temp"]),
        ([finding(15, column="temp")], ["told May 16  drift.data: temp"]),
        ([finding(16, column="temp")], ["NOT SEEN"]),  # the day after
        ([finding(14, column="temp", state="pending", fired=False, told=False)], ["NOT SEEN"]),
        ([finding(14, column="dest")], ["NOT SEEN", "besides May 15  drift.data: dest"]),
        ([finding(14, column="temp", told=False)], ["NOT SEEN", "1 more held back"]),
    ],
)
def test_the_account_says_what_was_seen_and_what_was_not(findings: list[Finding], said: list[str]) -> None:
    account = ["".join(parts) for parts in answered(answer_to(ATTACK, findings))]
    assert all(any(words in line for line in account) for words in said)
    assert any("NOT SEEN" in line for line in account) == ("NOT SEEN" in said)


def test_a_port_that_is_taken_gives_way_to_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)


def test_a_message_is_shown_as_written_and_never_as_markup() -> None:
    payload = {"blocks": [{"text": {"text": "[red]&lt;b&gt;[/red]"}}, {"text": {"text": "a\x1b[2Jb\nsecond\nthird"}}]}
    with receiving() as inbox:
        assert post(inbox.url, json.dumps(payload).encode(), headers={}, now=NOON, private=True) == b"ok"
        (message,) = inbox.taken()
    assert message == Message("[red]<b>[/red]", ("a�[2Jb", "second", "third"))
    said = StringIO()
    show(Console(file=said, width=80), message, on=NOON.date())
    assert said.getvalue().splitlines() == ["▌ May 14  [red]<b>[/red]", "▌ a�[2Jb"]
