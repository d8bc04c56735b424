"""A client whose system breaks a column looks as odd as an attacker does; how it breaks it tells the two apart."""

from collections.abc import Callable, Iterator, Mapping

from scipy.special import bdtrc

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import ColumnProfile, Profile

MOST, SOME, RARE, OTHERS = 0.6, 0.2, 0.01, 0.1
FEWEST_ROWS, BY_CHANCE = 10, 1e-3
MOST_COLUMNS, USUALLY_COARSE = 1 / 3, 0.3
MISSING = "no value"
NO_VALUE_IN_SOME = "no value in some of its rows"
ROUNDED = "values rounded to "
ODD = "more decimals, or a wider range, than any honest row"
NEW_CATEGORIES, NEW_CATEGORY = "unheard-of categories", "one unheard-of category"
ABOVE, BELOW = "values above nearly all of the reference's", "values below nearly all of the reference's"
"""What a change of unit makes of values."""


def faulty_columns(
    reference: Profile,
    current: Profile,
    everybody: Profile,
    *,
    odd: Mapping[str, float] | None = None,
    coarse: Mapping[str, tuple[str, float]] | None = None,
) -> dict[str, str]:
    """Name the features that rows of one client break in the same way, with what they hold: "no value", say.

    In a fifth of the rows no value where the reference has one; in three of five nothing but zeros, or values beyond
    the reference's range, beyond all but a hundredth of it on one side, or unheard of, where hardly any of its rows has
    such; more decimals, or fewer. everybody: the profile of all rows of the same time, these among them; what more than
    a tenth of the others hold, too, is the world's. odd: by column, the share of the client's rows that are off
    contract in it. coarse: the columns of rounded numbers, with what they hold and the share. Nothing below ten rows;
    where more than one column and a third of them are broken, or a fifth of the rows in another one otherwise than by
    missing, as made-up rows are. Blind to a fault that looks like a usual value; what the rows show without these
    columns is not looked at here.
    """
    if current.rows < FEWEST_ROWS:
        return {}
    features = [column.name for column in current.layout.columns if column.role == "feature"]
    sides = (reference, current, everybody)
    found = {name: _fault(*(one.columns[name] for one in sides), odd=(odd or {}).get(name, 0.0)) for name in features}
    rounded = {name: told for name, told in (coarse or {}).items() if name in found and found[name][1] < MOST}
    faults = {name: says for name, (says, share) in (found | rounded).items() if share >= _least(says)}
    some = (share for name, (says, share) in found.items() if says != MISSING and name not in faults)
    if len(faults) > max(1.0, MOST_COLUMNS * len(features)) or any(_some(share, current.rows) for share in some):
        return {}
    return faults


def _least(says: str) -> float:
    """Give in what share of a client's rows a fault breaks a column; a value that is missing hides nothing else."""
    return SOME if says == MISSING else MOST


def _some(share: float, rows: int) -> bool:
    """Say whether a fifth of the rows break a column, and not most; two of ten do by chance, in some column."""
    return SOME <= share < MOST and bool(bdtrc(round(share * rows) - 1, rows, 2 * RARE) < BY_CHANCE)


def _fault(before: ColumnProfile, after: ColumnProfile, everybody: ColumnProfile, *, odd: float) -> tuple[str, float]:
    """Say what most rows hold of that which hardly any row of the reference and few of others' do; give their share.

    odd: the share of the rows that are off contract.
    """
    shares = [("", 0.0)]
    for says, count in _kinds(before, after):
        rows, usual, all_rows = count(after), count(before), count(everybody)
        others = everybody.rows - after.rows
        if usual <= RARE * before.rows and all_rows - rows <= OTHERS * others:
            shares.append((says, rows / after.rows))
    return max((*shares, (ODD, odd)), key=lambda one: one[1])


def _kinds(before: ColumnProfile, after: ColumnProfile) -> Iterator[tuple[str, Callable[[ColumnProfile], int]]]:
    """Give what a column's rows may all hold, each with a count of such rows in a profile."""
    yield MISSING, lambda one: one.missing + one.invalid
    if isinstance(after.bins, CategoryBins) and after.bins.tail is not None:
        unseen = after.bins.unseen
        yield NEW_CATEGORIES, lambda one: int(one.counts[unseen])
    if isinstance(after.bins, NumericBins) and after.counts.size > 1:
        if after.low == after.high == 0:
            zero = int(after.counts.argmax())
            yield "nothing but zeros", lambda one: int(one.counts[zero])
        yield "values beyond the reference's range", lambda one: int(one.counts[0] + one.counts[-1])
        low, high = (int((side.cumsum() <= RARE * before.rows).sum()) for side in (before.counts, before.counts[::-1]))
        yield BELOW, lambda one: int(one.counts[:low].sum())
        yield ABOVE, lambda one: int(one.counts[one.counts.size - high :].sum())
