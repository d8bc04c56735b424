"""Columns whose values come and go: articles, campaigns, versions of an app, of which every month brings new ones."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column, Layout
from monitor.profiles.reading import categories

Codes = NDArray[np.intp]
Counts = tuple[int, int]

PARTS, LEAST, FEWEST, TWICE, SURELY = 4, 0.01, 1_000, 2, 3.0
"""A reference of so many rows is cut into so many parts by time; a value comes with time where so large a share of the
rows of a part hold values that no earlier one has, more than were its rows in any other order, in so many parts, by so
many deviations."""


def with_renewal(layout: Layout, rows: pa.Table) -> Layout:
    """Give a layout that says of which categories new ones come with time. rows: the reference's, with their times."""
    if rows.num_rows < FEWEST:
        return layout
    order = np.argsort(rows[layout.roles.timestamp].to_numpy(), kind="stable")
    return replace(layout, columns=tuple(_told(column, rows, order) for column in layout.columns))


def _told(column: Column, rows: pa.Table, order: Codes) -> Column:
    if column.role not in ("feature", "sensitive") or not isinstance(column.bins, CategoryBins):
        return column
    if column.name not in rows.column_names or column.bins.size < PARTS:
        return column
    read = categories(rows[column.name])
    codes = read.positions.astype(np.intp)[order]
    return replace(column, renewal=renewal_of(codes[codes < len(read.texts)]) if read.known else ())


def renewal_of(codes: Codes) -> tuple[Counts, ...]:
    """Give how many rows of each later part hold a value that no earlier one has, and all of its rows.

    codes: a number for each row's value, at least 0, in the order of time. Nothing where values do not come with time.

    >>> weekly = np.arange(8_000) // 1_000
    >>> renewal_of(weekly)
    ((2000, 2000), (2000, 2000), (2000, 2000))
    >>> renewal_of(np.random.default_rng(1).permutation(weekly))
    ()
    """
    if codes.size < FEWEST:
        return ()
    part = np.arange(codes.size) * PARTS // codes.size
    first = np.full(int(codes.max()) + 1, PARTS)
    np.minimum.at(first, codes, part)
    rows, new = np.bincount(part, minlength=PARTS), np.bincount(part[first[codes] == part], minlength=PARTS)
    held = np.bincount(codes)
    more = [_more(new[i] / rows[i], _by_chance(held, before=i / PARTS), int(rows[i])) for i in range(1, PARTS)]
    told = sum(one >= LEAST for one in more) >= TWICE
    return tuple(zip(new[1:].tolist(), rows[1:].tolist(), strict=True)) if told else ()


def _by_chance(held: Codes, *, before: float) -> float:
    """Give the share of rows, in any order, whose value none of those before holds; held: how many rows each value has.

    before: the share of all rows that come before.
    """
    return float((held * (1 - before) ** np.maximum(held - 1, 0)).sum() / held.sum())


def _more(new: float, by_chance: float, rows: int) -> float:
    """Give by what share more of so many rows are new than by chance, for certain."""
    either = (new + by_chance) / 2
    return new - by_chance - SURELY * math.sqrt(either * (1 - either) / rows)
