"""A client that serves one rare group only is as ordinary as any other."""

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, State, baseline_of, track
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

START, DAY, ALARM = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), math.log(1 / ALPHA)
ROLES = Roles(timestamp="at", client="who", prediction="answer")
PLANS, SHARES = ["free", "basic", "staff"], [0.6, 0.388, 0.012]


def rows(count: int, seed: int, *, plan: str = "") -> pa.Table:
    rng = np.random.default_rng(seed)
    held: dict[str, Any] = {"age": rng.integers(18, 80, count), "income": rng.lognormal(8, 0.5, count).round(2)}
    held |= {f"x{i}": rng.normal(size=count).round(3) for i in range(4)}
    held |= {
        "town": rng.choice(list("abcdef"), count),
        "plan": [plan] * count if plan else rng.choice(PLANS, count, p=SHARES),
    }
    answer = np.where(held["income"] + 20 * held["age"] > 4000, "yes", "no")
    at = [START + DAY * i / count for i in range(count)]
    return pa.table({"at": at, **held, "answer": answer})


@cache
def fitted() -> Baseline:
    reference = rows(5000, 1)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(2))
    assert found
    return found


def accused(theirs: pa.Table) -> set[str]:
    """Name who is accused of a day's rows, a client's among those of forty others."""
    others = rows(800, 4)
    others = others.append_column("who", pa.array([f"shop {i % 40}" for i in range(800)]))
    table = pa.concat_tables([others, theirs.append_column("who", pa.array(["desk"] * theirs.num_rows))]).sort_by("at")
    _, seen = track(fitted(), State.empty(fitted()), table, ROLES, length=DAY)
    return {one.client for one in seen if not one.total and one.log_e >= ALARM}


@pytest.mark.parametrize("seed", range(3))
def test_who_sends_rows_of_one_rare_category_alone_is_not_accused(seed: int) -> None:
    assert accused(rows(60, 10 + seed, plan="staff")) == set()


def test_whose_rows_are_far_off_in_their_numbers_is_accused_whatever_category_they_have() -> None:
    far = rows(60, 20, plan="staff")
    far = far.set_column(
        far.column_names.index("income"), "income", pa.array(np.full(60, 15_000.0).round(2) + np.arange(60))
    )
    assert accused(far) == {"desk"}
