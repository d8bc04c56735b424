"""What attacks are looked for with, how far a model's queries have been followed, and what was seen in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from monitor.errors import MonitorError
from monitor.store.database import insert_new
from monitor.store.pages import Changes, Place, arrays_of
from monitor.store.schema import attack_baseline, attack_state, attack_tracking, secret, sighting
from monitor.types import Window

SEED = "attacks"
_CHUNK = 300


@dataclass(frozen=True)
class Followed:
    """How far the queries of a model's version have been followed: revision 0 is not at all."""

    revision: int = 0
    rows: int = 0
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def read_seed(connection: Connection) -> bytes | None:
    """Give the deployment's secret seed; None before it is made."""
    value = connection.scalar(select(secret.c.value).where(secret.c.name == SEED))
    return None if value is None else bytes(value)


def kept_seed(connection: Connection, new: bytes) -> bytes:
    """Give the deployment's secret seed; `new` becomes it where there is none yet."""
    insert_new(connection, secret, name=SEED, value=new)
    return bytes(connection.execute(select(secret.c.value).where(secret.c.name == SEED)).scalar_one())


def write_baselines(
    connection: Connection, name: str, fingerprint: str, baselines: Mapping[str, tuple[int, bytes]]
) -> None:
    """Keep what queries are laid beside, as (rows, packed) by version; "" is the whole reference."""
    connection.execute(delete(attack_baseline).where(attack_baseline.c.model == name))
    for version, (rows, data) in baselines.items():
        values = {"version": version, "fingerprint": fingerprint, "rows": rows, "data": data}
        connection.execute(insert(attack_baseline).values(model=name, **values))


def read_baselines(connection: Connection, name: str) -> dict[str, bytes]:
    """Give the packed baselines by version; none where attacks are not looked for."""
    chosen = select(attack_baseline.c.version, attack_baseline.c.data).where(attack_baseline.c.model == name)
    return {version: bytes(data) for version, data in connection.execute(chosen)}


def with_baselines(connection: Connection) -> list[str]:
    """Name the models that have baselines, in alphabetical order."""
    return list(connection.scalars(select(attack_baseline.c.model).distinct().order_by(attack_baseline.c.model)))


def followed_rows(connection: Connection, name: str) -> int:
    """Count the queries of a model that have been followed, under any version."""
    rows = select(func.coalesce(func.sum(attack_tracking.c.rows), 0)).where(attack_tracking.c.model == name)
    return int(connection.scalar(rows) or 0)


def read_followed(connection: Connection, name: str, version: str) -> Followed:
    """Give how far a version's queries have been followed. Raises MonitorError where its pages are damaged."""
    here = (attack_tracking.c.model == name, attack_tracking.c.version == version)
    head = connection.execute(select(attack_tracking).where(*here)).first()
    if head is None:
        return Followed()
    state = attack_state.c
    chosen = select(state.part, state.page, state.data).where(state.model == name, state.version == version)
    pages: dict[Place, bytes] = {(part, page): bytes(data) for part, page, data in connection.execute(chosen)}
    try:
        arrays = arrays_of(head.shapes, pages)
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise MonitorError(
            f"what is known of the clients of {name} is damaged ({error}); restore the database"
        ) from None
    return Followed(head.revision, head.rows, arrays)


def write_followed(
    connection: Connection, name: str, version: str, *, after: Followed, rows: int, changed: Changes
) -> None:
    """Write the changed pages, in the transaction that stores the rows that changed them.

    after: what was followed until now. rows: how many more now. Raises MonitorError where another process has followed
    queries in the meantime; nothing is written then.
    """
    values = {"revision": after.revision + 1, "rows": after.rows + rows, "shapes": changed.shapes}
    if not _raised(connection, name, version, after.revision, values):
        raise MonitorError(f"another process follows the queries of {name}; this one reads them again")
    _write_pages(connection, name, version, changed)


def _raised(connection: Connection, name: str, version: str, revision: int, values: Mapping[str, Any]) -> bool:
    if revision == 0:
        return insert_new(connection, attack_tracking, model=name, version=version, **values)
    table = attack_tracking
    here = (table.c.model == name, table.c.version == version, table.c.revision == revision)
    return connection.execute(update(table).where(*here).values(**values)).rowcount == 1


def _write_pages(connection: Connection, name: str, version: str, changed: Changes) -> None:
    places = [{"in_part": part, "in_page": page} for part, page in (*changed.written, *changed.emptied)]
    state = attack_state.c
    here = (state.model == name, state.version == version)
    one = (state.part == bindparam("in_part"), state.page == bindparam("in_page"))
    if places:
        connection.execute(delete(attack_state).where(*here, *one), places)
    if changed.written:
        labels = {"model": name, "version": version}
        pages = [labels | {"part": part, "page": page, "data": data} for (part, page), data in changed.written.items()]
        connection.execute(insert(attack_state), pages)


def forget_followed(connection: Connection, name: str) -> None:
    """Forget what is known of a model's queries and what was seen in them, before they are followed anew."""
    for table in (attack_state, attack_tracking, sighting):
        connection.execute(delete(table).where(table.c.model == name))


def forget_sightings(connection: Connection, name: str, *, before: datetime) -> int:
    """Delete what was seen in the hours or days that began before a time; gives how many."""
    old = (sighting.c.model == name, sighting.c.start < before)
    return connection.execute(delete(sighting).where(*old)).rowcount


def sightings_within(connection: Connection, name: str, window: Window) -> list[dict[str, Any]]:
    """Give what was seen in the hours or days that begin within a window, with the table's column names as keys."""
    s = sighting.c
    chosen = (s.model == name, s.start >= window.start, s.start < window.end)
    rows = connection.execute(select(sighting).where(*chosen).order_by(s.start, s.client, s.detector, s.version))
    return [dict(row) for row in rows.mappings()]


def sure_sightings(connection: Connection, name: str, *, since: datetime, log_e: float) -> list[dict[str, Any]]:
    """Give what was seen from `since` on of those of whom something was with so much evidence, in nats, or more."""
    s, one = sighting.c, sighting.alias().c
    sure = select(one.client).where(one.model == name, one.start >= since, one.log_e >= log_e)
    chosen = select(sighting).where(s.model == name, s.start >= since, s.client.in_(sure))
    return [
        dict(row) for row in connection.execute(chosen.order_by(s.start, s.client, s.detector, s.version)).mappings()
    ]


def same_sightings(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the stored sightings of the same hours or days, version, detector and client as these."""
    wanted = {_place(row) for row in rows}
    starts = sorted({row["start"] for row in rows})
    found: list[dict[str, Any]] = []
    for first in range(0, len(starts), _CHUNK):
        here = (sighting.c.model == name, sighting.c.start.in_(starts[first : first + _CHUNK]))
        found += [dict(row) for row in connection.execute(select(sighting).where(*here)).mappings()]
    return [row for row in found if _place(row) in wanted]


def put_sightings(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put sightings in the place of those of the same place; in the transaction that stores the rows seen."""
    new = [dict(row) | {"model": name} for row in rows]
    if not new:
        return
    keys = ("start", "version", "detector", "client")
    here = [sighting.c[key] == bindparam(f"in_{key}") for key in keys]
    connection.execute(
        delete(sighting).where(sighting.c.model == name, *here),
        [{f"in_{key}": row[key] for key in keys} for row in new],
    )
    connection.execute(insert(sighting), new)


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["start"], row["version"], row["detector"], row["client"]
