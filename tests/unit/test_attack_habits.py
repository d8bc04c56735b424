"""A client is held to what it showed in its own past, where that is more than others show and raised no alarm."""

from datetime import timedelta

import numpy as np
import pytest

from monitor.detectors.attack import State, track
from monitor.detectors.attack.ecusum import WIDTH, Gains, evidence, gathered
from monitor.detectors.attack.habits import MOST, empty_habits, learn_habits, usual_of
from tests.unit.test_attack_tracking import ALARM, ROLES, fitted, honest, inputs, queries, uniform

RATES, SLACK = np.array([0.125, 0.125]), np.array([2.5, 2.5])
DAY = timedelta(days=1)


def learned(*stretches: tuple[float, float, bool]) -> np.ndarray:
    """Learn rows and hits of one client's first sign, stretch by stretch."""
    habits = empty_habits(3, 2)
    for rows, hits, fine in stretches:
        told = [np.array([[one, 0.0]]) for one in (rows, hits)]
        learn_habits(habits, np.array([1]), rows=told[0], hits=told[1], honest=np.array([fine]))
    return habits


def test_the_past_raises_the_rate_of_who_showed_more_than_all_and_of_nobody_else() -> None:
    usual = usual_of(learned((30, 6, True), (30, 6, True)), np.array([0, 1]), RATES, SLACK)
    assert usual[1, 0] == pytest.approx(2.5 * (12 + 50 * 0.05) / 110, abs=1e-3)
    assert (usual[0] == 0).all()
    assert usual[1, 1] == 0


def test_no_past_makes_a_sign_say_nothing() -> None:
    usual = usual_of(learned((200, 200, True)), np.array([1]), RATES, SLACK)[0, 0]
    assert usual == 0.45
    gains = Gains.of([usual], worst=0.25)
    hits = np.ones((22, 1), np.bool_)
    ratios = gathered(np.zeros((1, 1, WIDTH)), hits, hits, np.zeros(22, np.intp), gains, worst=~hits)
    assert evidence(ratios, gains)[-1, 0] >= ALARM


def test_what_raised_an_alarm_is_not_learned() -> None:
    assert (usual_of(learned((300, 300, False)), np.array([1]), RATES, SLACK) == 0).all()


def test_the_old_count_for_less_the_more_has_come_since() -> None:
    habits = learned(*[(400.0, 200.0, True)] * 5, *[(400.0, 0.0, True)] * 5)
    assert habits[1, 0, 0] == MOST
    assert usual_of(habits, np.array([1]), RATES, SLACK)[0, 0] == 0


def test_who_always_sent_odd_rows_may_go_on_and_who_begins_to_may_not() -> None:
    """A fifth of a client's rows are far off day after day, then once two fifths; another's are so all at once."""
    rng, state, accused, at = np.random.default_rng(5), State.empty(fitted()), list[set[str]](), 0
    for share in (0.2,) * 12 + (0.4,):
        odd, plain = uniform(60, int(rng.integers(1_000_000))), inputs(60, int(rng.integers(1_000_000)))
        which = rng.random(60) < share
        mixed = {name: np.where(which, odd[name], plain[name]) for name in odd}
        parts = [queries(mixed, "always", first=at), honest(300, at + 1, first=at + 60)]
        if share > 0.2:
            parts.append(queries(odd, "suddenly", first=at + 360))
        at += 86_400
        for part in parts:
            state, found = track(fitted(), state, part, ROLES, length=DAY)
            accused.append({one.client for one in found if not one.total and one.log_e >= ALARM})
    assert accused[-1] == {"suddenly"}
    assert not set().union(*accused[:-1])


def accused_of(rows: int, shares: list[float]) -> list[bool]:
    """Say of each day whether a client is accused of whose rows so large a share is far off, the rest being honest."""
    rng, state, accused = np.random.default_rng(6), State.empty(fitted()), list[bool]()
    for day, share in enumerate(shares):
        at = 86_400 * day
        odd, plain = uniform(rows, int(rng.integers(1_000_000))), inputs(rows, int(rng.integers(1_000_000)))
        which = np.diff(np.floor(share * np.arange(rows + 1))) > 0
        mixed = {name: np.where(which, odd[name], plain[name]) for name in odd}
        found_of_day = list[str]()
        for part in (queries(mixed, "mallory", first=at), honest(300, day + 1, first=at + rows)):
            state, found = track(fitted(), state, part, ROLES, length=DAY)
            found_of_day += [one.client for one in found if not one.total and one.log_e >= ALARM]
        accused.append("mallory" in found_of_day)
    return accused


def test_what_an_attacker_shows_in_days_without_an_alarm_does_not_excuse_the_next() -> None:
    quiet, loud = 1 / 6, 0.5
    days = accused_of(24, [0.6, *[quiet] * 6, loud])
    assert days[0]
    assert not any(days[1:7])
    assert days[-1]
    # who is as odd on as many days without an alarm before is held to its past
    assert not accused_of(24, [*[quiet] * 20, loud])[-1]
