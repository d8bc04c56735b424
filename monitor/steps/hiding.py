"""Whether who hides something in its texts only sends what all others of its segment do: a program writes so."""

from collections.abc import Sequence

import pyarrow as pa

from monitor.detectors.attack import Baseline, Sighting
from monitor.detectors.attack.indicators import CONTRACT
from monitor.detectors.attack.writing import text_columns
from monitor.profiles.tables import joined, rows_with
from monitor.types import Roles

CLIENTS, ROWS, MOST = 10, 30, 0.5
"""So many other clients of a segment, of so many rows together, hide something in so large a part of these."""


def hidden_by_all(
    rows: pa.Table, own: Sequence[Sighting], others: Sequence[pa.Table], *, baseline: Baseline, roles: Roles
) -> dict[str, str]:
    """Give the one column of texts in which a client hides what others of its segment do, too, with what it holds.

    rows: the client's. own: what it showed. others: rows of those who are not suspected, of the same time. Nothing
    where it breaks the contract elsewhere, too, or its rows are of several segments.
    """
    shown = (one for one in own if one.log_e > 0 and one.detector in CONTRACT)
    parts = [part for one in shown for part in one.evidence.get("columns") or ()]
    columns = {str(part["column"]) for part in parts}
    if len(columns) != 1 or not any(part.get("hides") for part in parts):
        return {}
    (name,) = columns
    for segment in (one for one in roles.segments if one in rows.column_names):
        values = rows[segment].cast(pa.string()).unique().drop_null().to_pylist()
        if len(values) == 1 and _hide(name, segment, values[0], others, baseline=baseline, client=str(roles.client)):
            return {name: f"hidden characters or look-alike letters, as most others of {segment}={values[0]} do,"}
    return {}


def _hide(name: str, segment: str, value: str, others: Sequence[pa.Table], *, baseline: Baseline, client: str) -> bool:
    held = [rows_with(table, segment, value) for table in others if {segment, name, client} <= {*table.column_names}]
    alike = joined([table for table in held if table.num_rows]) if any(table.num_rows for table in held) else None
    place = next((at for at, text in text_columns(baseline.space) if text == name), None)
    if alike is None or place is None or alike.num_rows < ROWS:
        return False
    hides = baseline.writing.hides(baseline.space, alike)[:, baseline.space.firsts[place]]
    clients = alike[client].filter(pa.array(hides)).unique().drop_null()
    return bool(hides.mean() >= MOST and len(clients) >= CLIENTS)
