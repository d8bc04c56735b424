"""All the ways in which columns are derived from others; a new one is a `Method` and its entry in METHODS.

Derived columns turn a question about a row into a column that is profiled like any other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles import population, texts, vectors
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
    role: that of the columns made.
    """

    role: Role
    fit: Callable[[pa.Table, Sequence[Column], Roles], Iterator[Derivation]]
    make: Callable[[Derivation, pa.Table], Mapping[str, Floats]]


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
}


def derivations_of(reference: pa.Table, columns: Sequence[Column], roles: Roles) -> tuple[Derivation, ...]:
    """Fit every method on the reference's fitting rows; names that the reference has as columns are its own."""
    rows = reference.filter(pa.array(fitting_rows(reference.num_rows)))
    fitted = (one for method in METHODS.values() for one in method.fit(rows, columns, roles))
    return tuple(one for one in fitted if not set(one.names) & set(reference.column_names))


def derived_columns(rows: pa.Table, layout: Layout, *, reference: bool = False) -> dict[str, pa.ChunkedArray]:
    """Make all derived columns of a layout, by name.

    reference: these are the reference's rows, in its order, of which those fitted on have no value.
    """
    made: dict[str, pa.ChunkedArray] = {}
    for one in layout.derivations:
        seen = fitting_rows(rows.num_rows) if reference and one.fitted else None
        for name, values in METHODS[one.method].make(one, rows).items():
            made[name] = pa.chunked_array([pa.array(values if seen is None else np.where(seen, np.nan, values))])
    return made
