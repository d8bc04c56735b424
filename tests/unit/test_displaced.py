"""In which unit a window's values are, where they are the usual ones in another."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.displaced import unit_of
from monitor.types import Roles

MILE = 0.621371


def wind(seed: int, times: float = 1.0) -> pa.Table:
    speed = times * np.random.default_rng(seed).gamma(4, 2.5, 3000)
    return pa.table({"at": np.arange(speed.size), "wind_km": speed})


@pytest.mark.parametrize(("lowest", "told"), [(9.5, "as miles are of kilometres"), (5.0, "")])
def test_values_where_windows_of_the_reference_had_them_are_in_the_usual_unit(lowest: float, told: str) -> None:
    """lowest: the mean of the calmest window; that of all is ten."""
    plain = layout_of(wind(1), Roles(timestamp="at"))
    column = replace(plain.by_name["wind_km"], lowest=lowest, highest=11.0)
    layout = replace(plain, columns=tuple(column if one.name == "wind_km" else one for one in plain.columns))
    assert unit_of("wind_km", profile_table(wind(1), layout), profile_table(wind(2, MILE), layout)) == told
