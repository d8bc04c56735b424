"""Who always sends what is odd beside all others' rows is held to what the reference holds of his own."""

import numpy as np
import pytest

from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.regulars import Regulars

USUAL, SLACK = np.full(len(NAMES), 0.05), np.full(len(NAMES), 2.5)
ALL = SLACK * USUAL
FAR, MARGIN = NAMES.index("far_from_class"), NAMES.index("narrow_margin")


def shown(**clients: tuple[int, int]) -> Regulars:
    """Count rows and hits of each client, in one sign."""
    keys = np.concatenate([np.full(rows, int(name[1:]), np.uint64) for name, (rows, _) in clients.items()])
    hits = np.zeros((keys.size, len(NAMES)), np.bool_)
    hits[:, FAR] = np.concatenate([np.arange(rows) < hits for rows, hits in clients.values()])
    return Regulars.of(keys, np.ones_like(hits), hits, USUAL, SLACK)


def test_only_who_shows_a_sign_more_than_others_is_held_to_a_rate_of_its_own() -> None:
    regulars = shown(c7=(200, 40), c3=(200, 10), c9=(10, 10), c0=(500, 500))
    assert regulars.keys.tolist() == [7]
    (rates,) = regulars.at(np.array([7], np.uint64), ALL)
    assert rates[FAR] == pytest.approx(2.5 * (40 + 2.5) / 250)
    assert rates[MARGIN] == ALL[MARGIN]


def test_others_and_strangers_are_held_to_the_rates_of_all() -> None:
    regulars = shown(c7=(200, 40))
    assert (regulars.at(np.array([3, 8, 0], np.uint64), ALL) == ALL).all()
    assert (regulars.at(np.array([7], np.uint64), np.full(len(NAMES), 0.5)) == 0.5).all()
    nobody = Regulars.of(np.empty(0, np.uint64), *np.zeros((2, 0, len(NAMES)), np.bool_), USUAL, SLACK)
    assert (nobody.at(np.array([7], np.uint64), ALL) == ALL).all()


def test_a_sign_that_most_of_a_clients_rows_show_says_nothing_of_it() -> None:
    (rates,) = shown(c7=(100, 60)).at(np.array([7], np.uint64), ALL)
    assert rates[FAR] == 0.5
