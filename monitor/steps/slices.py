"""From rows to the profiles of the windows, versions and segments that they fall into."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins
from monitor.profiles.groups import Groups
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.schedule import Period
from monitor.store.profiles import Slice
from monitor.types import Window

Codes = NDArray[np.intp]
Summing = Callable[[pa.Table, Layout, Iterable[Groups]], Iterator[list[Profile]]]

MOST_VERSIONS = 20
OTHER = "other"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def sliced(
    rows: pa.Table, layout: Layout, summing: Summing, *, base: Period, segment_values: int
) -> dict[Slice, Profile]:
    """Sum rows up by window, and by window and each version and segment value; `summing` is one of the profilers."""
    windows, window = windows_of(rows, layout.roles.timestamp, base)
    dimensions = list(_dimensions(rows, layout, segment_values))
    by_value = (
        Groups(np.where(code < 0, -1, window * len(values) + code), len(windows) * len(values))
        for _, values, code in dimensions
    )
    summed = summing(rows, layout, chain([Groups(window, len(windows))], by_value))
    found = dict(zip(map(Slice, windows), next(summed), strict=True))
    for (name, values, _), profiles in zip(dimensions, summed, strict=True):
        for place, profile in enumerate(profiles):
            if profile.counts.any():
                found[_slice(windows[place // len(values)], name, values[place % len(values)])] = profile
    return found


def windows_of(rows: pa.Table, timestamp: str, base: Period) -> tuple[list[Window], Codes]:
    """Give the windows that hold rows, oldest first, and for each row the place of its window."""
    length = _LENGTHS[base.unit]
    micros = rows[timestamp].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    starts, place = np.unique(micros // (length // timedelta(microseconds=1)), return_inverse=True)
    first = [_EPOCH + int(start) * length for start in starts]
    return [Window(start, start + length) for start in first], place


def _dimensions(rows: pa.Table, layout: Layout, segment_values: int) -> Iterator[tuple[str, list[str], Codes]]:
    roles = layout.roles
    if roles.version and roles.version in rows.column_names:
        yield ("version", *_versions(rows[roles.version]))
    for name in roles.segments:
        column = layout.by_name.get(name)
        if column and isinstance(column.bins, CategoryBins) and name in rows.column_names:
            yield (name, *_segments(rows[name], column.bins, segment_values))


def _versions(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    values, codes = _encoded(column)
    if len(values) <= MOST_VERSIONS:
        return values, codes
    return [*values[:MOST_VERSIONS], OTHER], np.minimum(codes, MOST_VERSIONS)


def _segments(column: pa.ChunkedArray, bins: CategoryBins, most: int) -> tuple[list[str], Codes]:
    values, codes = _encoded(column)
    listed = [*bins.values[:most], OTHER]
    places = np.append(np.minimum(bins.codes(values), len(listed) - 1), -1)
    return listed, places[codes]


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """Give the distinct values as text, and for each row the place of its value, -1 where there is none."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().chunk(0) if column.num_chunks else pa.array([], column.type)
    values = column.dictionary.cast(pa.string()).to_pylist()
    return values, np.asarray(pc.fill_null(column.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))


def _slice(window: Window, name: str, value: str) -> Slice:
    return Slice(window, version=value) if name == "version" else Slice(window, segment=f"{name}={value}")
