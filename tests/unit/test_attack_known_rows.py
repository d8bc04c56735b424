"""All rows of a reference are known again when they are asked, by whichever segment they come."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import Baseline, State, baseline_of, track
from monitor.detectors.attack.fitting import MOST_ROWS
from monitor.detectors.attack.sighting import ALPHA
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles(timestamp="at", client="who", prediction="answer", segments=("shop",))
START, DAY, ROWS = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 2 * MOST_ROWS


def rows(count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(count, 4)), 3)
    shop = rng.choice(["a", "b"], count, p=[0.9, 0.1])
    return {f"x{i}": x[:, i] for i in range(4)} | {"shop": shop, "answer": (x[:, 0] > 0).astype(int)}


def asked(columns: dict[str, np.ndarray], who: str) -> pa.Table:
    count = columns["x0"].size
    at = [START + timedelta(seconds=30 * i) for i in range(count)]
    return pa.table({"at": at, "who": [who] * count, **columns})


@cache
def fitted() -> Baseline:
    reference = pa.table(rows(ROWS, 1))
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(2))
    assert found
    return found


def test_all_rows_are_known() -> None:
    assert fitted().trained.size == ROWS


@pytest.mark.parametrize("moved", [False, True], ids=["as it came", "by another segment"])
def test_who_asks_training_rows_is_told_after_a_few(*, moved: bool) -> None:
    known = {name: values[1 : 2 * 60 : 2] for name, values in rows(ROWS, 1).items()}
    if moved:
        known["shop"] = np.where(known["shop"] == "a", "b", "a")
    _, found = track(fitted(), State.empty(fitted()), asked(known, "mia"), ROLES, length=DAY)
    (told,) = [one for one in found if one.detector == "training_rows" and one.client == "mia"]
    assert (told.rows, told.hits) == (60, 60)
    assert told.log_e >= -np.log(ALPHA)


def test_who_asks_new_rows_is_not() -> None:
    _, found = track(fitted(), State.empty(fitted()), asked(rows(400, 3), "ann"), ROLES, length=DAY)
    assert not [one for one in found if one.detector == "training_rows" and one.client == "ann"]
