"""Codes of columns, against numpy's search and by hand."""

import numpy as np
import pyarrow as pa

from monitor.profiles.codes import ladder_of


def test_a_numbers_code_counts_the_limits_below_it_and_a_missing_one_is_0() -> None:
    rng = np.random.default_rng(1)
    values = np.round(rng.lognormal(size=3000), 1)
    ladder = ladder_of(pa.chunked_array([values]), "numeric", values)
    assert ladder is not None
    assert ladder.limits is not None
    asked = np.concatenate([values, ladder.limits, [-np.inf, np.inf, 1e300, -1.0]])
    expected = np.searchsorted(ladder.limits, asked, side="left") + 1
    assert ladder.codes(pa.chunked_array([asked])).tolist() == expected.tolist()
    assert ladder.codes(pa.chunked_array([[None, np.nan, 0.0]])).tolist() == [0, 0, 1]


def test_a_categorys_code_follows_the_target_and_others_share_that_of_missing_ones() -> None:
    column = pa.chunked_array([["low", "high", "mid", "low", "mid"]])
    ladder = ladder_of(column, "categorical", np.array([0.0, 9.0, 5.0, 1.0, 4.0]))
    assert ladder is not None
    assert ladder.values == ("low", "mid", "high")
    assert ladder.codes(pa.chunked_array([["high", "strange", None, "low"]])).tolist() == [3, 0, 0, 1]
