"""How uncertain an estimate is because few of the reference's rows are like a window's."""

import math
from functools import lru_cache

import numpy as np

from monitor.detectors.confidence import overconfident_share
from monitor.profiles import expected_error, expected_hit, population
from monitor.profiles.bins import NumericBins
from monitor.profiles.layout import Role
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.support import GROUPS, strain

MOST_BROKEN = 0.25
"""The share of rows with a value that no row of the reference was like beyond which nothing is expected of them."""
STUCK = 0.5
VARIES = 0.1
"""The correlation within windows up to which a column takes all its values in each: a month does not."""

STILL = 0.05
"""The strain up to which a feature has not moved, beside three standard deviations of what chance makes of it."""
SURELY = 0.001


def broken_column(reference: Profile, window: Profile) -> tuple[str, float] | None:
    """Give the feature that is broken in most rows, with the share; None where none is in more than a quarter.

    Broken is a value that is missing oftener than in the reference, or beyond its range; or one bin that holds half of
    the window's rows more than of the reference's. The last two only where the reference's windows show that each holds
    all of the column's values. What scores are worth was learned from rows of which none was so.

    Blind to values that could be right, such as another unit within the range, and to new categories.
    """
    shares = [(name, _broken(reference, column, window.columns[name])) for name, column in _features(reference)]
    name, share = max(shares, key=lambda one: one[1], default=("", 0.0))
    return (name, share) if share > MOST_BROKEN else None


def surer_alone(reference: Profile, window: Profile) -> tuple[float, float] | None:
    """Give the share of rows surer than those as far from the population, and the usual one, where it alone rose.

    None where it did not surely rise, or where features moved, singly or together: such rows may well be surer. What
    scores are worth was learned where they went with the features otherwise.

    Blind to scores that are less sure than they were.
    """
    risen = next(overconfident_share.compare(reference, window), None)
    if risen is None or risen.p_value is None or risen.value is None or risen.reference is None:
        return None
    rose = risen.p_value <= SURELY and (risen.effect or 0.0) >= overconfident_share.DETECTOR.min_effect
    return (risen.value, risen.reference) if rose and _still(reference, window) else None


def _still(reference: Profile, window: Profile) -> bool:
    watched = [name for name, _ in _features(reference)] + [n for n in population.NAMES if n in reference.columns]
    pairs = [(reference.columns[name].counts, window.columns[name].counts) for name in watched]
    chance = 3 * math.sqrt(2 * GROUPS) / max(window.rows, 1)
    return all(strain(*pair) <= STILL + chance for pair in pairs)


def _features(reference: Profile) -> list[tuple[str, ColumnProfile]]:
    return [(name, column) for name, column in reference.columns.items() if column.role == "feature"]


def _broken(reference: Profile, before: ColumnProfile, after: ColumnProfile) -> float:
    if not before.rows or not after.rows:
        return 0.0
    share = max(after.missing / after.rows - before.missing / before.rows, 0.0)
    if not (reference.layout.windows and before.correlation <= VARIES and before.n and after.n):
        return share
    now, usual = after.counts / after.rows, before.counts / before.rows
    ends = [0, -1] if isinstance(before.bins, NumericBins) and now.size > 1 else []
    beyond = max(float(now[ends].sum() - usual[ends].sum()), 0.0)
    now[ends], usual[ends] = 0.0, 0.0
    stuck = float((now - usual).max())
    return share + beyond + (stuck if stuck >= STUCK else 0.0)


# All metrics of a window ask for the same.
@lru_cache(maxsize=2)
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
