"""What a client's own rows show of its near-copies: how the first and the last differ, and what is swept."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa

from monitor.detectors.attack.variations import few_of
from monitor.detectors.suspicion.severity import is_shared
from monitor.names import short_name
from monitor.profiles.layout import Layout
from monitor.profiles.tables import as_text

Record = Mapping[str, Any]

MOST, SWEPT, OFTEN = 10, 3, 0.1
MARKED = 64
"""So many bytes of an id are known of a cluster's rows."""


def compared(rows: pa.Table, layout: Layout, *, ignore: Collection[str]) -> pa.Table:
    """Give the columns that queries are compared by, as far as rows have them."""
    chosen = (c for c in layout.columns if c.role in ("feature", "sensitive") and c.name not in ignore)
    return rows.select([column.name for column in chosen if column.name in rows.column_names])


def own_copies(
    cluster: Mapping[str, Any], rows: pa.Table, ids: Sequence[object], *, hide: Callable[[Any], Any]
) -> dict[str, Any]:
    """Give a cluster with a pair of rows of the client alone, the column first in which these differ most.

    rows: of the client, by time, as they are compared. ids: of each row. hide: gives what is shown of a value. Where
    these rows are not to be found there is a pair only if no other client has sent such.
    """
    known = {_marked(text): place for place, one in enumerate(ids) if (text := as_text(one))}
    found = [known[mark] for one in (cluster.get("own") or {}).get("ids", ()) if (mark := _marked(one)) in known]
    if len(found) < 2 or not rows.num_columns:  # a pair
        return {**cluster, "pair": [] if is_shared(cluster) else cluster["pair"]}
    before, after = (rows.slice(place, 1).to_pylist()[0] for place in (found[0], found[-1]))
    apart = sorted(_apart(before, after), key=lambda one: (-one[1], one[0]))[:MOST]
    sides = [(name, _words_apart(_whole(before, name), _whole(after, name))) for name, _ in apart]
    pair = [{"column": name, "from": hide(was), "to": hide(is_)} for name, (was, is_) in sides]
    return {**cluster, "pair": pair}


def _words_apart(one: object, other: object) -> tuple[float | str | None, float | str | None]:
    """Give two values as they are shown; of texts of several words those that only one of them has, if there are any.

    >>> _words_apart("win free money now", "win fr3e money now"), _words_apart("a b", "b a"), _words_apart("a b", "a")
    (('free', 'fr3e'), ('a b', 'b a'), ('b', None))
    """
    if isinstance(one, str) and isinstance(other, str) and " " in one + other:
        words = one.split(), other.split()
        own = [" ".join(word for word in side if word not in words[1 - place]) for place, side in enumerate(words)]
        one, other = (part or None for part in own) if any(own) else (one, other)
    return _as_shown(one), _as_shown(other)


class Swept(NamedTuple):
    """What a client does where it changes few columns from one row to the next.

    columns: that it changes, the one first that it changes most. steps: how many such pairs of rows there are; flips:
    of these, those between which the answer changed.
    """

    columns: list[str]
    steps: int
    flips: int


def swept(rows: pa.Table, answers: Sequence[object]) -> Swept:
    """Look at a client's rows, one beside the next.

    rows: by time, as they are compared, none where no column is; answers: to each.
    """
    changes, steps, flips = Counter[str](), 0, 0
    for (before, after), (said, says) in zip(pairwise(rows.to_pylist()), pairwise(answers), strict=False):
        changed = [name for name in before if _differ(before[name], after[name])]
        if 0 < len(changed) <= few_of(rows.num_columns):
            changes.update(changed)
            steps += 1
            flips += said != says
    often = [name for name, times in changes.most_common(SWEPT) if times >= OFTEN * changes.total()]
    return Swept(often, steps, flips)


def _marked(text: str) -> bytes:
    return text.encode(errors="replace")[:MARKED]


def _apart(before: Record, after: Record) -> Iterator[tuple[str, float]]:
    """Give the columns in which two rows differ, each with by how much of the larger value; 1 where that says nothing.

    The parts of vectors are columns, called as their column with their place behind it.
    """
    for name in (part for column in before for part in _parts(before, column)):
        one, other = _value(before, name), _value(after, name)
        if _differ(one, other):
            yield name, _share(one, other)


def _share(one: float | str | None, other: float | str | None) -> float:
    if not (isinstance(one, float) and isinstance(other, float)):
        return 1.0
    return abs(one - other) / max(abs(one), abs(other))


def _differ(one: object, other: object) -> bool:
    return bool(one != other and not (_is_nan(one) and _is_nan(other)))


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _parts(row: Record, column: str) -> list[str]:
    value = row[column]
    return [f"{column}[{place}]" for place in range(len(value))] if isinstance(value, list) else [column]


def _whole(row: Record, name: str) -> object:
    column, _, place = name.rpartition("[")
    return row[name] if name in row else _part(row[column], int(place[:-1]))


def _value(row: Record, name: str) -> float | str | None:
    return _as_shown(_whole(row, name))


def _as_shown(value: object) -> float | str | None:
    """Give a value as it is shown: six digits of numbers, two hundred characters of texts; None where there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return None if value is None else short_name(str(value))


def _part(vector: object, place: int) -> object:
    return vector[place] if isinstance(vector, list) and place < len(vector) else None
