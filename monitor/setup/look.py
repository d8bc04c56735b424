"""What a column of a sample holds, in the few words that guessing and checking need."""

import re
from collections.abc import Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor import timestamps

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?")
_SHOWN = 1000

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words.

    >>> words("modelVersion"), words("y_pred")
    (('model', 'version'), ('y', 'pred'))
    """
    return tuple(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(".", "_").split("_"))


def is_text(column: pa.ChunkedArray) -> bool:
    """Say whether the values are strings, dictionary-encoded or not."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(column: pa.ChunkedArray) -> bool:
    """Say whether the values are integers, floats or decimals."""
    kind = column.type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_time(column: pa.ChunkedArray) -> bool:
    """Say whether the type is a time or a date."""
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))


def is_nested(column: pa.ChunkedArray) -> bool:
    """Say whether the values are lists, mappings or bytes."""
    kind = column.type
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give the values without dictionary encoding."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def distinct(column: pa.ChunkedArray) -> int:
    """Count the different values that are not null; every value of a nested column counts as different."""
    return len(column) if is_nested(column) else int(pc.count_distinct(plain(column), mode="only_valid").as_py())


def times_of(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Give times in UTC, where naive ones are taken as UTC; None when a value that is not null is no time.

    Times, dates and ISO 8601 strings are times; numbers are not, for their unit cannot be known.
    """
    if not (is_text(column) or is_time(column)):
        return None
    first = plain(column).drop_null().slice(0, _SHOWN).to_pylist() if is_text(column) else []
    if is_text(column) and not (first and all(_ISO.fullmatch(value.strip()) for value in first)):
        return None
    times = timestamps.times_of(column)
    return times if times.null_count == column.null_count else None


def times_of_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Give times from numbers since 1970 in seconds, milli-, micro- or nanoseconds, told apart by size; else None."""
    if not is_number(column) or pa.types.is_decimal(column.type):
        return None
    times = timestamps.times_of(column).drop_null()
    if not len(times) or not all(1980 <= at.year < 2100 for at in pc.min_max(times).as_py().values()):
        return None
    return times


def unread_times(column: pa.ChunkedArray) -> Flags:
    """Say of each value whether it is there and no time; a number outside 1980 to 2100 is none."""
    if is_nested(column):
        return timestamps.flags(column.is_valid())
    times = timestamps.times_of(column)
    none = times.is_null()
    if is_number(column):
        years = pc.year(times)
        none = pc.or_kleene(none, pc.or_kleene(pc.less(years, 1980), pc.greater_equal(years, 2100)))
    return timestamps.flags(pc.and_kleene(column.is_valid(), none))


def numbers_of(column: pa.ChunkedArray) -> Floats:
    """Give the finite numbers of a numeric column as floats."""
    values = column.drop_null().cast(pa.float64()).to_numpy()
    return values[np.isfinite(values)]  # type: ignore[no-any-return]  # pyarrow has no types


def in_unit(column: pa.ChunkedArray) -> bool:
    """Say whether there are floats and all lie in [0, 1]."""
    if not pa.types.is_floating(column.type):
        return False
    values = numbers_of(column)
    return bool(values.size and values.min() >= 0 and values.max() <= 1)


def sum_to_one(columns: Sequence[pa.ChunkedArray]) -> bool:
    """Say whether the columns sum to 1 in nearly every row."""
    arrays = [column.cast(pa.float64()).to_numpy() for column in columns]
    totals = reduce(np.add, arrays)
    totals = totals[np.isfinite(totals)]
    return bool(totals.size and np.mean(np.abs(totals - 1) < 1e-3) > 0.99)


def spelled(column: pa.ChunkedArray) -> list[str | None]:
    """Give values so that 1, 1.0 and true are equal, and so are their spellings."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return [None if value is None else _spelled(value) for value in plain(column).to_pylist()]


def _spelled(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def how_well(name: str, known: Sequence[str]) -> int:
    """Say how well a name fits: 3 is one of the known words, 2 ends with one, 1 has one within, 0 none."""
    parts = words(name)
    return 3 if "_".join(parts) in known else 2 if parts[-1] in known else 1 if set(parts) & set(known) else 0


def is_code(column: pa.ChunkedArray) -> bool:
    """Say whether the values are names or whole numbers."""
    if pa.types.is_floating(column.type):
        # whole numbers of which some are missing are often kept as fractions
        return bool(column.null_count and np.all(numbers_of(column) % 1 == 0))
    return pa.types.is_integer(column.type) or is_text(column)
