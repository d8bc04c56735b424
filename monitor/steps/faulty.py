"""Which suspected clients only send broken data: their rows in a window, beside the reference."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from monitor.detectors.attack import Sighting
from monitor.detectors.attack.indicators import COPYING
from monitor.detectors.suspicion.faulty import faulty_columns
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.profiles.tables import joined, rows_with
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch


@dataclass(frozen=True)
class Faulty:
    """Clients that break columns, each with the columns and what they hold there; shares: of a window's rows."""

    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    def said(self, client: str | None) -> str:
        """Say in a sentence how a client does; the empty text where it does not."""
        faults = self.columns.get(client or "", {})
        return "; ".join(f"{client} sends {fault} in {name}" for name, fault in faults.items())


def faulty_clients(
    connection: Connection,
    watch: Watch,
    window: Window,
    clients: Collection[str],
    *,
    reference: Profile,
    everybody: Profile,
    seen: Sequence[Sighting],
) -> Faulty:
    """Say which of some clients send broken data in a window.

    everybody: the profile of all its rows. seen: what clients showed in it.
    """
    role = watch.roles.client
    if role is None or not clients:
        return Faulty()
    columns, shares = dict[str, dict[str, str]](), dict[str, float]()
    tables = list(read_records(connection, watch.name, window, timestamp=watch.roles.timestamp))
    tables = [table for table in tables if role in table.column_names]
    total = sum(table.num_rows for table in tables)
    for client in sorted(clients):
        rows = [part for table in tables if (part := rows_with(table, role, client)).num_rows]
        if rows:
            profile = profile_table(joined(rows), reference.layout)
            columns[client] = faulty_columns(reference, profile, everybody, odd=_off_contract(seen, client))
            for name in columns[client]:
                shares[name] = shares.get(name, 0.0) + profile.rows / total
    return Faulty({client: faults for client, faults in columns.items() if faults}, shares)


def _off_contract(seen: Sequence[Sighting], client: str) -> dict[str, float]:
    """Give the one column in which a client's rows are off contract, and the share of its rows that are so.

    Nothing where there are several, or where it sends near-copies: so do those who vary rows step by step.
    """
    own = [one for one in seen if one.client == client and not one.total]
    shown = (one for one in own if one.detector == "off_contract")
    strongest = max(shown, key=lambda one: one.hits, default=None)
    columns = list(strongest.evidence.get("columns") or ()) if strongest else []
    if strongest is None or len(columns) != 1 or any(one.detector in COPYING for one in own):
        return {}
    return {columns[0]["column"]: columns[0]["share"] * strongest.hits / max(strongest.rows, 1)}
