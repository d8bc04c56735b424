"""Arrays in pages: what is written makes the stored pages those of the new arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.store.pages import PAGE, Arrays, Place, arrays_of, changes


def stored(pages: dict[Place, bytes], before: Arrays, after: Arrays) -> dict[Place, bytes]:
    found = changes(before, after)
    return {place: data for place, data in pages.items() if place not in found.emptied} | dict(found.written)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"),
            st.tuples(st.sampled_from(["u1", "<f4", "<i8"]), st.integers(0, 20_000), st.integers(0, 2**31)),
        ),
        max_size=4,
    )
)
def test_pages_follow_the_arrays_through_any_change(course: list[dict[str, tuple[str, int, int]]]) -> None:
    pages: dict[Place, bytes] = {}
    before: Arrays = {}
    for step in course:
        after = {name: _filled(*made) for name, made in step.items()}
        pages = stored(pages, before, after)
        back = arrays_of(changes({}, after).shapes, pages)
        assert back.keys() == after.keys()
        assert all(np.array_equal(back[name], after[name]) and back[name].dtype == after[name].dtype for name in after)
        before = after


def _filled(kind: str, size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random(size) < 0.001).astype(kind)


def test_only_the_pages_that_changed_are_written() -> None:
    before = {"a": np.ones(10 * PAGE, np.uint8)}
    after = {"a": before["a"].copy()}
    after["a"][3 * PAGE + 5] = 7
    assert list(changes(before, after).written) == [("a", 3)]
    assert not changes(before, before).written


def test_a_page_of_zeros_takes_no_room() -> None:
    before = {"a": np.ones(2 * PAGE, np.uint8)}
    found = changes(before, {"a": np.concatenate([np.zeros(PAGE, np.uint8), before["a"][:PAGE]])})
    assert not found.written
    assert found.emptied == {("a", 0)}


def test_pages_of_other_arrays_are_refused() -> None:
    pages = changes({}, {"a": np.ones(3 * PAGE, np.uint8)}).written
    with pytest.raises((ValueError, OSError)):
        arrays_of({"a": ("|u1", [10])}, pages)
