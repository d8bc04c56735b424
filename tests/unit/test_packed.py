"""What is packed comes back the same."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import bins_of, kind_of, profile_table
from monitor.profiles.bins import NumericBins
from monitor.profiles.packed import packed, unpacked

REFERENCE = pa.table({"x": np.arange(200.0), "c": ["a", "b"] * 100})
KINDS = {name: kind_of(REFERENCE[name]) for name in REFERENCE.column_names}
BINS = {name: bins_of(REFERENCE[name], kind) for name, kind in KINDS.items()}

WINDOWS = {
    "ordinary": pa.table({"x": [1.5, 2.0, None, float("inf")], "c": ["a", "new", None, 'q"{']}),
    "empty": pa.table({"x": pa.array([], pa.float64()), "c": pa.array([], pa.string())}),
    "without a column": pa.table({"x": [1.0]}),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_profile_survives_packing(name: str) -> None:
    profile = profile_table(WINDOWS[name], BINS, KINDS)
    again = unpacked(packed(profile), BINS)
    assert again.rows == profile.rows
    assert list(again.columns) == list(profile.columns)
    for column, kept in profile.columns.items():
        back = again.columns[column]
        assert back.counts.tolist() == kept.counts.tolist()
        assert (back.missing, back.invalid, back.infinite) == (kept.missing, kept.invalid, kept.infinite)
        assert (back.sum, back.sum_sq, back.low, back.high) == (kept.sum, kept.sum_sq, kept.low, kept.high)
        assert back.unseen == kept.unseen


def test_other_bins_are_refused() -> None:
    data = packed(profile_table(WINDOWS["ordinary"], BINS, KINDS))
    with pytest.raises(ValueError, match="'x' was profiled in other"):
        unpacked(data, BINS | {"x": NumericBins.of(np.arange(3.0))})
