"""What features tell beyond a model's scores, of binary models and of several classes: other rows, before labels."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.performance.estimated import estimate_spreads, estimated_accuracy
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.expected_hit import NAME
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.outcome import MulticlassOutcome
from monitor.profiles.outcome_layout import Multiclass
from monitor.profiles.profile import Profile, merge
from monitor.types import Measurement, Roles

SIZE, NAMES = 500, np.array(["a", "b", "c"])
ROLES = {
    2: Roles(timestamp="at", prediction="said", scores=("p1",), label="was"),
    3: Roles(timestamp="at", prediction="said", scores=("p0", "p1", "p2"), classes=("a", "b", "c"), label="was"),
}


def rows(rng: np.random.Generator, n: int, *, classes: int = 3, shift: float = 0.0, region: float = 0.5) -> pa.Table:
    """Give scores that are too sure where `where` is high, by as much as `region` says, and too modest where low."""
    where, z = rng.normal(shift, 1, n), rng.normal(0, 1.5, (n, classes))
    said, true = (
        np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in (z, z * np.exp(-region * where)[:, None])
    )
    was = (rng.random((n, 1)) > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    decided = said.argmax(axis=1)
    named = (NAMES[was], NAMES[decided]) if classes > 2 else (was, decided)
    scores = {f"p{i}": said[:, i] for i in range(classes)}
    wanted = scores if classes > 2 else {"p1": scores["p1"]}
    return pa.table({"where": where, "noise": rng.normal(size=n), **wanted, "said": named[1], "was": named[0]})


def told(table: pa.Table, roles: Roles) -> Profile:
    layout = layout_of(table, roles)
    whole = profile_table(table, layout, reference=True)
    own = Groups(np.arange(table.num_rows) // SIZE, table.num_rows // SIZE)
    parts = next(profile_groupings(table, layout, [own], reference=True))
    return replace(whole, layout=replace(layout, spreads=estimate_spreads(whole, parts), windows=len(parts)))


def measured(reference: Profile, window: pa.Table) -> tuple[Measurement, float]:
    (found,) = estimated_accuracy(reference, profile_table(window.drop_columns("was"), reference.layout))
    return found, float((np.asarray(window["said"]) == np.asarray(window["was"])).mean())


def off(reference: Profile, windows: list[pa.Table]) -> tuple[float, float]:
    """Give how far estimates are off what is realised, and how often their intervals hold it."""
    pairs = [measured(reference, window) for window in windows]
    held = [(one.low or 0.0) <= real <= (one.high or 0.0) for one, real in pairs]
    return float(np.mean([abs((one.value or 0.0) - real) for one, real in pairs])), float(np.mean(held))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_model_that_is_too_sure_in_a_region_is_estimated_by_how_many_rows_lie_there(classes: int) -> None:
    rng = np.random.default_rng(2)
    reference = told(rows(rng, 10_000, classes=classes), ROLES[classes])
    assert NAME in {name for one in reference.layout.derivations for name in one.names}
    windows = [rows(rng, SIZE, classes=classes, shift=shift) for shift in np.linspace(-1.2, 1.2, 24)]
    plain = [window.drop_columns("where").append_column("where", pa.nulls(SIZE, pa.float64())) for window in windows]
    blind = told(rows(rng, 10_000, classes=classes).drop_columns("where"), ROLES[classes])
    assert off(reference, windows)[0] < 0.6 * off(blind, plain)[0]


def test_without_a_shift_features_cost_next_to_nothing() -> None:
    rng = np.random.default_rng(2)
    table = rows(rng, 10_000)
    windows = [rows(rng, SIZE) for _ in range(60)]
    beside, alone = off(told(table, ROLES[3]), windows), off(told(table.drop_columns("where"), ROLES[3]), windows)
    assert beside[0] < 1.08 * alone[0]
    assert beside[1] > alone[1] - 0.06


def test_a_class_whose_scores_promise_too_much_is_told_by_the_decision() -> None:
    rng = np.random.default_rng(3)

    def made(n: int, often: float) -> pa.Table:
        decided = rng.choice(3, n, p=[often, (1 - often) / 2, (1 - often) / 2])
        sure = rng.uniform(0.4, 0.95, n)
        scores = np.repeat((1 - sure)[:, None] / 2, 3, axis=1)
        scores[np.arange(n), decided] = sure
        right = rng.random(n) < sure - 0.3 * (decided == 0)
        was = NAMES[np.where(right, decided, (decided + 1) % 3)]
        named = dict(zip(("p0", "p1", "p2"), scores.T, strict=True))
        return pa.table({**named, "said": NAMES[decided], "was": was})

    reference = told(made(8000, 1 / 3), ROLES[3])
    assert off(reference, [made(SIZE, 0.9) for _ in range(20)])[0] < 0.03


def test_told_rows_add_up_by_decision_and_confidence_and_are_kept() -> None:
    rng = np.random.default_rng(4)
    layout = layout_of(rows(rng, 6000), ROLES[3])
    assert isinstance(layout.outcome, Multiclass)
    assert layout.outcome.excess == NAME
    assert Layout.unpacked(layout.packed()).digest == layout.digest
    table = rows(rng, 400)
    whole = profile_table(table, layout)
    both = merge(profile_table(table.slice(0, 150), layout), profile_table(table.slice(150), layout))
    assert (both.counts == whole.counts).all()
    np.testing.assert_allclose(both.sums, whole.sums)
    again = Profile.unpacked(whole.packed(), layout).outcome
    assert isinstance(again, MulticlassOutcome)
    assert (again.told == again.served).all()
    assert (again.excess**2 <= again.excess_squares * again.told + 1e-9).all()
    assert not np.allclose(again.excess, 0)
