"""Queries as they come: the rows of a batch with who asked, when, what was answered, and under which id."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.answers import Classes
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.senders import Hashes, Places, key_of, senders_of
from monitor.detectors.attack.space import Floats, Rows
from monitor.detectors.attack.templates import Templates
from monitor.types import Roles

Flags = NDArray[np.bool_]

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Queries:
    """The rows of a batch, in the order in which they came.

    hidden: which texts hide something, shape (rows, numbers). templates: what texts are but for their numbers, None
    where there are none. names, keys: of the clients; who: the place of each row's client among them, -1 where it names
    none. slices: the number of the stretch of time that each row falls into. ids: texts, "" where there are none.
    absent: the columns that the batch lacks.
    """

    rows: Rows
    hidden: Flags
    templates: Templates | None
    absent: Flags
    classes: Classes
    margins: Floats
    times: NDArray[np.int64]
    slices: NDArray[np.int64]
    length: timedelta
    names: tuple[str, ...]
    keys: Hashes
    who: Places
    ids: pa.ChunkedArray | None

    @classmethod
    def of(cls, table: pa.Table, roles: Roles, baseline: Baseline, *, length: timedelta) -> "Queries":
        """Read a batch. length: of the stretches of time that sightings are gathered in."""
        times = np.asarray(
            table.column(roles.timestamp).cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64()).to_numpy()
        )
        names, who = senders_of(table, roles)
        return cls(
            baseline.space.rows(table),
            baseline.writing.hides(baseline.space, table),
            Templates.of(baseline.space, table),
            baseline.space.absent(table),
            baseline.answers.classes(table),
            baseline.answers.margins(table),
            times,
            times // (length // _MICROSECOND),
            length,
            names,
            np.array([key_of(name) for name in names], np.uint64),
            who,
            table.column(roles.id) if roles.id and roles.id in table.column_names else None,
        )

    @property
    def named(self) -> bool:
        """Say whether any row names its client."""
        return bool(self.names)

    def id_of(self, row: int) -> str:
        """Give a row's id as text, "" where there is none."""
        value = None if self.ids is None else self.ids[row].as_py()
        return "" if value is None else str(value)

    def start(self, number: int) -> datetime:
        """Give when a stretch of time begins."""
        return _EPOCH + number * self.length
