"""From rows to profiles, of many groups at once: a column is read once and counted by (group, place)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.derivations import derived_values
from monitor.profiles.layout import Layout
from monitor.profiles.outcome_layout import Binary, Multiclass
from monitor.profiles.profile import Profile
from monitor.profiles.reading import counts_rows
from monitor.profiles.sheet import Sheet, add_means, count_absent, count_column, count_outcome, count_served
from monitor.profiles.stretches import Run, runs_of

Floats = NDArray[np.float64]

OUTPUTS = ("prediction", "score", "label")


@dataclass(frozen=True, eq=False)
class Groups:
    """To which of `size` groups each row belongs, shape (rows,); a row below 0 belongs to none.

    outputs: only what the model gave and what came of it is counted, which costs a fraction of all columns.
    """

    index: NDArray[np.integer]
    size: int
    outputs: bool = False


def profile_table(rows: pa.Table, layout: Layout, *, reference: bool = False) -> Profile:
    """Sum a table up. A column that the table lacks counts as absent and missing in every row.

    reference: the rows are the reference's own; see `derived_columns`.
    """
    one = Groups(np.zeros(rows.num_rows, np.intp), 1)
    return next(profile_groupings(rows, layout, [one], reference=reference))[0]


def profile_groups(rows: pa.Table, layout: Layout, groups: Groups) -> list[Profile]:
    """Sum each group of a table's rows up, labels that came with the rows included.

    Raises ValueError when the groups are not those of these rows.
    """
    return next(profile_groupings(rows, layout, [groups]))


def profile_groupings(
    rows: pa.Table, layout: Layout, groupings: Iterable[Groups], *, reference: bool = False
) -> Iterator[list[Profile]]:
    """Sum the rows up by one grouping after the other; what is derived from them is derived once."""
    coded = _coded(rows, layout)
    made, mixed = derived_values(coded, layout, reference=reference)
    for groups in groupings:
        yield _profiled(coded, made, mixed, layout, groups)


def _coded(rows: pa.Table, layout: Layout) -> pa.Table:
    """Look up the distinct values of texts that are categories once, for all that is made of them."""
    for place, field in enumerate(rows.schema):
        column = layout.by_name.get(field.name)
        if column and column.kind == "categorical" and pa.types.is_string(field.type):
            rows = rows.set_column(place, field.name, rows.column(place).dictionary_encode())
    return rows


def _profiled(
    rows: pa.Table, made: Mapping[str, pa.ChunkedArray], mixed: Mapping[str, Floats], layout: Layout, groups: Groups
) -> list[Profile]:
    sheet, runs = _begun(rows, layout, groups)
    for i, column in enumerate(layout.columns):
        if groups.outputs and column.role not in OUTPUTS:
            continue
        found = made[column.name] if column.name in made else _found(rows, column.name)
        if found is None:
            count_absent(sheet, i)
        else:
            count_column(sheet, i, found, runs)
    if not groups.outputs:
        add_means(sheet, mixed, runs)
    count_outcome(sheet, rows, runs)
    count_served(sheet, _with_excess(rows, made, layout), runs)
    unknown = () if groups.outputs else rows.column_names
    return sheet.profiles(added=[name for name in unknown if not (name in layout.known or counts_rows(name))])


def _with_excess(rows: pa.Table, made: Mapping[str, pa.ChunkedArray], layout: Layout) -> pa.Table:
    """Add the derived column that the outcome reads."""
    name = layout.outcome.excess if isinstance(layout.outcome, Binary | Multiclass) else None
    return rows.append_column(name, made[name]) if name is not None and name in made else rows


def label_groupings(rows: pa.Table, layout: Layout, groupings: Iterable[Groups]) -> Iterator[list[Profile]]:
    """Sum late labels up by one grouping after the other."""
    return (profile_labels(rows, layout, groups) for groups in groupings)


def profile_labels(rows: pa.Table, layout: Layout, groups: Groups) -> list[Profile]:
    """Sum late labels up, joined with the predictions and scores of their records, to be merged into the records' own.

    Only the label's column and the outcome's labelled rows are filled; `rows` is 0, and nothing counts as missing.
    """
    sheet, runs = _begun(rows, layout, groups)
    for i, column in enumerate(layout.columns):
        found = _found(rows, column.name)
        if column.role == "label" and found is not None:
            count_column(sheet, i, found, runs)
    count_outcome(sheet, rows, runs)
    sheet.rows[:] = 0
    return sheet.profiles(added=[])


def _begun(rows: pa.Table, layout: Layout, groups: Groups) -> tuple[Sheet, list[Run]]:
    if groups.index.size != rows.num_rows:
        raise ValueError(f"{rows.num_rows} rows cannot be grouped by an index of {groups.index.size}")
    index = groups.index.astype(np.intp, copy=False)
    runs = runs_of(index, groups.size)
    return Sheet.of(layout, index, groups.size), runs


def _found(rows: pa.Table, name: str) -> pa.ChunkedArray | None:
    return rows.column(name) if name in rows.column_names else None
