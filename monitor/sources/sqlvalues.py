"""Turn what a database's driver gives into an Arrow table, column by column, whatever stands in a column."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy.types import Float, Numeric, TypeEngine

STAMP = pa.timestamp("us", "UTC")
_BYTES = (bytes, bytearray, memoryview)
_ARROW: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    Decimal: pa.float64(),
    str: pa.string(),
    datetime: STAMP,
    date: pa.date32(),
}
_UNFIT = (pa.ArrowException, ValueError, OverflowError, TypeError)
# The smallest counts that are milli- and microseconds: March 1973; as seconds they would lie beyond the year 5138.
_MILLISECONDS, _MICROSECONDS = 10**11, 10**14


def python_type(kind: TypeEngine[Any]) -> type:
    """Give the Python class of a column's declared type; `object` when it declares none that is known."""
    if isinstance(kind, Numeric) and not isinstance(kind, Float) and kind.scale == 0:
        return int
    try:
        return kind.python_type
    except NotImplementedError:
        return object


def to_table(declared: Mapping[str, type], rows: Sequence[Sequence[Any]]) -> tuple[pa.Table, dict[int, str]]:
    """Give the table of the rows without bytes, and why each other row, counted from 0, was left out.

    A column becomes what all its values share, else text: whole numbers int64, other numbers float64, times
    timestamps in UTC (without a zone they are UTC), JSON and lists JSON text. One without values keeps its declared
    type.
    """
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(declared)
    bad: dict[int, str] = {}
    for name, values in zip(declared, columns, strict=True):
        if any(issubclass(kind, _BYTES) for kind in set(map(type, values))):
            rows_of_bytes = (i for i, value in enumerate(values) if isinstance(value, _BYTES))
            bad |= dict.fromkeys(rows_of_bytes, f"{name!r} holds bytes, or text that is not UTF-8; read a view without")
    if bad:
        columns = [[value for i, value in enumerate(values) if i not in bad] for values in columns]
    arrays = [_array(values, kind) for values, kind in zip(columns, declared.values(), strict=True)]
    return pa.table(arrays, names=list(declared)), bad


def as_json(value: object) -> object:
    """Give a value as a cursor can keep it; TypeError for one that has no order after a restart, as bytes."""
    if isinstance(value, _BYTES):
        raise TypeError("bytes cannot be a cursor")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int | float | str) else str(value)


def from_json(value: Any, kind: type) -> Any:  # noqa: ANN401 (whatever the column holds)
    """Undo `as_json` for a column of the declared type `kind`."""
    if isinstance(value, str) and issubclass(kind, date):
        return kind.fromisoformat(value)
    if isinstance(value, str) and kind not in (str, object, int, float, bool):
        return kind(value)
    return value


def moment_of(value: Any) -> datetime | None:  # noqa: ANN401 (whatever the column holds)
    """Read a time as a column of times may hold it: a time, a date, ISO 8601 text, a count since 1970; None if none."""
    try:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value) / _per_second(value))
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        return None
    if not isinstance(time, datetime):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def in_manner_of(sample: Any, time: datetime) -> Any:  # noqa: ANN401 (whatever the column holds)
    """Write `time` as `sample` is written, so that a database can compare the two; None when that is not possible.

    >>> in_manner_of("2013-03-01 05:00:00.5", datetime(2013, 3, 2, tzinfo=UTC))
    '2013-03-02 00:00:00'
    >>> in_manner_of(1362139200000, datetime(1970, 1, 2, tzinfo=UTC))
    86400000
    """
    if isinstance(sample, datetime):
        return time if sample.tzinfo else time.astimezone(UTC).replace(tzinfo=None)
    if isinstance(sample, date):
        return time.date()
    if isinstance(sample, int | float | Decimal):
        return type(sample)(time.timestamp() * _per_second(sample))
    if not isinstance(sample, str) or (read := moment_of(sample)) is None or sample[4:5] != "-":
        return None
    local = time.astimezone(read.tzinfo)
    return f"{local:%Y-%m-%d}" if len(sample) == len("2013-03-01") else f"{local:%Y-%m-%d}{sample[10]}{local:%H:%M:%S}"


def _per_second(count: float | Decimal) -> int:
    if -_MILLISECONDS < count < _MILLISECONDS:
        return 1
    return 1000 if -_MICROSECONDS < count < _MICROSECONDS else 1_000_000


def _array(values: Sequence[Any], declared: type) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {str} and declared in (datetime, date):
            return _from_texts(values, _ARROW[declared])
        if kinds == {Decimal} and declared is int:
            return pa.array([None if value is None else _whole(value) for value in values], pa.int64())
        if (target := _target(kinds, values, declared)) is not None:
            return pa.array(_made(values, target), target)
    except _UNFIT:
        pass
    return pa.array([_as_text(value) for value in values], pa.string())


def _target(kinds: set[type], values: Sequence[Any], declared: type) -> pa.DataType | None:
    if not kinds:
        return _ARROW.get(declared, pa.null())
    if kinds == {bool} or (declared is bool and kinds == {int} and set(values) <= {0, 1, None}):
        return pa.bool_()
    if kinds == {int}:
        return pa.float64() if declared in (float, Decimal) else pa.int64()
    if kinds <= {int, float, Decimal}:
        return pa.float64()
    return _ARROW.get(next(iter(kinds))) if len(kinds) == 1 else None


def _made(values: Sequence[Any], target: pa.DataType) -> Sequence[Any]:
    if target == pa.float64():
        return [None if value is None else float(value) for value in values]
    return [None if value is None else bool(value) for value in values] if target == pa.bool_() else values


def _from_texts(values: Sequence[str | None], target: pa.DataType) -> pa.Array:
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(target)
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us")).cast(target)


def _whole(value: Decimal) -> int:
    if value != value.to_integral_value():
        raise ValueError("not a whole number")
    return int(value)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, dict | list | bool):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return text and text.encode(errors="replace").decode()
