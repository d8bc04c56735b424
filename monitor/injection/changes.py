"""What each change does to rows. A table holds only the rows that are changed, so that its types may change too."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.injection.words import Injection, Kind
from monitor.profiles.reading import canonical, floats
from monitor.timestamps import decoded
from monitor.types import Roles

NEAREST = 0.1
"""The share of rows decided negative, those with the highest scores, that an evasion imitates."""


@dataclass(frozen=True)
class Facts:
    """What is known of a model from its reference.

    sd: standard deviations of numeric columns. classes: of the label, as text. positive: the class of the score;
    None where there is not one score. threshold: what decides where there is no column of decisions.
    """

    roles: Roles
    sd: dict[str, float]
    classes: tuple[str, ...] = ()
    positive: str | None = None
    decision: str | None = None
    threshold: float = 0.5


def altered(rows: pa.Table, whole: pa.Table, injection: Injection, facts: Facts, rng: np.random.Generator) -> pa.Table:
    """Give the rows as the change leaves them; `whole` is the batch that they are from.

    Raises ConfigError where the rows cannot be changed so.
    """
    if injection.kind == "evasion":
        return evading(rows, whole, facts, rng)
    if injection.kind == "label-flip":
        return flipped(rows, str(facts.roles.label), facts.classes, rng)
    if any(column not in rows.column_names for column in injection.columns):
        return rows
    return _CHANGES[injection.kind](rows, injection, facts)


def _moved(rows: pa.Table, injection: Injection, facts: Facts) -> pa.Table:
    name = injection.columns[0]
    values = floats(decoded(rows[name]))
    if rows.num_rows and np.isnan(values).all() and rows[name].null_count < rows.num_rows:
        raise ConfigError(f"--inject {injection.text}", f"{name!r} holds no numbers", "name a numeric column")
    if injection.unit == "times":
        return _put(rows, name, values * injection.amount)
    return _put(rows, name, values + injection.amount * (facts.sd[name] if injection.unit == "sd" else 1.0))


def _dropped(rows: pa.Table, injection: Injection, _facts: Facts) -> pa.Table:
    return rows.drop_columns(list(injection.columns))


def _emptied(rows: pa.Table, injection: Injection, _facts: Facts) -> pa.Table:
    name = injection.columns[0]
    return _replaced(rows, name, pa.chunked_array([pa.nulls(rows.num_rows, decoded(rows[name]).type)]))


def _swapped(rows: pa.Table, injection: Injection, _facts: Facts) -> pa.Table:
    first, second = injection.columns
    one, other = rows[first], rows[second]
    return _replaced(_replaced(rows, first, other), second, one)


def flipped(rows: pa.Table, label: str, classes: tuple[str, ...], rng: np.random.Generator) -> pa.Table:
    """Give every label another class, of two the other one, of more any with equal chance; null stays null."""
    if label not in rows.column_names or not rows.num_rows:
        return rows
    column = decoded(rows[label])
    if pa.types.is_boolean(column.type):
        return _replaced(rows, label, pc.invert(column))
    steps = rng.integers(1, len(classes), size=rows.num_rows)
    place = {name: at for at, name in enumerate(classes)}
    texts = [None if value is None else canonical(str(value)) for value in column.to_pylist()]
    other = [
        text if text not in place else classes[(place[text] + step) % len(classes)]
        for text, step in zip(texts, steps.tolist(), strict=True)
    ]
    return _replaced(rows, label, pa.chunked_array([pa.array(other, pa.string())]).cast(column.type))


def evading(rows: pa.Table, whole: pa.Table, facts: Facts, rng: np.random.Generator) -> pa.Table:
    """Let rows pass as others: each takes over everything of a row that was barely decided negative but its label.

    The log holds no model that could be asked for the score of an input that was never seen. So features, score and
    decision come, all together, from one of the tenth of the batch's negative rows whose scores are highest; time,
    id, client, version and label stay. What is left to be seen is what an evasion that works leaves: more rows just
    below the threshold, fewer above it, and labels that no longer fit. Rows that are given are to be decided
    positive; without a negative row in the batch nothing changes.
    """
    donors = np.flatnonzero(~decided_positive(whole, facts))
    if not donors.size or not rows.num_rows:
        return rows
    scores = floats(decoded(whole[facts.roles.scores[0]]))[donors]
    count = max(1, round(NEAREST * donors.size))
    nearest = donors[np.argsort(np.nan_to_num(scores, nan=-np.inf))[-count:]]
    taken = whole.take(pa.array(rng.choice(nearest, rows.num_rows)))
    roles = facts.roles
    kept = {roles.timestamp, roles.id, roles.client, roles.version, roles.contributor, roles.label}
    for name in rows.column_names:
        if name not in kept:
            rows = _replaced(rows, name, taken[name])
    return rows


def decided_positive(rows: pa.Table, facts: Facts) -> NDArray[np.bool_]:
    """Say of each row whether the model decided for the positive class."""
    if facts.decision and facts.decision in rows.column_names:
        values = decoded(rows[facts.decision]).to_pylist()
        return np.array([value is not None and canonical(str(value)) == facts.positive for value in values], bool)
    score = facts.roles.scores[0]
    if score not in rows.column_names:
        return np.zeros(rows.num_rows, bool)
    return np.asarray(floats(decoded(rows[score])) >= facts.threshold)


def _put(rows: pa.Table, name: str, values: NDArray[np.float64]) -> pa.Table:
    return _replaced(rows, name, pa.chunked_array([pa.array(values, from_pandas=True)]))


def _replaced(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


_CHANGES: dict[Kind, Callable[[pa.Table, Injection, Facts], pa.Table]] = {
    "shift": _moved,
    "scale": _moved,
    "drop": _dropped,
    "missing": _emptied,
    "swap": _swapped,
}
