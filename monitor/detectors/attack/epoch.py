"""A stretch of the stream in which all rows meet the same rates, with who asked and what is remembered of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.contract import Faults, most_by_accident
from monitor.detectors.attack.ordering import previous
from monitor.detectors.attack.queries import Queries
from monitor.detectors.attack.sighting import MOST_IDS
from monitor.detectors.attack.space import Rows
from monitor.detectors.attack.templates import Templates

Array = NDArray[Any]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]

LENGTH, MOST_SENDERS = 4096, 20


@dataclass(frozen=True, eq=False)
class Epoch:
    """Rows in the order in which they came.

    first: the place of the first row in the batch. at: each row's number in the stream. place: of its client in the
    arrays of the state, -1 for none; client: a number for the client, 0 for none; asked: how many rows it had sent
    before, where none is named how many did since a multiple of 1,024. exempt: its rows may be near-copies of each
    other; rescored: they may be the reference's. ignored: values that are not looked at, since their column is broken
    for everybody, shape (rows, columns); faults: where rows break the contract otherwise.
    """

    queries: Queries
    rows: Rows
    buckets: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    first: int
    at: Counts
    place: Places
    client: NDArray[np.uint32]
    asked: Counts
    exempt: NDArray[np.bool_]
    rescored: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    faults: Faults

    @cached_property
    def unlooked(self) -> NDArray[np.bool_]:
        """Say which values are not looked at, shape (rows, columns).

        Those that are ignored, and categories that are unheard of, which are a sign by themselves, where they are
        hardly a column of a row.
        """
        split = self.rows.numbers.shape[1]
        few = self.faults.odd.sum(axis=1) <= most_by_accident(self.rows.width)
        unheard_of = self.faults.malformed[:, split:] & few[:, None]
        return np.concatenate([self.ignored[:, :split], self.ignored[:, split:] | unheard_of], axis=1)

    @cached_property
    def looked_at(self) -> Rows:
        """Give the rows without the values that are not looked at: a category counts as the most frequent one."""
        numbers, codes = np.hsplit(self.unlooked, [self.rows.numbers.shape[1]])
        kept = np.where(numbers, np.nan, self.rows.numbers), np.where(codes, 0, self.rows.codes)
        return Rows(*kept, self.rows.sketches)

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        """Say of which rows no value is ignored."""
        return np.asarray(~self.ignored.any(axis=1))

    @cached_property
    def previous(self) -> Places:
        """Give the place of the row that each row's client sent before it, -1 for its first here."""
        return previous(self.place)

    @property
    def size(self) -> int:
        """Count the rows."""
        return int(self.at.size)

    @property
    def begun(self) -> int:
        """Give the number in the stream at which the epoch began, of which these rows may be a part."""
        return int(self.at[0]) // LENGTH * LENGTH

    @property
    def ends(self) -> bool:
        """Say whether the last of these rows is the epoch's last."""
        return (int(self.at[-1]) + 1) % LENGTH == 0

    @property
    def part(self) -> slice:
        """Say where in the batch the rows stand."""
        return slice(self.first, self.first + self.size)

    @property
    def templates(self) -> Templates | None:
        """Give what the rows' texts are but for their numbers."""
        return self.queries.templates.part(self.part) if self.queries.templates else None

    @property
    def classes(self) -> Counts:
        """Give the class that each row got."""
        return self.queries.classes[self.part]

    @property
    def margins(self) -> NDArray[np.float64]:
        """Give the margin of each row's answer."""
        return self.queries.margins[self.part]

    @property
    def slices(self) -> Counts:
        """Give the number of the stretch of time of each row."""
        return self.queries.slices[self.part]

    @property
    def times(self) -> Counts:
        """Give the time of each row, microseconds since 1970."""
        return self.queries.times[self.part]

    def id_of(self, row: int) -> str:
        """Give the id of a row as text, "" where there is none."""
        return self.queries.id_of(self.first + row)

    def senders(self, rows: Places) -> dict[str, Any]:
        """Give which clients sent some rows, as evidence: how many, and the first twenty by how many rows they sent."""
        who = self.queries.who[self.first + rows]
        clients, counts = np.unique_counts(who[who >= 0])
        if not clients.size:
            return {}
        most = np.argsort(-counts, kind="stable")[:MOST_SENDERS]
        told = [{"client": self.queries.names[clients[i]], "rows": int(counts[i])} for i in most.tolist()]
        return {"sent_by": int(clients.size), "senders": told}

    def named(self, rows: Places) -> Mapping[str, Any]:
        """Give when the first of some rows came, its id, and the ids of at most twenty of them, evenly spread."""
        if not rows.size:
            return {}
        chosen = rows[np.unique(np.linspace(0, rows.size - 1, MOST_IDS).astype(np.intp))]
        ids = tuple(filter(None, (self.id_of(row) for row in chosen.tolist())))
        first = int(rows[0])
        return {"first_at": int(self.queries.times[self.first + first]), "first_id": self.id_of(first), "ids": ids}
