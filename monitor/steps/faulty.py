"""Which suspected clients only send broken data: their rows in a window, beside the reference."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from monitor.detectors.attack import Baseline, Sighting
from monitor.detectors.attack.indicators import CONTRACT, COPYING
from monitor.detectors.attack.variations import few_of
from monitor.detectors.suspicion.faulty import (
    FEWEST_ROWS,
    NEW_CATEGORY,
    NO_VALUE_IN_SOME,
    ODD,
    faulty_columns,
)
from monitor.profiles.bins import CategoryBins
from monitor.profiles.groups import profile_table
from monitor.profiles.placing import places_of
from monitor.profiles.profile import Profile
from monitor.profiles.reading import counted
from monitor.profiles.tables import joined, rows_with, rows_without
from monitor.steps.baselines import unpacked
from monitor.steps.client_values import made_up, rounded_columns, tries_values
from monitor.steps.hiding import hidden_by_all
from monitor.steps.tracking import followed_anew
from monitor.steps.unexplained import asks_more, copies_whole_rows, shows_more, sweeps
from monitor.store.attacks import read_baselines
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

UNHEARD_OF = "values that no row of the reference has"
MOST_ROWS = 2_000
"""So many of a client's rows in a window say what they show without the columns that it breaks."""


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
    tables = list(read_records(connection, watch.name, window, timestamp=watch.roles.timestamp))
    tables = [table for table in tables if role in table.column_names]
    total, columns, shares = sum(table.num_rows for table in tables), dict[str, dict[str, str]](), dict[str, float]()
    others = [rows_without(table, role, clients) for table in tables]
    suspicion = _Suspicion(connection, watch, reference, everybody, others)
    for client in sorted(clients):
        rows = [part for table in tables if (part := rows_with(table, role, client)).num_rows]
        own = [one for one in seen if one.client == client and not one.total]
        held = joined(rows) if rows else pa.table({})
        columns[client] = suspicion.faults(held, own) if rows else {}
        for name, fault in columns[client].items():
            if fault != NEW_CATEGORY or not _others_send(held, name, everybody):
                shares[name] = shares.get(name, 0.0) + held.num_rows / total
    return Faulty({client: faults for client, faults in columns.items() if faults}, shares)


def _others_send(rows: pa.Table, name: str, everybody: Profile) -> bool:
    """Say whether most rows of categories that the reference lacks are others': new things in the world are no fault.

    rows: of one client.
    """
    column = everybody.layout.by_name[name]
    if not isinstance(column.bins, CategoryBins):
        return False
    unseen = column.bins.unseen
    own = int((places_of(rows[name], column) == unseen).sum())
    return bool(everybody.columns[name].counts[unseen] >= 2 * own)


@dataclass(frozen=True)
class _Suspicion:
    """What suspected clients are laid beside; others: the rows of all but them, of the same time."""

    connection: Connection
    watch: Watch
    reference: Profile
    everybody: Profile
    others: Sequence[pa.Table]

    def faults(self, rows: pa.Table, own: Sequence[Sighting]) -> dict[str, str]:
        """Name the columns that a client breaks, with what they hold; none where these do not explain what it shows.

        rows: the client's. own: what it showed.
        """
        alarm, coarse = -math.log(self.watch.settings.attacks.alpha), rounded_columns(rows, self.others, self.reference)
        found = broken_columns(rows, own, self.reference, self.everybody, coarse=coarse, alarm=alarm)
        found = found or self._hidden_by_all(rows, own)
        excused = found and not (
            made_up(rows, self.others, found, self.reference)
            or tries_values(rows, found, self.reference)
            or copies_whole_rows(own, found, self.reference, alarm=alarm)
            or sweeps(own, found, alarm=alarm)
            or asks_more(own, found, alarm=alarm)
            or shows_more(
                self.without(found, [rows]),
                alarm=alarm,
                contract=len(found) > 1,
                usual=partial(self.without, found, self.others),
            )
        )
        return found if excused else {}

    def without(self, columns: Collection[str], tables: Sequence[pa.Table]) -> list[Sighting]:
        """Give what rows show without some columns, as if they were the first that came."""
        held = [table for table in tables if table.num_rows]
        if not held:
            return []
        rows = joined(held).slice(0, MOST_ROWS)
        rest = rows.drop_columns([name for name in columns if name in rows.column_names])
        return [*followed_anew(self.watch, self._baselines, [rest]).sightings.values()]

    def _hidden_by_all(self, rows: pa.Table, own: Sequence[Sighting]) -> dict[str, str]:
        asked = partial(hidden_by_all, rows, own, self.others, roles=self.watch.roles)
        return next(filter(None, (asked(baseline=one) for one in self._baselines.values())), {})

    @cached_property
    def _baselines(self) -> Mapping[str, Baseline]:
        return unpacked(read_baselines(self.connection, self.watch.name))


def broken_columns(
    rows: pa.Table,
    own: Sequence[Sighting],
    reference: Profile,
    everybody: Profile,
    *,
    alarm: float,
    coarse: Mapping[str, tuple[str, float]] | None = None,
) -> dict[str, str]:
    """Name the columns that a client's rows break, with what they hold.

    own: what it showed. coarse: as of `faulty_columns`. alarm: the evidence that an alarm asks for, in nats.
    """
    profile = profile_table(rows, reference.layout)
    if profile.rows < FEWEST_ROWS:
        found = _of_few_rows(own)
    else:
        found = faulty_columns(reference, profile, everybody, odd=_off_contract(own), coarse=coarse)
    return found or seldom_broken(rows, reference, own) or written_otherwise(own, reference, alarm=alarm)


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


def seldom_broken(rows: pa.Table, reference: Profile, own: Sequence[Sighting]) -> dict[str, str]:
    """Give the one column in which a client's rows are malformed, where that is by one unheard-of category alone.

    As those of a client are that has begun to send it: who probes for what a model takes tries one after the other. Or
    by values alone that are missing in some rows. own: what it showed.
    """
    malformed = [part for one in own if one.detector == "malformed" for part in one.evidence.get("columns") or ()]
    columns = {str(part["column"]) for part in malformed}
    name = min(columns, default="")
    bins = reference.layout.by_name[name].bins if name in reference.layout.by_name else None
    if len(columns) != 1 or bins is None or name not in rows.column_names:
        return {}
    unheard = int((bins.codes(list(counted(rows[name]))) == bins.unseen).sum()) if isinstance(bins, CategoryBins) else 0
    if rows[name].null_count:
        return {} if unheard else {name: NO_VALUE_IN_SOME}
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
