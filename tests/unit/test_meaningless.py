"""Which columns are told to mean nothing to a model, and which true features are not."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitor.setup.guess import guess
from monitor.setup.meaningless import meaningless
from monitor.types import Roles

N = 2000
DRAW = np.random.default_rng(3)
START = datetime(2024, 5, 1, tzinfo=UTC)
DAYS = np.sort(DRAW.uniform(0, 25, N))
AT = [START + timedelta(days=float(day)) for day in DAYS]
HOURS = [START + timedelta(seconds=20.0 * i) for i in range(N)]
ROLES = Roles(timestamp="at")

NONSENSE: dict[str, tuple[Sequence[Any] | np.ndarray, str]] = {
    "signup": ([at - timedelta(days=float(d)) for at, d in zip(AT, DRAW.exponential(200, N), strict=True)], "times"),
    "birth": ([date(1980, 1, 1) + timedelta(days=int(d)) for d in DRAW.normal(0, 3000, N)], "times"),
    "seen_at": ([(at - timedelta(hours=3)).timestamp() for at in AT], "grows"),
    "order_no": (10**5 + np.arange(N) * 3 + DRAW.integers(0, 3, N), "grows"),
    "total_so_far": (np.cumsum(DRAW.exponential(40, N)), "grows"),
    "shuffled_orders": (np.arange(N) + DRAW.integers(0, 30, N), "grows"),
    "session": ([f"{x:016x}" for x in DRAW.integers(0, 2**60, N)], "different in every row"),
    "cust": (DRAW.integers(0, 200_000, N), "id hardly a value"),
    "customer_id": ([f"c{x}" for x in DRAW.integers(0, 10_000, N)], "id hardly a value"),
    "account_number": ([float(x) if x % 99 else None for x in DRAW.integers(0, 10**6, N)], "id hardly a value"),
}
FEATURES: dict[str, Sequence[Any] | np.ndarray] = {
    "age": DRAW.integers(18, 95, N),
    "account_age": DRAW.integers(0, 10**5, N),
    "amount": DRAW.lognormal(4, 1, N),
    "price_in_cents": DRAW.permutation(N * 7)[:N],
    "price_with_inflation": np.exp(DRAW.normal(4, 0.5, N) + DAYS / 100),
    "zip_code": [f"{x:05d}" for x in DRAW.integers(10_000, 10_900, N)],
    "postcode": DRAW.integers(10_000, 99_999, N),
    "airport": DRAW.choice([a + b + c for a in "ABCDEFG" for b in "ABCDEFG" for c in "ABCDEFG"], N),
    "duration": DRAW.exponential(3e9, N),
    "hour": (DAYS % 1 * 24).astype(int),
    "minute_of_day": (DAYS % 1 * 1440).astype(int),
    "day_of_month": DAYS.astype(int) + 1,
    "birth_year": DRAW.integers(1930, 2006, N),
    "plan_from": [date(2020 + int(k), 1, 1) for k in DRAW.integers(0, 5, N)],
    "smiles": ["C" * int(k) + "".join(DRAW.choice(list("CNO=()1"), 12)) for k in DRAW.integers(1, 9, N)],
    "sequence": ["".join(DRAW.choice(list("ACGT"), 30)) for _ in range(N)],
    "comment": [f"late by {x} hours" for x in DRAW.uniform(size=N)],
    "level_of_the_day": DRAW.normal(size=26)[DAYS.astype(int)] + DRAW.normal(0, 1e-3, N),
}


def told(column: Any, *, name: str, at: Sequence[datetime] = AT, roles: Roles = ROLES) -> list[str]:  # noqa: ANN401
    return [problem for problem, _ in meaningless(roles, pa.table({"at": at, name: column}), None)]


@pytest.mark.parametrize("name", NONSENSE)
def test_a_column_that_means_nothing_to_a_model_is_told_as_what_it_is_and_left_out_by_init(name: str) -> None:
    column, what = NONSENSE[name]
    (problem,) = told(column, name=name)
    assert what in problem
    found = guess(pa.table({"at": AT, "amount": FEATURES["amount"], name: column}))
    assert [choice.column for choice in found.ignore] == [name]


@pytest.mark.parametrize("name", FEATURES)
def test_a_true_feature_is_not_told(name: str) -> None:
    assert told(FEATURES[name], name=name) == []


def test_what_rises_for_some_hours_may_come_back() -> None:
    """A morning's temperature and the second of the day rise like the number of an order, whose name tells it."""
    morning = 12 + np.linspace(0, 9, N) + DRAW.normal(0, 0.05, N)
    assert told(morning, name="temperature", at=HOURS) == told(np.arange(N) * 20, name="second_of_day", at=HOURS) == []
    assert told(np.arange(N) * 3, name="order_no", at=HOURS)
    assert "grows" not in "".join(told(np.arange(N) * 3, name="order_no", at=HOURS[:1] * N))


def test_what_the_configuration_names_is_meant() -> None:
    column, _ = NONSENSE["session"]
    for roles in (
        Roles(timestamp="at", ignore=("session",)),
        Roles(timestamp="at", segments=("session",)),
        Roles(timestamp="at", kinds={"session": "text"}),
    ):
        assert told(column, name="session", roles=roles) == []


def test_a_column_is_told_once_and_by_the_records_where_the_reference_has_no_times() -> None:
    column, _ = NONSENSE["order_no"]
    reference = pa.table({"total": column})
    assert len(list(meaningless(ROLES, reference, pa.table({"at": AT, "total": column})))) == 1
    assert list(meaningless(ROLES, reference, None)) == []
