"""Traffic of ever new clients that ask for ever new articles: what breaks for everybody accuses nobody."""

import math
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, State, baseline_of, track, validate
from monitor.profiles.arrow import layout_of
from monitor.profiles.renewal import with_renewal
from monitor.types import Roles

START, ALARM = datetime(2024, 1, 1, tzinfo=UTC), math.log(1 / ALPHA)
ROLES = Roles(timestamp="at", client="who", prediction="answer", kinds={"article": "categorical"})
KINDS, SHOPS = np.array([*"abcdefgh"]), np.array(["web", "app", "shop"])
ROWS, A_DAY = 6_000, 1_000


def sales(first: int, rows: int, seed: int, *, clients: int = 10**9) -> pa.Table:
    """Draw rows of so many clients, of articles that are asked for about six days; four new ones come every day."""
    rng = np.random.default_rng(seed)
    day = (first + np.arange(rows)) / A_DAY
    born = np.maximum((day - rng.exponential(6, rows)).astype(int), -40)
    hidden = rng.normal(size=(rows, 2))
    mix = np.random.default_rng(9).normal(size=(2, 6))
    numbers = np.round(hidden @ mix + rng.normal(size=(rows, 6)), 2)
    return pa.table(
        {
            "at": [START + timedelta(days=float(one)) for one in day],
            "who": [f"c{one}" for one in rng.integers(0, clients, rows)],
            **{f"x{i}": numbers[:, i] for i in range(6)},
            "article": [f"a{4 * b + int(rng.integers(4))}" for b in born],
            "kind": KINDS[np.minimum((abs(hidden[:, 0]) * 3).astype(int), 7)],
            "shop": SHOPS[rng.integers(0, 3, rows)],
            "answer": (numbers[:, 0] > 0).astype(int),
        }
    )


@cache
def fitted() -> Baseline:
    reference = sales(0, ROWS, 1)
    found = baseline_of(
        reference, ROLES, with_renewal(layout_of(reference, ROLES), reference), rng=np.random.default_rng(7)
    )
    assert found
    return found


def renamed(rows: pa.Table) -> pa.Table:
    shop = np.where(rows["shop"].to_numpy() == "web", "web.example", rows["shop"].to_numpy())
    return rows.set_column(rows.column_names.index("shop"), "shop", pa.array(shop))


def in_milliseconds(rows: pa.Table) -> pa.Table:
    return rows.set_column(rows.column_names.index("x3"), "x3", pa.array(rows["x3"].to_numpy() * 1000))


@pytest.mark.parametrize("clients", [10**9, 8_000])
@pytest.mark.parametrize("broken", [None, renamed, in_milliseconds])
def test_what_breaks_for_everybody_where_most_clients_are_new_accuses_nobody(broken: object, clients: int) -> None:
    state, first, alarms = State.empty(fitted()), ROWS, []
    for seed in range(2, 16):
        rows = sales(first, A_DAY, seed, clients=clients)
        rows = broken(rows) if callable(broken) and seed >= 12 else rows
        state, found = track(fitted(), state, rows, ROLES, length=timedelta(days=1))
        alarms += [one for one in found if one.log_e >= ALARM and not one.total]
        first += A_DAY
    assert [(one.detector, one.client) for one in alarms] == []


def test_the_guard_takes_a_new_article_for_one() -> None:
    rows = sales(ROWS, 1, 30)
    for article, belongs in (("a99999", True), (rows["article"][0].as_py(), True)):
        one = rows.set_column(rows.column_names.index("article"), "article", pa.array([article]))
        (found,) = validate(fitted(), None, one, known=frozenset(one.column_names))
        assert found.contract is belongs, found.reasons
    (found,) = validate(fitted(), None, renamed(rows.set_column(10, "shop", pa.array(["web"]))))
    assert not found.contract
