"""Scores that are probabilities have the range of probabilities, whatever the reference's extremes are."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.quality.out_of_range_share import compare
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", scores=("p",))


def told(added: float, *, offset: float = 0.0) -> dict[str, Measurement]:
    """Give what is told of a window of scores within .2 and .7 and a feature alike, to a tenth of which is added."""
    rng = np.random.default_rng(1)
    held = offset + 0.2 + 0.5 * rng.random(2000)
    now = offset + 0.2 + 0.5 * rng.random(1000)
    now[:100] = offset + 0.7 + added
    layout = layout_of(pa.table({"p": held, "x": held}), ROLES)
    sides = (profile_table(pa.table({"p": one, "x": one}), layout) for one in (held, now))
    return {one.column: one for one in compare(*sides)}


@pytest.mark.parametrize(
    ("added", "offset", "share"),
    [
        (0.29, 0.0, 0.0),  # surer than ever
        (0.31, 0.0, 0.1),  # no probability
        (np.inf, 0.0, 0.1),
        (0.1, 5.0, 0.1),  # the reference's scores are none
    ],
)
def test_a_probability_is_out_of_range_beyond_0_and_1_only(added: float, offset: float, share: float) -> None:
    found = told(added, offset=offset)
    assert (found["p"].value, found["x"].value) == (share, 0.1)
    assert found["p"].p_value is not None
    assert (found["p"].p_value < 1e-6) == (share > 0)
