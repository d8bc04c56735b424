"""Rows that follow an odd one of their client, and how odd those of honest clients are."""

import numpy as np
import pytest

from monitor.detectors.attack.indicators import NAMES, PASSING
from monitor.detectors.attack.lingering import (
    Before,
    empty_lingering,
    learn_lingering,
    odd_after_odd,
    packed_odd,
    unpacked_odd,
)


def by_hand(shown: np.ndarray, told: np.ndarray, earlier: bool) -> tuple[list[bool], bool]:  # noqa: FBT001
    follows, last = [], earlier
    for hit, counts in zip(shown.tolist(), told.tolist(), strict=True):
        follows.append(bool(last and counts))
        last = hit if counts else last
    return follows, last


@pytest.mark.parametrize("seed", range(5))
def test_a_row_follows_the_last_one_of_its_series_that_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 7, 40)
    first = np.cumsum(lengths) - lengths
    told = rng.random(lengths.sum()) < 0.6
    shown, earlier = told & (rng.random(told.size) < 0.5), rng.random(40) < 0.5
    found = Before.of(shown, told, first, lengths, earlier)
    for i, (begin, many) in enumerate(zip(first.tolist(), lengths.tolist(), strict=True)):
        own = slice(begin, begin + many)
        assert (found.follows[own].tolist(), bool(found.last[i])) == by_hand(shown[own], told[own], bool(earlier[i]))


def test_what_the_last_rows_of_clients_showed_is_kept_in_bits() -> None:
    odd = np.random.default_rng(1).random((50, len(NAMES))) < 0.5
    np.testing.assert_array_equal(unpacked_odd(packed_odd(odd)), odd & PASSING)


def test_how_odd_the_next_row_is_may_be_is_known_from_fifty_rows_on_of_signs_that_pass() -> None:
    new = empty_lingering()
    far, copies = NAMES.index("far_from_population"), NAMES.index("near_duplicates")
    learn_lingering(new, np.repeat([far, copies], 49), np.ones(98, np.bool_))
    assert not odd_after_odd(new).any()
    learn_lingering(new, np.repeat(far, 51), np.arange(51) < 1)
    found = odd_after_odd(new)
    assert found[far] == pytest.approx(1.25 * 0.5)
    assert np.delete(found, far).sum() == 0
