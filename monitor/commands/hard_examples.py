"""`monitor export --hard-examples`: what attackers sent, with the right answers, ready to be mixed into training."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from sqlalchemy import Connection

from monitor.commands.rows import common_schema, fitted
from monitor.detectors.suspicion.suspects import client_of
from monitor.errors import MonitorError
from monitor.profiles.tables import rows_with
from monitor.schedule import window_of
from monitor.steps.labelled import with_labels
from monitor.store.alerts import Episode, read_episodes
from monitor.store.measurements import breached_windows
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

KINDS = ("attack.evasion", "attack.extraction", "attack.privacy", "attack.probing", "attack.poisoning")
ALERT = "attack_alert"
MOMENT = timedelta(microseconds=1)
FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Flagged:
    """What a client sent in windows that breached while an attack alert about it lasted."""

    client: str
    window: Window
    alert: str


def hard_examples(connection: Connection, watch: Watch) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Give the records of clients under attack alarm whose labels are known, and the column `attack_alert`.

    Only of windows in which they were suspected, since stolen accounts are honest before and after; and not of clients
    who look like people that ask "what if", or whose data are broken.

    MonitorError where records name no client, no label is configured, or nothing is flagged and labelled.
    """
    for role, name in (("client", watch.roles.client), ("label", watch.roles.label)):
        if name is None:
            raise MonitorError(f"{watch.name}: without columns.{role} there are no hard examples; name that column")
    episodes = read_episodes(connection, watch.name)
    flagged = _merged(one for episode in episodes for one in _flagged(connection, watch, episode))
    if not flagged:
        raise MonitorError(f"{watch.name}: no client has been under an attack alarm; there are no hard examples")
    tables = [table for one in flagged for table in _labelled(connection, watch, one)]
    if not tables:
        clients = len({one.client for one in flagged})
        problem = f"no label is known yet of what {clients} flagged {'client' if clients == 1 else 'clients'} sent"
        raise MonitorError(f"{watch.name}: {problem}; try again when labels have come")
    schema = common_schema(table.schema for table in tables)
    return schema, (fitted(table, schema) for table in tables)


def _flagged(connection: Connection, watch: Watch, episode: Episode) -> Iterator[Flagged]:
    client = client_of(episode.segment)
    if client is None or episode.kind not in KINDS or episode.severity == "info" or episode.origin == "data_quality":
        return
    begun = window_of((episode.begun or episode.fired_at) - MOMENT, watch.period).start
    lasted = Window(begun, episode.resolved_at or FOREVER)
    of_it = breached_windows(connection, watch.name, detector=episode.detector, segment=episode.segment)
    within = [one for one in of_it if lasted.start <= one.start and one.end <= lasted.end]
    for window in within or [lasted]:
        yield Flagged(client, window, episode.id)


def _merged(flagged: Iterable[Flagged]) -> list[Flagged]:
    """Put together what overlaps, so that a record that several alerts are about comes once."""
    found: list[Flagged] = []
    for one in sorted(flagged, key=lambda one: (one.client, one.window)):
        last = found[-1] if found else None
        if last and last.client == one.client and one.window.start <= last.window.end:
            end = max(last.window.end, one.window.end)
            found[-1] = replace(last, window=Window(last.window.start, end))
        else:
            found.append(one)
    return found


def _labelled(connection: Connection, watch: Watch, flagged: Flagged) -> Iterator[pa.Table]:
    client, label = str(watch.roles.client), str(watch.roles.label)
    for rows in read_records(connection, watch.name, flagged.window, timestamp=watch.roles.timestamp):
        if client not in rows.column_names:
            continue
        theirs = rows_with(rows, client, flagged.client)
        known = with_labels(connection, watch, theirs)
        if known.num_rows and label in known.column_names:
            known = known.filter(known[label].is_valid())
            if known.num_rows:
                yield known.append_column(ALERT, pa.array([flagged.alert] * known.num_rows))
