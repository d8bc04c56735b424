"""A model in a folder whose log grows by files of days, and what is told of it pass by pass."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.config import load
from monitor.pipeline import once
from monitor.types import Notice
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {files: "logs/*.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id}
    window: 1d
"""


def made(
    first: int, days: int, *, rows: int = 200, moved: bool = False, broken: float = 0.0, missing: int = 0
) -> pa.Table:
    """Give rows of some days; `moved` shifts a feature by two deviations, `broken` is its share without a value.

    missing: so many of the first rows have none.
    """
    rng, size = np.random.default_rng(100 + first), days * rows
    at = [START + (first + n // rows) * DAY + (n % rows) * (DAY / rows) for n in range(size)]
    age = rng.normal(40, 10, size) + 20 * moved
    gone = (rng.random(size) < broken) | (np.arange(size) < missing)
    columns = {"age": pa.array(age, mask=gone), "speed": rng.normal(10, 2, size)}
    return pa.table({"at": pa.array(at), "id": [f"{first}-{n}" for n in range(size)], **columns})


def times(first: int, days: int, *, a_day: int) -> pa.Array:
    """Give the times of so many rows of each of some days, evenly over the day."""
    seconds = np.tile(np.linspace(60, 86_000, a_day), days)
    day = np.repeat(np.arange(first, first + days), a_day)
    return pa.array([START + int(d) * DAY + timedelta(seconds=int(s)) for d, s in zip(day, seconds, strict=True)])


class Told(list[Notice]):
    """A receiver that keeps what it was sent."""

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.append(notice)


def written(
    path: Path, days: Sequence[int], *, a_day: int, form: str = "%Y-%m-%dT%H:%M:%SZ", label: bool = False
) -> None:
    """Write so many fares of each day as lines of CSV, with their labels where asked for."""
    lines = ["at,id,x,p,predicted" + ",late" * label]
    for day in days:
        for row, p in enumerate(np.random.default_rng(100 + day).random(a_day)):
            at = (START + day * DAY + row * DAY / a_day).strftime(form)
            lines.append(f"{at},{day}-{row},{p / 2},{p},{int(p > 0.5)}" + f",{int(p > 0.4)}" * label)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass
class Scene:
    """A monitor in its folder, what was told, and the day that is over."""

    folder: Path
    monitor: Monitor
    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.notices.append(notice)

    def log(self, name: int, rows: pa.Table) -> None:
        pq.write_table(rows, self.folder / "logs" / f"{name:03}.parquet")

    def once(self, day: float) -> list[tuple[str, str]]:
        """Give what a pass half an hour after the end of a day tells."""
        before = len(self.notices)
        once(self.monitor, clock=lambda: START + (day + 1) * DAY + HOUR / 2, rng=Random(1))
        return [(notice.kind, notice.transition) for notice in self.notices[before:]]


def begun(folder: Path, *, constant: object = None) -> Scene:
    """Give a model that nothing was logged of yet; its reference are 30 days of 200 rows.

    constant: what a further column always holds there; None for no such column.
    """
    (folder / "logs").mkdir(parents=True)
    reference = made(-40, 30)
    if constant is not None:
        reference = reference.append_column("constant", pa.array([constant] * reference.num_rows))
    pq.write_table(reference, folder / "reference.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    scene = Scene(folder, monitor)
    scene.monitor = Monitor(monitor.database, monitor.watches, {"team": scene})
    return scene
