"""Beside a reference of few rows honest clients are left alone, too: shops that sell the same few things all day."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, State, baseline_of, rehearsed, track
from monitor.detectors.attack.buckets import Usual, empty_memory, known_tables, shared
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

START, ALARM, SHOPS = datetime(2024, 1, 1, tzinfo=UTC), math.log(1 / ALPHA), 60
ROLES = Roles(timestamp="at", client="shop", prediction="answer", scores=("score",))


def sales(rows: int, seed: int, *, undecided: int = -1) -> pa.Table:
    """Give sales, the first shops' being the most; each shop has its own town, six goods and prices about its own.

    undecided: a shop all whose sales the model can hardly decide.
    """
    rng, shops = np.random.default_rng(seed), np.random.default_rng(0)
    part = 1 / np.arange(1, SHOPS + 1) ** 1.1
    goods, town = shops.integers(0, 200, (SHOPS, 6)), shops.integers(0, 30, SHOPS)
    dear = shops.normal(0, 0.5, SHOPS)
    shop = rng.choice(SHOPS, rows, p=part / part.sum())
    price = np.round(np.exp(3 + dear[shop] + rng.normal(0, 0.6, rows)), 2)
    price = np.where(shop == undecided, np.round(23.4 + rng.normal(0, 0.2, rows), 2), price)
    score = 1 / (1 + np.exp(4 - np.log(price)))
    return pa.table(
        {
            "at": [START + timedelta(minutes=2 * i) for i in range(rows)],
            "shop": np.char.add("shop ", shop.astype(str)),
            "price": price,
            "pieces": 1.0 + rng.poisson(0.7, rows),
            "weight": np.round(rng.lognormal(0, 0.5, rows), 1),
            "good": np.char.add("good ", goods[shop, rng.integers(0, 6, rows)].astype(str)),
            "town": np.char.add(
                "town ", np.where(rng.random(rows) < 0.9, town[shop], rng.integers(0, 30, rows)).astype(str)
            ),
            "pays": rng.choice(["card", "cash", "bill"], rows, p=[0.6, 0.3, 0.1]),
            "score": np.round(score, 4),
            "answer": (score > 0.3).astype(int),
        }
    )


@pytest.mark.parametrize("secret", [1, 2, 3])
def test_a_busy_client_of_few_sorts_of_rows_is_not_accused_beside_a_small_reference(secret: int) -> None:
    reference = sales(700, 1)
    baseline = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(secret))
    assert baseline
    baseline = rehearsed(baseline, reference, ROLES)
    state, accused = State.empty(baseline), set[tuple[str, str]]()
    for seen in sales(9_000, 2).to_batches(max_chunksize=3_000):
        state, found = track(baseline, state, pa.Table.from_batches([seen]), ROLES, length=timedelta(days=1))
        accused |= {(one.client, one.detector) for one in found if not one.total and one.log_e >= ALARM}
    assert accused == set()


def test_who_sends_in_the_reference_what_is_odd_beside_others_may_do_so() -> None:
    reference, traffic = sales(6_000, 1, undecided=9), sales(3_000, 2, undecided=9)
    for known in (True, False):
        beside = reference if known else reference.drop_columns(["shop"])
        baseline = baseline_of(beside, ROLES, layout_of(beside, ROLES), rng=np.random.default_rng(1))
        assert baseline
        baseline = rehearsed(baseline, beside, ROLES)
        _, found = track(baseline, State.empty(baseline), traffic, ROLES, length=timedelta(days=1))
        accused = {one.client for one in found if not one.total and one.log_e >= ALARM}
        assert accused == (set() if known else {"shop 9"})


@pytest.mark.parametrize("cut", [1, 3])
def test_rows_meet_those_within_the_horizon_and_no_older_ones(cut: int) -> None:
    memory, usual = empty_memory(), Usual.of(np.empty((0, 4), np.uint64))
    place = np.tile(np.arange(1, 5, dtype=np.uint64) * np.uint64(2**33 + 1), (6, 1))
    at, told = np.array([0, 40, 90, 141, 150, 201]), []
    for part in np.split(np.arange(6), [cut]):
        many = part.size
        found = shared(
            memory,
            place[part],
            usual=usual,
            horizon=50,
            lately=50,
            client=np.ones(many, np.uint32),
            asked=part + 1,
            varied=np.zeros(many, np.bool_),
            new=np.zeros(many, np.bool_),
            newcomers=np.zeros(many, np.int64),
            at=at[part],
        )
        told += found.told.all(axis=1).tolist()
    assert told == [False, True, True, False, True, False]
    for now, tables in ((251, 4), (252, 0)):
        assert known_tables(memory, place[:1], usual=usual, horizon=50, at=now).tolist() == [tables]
