"""Noisy and blind monitors: what a history of windows says of them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from monitor.alerts.noise import Reading, restless, speechless, within_chance
from monitor.alerts.thresholds import Threshold
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.stats.power import detectable_shift
from monitor.steps.blindness import blunt, unreachable, unvarying, widest
from monitor.types import Roles


def readings(marks: str, alpha: float = 0.01) -> list[Reading]:
    return [Reading("breach" if mark == "!" else "clear", alpha=alpha) for mark in marks]


@pytest.mark.parametrize(
    ("marks", "noisy"),
    [
        ("." * 60, False),
        ("!" + "." * 59, False),  # one breach is chance
        ("." * 40 + "!" * 20, False),  # a change that lasts is no noise
        ("." * 20 + "!" * 5 + "." * 20 + "!" * 5 + "." * 10, False),  # nor are two that were over
        ("!...." * 12, True),
        ("!.!.!.", True),
    ],
)
def test_breaches_that_come_and_go_are_noise(marks: str, noisy: bool) -> None:  # noqa: FBT001
    assert bool(restless({"psi of age": readings(marks)})) == noisy


@pytest.mark.parametrize(
    ("marks", "episodes", "noisy"),
    [
        # an alert that lasts, with a clear window now and then
        (". . ! ! . ! ! . ! ! ! . !", "0 0 1 1 1 1 1 1 1 1 1 1 1", False),
        # one that hardly ever breaches is held up by its rule
        ("! . . . . ! . . . . ! . . . .", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", True),
        # twice and over
        ("! ! . . ! ! . . . . . . .", "1 1 0 0 2 2 0 0 0 0 0 0 0", False),
        # three times and more is restless
        ("! . . ! . . ! . . ! . . .", "1 0 0 2 0 0 3 0 0 4 0 0 0", True),
        # breaches outside of any alert
        ("! . . ! . . ! . . ! . . .", "0 0 0 0 0 0 0 0 0 0 0 0 0", True),
        # a change that lasts after a restless start leaves the start
        ("! . ! . ! . ! ! ! . ! ! ! !", "1 0 2 0 3 0 4 4 4 4 4 4 4 4", True),
    ],
)
def test_breaches_of_the_few_alerts_that_fired_are_changes(marks: str, episodes: str, noisy: bool) -> None:  # noqa: FBT001
    seen = readings("".join(marks.split()))
    told = [replace(one, episode=int(number)) for one, number in zip(seen, episodes.split(), strict=True)]
    found = restless({"accuracy": told})
    assert bool(found) == noisy
    assert not found or found[0].breaches <= 4


def test_breaches_that_the_thresholds_let_expect_are_no_noise() -> None:
    assert not restless({"psi of age": readings("!..." * 10, alpha=0.2)})


def test_independent_windows_are_hardly_ever_called_noisy() -> None:
    rng = np.random.default_rng(5)
    marks = ("".join(np.where(row < 0.02, "!", ".")) for row in rng.random((2000, 60)))
    assert len(restless({f"m{i}": readings(mark, alpha=0.02) for i, mark in enumerate(marks)})) <= 2


def test_a_monitor_that_never_answers_is_named_with_its_reason() -> None:
    never, sometimes = Reading("insufficient", note="9 of 30 rows needed"), Reading("clear", alpha=0.1)
    assert speechless({"a": [never], "b": [never, never], "c": [never, sometimes], "d": []}) == {
        "9 of 30 rows needed": ["a", "b"]
    }


def test_a_number_of_the_users_own_is_too_narrow_where_chance_explains_its_breaches() -> None:
    chance, surely = Reading("breach", limit=0.1, p_value=0.4), Reading("breach", limit=0.1, p_value=1e-9)
    metric = Reading("breach", limit=0.8, low=0.7, high=0.85, reference=0.82)
    found = within_chance({"psi": [chance, surely, chance], "auc": [metric], "ks": [surely], "auto": readings("!!")})
    assert found == {"psi": (2, 3), "auc": (1, 1)}


def test_the_detectable_shift_is_found_in_four_of_five_windows() -> None:
    rng = np.random.default_rng(2)
    shift = detectable_shift(0.01, reference=2000, current=300)
    assert shift is not None
    error = np.sqrt(1 / 2000 + 1 / 300)
    z = rng.normal(shift, error, 20_000) / error
    assert np.mean(2 * norm.sf(abs(z)) <= 0.01) == pytest.approx(0.8, abs=0.01)
    assert detectable_shift(0.01, reference=2000, current=0) is None


def reference() -> tuple[Layout, Profile]:
    rng = np.random.default_rng(3)
    table = pa.table(
        {"age": rng.normal(40, 10, 500), "still": np.ones(500), "carrier": rng.choice(["UA", "DL"], 500)},
    )
    layout = layout_of(table, Roles(timestamp="at"))
    return layout, profile_table(table, layout)


def test_small_windows_reach_no_threshold_and_larger_ones_would() -> None:
    _, profile = reference()
    strict = Threshold(alpha=1e-8, min_effect=0.0)
    found = unreachable(profile, {("kolmogorov_smirnov", "age"): strict, ("chi_square", "carrier"): strict}, 4)
    assert [(one.detector, one.rows, one.needed) for one in found if one.detector == "kolmogorov_smirnov"] == [
        ("kolmogorov_smirnov", 4, 16)
    ]


def test_what_can_be_reached_is_not_complained_of() -> None:
    _, profile = reference()
    easy = Threshold(alpha=0.01, min_effect=0.01)
    keys = [("kolmogorov_smirnov", "age"), ("psi", "age"), ("chi_square", "carrier"), ("missing_share", "age")]
    assert unreachable(profile, dict.fromkeys(keys, easy), 200) == []
    assert unreachable(profile, dict.fromkeys(keys, easy), 0) == []


def test_nothing_is_said_of_monitors_that_extreme_windows_do_not_measure() -> None:
    _, profile = reference()
    strict = Threshold(alpha=1e-300, min_effect=0.0)
    keys = [("demographic_parity_difference", "carrier"), ("label_given_score", ""), ("chi_square", "carrier")]
    assert [one.detector for one in unreachable(profile, dict.fromkeys(keys, strict), 10)] == ["chi_square"]


def test_a_column_can_come_wholly_in_another_type() -> None:
    easy = Threshold(alpha=0.01, min_effect=0.005)
    assert unreachable(reference()[1], {("retyped_column", "age"): easy, ("invalid_share", "age"): easy}, 200) == []


def test_columns_that_hold_one_value_are_named() -> None:
    assert unvarying(reference()[1]) == ["still"]


def test_only_columns_whose_windows_differ_widely_are_named_as_wide() -> None:
    layout, profile = reference()
    columns = tuple(replace(c, steepest=0.3 if c.name == "age" else 0.0) for c in layout.columns)
    found = widest(replace(profile, layout=replace(layout, columns=columns)), alpha=0.01, rows=200)
    assert [one.column for one in found] == ["age"]
    assert found[0].shift > 1 > found[0].rows_alone
    assert widest(profile, alpha=0.01, rows=200) == []


def test_a_metric_is_blunt_where_the_references_windows_differ_more_than_its_error() -> None:
    assert blunt(0.01, low=0.76, high=0.84, alpha=0.01) is None
    change = blunt(0.1, low=0.76, high=0.84, alpha=0.01)
    assert change == pytest.approx((norm.isf(0.005) + norm.ppf(0.8)) * np.hypot(0.1, 0.08 / 3.92), rel=1e-3)
