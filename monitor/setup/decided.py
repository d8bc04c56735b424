"""Decisions beside a score that are not named like one: the score tells their values apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitor.alerts.phrasing import number
from monitor.profiles.arrow import POSITIVE
from monitor.setup.look import distinct, is_nested, is_time, numbers_of, spelled, words
from monitor.setup.signs import Choice, as_label

FEWEST = 10
"""So many rows of each of two values are needed: fewer may lie on two sides of a score by chance."""
STEPS = 20
"""A score of fewer values may come from the column, and not the column from it."""
MOST_VALUES = 5
_DECISIONS = (
    *("approved", "approval", "accepted", "rejected", "declined", "denied", "granted", "flagged", "blocked"),
    *("verdict", "action", "decided", "recommended", "recommendation", "assigned"),
)

_NAMED = "named like a decision; name it where it is one and its values are the label's"


@dataclass(frozen=True)
class Decided:
    """A column that may be what the model decided; `surely` where that is so whatever it is called."""

    choice: Choice
    surely: bool


def decided(columns: Mapping[str, pa.ChunkedArray], score: Choice, scores: pa.ChunkedArray) -> Decided | None:
    """Find the column of two values that lie on two sides of one value of the score, else one named like a decision.

    columns: those without a role yet. A column whose positive value, such as 1, lies below is only suggested: it says
    no where the score says yes, so that a label would be laid beside its opposite.
    """
    likely = {name: column for name, column in columns.items() if _may_be(name, column)}
    if distinct(scores) >= STEPS:
        for name, column in likely.items():
            if (found := apart(column, scores)) is not None:
                threshold, above, below = found
                reason = f"two values that {score.column} tells apart at {number(threshold)}: {above} above"
                if below.lower() not in POSITIVE:
                    return Decided(Choice(name, reason), surely=True)
                other = f"{reason}, {below} below; name it where the label's {below} means the same"
                return Decided(Choice(name, other), surely=False)
    named = next((name for name in likely if set(words(name)) & {*_DECISIONS}), None)
    if named is None:
        return None
    return Decided(Choice(named, _NAMED), surely=False)


def _may_be(name: str, column: pa.ChunkedArray) -> bool:
    if is_nested(column) or is_time(column) or as_label(name, column):
        return False
    return 2 <= distinct(column) <= MOST_VALUES


def apart(column: pa.ChunkedArray, scores: pa.ChunkedArray) -> tuple[float, str, str] | None:
    """Give where a score parts a column's two values, and the one above and the one below; None where it does not."""
    said = spelled(column)
    values = sorted({value for value in said if value is not None})
    if len(values) != 2:
        return None
    at = {value: numbers_of(scores.filter(pa.array([one == value for one in said]))) for value in values}
    if min(part.size for part in at.values()) < FEWEST:
        return None
    below, above = sorted(values, key=lambda value: float(np.median(at[value])))
    threshold = float(at[above].min())
    # of rounded scores those at the threshold lie on both sides
    return (threshold, above, below) if at[below].max() <= threshold else None
