"""Why a window differs, through the whole loop: the alert says it, with what speaks for it and who sent the rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY, A_DAY, CLIENTS = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 600, 40
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {{files: "logs.parquet"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, client: who, version: version, prediction: answer, segments: {segments}}}
    window: 1d
    for: 2
    attacks: {attacks}
"""
Rows = dict[str, Any]


def days(seed: int, count: int, start: datetime) -> Rows:
    rng = np.random.default_rng(seed)
    size = count * A_DAY
    return {
        "at": [start + timedelta(days=n // A_DAY, seconds=140 * (n % A_DAY)) for n in range(size)],
        "who": np.array([f"client {i}" for i in range(CLIENTS)])[np.arange(size) % CLIENTS],
        "version": np.full(size, "v1"),
        "age": rng.normal(40, 8, size),
        "income": rng.lognormal(10, 0.4, size),
        "debt": rng.lognormal(8, 1, size),
        "answer": rng.normal(0.5, 0.1, size),
        "good": np.array(["bread", "meat", "fish"])[rng.integers(0, 3, size)],
    }


def alarms(
    folder: Path,
    change: Callable[[Rows, np.ndarray], None],
    *,
    attacks: str = "off",
    segments: str = "[]",
    before: int = 3,
    also: Callable[[Rows], None] = lambda rows: None,  # noqa: ARG005  # no other columns
) -> list[dict[str, Any]]:
    """Give the alerts that fired, where five days are changed after so many `before`; `also` adds columns."""
    reference, rows = days(1, 20, START - 60 * DAY), days(2, before + 5, START)
    also(reference)
    also(rows)
    pq.write_table(pa.table(reference), folder / "reference.parquet")
    change(rows, np.arange(before * A_DAY, (before + 5) * A_DAY))
    pq.write_table(pa.table(rows), folder / "logs.parquet")
    config = CONFIG.format(attacks=attacks, segments=segments)
    monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + 40 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(row) for row in alert_rows(connection, model="loans") if row["fired_at"]]
    monitor.database.close()
    return found


def of_drift(found: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [alert for alert in found if alert["column"] == column and alert["kind"].startswith("drift.")]


def test_what_moves_with_every_client_is_the_passing_of_time(tmp_path: Path) -> None:
    def inflation(rows: Rows, changed: np.ndarray) -> None:
        rows["income"][changed] *= 1.3

    alert, *_ = of_drift(alarms(tmp_path, inflation), "income")
    assert alert["origin"] == "temporal"
    assert any("clients sent the rows that moved" in sentence for sentence in alert["evidence"]["origin"]["for"])
    assert max(one["share"] for one in alert["evidence"]["origin"]["clients"]) < 0.1


def one_client(rows: Rows, changed: np.ndarray) -> None:
    own = changed[rows["who"][changed] == "client 7"]
    own = np.union1d(own, changed[::12])
    rows["who"][own] = "client 7"
    rows["income"][own] *= 4


@pytest.mark.parametrize("also", [False, True], ids=["the text alone", "and a number"])
def test_a_text_that_is_cut_overnight_is_no_passing_of_time(tmp_path: Path, also: bool) -> None:  # noqa: FBT001
    def cut(rows: Rows, changed: np.ndarray) -> None:
        rows["note"][changed[::5]] = [text[:30] for text in rows["note"][changed[::5]]]
        rows["income"][changed] *= 1.3 if also else 1.0

    found = [alert for alert in alarms(tmp_path, cut, also=with_notes) if alert["kind"] == "drift.data"]
    of_text = {alert["origin"] for alert in found if alert["column"] == "note"}
    assert of_text == {"temporal" if also else "undetermined"}
    sentences = {sentence for alert in found for sentence in alert["evidence"]["origin"]["for"]}
    assert (
        also or "note came there from one window to the next, as after a new release of what computes it" in sentences
    )


def with_notes(rows: Rows) -> None:
    rng = np.random.default_rng(len(rows["at"]))
    words = rng.choice(
        ["".join(chr(97 + (n * k) % 26) for k in range(3, 6 + n % 7)) for n in range(1, 60)], (len(rows["at"]), 8)
    )
    rows["note"] = np.array([" ".join(row) for row in words], object)


def test_what_one_client_sends_names_the_client(tmp_path: Path) -> None:
    alert, *_ = of_drift(alarms(tmp_path, one_client), "income")
    first = alert["evidence"]["origin"]["clients"][0]
    assert (alert["origin"], first["client"]) == ("undetermined", "client 7")
    assert first["share"] > 0.6 > first["traffic"] * 2


def made_up(rows: Rows, changed: np.ndarray) -> None:
    own, draw = changed[rows["who"][changed] == "client 7"], np.random.default_rng(6)
    for name, most in (("age", 75), ("income", 90_000), ("debt", 40_000)):
        rows[name][own] = draw.uniform(0, most, own.size)


def test_a_client_whose_queries_look_like_an_attack_is_told_and_its_rows_are_no_drift(tmp_path: Path) -> None:
    found = alarms(tmp_path, made_up, attacks="on")
    suspected = [alert for alert in found if alert["kind"].startswith("attack.")]
    assert {(alert["segment"], alert["origin"]) for alert in suspected} == {("client=client 7", "attack_like")}
    assert not of_drift(found, "income")


def test_what_all_others_send_while_one_attacks_does_not_come_of_the_attack(tmp_path: Path) -> None:
    def also_inflation(rows: Rows, changed: np.ndarray) -> None:
        rows["income"][changed] *= 1.3
        made_up(rows, changed)

    found = alarms(tmp_path, also_inflation, attacks="on")
    suspected = [alert for alert in found if alert["kind"].startswith("attack.")]
    assert {(alert["segment"], alert["origin"]) for alert in suspected} == {("client=client 7", "attack_like")}
    drift = of_drift(found, "income")
    assert {alert["origin"] for alert in drift} == {"temporal"}
    told = [alert["evidence"]["origin"] for alert in drift]
    assert not any("client 7" in sentence for one in told for sentence in (*one["for"], *one["against"]))
    assert "client 7" not in {client["client"] for one in told for client in one["clients"]}


def test_a_client_whose_amounts_are_in_another_unit_sends_broken_data(tmp_path: Path) -> None:
    found = alarms(tmp_path, one_client, attacks="on")
    suspected = [alert for alert in found if alert["kind"].startswith("attack.")]
    assert {(alert["segment"], alert["origin"]) for alert in suspected} == {("client=client 7", "data_quality")}
    assert {alert["severity"] for alert in suspected} <= {"warning", "info"}


def test_a_column_that_stands_still_is_broken_data_whatever_else_moves(tmp_path: Path) -> None:
    def zeroed(rows: Rows, changed: np.ndarray) -> None:
        rows["debt"][changed] = 0.0
        rows["answer"][changed] += 0.1

    found = alarms(tmp_path, zeroed)
    assert {alert["origin"] for alert in found} == {"data_quality"}
    assert of_drift(found, "answer")


def test_a_column_in_another_unit_is_to_blame_and_not_the_answer_that_stands_still_for_it(tmp_path: Path) -> None:
    def of_another_unit(rows: Rows, changed: np.ndarray) -> None:
        rows["debt"][changed] *= 1000
        rows["answer"][changed] = 0.0

    found = of_drift(alarms(tmp_path, of_another_unit), "answer")
    assert found
    assert {alert["origin"] for alert in found} == {"data_quality"}
    assert {tuple(alert["evidence"]["origin"]["broken"]) for alert in found} == {("debt",)}


@pytest.mark.parametrize(("every", "origin"), [(12, "temporal"), (2, "data_quality")])
def test_a_new_good_is_no_broken_data_and_a_column_renamed_in_half_of_the_rows_is(
    tmp_path: Path, every: int, origin: str
) -> None:
    def new(rows: Rows, changed: np.ndarray) -> None:
        rows["good"][changed[::every]] = "kale"
        rows["income"][changed] *= 1.3

    found = alarms(tmp_path, new)
    alert, *_ = of_drift(found, "good")
    assert alert["origin"] == origin
    assert {alert["origin"] for alert in of_drift(found, "income")} == {"temporal"}
    told = next(one for one in found if one["detector"] == "unseen_share")
    assert ", most often kale (" in told["text"]


def with_ports(rows: Rows) -> None:
    drawn = np.random.default_rng(len(rows["at"])).choice(
        ["Oslo", "Bergen", "Narvik"], len(rows["at"]), p=[0.5, 0.4, 0.1]
    )
    rows["port"] = drawn.astype(object)


@pytest.mark.parametrize(("instead", "origin"), [("Narvik", "data_quality"), ("Oslo", "temporal")])
def test_a_category_that_comes_in_the_place_of_one_as_frequent_is_that_one_renamed(
    tmp_path: Path, instead: str, origin: str
) -> None:
    def renamed(rows: Rows, changed: np.ndarray) -> None:
        theirs = changed[rows["port"][changed] == instead]
        rows["port"][theirs[:: 1 if instead == "Narvik" else 5]] = "NVK"
        rows["income"][changed] *= 1.3

    found = alarms(tmp_path, renamed, also=with_ports)
    alert, *_ = of_drift(found, "port")
    assert alert["origin"] == origin
    beside, *_ = of_drift(found, "income")
    assert beside["origin"] == "temporal"


def test_a_new_version_that_answers_otherwise_is_another_model(tmp_path: Path) -> None:
    def released(rows: Rows, changed: np.ndarray) -> None:
        rows["version"] = rows["version"].astype("U2")
        rows["version"][changed] = "v2"
        rows["answer"][changed] += 0.1

    alert, *_ = of_drift(alarms(tmp_path, released), "answer")
    assert alert["origin"] == "model_change"
    assert "version v2 is new" in alert["evidence"]["origin"]["for"]


def test_a_client_that_sends_a_column_without_values_is_broken_and_no_attacker(tmp_path: Path) -> None:
    def lacking(rows: Rows, changed: np.ndarray) -> None:
        own = np.union1d(changed[rows["who"][changed] == "client 7"], changed[::12])
        rows["who"][own] = "client 7"
        rows["debt"][own] = np.nan

    found = alarms(tmp_path, lacking, attacks="on")
    assert {alert["origin"] for alert in found} == {"data_quality"}
    about = [alert for alert in found if alert["segment"] == "client=client 7"]
    assert about
    for alert in about:
        assert alert["evidence"]["origin"]["for"] == ["client 7 sends no value in debt"]
        assert alert["severity"] != "critical"
    assert [alert for alert in found if (alert["kind"], alert["column"]) == ("quality", "debt")]


def test_a_column_that_comes_in_another_unit_is_broken_though_its_values_could_be_right(tmp_path: Path) -> None:
    def in_pounds(rows: Rows, changed: np.ndarray) -> None:
        rows["debt"][changed] *= 2.204623

    drift = of_drift(alarms(tmp_path, in_pounds), "debt")
    assert {(alert["origin"], *alert["evidence"]["origin"]["broken"]) for alert in drift} == {("data_quality", "debt")}
    said = "debt: the values are the usual ones in another unit, as pounds are of kilograms"
    assert all(said in alert["evidence"]["origin"]["for"] for alert in drift)


@pytest.mark.parametrize(("times", "origin"), [(100.0, "data_quality"), (1.6, "temporal")])
def test_a_fifth_of_the_rows_several_ranges_off_is_in_another_unit_and_just_beyond_the_range_is_none(
    tmp_path: Path, times: float, origin: str
) -> None:
    def in_cents(rows: Rows, changed: np.ndarray) -> None:
        rows["income"][changed[::5]] = rows["income"].max() * times

    drift = of_drift(alarms(tmp_path, in_cents), "income")
    assert {alert["origin"] for alert in drift} == {origin}


def test_a_column_that_grows_to_where_another_unit_would_bring_it_is_a_season(tmp_path: Path) -> None:
    def growing(rows: Rows, changed: np.ndarray) -> None:
        days = (changed - changed[0]) // A_DAY + 1
        rows["debt"][changed] *= 2.204623 ** np.minimum(days / 5, 1)
        rows["income"][changed] *= 1.25

    drift = of_drift(alarms(tmp_path, growing), "debt")
    assert {alert["origin"] for alert in drift} == {"temporal"}


@pytest.mark.parametrize(("level", "origin"), [(18.0, "temporal"), (60.0, "data_quality")])
def test_a_column_that_differs_from_day_to_day_is_broken_where_no_day_of_the_reference_was(
    tmp_path: Path, level: float, origin: str
) -> None:
    def with_weather(rows: Rows) -> None:
        rng, day = np.random.default_rng(9), np.arange(rows["age"].size) // A_DAY
        rows["warm"] = 2 * np.sin(1.7 * day) + 18.5 * (day == 11) + rng.normal(size=day.size)

    def lasting(rows: Rows, changed: np.ndarray) -> None:
        rows["warm"][changed] = np.random.default_rng(8).normal(level, 1, changed.size)

    alert, *_ = of_drift(alarms(tmp_path, lasting, also=with_weather), "warm")
    assert alert["origin"] == origin


def test_columns_that_hold_what_the_other_did_were_swapped(tmp_path: Path) -> None:
    def swapped(rows: Rows, changed: np.ndarray) -> None:
        rows["age"][changed], rows["income"][changed] = rows["income"][changed], rows["age"][changed].copy()

    found = alarms(tmp_path, swapped)
    for column in ("age", "income"):
        alert, *_ = of_drift(found, column)
        assert alert["origin"] == "data_quality"
        assert alert["evidence"]["origin"]["broken"] == ["age", "income"]
        said = "age and income look swapped: each holds what the other usually does"
        assert alert["evidence"]["origin"]["for"][0] == said


def without_meat(rows: Rows, changed: np.ndarray) -> None:
    left = np.setdiff1d(np.arange(len(rows["at"])), changed[rows["good"][changed] == "meat"])
    rows.update({name: [values[place] for place in left] for name, values in rows.items()})


def with_bread_for_meat(rows: Rows, changed: np.ndarray) -> None:
    rows["good"][changed[rows["good"][changed] == "meat"]] = "bread"


def dearer_meat(rows: Rows) -> None:
    rows["income"] = np.where(rows["good"] == "meat", 2.0, 1.0) * rows["income"]


def test_rows_of_one_category_that_stay_out_are_told_once_and_as_that(tmp_path: Path) -> None:
    found = alarms(tmp_path, without_meat, before=10, also=dearer_meat)
    told = [alert for alert in found if alert["evidence"].get("told")]
    assert {alert["detector"] for alert in found} >= {"volume", "chi_square", "smooth_test"}
    assert [alert["detector"] for alert in told] == ["volume"]
    (rows,) = told
    assert rows["origin"] == "data_quality"
    assert rows["evidence"]["origin"]["missing_rows_of"] == ["good"]
    first, *_ = rows["evidence"]["origin"]["for"]
    assert first.startswith("no row holds meat as good, of 33.")
    assert first.endswith(" before; the others are as many")


def test_what_begins_long_after_rows_went_missing_is_not_told_to_come_of_that(tmp_path: Path) -> None:
    def and_debts_later(rows: Rows, changed: np.ndarray) -> None:
        rows["debt"][changed[2 * A_DAY :]] += 3_000
        without_meat(rows, changed)

    found = alarms(tmp_path, and_debts_later, before=10)
    (rows,) = (alert for alert in found if alert["detector"] == "volume")
    assert rows["origin"] == "data_quality"
    debts = of_drift(found, "debt")
    assert debts
    assert {alert["origin"] for alert in debts} == {"temporal"}


def without_some_clients(rows: Rows, changed: np.ndarray) -> None:
    out = changed[np.isin(rows["who"][changed], [f"client {i}" for i in range(14)])]
    left = np.setdiff1d(np.arange(len(rows["at"])), out)
    rows.update({name: [values[place] for place in left] for name, values in rows.items()})


def test_clients_are_named_that_send_no_rows_any_more(tmp_path: Path) -> None:
    found = alarms(tmp_path, without_some_clients, before=10)
    (rows,) = (alert for alert in found if alert["detector"] == "volume")
    gone = rows["evidence"]["whose_rows"]
    assert {one["client"] for one in gone} == {f"client {i}" for i in range(14)}
    assert {(one["rows"], one["usual"]) for one in gone} == {(0, 15)}


def with_others_for_meat(rows: Rows, changed: np.ndarray) -> None:
    meat = changed[rows["good"][changed] == "meat"]
    rows["good"][meat] = np.array(["bread", "fish"])[np.arange(meat.size) % 2]


def test_a_category_whose_rows_come_as_those_of_another_is_a_broken_column(tmp_path: Path) -> None:
    found = alarms(tmp_path, with_bread_for_meat, before=10, also=dearer_meat, segments="[good]")
    told = [alert for alert in found if alert["evidence"].get("told")]
    assert len({(alert["kind"], alert["fired_at"]) for alert in told}) == 1, "one message tells of all"
    assert {"", "good=bread"} == {alert["segment"] for alert in found}
    assert {alert["origin"] for alert in found} == {"data_quality"}
    assert told[0]["evidence"]["origin"]["broken"] == ["good"]
    first, *_ = told[0]["evidence"]["origin"]["for"]
    assert first.startswith("no row holds meat as good, of 33.")
    assert first.endswith(" before; bread has as many more, and all else is as before")


def test_a_category_that_several_take_the_place_of_is_not_broken_for_that(tmp_path: Path) -> None:
    found = alarms(tmp_path, with_others_for_meat, before=10)
    assert {alert["origin"] for alert in found} == {"temporal"}


def creeping(rows: Rows, _: np.ndarray) -> None:
    rows["age"] += 8 * (np.arange(rows["age"].size) // A_DAY)


def leaping(rows: Rows, changed: np.ndarray) -> None:
    rows["age"][changed] += 56


@pytest.mark.parametrize(("change", "origin"), [(creeping, "temporal"), (leaping, "data_quality")])
def test_a_column_that_ends_up_elsewhere_is_a_season_if_it_crept_and_broken_if_it_leapt(
    tmp_path: Path, change: Callable[[Rows, np.ndarray], None], origin: str
) -> None:
    alert, *_ = of_drift(alarms(tmp_path, change), "age")
    assert alert["origin"] == origin
    assert alert["evidence"]["origin"]["crept" if origin == "temporal" else "broken"] == ["age"]


@pytest.mark.parametrize(("usual", "broken"), [(0.8, False), (0.02, True)])
def test_one_value_that_most_rows_hold_anyhow_is_not_why_answers_differ(
    tmp_path: Path, *, usual: float, broken: bool
) -> None:
    """A blade that stands at 0 for a whole windless day is no broken column."""

    def pitched(rows: Rows) -> None:
        turned = np.random.default_rng(9).random(len(rows["age"])) >= usual
        rows["pitch"] = np.where(turned, np.random.default_rng(10).uniform(1, 20, len(turned)), 0.0)

    def still(rows: Rows, changed: np.ndarray) -> None:
        rows["pitch"][changed] = 0.0
        rows["answer"][changed] += 0.1

    found = of_drift(alarms(tmp_path, still, also=pitched), "answer")
    assert found
    assert ({alert["origin"] for alert in found} == {"data_quality"}) == broken


def test_what_attackers_leave_behind_when_their_rows_are_set_aside_is_no_drift(tmp_path: Path) -> None:
    """All that comes from one park is made up: the others' rows hold none of it, which is no news."""
    there = [f"client {i}" for i in range(4, 8)]

    def in_parks(rows: Rows) -> None:
        rows["park"] = np.where(
            np.isin(rows["who"], there), "west", np.where(rows["who"] > "client 2", "east", "south")
        )

    def all_made_up(rows: Rows, changed: np.ndarray) -> None:
        own, draw = changed[np.isin(rows["who"][changed], there)], np.random.default_rng(6)
        for name, most in (("age", 75), ("income", 90_000), ("debt", 40_000)):
            rows[name][own] = draw.uniform(0, most, own.size)

    found = alarms(tmp_path, all_made_up, also=in_parks, attacks="on")
    suspected = {alert["segment"] for alert in found if alert["kind"].startswith("attack.")}
    assert suspected == {f"client={name}" for name in there}
    assert not of_drift(found, "park")
