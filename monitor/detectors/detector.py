"""What a detector is, and how profiles are laid side by side for it."""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import gammaln

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.correlation import directions_of
from monitor.profiles.layout import Layout, Role
from monitor.profiles.outcome import BinaryOutcome
from monitor.profiles.outcome_layout import Binary
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

EMPTY = "no rows with a value in this window"
NO_REFERENCE = "no rows with a value in the reference"
UNVARIED, TOO_RARE = "the reference does not vary", "too few rows of any one category"
ENOUGH_OF_RARE = 0.2
CLUMPED = 2
"""A window of fewer rows than usual may hold clumps as large as one of so many times its rows."""


@dataclass(frozen=True)
class Detector:
    """One function that compares a window's profile with the reference's, and how to read its numbers.

    `unit` names the unit of the value, `higher_is` says which way the value gets worse. `armed` detectors alert by
    default, once the p-value is within the budget and |effect| is at least `min_effect`; the others are only shown.
    `bins`, when given, is the one kind of column on which it alerts. `weight` is its part of the false-alarm budget
    beside other tests (Genovese, Roeder & Wasserman 2006): small where what it looks for leaves no doubt, or where
    chance alone hardly ever makes it, so that it would hold a part of the budget that nobody spends. `labelled`
    ones wait for labels whatever their kind; `at_once` ones alert in the first window that breaches. `ways`: in about
    how many directions it looks, either way; 0 for one that looks one way only. `scans`: it looks so in every bin.
    `whole`: what it finds is of tables and not of rows, so that it speaks of all traffic only. `rare`: of labels that
    are rare it cannot come to `min_effect`, see `suited`.
    """

    name: str
    kind: str
    unit: str
    compare: Callable[..., Iterator[Measurement]]
    higher_is: Literal["worse", "better"] = "worse"
    armed: bool = False
    min_effect: float = 0.0
    bins: type[NumericBins] | type[CategoryBins] | None = None
    weight: float = 1.0
    labelled: bool = False
    at_once: bool = False
    ways: int = 0
    scans: bool = False
    whole: bool = False
    rare: bool = False

    @property
    def method(self) -> str:
        """Say what the detector does, in the words of its function."""
        return inspect.cleandoc(self.compare.__doc__ or "")


def suited(detector: Detector, reference: Profile) -> Detector:
    """Give a detector whose least effect is at most a fifth of the rarer label's share, where rare labels ask for it.

    Of 2 frauds in 1,000 rows nothing moves hits or log loss by 0.02; 0.0004 is what 0.02 is of one positive in ten.
    """
    outcome = reference.outcome
    if not (detector.rare and isinstance(outcome, BinaryOutcome) and outcome.n):
        return detector
    rarer = int(outcome.counts.sum(axis=(0, 1)).min()) / outcome.n
    return replace(detector, min_effect=min(detector.min_effect, ENOUGH_OF_RARE * rarer))


def paired(
    reference: Profile, current: Profile, *, without: tuple[Role, ...] = ()
) -> Iterator[tuple[str, ColumnProfile, ColumnProfile]]:
    """Give every column of the reference with its two profiles, those of some roles left out.

    Expected errors always are: the reference's rows have them by half of what is fitted, and so spread more widely.
    """
    for name, column in reference.columns.items():
        if column.role not in ("expected", *without):
            yield name, column, current.columns[name]


def undefined(detector: str, column: str, reference: ColumnProfile, current: ColumnProfile) -> Measurement:
    """Say why a comparison has no answer."""
    varied = isinstance(reference.bins, CategoryBins) and np.count_nonzero(reference.counts + current.counts) > 1
    note = EMPTY if not current.n else NO_REFERENCE if not reference.n else TOO_RARE if varied else UNVARIED
    return Measurement(detector, None, column=column, n=current.n, note=note)


def untested(detector: str, column: str, reference: ColumnProfile, current: ColumnProfile) -> Measurement:
    """Give what a test says that finds nothing to compare: no difference where all rows hold one value, or why not."""
    if not _of_one_value(reference, current):
        return undefined(detector, column, reference, current)
    return Measurement(detector, 0.0, column=column, n=current.n, p_value=1.0, effect=0.0)


def _of_one_value(reference: ColumnProfile, current: ColumnProfile) -> bool:
    both = reference.counts + current.counts
    alike = reference.low == reference.high == current.low == current.high
    return bool(reference.n and current.n and np.count_nonzero(both) == 1 and alike)


def inflation(reference: Profile, before: ColumnProfile, after: ColumnProfile) -> float:
    """Give the design effect of comparing a column's two sides, in the direction in which windows differ most.

    An offset from the reference that was accepted counts as variance, as if it lay in that direction.
    """
    return _steepest(reference, before, after) + _accepted(before, after)


def inflations(reference: Profile, before: ColumnProfile, after: ColumnProfile) -> tuple[float, float, float]:
    """Give what a test of many directions has to know: two design effects, and how far windows may be off.

    The first is that in the direction in which windows differ most, the second that in the others on average, at least
    1: what the mean over all leaves them. The third is what an accepted offset adds to the mean of a chi-square.
    """
    directions, steepest = directions_of(before.bins), _steepest(reference, before, after)
    mean = _alike_by(before.correlation, reference, before, after)
    others = (directions * mean - steepest) / (directions - 1) if directions > 1 else 1.0
    return steepest, max(others, 1.0), _accepted(before, after)


def _steepest(reference: Profile, before: ColumnProfile, after: ColumnProfile) -> float:
    return _alike_by(before.steepest, reference, before, after)


def _alike_by(rho: float, reference: Profile, before: ColumnProfile, after: ColumnProfile) -> float:
    layout, usual = reference.layout, _usual_rows(reference, before)
    return design_effect(rho, before.n, after.n, layout.window_rows, usual=usual, clumped=layout.clumped)


def _usual_rows(reference: Profile, before: ColumnProfile) -> float:
    """Give how many values of a column a window of the reference's holds."""
    return reference.layout.window_rows * before.n / max(reference.rows, 1)


def rarest(reference: Profile, column: str, after: ColumnProfile) -> float:
    """Give the least p-value that so few independent rows can come to, 0 where they are many.

    Of all ways to choose the window's out of both sides' each is as likely: two among a hundred are one in 4,950, and
    a test that says less takes one storm for many. (Fisher 1935) What grows with time is not chosen by chance.
    """
    before = reference.columns[column]
    if not (before.steepest and before.n and after.n) or reference.layout.by_name[column].grows:
        return 0.0
    known = independent(reference, before)
    came = after.n / _as_one(before.steepest, after.n, _usual_rows(reference, before), reference.layout.clumped)
    return math.exp(gammaln(known + 1) + gammaln(came + 1) - gammaln(known + came + 1))


def independent(reference: Profile, before: ColumnProfile) -> float:
    """Give as how many independent ones the reference's rows of a column count."""
    rows = min(reference.layout.window_rows, before.n)
    return before.n / (1 + max(rows - 1, 0) * before.steepest)


def _accepted(before: ColumnProfile, after: ColumnProfile) -> float:
    return before.offset / (1 / before.n + 1 / after.n) if before.offset and before.n and after.n else 0.0


def design_effect(
    rho: float, reference: int, current: int, window_rows: float, *, usual: float = 0.0, clumped: float | None = None
) -> float:
    """Give how many times the variance of a difference exceeds that of independent rows; 1 is independent.

    Rows of one window are alike by `rho`; the reference's rows came in windows too, of `window_rows` on average or,
    when that is 0, as many as the current one's. Each side's variance grows by 1 + (rows of a window - 1) rho.
    (Kish 1965) Where rows come in clumps, a window of half the rows holds half as many of them, and none that is
    smaller: of what makes rows alike the part `clumped` is as in a window of the `usual` rows; where that is not known,
    one counts as twice its size up to these.

    >>> design_effect(0.0, 1000, 100, 50.0), round(design_effect(0.1, 10**9, 101, 100.0), 3)
    (1.0, 11.0)
    >>> round(design_effect(0.1, 10**9, 51, 100.0), 3), round(design_effect(0.1, 10**9, 51, 100.0, usual=101), 3)
    (6.0, 11.0)
    >>> [round(design_effect(0.1, 10**9, 11, 100.0, usual=101, clumped=part), 3) for part in (0.0, 0.5, 1.0)]
    [2.0, 6.5, 11.0]
    """
    if not (rho and reference and current):
        return 1.0
    whole = min(window_rows or current, reference)
    grown = (1 + max(whole - 1, 0) * rho) / reference + _as_one(rho, current, usual, clumped) / current
    return grown / (1 / reference + 1 / current)


def _as_one(rho: float, rows: int, usual: float, clumped: float | None) -> float:
    """Give how many rows of a window count as one, where usual windows hold so many."""
    more = max(usual - rows, 0.0)
    held = rows + (min(more, (CLUMPED - 1) * rows) if clumped is None else clumped * more)
    return min(1 + (held - 1) * rho, rows)


DRIFT_KINDS: dict[Role, str] = {
    "feature": "drift.data",
    "sensitive": "drift.data",
    "split": "drift.data",
    "prediction": "drift.prediction",
    "score": "drift.prediction",
    "confidence": "confidence",
    "derived": "drift.data",
    "disagreement": "disagreement",
    "expected": "confidence",
    "label": "drift.label",
}


def kind_of(detector: Detector, role: Role) -> str:
    """Give the kind of alert that a detector raises on a column of some role: drift goes by role, the rest stays."""
    return DRIFT_KINDS[role] if detector.kind == "drift.data" else detector.kind


def armed_for(detector: Detector, column: str, layout: Layout) -> bool:
    """Say whether a detector alerts on a column by default; "" is the model as a whole.

    With one score, margin and entropy only repeat the confidence, so that they are shown and raise no alert. Nor does
    the drift of a sensitive column, which the model mostly does not know, or of an expected error, which is estimated.
    Columns with a question of their own raise one by the detector that asks it; one whose values come and go is asked
    for new ones only.
    """
    known = layout.by_name.get(column)
    if not detector.armed or known is None:
        return detector.armed
    if known.role in ("expected", "split") or (known.role == "sensitive" and detector.kind == "drift.data"):
        return False
    if known.renews and detector.kind == "drift.data":
        return False
    if known.role == "disagreement" or column.startswith("overconfidence("):
        return detector.name in ("disagreement_level", "overconfident_share")
    binary = isinstance(layout.outcome, Binary) or len(layout.roles.scores) == 1
    if known.role == "confidence" and binary and not column.startswith("confidence("):
        return False
    return detector.bins is None or isinstance(known.bins, detector.bins)
