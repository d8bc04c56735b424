"""The self-test tells which simple attacks would be seen on a model's data, and changes nothing."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from monitor.detectors.attack import State, baseline_of
from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.self_test import Delay, blind, self_test
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles("at", client="who", prediction="answer", scores=("score",))


def reference(rows: int = 3000) -> pa.Table:
    rng = np.random.default_rng(3)
    hidden = rng.normal(size=(rows, 2))
    numbers = np.round(hidden @ rng.normal(size=(2, 8)) + 0.3 * rng.normal(size=(rows, 8)), 2)
    score = 1 / (1 + np.exp(-hidden[:, 0]))
    columns = {f"x{i}": numbers[:, i] for i in range(8)}
    group = np.array(list("abc"))[np.digitize(hidden[:, 1], [-1, 1])]
    at = [datetime(2024, 1, 1, tzinfo=UTC)] * rows
    return pa.table({"at": at, **columns, "group": group, "score": score, "answer": (score > 0.5).astype(int)})


def test_simple_attacks_on_structured_data_are_seen_within_a_few_dozen_queries() -> None:
    rows = reference()
    baseline = baseline_of(rows, ROLES, layout_of(rows, ROLES), rng=np.random.default_rng(1))
    assert baseline
    state = State.empty(baseline)
    before = {name: array.copy() for name, array in state.arrays().items()}
    delays = self_test(baseline, state, rows, ROLES, rng=np.random.default_rng(2))
    after = {(one.injected, one.detector): one.queries for one in delays}
    assert len(after) == 3 * len(NAMES)
    for injected, detector in (
        ("uniform rows", "far_from_population"),
        ("independent marginals", "far_from_population"),
        ("noisy copies", "near_duplicates"),
    ):
        queries = after[injected, detector]
        assert queries is not None
        assert 3 < queries < 60
    assert after["uniform rows", "near_duplicates"] is None
    assert "malformed" in blind(delays)
    assert all((array == before[name]).all() for name, array in state.arrays().items())


def test_a_detector_is_blind_when_nothing_that_was_injected_showed() -> None:
    delays = [Delay("a", "off_contract", None), Delay("b", "off_contract", 7), Delay("a", "malformed", None)]
    assert "off_contract" not in blind(delays)
    assert "malformed" in blind(delays)
