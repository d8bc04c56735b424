"""Whether a row belongs to the population that the model was trained on, asked before the model answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import REPEATS, known_tables
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.population import tail_of
from monitor.detectors.attack.space import Floats, Rows, Space
from monitor.detectors.attack.state import State
from monitor.detectors.attack.vocabulary import UNLIKE, unlike
from monitor.profiles.layout import Column
from monitor.profiles.meanings import translated

BELONGS = 0.01
"""Below this p-value a row does not belong to the population."""
DISTANCES = ("knn", "mahalanobis", "combination", *UNLIKE)
_BY = {"words": ", by the words of its texts", "characters": ", by the characters of its texts"}
MOST_REASONS = 5
MOST_NAMED, VALUE_CHARS = 3, 40
ALL_ZEROS = "is all zeros, a vector without a direction"


@dataclass(frozen=True)
class Validation:
    """What is known of one row.

    belongs: it keeps the contract and is not among the oddest rows. contract: it has every value that no honest row
    lacks, in the range and with the decimals of honest rows. p_value: the share of honest rows that lie at least as far
    from the population, in (0, 1]: the smallest of several distances' shares, times their number. near_duplicate,
    repeated: rows like it, or the same, came not long ago. reasons: in words, with the columns: what breaks the
    contract first.
    """

    belongs: bool
    contract: bool
    p_value: float
    near_duplicate: bool
    repeated: bool
    reasons: tuple[str, ...]


def validate(
    baseline: Baseline,
    state: State | None,
    table: pa.Table,
    *,
    least: float = BELONGS,
    known: Collection[str] = (),
) -> list[Validation]:
    """Say of each row whether it belongs; nothing is remembered of it.

    state: what is known of the queries so far, None for nothing. least: the p-value from which on a row belongs. known:
    all columns that a row may have; others are named. The answers are looked at where the rows hold them. Blind to what
    `population` and `contract` are blind to.
    """
    table = translated(table, baseline.layout.roles)
    rows = baseline.space.rows(table)
    p_values, by = _p_values(baseline, table, rows)
    faults, strangers = _faults(baseline, table, rows), _strangers(baseline, table, known)
    near, again = _seen(baseline, state, rows)
    return [
        Validation(
            belongs=not faults[i] and float(p_values[i]) >= least,
            contract=not faults[i],
            p_value=float(p_values[i]),
            near_duplicate=bool(near[i]),
            repeated=bool(again[i]),
            reasons=_reasons(
                faults[i] + strangers[i], float(p_values[i]), least=least, by=_BY.get(by[i], ""), near=bool(near[i])
            ),
        )
        for i in range(len(rows))
    ]


def _p_values(baseline: Baseline, table: pa.Table, rows: Rows) -> tuple[Floats, list[str]]:
    """Give the p-value of each row, and by which distance it lies furthest."""
    classes = baseline.answers.classes(table)
    new = baseline.space.new_values(rows)
    rows = replace(rows, codes=np.where(new[:, rows.numbers.shape[1] :], 0, rows.codes))
    points = baseline.population.placed(baseline.space, rows)
    found = baseline.population.statistics(points, classes) | baseline.combination.statistics(rows, classes, new)
    found |= unlike(baseline.vocabularies, baseline.space, table) if baseline.vocabularies else {}
    names = [name for name in DISTANCES if name in found]
    tails = np.array([tail_of(baseline.usual[name], found[name]) for name in names])
    known = np.isfinite(tails)
    told = np.where(known, tails, 1.0)
    # Bonferroni over the distances that there are
    p_values = np.minimum(told.min(axis=0) * np.maximum(known.sum(axis=0), 1), 1.0)
    return np.asarray(p_values), [names[place] for place in told.argmin(axis=0).tolist()]


def _faults(baseline: Baseline, table: pa.Table, rows: Rows) -> list[list[str]]:
    """Say of each row what breaks the contract: values that cannot be, before values that are not there."""
    broken, names, wide = baseline.contract.faults(rows), baseline.space.names, rows.numbers.shape[1]
    found: list[list[str]] = [[] for _ in range(len(rows))]
    lost: list[list[str]] = [[] for _ in range(len(rows))]
    unread = _unread(baseline.space, table, rows)
    for row, place in np.argwhere(unread).tolist():
        name, none = _column(baseline.space, place)
        zeros = place < wide and _is_zeros(table, name, row, width=baseline.space.widths[_which(baseline.space, place)])
        said = ALL_ZEROS if zeros else f"is {_cell(table, name, row)}, which is {none}"
        found[row].append(f"{name} {said}")
    odd = baseline.contract.odd_sign(rows) & ~broken.beyond
    for row, column in np.argwhere(odd).tolist():
        below = rows.numbers[row, column] < 0
        said = f"and no value of the reference is {'below' if below else 'above'} 0"
        found[row].append(f"{names[column]} is {rows.numbers[row, column]:g}, {said}")
    numeric = np.repeat([column.kind == "numeric" for column in _numeric(baseline.space)], baseline.space.widths)
    for row, column in np.argwhere(baseline.contract.odd_scale(rows) & ~broken.beyond & numeric).tolist():
        found[row].append(f"{names[column]} is {rows.numbers[row, column]:g}, far below every value of the reference")
    for row, column in np.argwhere(broken.beyond).tolist():
        found[row].append(f"{names[column]} {_beyond(baseline.space, column, rows.numbers[row, column])}")
    for row, name, length in baseline.space.of_odd_length(rows):
        found[row].append(f"{name} is {length:.3g} long, unlike all vectors of the reference")
    for row, column in np.argwhere(broken.off_lattice).tolist():
        found[row].append(f"{names[column]} has more decimals than any value of the reference")
    for strange in baseline.writing.strange(baseline.space, table):
        found[strange.row].append(strange.reason)
    asked = ~unread & _firsts(baseline.space) & ~_untold(baseline, table)
    for row, place in np.argwhere(broken.malformed & asked).tolist():
        if place < wide or rows.codes[row, place - wide] < 0:
            lost[row].append(_column(baseline.space, place)[0])
        else:
            found[row].append(f"{names[place]} is a category that the reference does not hold")
    return [faults + ([f"{_several(gone)} no value"] if gone else []) for faults, gone in zip(found, lost, strict=True)]


def _untold(baseline: Baseline, table: pa.Table) -> NDArray[np.bool_]:
    """Say which values are of segments or groups that no row names, shape (numbers + categories,).

    A model may know of none, and who asks it may not be allowed to say.
    """
    roles = baseline.layout.roles
    untold = {*roles.segments, *roles.sensitive}.difference(table.column_names)
    return np.array([name in untold for name in baseline.space.names], np.bool_)


def _beyond(space: Space, place: int, value: float) -> str:
    length = f"has {value:.0f} characters, a length" if space.columns[_which(space, place)].kind == "text" else "is"
    return f"{length} beyond the range of the reference"


def _unread(space: Space, table: pa.Table, rows: Rows) -> NDArray[np.bool_]:
    """Say where a value was sent that cannot be of its column's kind, shape (rows, all columns); a vector's first."""
    none = np.concatenate([np.isnan(rows.numbers) | _truths(space, table), rows.codes < 0], axis=1) & _firsts(space)
    for place in np.flatnonzero(none.any(axis=0)).tolist():
        name = _column(space, place)[0]
        sent = table.column(name) if table.column_names.count(name) == 1 else None
        # what is no number among floats is missing, as data frames have it
        if sent is None or pa.types.is_floating(sent.type):
            none[:, place] = False
        else:
            none[:, place] &= np.asarray(sent.is_valid().to_numpy(), np.bool_)
    return none


def _truths(space: Space, table: pa.Table) -> NDArray[np.bool_]:
    """Say for which numbers true or false was sent, shape (numbers,): it would be read as 1 or 0."""
    truths = {field.name for field in table.schema if pa.types.is_boolean(field.type)}
    sent = np.array([column.type == "number" and column.name in truths for column in _numeric(space)], np.bool_)
    return np.repeat(sent, space.widths)


def _numeric(space: Space) -> Sequence[Column]:
    """Give the columns that numbers are read from."""
    return space.columns[: len(space.widths)]


def _firsts(space: Space) -> NDArray[np.bool_]:
    """Say of each number and category whether it is its column's first."""
    first = np.zeros(space.numbers + space.categories, np.bool_)
    first[space.firsts] = True
    first[space.numbers :] = True
    return first


def _column(space: Space, place: int) -> tuple[str, str]:
    """Give the column that a number or category is of, and what a value is that cannot be of its kind."""
    if place >= space.numbers:
        return space.names[place], "no category"
    which = _which(space, place)
    column = space.columns[which]
    nones = {"text": "no text", "vector": f"no list of {space.widths[which]} numbers"}
    return column.name, nones.get(column.kind, "no number")


def _which(space: Space, place: int) -> int:
    return int(np.searchsorted(np.cumsum(space.widths), place, side="right"))


def _cell(table: pa.Table, name: str, row: int) -> str:
    text = repr(table.column(name)[row].as_py())
    return text if len(text) <= VALUE_CHARS else f"{text[: VALUE_CHARS - 1]}…"


def _is_zeros(table: pa.Table, name: str, row: int, *, width: int) -> bool:
    """Say whether a vector has no direction: it is read as none."""
    value = table.column(name)[row].as_py()
    return isinstance(value, list) and len(value) == width and all(part == 0 for part in value)


def _several(names: list[str]) -> str:
    shown = names[:MOST_NAMED] if len(names) > MOST_NAMED + 1 else names
    more = [f"{len(names) - len(shown)} more"] if len(shown) < len(names) else []
    *first, last = [*shown, *more]
    return f"{', '.join(first)} and {last} have" if first else f"{last} has"


def _strangers(baseline: Baseline, table: pa.Table, known: Collection[str]) -> list[list[str]]:
    """Name for each row the columns that it has a value for and nobody knows."""
    found: list[list[str]] = [[] for _ in range(table.num_rows)]
    if not known:
        return found
    held = dict.fromkeys(table.column_names)
    absent = [name for name in baseline.space.names if name not in held]
    for name in (one for one in held if one not in known):
        near = get_close_matches(name, absent, n=1)
        said = f"{name[:VALUE_CHARS]} is no column of the reference" + (f"; did you mean {near[0]}?" if near else "")
        for row in np.flatnonzero(table.column(name).is_valid().to_numpy()).tolist():
            found[row].append(said)
    return found


def _seen(baseline: Baseline, state: State | None, rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if state is None:
        none = np.zeros(len(rows), np.bool_)
        return none, none
    held, hashes = state.held, rows.hashes()
    again = held["repeats"][(hashes & np.uint64(REPEATS - 1)).astype(np.intp)] == hashes
    buckets = baseline.copies.fingerprint.buckets(baseline.space.scaled(rows), rows)
    buckets = baseline.copies.fingerprint.without(buckets, hashes, baseline.space.new_values(rows))
    tables = known_tables(
        part_of(held, "bucket_"),
        buckets,
        usual=baseline.copies.usual,
        horizon=baseline.copies.horizon,
        at=int(held["seen"][0]),
    )
    return (tables >= baseline.copies.joins) & ~again, again


def _reasons(faults: list[str], p_value: float, *, least: float, by: str, near: bool) -> tuple[str, ...]:
    more = len(faults) - MOST_REASONS
    said = faults[:MOST_REASONS] + ([f"and {more} more"] if more > 0 else [])
    if p_value < least:
        said.append(f"only {p_value:.2%} of honest rows lie as far from the population{by}")
    return (*said, "rows like it came not long ago") if near else tuple(said)
