"""A window has the measurements of its newest revision, and one judgement."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.store.database import Database
from monitor.store.measurements import (
    Judged,
    Judgement,
    read_filled,
    read_judgements,
    read_measurements,
    until_last_label,
    write_judgement,
    write_measurements,
)
from monitor.store.records import register_model
from monitor.types import Measurement, Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PSI = Judged(
    Measurement("psi", 0.25, column="age", segment="origin=JFK", n=100, p_value=1e-9, effect=0.2, low=0.1, high=0.3),
    kind="drift.data",
    alpha=1e-5,
    threshold=0.1,
    outcome="breach",
)
UNDEFINED = Judged(Measurement("roc_auc", None, note="no labels yet"), kind="performance.realised")


def hour(number: int) -> Window:
    return Window(NOON + number * HOUR, NOON + (number + 1) * HOUR)


@pytest.fixture
def models(database: Database) -> Database:
    with database.write() as connection:
        for name in ("m", "other"):
            register_model(connection, name, now=NOON)
    return database


def test_a_measurement_comes_back_with_all_that_is_public(models: Database) -> None:
    with models.write() as connection:
        write_measurements(connection, "m", hour(0), 3, [PSI, UNDEFINED])
        (psi, undefined) = read_measurements(connection)
    times = {"model": "m", "window_start": hour(0).start, "window_end": hour(0).end, "revision": 3}
    judged = {"kind": "drift.data", "alpha": 1e-5, "threshold": 0.1, "outcome": "breach"}
    measured = {key: part for key, part in vars(PSI.measurement).items() if key not in ("evidence", "chance")}
    assert psi == measured | times | judged
    assert (undefined["value"], undefined["p_value"], undefined["note"]) == (None, None, "no labels yet")


def test_a_later_revision_takes_the_place_of_the_whole_window(models: Database) -> None:
    with models.write() as connection:
        write_measurements(connection, "m", hour(0), 1, [PSI, UNDEFINED])
        write_measurements(connection, "m", hour(1), 1, [PSI])
        write_measurements(connection, "other", hour(0), 1, [PSI])
        write_measurements(connection, "m", hour(0), 2, [UNDEFINED])
        rows = [(row["model"], row["window_end"], row["revision"]) for row in read_measurements(connection)]
    assert rows == [("m", hour(0).end, 2), ("other", hour(0).end, 1), ("m", hour(1).end, 1)]


def test_measurements_are_chosen_by_model_detector_and_time(models: Database) -> None:
    with models.write() as connection:
        for number in range(3):
            write_measurements(connection, "m", hour(number), 1, [PSI, UNDEFINED])

        def ends(**chosen: object) -> list[datetime]:
            return [row["window_end"] for row in read_measurements(connection, **chosen)]  # type: ignore[arg-type]

        assert ends(detector="psi") == [hour(0).end, hour(1).end, hour(2).end]
        assert ends(detector="psi", since=hour(0).end, until=hour(1).end) == [hour(1).end]
        assert ends(model="other") == []


def test_judgements_come_back_oldest_first_one_a_window(models: Database) -> None:
    first, second = (Judgement(hour(n), revision=1, rows=10, labelled=4, matured=False) for n in (0, 1))
    with models.write() as connection:
        write_judgement(connection, "m", second)
        write_judgement(connection, "m", first)
        write_judgement(connection, "m", replace(second, revision=2, matured=True))
        assert read_judgements(connection, "m") == [first, replace(second, revision=2, matured=True)]
        assert read_judgements(connection, "other") == []


def test_of_many_windows_only_those_with_rows_that_are_asked_for_are_read(models: Database) -> None:
    with models.write() as connection:
        for number, (rows, labelled) in enumerate([(9, 0), (10, 4), (0, 0), (20, 6), (30, 0), (0, 0), (40, 0)]):
            judged = Judgement(hour(number), 1, rows, labelled, matured=False)
            write_judgement(connection, "m", judged)
        newest = read_filled(connection, "m", most=2)
        behind = [read_filled(connection, "m", most=n, since=hour(3).end) for n in (1, 9)]
        assert until_last_label(connection, "other") is None
        known = until_last_label(connection, "m")
    assert [one.rows for one in newest] == [30, 40]
    assert [[one.rows for one in found] for found in behind] == [[30], [30, 40]]
    assert known == Judgement(Window(hour(0).start, hour(3).end), 0, 39, 10, matured=False)
