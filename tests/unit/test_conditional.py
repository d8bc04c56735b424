"""Concept drift's statistic against scipy's, its p-value against simulation, and its likeness against what was made."""

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency

from monitor.stats.conditional import (
    conditional_shift,
    dispersed_tail,
    likeness_of,
    shift_test,
    stratified_shift,
)

EDGES = np.linspace(0, 1, 41)[1:-1]


def hits(draw: np.random.Generator, rows: int, *, tilt: float = 0.0, skew: float = 3.0) -> np.ndarray:
    """Give misses and hits by score bin; `tilt` is added to every row's log-odds."""
    scores = draw.beta(1, skew, rows)
    odds = scores / (1 - scores) * np.exp(tilt)
    hit = (draw.random(rows) < odds / (1 + odds)).astype(int)
    return np.bincount(np.searchsorted(EDGES, scores) * 2 + hit, minlength=80).reshape(40, 2)


def confusion(draw: np.random.Generator, rows: int, *, wrong: float = 0.2) -> np.ndarray:
    said = draw.choice(5, rows, p=[0.5, 0.3, 0.15, 0.04, 0.01])
    was = np.where(draw.random(rows) < wrong, draw.choice(5, rows), said)
    return np.bincount(said * 5 + was, minlength=25).reshape(5, 5)


def test_the_statistic_is_scipys_summed_over_the_groups() -> None:
    draw = np.random.default_rng(1)
    before, after = draw.integers(200, 900, (2, 4, 3))
    found = conditional_shift(before, after)
    expected = [chi2_contingency(np.stack(pair), correction=False) for pair in zip(before, after, strict=True)]
    assert found is not None
    assert found.statistic == pytest.approx(sum(one.statistic for one in expected))
    assert found.degrees == sum(one.dof for one in expected)
    assert shift_test(found) == pytest.approx(chi2.sf(found.statistic, found.degrees))


def test_the_shares_of_the_groups_do_not_matter() -> None:
    before, after = np.array([[500, 500], [90, 10]]), np.array([[10, 10], [900, 100]])
    found = conditional_shift(before, after)
    assert (found.distance, found.statistic) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.zeros((3, 2), np.int64), np.ones((3, 2), np.int64)),
        (np.array([[100, 0]]), np.array([[50, 0]])),  # one label only
        (np.array([[100, 4]]), np.array([[50, 1]])),  # the other is too rare to tell
        (np.array([[100, 100], [0, 0]]), np.array([[0, 0], [50, 50]])),  # no group on both sides
    ],
)
def test_where_nothing_can_differ_there_is_no_answer(before: np.ndarray, after: np.ndarray) -> None:
    assert conditional_shift(before, after) is None


def test_rare_labels_count_as_one() -> None:
    found = conditional_shift(np.array([[5000, 900, 30, 20, 10]]), np.array([[500, 90, 3, 2, 1]]))
    assert found.degrees == 2


@pytest.mark.parametrize("rows", [60, 300, 3000])
@pytest.mark.parametrize(("made", "compared"), [(hits, stratified_shift), (confusion, conditional_shift)])
def test_the_p_value_keeps_its_promise(made: object, compared: object, rows: int) -> None:
    draw, trials = np.random.default_rng(rows), 1000
    p = []
    for _ in range(trials):
        found = compared(made(draw, 4000), made(draw, rows))  # type: ignore[operator]
        p.append(1.0 if found is None else shift_test(found))
    for level in (0.1, 0.01, 0.001):
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level / trials) + 0.001
    # on few rows there is often no answer
    assert np.mean(np.array(p) <= 0.2) > (0.12 if rows > 100 else 0.04)


def test_a_small_lasting_change_of_what_scores_mean_is_found() -> None:
    draw = np.random.default_rng(2)
    found = [stratified_shift(hits(draw, 20_000), hits(draw, 2000, tilt=0.5)) for _ in range(100)]
    assert np.mean([shift_test(one) < 1e-4 for one in found]) > 0.95


def test_scores_that_move_and_keep_their_meaning_are_no_concept_drift() -> None:
    draw = np.random.default_rng(3)
    found = [stratified_shift(hits(draw, 20_000), hits(draw, 2000, skew=1.5)) for _ in range(200)]
    assert np.mean([shift_test(one) < 0.05 for one in found]) < 0.12


def test_bins_of_one_label_alone_tell_nothing() -> None:
    pure = np.array([[12, 0], [0, 12], [12, 0], [0, 12]])
    assert stratified_shift(pure * 10, pure) is None
    mixed = np.array([[40, 40]])
    alone, beside = (
        stratified_shift(mixed * 10, mixed),
        stratified_shift(np.vstack([pure, mixed * 10]), np.vstack([pure, mixed])),
    )
    assert alone is not None
    assert beside is not None
    assert (beside.statistic, beside.degrees) == (alone.statistic, 1)


@pytest.mark.parametrize("rows", [5, 20, 40])
def test_windows_of_few_rows_never_divide_by_nothing(rows: int) -> None:
    draw = np.random.default_rng(rows)
    for _ in range(300):
        found = stratified_shift(hits(draw, 60, tilt=3.0, skew=0.5), hits(draw, rows, tilt=3.0, skew=0.5))
        assert found is None or np.isfinite(shift_test(found))


def test_windows_that_differ_give_a_likeness_that_keeps_the_level() -> None:
    draw = np.random.default_rng(4)
    windows = [hits(draw, 400, tilt=tilt) for tilt in draw.normal(0, 0.4, 80)]
    still = [hits(draw, 400) for _ in range(80)]
    likeness = likeness_of(windows, stratified_shift)
    assert likeness_of(still, stratified_shift) < 0.003
    assert likeness > 0.01
    total, p = np.sum(windows, axis=0), []
    for tilt in draw.normal(0, 0.4, 1000):
        found = stratified_shift(total, hits(draw, 400, tilt=tilt))
        p.append(shift_test(found, likeness, 80))
    for level in (0.1, 0.01, 0.001):
        assert np.mean(np.array(p) <= level) <= 1.5 * level + 3 * np.sqrt(level / 1000)
    assert np.mean(np.array(p) <= 0.3) > 0.15


def test_the_tail_of_one_inflated_degree_is_that_of_simulation() -> None:
    draw = np.random.default_rng(5)
    for inflation in (1.5, 4.0, 30.0):
        drawn = inflation * draw.chisquare(1, 400_000) + draw.chisquare(7, 400_000)
        for level in (0.3, 1e-2, 1e-3):
            found = dispersed_tail(float(np.quantile(drawn, 1 - level)), 8, inflation)
            assert found == pytest.approx(level, rel=0.15)
