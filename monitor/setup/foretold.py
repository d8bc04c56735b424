"""The other half of a number and its forecast: known is one of both, by its name; looked for is the other."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.setup.decided import Decided
from monitor.setup.look import distinct, is_number, words
from monitor.setup.signs import PREDICTIONS, Choice

FEWEST, VALUES = 20, 10
LIKELY = 0.5
_SAID_OF_BOTH = {
    *(*PREDICTIONS, "eta", "estimate", "estimated", "est", "expected", "model"),
    *("actual", "actuals", "true", "truth", "real", "realised", "realized", "observed", "measured", "final"),
}


def counterpart(columns: Mapping[str, pa.ChunkedArray], known: Choice, rows: pa.Table) -> Decided | None:
    """Find the number that a forecast foretells, or the forecast of a number: the column that is nearest to it.

    columns: those without a role yet. It is surely meant where the names say the same, as `price` does beside
    `predicted_price`; else it may be a feature that lies near both, as last week's sales do.
    """
    if known.column not in rows.column_names or not _is_amount(rows[known.column]):
        return None
    fits = {name: _explained(rows[known.column], one) for name, one in columns.items() if _is_amount(one)}
    subject = _subject(known.column)
    named = [name for name in fits if subject and _subject(name) == subject and fits[name] > 0]
    near = named or [name for name, share in fits.items() if share >= LIKELY]
    if not near:
        return None
    best = max(near, key=fits.__getitem__)
    reason = f"a number near {known.column}, of whose variance it explains {fits[best]:.0%}"
    return Decided(Choice(best, reason + (", and named alike" if named else "")), surely=bool(named))


def _subject(name: str) -> set[str]:
    return {*words(name)} - _SAID_OF_BOTH - {""}


def _is_amount(column: pa.ChunkedArray) -> bool:
    return is_number(column) and distinct(column) >= VALUES


def _explained(one: pa.ChunkedArray, other: pa.ChunkedArray) -> float:
    """Give what part of the larger variance is left out where one stands for the other; below 0 where none is."""
    both = pc.and_(one.is_valid(), other.is_valid())
    a, b = (np.asarray(column.filter(both).cast(pa.float64()).to_numpy()) for column in (one, other))
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    variance = max(float(a.var()), float(b.var())) if a.size >= FEWEST else 0.0
    return 1 - float(np.mean((a - b) ** 2)) / variance if variance else 0.0
