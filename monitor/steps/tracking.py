"""Follow queries: every fresh row goes, in the order of arrival, to what is known of its client and of rows like it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from monitor.detectors.attack import Baseline, Sighting, State, merge, track
from monitor.names import short_name
from monitor.profiles.tables import rows_with
from monitor.steps.baselines import by_version, unpacked
from monitor.steps.sightings import row_of, seen, storable
from monitor.store.attacks import (
    Followed,
    forget_followed,
    put_sightings,
    read_baselines,
    read_followed,
    same_sightings,
    write_followed,
)
from monitor.store.database import Database
from monitor.store.pages import Changes, changes
from monitor.store.records import read_segment, segment_numbers
from monitor.watch import Watch

Place = tuple[str, str, str, datetime]

PATTERN = frozenset("*?[")
"""What makes a client's name in the configuration a pattern, as a shell has it."""


@dataclass(frozen=True)
class Step:
    """What a batch changed of one version's queries: followed until now, the arrays after it, and what to write."""

    before: Followed
    rows: int
    arrays: Mapping[str, Any]
    changed: Changes

    @property
    def after(self) -> Followed:
        """Give how far they have been followed once it is written."""
        return Followed(self.before.revision + 1, self.before.rows + self.rows, self.arrays)


@dataclass(frozen=True)
class Tracked:
    """What came of following a batch, by version; nothing is written yet."""

    steps: Mapping[str, Step]
    sightings: Mapping[Place, Sighting]

    def write(self, connection: Connection, name: str) -> None:
        """Write it, in the transaction that stores the rows. Raises MonitorError where another process was faster."""
        for version, step in self.steps.items():
            write_followed(connection, name, version, after=step.before, rows=step.rows, changed=step.changed)
        new = [row_of(place[0], sighting) for place, sighting in self.sightings.items()]
        kept = {
            _place(row["version"], one): one for row in same_sightings(connection, name, new) for one in [seen(row)]
        }
        merged = {place: merge(kept[place], one) if place in kept else one for place, one in self.sightings.items()}
        put_sightings(connection, name, [row_of(place[0], one) for place, one in merged.items()])


class Tracking:
    """How far a model's queries have been followed, as one pass knows it; read from the store when rows come."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self._database, self._watch = database, watch
        self._baselines: dict[str, Baseline] | None = None
        self._followed: dict[str, Followed] = {}

    def follow(self, rows: pa.Table) -> Tracked | None:
        """Follow a batch without writing anything; None where there is nothing to lay queries beside."""
        if not self._watch.settings.watches_attacks or not rows.num_rows:
            return None
        if self._baselines is None:
            with self._database.read() as connection:
                self._baselines = unpacked(read_baselines(connection, self._watch.name))
        parts = by_version(rows, self._watch.roles.version, self._baselines)
        for version in parts.keys() - self._followed.keys():
            with self._database.read() as connection:
                self._followed[version] = read_followed(connection, self._watch.name, version)
        return tracked(self._watch, self._baselines, self._followed, parts)

    def accept(self, done: Tracked | None) -> None:
        """Take in what was committed."""
        self._followed |= {version: step.after for version, step in done.steps.items()} if done else {}


def tracked(
    watch: Watch, baselines: Mapping[str, Baseline], followed: Mapping[str, Followed], parts: Mapping[str, pa.Table]
) -> Tracked:
    """Follow the rows of each version."""
    steps, found = dict[str, Step](), dict[Place, Sighting]()
    for version, rows in parts.items():
        before = followed.get(version, Followed())
        arrays, sightings = _tracked(watch, baselines[version], before.arrays, rows)
        steps[version] = Step(before, rows.num_rows, arrays, changes(before.arrays, arrays))
        _gather(found, version, sightings)
    return Tracked(steps, found)


@dataclass(frozen=True)
class Stored:
    """What came of following all records up to a segment, to be written in the place of what was known before."""

    watch: Watch
    baselines: Mapping[str, Baseline]
    tracked: Tracked
    last: int

    def write(self, connection: Connection) -> None:
        """Write it, after the records that have come in the meantime were followed too."""
        name = self.watch.name
        forget_followed(connection, name)
        self.tracked.write(connection, name)
        for number in segment_numbers(connection, name):
            if number > self.last:
                parts = by_version(read_segment(connection, number), self.watch.roles.version, self.baselines)
                known = {version: read_followed(connection, name, version) for version in parts}
                tracked(self.watch, self.baselines, known, parts).write(connection, name)


def follow_stored(
    database: Database, watch: Watch, baselines: Mapping[str, Baseline], *, behind: datetime | None = None
) -> Stored:
    """Follow all stored records from the first on, without writing anything; behind: only those that came later."""
    with database.read() as connection:
        numbers = segment_numbers(connection, watch.name) if baselines else []
        tables = (read_segment(connection, number) for number in numbers)
        if behind is not None:
            tables = (table.filter(pc.greater(table[watch.roles.timestamp], behind)) for table in tables)
        return Stored(watch, baselines, followed_anew(watch, baselines, tables), max(numbers, default=0))


def followed_anew(watch: Watch, baselines: Mapping[str, Baseline], tables: Iterable[pa.Table]) -> Tracked:
    """Follow stored records from the first on, as they came, when what they are laid beside has changed."""
    arrays, counts = dict[str, Mapping[str, Any]](), dict[str, int]()
    found = dict[Place, Sighting]()
    for table in tables if baselines else ():
        for version, rows in by_version(table, watch.roles.version, baselines).items():
            arrays[version], sightings = _tracked(watch, baselines[version], arrays.get(version, {}), rows)
            counts[version] = counts.get(version, 0) + rows.num_rows
            _gather(found, version, sightings)
    steps = {v: Step(Followed(), counts[v], held, changes({}, held)) for v, held in arrays.items()}
    return Tracked(steps, found)


def _tracked(
    watch: Watch, baseline: Baseline, arrays: Mapping[str, Any], rows: pa.Table
) -> tuple[Mapping[str, Any], list[Sighting]]:
    attacks = watch.settings.attacks
    state = State.of(arrays) if arrays else State.empty(baseline)
    after, sightings = track(
        baseline,
        state,
        rows,
        watch.roles,
        length=watch.base.shortest,
        alpha=attacks.alpha,
        expected=expected_clients(rows, watch.roles.client, attacks.similar_rows),
        rescoring=expected_clients(rows, watch.roles.client, attacks.known_rows),
    )
    hidden = watch.seed if attacks.show_values == "hashed" else None
    return after.arrays(), [storable(one, hidden) for one in sightings]


def expected_clients(rows: pa.Table, client: str | None, declared: Sequence[str]) -> set[str]:
    """Name the clients that are declared: named ones, those of a pattern such as `gw-*`, and of named segments."""
    found = set(map(short_name, declared))
    if client is None or client not in rows.column_names:
        return found
    patterns = [name for name in declared if PATTERN & {*name}]
    if patterns:
        found |= {name for name in _clients(rows, client) if any(fnmatchcase(name, one) for one in patterns)}
    for name in declared:
        column, _, value = name.partition("=")
        if value and column in rows.column_names:
            found |= set(_clients(rows_with(rows, column, value), client))
    return found


def _clients(rows: pa.Table, client: str) -> list[str]:
    return [short_name(text) for text in rows[client].cast(pa.string()).unique().to_pylist() if text]


def _gather(found: dict[Place, Sighting], version: str, sightings: Iterable[Sighting]) -> None:
    for one in sightings:
        place = _place(version, one)
        found[place] = merge(found[place], one) if place in found else one


def _place(version: str, one: Sighting) -> Place:
    return version, one.detector, one.client, one.start
