"""From rows to the profiles of the windows, versions and segments that they fall into."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.groups import Groups, profile_groups
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.profiles.reading import floats
from monitor.schedule import Period
from monitor.store.profiles import Slice
from monitor.store.references import GROUP
from monitor.types import Window, crossing

Codes = NDArray[np.intp]
Summing = Callable[[pa.Table, Layout, Iterable[Groups]], Iterator[list[Profile]]]

MOST_VERSIONS = 20
MOST_COMBINED = 100
OTHER = "other"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sliced(
    rows: pa.Table, layout: Layout, summing: Summing, *, base: Period, segment_values: int
) -> dict[Slice, Profile]:
    """Sum rows up by window, and by window and each version, segment value and group of a sensitive column.

    `summing` is one of the profilers; of a group only the outputs are counted.
    """
    windows, window = windows_of(rows, layout.roles.timestamp, base)
    parts = [*_dimensions(rows, layout, segment_values), *_sensitive(rows, layout, segment_values)]
    by_value = (part.groups(window, len(windows)) for part in parts)
    summed = summing(rows, layout, chain([Groups(window, len(windows))], by_value))
    found = dict(zip(map(Slice, windows), next(summed), strict=True))
    for part, profiles in zip(parts, summed, strict=True):
        for place, profile in enumerate(profiles):
            if profile.rows or profile.counts.any():
                window_place, value = divmod(place, len(part.values))
                found[_slice(windows[window_place], part.name, part.values[value])] = profile
    return found


def grouped(rows: pa.Table, layout: Layout, *, segment_values: int) -> dict[str, Profile]:
    """Sum rows up by the groups of the sensitive columns, whatever their times."""
    once = np.zeros(rows.num_rows, np.intp)
    return {
        f"{part.name}={value}": profile
        for part in _sensitive(rows, layout, segment_values)
        for value, profile in zip(part.values, profile_groups(rows, layout, part.groups(once, 1)), strict=True)
        if profile.rows
    }


@dataclass(frozen=True, eq=False)
class _Part:
    """A column that splits the traffic: its values, and for each row the place of its value, below 0 for none."""

    name: str
    values: list[str]
    codes: Codes

    def groups(self, window: Codes, windows: int) -> Groups:
        """Group rows by window and value."""
        width = len(self.values)
        index = np.where(self.codes < 0, -1, window * width + self.codes)
        return Groups(index, windows * width, outputs=self.name.startswith(GROUP))


def windows_of(rows: pa.Table, timestamp: str, base: Period) -> tuple[list[Window], Codes]:
    """Give the windows that hold rows, oldest first, and for each row the place of its window."""
    length = base.shortest
    micros = rows[timestamp].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    starts, place = _ranked(micros // (length // timedelta(microseconds=1)))
    first = [_EPOCH + int(start) * length for start in starts]
    return [Window(start, start + length) for start in first], place


def _ranked(numbers: Codes) -> tuple[Codes, Codes]:
    """Give the different numbers, ascending, and each one's place among them; without sorting where they lie close."""
    lowest, highest = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
    span = highest - lowest
    if span >= numbers.size:
        return np.unique(numbers, return_inverse=True)
    held = np.zeros(span + 1, np.bool_)
    held[numbers - lowest] = True
    return np.flatnonzero(held) + lowest, (held.cumsum() - 1)[numbers - lowest]


def _dimensions(rows: pa.Table, layout: Layout, segment_values: int) -> Iterator[_Part]:
    roles = layout.roles
    if roles.version and roles.version in rows.column_names:
        yield _Part("version", *_versions(rows[roles.version]))
    for name in roles.segments:
        column = layout.by_name.get(name)
        if column and isinstance(column.bins, CategoryBins) and name in rows.column_names:
            yield _Part(name, *_segments(rows[name], column.bins, segment_values))


def _sensitive(rows: pa.Table, layout: Layout, segment_values: int) -> Iterator[_Part]:
    alone = {part.name: part for part in _alone(rows, layout, segment_values)}
    yield from alone.values()
    for names in layout.roles.intersections:
        parts = [alone[GROUP + name] for name in names if GROUP + name in alone]
        if len(parts) == len(names):
            yield _crossed(GROUP + crossing(names), parts)


def _crossed(name: str, parts: Sequence[_Part]) -> _Part:
    """Give every combination of values of several columns; of many values each column's rarer ones are taken together.

    A row without one of the values is of none.
    """
    most = int(MOST_COMBINED ** (1 / len(parts)))
    codes, known, names = np.zeros(parts[0].codes.size, np.intp), np.ones(parts[0].codes.size, np.bool_), []
    for part in parts:
        many = len(part.values) > most
        named = _with_rest(part.values[: most - 1]) if many else part.values
        own = np.where(part.codes < most - 1, part.codes, named.index(OTHER)) if many else part.codes
        codes, known = codes * len(named) + own, known & (part.codes >= 0)
        names.append(named)
    return _Part(name, list(map(crossing, product(*names))), np.where(known, codes, -1))


def _alone(rows: pa.Table, layout: Layout, segment_values: int) -> Iterator[_Part]:
    for name in layout.roles.sensitive:
        column = layout.by_name.get(name)
        if column is None or column.kind == "text" or name not in rows.column_names:
            continue
        if isinstance(column.bins, CategoryBins):
            yield _Part(GROUP + name, *_segments(rows[name], column.bins, segment_values))
        elif names := cut_names(column.bins):
            values = floats(rows[name])
            codes = np.clip(column.bins.codes(np.nan_to_num(values)) - 1, 0, len(names) - 1)
            yield _Part(GROUP + name, names, np.where(np.isnan(values), -1, codes))


def cut_names(bins: NumericBins) -> list[str]:
    """Name the groups of a sensitive column of numbers; what is outside the reference's range joins the end groups.

    >>> cut_names(NumericBins(np.array([18.0, 25.0, 40.0, 60.0, 99.0]), 40.0))
    ['under 25', '[25, 40)', '[40, 60)', '60 or more']
    """
    cuts = bins.edges[1:-1].tolist()
    shown = [f"{cut:g}" for cut in cuts]
    shown = shown if len({*shown}) == len(shown) else list(map(repr, cuts))
    return [f"under {shown[0]}", *(f"[{a}, {b})" for a, b in pairwise(shown)), f"{shown[-1]} or more"] if cuts else []


def _versions(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    values, codes = _encoded(column)
    named = [value for value in values if value]
    listed = named if len(named) <= MOST_VERSIONS else _with_rest(named[:MOST_VERSIONS])
    known = {value: place for place, value in enumerate(listed)}
    # a slice whose version is the empty text is that of all traffic
    places = [known.get(value, known.get(OTHER, -1)) if value else -1 for value in values]
    return listed, np.array([*places, -1])[codes]


def _segments(column: pa.ChunkedArray, bins: CategoryBins, most: int) -> tuple[list[str], Codes]:
    values, codes = _encoded(column)
    named = list(bins.values[:most])
    listed = _with_rest(named)
    found = bins.codes(values)
    places = np.append(np.where(found < len(named), found, listed.index(OTHER)), -1)
    return listed, places[codes]


def _with_rest(named: list[str]) -> list[str]:
    """Give names with that of all others behind them, which a value of the same name joins."""
    return named if OTHER in named else [*named, OTHER]


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
