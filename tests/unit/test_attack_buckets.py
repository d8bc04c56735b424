"""Rows that come to one bucket one after the other are told by what their client sent meanwhile."""

import numpy as np
import pytest

from monitor.detectors.attack.buckets import Shared, Usual, empty_memory, shared

TABLES, SENT, LATELY = 16, 1000, 2_000
PLACE = np.arange(1, TABLES + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
"""The bucket of every table that one in a hundred reference rows fall into."""


def reference() -> Usual:
    buckets = np.random.default_rng(1).integers(0, 2**63, (1000, TABLES), dtype=np.uint64)
    buckets[:10] = PLACE
    return Usual.of(buckets)


def came(rows: int, *, every: int = 1, varied: bool = False, cut: int = 0, client: int = 7) -> Shared:
    """Send rows to one place, of a client that has sent a thousand; one in so many rows of the stream."""
    memory, usual, parts = empty_memory(), reference(), []
    for part in filter(len, np.split(np.arange(rows), [cut])):
        many = part.size
        parts.append(
            shared(
                memory,
                np.tile(PLACE, (many, 1)),
                usual=usual,
                horizon=100_000,
                lately=LATELY,
                client=np.full(many, client, np.uint32),
                asked=SENT + part + 1,
                varied=np.full(many, varied),
                new=np.zeros(many, np.bool_),
                newcomers=np.zeros(many, np.int64),
                at=100_000 + every * part,
            )
        )
    return Shared(*(np.concatenate(one) for one in zip(*parts, strict=True)))


@pytest.mark.parametrize("cut", [0, 1, 4])
def test_rows_sent_in_a_hurry_are_told_after_few_however_much_their_client_sent_before(cut: int) -> None:
    found = came(5, cut=cut)
    assert found.told.all(axis=1).tolist() == [False, False, False, True, True]
    assert found.before[:, 0].tolist() == list(range(5))


@pytest.mark.parametrize(
    ("every", "varied"),
    [(400, False), (1, True)],
    ids=["at a sensor's pace", "varying few values of a row just before"],
)
def test_who_sends_like_rows_slowly_or_asks_what_if_is_laid_beside_all_that_it_sent(
    every: int, *, varied: bool
) -> None:
    found = came(5, every=every, varied=varied)
    assert not found.told.any()
    assert not found.before[1:].any()


@pytest.mark.parametrize("cut", [0, 2])
def test_rows_that_name_no_client_share_any_bucket_but_are_copies_only_of_what_came_too_often(cut: int) -> None:
    found = came(40, every=90, cut=cut, client=0)
    assert found.told.all(axis=1).tolist() == [False] + [True] * 39
    assert not found.copied.any()
    hurried = came(40, cut=cut, client=0).copied.all(axis=1)
    assert not hurried[:3].any()
    assert hurried[30:].all()


def test_a_copy_of_what_came_long_ago_is_none() -> None:
    assert came(6).copied.all(axis=1).tolist() == [False, False, False, True, True, True]
    assert not came(6, every=LATELY + 1).copied.any()
