"""Signs that the world brings to all excuse a client's; those that a few who act as one show do not."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.peers import empty_recent, shown_by_others

RATES = np.full(len(NAMES), 0.125)
GANG, HONEST, ROWS = 5, 30, 2_000


def excused(who: np.ndarray, hits: np.ndarray, *, cuts: tuple[int, ...] = ()) -> np.ndarray:
    """Say of each row whether others show the sign so often that it tells nothing. who: clients' numbers from 1 on."""
    memory, found = empty_recent(), []
    for part in np.split(np.arange(who.size), cuts):
        epoch: Any = SimpleNamespace(client=who[part].astype(np.uint32), at=part)
        flags = np.repeat(hits[part, None], len(NAMES), axis=1)
        found.append(shown_by_others(memory, epoch, hits=flags, counted=np.ones_like(flags), rates=RATES)[:, 0])
    return np.concatenate(found)


def traffic(seed: int, *, gang: int, share: float, usual: float, odd: float) -> tuple[np.ndarray, np.ndarray]:
    """Give who sent each row and whether it shows the sign: a gang sends a share of the rows, each odd so often."""
    draw = np.random.default_rng(seed)
    of_gang = draw.random(ROWS) < share
    who = np.where(of_gang, draw.integers(1, gang + 1, ROWS), 100 + draw.integers(0, HONEST, ROWS))
    return who, draw.random(ROWS) < np.where(of_gang, odd, usual)


def test_accounts_that_send_most_rows_do_not_excuse_each_other() -> None:
    for odd in (0.4, 0.9):
        who, hits = traffic(1, gang=GANG, share=0.6, usual=0.05, odd=odd)
        assert excused(who, hits)[who <= GANG].mean() < 0.2


def test_what_the_world_brings_to_all_excuses_each_of_them() -> None:
    who, hits = traffic(2, gang=GANG, share=0.6, usual=0.5, odd=0.5)
    assert excused(who, hits)[64:].mean() > 0.95
    who, hits = traffic(3, gang=GANG, share=0.0, usual=0.3, odd=0.0)
    assert excused(who, hits)[64:].mean() > 0.8


def test_how_the_stream_is_cut_makes_no_difference() -> None:
    who, hits = traffic(4, gang=GANG, share=0.4, usual=0.25, odd=0.6)
    whole = excused(who, hits)
    assert 0 < whole.mean() < 1
    for cuts in ((1, 7, 500), tuple(range(100, ROWS, 100))):
        np.testing.assert_array_equal(excused(who, hits, cuts=cuts), whole)
