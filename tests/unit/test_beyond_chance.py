"""An effect is what chance does not make: how far apart two samples of one population lie is taken off."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.drift import chi_square, smooth
from monitor.profiles.arrow import layout_of, profile_table
from monitor.stats.divergence import chance_divergence, jensen_shannon_distance
from monitor.stats.shape import smooth_shift
from monitor.types import Roles

SHARES = {
    "two": np.array([0.7, 0.3]),
    "rare": np.array([0.9945, 0.005, 0.0005]),
    "zipf": 1 / np.arange(1, 26) / (1 / np.arange(1, 26)).sum(),
}


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize(("n", "m"), [(5_000, 50), (2_000, 300), (50_000, 3_000), (500, 5_000)])
def test_the_mean_divergence_of_one_population_is_that_of_rows_dealt_at_random(name: str, n: int, m: int) -> None:
    draw = np.random.default_rng(n)
    both = draw.multinomial(n + m, SHARES[name])
    hands = draw.multivariate_hypergeometric(both, m, size=800)
    found = np.array([(jensen_shannon_distance(both - hand, hand) or 0.0) ** 2 for hand in hands])
    error = found.std() / np.sqrt(found.size)
    # a bin's rows are taken for binomial, which they are but for their sum
    assert chance_divergence(both - hands[0], hands[0]) == pytest.approx(found.mean(), abs=4 * error, rel=0.05)


def test_an_empty_side_has_nothing_by_chance() -> None:
    assert chance_divergence(np.array([3, 4]), np.array([0, 0])) == 0
    assert chance_divergence(np.array([0, 0]), np.array([3, 4])) == 0


@pytest.mark.parametrize(("n", "m"), [(5_000, 400), (100_000, 3_000), (20_000, 20_000)])
def test_the_mean_square_of_a_smooth_shift_is_as_it_says(n: int, m: int) -> None:
    draw, shares = np.random.default_rng(m), np.full(64, 1 / 64)
    found = [smooth_shift(draw.multinomial(n, shares), draw.multinomial(m, shares)) for _ in range(800)]
    squares = np.array([one.length**2 for one in found if one])
    assert found[0] is not None
    assert squares.mean() == pytest.approx(found[0].usual, abs=4 * squares.std() / np.sqrt(800))


def test_clumped_rows_are_allowed_more_by_chance_and_accepted_differences_are_not() -> None:
    pair = np.full(20, 500), np.arange(20) + 40
    plain, clumped, accepted = smooth_shift(*pair), smooth_shift(*pair, 3.0, 3.0), smooth_shift(*pair, 1.0, 1.0, 8.0)
    assert plain
    assert clumped
    assert accepted
    assert clumped.usual == pytest.approx(3 * plain.usual)
    assert accepted.usual == pytest.approx(plain.usual)
    assert clumped.beyond < plain.beyond < plain.length


def test_many_categories_and_few_rows_are_no_effect() -> None:
    effects = effects_of("zipf")
    assert np.mean(np.array(effects["raw"]) >= chi_square.DETECTOR.min_effect) > 0.3
    assert np.mean(np.array(effects["c"]) >= chi_square.DETECTOR.min_effect) < 0.01


def test_what_moved_is_estimated_without_bias() -> None:
    draw, shares = np.random.default_rng(5), SHARES["zipf"]
    moved = 0.96 * shares + 0.04 * np.eye(shares.size)[1]
    pairs = [(draw.multinomial(60_000, shares), draw.multinomial(3_000, moved)) for _ in range(600)]
    plain = np.array([(jensen_shannon_distance(*pair) or 0.0) ** 2 for pair in pairs])
    beyond = plain - np.array([chance_divergence(*pair) for pair in pairs])
    true = jensen_shannon_distance(shares, moved)
    assert np.sqrt(beyond.mean()) == pytest.approx(true, rel=0.05)
    assert np.sqrt(plain.mean()) > 1.2 * (true or 1.0)


def effects_of(name: str, *, n: int = 60_000, m: int = 3_000) -> dict[str, list[float]]:
    """Give the effects in windows of the reference's own population, and the plain distances."""
    draw, shares = np.random.default_rng(7), SHARES[name]
    held = table(draw, shares, n)
    layout = layout_of(held, Roles("at"))
    before, found = profile_table(held, layout), dict[str, list[float]]()
    for _ in range(40):
        after = profile_table(table(draw, shares, m), layout)
        for compare in (chi_square.compare, smooth.compare):
            for one in compare(before, after):
                assert one.effect is not None
                found.setdefault(one.column, []).append(one.effect)
        raw = jensen_shannon_distance(before.columns["c"].counts, after.columns["c"].counts)
        found.setdefault("raw", []).append(raw or 0.0)
    return found


def table(draw: np.random.Generator, shares: np.ndarray, n: int) -> pa.Table:
    values = np.array([f"v{i}" for i in range(shares.size)])
    return pa.table({"c": values[draw.choice(shares.size, n, p=shares)], "x": draw.normal(size=n)})
