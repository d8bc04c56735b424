"""What a source loses while the rest of it is seen: rows turned away, files that vanished, labels, rows never read."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from monitor.admission import STOP_ROWS, STOP_SHARE
from monitor.alerts.phrasing import counted, duration, first_of, said, shown
from monitor.config import Data, Model
from monitor.schedule import data_clock, window_of
from monitor.steps.turns import LATE, SILENCE, Turn
from monitor.store.cursors import read_cursors, read_source
from monitor.store.labels import count_waiting
from monitor.store.measurements import Judgement, read_filled, until_last_label
from monitor.store.records import newest_quarantined, record_span
from monitor.types import REFUSED, Measurement

DAY, SETTLED = timedelta(days=1), timedelta(minutes=10)
"""What a file has not changed for so long is no more being written."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_BEHIND = 10_000
"""How many windows behind the last one with a label are looked at; a year of hours, in which labels are long missed."""
EXPECTED = 14
"""So many labels expected and none come: by chance less than once in a million, e^-14."""


def lost_quietly(
    connection: Connection, name: str, model: Model, *, now: datetime, standing: Collection[str] = ()
) -> list[Turn]:
    """Measure what a model's sources lose; each note says that it is too much, and is empty while it is not.

    What cannot be known now is left out. standing: those under alarm, which end later than they begin; labels that
    stay out are told once, by when they came before or by `max_delay`.
    """
    found = (
        _turned_away(connection, name, now, standing),
        _unreadable(connection, name, now),
        _no_files(connection, name, model, now),
        _unread(connection, name, model),
    )
    turns = [Turn(one, now) for one in found]
    late = _late_labels(connection, name, model, now)
    if late is not None and SILENCE in standing and LATE not in standing:
        late = Turn(replace(late.measurement, note=""), now)
    return turns if late is None else [*turns, late]


def _turned_away(connection: Connection, name: str, now: datetime, standing: Collection[str]) -> Measurement:
    """Measure the share of the last rows that could not be taken; so many at once would stop the source."""
    worst, notes, borne = 0.0, [], STOP_SHARE / (2 if "quarantine" in standing else 1)
    for what in ("records", "labels"):
        state = read_source(connection, f"{name}/{what}")
        share = state.recent_bad / max(state.recent_read, STOP_ROWS)
        newest = newest_quarantined(connection, f"{name}/{what}") if share > borne else None
        if newest is not None and now - newest[1] <= DAY:
            last = f"the last at {newest[0].position}: {newest[0].reason}"
            of = f"{state.recent_bad:,.0f} of the last {state.recent_read:,.0f} rows of the {what}"
            notes.append(f"{of} could not be taken, {last}")
            worst = max(worst, share)
    return Measurement("quarantine", worst, note="; ".join(notes))


def _unreadable(connection: Connection, name: str, now: datetime) -> Measurement:
    """Count the files that could not be read, as they break off, but for those that may still be written."""
    since, broken = (now - SETTLED).timestamp() * 1e9, dict[str, str]()
    for what in ("records", "labels"):
        cursors = read_cursors(connection, f"{name}/{what}").items()
        broken |= {shard: str(one[REFUSED]) for shard, one in cursors if REFUSED in one and one["mtime_ns"] <= since}
    named = [f"{shown(shard)}: {said(reason)}" for shard, reason in sorted(broken.items())]
    note = f"{counted(len(broken), 'file')} cannot be read ({first_of(named, 1)})" if broken else ""
    return Measurement("unreadable_files", float(len(broken)), note=note)


def _no_files(connection: Connection, name: str, model: Model, now: datetime) -> Measurement:
    """Measure for how many hours nothing has matched; one window, or a day, is borne where files are moved away."""
    since = read_source(connection, f"{name}/records").empty_since
    age = timedelta(0) if since is None else now - since
    window = window_of(now, model.window)
    if since is None or age < min(window.end - window.start, DAY):
        return Measurement("no_files", age / timedelta(hours=1))
    said = f"no file matches {shown(str(model.source.files))} any more, since {since:%Y-%m-%d %H:%M} UTC"
    return Measurement("no_files", age / timedelta(hours=1), note=said)


def _unread(connection: Connection, name: str, model: Model) -> Measurement:
    """Measure how many rows of a table came below the cursor, as its source counted them."""
    sources: list[tuple[str, Data | None]] = [("records", model.source), ("labels", model.labels)]
    counts = {
        str(data.table): int(state.get("unread", 0))
        for what, data in sources
        if data is not None and data.sql is not None
        for state in read_cursors(connection, f"{name}/{what}").values()
    }
    notes = [
        f"{count:,} rows of {shown(table)} lie below the cursor and were never read"
        for table, count in counts.items()
        if count
    ]
    return Measurement("unread_rows", float(sum(counts.values())), note="; ".join(notes))


def _late_labels(connection: Connection, name: str, model: Model, now: datetime) -> Turn | None:
    """Measure how many labels of overdue windows were to be expected since the last one came, by the data's clock."""
    answers = model.columns.prediction is not None or model.columns.scores
    # labels are counted where they meet answers
    delay = model.labels.max_delay if model.labels and answers else None
    source = read_source(connection, f"{name}/labels")
    span = record_span(connection, name)
    if delay is None or span is None or source.drained_at is None or source.problem:
        return None
    clock = data_clock(span[1], read_source(connection, f"{name}/records").drained_at, model.window)
    known = until_last_label(connection, name)
    behind = read_filled(connection, name, most=MOST_BEHIND, since=known.window.end if known else _EPOCH)
    expected, since = overdue_labels([known, *behind] if known else behind, clock=clock, delay=delay + model.lateness)
    if since is None or expected < EXPECTED:
        return Turn(Measurement(LATE, expected), now)
    waiting = count_waiting(connection, name)
    stray = f"; {waiting:,} labels wait for records of their ids" if waiting else ""
    said = f"no label has come for records since {since:%Y-%m-%d %H:%M} UTC"
    long = f"{duration(clock - since)} ago by the records' clock, and max_delay is {duration(delay)}"
    return Turn(Measurement(LATE, expected, note=f"{said}, {long}{stray}"), now, since)


def overdue_labels(judged: Sequence[Judgement], *, clock: datetime, delay: timedelta) -> tuple[float, datetime | None]:
    """Give how many labels should have come since the last one, and since when.

    judged: windows with rows; those up to the last one with a label may be put together as one. A label is overdue
    one window and `delay` after its window's end. Of rows behind the last window with a label, as large a share is
    expected to have one as of those until then; all where none ever came.
    """
    last = max((one.window.end for one in judged if one.labelled), default=None)
    before = [one for one in judged if last is not None and one.window.end <= last]
    behind = [one for one in judged if last is None or one.window.start >= last]
    overdue = [one for one in behind if one.window.end + (one.window.end - one.window.start) + delay <= clock]
    share = sum(one.labelled for one in before) / sum(one.rows for one in before) if before else 1.0
    return share * sum(one.rows for one in overdue), overdue[0].window.start if overdue else None
