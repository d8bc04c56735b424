"""Detectors of unequal groups: beside brute force on rows, and what each of them keeps."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from monitor.detectors import ALL, Detector
from monitor.detectors.fairness import GROUP_DETECTORS, SAMPLING, SELECTION, TREATMENT
from monitor.detectors.fairness.sides import ROWS_NEEDED, Sides, strongest
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.slices import grouped
from monitor.types import Measurement, Roles

BINARY = Roles("at", prediction="yes", scores=("p",), label="y", sensitive=("sex",))
SCORED = Roles("at", scores=("p",), label="y", sensitive=("sex",))
DECIDED = Roles("at", prediction="yes", label="y", sensitive=("sex",))
NUMBERS = Roles("at", prediction="guess", label="amount", sensitive=("sex",))
SEVERAL = Roles("at", prediction="taken_for", label="kind", sensitive=("sex",))
SCORES = Roles("at", scores=("p_a", "p_b", "p_c"), label="kind", sensitive=("sex",), classes=("a", "b", "c"))
OF_GROUPS = [*TREATMENT, *SELECTION]
every = pytest.mark.parametrize("detector", OF_GROUPS, ids=lambda d: d.name)


def rows(seed: int, n: int = 6000, *, unfair: float = 0.0) -> pa.Table:
    """Give three groups of people; `unfair` spoils that share of the third group's outcomes in every way."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m", "x"], n, p=[0.5, 0.4, 0.1])
    p = rng.beta(2, 2, n) * np.where(sex == "m", 1, 0.9)
    y = rng.random(n) < p
    spoiled = (sex == "x") & (rng.random(n) < unfair)
    amount = rng.normal(100, 10, n)
    guess = amount + rng.normal(np.where(spoiled, 20, 0), 5)
    p = np.where(spoiled, 0.1 * p, p)
    known = ~(spoiled & (rng.random(n) < 0.5))
    columns: dict[str, Any] = {"sex": sex, "p": p, "yes": (p > 0.5).astype(int), "amount": amount, "guess": guess}
    y = np.where(spoiled, y | (rng.random(n) < 0.5), y)
    kind = rng.choice(["a", "b", "c"], n)
    taken_for = np.where(rng.random(n) < 0.8, kind, rng.choice(["a", "b", "c"], n))
    taken_for = np.where(spoiled & (taken_for == "a"), "b", taken_for)
    columns |= {f"p_{one}": np.where(taken_for == one, 0.8, 0.1) for one in ("a", "b", "c")}
    columns |= {"y": pa.array(y.astype(int), mask=~known), "amount": pa.array(amount, mask=~known)}
    return pa.table(columns | {"taken_for": taken_for, "kind": pa.array(kind, mask=~known)})


def sides(table: pa.Table, roles: Roles, reference: pa.Table | None = None) -> Sides:
    first = rows(1, 20_000) if reference is None else reference
    layout = layout_of(first, roles)
    return Sides("sex", "sensitive:sex", by_group(first, layout), by_group(table, layout))


def by_group(table: pa.Table, layout: Layout) -> dict[str, Profile]:
    found = grouped(table, layout, segment_values=20)
    return {name.removeprefix("sensitive:sex="): profile for name, profile in found.items()}


def of(detector: Detector, laid: Sides) -> Measurement | None:
    return next(iter(detector.compare(laid)), None)


def roles_of(detector: Detector) -> Roles:
    return NUMBERS if detector.name in ("group_error_difference", "group_prediction_difference") else BINARY


def apart(table: pa.Table, number: Callable[[dict[str, np.ndarray]], float]) -> float:
    """Work a number out on each group's rows, and give the largest less the smallest."""
    kinds = {name: object if name in ("sex", "kind", "taken_for") else float for name in table.column_names}
    columns = {name: np.array(table[name].to_pylist(), kind) for name, kind in kinds.items()}
    values = [number({k: v[columns["sex"] == group] for k, v in columns.items()}) for group in ("f", "m", "x")]
    return max(values) - min(values)


def rate(decided: np.ndarray, among: np.ndarray) -> float:
    return float(decided[among].mean())


BY_HAND: list[tuple[str, Callable[[dict[str, np.ndarray]], float]]] = [
    ("demographic_parity_difference", lambda g: float(g["yes"].mean())),
    ("equal_opportunity_difference", lambda g: rate(g["yes"], g["y"] == 1)),
    ("group_accuracy_difference", lambda g: rate(g["yes"] == g["y"], ~np.isnan(g["y"]))),
    ("group_calibration_difference", lambda g: float(np.nanmean(g["y"] - g["p"]))),
    ("label_rate_difference", lambda g: float(np.nanmean(g["y"]))),
]


@pytest.mark.parametrize(("name", "number"), BY_HAND, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("roles", [BINARY, SCORED, DECIDED], ids=["decision and score", "score", "decision"])
def test_values_are_those_worked_out_on_the_rows(
    name: str, number: Callable[[dict[str, np.ndarray]], float], roles: Roles
) -> None:
    table = rows(2, unfair=0.5)
    found = of(next(d for d in OF_GROUPS if d.name == name), sides(table, roles))
    if name == "group_calibration_difference" and not roles.scores:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(apart(table, number), abs=1e-12)


@pytest.mark.parametrize("roles", [BINARY, SCORED, DECIDED], ids=["decision and score", "score", "decision"])
def test_label_coverage_is_the_larger_gap_of_its_two_answers_and_of_a_regression_that_of_all_rows(roles: Roles) -> None:
    table = rows(2, unfair=0.5)
    yes, no = (apart(table, lambda g, k=kind: rate(~np.isnan(g["y"]), g["yes"] == k)) for kind in (1, 0))  # type: ignore[misc]
    found = of(named("label_coverage_difference"), sides(table, roles))
    assert found is not None
    assert found.value == pytest.approx(max(yes, no))
    numbers = of(named("label_coverage_difference"), sides(table, NUMBERS))
    assert numbers is not None
    assert numbers.value == pytest.approx(apart(table, lambda g: float((~np.isnan(g["amount"])).mean())))


@pytest.mark.parametrize("roles", [BINARY, DECIDED], ids=["decision and score", "decision"])
def test_labels_that_are_known_by_the_answer_alone_are_known_equally(roles: Roles) -> None:
    first, table = rows(1, 20_000), rows(2, 20_000)
    yes, rng = np.array(table["yes"].to_pylist()) == 1, np.random.default_rng(3)
    sex = np.array(table["sex"].to_pylist(), object)
    flagged = yes & ((sex != "x") | (rng.random(yes.size) < 0.3))
    kept = table.filter(pa.array(flagged | ~yes))
    said = np.array(kept["yes"].to_pylist()) == 1
    known = rng.random(said.size) < np.where(said, 0.7, 0.1)
    reviewed = kept.set_column(
        kept.column_names.index("y"), "y", pa.array(np.array(kept["y"].to_pylist(), float), mask=~known)
    )
    found = of(named("label_coverage_difference"), sides(reviewed, roles, first))
    assert found is not None
    assert apart(reviewed, lambda g: float((~np.isnan(g["y"])).mean())) > 0.1
    assert found.value is not None
    assert found.value < 0.08
    assert (found.p_value or 0) > 1e-3


def test_equalised_odds_is_the_larger_of_its_two_gaps() -> None:
    table = rows(2, unfair=0.5)
    true, false = (apart(table, lambda g, k=kind: rate(g["yes"], g["y"] == k)) for kind in (1, 0))  # type: ignore[misc]
    found = of(next(d for d in TREATMENT if d.name == "equalized_odds_difference"), sides(table, BINARY))
    assert found is not None
    assert found.value == pytest.approx(max(true, false))


def test_the_mean_error_of_a_regression_is_that_of_the_rows() -> None:
    table = rows(2, unfair=0.5)
    found = of(next(d for d in TREATMENT if d.name == "group_error_difference"), sides(table, NUMBERS))
    assert found is not None
    assert found.value == pytest.approx(apart(table, lambda g: float(np.nanmean(g["guess"] - g["amount"]))))


def named(name: str) -> Detector:
    return next(detector for detector in OF_GROUPS if detector.name == name)


def test_the_mean_prediction_of_a_regression_is_that_of_the_rows_and_its_effect_is_in_their_deviations() -> None:
    first, table = rows(1, 20_000), rows(2, unfair=0.5)
    found = of(named("group_prediction_difference"), sides(table, NUMBERS, first))
    assert found is not None
    assert found.value == pytest.approx(apart(table, lambda g: float(np.nanmean(g["guess"]))))
    pair = {group["value"]: group["rate"] - group["reference"] for group in found.evidence["groups"]}
    high, low = found.evidence["pair"]
    before = {group["value"]: group["reference"] for group in found.evidence["groups"]}
    widened = abs((pair[high] + before[high]) - (pair[low] + before[low])) - abs(before[high] - before[low])
    sd = float(np.std(np.array(first["guess"]), ddof=1))
    assert found.effect == pytest.approx(widened / sd)


def test_an_effect_on_errors_is_in_deviations_of_the_references_errors() -> None:
    first = pa.table({"sex": ["f", "m"] * 100, "guess": [1.5, 1.5, 3.5, 3.5] * 50, "amount": [2.5] * 200})
    now = pa.table({"sex": ["f", "m"] * 100, "guess": [2.0, 1.0, 4.0, 3.0] * 50, "amount": [2.5] * 200})
    found = of(named("group_error_difference"), sides(now, NUMBERS, first))
    assert found is not None
    # errors of -1 and 1: a deviation of 1; the means were alike, and are 1 apart
    assert found.value == pytest.approx(1.0)
    assert found.effect == pytest.approx(1.0, rel=0.01)


def test_a_small_group_without_the_rare_large_values_is_no_surprise() -> None:
    # one row in twenty is 10, the others about 0: thirty without one come one time in five
    first = pa.table({"sex": ["f", "m"] * 2000, "guess": ([10.0, 10.0] + [0.01, 0.0] * 19) * 100})
    now = pa.table(
        {"sex": ["f"] * 1000 + ["m"] * 30, "guess": ([10.0] + [0.0, 0.01] * 9 + [0.0]) * 50 + [0.01, 0.0] * 15}
    )
    found = of(
        named("group_prediction_difference"), sides(now, Roles("at", prediction="guess", sensitive=("sex",)), first)
    )
    assert found is not None
    assert found.effect == pytest.approx(0.23, abs=0.01)
    assert 0.05 < (found.p_value or 0.0) < 0.5


def test_predictions_that_decide_are_no_mean() -> None:
    for roles in (BINARY, SCORED, SEVERAL, SCORES):
        assert of(named("group_prediction_difference"), sides(rows(2), roles)) is None


@pytest.mark.parametrize("roles", [SEVERAL, SCORES], ids=["decision", "scores"])
def test_of_several_classes_parity_is_the_largest_gap_in_shares_of_decisions(roles: Roles) -> None:
    table = rows(2, unfair=0.5)
    found = of(named("demographic_parity_difference"), sides(table, roles))
    by_class = {one: apart(table, lambda g, k=one: float((g["taken_for"] == k).mean())) for one in "abc"}  # type: ignore[misc]
    assert found is not None
    assert found.value == pytest.approx(max(by_class.values()))
    assert found.evidence["class"] in ("a", "b")
    assert "x" in found.evidence["pair"]
    assert found.n == table.num_rows


def test_of_several_classes_parity_needs_no_labels() -> None:
    table, first = rows(2, unfair=0.5).drop_columns(["kind"]), rows(1, 20_000).drop_columns(["kind"])
    found = of(
        named("demographic_parity_difference"),
        sides(table, Roles("at", prediction="taken_for", sensitive=("sex",)), first),
    )
    assert found is not None
    assert found.value == pytest.approx(
        max(apart(table, lambda g, k=one: float((g["taken_for"] == k).mean())) for one in "abc")  # type: ignore[misc]
    )


@pytest.mark.parametrize("roles", [SEVERAL, SCORES], ids=["decision", "scores"])
def test_of_several_classes_odds_are_the_largest_gap_in_either_rate(roles: Roles) -> None:
    table = rows(2, unfair=0.5)
    found = of(named("equalized_odds_difference"), sides(table, roles))
    assert found is not None
    assert found.value == pytest.approx(max(_odds(table, one, right=right) for one in "abc" for right in (True, False)))
    assert found.evidence["class"] == "a"
    assert found.evidence["of"] == "true_positive_rate_of"
    assert found.n == table.num_rows - table["kind"].null_count


def _odds(table: pa.Table, one: str, *, right: bool) -> float:
    def rate_of(g: dict[str, np.ndarray]) -> float:
        among = [label is not None and (label == one) is right for label in g["kind"]]
        return rate(g["taken_for"] == one, np.array(among))

    return apart(table, rate_of)


def test_a_class_of_too_few_rows_is_left_out_and_the_others_are_judged() -> None:
    table = rows(2, unfair=0.5)
    rare = pa.compute.equal(pa.compute.fill_null(table["kind"], ""), "c")
    few = pa.concat_tables([table.filter(pa.compute.invert(rare)), table.filter(rare).slice(0, 20)])
    found = of(named("equalized_odds_difference"), sides(few, SEVERAL))
    assert found is not None
    assert found.p_value is not None
    assert found.evidence["class"] in ("a", "b")


def gap(value: float, p_value: float | None, effect: float | None) -> Measurement:
    return Measurement("d", value, p_value=p_value, effect=effect, evidence={"of": value})


def test_the_p_value_of_several_gaps_is_that_of_the_surest_that_is_worth_telling_times_all() -> None:
    found = strongest([gap(0.3, 0.2, 0.1), gap(0.2, 0.001, 0.08), gap(0.1, 1e-9, 0.01)], n=7)
    assert (found.value, found.p_value, found.effect) == (0.3, pytest.approx(0.003), 0.08)
    assert (found.evidence, found.n) == ({"of": 0.2}, 7)
    trifles = strongest([gap(0.3, 0.2, 0.02), gap(0.1, 0.01, 0.01)], n=7)
    assert trifles.p_value == pytest.approx(0.02)
    untested = strongest([gap(0.3, None, None), gap(0.1, 0.01, 0.06)], n=7)
    assert (untested.value, untested.p_value) == (0.1, pytest.approx(0.01))


def test_p_values_over_several_classes_keep_the_level_where_nothing_changed() -> None:
    first, trials = rows(1, 6000), 150
    layout = layout_of(first, SEVERAL)
    before = by_group(first, layout)
    for name in ("demographic_parity_difference", "equalized_odds_difference"):
        values = []
        for seed in range(trials):
            laid = Sides("sex", "sensitive:sex", before, by_group(rows(1000 + seed, 1500), layout))
            found = of(named(name), laid)
            assert found is not None
            values.append(found.p_value or 0.0)
        # the bound is passed once in a thousand such tests
        for level in (0.2, 0.05):
            assert sum(p <= level for p in values) <= binom.ppf(0.999, trials, level)


def test_without_labels_decisions_are_compared_all_the_same() -> None:
    table = rows(3).drop_columns(["y"])
    found = of(TREATMENT[0], sides(table, Roles("at", scores=("p",), sensitive=("sex",)), rows(1).drop_columns(["y"])))
    assert found is not None
    assert found.value == pytest.approx(apart(table, lambda g: float((g["p"] >= 0.5).mean())))


@every
def test_numbers_are_finite_and_groups_are_named_with_their_counts(detector: Detector) -> None:
    found = of(detector, sides(rows(4, unfair=0.4), roles_of(detector)))
    assert found is not None
    numbers = (found.value, found.low, found.high, found.reference, found.p_value, found.effect)
    assert all(number is not None and math.isfinite(number) for number in numbers)
    assert 0 <= found.low <= found.value <= found.high  # type: ignore[operator]
    groups = found.evidence["groups"]
    assert {group["value"] for group in groups} == {"f", "m", "x"}
    assert all(group["low"] <= group["rate"] <= group["high"] and group["rows"] > 0 for group in groups)
    assert found.evidence["pair"] == [groups[0]["value"], groups[1]["value"]]


@every
def test_the_p_value_falls_as_one_group_is_treated_worse(detector: Detector) -> None:
    little, much = (of(detector, sides(rows(5, 20_000, unfair=u), roles_of(detector))) for u in (0.0, 0.5))
    assert little is not None
    assert much is not None
    assert much.p_value < 1e-2 < (little.p_value or 0)  # type: ignore[operator]
    assert much.value > little.value  # type: ignore[operator]
    assert "x" in much.evidence["pair"]


@every
def test_a_small_group_is_not_judged(detector: Detector) -> None:
    table = rows(6, 4000)
    few = pa.concat_tables([table.filter(pa.compute.not_equal(table["sex"], "x")), small(table, "x", 8)])
    found = of(detector, sides(few, roles_of(detector)))
    assert found is not None
    assert found.p_value is not None
    assert "x" not in found.evidence["pair"]
    assert f"left out, under {ROWS_NEEDED}" in found.note


@every
def test_under_two_groups_that_are_large_enough_there_is_no_answer(detector: Detector) -> None:
    table = rows(7, 4000)
    few = pa.concat_tables([small(table, name, 12) for name in ("f", "m", "x")])
    found = of(detector, sides(few, roles_of(detector)))
    assert found is not None
    assert (found.value, found.p_value) == (None, None)
    assert f"{ROWS_NEEDED} " in found.note
    assert "second largest" in found.note


def small(table: pa.Table, name: str, most: int) -> pa.Table:
    return table.filter(pa.compute.equal(table["sex"], name)).slice(0, most)


@every
def test_a_reference_without_the_groups_leaves_the_value_and_no_verdict(detector: Detector) -> None:
    laid = sides(rows(8), roles_of(detector))
    found = of(detector, Sides(laid.column, laid.segment, {}, laid.current))
    assert found is not None
    assert found.value is not None
    assert found.p_value is None
    assert found.note.startswith("not judged: in the reference")


def test_two_groups_of_the_same_rate_are_no_gap() -> None:
    table = pa.table({"sex": ["f", "m"] * 100, "p": [0.7] * 200, "yes": [1] * 200, "y": [1, 1, 0, 0] * 50})
    found = of(TREATMENT[0], sides(table, BINARY))
    assert found is not None
    assert (found.value, found.low) == (0.0, 0.0)


@pytest.mark.parametrize("detector", GROUP_DETECTORS, ids=lambda d: d.name)
def test_people_can_read_what_it_does_and_when_it_is_blind(detector: Detector) -> None:
    assert detector.method.endswith(".")
    assert "Blind to" in detector.method
    assert detector.kind.startswith("bias.")
    assert detector in ALL


POPULATION = {"f": 0.5, "m": 0.4, "x": 0.1}


def sampled(table: pa.Table, population: dict[str, float] = POPULATION) -> Measurement:
    profile = profile_table(table, layout_of(rows(1), BINARY))
    return next(iter(SAMPLING.compare("sex", population, profile.columns["sex"])))


def test_traffic_like_the_population_is_far_from_no_stated_share() -> None:
    found = sampled(rows(9))
    assert found.value == pytest.approx(0.0, abs=0.02)
    assert found.p_value > 0.01  # type: ignore[operator]


def test_a_group_that_stays_away_is_named_with_its_count() -> None:
    table = rows(10)
    gone = pa.concat_tables([table.filter(pa.compute.not_equal(table["sex"], "x")), small(table, "x", 100)])
    found = sampled(gone)
    assert found.p_value < 1e-9  # type: ignore[operator]
    assert found.evidence["pair"] == ["x"]
    named = next(group for group in found.evidence["groups"] if group["value"] == "x")
    assert (named["rows"], named["of"], named["stated"]) == (100, gone.num_rows, 0.1)


def test_a_stated_value_that_never_comes_has_no_rows() -> None:
    found = sampled(rows(11), {"f": 0.5, "m": 0.4, "w": 0.1})
    assert found.evidence["pair"] == ["w"]
    assert found.note.startswith("left out: ")


def test_no_row_with_a_stated_value_is_no_answer() -> None:
    found = sampled(rows(12), {"a": 0.5, "b": 0.5})
    assert (found.value, found.note) == (None, "no rows with one of the stated values")
