"""The demo's flights, model and logs."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv
from sklearn.metrics import roc_auc_score

from monitor.demo.flights import WEATHER, data_folder, load_flights, read_zipped, to_local, to_utc
from monitor.demo.model import FEATURES, NUMBERS, Model, predicted, train
from monitor.demo.traffic import (
    ATTACK_START,
    ATTACK_TIME,
    ATTACKER,
    FEED_COLUMN,
    FEED_DAYS,
    Replay,
    build,
    on_dates,
    split_days,
    with_bad_feed,
)

SUMMER_DAYS = (date(2013, 5, 13), date(2013, 5, 16))


@pytest.fixture(scope="module")
def flights() -> pa.Table:
    return load_flights()


@pytest.fixture(scope="module")
def replay() -> Replay:
    return build()


@pytest.fixture(scope="module")
def model(flights: pa.Table) -> Model:
    return train(on_dates(flights, split_days(np.random.default_rng(0))[0]))


def test_every_flight_is_kept_once(flights: pa.Table) -> None:
    assert flights.num_rows == 336_776
    assert pc.count_distinct(flights["key"]).as_py() == 336_776


def test_weather_is_that_of_the_origin_and_hour_or_null(flights: pa.Table) -> None:
    weather = csv.read_csv(data_folder() / "weather.csv").to_pandas()
    raw = read_zipped(data_folder() / "flights.csv.zip").select(["origin", "time_hour"]).to_pandas()
    joined = raw.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    assert joined["temp"].isna().sum() == flights["temp"].null_count == 1_573
    for name in WEATHER:
        np.testing.assert_array_equal(flights[name].to_numpy(), joined[name].to_numpy())


def test_scheduled_departures_are_in_the_hours_that_the_data_set_gives_in_utc(flights: pa.Table) -> None:
    hours = read_zipped(data_folder() / "flights.csv.zip")["time_hour"].to_numpy()
    np.testing.assert_array_equal(flights["scheduled"].to_numpy().astype("M8[h]"), hours.astype("M8[h]"))


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2013-03-10T01:59", "2013-03-10T06:59"),  # the last minute of winter
        ("2013-03-10T02:30", "2013-03-10T07:30"),  # never shown by a clock: half an hour after 2:00 of winter
        ("2013-03-10T03:00", "2013-03-10T07:00"),  # the first minute of summer
        ("2013-11-03T00:59", "2013-11-03T04:59"),
        ("2013-11-03T01:30", "2013-11-03T05:30"),  # shown twice: the first
        ("2013-11-03T02:00", "2013-11-03T07:00"),  # the first minute that only winter has
    ],
)
def test_local_times_become_utc_across_both_changes_of_the_clock(local: str, utc: str) -> None:
    assert to_utc(np.array([local], "M8[m]"), "America/New_York") == np.datetime64(utc)


def test_utc_becomes_local_again() -> None:
    utc = np.arange("2013-01-01", "2014-01-01", 30, dtype="M8[m]")
    again = to_utc(to_local(utc, "America/Denver"), "America/Denver")
    assert (again != utc).sum() == 2  # the hour that is shown twice


def test_no_flight_is_scheduled_to_take_less_than_its_distance_needs(flights: pa.Table) -> None:
    hours = flights["minutes"].to_numpy() / 60
    assert (flights["distance"].to_numpy() / hours).max() < 650  # miles an hour, with the wind


def test_cancelled_flights_are_predicted_and_never_labelled(flights: pa.Table, replay: Replay) -> None:
    missing = read_zipped(data_folder() / "flights.csv.zip")["arr_delay"].is_null().to_numpy()
    np.testing.assert_array_equal(flights["late"].is_null().to_numpy(), missing)
    np.testing.assert_array_equal(flights["arrived"].is_null().to_numpy(), missing)
    unlabelled = pc.invert(pc.is_in(replay.logged["request_id"], replay.known["request_id"].combine_chunks()))
    ordinary = pc.sum(unlabelled).as_py() - injected(replay, "query attack")["rows"]
    assert 0.02 < ordinary / replay.logged.num_rows < 0.04


def test_a_label_is_known_only_after_the_prediction(replay: Replay) -> None:
    logged = replay.logged.select(["request_id", "logged_at"]).to_pandas()
    joined = replay.known.to_pandas().merge(logged, on="request_id", how="left", validate="one_to_one")
    delay = joined["known_at"] - joined["logged_at"]
    assert timedelta(minutes=30) < delay.min()
    assert delay.max() < timedelta(days=2)


def test_the_days_hold_every_row_once_and_in_order(replay: Replay) -> None:
    tables = [replay.predictions(day) for day in replay.days]
    assert len(tables) == 122
    assert min(table.num_rows for table in tables) > 500
    assert pa.concat_tables(tables).equals(replay.logged)
    for day, table in zip(replay.days, tables, strict=True):
        assert set(pc.cast(table["logged_at"], pa.date32()).to_pylist()) == {day}
    labels = pa.concat_tables([replay.labels(day) for day in replay.days])
    assert labels.equals(replay.known.slice(0, labels.num_rows))  # what arrives on July 1 is never told


def test_request_ids_are_unique_through_reference_and_replay(replay: Replay) -> None:
    ids = replay.reference["request_id"].to_pylist() + replay.logged["request_id"].to_pylist()
    assert len(set(ids)) == len(ids)


def test_logged_columns_have_the_types_an_application_writes(replay: Replay) -> None:
    types = {field.name: str(field.type) for field in replay.logged.schema}
    assert set(types.values()) == {"string", "int64", "double", "bool", "timestamp[us, tz=UTC]"}
    assert types["logged_at"] == "timestamp[us, tz=UTC]"
    assert types["predicted"] == "bool"
    assert replay.reference.schema.remove(replay.reference.schema.get_field_index("late")) == replay.logged.schema
    assert not {"month", "date", "late", "known_at"} & set(types)


@pytest.mark.parametrize("seed", range(3))
def test_training_days_and_reference_days_are_apart(seed: int) -> None:
    training, reference = split_days(np.random.default_rng(seed))
    assert not set(training.tolist()) & set(reference.tolist())
    assert training.size + reference.size == 59
    assert abs(training.size - reference.size) == 1


def test_the_reference_is_of_january_and_february_and_the_replay_begins_in_march(replay: Replay) -> None:
    assert replay.reference["logged_at"].to_numpy().min() >= np.datetime64("2013-01-01T05:00")
    assert replay.reference["logged_at"].to_numpy().max() < np.datetime64("2013-03-01T05:00")
    assert replay.logged["logged_at"].to_numpy().min() >= np.datetime64("2013-03-01T05:00")


def test_the_model_beats_chance_on_days_it_has_not_seen(replay: Replay) -> None:
    labelled = replay.reference.filter(replay.reference["late"].is_valid())
    assert roc_auc_score(labelled["late"].to_numpy(), labelled["p_late"].to_numpy()) > 0.62
    assert 0.1 < pc.mean(labelled["predicted"].cast(pa.int8())).as_py() < 0.6


def test_the_bad_feed_is_zero_on_its_days_only(replay: Replay) -> None:
    before, *hit, after = (replay.predictions(date(2013, 5, day)) for day in range(13, 17))
    for table in hit:
        assert set(table[FEED_COLUMN].to_pylist()) == {0.0}
    for table in (before, after):
        assert pc.min(table[FEED_COLUMN]).as_py() > 20
    assert injected(replay, "bad feed")["rows"] == sum(table.num_rows for table in hit)


def test_a_bad_feed_changes_one_column_and_what_the_model_says(flights: pa.Table, model: Model) -> None:
    dates = np.array([*FEED_DAYS, *SUMMER_DAYS], "M8[D]")
    rows = predicted(model, on_dates(flights, dates)).append_column("logged_at", on_dates(flights, dates)["scheduled"])
    rows = rows.sort_by([("logged_at", "ascending"), ("key", "ascending")])
    broken = with_bad_feed(model, rows).sort_by([("logged_at", "ascending"), ("key", "ascending")])
    same = [name for name in rows.column_names if name not in {FEED_COLUMN, "p_late", "predicted"}]
    assert broken.select(same).equals(rows.select(same))
    hit = np.isin(rows["logged_at"].to_numpy().astype("M8[D]"), np.array(FEED_DAYS, "M8[D]"))
    changed = broken["p_late"].to_numpy() != rows["p_late"].to_numpy()
    np.testing.assert_array_equal(changed, hit)
    assert broken["p_late"].to_numpy()[hit].mean() > 1.3 * rows["p_late"].to_numpy()[hit].mean()


def attack_of(replay: Replay) -> pa.Table:
    rows = replay.logged.filter(pc.equal(replay.logged["api_key"], ATTACKER))
    during = pc.and_(
        pc.greater_equal(rows["logged_at"], ATTACK_START), pc.less(rows["logged_at"], ATTACK_START + ATTACK_TIME)
    )
    return rows.filter(during)


def test_the_attack_is_thousands_of_unlabelled_requests_of_one_ordinary_client(replay: Replay) -> None:
    attack = attack_of(replay)
    assert 3_000 <= attack.num_rows == injected(replay, "query attack")["rows"] < 3_050
    labelled = pc.is_in(attack["request_id"], replay.known["request_id"].combine_chunks())
    assert pc.sum(pc.invert(labelled)).as_py() == 3_000
    elsewhere = pc.sum(pc.equal(replay.logged["api_key"], ATTACKER)).as_py() - attack.num_rows
    assert elsewhere > 1_000


def test_the_attack_walks_along_the_boundary_in_near_duplicates(replay: Replay) -> None:
    rows = attack_of(replay).to_pandas()
    flights = rows.groupby(["carrier", "origin", "dest", "hour"]).filter(lambda probes: len(probes) > 200)
    late_part = flights[flights["logged_at"] > ATTACK_START + ATTACK_TIME / 2]
    threshold = replay.logged.filter(replay.logged["predicted"])["p_late"].to_numpy().min()
    assert (late_part["p_late"] - threshold).abs().median() < 0.02
    spread = late_part.groupby(["carrier", "origin", "dest", "hour"])[list(NUMBERS)].std().median()
    everyone = replay.logged.select(NUMBERS).to_pandas().std()
    assert (spread < everyone / 2).all()
    assert flights.duplicated(list(FEATURES)).mean() < 0.01


def test_probes_are_answered_by_the_model(replay: Replay, flights: pa.Table) -> None:
    training, _ = split_days(np.random.default_rng([0, 1]))
    again = predicted(train(on_dates(flights, training)), attack_of(replay))
    np.testing.assert_allclose(again["p_late"].to_numpy(), attack_of(replay)["p_late"].to_numpy(), rtol=1e-9)


def test_a_part_of_the_days_is_the_same_as_in_the_whole(replay: Replay) -> None:
    said: list[str] = []
    part = build(progress=said.append, first=date(2013, 6, 10), last=date(2013, 6, 12))
    assert part.days == (date(2013, 6, 10), date(2013, 6, 11), date(2013, 6, 12))
    assert part.reference.equals(replay.reference)
    for day in part.days:
        assert part.predictions(day).equals(replay.predictions(day))
    assert [fact["what"] for fact in part.facts] == ["query attack"]
    assert said


def injected(replay: Replay, what: str) -> dict[str, object]:
    (found,) = (fact for fact in replay.facts if fact["what"] == what)
    return found


def test_facts_tell_when_what_and_who(replay: Replay) -> None:
    feed, attack = injected(replay, "bad feed"), injected(replay, "query attack")
    assert (feed["columns"], feed["client"]) == ((FEED_COLUMN,), None)
    assert (attack["columns"], attack["client"]) == (NUMBERS, ATTACKER)
    for fact in (feed, attack):
        assert isinstance(fact["start"], datetime)
        assert fact["start"].utcoffset() == timedelta(0)
