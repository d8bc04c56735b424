"""Records are profiled anew while others write, and what came meanwhile is counted once."""

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.config import load
from monitor.pipeline import once
from monitor.profiles.layout import Layout
from monitor.schedule import Period
from monitor.steps import anew
from monitor.steps.anew import profiled_anew
from monitor.steps.reference import kept_reference
from monitor.store.profiles import Kept, Slice, put_profiles
from monitor.store.records import register_model
from monitor.store.references import WHOLE
from monitor.store.schema import profile
from monitor.types import Window
from monitor.watch import Monitor, Watch
from monitor.wiring import opened
from tests.service.scene import DAY, START, made

CONFIG = """
database: {url}
models:
  fares:
    source: {{files: "logs/*.parquet"}}
    labels: {{files: "labels/*.parquet", max_delay: 1d}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, prediction: said, label: late, segments: [place]}}
    window: {window}
"""


def rows(first: int, days: int) -> pa.Table:
    table = made(first, days, rows=60)
    draw = np.random.default_rng(first + 1000)
    table = table.append_column("place", pa.array(draw.choice(["a", "b"], table.num_rows)))
    table = table.append_column("said", pa.array(draw.integers(0, 2, table.num_rows)))
    return table.append_column("late", pa.array(draw.integers(0, 2, table.num_rows)))


def log(folder: Path, first: int, days: int, *, labels: slice) -> None:
    """Write the records of some days, and labels of some of all rows."""
    table = rows(first, days)
    pq.write_table(table.drop_columns(["late"]), folder / "logs" / f"{first:03}.parquet")
    known = pa.concat_tables([rows(one, 2) for one in range(0, first + 1, 2)]).select(["id", "late"])
    chosen = range(known.num_rows)[labels]
    pq.write_table(known.take(list(chosen)), folder / "labels" / f"{first:03}.parquet")


def begun(folder: Path, url: str, *, window: str = "1d") -> Monitor:
    for name in ("logs", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    pq.write_table(rows(-40, 20), folder / "reference.parquet")
    return opened(load(CONFIG.format(url=url, window=window), place="monitor.yaml", environ={}, read=str), root=folder)


def layout_of(monitor: Monitor, watch: Watch) -> Layout:
    known = kept_reference(monitor.database, watch)
    assert known is not None
    return known[WHOLE].layout


def stored(monitor: Monitor) -> dict[Slice, tuple[int, bytes]]:
    with monitor.database.read() as connection:
        found = connection.execute(select(profile)).all()
    return {Slice(Window(r.start, r.end), r.version, r.segment): (r.rows, r.data) for r in found}


def counted(profiles: dict[Slice, Kept]) -> dict[Slice, tuple[int, bytes]]:
    return {place: (kept.rows, kept.data) for place, kept in profiles.items()}


def test_what_came_while_records_were_profiled_is_counted_once(tmp_path: Path, url: str) -> None:
    monitor = begun(tmp_path, url)
    (watch,) = monitor.watches
    log(tmp_path, 0, 2, labels=slice(0, 30))
    once(monitor, clock=lambda: START + 2.1 * DAY, rng=Random(1))
    made_before = profiled_anew(monitor.database, watch, layout_of(monitor, watch))
    # rows of new days, and labels of old ones
    log(tmp_path, 2, 2, labels=slice(30, 150))
    once(monitor, clock=lambda: START + 4.1 * DAY, rng=Random(1))
    was = stored(monitor)
    with monitor.database.write() as connection:
        made_before.write(connection)
    again = profiled_anew(monitor.database, watch, layout_of(monitor, watch))
    assert sum(rows for place, (rows, _) in stored(monitor).items() if place == Slice(place.window)) == 240
    assert {place: rows for place, (rows, _) in stored(monitor).items()} == {p: rows for p, (rows, _) in was.items()}
    assert stored(monitor) == counted(dict(again.profiles))
    monitor.database.close()


def test_windows_of_another_length_are_replaced_whole(tmp_path: Path) -> None:
    url = "sqlite:///monitor.db"
    monitor = begun(tmp_path, url, window="1d")
    log(tmp_path, 0, 2, labels=slice(0, 30))
    once(monitor, clock=lambda: START + 2.1 * DAY, rng=Random(1))
    (watch,) = begun(tmp_path, url, window="6h").watches
    assert watch.base == Period(1, "h")
    layout = layout_of(monitor, monitor.watches[0])
    made_before = profiled_anew(monitor.database, watch, layout)
    log(tmp_path, 2, 2, labels=slice(30, 150))
    once(monitor, clock=lambda: START + 4.1 * DAY, rng=Random(1))
    with monitor.database.write() as connection:
        made_before.write(connection)
    assert stored(monitor) == counted(dict(profiled_anew(monitor.database, watch, layout).profiles))


def test_others_write_while_records_are_profiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = begun(tmp_path, "sqlite:///monitor.db")
    log(tmp_path, 0, 2, labels=slice(0, 30))
    once(monitor, clock=lambda: START + 2.1 * DAY, rng=Random(1))
    pq.write_table(rows(-50, 20), tmp_path / "reference.parquet")
    profiled, names = anew.profiled, list[str]()

    def while_others_write(*args: object) -> object:
        names.append(f"other-{len(names)}")
        with monitor.database.write() as connection:
            register_model(connection, names[-1], now=START)
        return profiled(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(anew, "profiled", while_others_write)
    assert once(monitor, clock=lambda: START + 2.2 * DAY, rng=Random(1)).problems == {}
    assert names


def test_profiles_that_are_put_in_place_are_as_they_were_made(tmp_path: Path, url: str) -> None:
    monitor = begun(tmp_path, url)
    once(monitor, clock=lambda: START, rng=Random(1))
    kept = {Slice(Window(START + day * DAY, START + (day + 1) * DAY)): Kept(day + 1, 7, b"x") for day in range(700)}
    with monitor.database.write() as connection:
        put_profiles(connection, "fares", kept)
    assert stored(monitor) == counted(kept)
    monitor.database.close()
