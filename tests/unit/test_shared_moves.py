"""What a segment shows is news where it moved by itself, and none where all traffic moved as far."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.steps.shared_moves import SHARED, without_shared_moves
from monitor.store.measurements import Judged
from monitor.types import Measurement, Roles

NORTH, PART = "region=north", 0.2


def rows(seed: int, *, north: float = 0.0, others: float = 0.0, part: float = PART) -> tuple[pa.Table, pa.Table]:
    """Give rows of all regions, and those of the north, whose means moved by so much."""
    rng = np.random.default_rng(seed)
    theirs = rng.random(1000) < part
    warm = rng.normal(size=1000) + np.where(theirs, north, others)
    table = pa.table({"warm": warm, "kind": rng.choice(["a", "b"], 1000)})
    return table, table.filter(pa.array(theirs))


REFERENCE = rows(1)
LAYOUT = layout_of(REFERENCE[0], Roles(timestamp="at"))


def pairs(current: tuple[pa.Table, pa.Table]) -> dict[str, tuple[Profile, Profile]]:
    profiles = [
        (profile_table(before, LAYOUT), profile_table(after, LAYOUT))
        for before, after in zip(REFERENCE, current, strict=True)
    ]
    return dict(zip(("", NORTH), profiles, strict=True))


def judged(
    whole: str, north: str, *, column: str = "warm", kind: str = "drift.data", alpha: float | None = 0.01
) -> list[Judged]:
    sides = (("", whole), (NORTH, north))
    return [
        Judged(Measurement("smooth_test", 1.0, column=column, segment=segment), kind, alpha, outcome=outcome)
        for segment, outcome in sides
    ]


def outcome(found: list[Judged], current: tuple[pa.Table, pa.Table]) -> str:
    return without_shared_moves(found, pairs(current))[1].outcome


def test_what_all_traffic_shows_as_far_is_clear_and_says_so() -> None:
    moved = rows(2, north=0.5, others=0.5)
    all_traffic, north = without_shared_moves(judged("clear", "breach"), pairs(moved))
    assert (north.outcome, north.measurement.note) == ("clear", SHARED)
    assert all_traffic.outcome == "clear"


def test_what_fires_about_a_segment_goes_on_until_the_segment_is_back() -> None:
    before = [replace(one, lingers=True) for one in judged("clear", "breach")]
    assert [one.lingers for one in without_shared_moves(before, pairs(rows(2, north=0.5, others=0.5)))] == [True, True]


@pytest.mark.parametrize(
    ("north", "others"), [(0.5, 0.0), (0.5, 0.1), (0.5, -0.2), (0.0, 0.0)], ids=["alone", "more", "against", "shape"]
)
def test_a_segment_that_moved_by_itself_is_news(north: float, others: float) -> None:
    assert outcome(judged("clear", "breach"), rows(3, north=north, others=others)) == "breach"


def test_what_breaches_in_all_traffic_is_left_to_the_whole_and_most_of_the_traffic_to_itself() -> None:
    assert outcome(judged("breach", "breach"), rows(4, north=0.5, others=0.5)) == "breach"
    assert outcome(judged("", "breach"), rows(4, north=0.5, others=0.5)) == "breach"
    assert outcome(judged("clear", "breach"), rows(4, north=0.5, part=0.7)) == "breach"


@pytest.mark.parametrize("other", [{"column": "kind"}, {"kind": "performance.realised"}, {"alpha": None}])
def test_categories_performance_and_limits_of_ones_own_hold_as_they_are(other: dict[str, str | None]) -> None:
    found = judged("clear", "breach", **other)  # type: ignore[arg-type]
    assert outcome(found, rows(5, north=0.5, others=0.5)) == "breach"
