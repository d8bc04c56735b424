"""A client whose system breaks a column looks as odd as an attacker does; how it breaks it tells the two apart."""

import math
from statistics import median

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import ColumnProfile, Profile

MOST, RARE, FEW, FEWEST_ROWS, LEAST_SPREAD = 0.9, 0.01, 0.15, 10, 0.5


def faulty_columns(reference: Profile, current: Profile) -> dict[str, str]:
    """Name the features that rows of one client break always in the same way, with what they hold: "no value", say.

    In nine of ten rows: no value where the reference has one; nothing but zeros, or values beyond the reference's range
    or unheard of, where hardly any of its rows has such. Nothing below ten rows, where more than one column and 15 % of
    them are so, as those of made-up rows are, and where the other numbers vary less than half as much as the
    reference's, as those of near-copies do. Blind to a fault that looks like a usual value, and takes an attacker for
    broken who sends such a column with every query and varies the others widely.
    """
    if current.rows < FEWEST_ROWS:
        return {}
    features = [column.name for column in current.layout.columns if column.role == "feature"]
    found = {name: _fault(reference.columns[name], current.columns[name]) for name in features}
    faults = {name: fault for name, fault in found.items() if fault}
    others = [_spread(reference.columns[name], current.columns[name]) for name in features if name not in faults]
    spread = median([ratio for ratio in others if ratio is not None] or [1.0])
    return faults if len(faults) <= max(1.0, FEW * len(features)) and spread >= LEAST_SPREAD else {}


def _spread(before: ColumnProfile, after: ColumnProfile) -> float | None:
    """Give the ratio of two standard deviations; None where there is none."""
    usual, now = before.moments, after.moments
    return math.sqrt(now[2] / usual[2]) if usual and now and usual[2] > 0 else None


def _fault(before: ColumnProfile, after: ColumnProfile) -> str:
    lacks = after.missing + after.invalid
    if lacks >= MOST * after.rows and before.missing + before.invalid <= RARE * before.rows:
        return "no value"
    if isinstance(after.bins, CategoryBins):
        unheard = after.bins.tail is not None and after.counts[after.bins.unseen] >= MOST * after.rows
        return "unheard-of categories" if unheard else ""
    if not isinstance(after.bins, NumericBins) or after.counts.size < 2:
        return ""
    beyond, usual = (int(one.counts[0] + one.counts[-1]) for one in (after, before))
    if after.low == after.high == 0 and after.n >= MOST * after.rows:
        zeros = int(before.counts[int(after.counts.argmax())])
        return "nothing but zeros" if zeros <= RARE * before.rows else ""
    return "values beyond the reference's range" if beyond >= MOST * after.rows > usual * MOST else ""
