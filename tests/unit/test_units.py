import numpy as np
import pytest

from monitor.profiles.bins import NumericBins
from monitor.stats.units import UNITS, Unit, in_words, other_units, units_by_moments, units_for

Floats = np.ndarray
SHAPES = {
    "normal": lambda rng, size: rng.normal(50, 30, size),
    "gamma": lambda rng, size: rng.gamma(3, 40, size),
    "lognormal": lambda rng, size: rng.lognormal(4, 1, size),
    "rounded": lambda rng, size: np.round(rng.gamma(2, 5, size)),
}
USUAL, ROWS = 5_000, 400


def units_of(usual: Floats, now: Floats) -> list[Unit]:
    bins = NumericBins.of(usual)
    counts = [np.bincount(bins.codes(values), minlength=bins.size) for values in (usual, now)]
    error = float(now.std()) / ROWS**0.5
    return other_units(bins.edges, *counts, usual=float(usual.mean()), mean=float(now.mean()), error=error)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("unit", [unit for unit in UNITS if 0.4 < unit.times < 4], ids=lambda unit: unit.said)
def test_another_unit_is_named_or_none_is(shape: str, unit: Unit) -> None:
    named = wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        usual, now = (SHAPES[shape](rng, size) for size in (USUAL, ROWS))
        found = units_of(usual, now * unit.times + unit.more)
        named, wrong = named + (unit in found), wrong + bool(found and unit not in found)
    assert wrong <= 2
    if shape == "gamma" and abs(unit.more) < 100:
        assert named >= 10


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("change", ["none", "rise", "inflation", "mixed", "wholly elsewhere", "constant"])
def test_what_is_no_other_unit_is_none(shape: str, change: str) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        usual, now = (SHAPES[shape](rng, size) for size in (USUAL, ROWS))
        spread = float(usual.std())
        changed = {
            "none": now,
            "rise": now + spread,
            "inflation": now * 1.25,
            "mixed": np.where(np.arange(ROWS) % 2, now, now * 1.609344),
            "wholly elsewhere": now + 100 * spread,
            "constant": np.full(ROWS, float(np.median(usual))),
        }
        assert units_of(usual, changed[change]) == []


def test_twice_as_much_is_no_other_unit_where_rows_are_enough_to_tell() -> None:
    rng = np.random.default_rng(5)
    usual, now = (SHAPES["gamma"](rng, size) for size in (USUAL, 4_000))
    bins = NumericBins.of(usual)
    counts = [np.bincount(bins.codes(values), minlength=bins.size) for values in (usual, 2 * now)]
    means = {"usual": float(usual.mean()), "mean": float(2 * now.mean()), "error": float(2 * now.std() / 4_000**0.5)}
    assert other_units(bins.edges, *counts, **means) == []


def test_nothing_is_said_of_no_rows() -> None:
    bins = NumericBins.of(np.arange(100.0))
    none = np.zeros(bins.size, np.int64)
    means = {"usual": 1.0, "mean": 2.0, "error": 0.1}
    assert other_units(bins.edges, none, none, **means) == []
    assert other_units(np.empty(0), np.array([3]), np.array([5]), **means) == []


def test_of_units_that_fit_nearly_alike_both_are_named_and_of_one_that_fits_worse_none() -> None:
    usual = (92.0, 46.0, 0.0)
    between = units_by_moments(usual, (200.0, 170.0), as_good=0.25)
    assert {unit.said for unit in between} == {"as pounds are of kilograms", "as degrees Fahrenheit are of Celsius"}
    (one,) = units_by_moments(usual, (197.6, 149.0), as_good=0.25)
    assert one.said == "as degrees Fahrenheit are of Celsius"


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("wind_speed", "as kilometres per hour are of metres per second"),
        ("speed_mps", "as kilometres per hour are of metres per second"),
        ("weight", ""),
        ("entropy", ""),
        ("x", "as litres are of gallons or as feet are of metres"),
    ],
)
def test_the_name_of_a_column_says_what_sort_of_unit_it_may_be_in(column: str, told: str) -> None:
    found = units_by_moments((9.4, 9.0, 1.0), (33.84, 116.6), units=units_for(column), as_good=0.25)
    assert in_words(found, column) == told


def test_values_of_no_unit_are_in_parts_of_wholes_alone() -> None:
    assert {unit.times for unit in units_for("bounce_ratio")} == {100.0, 0.01, 1000.0, 0.001, 1e6, 1e-6}
