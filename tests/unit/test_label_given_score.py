"""Which way labels differ at equal score."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.concept.label_given_score import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.types import Roles

ROLES = Roles(timestamp="at", scores=("p",), label="y")


def rows(seed: int, n: int, *, lower: float = 1.0, odds: float = 1.0) -> pa.Table:
    draw = np.random.default_rng(seed)
    p = lower * draw.beta(2, 2, n)
    chance = odds * p / (1 - p + odds * p)
    return pa.table({"p": p, "y": np.where(draw.random(n) < chance, "late", "ontime").astype(object)})


@pytest.fixture(scope="module")
def reference() -> Profile:
    held = rows(1, 20_000)
    return profile_table(held, layout_of(held, ROLES), reference=True)


@pytest.mark.parametrize(("lower", "odds"), [(1.0, 1.0), (1.0, 3.0), (1.0, 0.3), (0.5, 1.0), (0.5, 3.0)])
def test_hits_are_laid_beside_those_of_rows_scored_alike(reference: Profile, lower: float, odds: float) -> None:
    now = rows(2, 5_000, lower=lower, odds=odds)
    (found,) = compare(reference, profile_table(now, reference.layout))
    hits = found.evidence["hits"]
    assert hits["label"] == "late"
    assert hits["share"] == pytest.approx(np.mean(np.array(now["y"].to_pylist()) == "late"), abs=1e-3)
    assert hits["expected"] == pytest.approx(now["p"].to_numpy().mean(), abs=0.02)


def test_without_labels_there_is_nothing_to_tell(reference: Profile) -> None:
    now = rows(2, 100).set_column(1, "y", pa.nulls(100, pa.string()))
    (found,) = compare(reference, profile_table(now, reference.layout))
    assert (found.value, dict(found.evidence)) == (None, {})
