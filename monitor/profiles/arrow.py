"""From rows, as an Arrow table, to bins and profiles. Columns are read whole, never row by row."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.profiles.bins import Bins, CategoryBins, Floats, NumericBins
from monitor.profiles.profile import ColumnProfile, Profile, most_frequent
from monitor.types import ColumnKind

TEXT_DISTINCT = 1000


def kind_of(column: pa.ChunkedArray) -> ColumnKind:
    """Infer a reference column's kind from its type; strings that hardly ever repeat are text.

    >>> kind_of(pa.chunked_array([[True, False]]))
    'categorical'
    """
    if pa.types.is_dictionary(column.type):
        return "categorical"
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return "numeric"
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        distinct = pc.count_distinct(column).as_py()
        return "text" if distinct > TEXT_DISTINCT and distinct * 2 > len(column) else "categorical"
    return "categorical"


def bins_of(column: pa.ChunkedArray, kind: ColumnKind) -> Bins:
    """Fix a column's bins from its reference values. A text is binned by its length in characters."""
    if kind == "categorical":
        counted = pc.value_counts(_as_text(column).drop_null())
        return CategoryBins.of(counted.field("values").to_pylist(), counted.field("counts").to_pylist())
    return NumericBins.of(_numbers(column, kind)[0])


def profile_table(rows: pa.Table, bins: Mapping[str, Bins], kinds: Mapping[str, ColumnKind]) -> Profile:
    """Sum a table up. A column that the table lacks counts as missing in every row."""
    return Profile(rows.num_rows, {name: _profile_named(rows, name, b, kinds[name]) for name, b in bins.items()})


def profile_column(column: pa.ChunkedArray, bins: Bins, kind: ColumnKind) -> ColumnProfile:
    """Sum one column up in the reference's bins."""
    if isinstance(bins, CategoryBins):
        return _categories(column, bins)
    values, missing, invalid = _numbers(column, kind)
    counts = np.bincount(bins.codes(values), minlength=bins.size)
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore", invalid="ignore"):
        offsets = finite - bins.center
        total, squares = float(offsets.sum()), float(offsets @ offsets)
    return ColumnProfile(
        bins=bins,
        counts=counts,
        missing=missing,
        invalid=invalid,
        infinite=values.size - finite.size,
        sum=total,
        sum_sq=squares,
        low=float(finite.min()) if finite.size else None,
        high=float(finite.max()) if finite.size else None,
    )


def _profile_named(rows: pa.Table, name: str, bins: Bins, kind: ColumnKind) -> ColumnProfile:
    if name not in rows.column_names:
        return ColumnProfile(bins, np.zeros(bins.size, np.int64), missing=rows.num_rows)
    return profile_column(rows.column(name), bins, kind)


def _categories(column: pa.ChunkedArray, bins: CategoryBins) -> ColumnProfile:
    values, counts = _value_counts(column)
    codes = bins.codes(values)
    unseen = {v: int(c) for v, c, code in zip(values, counts, codes, strict=True) if code == bins.unseen}
    per_bin = np.zeros(bins.size, np.int64)
    np.add.at(per_bin, codes, counts)
    return ColumnProfile(bins, per_bin, missing=column.null_count, unseen=most_frequent(unseen))


def _value_counts(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Count a column's distinct values by dictionary code."""
    encoded = _as_text(column).dictionary_encode().unify_dictionaries()
    if not encoded.num_chunks:
        return [], np.empty(0, np.int64)
    values = encoded.chunk(0).dictionary.to_pylist()
    codes = [chunk.indices.drop_null().to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return values, np.bincount(np.concatenate(codes), minlength=len(values)).astype(np.int64)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _numbers(column: pa.ChunkedArray, kind: ColumnKind) -> tuple[Floats, int, int]:
    """Give the values that are numbers, NaN taken out, with the counts of missing and invalid rows."""
    if kind == "text":
        column = pc.utf8_length(_as_text(column))
    present = column.drop_null()
    if pa.types.is_null(column.type):
        return np.empty(0), len(column), 0
    values = _floats(present)
    numbers = values[~np.isnan(values)]
    nan = _nan_count(present)
    return numbers, column.null_count + nan, len(column) - column.null_count - nan - numbers.size


def _nan_count(present: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.is_nan(present)).as_py() or 0) if pa.types.is_floating(present.type) else 0


def _floats(present: pa.ChunkedArray) -> Floats:
    """Turn a column without nulls into floats; what is no number becomes NaN."""
    if pa.types.is_dictionary(present.type):
        present = present.cast(present.type.value_type)
    if pa.types.is_boolean(present.type):
        present = present.cast(pa.int8())
    if pa.types.is_string(present.type) or pa.types.is_large_string(present.type):
        return np.array([_float(text) for text in present.to_pylist()], dtype=np.float64)
    if pa.types.is_integer(present.type) or pa.types.is_floating(present.type):
        return np.asarray(present.to_numpy(), dtype=np.float64)
    if pa.types.is_decimal(present.type):
        return np.asarray(present.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.full(len(present), np.nan)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
