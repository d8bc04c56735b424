"""Which suspected clients only send broken data: their rows in a window, beside the reference."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from monitor.detectors.attack import Baseline, Sighting
from monitor.detectors.attack.indicators import CONTRACT, COPYING, SIMILAR, SWEEP, VOLUME
from monitor.detectors.attack.variations import few_of
from monitor.detectors.suspicion.faulty import (
    FEWEST_ROWS,
    MISSING,
    NEW_CATEGORY,
    NO_VALUE_IN_SOME,
    ODD,
    faulty_columns,
)
from monitor.profiles.bins import CategoryBins
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.profiles.reading import counted
from monitor.profiles.tables import joined, rows_with, rows_without
from monitor.stats.evidence import is_sure
from monitor.steps.baselines import unpacked
from monitor.steps.client_values import made_up, rounded_columns, tries_values
from monitor.steps.tracking import followed_anew
from monitor.store.attacks import read_baselines
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

UNHEARD_OF = "values that no row of the reference has"
OF_INPUTS = ("far_from_population", "odd_combination")
"""Signs that do not hang on the answer."""
LIKE_OTHERS = 0.5
"""Where others' rows show a sign half as often, once some columns are left out, it comes of that."""
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
    columns, shares = dict[str, dict[str, str]](), dict[str, float]()
    tables = list(read_records(connection, watch.name, window, timestamp=watch.roles.timestamp))
    tables = [table for table in tables if role in table.column_names]
    total, alarm = sum(table.num_rows for table in tables), -math.log(watch.settings.attacks.alpha)
    baselines = cache(lambda: unpacked(read_baselines(connection, watch.name)))
    others = [rows_without(table, role, clients) for table in tables]
    for client in sorted(clients):
        rows = [part for table in tables if (part := rows_with(table, role, client)).num_rows]
        if rows:
            own = [one for one in seen if one.client == client and not one.total]
            sent = joined(rows)
            coarse = rounded_columns(sent, others, reference)
            found = broken_columns(sent, own, reference, everybody, coarse=coarse, alarm=alarm)
            more = found and (
                made_up(sent, others, found, reference)
                or tries_values(sent, found, reference)
                or copies_whole_rows(own, found, reference, alarm=alarm)
                or sweeps(own, found, alarm=alarm)
                or asks_more(own, found, alarm=alarm)
                or shows_more(
                    _without(watch, baselines(), [sent], found),
                    alarm=alarm,
                    contract=len(found) > 1,
                    usual=partial(_without, watch, baselines(), others, found),
                )
            )
            columns[client] = {} if more else found
            share = sum(part.num_rows for part in rows) / total
            for name in columns[client]:
                shares[name] = shares.get(name, 0.0) + share
    return Faulty({client: faults for client, faults in columns.items() if faults}, shares)


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


def _without(
    watch: Watch, baselines: Mapping[str, Baseline], tables: Sequence[pa.Table], columns: Collection[str]
) -> list[Sighting]:
    """Give what rows show without some columns, as if they were the first that came."""
    held = [table for table in tables if table.num_rows]
    if not held:
        return []
    rows = joined(held).slice(0, MOST_ROWS)
    rest = rows.drop_columns([name for name in columns if name in rows.column_names])
    return [*followed_anew(watch, baselines, [rest]).sightings.values()]


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


def copies_whole_rows(own: Sequence[Sighting], broken: Mapping[str, str], reference: Profile, *, alarm: float) -> bool:
    """Say whether a client surely sends near-copies of a vector that it breaks, but that holds something.

    A vector is most of its row: without it nobody could see a search, which a length off by a thousandth would hide.
    own: what it showed. broken: columns with what they hold.
    """
    kinds = reference.layout.by_name
    held = any(name in kinds and kinds[name].kind == "vector" and what != MISSING for name, what in broken.items())
    return held and any(one.detector in SIMILAR and is_sure(one.log_e, alarm) for one in own)


def sweeps(own: Sequence[Sighting], broken: Mapping[str, str], *, alarm: float) -> bool:
    """Say whether a client surely tries one value after the other in what it breaks, in rows that are else the same.

    A feed that breaks sends the rows that it sends, each with what is wrong. own, broken: as of `copies_whole_rows`.
    """
    told = (_varied(one) for one in own if one.detector == SWEEP and is_sure(one.log_e, alarm))
    return any(varied and broken.keys() >= varied for varied in told)


def _varied(swept: Sighting) -> set[str]:
    """Name the columns in which the rows of a sweep differ; a number of a vector is told by its column."""
    names = map(str, (swept.evidence.get("cluster") or {}).get("varied") or ())
    return {name.rpartition("[")[0] if name.endswith("]") else name for name in names}


def asks_more(own: Sequence[Sighting], broken: Mapping[str, str], *, alarm: float) -> bool:
    """Say whether a client asks more than any other, or tries one value after the other in what it does not break.

    Neither comes of a broken column, which who searches may break on purpose. own, broken: as of `copies_whole_rows`.
    """
    shown = [one for one in own if one.log_e >= alarm]
    swept = [name for one in shown if one.detector == SWEEP for name in _varied(one)]
    return any(one.detector == VOLUME for one in shown) or any(name not in broken for name in swept)


def shows_more(
    left: Sequence[Sighting],
    *,
    alarm: float,
    contract: bool = False,
    usual: Callable[[], Sequence[Sighting]] = tuple[Sighting, ...],
) -> bool:
    """Say whether a client surely shows what the columns that it breaks do not explain: near-copies, and odd rows.

    Answers are not looked at: they come of these columns, too. contract: whether values that break the contract in
    other columns are, as where several are broken. left: what its rows show without them. usual: gives what
    rows of others do without them, which may look odd by that alone, and more alike. alarm: the evidence that an alarm
    asks for, in nats.
    """
    kinds = (*SIMILAR, *OF_INPUTS, *(CONTRACT if contract else ()))
    signs = [one for one in left if not one.total and one.detector in kinds]
    sure = [one for one in signs if is_sure(one.log_e, alarm)]
    others = _shares([one for one in usual() if one.total]) if sure else {}
    shares = _shares(sure)
    return any(shares[name] * LIKE_OTHERS > others.get(name, 0.0) for name in shares)


def _shares(shown: Iterable[Sighting]) -> dict[str, float]:
    """Give by sign the share of rows that show it."""
    rows, hits = Counter[str](), Counter[str]()
    for one in shown:
        rows[one.detector] += one.rows
        hits[one.detector] += one.hits
    return {name: hits[name] / rows[name] for name in rows if rows[name]}
