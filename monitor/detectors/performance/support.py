"""How uncertain an estimate is because few of the reference's rows are like a window's."""

import numpy as np

from monitor.profiles import expected_error, expected_hit
from monitor.profiles.layout import Role
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import Profile
from monitor.stats.support import strain


def doubt_of_hits(reference: Profile, window: Profile) -> float:
    """Give by what part of its labels' variance a window's number varies with the labels that features learned from.

    What is learned of n rows varies as the labels of n rows do; those of another distribution count for fewer. 0 is as
    on the reference, where what is learned is corrected by its own rows; 0 where features teach nothing.
    """
    outcome = reference.outcome
    told = int(outcome.told.sum()) if isinstance(outcome, BinaryOutcome | MulticlassOutcome) else 0
    learned = min(told, 2 * expected_hit.MOST_ROWS)
    return _strain(reference, window, "expected_hit", ("feature",)) * window.rows / learned if learned else 0.0


def doubt_of_errors(reference: Profile, window: Profile, rows: int) -> float:
    """Give the same of a window of so many rows whose errors are expected."""
    learned = min(reference.columns[expected_error.ABSOLUTE].n, 2 * expected_error.MOST_ROWS)
    return _strain(reference, window, "expected_error", ("feature", "prediction")) * rows / learned if learned else 0.0


def _strain(reference: Profile, window: Profile, method: str, roles: tuple[Role, ...]) -> float:
    """Give the strain of the column that moved most, of those that a method asks for."""
    asked = {name for one in reference.layout.derivations if one.method == method for name in one.columns}
    held = {name: column for name, column in reference.columns.items() if name in asked and column.role in roles}
    pairs = [(column, window.columns[name]) for name, column in held.items()]
    return max((strain(*(np.append(one.counts, one.missing) for one in pair)) for pair in pairs), default=0.0)
