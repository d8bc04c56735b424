"""What is packed comes back the same."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.types import Roles

N = 200
TASKS = {
    "binary": Roles("at", prediction="d", scores=("p",), label="y", segments=("c",), kinds={"x": "numeric"}),
    "multiclass": Roles("at", scores=("p", "q"), classes=("no", "yes"), label="y"),
    "regression": Roles("at", prediction="x", label="z"),
    "none": Roles("at"),
}
REFERENCE = pa.table(
    {
        "x": np.random.default_rng(1).normal(size=N),
        "c": ["a", "b"] * (N // 2),
        "p": np.linspace(0, 1, N),
        "q": np.linspace(1, 0, N),
        "d": np.linspace(0, 1, N) > 0.4,
        "y": ["no", "yes"] * (N // 2),
        "z": np.random.default_rng(2).normal(size=N),
    }
)
WINDOWS = {
    "ordinary": pa.table(
        {
            "x": [1.5, 2.0, None, float("inf")],
            "c": ["a", "new", None, 'q"{'],
            "p": [0.1, 0.2, None, 0.9],
            "q": [0.9, 0.8, 0.5, 0.1],
            "d": [True, False, None, True],
            "y": ["no", "yes", None, "maybe"],
            "z": [0.1, -2.0, 3.0, None],
            "more": [1, 2, 3, 4],
        }
    ),
    "empty": REFERENCE[:0],
    "without a column": pa.table({"x": [1.0]}),
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("task", TASKS)
def test_a_profile_survives_packing(task: str, window: str) -> None:
    layout = layout_of(REFERENCE, TASKS[task])
    profile = profile_table(WINDOWS[window], layout)
    again = Profile.unpacked(profile.packed(), layout)
    assert (again.rows, again.unseen, again.added) == (profile.rows, profile.unseen, profile.added)
    assert again.counts.dtype == profile.counts.dtype
    for kept, back in zip(vectors(profile), vectors(again), strict=True):
        assert back.tolist() == kept.tolist()


def vectors(profile: Profile) -> tuple[np.ndarray, ...]:
    return profile.counts, profile.sums, profile.low, profile.high


@pytest.mark.parametrize("task", TASKS)
def test_a_layout_survives_packing_with_every_float_as_it_was(task: str) -> None:
    layout = layout_of(REFERENCE, TASKS[task])
    again = Layout.unpacked(layout.packed())
    assert again.roles == layout.roles
    assert again.digest == layout.digest
    assert again.by_name["x"].bins.edges.tolist() == layout.by_name["x"].bins.edges.tolist()
    assert type(again.outcome) is type(layout.outcome)
    profile = profile_table(WINDOWS["ordinary"], layout)
    assert profile_table(WINDOWS["ordinary"], again).counts.tolist() == profile.counts.tolist()


def test_a_profile_of_other_bins_is_refused() -> None:
    data = profile_table(WINDOWS["ordinary"], layout_of(REFERENCE, TASKS["none"])).packed()
    with pytest.raises(ValueError, match="made with other columns or bins"):
        Profile.unpacked(data, layout_of(REFERENCE[:50], TASKS["none"]))


def test_a_profile_of_another_version_is_refused() -> None:
    layout = layout_of(REFERENCE, TASKS["none"])
    with pytest.raises(ValueError, match="packed by another version"):
        Profile.unpacked(b"\xff\xff\xff\xff" + bytes(60), layout)
