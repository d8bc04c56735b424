"""Stored records as profiles once more: all of them against another reference, or a window without some clients."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from monitor.profiles.groups import label_groupings, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.steps.labelled import labelled_rows
from monitor.steps.sample import Sample
from monitor.steps.slices import sliced
from monitor.store.profiles import Slice, place_of
from monitor.store.records import read_records
from monitor.watch import Watch


def profiled(connection: Connection, watch: Watch, rows: pa.Table, layout: Layout) -> Iterator[dict[Slice, Profile]]:
    """Profile stored records, then, where labels came by themselves, those that are known by now."""
    profiling = partial(sliced, layout=layout, base=watch.base, segment_values=watch.settings.segment_values)
    yield profiling(rows, summing=profile_groupings)
    if watch.labels is None or watch.roles.id is None or watch.roles.label is None:
        return
    labelled = labelled_rows(connection, watch, rows)
    if labelled.num_rows:
        yield profiling(labelled, summing=label_groupings)


def without_clients(
    connection: Connection, watch: Watch, sample: Sample, clients: Collection[str], layout: Layout
) -> Sample:
    """Give a sample without the rows of some clients, so that an attacker's rows do not pass for drift.

    As it is where all of its rows are theirs, or where its records are not all kept any more.
    """
    role = watch.roles.client
    if role is None or not clients:
        return sample
    found = list(read_records(connection, watch.name, sample.stretch, timestamp=watch.roles.timestamp))
    rows = sum(table.num_rows for table in found)
    others = [_others(table, role, clients) for table in found]
    left = sum(table.num_rows for table in others)
    if rows != sample.whole.rows or not left:
        return sample
    sample = replace(sample, without=frozenset(clients), aside=rows - left)
    if left == rows:
        return sample
    profiles: dict[str, Profile] = {}
    for table in others:
        for part in profiled(connection, watch, table, layout) if table.num_rows else ():
            for place, profile in part.items():
                name = place_of(place)
                profiles[name] = merge(profiles[name], profile) if name in profiles else profile
    return replace(sample, profiles=profiles, everybody=sample.profiles)


def _others(rows: pa.Table, role: str, clients: Collection[str]) -> pa.Table:
    if role not in rows.column_names:
        return rows
    theirs = pc.is_in(rows[role].cast(pa.string()), value_set=pa.array(sorted(clients), pa.string()))
    return rows.filter(pc.invert(theirs))
