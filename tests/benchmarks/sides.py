"""What is measured, one function a side, each run in a process of its own: `sides.py NAME JSON` prints JSON.

Seconds are CPU time of the process, imports and loading excluded; the runner measures whole processes from outside.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

Seconds = dict[str, float]


@contextmanager
def timed(seconds: Seconds, name: str) -> Iterator[None]:
    """Note the CPU and the wall time of a block."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    seconds[name] = time.process_time() - cpu
    seconds[f"{name}_wall"] = time.perf_counter() - wall


def evidently(records: str, reference: str) -> Seconds:
    """Read both files and compare all records as one window with the reference."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    warnings.simplefilter("ignore")
    seconds: Seconds = {}
    with timed(seconds, "read"):
        frames = [pd.read_parquet(path).drop(columns="timestamp") for path in (records, reference)]
    with timed(seconds, "run"):
        texts = [name for name in frames[0] if name.startswith("text")]
        numbers = [name for name in frames[0] if name.startswith("number")]
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        current, before = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
        found = Report([DataDriftPreset()]).run(current, before).dict()
    assert len(found["metrics"]) == 1 + len(texts) + len(numbers)
    return seconds


def detectors(records: str, reference: str) -> Seconds:
    """Profile a table in memory day by day, and run every detector over every day."""
    import pyarrow as pa

    from monitor.config import Model
    from monitor.profiles.arrow import layout_of
    from monitor.profiles.groups import profile_groupings, profile_table
    from monitor.schedule import Period
    from monitor.steps.measure import compared, measured
    from monitor.steps.parts import laid_beside
    from monitor.steps.slices import sliced

    settings = Model(source={"push": True}, columns={"timestamp": "timestamp"}, window="1d")
    held, rows = pa.concat_tables(_batches(reference)), pa.concat_tables(_batches(records))
    layout = layout_of(held, settings.columns)
    before = {"": profile_table(held, layout)}
    seconds: Seconds = {}
    with timed(seconds, "run"):
        days = sliced(rows, layout, profile_groupings, base=Period(1, "d"), segment_values=20)
        for place, profile in days.items():
            found = list(measured(laid_beside(before, {"": profile}), settings))
            compared(found, settings, window=place.window, settled=True)
    return seconds


def profile(records: str, reference: str) -> Seconds:
    """Read a file and profile it day by day."""
    import pyarrow as pa

    from monitor.profiles.arrow import layout_of
    from monitor.profiles.groups import profile_groupings
    from monitor.profiles.profile import merge
    from monitor.schedule import Period
    from monitor.steps.slices import sliced
    from monitor.types import Roles

    layout = layout_of(pa.concat_tables(_batches(reference)), Roles(timestamp="timestamp"))
    seconds, days = Seconds(), dict[Any, Any]()
    with timed(seconds, "run"):
        for rows in _batches(records):
            for place, part in sliced(rows, layout, profile_groupings, base=Period(1, "d"), segment_values=20).items():
                days[place] = merge(days[place], part) if place in days else part
    return seconds


def scan(records: str) -> Seconds:
    """Have DuckDB read a file on one thread: the sum of every number, the distinct values of every text."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    names = [row[0] for row in connection.execute("DESCRIBE FROM read_parquet(?)", [records]).fetchall()]
    sums = [f"sum({name})" for name in names if name.startswith("number")]
    distinct = [f"count(DISTINCT {name})" for name in names if name.startswith("text")]
    seconds: Seconds = {}
    with timed(seconds, "run"):
        connection.execute(f"SELECT {', '.join(sums + distinct)} FROM read_parquet(?)", [records]).fetchall()  # noqa: S608
    return seconds


def passing(config: str) -> Seconds:
    """Make one pass over a configuration: what a service that runs already does when its turn comes."""
    from monitor.commands.opening import configured, watching
    from monitor.pipeline import once
    from monitor.types import Progress

    windows: list[str] = []
    progress = Progress(window=lambda model, _: windows.append(model))
    seconds: Seconds = {}
    with watching(configured(Path(config))) as monitor, timed(seconds, "run"):
        done = once(monitor, clock=lambda: datetime.now(UTC), rng=Random(0), progress=progress)
    # the empty database is opened once before its first file is there
    assert all("no file matches" in why for why in done.problems.values()), done.problems
    return seconds | {"windows": len(windows)}


def _batches(path: str) -> Iterator[Any]:
    from monitor.sources.files import FilesSource

    place = Path(path)
    for batch in FilesSource(place.name, place.parent).pull({}):
        yield batch.rows


SIDES: dict[str, Callable[..., Seconds]] = {
    side.__name__: side for side in (evidently, detectors, profile, scan, passing)
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(SIDES[sys.argv[1]](**json.loads(sys.argv[2]))) + "\n")
