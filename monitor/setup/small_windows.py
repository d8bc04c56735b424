"""Windows that hold too few rows to be judged by themselves."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa

from monitor.config import Model
from monitor.timestamps import times_of

MEANT = 3
"""So many whole windows of a sample say how many rows one holds."""


def small_windows(model: Model, rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where most windows of a sample hold fewer rows than are judged at once."""
    name = model.columns.timestamp
    if name not in rows.column_names:
        return
    times = times_of(rows[name], model.columns.zone).drop_null().cast(pa.int64()).to_numpy()
    windows, counts = np.unique(times // (model.window.shortest // timedelta(microseconds=1)), return_counts=True)
    # the first and the last window may be cut
    held = float(np.median(counts[1:-1])) if windows.size >= MEANT + 2 else model.min_rows
    if held < model.min_rows:
        problem = f"a window holds about {held:,.0f} rows, fewer than min_rows, {model.min_rows}"
        yield f"{problem}: several are judged together, and told of with the last", "take a longer window"
