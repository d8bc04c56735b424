"""Columns whose values do not fit the role or the kind that a configuration gives them."""

from collections.abc import Iterator

import pyarrow as pa

from monitor.profiles.reading import numbers, width_of
from monitor.setup.look import distinct, is_nested
from monitor.types import Roles

FEWEST = 20
MOST_SEGMENTS, MOST_CLIENTS = 0.5, 0.9
"""Shares of different values among a column's, above which it splits nothing, or names nobody who comes again."""
_FEW = "name a column of few values that come again"
_SPLITS = {
    "segments": f"each value would be watched apart; {_FEW}",
    "sensitive": f"groups of one row cannot be compared; {_FEW}",
    "client": "name the column that says who asks, such as an account or a key",
}

Misfit = tuple[str, str, str]


def of_kinds(roles: Roles, rows: pa.Table) -> Iterator[Misfit]:
    """Yield (key, problem, mend) for every column that is said to be of a kind that its values are not."""
    for name, kind in roles.kinds.items():
        if name not in rows.column_names or rows[name].null_count == len(rows[name]):
            continue
        column = rows[name]
        if kind == "vector" and not width_of(column):
            yield "kinds", f"{name!r} is said to be a vector and holds no lists of numbers", "take it out of kinds"
        elif kind == "numeric" and (is_nested(column) or _unread(column) > 0.5):
            problem = f"{name!r} is said to be numeric, and most of its values are no numbers"
            yield "kinds", problem, "take it out of kinds, or write numbers such as 18000.5"


def of_splits(roles: Roles, rows: pa.Table) -> Iterator[Misfit]:
    """Yield (key, problem, mend) for segments, sensitive columns and clients hardly a value of which comes again."""
    named = [("client", roles.client)] + [
        (key, one) for key in ("segments", "sensitive") for one in getattr(roles, key)
    ]
    for key, name in named:
        if name not in rows.column_names or is_nested(rows[name]):
            continue
        values = rows[name].drop_null()
        different = distinct(values) if len(values) >= FEWEST else 0
        if different > (MOST_CLIENTS if key == "client" else MOST_SEGMENTS) * len(values):
            yield key, f"{different:,} of {len(values):,} values of {name!r} differ", _SPLITS[key]


def _unread(column: pa.ChunkedArray) -> float:
    invalid = numbers(column).invalid
    return 0.0 if invalid is None else float(invalid.sum()) / max(len(column) - column.null_count, 1)
