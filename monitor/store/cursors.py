"""How far each shard of a source has been read, and how the source is doing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from monitor.store.schema import cursor, source_state
from monitor.types import Cursor

_CHUNK = 500
SEGMENTS = "/segments"
"""How what ends that is no source by itself: up to where labels were looked at by segment."""
RECENT = 200
"""How many rows are remembered of what became of a source's rows, beside the last batch's."""


@dataclass(frozen=True)
class SourceState:
    """What came out of a source: `read == stored + quarantined + repeated`.

    live_at: when its records were last up to date; None for a history. drained_at: when it was last read to its end.
    problem: why it stands still; empty while it does not. recent_read: its last rows, some `RECENT` and the last batch;
    recent_bad: those of them that could not be taken. empty_since: since when it has nothing to read from, which it
    once had. known_until: of labels, the records' clock when they were last read to their end. judged_until: up to
    where on that clock it was judged whether they stay out.
    """

    live_at: datetime | None = None
    drained_at: datetime | None = None
    problem: str = ""
    read: int = 0
    stored: int = 0
    quarantined: int = 0
    repeated: int = 0
    recent_read: float = 0.0
    recent_bad: float = 0.0
    empty_since: datetime | None = None
    known_until: datetime | None = None
    judged_until: datetime | None = None


def source_rows(connection: Connection) -> Sequence[RowMapping]:
    """Give how every source is doing, by name; nothing of what is no source by itself."""
    real = source_state.c.source.not_like(f"%{SEGMENTS}")
    return connection.execute(select(source_state).where(real).order_by(source_state.c.source)).mappings().all()


def read_cursors(connection: Connection, source: str) -> dict[str, Cursor]:
    """Give the cursor of every shard of a source that was read before."""
    rows = connection.execute(select(cursor.c.shard, cursor.c.state).where(cursor.c.source == source))
    return {shard: state for shard, state in rows}  # noqa: C416 (the rows are no pairs to mypy)


def write_cursors(connection: Connection, source: str, states: Mapping[str, Cursor]) -> None:
    """Move the cursors of shards; belongs into the transaction that stores the rows in front of them."""
    shards = list(states)
    for start in range(0, len(shards), _CHUNK):
        some = shards[start : start + _CHUNK]
        connection.execute(delete(cursor).where(cursor.c.source == source, cursor.c.shard.in_(some)))
        connection.execute(insert(cursor), [{"source": source, "shard": s, "state": dict(states[s])} for s in some])


def forget_cursors(connection: Connection, source: str) -> None:
    """Have a source read from its beginning."""
    connection.execute(delete(cursor).where(cursor.c.source == source))


def read_source(connection: Connection, source: str) -> SourceState:
    """Say how a source is doing; one that was never read has read nothing."""
    row = connection.execute(select(source_state).where(source_state.c.source == source)).mappings().first()
    return SourceState() if row is None else SourceState(**{k: v for k, v in row.items() if k != "source"})


def count_rows(
    connection: Connection, source: str, *, stored: int, quarantined: int, repeated: int = 0, blameless: int = 0
) -> None:
    """Add the rows of a batch, in the transaction that stores them; blameless: quarantined rows that are no fault."""
    _known(connection, source)
    s, before = source_state.c, read_source(connection, source)
    kept = min(1.0, RECENT / max(before.recent_read, 1))
    added = {
        "read": s.read + stored + quarantined + repeated,
        "stored": s.stored + stored,
        "quarantined": s.quarantined + quarantined,
        "repeated": s.repeated + repeated,
        "recent_read": kept * before.recent_read + stored + quarantined - blameless,
        "recent_bad": kept * before.recent_bad + quarantined - blameless,
    }
    connection.execute(update(source_state).where(s.source == source).values(added))


def note_drained(connection: Connection, source: str, *, at: datetime) -> None:
    """Note that a source was read to its end, which is the end of any problem it had."""
    _known(connection, source)
    known = {"drained_at": at, "problem": "", "empty_since": None}
    connection.execute(update(source_state).where(source_state.c.source == source).values(known))


def note_empty(connection: Connection, source: str, *, at: datetime) -> None:
    """Note that a source was read to its end and had nothing to read from; the first time counts."""
    since = read_source(connection, source).empty_since or at
    note_drained(connection, source, at=at)
    connection.execute(update(source_state).where(source_state.c.source == source).values(empty_since=since))


def note_problem(connection: Connection, source: str, problem: str) -> None:
    """Note why a source stands still."""
    _known(connection, source)
    connection.execute(update(source_state).where(source_state.c.source == source).values(problem=problem))


def note_live(connection: Connection, source: str, *, at: datetime) -> None:
    """Note that a source's records are up to date: from now on a silence means something."""
    _known(connection, source)
    connection.execute(update(source_state).where(source_state.c.source == source).values(live_at=at))


def note_known(connection: Connection, source: str, *, until: datetime) -> None:
    """Note up to when, by the records' clock, labels are known."""
    connection.execute(update(source_state).where(source_state.c.source == source).values(known_until=until))


def note_judged(connection: Connection, source: str, *, until: datetime) -> None:
    """Note up to when, by the records' clock, it was judged whether labels stay out."""
    _known(connection, source)
    connection.execute(update(source_state).where(source_state.c.source == source).values(judged_until=until))


def _known(connection: Connection, source: str) -> None:
    if connection.execute(select(source_state.c.source).where(source_state.c.source == source)).first() is None:
        counts = dict.fromkeys(("read", "stored", "quarantined", "repeated"), 0)
        connection.execute(insert(source_state).values(source=source, problem="", **counts))
