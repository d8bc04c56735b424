"""A reference comes back with its layout and the profile of each of its segments; the newest one counts."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select

from monitor.profiles.bins import NumericBins
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import FORMAT, Column, Layout
from monitor.profiles.profile import Profile
from monitor.profiles.season import Season
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.store.references import read_reference, write_reference
from monitor.store.schema import reference

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def profiles(center: float) -> dict[str, Profile]:
    layout = Layout((Column("x", "numeric", "feature", "number", NumericBins.of(np.arange(50.0) + center)),))
    return {
        "": profile_table(pa.table({"x": [1.0, 2.0, 3.0]}), layout),
        "origin=JFK": profile_table(pa.table({"x": [2.0]}), layout),
    }


def write(database: Database, fingerprint: str, written: dict[str, Profile], model: str = "m") -> None:
    with database.write() as connection:
        register_model(connection, model, now=NOON)
        write_reference(connection, model, fingerprint, written, now=NOON)


def read(database: Database, model: str = "m") -> tuple[str, dict[str, Profile]]:
    with database.read() as connection:
        known = read_reference(connection, model)
    assert known is not None
    return known


def test_a_model_has_no_reference_at_first(database: Database) -> None:
    with database.read() as connection:
        assert read_reference(connection, "m") is None


def test_a_reference_comes_back_by_segment_in_one_layout(database: Database) -> None:
    written = profiles(0.0)
    write(database, "f1", written)
    fingerprint, found = read(database)
    assert (fingerprint, list(found)) == ("f1", ["", "origin=JFK"])
    assert [found[name].counts.tolist() for name in found] == [written[name].counts.tolist() for name in written]
    assert found[""].layout is found["origin=JFK"].layout
    assert found[""].layout.digest == written[""].layout.digest


def test_a_segment_keeps_what_its_own_windows_told(database: Database) -> None:
    written = profiles(0.0)
    whole = written[""].layout
    alike = replace(whole.columns[0], correlation=0.25, steepest=0.5, lasting=0.125)
    weekly = Season(np.arange(7.0), np.zeros(24), np.full(31, 0.01), 0.5)
    own = replace(
        whole, columns=(alike,), window_rows=7.5, windows=9, spreads={"accuracy": 0.25}, seasons={"accuracy": weekly}
    )
    write(database, "f1", written | {"origin=JFK": replace(written["origin=JFK"], layout=own)})
    found = read(database)[1]
    assert found[""].layout.columns[0].correlation == 0
    kept = found["origin=JFK"].layout
    assert (kept.window_rows, kept.windows, kept.spreads) == (7.5, 9, {"accuracy": 0.25})
    assert (kept.columns[0].correlation, kept.columns[0].steepest, kept.columns[0].lasting) == (0.25, 0.5, 0.125)
    assert kept.seasons["accuracy"].described() == weekly.described()
    assert kept.digest == whole.digest


def test_the_newest_reference_of_each_model_counts(database: Database) -> None:
    write(database, "f1", profiles(0.0))
    write(database, "f2", profiles(7.0))
    write(database, "g", profiles(3.0), model="other")
    assert read(database)[0] == "f2"
    assert read(database)[1][""].layout.digest == profiles(7.0)[""].layout.digest
    assert read(database, "other")[0] == "g"


def test_of_each_model_only_the_reference_that_counts_is_kept(database: Database) -> None:
    write(database, "g", profiles(3.0), model="other")
    for number in range(3):
        write(database, f"f{number}", profiles(float(number)))
    with database.read() as connection:
        kept = connection.execute(select(reference.c.model, reference.c.fingerprint).distinct()).all()
    assert {tuple(row) for row in kept} == {("other", "g"), ("m", "f2")}


def test_a_reference_that_counted_before_can_count_again(database: Database) -> None:
    for fingerprint, center in (("f1", 0.0), ("f2", 7.0), ("f1", 0.0)):
        write(database, fingerprint, profiles(center))
    assert read(database)[0] == "f1"
    assert read(database)[1][""].layout.digest == profiles(0.0)[""].layout.digest


def test_what_another_version_of_the_program_kept_is_read_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("monitor.profiles.layout.FORMAT", FORMAT - 1)
        write(database, "f1", profiles(0.0))
    with database.read() as connection:
        assert read_reference(connection, "m") is None
    write(database, "f2", profiles(0.0))
    assert read(database)[0] == "f2"
