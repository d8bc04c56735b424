import math

import numpy as np
import pytest

from monitor.detectors.attack.ecusum import ALTERNATIVES, MULTIPLES, WIDTH, WORST, Gains, evidence, gathered
from monitor.detectors.attack.indicators import NAMES, TAILS
from monitor.detectors.attack.suspects import WORST as PARTS


def one_by_one(
    before: np.ndarray, hits: np.ndarray, counted: np.ndarray, group: np.ndarray, gains: Gains, *, worst: np.ndarray
) -> np.ndarray:
    """Follow the definition: S <- max(S, 0) + x."""
    ratios, found = before.copy(), []
    for row, g in enumerate(group):
        of_hit = np.where(worst[row][:, None], gains.worst, gains.hit)
        step = np.where(hits[row][:, None], of_hit, gains.miss) * counted[row][:, None]
        ratios[g] = np.maximum(ratios[g], 0) + step
        found.append(ratios[g].copy())
    return np.array(found)


def test_many_clients_at_once_are_followed_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    gains = Gains.of([0.02, 0.1, 0.125], worst=[np.nan, np.nan, 0.25])
    group = np.sort(rng.integers(0, 20, 500))
    hits, counted = rng.random((500, 3)) < 0.3, rng.random((500, 3)) < 0.8
    before, worst = rng.normal(size=(20, 3, WIDTH)), rng.random((500, 3)) < 0.5
    found = gathered(before, hits, counted, group, gains, worst=worst)
    assert found == pytest.approx(one_by_one(before, hits, counted, group, gains, worst=worst), abs=1e-9)
    no_worst = gathered(before, hits, counted, group, gains)
    assert no_worst == pytest.approx(
        one_by_one(before, hits, counted, group, gains, worst=np.zeros_like(hits)), abs=1e-9
    )


def test_no_rows_give_no_evidence() -> None:
    gains = Gains.of([0.02])
    none = np.zeros((0, 1), np.bool_)
    assert gathered(np.zeros((0, 1, WIDTH)), none, none, np.zeros(0, np.intp), gains).shape == (0, 1, WIDTH)


@pytest.mark.parametrize(
    ("rate", "worst"), [(0.02, np.nan), (0.1, np.nan), (0.125, np.nan), (0.125, 0.25), (0.4, 0.25)]
)
def test_honest_rows_reach_an_evidence_of_e_no_sooner_than_after_e_rows_on_average(rate: float, worst: float) -> None:
    """The mean number of rows to a false alarm at 1 / alpha is at least 1 / alpha, at the largest rate allowed."""
    rng = np.random.default_rng(2)
    gains, alarm, clients, rows = Gains.of([rate], worst=worst), math.log(200), 400, 1500
    chance = rng.random((clients * rows, 1))
    hits, high = chance < rate, chance < rate * np.nan_to_num(worst)
    group = np.repeat(np.arange(clients), rows)
    ratios = gathered(np.zeros((clients, 1, WIDTH)), hits, np.ones_like(hits), group, gains, worst=high)
    reached = (evidence(ratios, gains)[:, 0] >= alarm).reshape(clients, rows)
    # of those that never alarm only the rows seen are counted
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, rows)
    assert first.sum() / max(reached.any(axis=1).sum(), 1) >= 200


@pytest.mark.parametrize(("rate", "true", "most"), [(0.02, 0.9, 8), (0.1, 0.9, 14), (0.125, 0.5, 60)])
def test_a_client_that_shows_the_sign_often_is_found_soon(rate: float, true: float, most: int) -> None:
    rng = np.random.default_rng(3)
    gains, clients, rows = Gains.of([rate]), 200, 200
    hits = rng.random((clients * rows, 1)) < true
    group = np.repeat(np.arange(clients), rows)
    ratios = gathered(np.zeros((clients, 1, WIDTH)), hits, np.ones_like(hits), group, gains)
    reached = (evidence(ratios, gains)[:, 0] >= math.log(1e6)).reshape(clients, rows)
    assert reached.any(axis=1).all()
    assert np.median(reached.argmax(axis=1) + 1) <= most


def test_rows_among_the_worst_are_found_sooner_and_none_much_later() -> None:
    alarms = {}
    for among in (np.nan, 0.25):
        gains, hits = Gains.of([0.125], worst=among), np.ones((20, 1), np.bool_)
        for high in (True, False):
            worst = np.full_like(hits, high)
            ratios = gathered(np.zeros((1, 1, WIDTH)), hits, hits, np.zeros(20, np.intp), gains, worst=worst)
            alarms[among, high] = int((evidence(ratios, gains)[:, 0] >= math.log(1e6)).argmax()) + 1
    assert alarms[0.25, True] == 6
    assert alarms[np.nan, True] == alarms[np.nan, False] == alarms[0.25, False] == 8


def test_a_row_among_the_worst_tells_as_much_whichever_sign_it_shows() -> None:
    told = [name for name, tail in TAILS.items() if tail.rare]
    rates = [TAILS[name].share * TAILS[name].slack for name in told]
    gains = Gains.of(rates, worst=PARTS[[NAMES.index(name) for name in told]])
    places = [len(MULTIPLES) + ALTERNATIVES.index(alternative) for alternative in WORST]
    assert gains.worst[:, places] == pytest.approx(np.log([[0.7 * 32, 0.5 * 32]] * len(told)))


def test_who_hides_every_other_row_among_honest_ones_is_found_by_the_worst_of_them() -> None:
    hits = (np.arange(60) % 2 == 0)[:, None]
    alarms = []
    for among in (0.25, np.nan):
        gains = Gains.of([0.125], worst=among)
        ratios = gathered(np.zeros((1, 1, WIDTH)), hits, np.ones_like(hits), np.zeros(60, np.intp), gains, worst=hits)
        alarms.append(int((evidence(ratios, gains)[:, 0] >= math.log(1e6)).argmax()) + 1)
    assert alarms == [15, 35]


def test_what_is_less_than_asked_for_is_told_by_a_bound_that_is_less_too() -> None:
    rng = np.random.default_rng(8)
    gains = Gains.of(np.array([0.02, 0.125]))
    ratios = rng.normal(0, 6, (500, 2, WIDTH))
    exact, rough = evidence(ratios, gains), evidence(ratios, gains, least=5.0)
    np.testing.assert_allclose(rough[exact >= 5], exact[exact >= 5])
    assert (rough[exact < 5] <= np.maximum(exact[exact < 5], 5)).all()
    assert ((rough >= 5) == (exact >= 5)).all()
