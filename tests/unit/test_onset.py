"""When a change began: the likelihoods beside least squares, and how far off the place is by simulation."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.stats.onset import OFF, Onset, onset_of

Floats = NDArray[np.float64]
Course = tuple[float, Onset]


def fitted(differences: Floats, variances: Floats, shared: float, shapes: list[Floats]) -> tuple[float, Floats]:
    """Give half of what shapes beside a level take off the weighted squares, and their sizes; the level is like one."""
    prior = 1 / math.sqrt(shared + OFF**2 * float(np.median(variances)))
    design = np.column_stack([np.ones(differences.size), *shapes]) / np.sqrt(variances)[:, None]
    design = np.vstack([design, [prior, *([0.0] * len(shapes))]])
    wanted = np.append(differences / np.sqrt(variances), 0.0)
    left = [wanted - design[:, :many] @ np.linalg.lstsq(design[:, :many], wanted)[0] for many in (1, len(shapes) + 1)]
    return float(left[0] @ left[0] - left[1] @ left[1]) / 2, np.linalg.lstsq(design, wanted)[0][1:]


def brute_force(differences: Floats, variances: Floats, shared: float) -> Iterator[Course]:
    places = np.arange(differences.size)
    for first in places:
        step, ramp = 1.0 * (places >= first), np.clip(places - first + 1.0, 0.0, None)
        gain, sizes = fitted(differences, variances, shared, [step])
        yield (gain if sizes[0] > 0 else 0.0), Onset(int(first), "step")
        if first <= differences.size - 3:
            gain, sizes = fitted(differences, variances, shared, [ramp])
            yield (gain if sizes[0] > 0 else 0.0), Onset(int(first), "ramp")
        for second in range(first + 2, differences.size - 1):
            gain, sizes = fitted(differences, variances, shared, [step, 1.0 * (places >= second)])
            yield (gain if (sizes > 0).all() else 0.0) - math.log(differences.size), Onset(int(first), "steps")


@pytest.mark.parametrize("seed", range(12))
def test_the_likeliest_course_is_that_of_least_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    variances = 0.5 + rng.random(14)
    differences = rng.normal(size=14) + [np.repeat([0.0, 3.0], 7), np.clip(np.arange(14) - 6.0, 0, None)][seed % 2]
    differences += np.repeat([0.0, 4.0], [11, 3]) * (seed % 3 == 0)
    _, wanted = max(brute_force(differences, variances, 0.05), key=lambda course: course[0])
    assert onset_of(differences, variances, 0.05) == wanted


def errors(course: Floats, begins: int, *, off: float = 0.0) -> Floats:
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        onset = onset_of(rng.normal(size=course.size) + course + off, np.ones(course.size), 0.02)
        found.append(np.nan if onset is None else onset.first - begins)
    return np.array(found)


@pytest.mark.parametrize("off", [0.0, 0.4], ids=["as the reference", "off it before, too"])
@pytest.mark.parametrize(("size", "quartiles"), [(1.0, 4), (2.0, 1), (4.0, 0)])
def test_a_step_is_placed_neither_early_nor_late(size: float, quartiles: int, off: float) -> None:
    found = errors(np.repeat([0.0, size], [40, 25]), 40, off=off)
    low, middle, high = np.percentile(found, [25, 50, 75])
    assert abs(middle) <= 1
    assert (-quartiles <= low, high <= quartiles) == (True, True)


@pytest.mark.parametrize("size", [1.5, 3.0])
def test_what_is_off_from_the_first_window_on_has_not_begun_later(size: float) -> None:
    # a level before that might be any would be the level of these windows
    assert np.percentile(errors(np.full(60, size), 0), [50, 75]) == pytest.approx([0, 0], abs=4 / size)


def test_a_slow_rise_begins_where_it_began_and_not_a_third_of_it_later() -> None:
    found = errors(np.append(np.zeros(40), np.linspace(0.1, 4.0, 40)), 40)
    assert abs(np.median(found)) <= 4


def test_a_version_that_half_of_the_rows_had_first_came_when_these_did() -> None:
    found = errors(np.repeat([0.0, 2.0, 4.0], [40, 20, 8]), 40)
    assert np.percentile(found, [25, 50, 75]) == pytest.approx([0, 0, 0], abs=2)


def test_only_possible_places_are_named() -> None:
    series = np.repeat([0.0, 3.0], [10, 10])
    found = onset_of(series, np.ones(20), 0.02, possible=np.arange(20) >= 13)
    assert found is not None
    assert found.first >= 13


def test_what_falls_or_is_empty_has_not_begun_to_rise() -> None:
    assert onset_of(np.repeat([0.0, -3.0], [10, 10]), np.ones(20), 0.02) is None
    assert onset_of(np.empty(0), np.empty(0), 0.02) is None
