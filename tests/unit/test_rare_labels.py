"""Binary models whose positives are rare: what is worth an alert goes by how rare they are."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.measure import compared, measured
from monitor.types import Roles, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
SETTINGS = Model.model_validate(
    {"source": {"push": True}, "columns": {"timestamp": "at", "scores": "p", "label": "y"}, "window": "1d"}
)
ROLES = Roles(timestamp="at", scores=("p",), label="y")
ASKED = ("log_loss", "label_given_score")


def rows(seed: int, n: int, *, share: float, moved: float = 0.0) -> pa.Table:
    """Give calibrated scores of a mean of about `share`, and labels of which so many move to rows of low score."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5 / share - 0.5, n)
    y = (rng.random(n) < p).astype(int)
    gone = np.flatnonzero(y)[rng.random(int(y.sum())) < moved]
    y[gone] = 0
    y[rng.choice(np.flatnonzero(p < np.median(p)), gone.size, replace=False)] = 1
    return pa.table({"p": p, "y": y})


def breaches(seed: int, *, share: float, moved: float = 0.0) -> list[str]:
    held = rows(1, 40_000, share=share)
    layout = layout_of(held, ROLES)
    pair = (
        profile_table(held, layout, reference=True),
        profile_table(rows(seed, 8_000, share=share, moved=moved), layout),
    )
    found = compared(list(measured({"": pair}, SETTINGS)), SETTINGS, window=DAY, settled=True)
    return [one.measurement.detector for one in found if one.outcome == "breach" and one.measurement.detector in ASKED]


def test_frauds_that_move_to_other_scores_are_told_where_two_rows_in_a_hundred_are_fraud() -> None:
    assert sum(breaches(seed, share=0.02, moved=0.3) == list(ASKED) for seed in range(2, 12)) >= 9


def test_days_like_the_reference_are_not() -> None:
    assert sum(map(len, (breaches(seed, share=0.02) for seed in range(2, 42)))) <= 2


@pytest.mark.parametrize(
    ("share", "least"),
    [
        (0.3, 0.02),  # what is common is judged as ever
        (0.02, 0.004),  # a fifth of what is rare
    ],
)
def test_a_fifth_of_a_rare_label_is_worth_an_alert(share: float, least: float) -> None:
    held = rows(1, 20_000, share=share)
    layout = layout_of(held, ROLES)
    whole = profile_table(held, layout, reference=True)
    found = {one.detector.name: one.detector.min_effect for one in measured({"": (whole, whole)}, SETTINGS)}
    assert [found[name] for name in ASKED] == pytest.approx([least, least], rel=0.1)
