"""Which clients sent the values by which a column is broken."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.alerts.causes import BROKEN_BY
from monitor.alerts.finding import Finding
from monitor.detectors.quality import invalid_share, missing_share, out_of_range_share, repeated_share, unseen_share
from monitor.profiles.bins import CategoryBins
from monitor.profiles.contributions import HEAVIEST
from monitor.profiles.layout import Column, Layout
from monitor.profiles.placing import Places
from monitor.profiles.tables import joined
from monitor.steps.poisoning import contributors_of
from monitor.steps.repeats import sent_again
from monitor.steps.sent import Sent
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

ASKED = {one.NAME for one in (missing_share, invalid_share, unseen_share, out_of_range_share)}


def with_broken_by(
    database: Database, watch: Watch, stepped: Sequence[Finding], layout: Layout, window: Window
) -> list[Finding]:
    """Give a window's findings, those about broken values, or repeated rows, with the clients that sent most of these.

    Nothing is added where records name no client, or are not kept any more.
    """
    asked = {(f.column, f.detector): f for f in stepped if _asks(f, layout)}
    if not asked or watch.roles.client is None:
        return list(stepped)
    with database.read() as connection:
        sent = {place: _senders(connection, watch.name, layout, f, window) for place, f in asked.items()}
    told = {place: {BROKEN_BY: senders} for place, senders in sent.items() if senders}
    return [replace(f, evidence={**f.evidence, **told.get((f.column, f.detector), {})}) for f in stepped]


def _asks(finding: Finding, layout: Layout) -> bool:
    known = finding.detector in ASKED and finding.column in layout.by_name
    breaches = bool(finding.alert.breaches and finding.alert.breaches[-1])
    return breaches and (known or finding.detector == repeated_share.NAME)


def _senders(
    connection: Connection, model: str, layout: Layout, finding: Finding, window: Window
) -> list[dict[str, object]]:
    if finding.detector == repeated_share.NAME:
        return _repeating(connection, model, layout, window)
    sent, column = Sent.read(connection, model, layout.roles, [finding.column], window), layout.by_name[finding.column]
    return (
        [] if sent is None else _most(sent.names, sent.who, are_broken(finding.detector, sent.places(column), column))
    )


def _most(names: Sequence[str], who: Places, told: NDArray[np.bool_]) -> list[dict[str, object]]:
    """Give the clients that sent most of what is told, with their shares of it and of all rows.

    who: the place of each row's client, below 0 for none; told: which rows it is, both of shape (rows,).
    """
    hits, rows = (np.bincount(who[of], minlength=len(names)) for of in (told & (who >= 0), who >= 0))
    most = [place for place in np.argsort(-hits, kind="stable")[:HEAVIEST].tolist() if hits[place] and names[place]]
    shares, traffic = hits / max(int(hits.sum()), 1), rows / max(int(rows.sum()), 1)
    return [
        {"client": names[i], "share": round(float(shares[i]), 3), "traffic": round(float(traffic[i]), 3)} for i in most
    ]


def _repeating(connection: Connection, model: str, layout: Layout, window: Window) -> list[dict[str, object]]:
    """Give the clients that sent most of the rows that repeat an earlier one of their own."""
    roles = replace(layout.roles, label=None)
    features = [column.name for column in layout.columns if column.role in ("feature", "sensitive")]
    wanted = [*([roles.client] if roles.client else []), *features]
    read = read_records(connection, model, window, timestamp=roles.timestamp, columns=wanted)
    tables = [rows for rows in read if rows.num_rows]
    if not tables or any(roles.client not in rows.column_names for rows in tables):
        return []
    rows = joined(tables)
    who, names = contributors_of(rows, roles.client)
    return [] if who is None else _most(names, who, sent_again(rows, roles, features))


def are_broken(detector: str, places: Places, column: Column) -> NDArray[np.bool_]:
    """Say which rows are those that a detector counts, by the bins of their values."""
    if detector in (missing_share.NAME, invalid_share.NAME):
        return np.asarray(places < 0)
    if isinstance(column.bins, CategoryBins):
        return np.asarray(places == column.bins.unseen)
    return np.asarray((places == 0) | (places == column.bins.size - 1))
