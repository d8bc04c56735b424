"""Clusters of a stream that names no client are laid beside what those of honest stretches of time came to."""

from typing import Any

import numpy as np

from monitor.detectors.attack.clusters import Clusters, empty_clusters
from monitor.detectors.attack.ecusum import Gains
from monitor.detectors.attack.growth import ALARM

RARE = 0.001
"""The share of the stream that one honest cluster takes at most."""
TABLES, STRETCH = 16, 1_000


def after_honest_stretches(rows: int) -> dict[str, Any]:
    """Let one cluster of so many near-copies come in each of thirty stretches of time."""
    held = empty_clusters(1, 0)
    for stretch in range(30):
        search(held, stretch, places=[stretch], rows=rows)
    return held


def search(held: dict[str, Any], stretch: int, *, places: list[int], rows: int) -> list[bool]:
    """Send near-copies of one row after another; say of each whether its cluster is beyond the honest ones."""
    beyond, clusters = [], Clusters(held, Gains.of([RARE]))
    clusters.growth.turn(stretch)
    for number, place in enumerate(places):
        buckets = np.arange(1, TABLES + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) * np.uint64(place + 1)
        for row in range(rows):
            joined = clusters.join(
                buckets,
                numbers=np.array([float(place)]),
                codes=np.empty(0, np.int64),
                client=0,
                label=0,
                margin=0.5,
                at=stretch * STRETCH + (number * rows + row) * 10,
                stretch=stretch,
                name=b"",
            )
        beyond.append(joined.peak >= joined.limit)
    return beyond


def test_one_search_must_come_to_twice_what_honest_ones_did() -> None:
    assert search(after_honest_stretches(8), 40, places=[100], rows=11) == [False]
    assert search(after_honest_stretches(8), 40, places=[100], rows=20) == [True]


def test_searches_from_one_row_after_another_add_up() -> None:
    assert search(after_honest_stretches(8), 40, places=[100, 101, 102], rows=11) == [False, False, True]


def test_searches_add_up_over_three_stretches_and_no_more() -> None:
    assert searches(every=1) == [False, False, True]
    assert searches(every=3) == [False, False, False]


def searches(*, every: int) -> list[bool]:
    """Search from three rows, each so many stretches after the other; a small cluster comes in all of them."""
    held, found = after_honest_stretches(8), list[bool]()
    for stretch in range(40, 40 + 3 * every):
        search(held, stretch, places=[1_000 + stretch], rows=2)
        if (stretch - 40) % every == 0:
            found += search(held, stretch, places=[100 + stretch], rows=11)
    return found


def test_where_honest_clusters_came_to_little_one_needs_what_tells_it_from_all_that_are_looked_at() -> None:
    held = after_honest_stretches(2)
    for rows in range(2, 8):
        found = search(held, 40, places=[rows], rows=rows)
        assert found == [bool(held["peak"].max() >= ALARM)]
    assert found == [True]


def test_stretches_without_any_cluster_tell_what_is_usual_too() -> None:
    assert searched_after(9) == [False]
    assert searched_after(10) == [True]


def searched_after(stretches: int) -> list[bool]:
    """Search where so many stretches of time, with the running one, held no cluster."""
    held = empty_clusters(1, 0)
    for stretch in range(1, stretches):
        Clusters(held, Gains.of([RARE])).growth.turn(stretch)
    return search(held, stretches, places=[100], rows=12)
