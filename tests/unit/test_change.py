"""What moved in a column, for people."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.change import change_of
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.types import Roles


def column(values: list[object], reference: list[object]) -> tuple[object, object]:
    layout = layout_of(pa.table({"at": [0] * len(reference), "x": reference}), Roles(timestamp="at"))
    return tuple(profile_table(pa.table({"x": v}), layout).columns["x"] for v in (reference, values))  # type: ignore[return-value]


def test_a_number_moved_from_mean_to_mean() -> None:
    before, after = column([10.0, 12.0], [1.0, 2.0, 3.0])
    assert change_of(before, after) == {"of": "mean", "before": pytest.approx(2.0), "after": pytest.approx(11.0)}


def test_of_heavy_tails_the_median_moved_where_one_row_makes_the_mean() -> None:
    rng = np.random.default_rng(1)
    usual, window = rng.lognormal(4, 0.8, 2000), rng.lognormal(4, 0.8, 500) * 1.3
    usual[7] = 1e6
    before, after = column(window.tolist(), usual.tolist())
    found = change_of(before, after)
    assert found["of"] == "median"
    assert found["before"] == pytest.approx(np.median(usual), rel=0.03)
    assert found["after"] == pytest.approx(np.median(window), rel=0.03)


def test_a_number_whose_tails_moved_alone_is_told_by_one_of_these() -> None:
    rng = np.random.default_rng(2)
    usual, window = rng.normal(size=4000), rng.normal(size=1000)
    window += np.sign(window) * (np.abs(window) > 1)
    before, after = column(window.tolist(), usual.tolist())
    found = change_of(before, after)
    assert found["of"] in ("90th percentile", "10th percentile")
    assert abs(found["after"]) > abs(found["before"]) + 0.3


def test_a_quantile_of_whole_numbers_is_one_of_them() -> None:
    usual, window = [float(v) for v in range(11)] * 300, [0.0] * 450 + [5.0] * 100 + [10.0] * 450
    before, after = column(window, usual)
    assert change_of(before, after) in (
        {"of": "90th percentile", "before": 9, "after": 10},
        {"of": "10th percentile", "before": 1, "after": 0},
    )


def test_a_number_of_which_only_the_shape_moved_stands_still() -> None:
    values = [float(v) for v in range(1000)]
    before, after = column([v + 0.4 for v in values], values)
    assert change_of(before, after) == {
        "of": "mean",
        "before": pytest.approx(499.5),
        "after": pytest.approx(499.9),
        "still": True,
    }


@pytest.mark.parametrize(
    ("now", "low", "high"),
    [
        ([*range(100)] * 10 + [48, 49, 50, 51] * 11, 48, 51),
        ([*range(100)] * 10 + [50] * 30, 50, 50),
        ([*range(100)] * 10, None, None),
    ],
    ids=["some values", "one value", "nothing"],
)
def test_of_a_number_that_stands_still_the_interval_is_told_whose_share_rose_most(
    now: list[int], low: int | None, high: int | None
) -> None:
    before, after = column([float(v) for v in now], [float(v) for v in range(100)] * 10)
    told = change_of(before, after)
    assert told is not None
    assert told["still"]
    if low is None or high is None:
        assert "interval" not in told
        return
    held = sum(low <= v <= high for v in now)
    share = {"before": pytest.approx((high - low + 1) / 100), "after": pytest.approx(held / len(now))}
    assert told["interval"] == {"low": low, "high": high, **share}


def test_a_number_that_is_mostly_zero_moved_in_its_mean() -> None:
    before, after = column([0.0] * 60 + [5.0] * 40, [0.0] * 900 + [5.0] * 100)
    assert change_of(before, after) == {"of": "mean", "before": pytest.approx(0.5), "after": pytest.approx(2.0)}


def test_a_category_is_the_one_whose_share_changed_most() -> None:
    before, after = column(["b"] * 9 + ["a"], ["a"] * 5 + ["b"] * 5)
    assert change_of(before, after) == {"of": "share", "category": "a", "before": 0.5, "after": 0.1}


def test_a_category_that_is_gone_comes_before_one_whose_share_grew_more() -> None:
    usual = ["a"] * 30 + ["b"] * 25 + ["c"] * 25 + ["d"] * 20
    before, after = column(["a"] * 70 + ["b"] * 15, usual)
    assert change_of(before, after) == {"of": "share", "category": "c", "before": 0.25, "after": 0.0, "vanished": True}
    # ten rows of it are to be expected, or chance leaves none
    before, after = column(["a"] * 30 + ["b"] * 8, usual)
    assert "vanished" not in change_of(before, after)  # type: ignore[operator]


def test_an_unknown_category_is_unseen() -> None:
    before, after = column(["zebra"] * 4, ["a", "a", "b"])
    found = change_of(before, after)
    assert (found["category"], found["after"]) == ("unseen", 1.0)


def test_without_values_nothing_moved() -> None:
    before, after = column([None, None], [1.0, 2.0, 3.0])
    assert change_of(before, after) is None
    before, after = column([None, None], ["a", "b", "a"])
    assert change_of(before, after) is None
