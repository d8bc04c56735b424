"""Attacks are found in a stream of queries, honest clients are left alone, however the stream is cut."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, Learning, Sighting, State, baseline_of, merge, signs, track
from monitor.detectors.attack.epoch import LENGTH
from monitor.detectors.attack.packing import packed, unpacked
from monitor.detectors.attack.sighting import NEWCOMERS
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

START, HOUR, ALARM = datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1), math.log(1 / ALPHA)
ROLES = Roles(timestamp="at", id="id", client="who", prediction="answer", scores=("score",))
NUMBERS, CATEGORIES = 8, 3
LEVELS = np.array(list("abcdefgh"))


def inputs(rows: int, seed: int) -> dict[str, Any]:
    """Give correlated numbers with two decimals, and categories that hang on them."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 3))
    turn = np.random.default_rng(99).normal(size=(3, NUMBERS))
    numbers = np.round(hidden @ turn + rng.normal(size=(rows, NUMBERS)), 2)
    codes = np.minimum((np.abs(hidden) * 2).astype(int) + rng.integers(0, 2, (rows, CATEGORIES)), 7)
    return {f"x{i}": numbers[:, i] for i in range(NUMBERS)} | {f"c{i}": LEVELS[codes[:, i]] for i in range(CATEGORIES)}


def queries(columns: dict[str, Any], who: str | np.ndarray, *, first: int = 0, every: float = 1.0) -> pa.Table:
    rows = len(columns["x0"])
    score = 1 / (1 + np.exp(-(columns["x0"] + columns["x1"] - columns["x2"])))
    at = [START + timedelta(seconds=every * (first + i)) for i in range(rows)]
    ids = [f"q{first + i}" for i in range(rows)]
    answer = (score > 0.5).astype(int)
    names = np.broadcast_to(np.asarray(who), (rows,))
    return pa.table({"at": at, "id": ids, "who": names, **columns, "score": score, "answer": answer})


@cache
def fitted() -> Baseline:
    reference = queries(inputs(4000, 1), "reference")
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(7))
    assert found
    return found


def alarms(found: list[Sighting]) -> set[tuple[str, str]]:
    return {(one.client, one.detector) for one in found if not one.total and one.log_e >= ALARM}


def followed(tables: list[pa.Table], *, expected: tuple[str, ...] = (), rows_before: int = 0) -> list[Sighting]:
    state, found = State.empty(fitted()), dict[Any, Sighting]()
    state.arrays()["seen"][0] = rows_before
    for table in tables:
        state, seen = track(fitted(), state, table, ROLES, length=HOUR, expected=expected)
        for one in seen:
            found[one.place] = merge(found[one.place], one) if one.place in found else one
    return list(found.values())


def walk(rows: int, seed: int) -> dict[str, Any]:
    """Move from one row by small steps, as decision-based evasion does."""
    rng = np.random.default_rng(seed)
    columns = inputs(rows, seed)
    for i in range(NUMBERS):
        columns[f"x{i}"] = np.round(columns[f"x{i}"][0] + rng.normal(0, 0.04, rows).cumsum(), 2)
    return columns | {f"c{i}": np.repeat(columns[f"c{i}"][:1], rows) for i in range(CATEGORIES)}


def uniform(rows: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"x{i}": np.round(rng.uniform(-6, 6, rows), 2) for i in range(NUMBERS)}
    return columns | {f"c{i}": rng.choice(LEVELS, rows) for i in range(CATEGORIES)}


def honest(rows: int, seed: int, *, clients: int = 200, first: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    names = np.array([f"client {i}" for i in range(clients)])
    return queries(inputs(rows, seed), names[rng.integers(0, clients, rows)], first=first)


def test_honest_clients_are_left_alone_and_show_signs_at_the_rates_of_the_reference() -> None:
    found = followed([honest(12_000, 2)])
    assert alarms(found) == set()
    for one in (s for s in found if s.total and s.rows > 2000):
        assert one.hits / one.rows <= one.rate


@pytest.mark.parametrize("column", ["x3", "c1"])
def test_a_column_that_no_row_has_accuses_nobody_and_hides_no_search(column: str) -> None:
    lacking = [honest(400, 50, clients=5), queries(walk(40, 51), "eve", first=400)]
    found = alarms(followed([rows.drop_columns([column]) for rows in lacking]))
    assert {client for client, _ in found} == {"eve"}


@pytest.mark.parametrize(
    ("attack", "detector", "most"),
    [(walk, "near_duplicates", 20), (uniform, "far_from_population", 20)],
    ids=["steps from one row", "uniform queries"],
)
def test_an_attacker_is_named_after_few_queries(
    attack: Callable[[int, int], dict[str, Any]], detector: str, most: int
) -> None:
    found = followed([honest(2000, 3), queries(attack(most, 4), "eve", first=2000)])
    assert {client for client, _ in alarms(found)} == {"eve"}
    assert ("eve", detector) in alarms(found) or ("eve", "near_duplicate_starts") in alarms(found)


def chosen(rows: int, seed: int, least: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Give the honest rows out of eight times as many for whose numbers something is least."""
    columns = inputs(8 * rows, seed)
    order = np.argsort(least(np.stack([columns[f"x{i}"] for i in range(NUMBERS)], axis=1)))[:rows]
    kept = np.random.default_rng(seed).permutation(order)
    return {name: values[kept] for name, values in columns.items()}


def test_who_asks_genuine_rows_along_the_boundary_is_named_and_who_stays_in_a_segment_is_not() -> None:
    along = chosen(300, 60, lambda x: np.abs(x[:, 0] + x[:, 1] - x[:, 2]))
    segment = chosen(300, 61, lambda x: np.abs(x[:, 3] - 3))
    found = followed([honest(2000, 62), queries(along, "eve", first=2000), queries(segment, "branch", first=2300)])
    assert {client for client, _ in alarms(found)} == {"eve"}
    assert ("eve", "often_doubtful") in alarms(found)


def test_rows_whose_client_is_an_empty_text_name_none() -> None:
    search, others = queries(walk(300, 3), "", first=12_000), honest(300, 4, first=12_000)
    mixed = pa.concat_tables([search, others]).sort_by("at")
    found = followed([honest(12_000, 2), mixed.slice(0, 300), mixed.slice(300)])
    assert {client for client, _ in alarms(found)} <= {""}
    assert all(one.total or one.detector == "cluster" for one in found if not one.client)


def test_what_was_gathered_before_everybody_showed_a_sign_is_forgotten() -> None:
    known, mixed = inputs(4000, 1), inputs(6400, 6)
    places = np.sort(np.random.default_rng(3).choice(6400, 4000, replace=False))
    for name in mixed:
        mixed[name][places] = known[name]
    names = np.array([f"client {i}" for i in range(430)])
    parts = [queries(mixed, names[np.arange(6400) % 430]), honest(46_000, 5, clients=430, first=6400)]
    found = [one for one in followed(parts) if one.detector == "training_rows" and one.start >= START + 3 * HOUR]
    rates = {one.rate for one in found if one.total}
    assert max(rates) >= 0.5 > min(rates)
    assert not [one for one in found if not one.total and one.log_e >= ALARM]


def test_floats_that_no_honest_row_has_are_noticed_at_once() -> None:
    raw = inputs(6, 5)
    raw["x3"] = raw["x3"] + 0.001234
    found = followed([queries(raw, "eve")])
    assert ("eve", "off_contract") in alarms(found)
    (told,) = [one for one in found if (one.client, one.detector) == ("eve", "off_contract")]
    assert told.evidence["columns"][0] == {"column": "x3", "share": 1.0}
    assert told.first_id == "q0"


def test_evidence_names_the_cluster_with_a_pair_of_rows_and_the_columns_that_differ() -> None:
    found = followed([queries(walk(60, 6), "eve")])
    (told,) = [one for one in found if (one.client, one.detector) == ("eve", "near_duplicates")]
    cluster = told.evidence["cluster"]
    assert cluster["clients"] == 1
    assert cluster["size"] > 40
    assert {part["column"] for part in cluster["pair"]} <= {f"x{i}" for i in range(NUMBERS)}
    assert len(told.ids) == 20


@pytest.mark.parametrize("cuts", [(), (31,), tuple(range(5, 120, 5))])
def test_of_a_cluster_that_others_began_a_clients_own_rows_are_told_however_the_stream_is_cut(
    cuts: tuple[int, ...],
) -> None:
    names = np.array(["bob", *["eve", "adam"] * 59, "eve"])
    table = queries(walk(120, 6), names, first=2000)
    answers = pa.array((names == "adam") | (np.arange(120) > 60)).cast(pa.int64())
    table = table.set_column(table.column_names.index("answer"), "answer", answers)
    found = followed([honest(2000, 7), *(table.slice(a, b - a) for a, b in pairwise([0, *cuts, 120]))])
    (told,) = [one for one in found if (one.client, one.detector) == ("eve", "near_duplicates")]
    cluster = told.evidence["cluster"]
    assert cluster["clients"] >= 2
    assert cluster["own"]["ids"][0] in set(table["id"].to_numpy()[names == "eve"][:4])
    assert cluster["own"]["ids"][-1] == "q2119"
    assert cluster["own"]["flips"] == 1 < cluster["flips"]


@pytest.mark.parametrize("at_once", [150, 7, 1])
def test_many_clients_who_share_one_search_are_found_as_a_cluster_however_few_rows_come_at_once(at_once: int) -> None:
    names = np.array([f"puppet {i % 20}" for i in range(150)])
    attack = queries(walk(150, 8), names, first=8192)
    found = followed([honest(8192, 7), *(attack.slice(first, at_once) for first in range(0, 150, at_once))])
    assert ("", "cluster") in alarms(found)


def newcomers_of(tables: list[pa.Table]) -> set[str]:
    return {detector for client, detector in alarms(followed(tables)) if detector.startswith(NEWCOMERS)}


def strangers(columns: dict[str, Any], *, first: int, clients: int) -> pa.Table:
    """Let many new clients send these rows in turn, one in every four of the traffic."""
    rows = len(columns["x0"])
    calm = honest(3 * rows, 31, first=first)
    new = queries(columns, np.array([f"new {i % clients}" for i in range(rows)]), first=first, every=3.0)
    both = pa.concat_tables([calm, new.cast(calm.schema)])
    return both.take(pa.array(np.argsort(both["at"].to_numpy(), kind="stable")))


def test_new_clients_who_all_send_odd_rows_are_told_together_after_few_queries() -> None:
    calm = honest(8192, 30)
    found = newcomers_of([calm, strangers(uniform(30, 32), first=8192, clients=30)])
    assert f"{NEWCOMERS}far_from_population" in found
    assert not newcomers_of([calm, strangers(uniform(300, 33), first=8192, clients=1)])


def test_new_clients_are_no_attack_when_they_send_what_others_do() -> None:
    calm = [honest(8192, 34), strangers(inputs(2000, 35), first=8192, clients=700)]
    assert newcomers_of(calm) == set()
    storm = inputs(3000, 36)
    storm |= {f"x{i}": storm[f"x{i}"] + 3.0 for i in range(3)}
    names = np.where(
        np.arange(3000) % 4 == 0, [f"new {i}" for i in range(3000)], [f"client {i % 200}" for i in range(3000)]
    )
    assert newcomers_of([honest(8192, 37), queries(storm, names, first=8192)]) == set()


def test_exact_repeats_are_no_near_duplicates() -> None:
    one = inputs(1, 9)
    polled = {name: np.repeat(values, 400) for name, values in one.items()}
    assert alarms(followed([queries(polled, "poller")])) == set()


def test_who_varies_one_column_of_a_row_is_not_taken_for_an_attacker() -> None:
    columns = {name: np.repeat(values, 15) for name, values in inputs(1, 10).items()}
    columns["x4"] = np.round(np.linspace(-1, 1, 15), 2)
    assert alarms(followed([queries(columns, "what if")])) == set()


def test_declared_clients_may_send_near_copies() -> None:
    table = queries(walk(100, 11), "sensor")
    assert alarms(followed([table]))
    assert alarms(followed([table], expected=("sensor",))) == set()


def test_a_sensor_is_known_after_the_burn_in() -> None:
    steps = drifting(700, 12)
    early = queries({name: values[:300] for name, values in steps.items()}, "sensor", every=60)
    late = queries({name: values[300:] for name, values in steps.items()}, "sensor", first=400_000)
    found = followed([early, honest(8192, 13, first=10_000), late])
    after = [one for one in found if one.start > START + 100 * HOUR]
    assert "sensor" not in {client for client, _ in alarms(after)}


def drifting(rows: int, seed: int) -> dict[str, Any]:
    """Give near-copies as a slow sensor sends them: every number swings a little."""
    rng = np.random.default_rng(seed)
    turn = np.arange(rows)
    columns = {
        f"x{i}": np.round(0.5 + np.sin(turn / 300 + i) / 2 + rng.normal(0, 0.05, rows), 2) for i in range(NUMBERS)
    }
    return columns | {f"c{i}": np.repeat(["a"], rows) for i in range(CATEGORIES)}


def test_near_copies_at_a_sensors_pace_are_no_search_and_in_a_hurry_they_are() -> None:
    slow = queries(drifting(100, 21), "sensor", every=900)
    traffic = pa.concat_tables([slow, honest_within(100 * 900, 8_000)]).sort_by("at")
    assert alarms(followed([traffic])) == set()
    fast = queries(walk(40, 22), "sensor", first=100 * 900)
    assert {client for client, _ in alarms(followed([traffic, fast]))} == {"sensor"}


@pytest.mark.parametrize(("every", "accused"), [(1800, set()), (400, {"bed 7"})], ids=["twice an hour", "nine times"])
def test_what_is_measured_twice_an_hour_about_the_boundary_is_no_search(every: int, accused: set[str]) -> None:
    numbers = drifting(100, 21)
    swings = np.random.default_rng(23).normal(0, 0.05, 100)
    about = numbers | {"x2": np.round(numbers["x0"] + numbers["x1"] + swings, 2)}
    slow = queries(about, "bed 7", every=every)
    traffic = pa.concat_tables([slow, honest_within(100 * every, 16_000)]).sort_by("at")
    assert {client for client, _ in alarms(followed([traffic]))} == accused


def test_two_sensors_at_one_place_whose_answers_differ_do_not_accuse_each_other() -> None:
    def answered(table: pa.Table, answer: int) -> pa.Table:
        place = table.column_names.index("answer")
        return table.set_column(place, "answer", pa.array([answer] * table.num_rows))

    one = answered(queries(drifting(100, 21), "one", every=900), 0)
    other = answered(queries(drifting(120, 22), "other", every=750), 1)
    traffic = pa.concat_tables([one, other, honest_within(100 * 900, 9_000)]).sort_by("at")
    assert alarms(followed([traffic])) == set()


def test_who_goes_on_from_an_odd_row_by_small_steps_is_odd_for_one_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    # beside this reference rows that share seven tables are copies: steps that are none share fewer
    monkeypatch.setattr(signs, "STEP_IN", 6)
    ends, rng = uniform(5, 31), np.random.default_rng(31)
    leg, share = np.divmod(np.linspace(0, 4, 70, endpoint=False), 1)
    at, to = leg.astype(int), leg.astype(int) + 1
    steps: dict[str, Any] = {}
    for name in (f"x{i}" for i in range(NUMBERS)):
        between = ends[name][at] + share * (ends[name][to] - ends[name][at])
        steps[name] = np.round(between + rng.normal(0, 0.01, share.size), 2)
    steps |= {f"c{i}": ends[f"c{i}"][np.where(share < 0.5, at, to)] for i in range(CATEGORIES)}
    rover = queries(steps, "rover", every=300)
    assert alarms(followed([pa.concat_tables([rover, honest_within(70 * 300, 5_600)]).sort_by("at")])) == set()


def test_a_search_that_is_slow_but_much_of_the_traffic_is_told() -> None:
    slow = queries(walk(100, 21), "eve", every=900)
    traffic = pa.concat_tables([slow, honest_within(100 * 900, 1_000)]).sort_by("at")
    assert {client for client, _ in alarms(followed([traffic]))} == {"eve"}


def honest_within(seconds: float, rows: int) -> pa.Table:
    names = np.array([f"client {i % 150}" for i in range(rows)])
    return queries(inputs(rows, 26), names, every=seconds / rows)


def test_where_the_world_has_left_the_reference_honest_rows_are_no_cluster_and_a_searcher_is_named() -> None:
    moved = [honest(4096, seed, clients=60, first=4096 * seed) for seed in range(5)]
    moved = [
        table.set_column(table.column_names.index(name), name, shifted(table[name], 6.0))
        for table in moved
        for name in ("x1",)
    ]
    for name in ("x3", "x4"):
        moved = [table.set_column(table.column_names.index(name), name, shifted(table[name], -7.0)) for table in moved]
    steps = walk(200, 23)
    steps |= {"x1": steps["x1"] + 6.0, "x3": steps["x3"] - 7.0, "x4": steps["x4"] - 7.0}
    found = followed([*moved, queries(steps, "eve", first=5 * 4096)])
    similar = {(c, d) for c, d in alarms(found) if d.startswith("near_duplicate") or d == "cluster"}
    assert similar == {("eve", "near_duplicates"), ("eve", "near_duplicate_starts")}


def copies(rows: int, seed: int, *, noise: float) -> dict[str, Any]:
    """Give rows, each with eight copies of itself after it that differ a little in all numbers."""
    rng = np.random.default_rng(seed)
    found = {name: np.repeat(values, 9)[:rows] for name, values in inputs(rows // 9 + 1, seed).items()}
    return found | {f"x{i}": np.round(found[f"x{i}"] + rng.normal(0, noise, rows), 2) for i in range(NUMBERS)}


def test_copies_with_noise_are_told_once_it_is_known_how_near_honest_rows_come_to_their_clients_last_one() -> None:
    noisy = queries(copies(60, 81, noise=0.4), "eve", first=12_000)
    found = followed([honest(12_000, 80, clients=50), noisy])
    assert {client for client, _ in alarms(found)} == {"eve"}
    assert ("eve", "near_duplicate_starts") in alarms(found)
    assert ("eve", "near_duplicate_starts") not in alarms(followed([noisy]))


def test_where_each_client_sends_rows_like_its_own_nobody_is_told_of_them() -> None:
    own, rows = inputs(300, 82), 14_000
    who = np.random.default_rng(83).integers(0, 300, rows)
    alike = {name: values[who] for name, values in own.items()}
    other = inputs(rows, 84)
    alike |= {name: other[name] for name in ("x0", "x1", "x2", "x3", "c0")}
    found = followed([queries(alike, np.array([f"client {i}" for i in range(300)])[who])])
    assert not {client for client, detector in alarms(found) if detector.startswith("near_duplicate")}


def vehicles(minutes: int, seed: int, *, many: int = 40) -> pa.Table:
    """Give what so many vehicles send, a row a minute each, every number going on from the last one of its vehicle."""
    rng = np.random.default_rng(seed)
    hidden, noise = np.zeros((minutes, many, 3)), np.zeros((minutes, many, NUMBERS))
    for i in range(1, minutes):
        hidden[i] = 0.9 * hidden[i - 1] + 0.44 * rng.normal(size=(many, 3))
        noise[i] = 0.9 * noise[i - 1] + 0.44 * rng.normal(size=(many, NUMBERS))
    turn = np.random.default_rng(99).normal(size=(3, NUMBERS))
    numbers = np.round(hidden @ turn + noise, 2).reshape(-1, NUMBERS)
    codes = np.minimum((np.abs(hidden.reshape(-1, 3)) * 2).astype(int), 7)
    columns = {f"x{i}": numbers[:, i] for i in range(NUMBERS)} | {f"c{i}": LEVELS[codes[:, i]] for i in range(3)}
    return queries(columns, np.array([f"vehicle {i}" for i in range(many)] * minutes), every=60 / many)


def test_an_odd_stay_of_who_goes_on_from_row_to_row_is_no_attack_and_odd_rows_that_leap_about_are() -> None:
    traffic = vehicles(250, 90)
    found = followed([traffic])
    late = {one.client for one in found if one.start > START + HOUR and not one.total and one.log_e >= ALARM}
    assert not late
    search = queries(uniform(60, 91), "eve", first=10_000, every=60 / 40)
    assert "eve" in {client for client, _ in alarms(followed([traffic, search]))}


def visits(many: int, seed: int, *, clicks: int = 18) -> pa.Table:
    """Give visits of so many clients, five at once, which grow from row to row in all numbers."""
    rng = np.random.default_rng(seed)
    begun = inputs(many, seed)
    columns = {name: np.repeat(values, clicks) for name, values in begun.items()}
    for i in range(NUMBERS):
        grown = rng.exponential(0.25, (many, clicks)).cumsum(axis=1)
        columns[f"x{i}"] = np.round(columns[f"x{i}"] + grown.ravel(), 2)
    order = np.argsort(
        np.repeat(np.arange(many) // 5 * clicks, clicks) + np.tile(np.arange(clicks), many), kind="stable"
    )
    names = np.repeat([f"visit {i}" for i in range(many)], clicks)
    return queries({name: values[order] for name, values in columns.items()}, names[order])


def test_where_visits_grow_from_row_to_row_they_are_no_near_copies_and_a_search_that_goes_back_and_forth_is() -> None:
    traffic = visits(500, 95)
    found = followed([traffic])
    copying = {client for client, detector in alarms(found) if detector.startswith("near_duplicate")}
    assert not {client for client in copying if int(client.removeprefix("visit ")) > 250}
    search = queries(walk(120, 96), "eve", first=traffic.num_rows)
    search = search.set_column(search.column_names.index("answer"), "answer", pa.array(np.arange(120) % 2))
    assert "eve" in {client for client, _ in alarms(followed([traffic, search]))}


def stepping(rows: int, seed: int, *, columns: int) -> dict[str, Any]:
    """Change one number of a row at each query, one of so many in turn by two deviations or more; mostly go back."""
    rng = np.random.default_rng(seed)
    found = {name: np.repeat(values[:1], rows) for name, values in inputs(1, seed).items()}
    for row in range(1, rows):
        column = f"x{row % columns}"
        asked = np.round(found[column][row - 1] + rng.choice([-1, 1]) * rng.uniform(4, 8), 2)
        found[column][row:] = asked if rng.random() < 0.2 else found[column][row - 1]
        found[column][row] = asked
    return found


@pytest.mark.parametrize(("columns", "named"), [(8, True), (2, False)])
def test_who_changes_one_column_after_the_other_by_large_steps_is_named(columns: int, *, named: bool) -> None:
    searches = [stepping(14, seed, columns=columns) for seed in range(70, 74)]
    together = {name: np.concatenate([one[name] for one in searches]) for name in searches[0]}
    found = followed([honest(2000, 3), queries(together, "eve", first=2000)])
    assert ({client for client, _ in alarms(found)} == {"eve"}) is named
    similar = [one for one in found if (one.client, one.detector) == ("eve", "near_duplicates")]
    assert any(one.log_e >= ALARM for one in similar) is named


def test_what_everybody_shows_for_some_hours_is_no_evidence_against_the_busiest() -> None:
    names = np.where(np.arange(400) % 3 == 0, "busiest", [f"client {i % 40}" for i in range(400)])
    storm = inputs(400, 24)
    storm |= {f"x{i}": storm[f"x{i}"] + 4.0 for i in range(2)}
    assert alarms(followed([honest(4096, 25), queries(storm, names, first=4096)])) == set()
    alone = queries({name: values[:60] for name, values in storm.items()}, "eve", first=4096)
    assert {client for client, _ in alarms(followed([honest(4096, 25), alone]))} == {"eve"}


def shifted(values: pa.ChunkedArray, by: float) -> pa.Array:
    return pa.array(np.round(values.to_numpy() + by, 2))


def test_without_client_ids_a_flood_of_odd_queries_is_told_of_all_traffic() -> None:
    nameless = Roles(timestamp="at", id="id", prediction="answer", scores=("score",))
    mixed = inputs(4000, 15)
    odd = uniform(200, 16)
    for name in mixed:
        mixed[name][::20] = odd[name]
    state = State.empty(fitted())
    state, calm = track(fitted(), state, queries(inputs(12_288, 14), "", every=4.0), nameless, length=HOUR)
    _, found = track(fitted(), state, queries(mixed, "", first=12_288, every=4.0), nameless, length=HOUR)
    assert alarms(calm) == set()
    assert ("", "pooled_far_from_population") in alarms(found)


def with_broken(table: pa.Table) -> pa.Table:
    """Zero a column for everybody."""
    return table.set_column(table.column_names.index("x2"), "x2", pa.array(np.full(table.num_rows, 99.0)))


def test_a_column_that_breaks_for_everybody_accuses_nobody_and_a_searcher_in_it_is_named() -> None:
    columns = walk(60, 31)
    search = queries(columns, "eve", first=9000)
    found = followed([honest(6000, 29), with_broken(honest(3000, 30, first=6000)), with_broken(search)])
    assert {client for client, _ in alarms(found)} == {"eve"}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("cuts", [(1,), (100, 4000, 4100), (4096,), (2500, 2501, 5000)])
def test_how_a_stream_is_cut_makes_no_difference(cuts: tuple[int, ...], *, named: bool) -> None:
    table = pa.concat_tables(
        [
            honest(2400, 17, clients=50),
            queries(walk(100, 18), "eve", first=2400),
            honest(2600, 19, clients=50, first=2500),
            queries(uniform(60, 20), "mallory", first=5100),
            with_broken(honest(1500, 32, clients=50, first=5160)),
        ]
    )
    table = table if named else table.set_column(2, "who", pa.nulls(table.num_rows, pa.string()))
    whole = followed([table])
    bounds = [0, *cuts, table.num_rows]
    parts = [table.slice(a, b - a) for a, b in pairwise(bounds)]
    cut = {one.place: one for one in followed(parts)}
    assert cut.keys() == {one.place for one in whole}
    for one in whole:
        other = cut[one.place]
        assert (one.rows, one.hits) == (other.rows, other.hits)
        assert one.log_e == pytest.approx(other.log_e, abs=1e-3)


def test_the_number_of_rows_that_came_before_makes_no_difference_however_large() -> None:
    table = pa.concat_tables([honest(6000, 17, clients=50), queries(walk(100, 18), "eve", first=6000)])
    few, many = (followed([table], rows_before=rows) for rows in (2**20, 2**32 - LENGTH))
    assert "eve" in {client for client, _ in alarms(many)}
    assert [(one.place, one.rows, one.hits, one.log_e) for one in few] == [
        (one.place, one.rows, one.hits, one.log_e) for one in many
    ]


def test_the_order_of_columns_makes_no_difference() -> None:
    table = pa.concat_tables([honest(500, 21), queries(walk(50, 22), "eve", first=500)])
    found, turned = followed([table]), followed([table.select(table.column_names[::-1])])
    assert {(one.place, one.hits) for one in found} == {(one.place, one.hits) for one in turned}


def test_times_in_nanoseconds_are_read() -> None:
    table = pa.concat_tables([honest(500, 21), queries(walk(50, 22), "eve", first=500)])
    nanos = pa.array(table["at"].cast(pa.int64()).to_numpy() * 1000 + 7, pa.timestamp("ns", "UTC"))
    finer = table.set_column(table.column_names.index("at"), "at", nanos)
    assert {one.place for one in followed([finer])} == {one.place for one in followed([table])}


def test_a_baseline_of_another_version_of_this_program_is_none() -> None:
    arrays = unpacked(fitted().packed())
    assert Baseline.unpacked(packed(arrays)) is not None
    assert Baseline.unpacked(packed({**arrays, "format": arrays["format"] - 1})) is None
    assert Baseline.unpacked(packed({name: one for name, one in arrays.items() if name != "format"})) is None


def test_what_is_kept_is_of_fixed_size_and_comes_back_as_it_was() -> None:
    baseline = Baseline.unpacked(fitted().packed())
    state, _ = track(baseline, State.empty(baseline), honest(3000, 23), ROLES, length=HOUR)
    sizes = {name: array.nbytes for name, array in State.empty(baseline).arrays().items()}
    assert {name: array.nbytes for name, array in state.arrays().items()} == sizes
    assert sum(sizes.values()) < 64e6
    again = track(baseline, State.of(state.arrays()), queries(walk(50, 24), "eve"), ROLES, length=HOUR)[1]
    assert alarms(again) == alarms(track(fitted(), state, queries(walk(50, 24), "eve"), ROLES, length=HOUR)[1])


def test_a_state_is_left_alone() -> None:
    state = State.empty(fitted())
    before = {name: array.copy() for name, array in state.arrays().items()}
    track(fitted(), state, honest(300, 25), ROLES, length=HOUR)
    assert all((before[name] == array).all() for name, array in state.arrays().items())


def test_too_small_a_reference_gives_no_baseline() -> None:
    reference = queries(inputs(150, 26), "reference")
    assert baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(1)) is None


def test_who_searches_along_one_column_for_another_answer_is_told_after_some_dozen_queries() -> None:
    columns = {name: np.repeat(values, 60) for name, values in inputs(1, 10).items()}
    boundary = float(columns["x2"][0] - columns["x1"][0])
    columns["x0"] = np.round(boundary + 0.2 * np.tile([1, -1], 30) * np.linspace(1, 2, 60), 2)
    assert ("eve", "near_duplicates") in alarms(followed([queries(columns, "eve")]))


def test_rows_that_are_odd_all_round_are_told_however_slowly_they_come() -> None:
    busy = honest(20_000, 31, clients=200)
    columns = {name: np.round(values, 2) if name[0] == "x" else values for name, values in uniform(40, 32).items()}
    slow = queries(columns, "mole", first=1_000, every=1_800.0)
    otherwise = pa.array(1 - np.asarray(slow["answer"]))
    slow = slow.set_column(slow.column_names.index("answer"), "answer", otherwise)
    found = followed([pa.concat_tables([busy, slow]).sort_by("at")])
    assert alarms(found) == {("mole", "odd_all_round")}
    usual = queries(inputs(40, 33), "usual", first=1_000, every=1_800.0)
    assert not alarms(followed([pa.concat_tables([busy, usual]).sort_by("at")]))


def test_who_scores_the_reference_again_is_told_unless_declared() -> None:
    reference = queries(inputs(4000, 1), "reference")
    at = pa.array([START + timedelta(hours=2, seconds=i) for i in range(120)])
    names = pa.array(["nightly", "thief"] * 60)
    again = reference.slice(0, 120).set_column(0, "at", at).set_column(2, "who", names)
    traffic = pa.concat_tables([honest(6_000, 41), again]).sort_by("at")
    for declared in ((), ("nightly",)):
        _, found = track(fitted(), State.empty(fitted()), traffic, ROLES, length=HOUR, rescoring=declared)
        asked = {who for who, sign in alarms(found) if sign == "training_rows"}
        assert asked == {"nightly", "thief"} - set(declared)


def test_what_a_stretch_tells_of_a_cluster_does_not_hold_what_came_later() -> None:
    rows = queries(walk(90, 60), "eve", every=120.0)  # thirty an hour
    hours = [rows.slice(first, 30) for first in (0, 30, 60)]
    for told in (followed([rows]), followed(hours)):
        shown = [one for one in told if (one.client, one.detector) == ("eve", "near_duplicates")]
        clusters = {one.start: one.evidence["cluster"] for one in shown}
        own = {start: cluster["own"] for start, cluster in clusters.items()}
        whole = {start: cluster["size"] for start, cluster in clusters.items()}
        sizes = [own[start]["size"] for start in sorted(own)]
        assert sizes == sorted(sizes)
        assert sizes[0] <= 30
        assert sizes[-1] > 60
        assert all(own[start]["size"] == whole[start] for start in own)


NAMELESS = Roles(timestamp="at", id="id", prediction="answer", scores=("score",))


def told_without_ids(table: pa.Table, *, at_once: int) -> set[tuple[str, datetime]]:
    """Follow rows that name no client, so many at once; give what raised an alarm in which stretch."""
    state, found = State.empty(fitted()), list[Sighting]()
    for first in range(0, table.num_rows, at_once):
        state, seen = track(fitted(), state, table.slice(first, at_once), NAMELESS, length=HOUR)
        found += [one for one in seen if not one.total and one.log_e >= ALARM]
    return {(one.detector, one.start) for one in found}


def with_search(rows: int, *, retried: timedelta | None = None) -> pa.Table:
    """Give so many honest rows, two hundred an hour, with a search of ninety rows in the midst of the last hours.

    retried: how much later each thirtieth of the honest rows comes again, the very same.
    """
    calm = queries(inputs(rows, 70), "", every=18.0)
    search = queries(walk(90, 71), "", first=rows - 1000, every=18.0)
    again = calm.take(pa.array(np.arange(0, rows, 30))) if retried else calm.slice(0, 0)
    moved = [one + (retried or HOUR) for one in again["at"].to_pylist()]
    again = again.set_column(0, "at", pa.array(moved, calm["at"].type))
    return pa.concat_tables([calm, search, again]).sort_by("at")


def test_without_client_ids_who_catches_up_is_told_what_who_keeps_up_is() -> None:
    table = with_search(7000)
    kept_up = told_without_ids(table, at_once=50)
    assert "cluster" in {detector for detector, _ in kept_up}
    assert told_without_ids(table, at_once=table.num_rows) == kept_up


def test_without_client_ids_a_search_is_told_on_the_first_day() -> None:
    found = told_without_ids(with_search(3600), at_once=200)
    assert {detector for detector, _ in found} == {"cluster"}


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)])
def test_without_client_ids_rows_that_are_sent_again_hide_no_search_and_raise_no_alarm(later: timedelta) -> None:
    table = with_search(7000, retried=later)
    begun = table["at"][0].as_py() + 6000 * timedelta(seconds=18)
    found = told_without_ids(table, at_once=table.num_rows)
    assert "cluster" in {detector for detector, _ in found}
    assert all(start.replace(tzinfo=None) >= begun.replace(tzinfo=None) - HOUR for _, start in found)


def test_without_client_ids_it_is_said_how_much_is_left_to_learn() -> None:
    assert Learning.of({}) == (10, 8000, 10)
    state, said = State.empty(fitted()), []
    for first in range(0, 10_400, 200):
        rows = queries(inputs(200, 72 + first), "", first=first, every=18.0)
        state, _ = track(fitted(), state, rows, NAMELESS, length=HOUR)
        said.append(tuple(Learning.of(state.held)))
    assert said[3] == (6, 7200, 10)
    assert said[9] == (0, 6000, 10)
    assert said[44] == (0, 0, 5)
    assert said[-1] == (0, 0, 0)
