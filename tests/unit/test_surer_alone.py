"""Scores that became surer while the features stayed: estimates say that they are not to be relied on."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors.performance.support import surer_alone
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.estimates import estimated
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", scores=("p",), label="y")
SETTINGS = Model(source={"push": True}, columns={"timestamp": "at"}, window="1d")


def rows(
    draw: np.random.Generator,
    n: int,
    *,
    shift: float = 0.0,
    tied: float = 0.0,
    noise: float = 0.4,
    sharp: float = 1.0,
    late: float = 0.0,
) -> pa.Table:
    """Give scores of a little noise about what x and w tell; late: by how much something moves that is not watched."""
    x, w, unseen = draw.normal(shift, 1, n), draw.normal(size=n), draw.normal(late, 0.5, n)
    w = tied * (x - shift) + np.sqrt(1 - tied**2) * w
    z = -1 + 1.3 * x - 0.7 * w + unseen
    p = 1 / (1 + np.exp(-sharp * (z + draw.normal(0, noise, n))))
    return pa.table({"x": x, "w": w, "p": p, "y": (draw.random(n) < 1 / (1 + np.exp(-z))).astype(int)})


TABLE = rows(np.random.default_rng(1), 12_000)
LAYOUT = layout_of(TABLE, ROLES)
REFERENCE = profile_table(TABLE, LAYOUT, reference=True)


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        # the features are as ever and the scores are noisier, or sharper
        ({"noise": 1.2}, 0.9, 1),
        ({"sharp": 1.6}, 0.9, 1),
        # nothing changed
        ({}, 0, 0.02),
        # rows that lie elsewhere may well be surer; so may those of other features that nobody watches
        ({"shift": 1.5}, 0, 0),
        ({"tied": -0.7}, 0, 0.2),
        ({"late": 0.4}, 0, 0.1),
        # rows of scores that say less
        ({"sharp": 0.6}, 0, 0),
    ],
)
def test_surer_scores_are_doubted_where_no_feature_moved(change: dict[str, float], least: float, most: float) -> None:
    draw = np.random.default_rng(2)
    windows = [profile_table(rows(draw, 600, **change), LAYOUT) for _ in range(40)]
    assert least <= np.mean([surer_alone(REFERENCE, window) is not None for window in windows]) <= most


def estimates(**change: float) -> list[Measurement]:
    window = profile_table(rows(np.random.default_rng(3), 600, **change), LAYOUT)
    return [one.measurement for one in estimated(REFERENCE, window, SETTINGS)]


def test_a_doubted_estimate_stands_without_an_interval_and_says_why() -> None:
    plain, doubted = estimates(), estimates(noise=1.2)
    assert all(one.low is not None and not one.note for one in plain)
    assert all(one.value is not None and one.low is None and one.high is None for one in doubted)
    assert all("not to be relied on" in one.note and "no feature moved" in one.note for one in doubted)
