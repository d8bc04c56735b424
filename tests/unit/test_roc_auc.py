"""The ROC AUC of scores that lie beyond all of the reference's is not made up."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from monitor.detectors.performance.roc_auc import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", scores=("p",), label="y")


def rows(seed: int, n: int, *, beyond: float = 0.0) -> pa.Table:
    """Give scores within .1 and .5, a share of them above .6, and labels that they tell."""
    rng = np.random.default_rng(seed)
    p = 0.1 + 0.4 * rng.random(n)
    y = (rng.random(n) < p).astype(int)
    return pa.table({"p": np.where(rng.random(n) < beyond, p + 0.5, p), "y": y})


def told(table: pa.Table) -> Measurement:
    held = rows(1, 4000)
    layout = layout_of(held, ROLES)
    (found,) = compare(profile_table(held, layout, reference=True), profile_table(table, layout))
    return found


@pytest.mark.parametrize("beyond", [0.0, 0.01, 0.1])
def test_the_interval_holds_what_the_order_of_rows_beyond_the_reference_could_be(beyond: float) -> None:
    table = rows(2, 3000, beyond=beyond)
    found, real = told(table), roc_auc_score(table["y"].to_numpy(), table["p"].to_numpy())
    assert found.value == pytest.approx(real, abs=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low < real < found.high


def test_where_most_rows_score_beyond_the_reference_it_is_not_known() -> None:
    found = told(rows(3, 1000, beyond=0.9))
    assert (found.value, found.n) == (None, 1000)
    assert found.note.startswith("not known: 9")
    assert found.note.endswith("of the labelled rows score beyond all of the reference's scores")
