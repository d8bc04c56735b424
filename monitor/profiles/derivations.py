"""All the ways in which columns are derived from others; a new one is a `Method` and its entry in METHODS.

Derived columns turn a question about a row into a column that is profiled like any other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import disagreement, expected_error, expected_hit, overconfidence, population, texts, vectors
from monitor.profiles.derivation import Derivation, fitting_rows
from monitor.profiles.derived import DERIVED, derived
from monitor.profiles.layout import Column, Layout, Role
from monitor.types import Roles

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """How columns are derived.

    fit: from reference rows, the columns profiled and the roles, to derivations, none where there is nothing to derive.
    make: from a derivation and any rows to a float per row and name, NaN where it has no value.
    role: that of the columns made; None for what only the outcome reads, and is no column.
    chained: both are given the columns that the methods before it made, too.
    own: as make, of the reference's own rows. With it, `fit` is given all of them and fits crosswise, each half for the
        other; without it, `fit` is given the fitting rows, and these have no value where anything was fitted.
    """

    role: Role | None
    fit: Callable[[pa.Table, Sequence[Column], Roles], Iterator[Derivation]]
    make: Callable[[Derivation, pa.Table], Mapping[str, Floats]]
    chained: bool = False
    own: Callable[[Derivation, pa.Table], Mapping[str, Floats]] | None = None


def _of_scores(_: pa.Table, __: Sequence[Column], roles: Roles) -> Iterator[Derivation]:
    if roles.scores:
        yield Derivation("scores", tuple(DERIVED), roles.scores)


def _from_scores(derivation: Derivation, rows: pa.Table) -> Mapping[str, Floats]:
    return derived(rows, derivation.columns)


METHODS: Mapping[str, Method] = {
    "scores": Method("confidence", _of_scores, _from_scores),
    "population": Method("derived", population.fit, population.make),
    "text": Method("derived", texts.fit, texts.make),
    "vector": Method("derived", vectors.fit, vectors.make),
    "overconfidence": Method("confidence", overconfidence.fit, overconfidence.make, chained=True),
    "expected_error": Method("expected", expected_error.fit, expected_error.make, own=expected_error.own),
    "expected_hit": Method(None, expected_hit.fit, expected_hit.make, own=expected_hit.own),
    "disagreement": Method("disagreement", disagreement.fit, disagreement.make),
}


def derivations_of(reference: pa.Table, columns: Sequence[Column], roles: Roles) -> tuple[Derivation, ...]:
    """Fit every method on the reference's fitting rows, or crosswise; names that it has as columns are its own."""
    rows = reference.filter(pa.array(fitting_rows(reference.num_rows)))
    kept: tuple[Derivation, ...] = ()
    for method in METHODS.values():
        given = _joined(rows, _made(rows, kept)) if method.chained else reference if method.own else rows
        fitted = method.fit(given, columns, roles)
        kept += tuple(one for one in fitted if not set(one.names) & set(reference.column_names))
    return kept


def derived_columns(rows: pa.Table, layout: Layout, *, reference: bool = False) -> dict[str, pa.ChunkedArray]:
    """Make all derived columns of a layout, by name.

    reference: these are all of the reference's rows, in its order, of which those fitted on have no value.
    """
    return derived_values(rows, layout, reference=reference)[0]


def derived_values(
    rows: pa.Table, layout: Layout, *, reference: bool = False
) -> tuple[dict[str, pa.ChunkedArray], dict[str, Floats]]:
    """Make all derived columns, and what the means of columns of vectors are taken of, by these columns' names."""
    made, mixed = dict[str, pa.ChunkedArray](), dict[str, Floats]()
    values = _made(rows, layout.derivations, reference=reference)
    for one in layout.derivations:
        crossed = METHODS[one.method].own is not None
        seen = fitting_rows(rows.num_rows) if reference and one.fitted and not crossed else None
        for name in one.names:
            made[name] = pa.chunked_array(
                [pa.array(values[name] if seen is None else np.where(seen, np.nan, values[name]))]
            )
        for name in one.columns if one.method == "vector" else ():
            mixed[name] = values[name]
            if seen is not None:
                mixed[name][seen] = np.nan
    return made, mixed


def _made(rows: pa.Table, derivations: Sequence[Derivation], *, reference: bool = False) -> dict[str, Floats]:
    made: dict[str, Floats] = {}
    for one in derivations:
        method = METHODS[one.method]
        needed = {name: made[name] for name in one.columns if name in made} if method.chained else {}
        make = method.own if reference and method.own else method.make
        made |= make(one, _joined(rows, needed))
    return made


def _joined(rows: pa.Table, made: Mapping[str, Floats]) -> pa.Table:
    for name, values in made.items():
        rows = rows.append_column(name, pa.array(values)) if values.ndim == 1 else rows
    return rows
