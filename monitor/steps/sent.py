"""A window's rows by who sent them: each client's part in how columns differ."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.profiles.bins import NumericBins
from monitor.profiles.contributions import Contribution, Counts, contributions
from monitor.profiles.layout import Column
from monitor.profiles.placing import Places, places_of
from monitor.profiles.reading import holding
from monitor.profiles.tables import joined
from monitor.steps.poisoning import contributors_of
from monitor.store.records import read_records
from monitor.types import Roles, Window


@dataclass(frozen=True, eq=False)
class Sent:
    """Clients' names, of each row the place of its client's, below 0 for none, shape (rows,), and the rows."""

    names: tuple[str, ...]
    who: Places
    rows: pa.Table

    @classmethod
    def read(
        cls, connection: Connection, model: str, roles: Roles, columns: Iterable[str], window: Window
    ) -> "Sent | None":
        """Read columns of a window's rows; None where records name no client, or are not kept any more."""
        if roles.client is None:
            return None
        wanted = list(dict.fromkeys([roles.client, *columns]))
        read = read_records(connection, model, window, timestamp=roles.timestamp, columns=wanted)
        parts = [rows for rows in read if rows.num_rows and set(wanted) <= set(rows.column_names)]
        if not parts:
            return None
        rows = joined(parts)
        who, names = contributors_of(rows, roles.client)
        return None if who is None else cls(names, who, rows)

    def places(self, column: Column) -> Places:
        """Give the bin of each row's value, below 0 where it has none, shape (rows,)."""
        return places_of(self.rows[column.name], column)

    def within(self, segment: str) -> NDArray[np.bool_]:
        """Mark the rows of a segment, `name=value`; all where it is empty."""
        if not segment:
            return np.ones(self.rows.num_rows, np.bool_)
        name, _, value = segment.partition("=")
        return holding(self.rows[name], value)

    def without(self, clients: Collection[str]) -> "Sent":
        """Give the same rows, some clients' as those of nobody."""
        aside = np.array([*(name in clients for name in self.names), False], np.bool_)
        return replace(self, who=np.where(aside[self.who], -1, self.who))

    def contributed(
        self, column: Column, before: Counts, after: Counts | None, *, segment: str = ""
    ) -> list[Contribution]:
        """Give each client's part in how a column differs in a segment, as `contributions` does.

        after: counts of a window by bin; None for those of these rows, as far as they have a client.
        """
        who, places = np.where(self.within(segment), self.who, -1), self.places(column)
        if after is None:
            after = np.bincount(places[(places >= 0) & (who >= 0)], minlength=column.bins.size)
        ordered = isinstance(column.bins, NumericBins)
        return contributions(self.names, places, who=who, before=before, after=after, ordered=ordered)
