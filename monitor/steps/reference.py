"""The reference of a model: read once, kept in the store, read again only when it or the columns' roles change."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeGuard, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from monitor.admission import admit
from monitor.detectors.attack.baseline import ATTACK_FORMAT
from monitor.detectors.performance.spread import seasons_of
from monitor.errors import ConfigError, SourceError
from monitor.names import with_names
from monitor.profiles.arrow import layout_of
from monitor.profiles.calendar import calendar_of
from monitor.profiles.correlation import WINDOWS_NEEDED, correlation_of
from monitor.profiles.groups import Groups, profile_groupings, profile_table
from monitor.profiles.layout import FORMAT, Layout
from monitor.profiles.profile import Profile, merge
from monitor.profiles.renewal import with_renewal
from monitor.profiles.tables import joined
from monitor.schedule import LEARNED_WINDOWS, window_of
from monitor.steps.anew import profiled_anew
from monitor.steps.baselines import fitted, unpacked
from monitor.steps.groups import group_spreads
from monitor.steps.labelled import with_labels
from monitor.steps.learned import SHARD, labels_came, told_of
from monitor.steps.likeness import SPREAD, levels_told, seasons_told, told_by_windows, told_of_segment
from monitor.steps.of_a_time import times_told
from monitor.steps.parts import VERSION, is_segment
from monitor.steps.slices import grouped, sliced
from monitor.steps.tracking import follow_stored
from monitor.steps.usual import told_by_the_week
from monitor.store.attacks import read_baselines, write_baselines
from monitor.store.cursors import forget_cursors, read_cursors, write_cursors
from monitor.store.database import Database
from monitor.store.profiles import Slice, count_profiled
from monitor.store.records import count_records, read_segment, segment_numbers
from monitor.store.references import WHOLE, read_reference, write_reference
from monitor.types import Batch, Cursor, Source, Window
from monitor.watch import Watch

K = TypeVar("K")
MOST_ROWS = 2_000_000
LEARNED_ROWS = 1_000
RUNS, RUN_ROWS = 64, 100
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)

References = Mapping[str, Profile]


def reference_of(database: Database, watch: Watch, *, now: datetime) -> References | None:
    """Give the profiles of a model's reference by segment, read from its source only when that has changed.

    Without a source of its own the reference is learned from the model's first ten windows of records, or as many as
    hold a thousand rows; None until these are over. Where labels come by themselves it is learned once more when those
    of these windows are known. When the reference changes, the records that are still kept are profiled anew.
    """
    with database.read() as connection:
        known = read_reference(connection, watch.name)
        cursors = read_cursors(connection, watch.reference_source)
    if watch.reference is None:
        learned = _learned(database, watch, cursors if _fits(known, watch) else {}, now=now)
        return learned or (_caught_up(database, watch, known[1]) if _fits(known, watch) else None)
    if known and _fits(known, watch) and not any(batch.read for batch in watch.reference.pull(cursors)):
        return _caught_up(database, watch, known[1])
    tables, read = _bounded(watch.reference)
    if not tables:
        raise ConfigError(f"models.{watch.name}.reference", "holds no rows", "name files or a table that do")
    rows = with_names(joined(tables), watch.roles)
    return _replaced(database, watch, rows, read, now=now)


def kept_reference(database: Database, watch: Watch) -> References | None:
    """Give the reference as it was last read; None where there is none for the columns' present roles.

    Records that come while its source cannot be read are compared with it; stored alone, they would never be counted.
    """
    with database.read() as connection:
        known = read_reference(connection, watch.name)
    return known[1] if known and _fits(known, watch) else None


def _fits(known: tuple[str, References] | None, watch: Watch) -> TypeGuard[tuple[str, References]]:
    return known is not None and known[0].startswith(_roles(watch))


def _caught_up(database: Database, watch: Watch, references: References) -> References:
    """Profile the records anew where some were stored without being counted, while there was no reference."""
    with database.read() as connection:
        counted = count_profiled(connection, watch.name) >= count_records(connection, watch.name)
    if not counted:
        with database.read() as connection:
            baselines = unpacked(read_baselines(connection, watch.name))
        followed = follow_stored(database, watch, baselines)
        anew = profiled_anew(database, watch, references[WHOLE].layout)
        with database.write() as connection:
            anew.write(connection)
            followed.write(connection)
    return references


def _bounded(source: Source) -> tuple[list[pa.Table], dict[str, Cursor]]:
    """Give the first rows of a source, and the cursors of its end, behind which something new is a change."""
    tables, rows, read = list[pa.Table](), 0, dict[str, Cursor]()
    for batch in source.pull({}):
        read[batch.shard] = batch.cursor
        if batch.rows.num_rows and rows < MOST_ROWS:
            tables.append(batch.rows)
            rows += batch.rows.num_rows
    return tables, read


def _learned(database: Database, watch: Watch, cursors: Mapping[str, Cursor], *, now: datetime) -> References | None:
    """Learn a reference, or one that was learned without labels once more; None where there is nothing to learn."""
    told = cursors.get(SHARD)
    with database.read() as connection:
        if told and (told["labelled"] or not labels_came(connection, watch, told)):
            return None
        learned = learned_rows(connection, watch)
        if learned is None:
            return None
        labelled = labels_came(connection, watch, told_of(learned, watch, labelled=False))
        learned = with_labels(connection, watch, learned) if labelled else learned
    # the reference's own rows would all be known for training rows
    newest = pc.max(learned[watch.roles.timestamp]).as_py()
    told = told_of(learned, watch, labelled=labelled)
    return _replaced(database, watch, learned, {SHARD: told}, now=now, behind=newest)


def learned_rows(connection: Connection, watch: Watch, *, most: int = MOST_ROWS) -> pa.Table | None:
    """Give the kept records that a reference is learned from, by time; None until records follow them.

    most: how many rows are enough though they make no ten windows; of these the whole windows count, if they hold a
    thousand.
    """
    tables, rows = [], 0
    for number in segment_numbers(connection, watch.name):
        tables.append(read_segment(connection, number))
        rows += tables[-1].num_rows
        if rows >= most:
            break
    if rows < LEARNED_ROWS:
        return None
    whole = joined(tables).sort_by(watch.roles.timestamp)
    times = whole[watch.roles.timestamp]
    last = window_of(times[0].as_py(), watch.period)
    for _ in range(LEARNED_WINDOWS - 1):
        last = window_of(last.end, watch.period)
    # Where ten windows hold few rows, the learning goes on to the end of the window that holds the thousandth.
    last = max(last, window_of(times[LEARNED_ROWS - 1].as_py(), watch.period))
    learned = whole.filter(pc.less(times, last.end))
    if learned.num_rows < rows:
        return learned
    if rows < most:
        return None
    ended = whole.filter(pc.less(times, window_of(times[-1].as_py(), watch.period).start))
    return ended if ended.num_rows >= LEARNED_ROWS else whole


def _replaced(
    database: Database,
    watch: Watch,
    rows: pa.Table,
    cursors: Mapping[str, Cursor],
    *,
    now: datetime,
    behind: datetime | None = None,
) -> References:
    profiles = profiled_reference(rows, watch)
    baselines = fitted(rows, watch, profiles[WHOLE].layout)
    followed = follow_stored(database, watch, {v: one for v, (_, one) in baselines.items()}, behind=behind)
    anew = profiled_anew(database, watch, profiles[WHOLE].layout)
    packed = {version: (count, one.packed()) for version, (count, one) in baselines.items()}
    fingerprint = _roles(watch) + hashlib.sha256(json.dumps(dict(cursors), default=str).encode()).hexdigest()[:32]
    with database.write() as connection:
        known = read_reference(connection, watch.name)
        if known is None or known[0] != fingerprint:
            write_reference(connection, watch.name, fingerprint, profiles, now=now)
        forget_cursors(connection, watch.reference_source)
        write_cursors(connection, watch.reference_source, cursors)
        write_baselines(connection, watch.name, fingerprint, packed)
        anew.write(connection)
        followed.write(connection)
    return profiles


def profiled_reference(rows: pa.Table, watch: Watch) -> dict[str, Profile]:
    """Give the reference's profiles by segment, "" being all of it.

    Where the reference has times, its own windows say how much more real windows differ than independent rows would,
    and where these are too few, runs of its rows say the least of it.
    """
    layout, segment_values = layout_of(rows, watch.roles), watch.settings.segment_values
    timed = timed_rows(rows, watch)
    if timed is None:
        whole = profile_table(rows, layout, reference=True)
        return {WHOLE: whole} | grouped(rows, layout, segment_values=segment_values)
    summing = partial(profile_groupings, reference=True)
    slices = sliced(timed, layout, summing, base=watch.base, segment_values=segment_values)
    windows: dict[tuple[str, Window], Profile] = {}
    segments: dict[str, Profile] = {}
    for place, profile in slices.items():
        if place.version:
            _add(segments, VERSION + place.version, profile)
            continue
        _add(windows, (place.segment, window_of(place.window.start, watch.period)), profile)
        _add(segments, place.segment, profile)
    held = defaultdict[str, dict[Window, Profile]](dict)
    for part, at in sorted(windows):
        held[part][at] = windows[part, at]
    least = watch.settings.min_rows
    layout = told_by_windows(layout, segments[WHOLE], held[WHOLE], least)
    layout = layout if layout.windows >= WINDOWS_NEEDED else _told_by_runs(layout, timed)
    levels = levels_told(segments[WHOLE], held[WHOLE], least)
    spreads = {**layout.spreads, **group_spreads(windows, layout), **levels}
    layout = told_by_the_week(layout, {at.window: one for at, one in slices.items() if at == Slice(at.window)})
    layout = with_renewal(layout, timed)
    layout = replace(layout, spreads=spreads, calendar=calendar_of(timed[watch.roles.timestamp]))
    layout = replace(layout, seasons=seasons_told(replace(segments[WHOLE], layout=layout), held[WHOLE]))
    own = {
        part: replace(told_of_segment(layout, held[part], least), seasons=seasons_of(held[part], SPREAD))
        for part in segments
        if is_segment(part)
    }
    found = {part: replace(profile, layout=own.get(part, layout)) for part, profile in segments.items()}
    return times_told(found, held, least)


def _told_by_runs(layout: Layout, rows: pa.Table) -> Layout:
    """Give a layout with the likeness of rows that come together, for a reference of too few windows to show it.

    Runs of rows in the order of time have the design effect of what comes in pairs or clumps, not that of days which
    differ: a window has at least as much. The correlation is that with which it comes to the same in a whole window.
    """
    runs = min(RUNS, rows.num_rows // RUN_ROWS)
    if runs < WINDOWS_NEEDED:
        return layout
    order = np.argsort(np.argsort(rows[layout.roles.timestamp].to_numpy(), kind="stable"), kind="stable")
    parts = next(profile_groupings(rows, layout, [Groups(order * runs // rows.num_rows, runs)], reference=True))
    found = correlation_of(parts, layout)
    part = (found.window_rows - 1) / (layout.window_rows - 1)
    columns = tuple(
        replace(
            column,
            correlation=max(column.correlation, part * alike.correlation),
            steepest=max(column.steepest, part * alike.steepest),
        )
        for column, alike in zip(layout.columns, found.columns, strict=True)
    )
    return replace(layout, columns=columns)


def timed_rows(rows: pa.Table, watch: Watch) -> pa.Table | None:
    """Give a reference's rows with their times read; None where it has none, or not of every row."""
    if watch.roles.timestamp not in rows.column_names:
        return None
    untold = replace(watch.roles, id=None)
    try:
        timed = admit(Batch("reference", rows, {}), untold, now=_NEVER).rows
    except SourceError:
        return None
    return timed if timed.num_rows == rows.num_rows else None


def _add(total: dict[K, Profile], key: K, part: Profile) -> None:
    total[key] = merge(total[key], part) if key in total else part


def _roles(watch: Watch) -> str:
    """Give what a reference's fingerprint begins with: what the user says of the columns."""
    roles = asdict(watch.roles) | {"kinds": dict(watch.roles.kinds)}
    if not watch.roles.intersections:
        # what was read before there were any need not be read again
        del roles["intersections"]
    said: list[object] = [roles, str(watch.base), FORMAT]
    said += [ATTACK_FORMAT, *watch.settings.attacks.ignore] if watch.settings.watches_attacks else []
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
