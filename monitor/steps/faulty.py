"""Which suspected clients only send broken data: their rows in a window, beside the reference."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from monitor.detectors.attack import Sighting
from monitor.detectors.attack.indicators import CONTRACT, COPYING, SIMILAR, TAILS
from monitor.detectors.attack.indicators import ODD as ALL_ROUND
from monitor.detectors.attack.variations import few_of
from monitor.detectors.suspicion.faulty import FEWEST_ROWS, NEW_CATEGORIES, NEW_CATEGORY, ODD, faulty_columns
from monitor.profiles.bins import CategoryBins
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.profiles.reading import counted
from monitor.profiles.tables import joined, rows_with
from monitor.stats.evidence import is_sure
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

UNHEARD_OF = "values that no row of the reference has"


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
    """Say which of some clients send broken data in a window, and show nothing that this does not explain.

    everybody: the profile of all its rows. seen: what clients showed in it.
    """
    role = watch.roles.client
    if role is None or not clients:
        return Faulty()
    columns, shares = dict[str, dict[str, str]](), dict[str, float]()
    tables = list(read_records(connection, watch.name, window, timestamp=watch.roles.timestamp))
    tables = [table for table in tables if role in table.column_names]
    total, alarm = sum(table.num_rows for table in tables), -math.log(watch.settings.attacks.alpha)
    for client in sorted(clients):
        rows = [part for table in tables if (part := rows_with(table, role, client)).num_rows]
        if rows:
            own = [one for one in seen if one.client == client and not one.total]
            columns[client] = _faults(joined(rows), own, reference, everybody, alarm=alarm)
            share = sum(part.num_rows for part in rows) / total
            for name in columns[client]:
                shares[name] = shares.get(name, 0.0) + share
    return Faulty({client: faults for client, faults in columns.items() if faults}, shares)


def _faults(
    rows: pa.Table, own: Sequence[Sighting], reference: Profile, everybody: Profile, *, alarm: float
) -> dict[str, str]:
    """Name the columns that a client's rows break, with what they hold, where it shows no more than that explains."""
    profile = profile_table(rows, reference.layout)
    if profile.rows < FEWEST_ROWS:
        found = _of_few_rows(own)
    else:
        found = faulty_columns(reference, profile, everybody, odd=_off_contract(own))
    found = found or new_category(rows, reference, own) or written_otherwise(own, reference, alarm=alarm)
    return {} if _shows_more(own, found, alarm=alarm) else found


def _off_contract(own: Sequence[Sighting]) -> dict[str, float]:
    """Give the one column in which a client's rows are off contract, and the share of its rows that are so.

    own: what it showed. Nothing where there are several, or where it sends near-copies: so do those who vary rows step
    by step. Nor where texts hide something, which no feed does by itself.
    """
    shown = (one for one in own if one.detector == "off_contract")
    strongest = max(shown, key=lambda one: one.hits, default=None)
    columns = list(strongest.evidence.get("columns") or ()) if strongest else []
    if strongest is None or len(columns) != 1 or _hides(columns) or any(one.detector in COPYING for one in own):
        return {}
    return {columns[0]["column"]: columns[0]["share"] * strongest.hits / max(strongest.rows, 1)}


def _of_few_rows(own: Sequence[Sighting]) -> dict[str, str]:
    """Give the one column by which rows break the contract that are too few to be profiled, with what it holds.

    own: what the client showed. Nothing where it shows anything else.
    """
    shown = [one for one in own if one.log_e > 0]
    parts = [part for one in shown for part in one.evidence.get("columns") or ()]
    columns = {str(part["column"]) for part in parts}
    if len(columns) != 1 or _hides(parts) or any(one.detector not in CONTRACT for one in shown):
        return {}
    return dict.fromkeys(columns, UNHEARD_OF)


def new_category(rows: pa.Table, reference: Profile, own: Sequence[Sighting]) -> dict[str, str]:
    """Give the one column in which a client's rows are malformed, where that is by one unheard-of category alone.

    As those of a client are that has begun to send it: who probes for what a model takes tries one after the other.
    own: what it showed.
    """
    malformed = [part for one in own if one.detector == "malformed" for part in one.evidence.get("columns") or ()]
    columns = {str(part["column"]) for part in malformed}
    name = min(columns, default="")
    bins = reference.layout.by_name[name].bins if name in reference.layout.by_name else None
    if len(columns) != 1 or not isinstance(bins, CategoryBins) or rows[name].null_count:
        return {}
    texts = list(counted(rows[name]))
    unheard = int((bins.codes(texts) == bins.unseen).sum())
    return {name: NEW_CATEGORY} if unheard == 1 else {}


def written_otherwise(own: Sequence[Sighting], reference: Profile, *, alarm: float) -> dict[str, str]:
    """Give the few columns in which a client's rows have more decimals, where these are all that speaks against it.

    As those of a client have that fills in means, or no longer rounds its coordinates: who searches with numbers as
    they come changes all of a row's. own: what it showed. alarm: the evidence that an alarm asks for, in nats.
    """
    shown = [part for one in own if one.detector == "off_contract" for part in one.evidence.get("columns") or ()]
    columns = {str(part["column"]) for part in shown}
    few = few_of(sum(column.role == "feature" for column in reference.layout.columns))
    others = any(one.detector != "off_contract" and one.log_e >= alarm for one in own)
    if others or len(columns) > few or _hides(shown) or any(one.detector in COPYING for one in own):
        return {}
    return dict.fromkeys(sorted(columns), ODD)


def _hides(columns: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether texts of any of some columns, as an account names them, hide something."""
    return any(column.get("hides") for column in columns)


def _shows_more(own: Sequence[Sighting], faults: Mapping[str, str], *, alarm: float) -> bool:
    """Say whether a client surely shows what broken columns do not explain.

    That is near-copies, and rows that are odd otherwise, where its columns hold no more than unheard-of categories, for
    these are not looked at: a number that stays makes near-copies of all rows. own: what it showed. alarm: the evidence
    that an alarm asks for, in nats.
    """
    if not faults or not set(faults.values()) <= {UNHEARD_OF, NEW_CATEGORIES, NEW_CATEGORY}:
        return False
    return any(one.detector in (*SIMILAR, *TAILS, ALL_ROUND) and is_sure(one.log_e, alarm) for one in own)
