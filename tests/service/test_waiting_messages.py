"""What `once` says of messages that wait behind one that could not be sent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from monitor.commands.passes import once
from monitor.store.database import open_database
from monitor.store.schema import channel_state, outbox
from tests.service.scene import made

MODEL = """
  {name}:
    source: {{files: "logs/*.parquet"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id}}
    window: 1d
"""
# port 9 discards, and nobody listens on it
CONFIG = 'database: sqlite:///monitor.db\nreceivers: {team: {webhook: "http://127.0.0.1:9/", private: true}}\nmodels:'


def test_all_that_wait_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(made(-30, 30), tmp_path / "reference.parquet")
    pq.write_table(made(0, 6, broken=0.6), tmp_path / "logs" / "a.parquet")
    place = tmp_path / "monitor.yaml"
    place.write_text(CONFIG + "".join(MODEL.format(name=name) for name in ("one", "two", "three")))
    for _ in range(2):
        once(place)
        said = capsys.readouterr().out.splitlines()[-1]
        # the second pass tries none, since a receiver that did not answer is left alone for a while
        assert said == "messages: 0 delivered, 3 to be tried again, 0 given up"


def test_what_the_cap_puts_off_is_not_said_to_be_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(made(-30, 30), tmp_path / "reference.parquet")
    pq.write_table(made(0, 6, broken=0.6), tmp_path / "logs" / "a.parquet")
    place = tmp_path / "monitor.yaml"
    place.write_text(CONFIG + MODEL.format(name="one"))
    once(place)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=50)
    database = open_database(f"sqlite:///{tmp_path / 'monitor.db'}")
    with database.write() as connection:
        connection.execute(update(outbox).values(due_at=until, attempts=0))
        connection.execute(update(channel_state).values(failures=0, paused_until=None))
    database.close()
    capsys.readouterr()
    assert once(place) == 0
    when = f"{until:%Y-%m-%d %H:%M} UTC"
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "messages: 0 delivered, 0 to be tried again, 0 given up",
        f"receiver team: 1 message waits until {when}, to go as one, since it has had 30 within an hour",
    ]
