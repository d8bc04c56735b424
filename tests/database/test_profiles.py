"""Windows grow by merging, and coarser ones are sums of finer ones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from monitor.profiles.arrow import profile_table
from monitor.profiles.bins import NumericBins
from monitor.profiles.profile import Profile
from monitor.store.database import Database
from monitor.store.profiles import add_profile, read_profile
from monitor.store.records import register_model
from monitor.types import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BINS = {"x": NumericBins.of(np.arange(50.0))}


def profiled(*values: float) -> Profile:
    return profile_table(pa.table({"x": pa.array(values, pa.float64())}), BINS, {"x": "numeric"})


def add(database: Database, hour: int, profile: Profile) -> int:
    with database.write() as connection:
        register_model(connection, "m", now=NOON)
        window = Window(NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
        return add_profile(connection, "m", window, profile, bins=BINS)


def test_late_rows_add_to_their_window_and_raise_its_revision(database: Database) -> None:
    assert [add(database, 0, profiled(1.0, 2.0)), add(database, 0, profiled(2.0))] == [1, 2]
    with database.read() as connection:
        kept = read_profile(connection, "m", Window(NOON, NOON + HOUR), bins=BINS)
    assert kept is not None
    assert kept.rows == 3
    assert kept.columns["x"].counts.tolist() == profiled(1.0, 2.0, 2.0).columns["x"].counts.tolist()


def test_hours_merge_into_longer_windows(database: Database) -> None:
    for hour in range(3):
        add(database, hour, profiled(float(hour)))
    with database.read() as connection:
        two = read_profile(connection, "m", Window(NOON, NOON + 2 * HOUR), bins=BINS)
        none = read_profile(connection, "m", Window(NOON - 9 * HOUR, NOON), bins=BINS)
    assert two is not None
    assert two.rows == 2
    assert none is None
