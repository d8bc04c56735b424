"""Labels in the records: what stops or thins out is told, what is usual is not."""

from collections.abc import Callable

import numpy as np
import pytest

from monitor.detectors.quality.share import Counts, is_no_rise
from monitor.detectors.quality.unlabelled_share import DETECTOR, compare_counts

A_DAY = 200
Shares = Callable[[np.random.Generator, int], float]


def course(share: Shares, days: int, seed: int) -> list[Counts]:
    rng = np.random.default_rng(seed)
    return [(int(rng.binomial(A_DAY, share(rng, day))), A_DAY) for day in range(days)]


def told(history: list[Counts], labelled: int) -> bool:
    """Say whether a day would be told: by what breaches the least effect at a p-value of 0.001."""
    return not is_no_rise(compare_counts(history, labelled, A_DAY, column="y"), DETECTOR.min_effect)


USUAL: dict[str, Shares] = {
    "all": lambda rng, day: 1.0,  # noqa: ARG005
    "a fifth": lambda rng, day: 0.2,  # noqa: ARG005
    "one in fifty": lambda rng, day: 0.02,  # noqa: ARG005
    "working days": lambda rng, day: 0.9 * (day % 7 < 5),  # noqa: ARG005
    "by the batch": lambda rng, day: rng.uniform(0.1, 0.9),  # noqa: ARG005
}


@pytest.mark.parametrize("name", USUAL)
def test_days_that_are_as_usual_are_hardly_ever_told(name: str) -> None:
    days = [course(USUAL[name], 60, seed) for seed in range(40)]
    alarms = sum(told(one[:day], one[day][0]) for one in days for day in range(14, 60))
    assert alarms <= 4  # of 1,840 days


@pytest.mark.parametrize(("name", "left"), [("all", 0.0), ("all", 0.4), ("a fifth", 0.0), ("a fifth", 0.05)])
def test_labels_that_stop_or_thin_out_are_told_on_the_first_day(name: str, left: float) -> None:
    assert all(told(course(USUAL[name], 14, seed), round(left * A_DAY)) for seed in range(20))


def test_a_few_more_rows_without_a_label_are_not_worth_telling() -> None:
    assert not told(course(USUAL["all"], 14, 1), 150)


@pytest.mark.parametrize("history", [[], [(A_DAY, A_DAY)] * 7, [(0, A_DAY)] * 20, [(0, 0)] * 20])
def test_without_windows_that_say_what_is_usual_nothing_is_judged(history: list[Counts]) -> None:
    found = compare_counts(history, 0, A_DAY, column="y")
    assert (found.value, found.p_value) == (1.0, None)


def test_no_rows_have_no_share() -> None:
    assert compare_counts([(A_DAY, A_DAY)] * 20, 0, 0, column="y").value is None
