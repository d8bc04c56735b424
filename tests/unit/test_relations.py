"""What columns of numbers tell of each other, and what of that stands when they leap."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.temporal.step_change import UNSURE, Course, step_change
from monitor.profiles.arrow import layout_of
from monitor.profiles.layout import Column, Layout
from monitor.profiles.relation import Relation
from monitor.profiles.relations import MOST_COLUMNS, relations_of
from monitor.stats.steps import farthest_step
from monitor.stats.stepwise import LEAST_GAIN, MOST, line_of
from monitor.types import Roles


def weather(draw: np.random.Generator, n: int) -> np.ndarray:
    """Draw temperature, dew point, what follows from both, and a number of its own."""
    temp = draw.normal(50, 15, n)
    dew = temp - draw.gamma(2, 5, n)
    return np.column_stack([temp, dew, 100 - 2.5 * (temp - dew) + draw.normal(0, 2, n), draw.lognormal(3, 1, n)])


def test_slopes_are_those_of_least_squares_on_the_columns_chosen() -> None:
    rows = weather(np.random.default_rng(1), 5_000)
    found = relations_of(rows, ["temp", "dew", "humid", "price"])
    assert sorted(found) == ["dew", "humid", "temp"]
    names = ["temp", "dew", "humid", "price"]
    for name, relation in found.items():
        own, others = rows[:, names.index(name)], rows[:, [names.index(other) for other in relation.slopes]]
        fitted, left, *_ = np.linalg.lstsq(np.column_stack([others, np.ones(len(rows))]), own)
        assert list(relation.slopes.values()) == pytest.approx(fitted[:-1])
        assert relation.explained == pytest.approx(1 - left[0] / ((own - own.mean()) ** 2).sum())


def test_no_column_follows_others_that_tell_less_than_half_of_it() -> None:
    draw = np.random.default_rng(2)
    one = draw.normal(size=4_000)
    rows = np.column_stack([one, one + draw.normal(0, 1.2, 4_000), draw.normal(size=4_000)])
    assert relations_of(rows, ["a", "b", "c"]) == {}


def test_what_is_missing_constant_or_beyond_floats_spoils_no_other_column() -> None:
    draw = np.random.default_rng(3)
    one = draw.normal(size=4_000)
    holes = np.where(draw.random(4_000) < 0.4, np.nan, 3 * one)
    huge = np.where(np.arange(4_000) == 7, 1e300, one)
    rows = np.column_stack([one, holes, np.full(4_000, 2.0), np.full(4_000, np.nan), huge, np.r_[np.inf, one[1:]]])
    found = relations_of(rows, ["a", "holes", "constant", "nothing", "huge", "infinite"])
    assert set(found) == {"a", "holes", "infinite"}
    assert [*found["holes"].slopes.values()] == pytest.approx([3.0], rel=0.05)


@pytest.mark.parametrize("wide", [3, 30])
def test_few_numbers_are_chosen_that_each_tell_something(wide: int) -> None:
    draw = np.random.default_rng(4)
    rows = draw.normal(size=(3_000, wide)) @ draw.normal(size=(wide, wide))
    correlations = np.corrcoef(rows.T)
    for place in range(wide):
        line = line_of(correlations, place)
        if line is None:
            others = np.delete(correlations[place], place)
            assert (others**2 < LEAST_GAIN).all()
            continue
        assert place not in line.places
        assert len(set(line.places)) == len(line.places) <= MOST
        inside = correlations[np.ix_(line.places, line.places)]
        assert line.explained == pytest.approx(line.slopes @ inside @ line.slopes)


def test_a_layout_tells_of_features_alone_and_is_kept_as_it_was() -> None:
    rows = weather(np.random.default_rng(5), 1_000)
    names = ["temp", "dew", "humid", "price"]
    table = pa.table({name: rows[:, place] for place, name in enumerate(names)} | {"sold": rows[:, 0] * 2})
    layout = layout_of(table, Roles(timestamp="at", prediction="sold"))
    assert set(layout.related) == {"temp", "dew", "humid"}
    assert all("sold" not in relation.slopes for relation in layout.related.values())
    assert Layout.unpacked(layout.packed()).related == layout.related
    assert not layout_of(table.slice(0, 200), Roles(timestamp="at", prediction="sold")).related


def test_of_very_many_columns_the_first_are_looked_at() -> None:
    draw = np.random.default_rng(6)
    own = draw.normal(size=400)
    table = pa.table({f"c{place:03}": own + draw.normal(0, 0.1, 400) for place in range(MOST_COLUMNS + 20)})
    related = layout_of(table, Roles(timestamp="at")).related
    assert len(related) == MOST_COLUMNS


def measured(column: Column, own: Course | None, rest: Course | None, mean: float) -> tuple[float, float, float]:
    (found,) = step_change(column, (500, mean, 25.0), own, rest, windows=90)
    assert found.effect is not None
    assert found.p_value is not None
    assert found.reference is not None
    return found.effect, found.p_value, found.reference


def test_the_farther_of_both_readings_is_given_and_where_others_tell_a_column_to_be() -> None:
    draw = np.random.default_rng(7)
    relation = Relation({"dew": 1.0}, 0.9, leap=1.0)
    (column,) = layout_of(pa.table({"temp": draw.normal(50, 5, 300)}), Roles(timestamp="at")).columns
    column = replace(column, relation=relation, leap=12.0)
    levels, rests = draw.normal(50, 4, 60), draw.normal(10, 0.3, 60)
    own, rest = Course(levels, 47.0), Course(rests, 16.0)
    times, p_value, told = measured(column, own, rest, 47.0)
    before = rests[-28:].mean()
    assert told == pytest.approx(47.0 - (16.0 - before))
    assert times == pytest.approx((16.0 - before) / UNSURE)
    alone = measured(column, None, rest, 47.0)
    assert p_value == pytest.approx(2 * alone[1])
    assert measured(column, own, Course(rests, 10.0), 47.0)[2] == pytest.approx(levels[-28:].mean())
    assert measured(column, own, Course(rests[:27], 16.0), 47.0)[2] == pytest.approx(levels[-28:].mean())


@pytest.mark.parametrize("heavy", [False, True])
def test_what_others_tell_of_windows_that_last_is_hardly_ever_left_by_half_as_much_more(heavy: bool) -> None:  # noqa: FBT001
    draw = np.random.default_rng(8)
    (column,) = layout_of(pa.table({"temp": draw.normal(0, 5, 300)}), Roles(timestamp="at")).columns
    passed = 0
    for _ in range(300):
        shocks = draw.standard_t(4, 120) if heavy else draw.normal(size=120)
        rests = np.zeros(120)
        for place in range(1, 120):
            rests[place] = 0.6 * rests[place - 1] + shocks[place]
        known = replace(column, relation=Relation({"dew": 1.0}, 0.9, leap=farthest_step(rests[:60])))
        found = [measured(known, None, Course(rests[60:100], now), 0.0) for now in rests[100:102]]
        passed += all(times > 1.5 for times, _, _ in found)
    assert passed <= 2


def test_a_copy_of_a_column_that_rounding_moves_a_little_is_no_leap() -> None:
    draw = np.random.default_rng(9)
    (column,) = layout_of(pa.table({"temp": draw.normal(50, 5, 300)}), Roles(timestamp="at")).columns
    for leap in (None, 1e-12):
        known = replace(column, relation=Relation({"copy": 1.0}, 1.0, leap=leap))
        rests = draw.normal(0, 1e-12, 60)
        assert measured(known, None, Course(rests, 0.01), 50.0)[0] < 0.1
