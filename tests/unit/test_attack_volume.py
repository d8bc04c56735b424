"""Client hours, counted beside a plain count, and their tail: what it lets pass, and what it tells."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from monitor.detectors.attack.busy import both
from monitor.detectors.attack.epoch import LENGTH
from monitor.detectors.attack.volume import (
    BINS,
    FEWEST,
    HOUR,
    PER_DOUBLING,
    SPANS,
    asked_lately,
    beside_others,
    empty_asked,
    empty_counts,
    learn_counts,
    tail_of,
)

ALARM = np.log(1e6)


def memory(clients: int) -> dict[str, Any]:
    held = {f"volume_{name}": array for name, array in empty_counts().items()}
    held |= {f"client_asked_{name}": array for name, array in empty_asked(clients).items()}
    held |= {"client_turns": np.zeros(clients, np.uint32), "client_peak": np.zeros((clients, 2), np.float16)}
    return held | {"client_key": np.arange(1, clients + 1, dtype=np.uint64)}


def binned(rows: np.ndarray) -> np.ndarray:
    places = np.minimum((PER_DOUBLING * np.log2(rows)).astype(int), BINS - 1)
    return np.bincount(places, minlength=BINS).astype(float)


@pytest.mark.parametrize("span", SPANS)
def test_rows_are_counted_as_by_hand_however_they_are_cut(span: str) -> None:
    rng, row = np.random.default_rng(1), list(SPANS).index(span)
    times = np.sort(rng.integers(24 * HOUR, 100 * HOUR, 5000))
    places, fresh = rng.integers(-1, 7, 5000), rng.random(5000) < 0.8
    seen: Counter[tuple[int, int]] = Counter()
    most: Counter[tuple[int, int]] = Counter()
    begun: dict[tuple[int, int], float] = {}
    expected = np.zeros(5000, np.int64)
    for i, (place, at) in enumerate(zip(places.tolist(), times.tolist(), strict=True)):
        hour, gone = divmod(at, SPANS[span])
        if place >= 0 and fresh[i]:
            seen[place, hour] += 1
            part = gone / SPANS[span]
            begun.setdefault((place, hour), int(part * 256) / 256)
            since = begun.get((place, hour - 1), 0)
            expected[i] = seen[place, hour] + int(seen[place, hour - 1] * (1 - max(part, since)) / (1 - since))
            most[place, hour] = max(most[place, hour], int(expected[i]))
    last = {place: max(hour for of, hour in most if of == place) for place in range(7)}
    over = binned(np.array([rows for (place, hour), rows in most.items() if hour < last[place]]))
    for cuts in ([5000], [1, 3, 2000, 5000], list(range(250, 5001, 250))):
        held, first, found = memory(7), 0, []
        for cut in cuts:
            part = slice(first, cut)
            found.append(asked_lately(held, places[part], times[part], fresh[part])[row])
            first = cut
        np.testing.assert_array_equal(np.concatenate(found), expected)
        steps = held["volume_steps"][row, : held["volume_ended"][row]]
        np.testing.assert_array_equal(np.bincount(steps, minlength=BINS), over)
    learn_counts(held, fade=0.5, now=int(times[-1]))
    assert held["volume_counts"][row].sum() == over.sum()
    assert not held["volume_ended"].any()


@pytest.mark.parametrize("span", SPANS)
def test_the_hour_of_a_client_that_does_not_come_back_counts_once_it_is_long_over(span: str) -> None:
    held, row, length = memory(2), list(SPANS).index(span), SPANS[span]
    times = 100 * 24 * HOUR + np.array([*range(600), length // 2, length, 2 * length])
    places = np.array([0] * 600 + [1] * 3)
    for until, counted in ((601, []), (602, [1]), (603, [1, 2, 600])):
        part = slice(0 if until == 601 else until - 1, until)
        asked_lately(held, places[part], times[part], np.ones(times[part].size, np.bool_))
        learn_counts(held, fade=1.0, now=int(times[until - 1]))
        np.testing.assert_array_equal(held["volume_counts"][row], binned(np.array(counted, np.int64)))
    again = asked_lately(held, places[:2], times[:2] + 3 * length, np.ones(2, np.bool_))
    assert again[row].tolist() == [1, 2]
    assert not held["volume_ended"][row].any(), "what was counted is not counted again"


@pytest.mark.parametrize("minutes", [5, 30, 55])
def test_a_run_across_the_clocks_hour_is_counted_as_one_within_it(minutes: int) -> None:
    held, first = memory(1), (100 * 24 + 1) * HOUR - minutes * HOUR // 60
    times = first + np.arange(600) * (HOUR // 600)
    counts = np.concatenate(
        [
            asked_lately(held, np.zeros(50, np.intp), times[i : i + 50], np.ones(50, np.bool_))
            for i in range(0, 600, 50)
        ],
        axis=1,
    )
    assert 598 <= counts[0].max() <= 600
    assert counts[1].max() == 600
    learn_counts(held, fade=1.0, now=int(times[-1]) + 2 * HOUR)
    (most,) = np.flatnonzero(held["volume_counts"][0])[-1:]
    assert 2 ** (most / PER_DOUBLING) > 0.9 * 600


@pytest.mark.parametrize(("peak", "turns", "counts"), [(20.0, 2, False), (20.0, 3, True), (10.0, 0, True)])
@pytest.mark.parametrize("comes_back", [False, True])
def test_hours_of_one_who_is_surely_after_something_are_no_measure_until_it_has_come_for_long(
    *, peak: float, turns: int, counts: bool, comes_back: bool
) -> None:
    held, now = memory(2), 100 * 24 * HOUR
    held["client_peak"][0, 1], held["client_turns"][0] = peak, turns
    asked_lately(held, np.zeros(600, np.intp), now + np.arange(600), np.ones(600, np.bool_))
    asked_lately(held, np.array([0 if comes_back else 1]), np.array([now + 2 * HOUR]), np.ones(1, np.bool_))
    learn_counts(held, fade=1.0, now=now + 2 * HOUR)
    assert held["volume_counts"][0].sum() == counts


def test_what_a_new_client_did_an_hour_ago_is_no_measure_for_itself() -> None:
    held, now, none = memory(3), 100 * 24 * HOUR, np.ones(400, np.bool_)
    held["volume_counts"][0, :20] = 100.0
    usual = beside_others(held, 0, np.array([0]), np.array([400]))[0]
    assert usual > 0
    asked_lately(held, np.zeros(400, np.intp), now + np.arange(400), none)
    learn_counts(held, fade=1.0, now=now + 2 * HOUR)
    (its_own, others), (of_others, own) = beside_others(held, 0, np.array([0, 1]), np.array([400, 400]))
    assert its_own == usual
    assert of_others < 6
    assert own >= 400
    assert others == 0, "for others that hour is a measure"
    held["client_turns"][0] = 3
    assert beside_others(held, 0, np.array([0, -1]), np.array([400, 400]))[0].tolist() == [0, 0]


@pytest.mark.parametrize("rows", [100, 300, 2_000])
def test_asking_much_and_of_the_doubtful_comes_by_chance_as_often_as_told(rows: int) -> None:
    rng, count = np.random.default_rng(3), 400_000
    alone, asked = -np.log(rng.random(count)), np.full(count, rows)
    found = both(alone, asked, rng.binomial(rows, 0.25, count), usual=0.25)
    for least in (3.0, 5.0, 7.0):
        # by the number alone, or by both
        assert np.mean(found >= least) <= 2 * np.exp(-least)
        assert np.mean((found >= least) & (alone < least)) > 0.02 * np.exp(-least)


def test_epochs_that_end_without_names_overflow_nothing() -> None:
    held = memory(3)
    times = 100 * 24 * HOUR + np.arange(3 * LENGTH) * HOUR
    for first in range(0, times.size, 500):
        part = times[first : first + 500]
        asked_lately(held, np.zeros(part.size, np.intp), part, np.ones(part.size, np.bool_))
    assert held["volume_ended"][0] == LENGTH
    learn_counts(held, fade=1.0, now=int(times[-1]))
    assert held["volume_counts"][0].sum() == LENGTH
    assert not held["volume_ended"].any()


@pytest.mark.parametrize(("tail", "most"), [("power", 1e-5), ("lognormal", 1e-6), ("exponential", 1e-6)])
def test_an_honest_hour_is_told_hardly_more_often_than_one_in_a_million(tail: str, most: float) -> None:
    rng = np.random.default_rng(2)
    rows, chances = np.arange(1, 10**5), []
    for _ in range(40):
        fitted = tail_of(binned(np.ceil(drawn(tail, rng.random(20_000)))))
        chances.append(beyond(tail, int(rows[np.argmax(fitted.log_e(rows) >= ALARM)])))
    assert np.mean(chances) < most


def drawn(tail: str, u: np.ndarray) -> np.ndarray:
    if tail == "power":
        return np.asarray(3 * u**-0.4)
    return np.asarray(np.exp(1.2 - 0.9 * norm.ppf(u)) if tail == "lognormal" else 1 - 8 * np.log(u))


def beyond(tail: str, rows: int) -> float:
    if tail == "power":
        return float((rows / 3) ** (-1 / 0.4))
    return float(norm.sf((np.log(rows) - 1.2) / 0.9) if tail == "lognormal" else np.exp(-(rows - 1) / 8))


def test_three_times_the_busiest_hour_is_told_where_the_tail_is_light() -> None:
    past = np.random.default_rng(3).poisson(30, 20_000) + 1
    fitted = tail_of(binned(past))
    assert fitted.log_e(np.array([3 * int(past.max())]))[0] >= ALARM
    assert not fitted.log_e(past).any()


def test_nothing_is_told_of_few_hours() -> None:
    fitted = tail_of(binned(np.full(FEWEST - 1, 5)))
    assert not fitted.log_e(np.array([10**6])).any()
