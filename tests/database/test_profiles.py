"""Windows grow by merging, coarser ones are sums of finer ones, and slices of the traffic are kept apart."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from monitor.profiles.bins import NumericBins
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile
from monitor.store.database import Database
from monitor.store.profiles import Slice, add_profiles, forget_profiles, read_profiles, revisions
from monitor.store.records import register_model
from monitor.types import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAYOUT = Layout((Column("x", "numeric", "feature", "number", NumericBins.of(np.arange(50.0))),))


def hour(number: int, hours: int = 1) -> Window:
    return Window(NOON + number * HOUR, NOON + (number + hours) * HOUR)


def profiled(*values: float) -> Profile:
    return profile_table(pa.table({"x": pa.array(values, pa.float64())}), LAYOUT)


def add(database: Database, added: dict[Slice, Profile]) -> None:
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        add_profiles(connection, "m", added)


def kept(database: Database, window: Window) -> dict[str, Profile]:
    with database.read() as connection:
        return read_profiles(connection, "m", window, LAYOUT)


def seen(database: Database) -> dict[Window, int]:
    with database.read() as connection:
        return revisions(connection, "m")


def test_late_rows_add_to_their_window_and_raise_its_revision(database: Database) -> None:
    add(database, {Slice(hour(0)): profiled(1.0, 2.0), Slice(hour(1)): profiled(7.0)})
    add(database, {Slice(hour(0)): profiled(2.0)})
    assert seen(database) == {hour(0): 2, hour(1): 1}
    whole = kept(database, hour(0))[""]
    assert whole.rows == 3
    assert whole.counts.tolist() == profiled(1.0, 2.0, 2.0).counts.tolist()
    assert whole.sums.tolist() == profiled(1.0, 2.0, 2.0).sums.tolist()


def test_hours_merge_into_longer_windows(database: Database) -> None:
    add(database, {Slice(hour(number)): profiled(float(number)) for number in range(3)})
    assert kept(database, hour(0, 2))[""].rows == 2
    assert kept(database, hour(0, 3))[""].counts.tolist() == profiled(0.0, 1.0, 2.0).counts.tolist()
    assert kept(database, hour(-9, 9)) == {}


def test_versions_and_segments_are_read_apart_and_do_not_count_as_windows_of_all_traffic(database: Database) -> None:
    add(
        database,
        {
            Slice(hour(0)): profiled(1.0, 2.0, 3.0),
            Slice(hour(0), version="v2"): profiled(1.0),
            Slice(hour(0), segment="origin=JFK"): profiled(2.0, 3.0),
            Slice(hour(1), segment="origin=JFK"): profiled(4.0),
        },
    )
    assert {place: profile.rows for place, profile in kept(database, hour(0, 2)).items()} == {
        "": 3,
        "version=v2": 1,
        "origin=JFK": 3,
    }
    assert seen(database) == {hour(0): 1}


def test_revisions_may_be_asked_for_from_a_time_on(database: Database) -> None:
    add(database, {Slice(hour(number)): profiled(1.0) for number in range(3)})
    with database.read() as connection:
        assert revisions(connection, "m", since=hour(1).end) == {hour(2): 1}
        assert revisions(connection, "other") == {}


def test_forgotten_profiles_are_those_of_one_model(database: Database) -> None:
    add(database, {Slice(hour(0)): profiled(1.0)})
    with database.write() as connection:
        register_model(connection, "other", now=NOON)
        add_profiles(connection, "other", {Slice(hour(0)): profiled(1.0)})
        forget_profiles(connection, "m")
    with database.read() as connection:
        assert (revisions(connection, "m"), revisions(connection, "other")) == ({}, {hour(0): 1})
