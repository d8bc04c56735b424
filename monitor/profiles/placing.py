"""Rows in the bins of a column of the layout."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column
from monitor.profiles.reading import categories, floats

Places = NDArray[np.intp]


def places_of(found: pa.ChunkedArray, column: Column) -> Places:
    """Give the bin of each row's value, shape (rows,); -1 where it has none, or none of the column's kind."""
    if isinstance(column.bins, CategoryBins):
        read = categories(found)
        texts = [text for text in read.texts if text is not None] if read.known else []
        place = dict(zip(texts, column.bins.codes(texts).tolist(), strict=True))
        table = [-1 if text is None else place.get(text, -1) for text in read.texts]
        return np.asarray(np.array([*table, -1], np.intp)[read.positions])
    values = floats(found, column.kind, column.width)
    known = ~np.isnan(values)
    codes = np.full(values.size, -1, np.intp)
    codes[known] = column.bins.codes(values[known])
    return codes
