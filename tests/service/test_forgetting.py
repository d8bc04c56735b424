"""What is kept no longer goes with the records; what was found and told stays."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
from sqlalchemy import func, select

from monitor.config import load
from monitor.pipeline import once, tidy
from monitor.store.database import Database
from monitor.store.labels import WAITING, add_labels, keys_of
from monitor.store.schema import alert, label, measurement, profile, segment, sighting
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.attackers import CONFIG, HOUR, START, home

NOW = START + timedelta(days=30)


def begun(folder: Path, *, retain: str) -> Monitor:
    text = CONFIG.format(database="sqlite:///monitor.db", more=f"retain: {retain}")
    return opened(load(text, place="monitor.yaml", environ={}, read=str), root=folder)


def held(database: Database) -> list[int]:
    with database.read() as connection:
        return [connection.scalar(select(func.count()).select_from(t)) or 0 for t in (alert, measurement, profile)]


def seen(database: Database) -> set[datetime]:
    with database.read() as connection:
        return set(connection.scalars(select(sighting.c.start)))


def test_sightings_and_stray_labels_go_with_the_records_and_what_was_told_stays(tmp_path: Path) -> None:
    home(tmp_path)
    monitor = begun(tmp_path, retain="90d")
    database = monitor.database
    once(monitor, clock=lambda: NOW, rng=Random(1))
    stray = keys_of(pa.chunked_array([["early", "late"]]))
    with database.write() as connection:
        add_labels(connection, "loans", [(WAITING, stray[0], 1)], at=START + HOUR)
        add_labels(connection, "loans", [(WAITING, stray[1], 1)], at=NOW)
        newest = connection.scalar(select(func.max(segment.c.end)))
    assert newest is not None
    before = seen(database), held(database)
    tidy(monitor)
    assert (seen(database), held(database)) == before
    assert min(before[0]) < START + 3 * HOUR
    database.close()

    monitor = begun(tmp_path, retain="2h")
    tidy(monitor)
    assert {start for start in before[0] if start >= newest - 3 * HOUR} == seen(monitor.database)
    assert held(monitor.database) == before[1]
    with monitor.database.read() as connection:
        assert connection.scalars(select(label.c.key)).all() == [stray[1]]
    monitor.database.close()
