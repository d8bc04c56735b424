"""What honest stretches of time came to, and an attack among them."""

import numpy as np

from monitor.detectors.attack.record import ENOUGH, LATELY, begin, empty_record, limits

ALARM = 13.8


def after(peaks: list[float]) -> float:
    """Give the limit after stretches that came to these peaks, once the last one is laid beside."""
    memory = empty_record(1)
    for now, peak in enumerate([*peaks, *[0.0] * (LATELY + 1)]):
        begin(memory, now, ALARM)
        memory["peak"][:] = peak
    return float(limits(memory, ALARM)[0])


def test_an_attack_is_remembered_as_having_reached_the_limit() -> None:
    honest = [10.0] * (ENOUGH + 2 * LATELY)
    usual = after(honest)
    assert after([*honest, 600.0]) <= 2 * usual < 60


def test_while_little_is_known_all_that_comes_is_usual() -> None:
    assert after([400.0] * ENOUGH) > 700


def test_a_world_that_has_changed_for_good_becomes_usual() -> None:
    honest = [10.0] * (ENOUGH + 2 * LATELY)
    lasting = np.array([after([*honest, *[100.0] * n]) for n in (0, 7, 14, 28)])
    assert (np.diff(lasting) > 0).all()
    assert lasting[-1] > 150
