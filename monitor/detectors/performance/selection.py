"""Labels that only a part of the rows ever get, mostly the flagged ones: what they say of all, or that they do not.

Who has a label may hang on the score and the decision; where it hangs on more, nothing here sees it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc, xlogy

from monitor.profiles.bins import CategoryBins
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, Outcome, RegressionOutcome
from monitor.profiles.outcome_layout import Multiclass, Regression
from monitor.profiles.profile import Profile
from monitor.profiles.reading import canonical

NEARLY_ALL, UNCOVERED = 0.9, 0.05
"""With labels of so many rows they are taken as they are; of so many rows, at most, none like them may be labelled."""
GROUPS, FEWEST = 10, 10
"""Rows of one decision are told apart in so many groups by score, of so many labelled ones at least; decisions of which
fewer have a label, as chance would have it, are one."""
OTHERWISE, BEYOND_DOUBT, FEWEST_OF_A_RANGE = 0.01, 1e-6, 5
"""The chance at which a range of scores is labelled otherwise than the one beside it, wherever the cut may be, and at
which one is in which fewer rows than so many have a label, so that nothing is known of it."""
DECISIONS = ("negative", "positive")
OF_A_RANGE = ", in a range of scores that is labelled otherwise than those beside it,"
ASKEW = 0.9
"""Sums that cannot be weighed are kept where weights leave so much of the rows' worth."""
FAR, SURELY = 0.2, 4.0
"""Labelled rows of a regression are others than all where their mean prediction lies so many deviations off, and so
many standard errors."""

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


def representative(profile: Profile, *, weighable: bool = True) -> Outcome | str | None:
    """Give labelled rows as if they were spread over scores and decisions as all rows are; a sentence where none can.

    Each counts as many times as there are rows like it for every labelled one, all told as many as so weighed rows are
    worth (Horvitz & Thompson 1952; Kish 1965). As they are where nine tenths are labelled, and of rows whose scores and
    decisions are not known. Those of a regression cannot be weighed, and are told where their predictions are on
    average as all are. weighable: the number is made of counts and not of the rows' losses.
    """
    outcome = profile.outcome
    alike = of_one_class(profile)
    if alike:
        return alike
    if isinstance(outcome, BinaryOutcome):
        return _of_two(outcome, weighable=weighable)
    if isinstance(outcome, MulticlassOutcome):
        return _of_several(outcome, _decided(profile, outcome), weighable=weighable)
    return _of_numbers(profile, outcome) if isinstance(outcome, RegressionOutcome) else outcome


def of_one_class(profile: Profile) -> str:
    """Say that rows have a label only if it is of one class; empty where that may be chance, or is not so.

    Told where most rows were decided otherwise, and ten labelled ones among them. Blind where most were decided for
    that class.
    """
    outcome = profile.outcome
    labels: Counts
    served: Counts | None
    if isinstance(outcome, BinaryOutcome):
        labels, served = outcome.counts.sum(axis=0), outcome.served.sum(axis=0)
    elif isinstance(outcome, MulticlassOutcome):
        labels, served = outcome.confusion[:-1, :-1], _decided(profile, outcome)
    else:
        return ""
    held = np.flatnonzero(labels.sum(axis=0))
    if held.size != 1 or served is None or _nearly_all(labels, served):
        return ""
    one, n, rows = int(held[0]), int(labels.sum()), int(served.sum())
    if labels[:, one].sum() - labels[one, one] < FEWEST or served[one] >= rows / 2:
        return ""
    name = DECISIONS[one] if isinstance(outcome, BinaryOutcome) else repr(outcome.classes[one])
    return f"not known: all {n:,} labels of {rows:,} rows are {name}, and most rows were decided otherwise"


def _of_two(outcome: BinaryOutcome, *, weighable: bool) -> BinaryOutcome | str:
    labelled, served = outcome.counts.sum(axis=2), outcome.served
    if _nearly_all(labelled, served):
        return outcome
    by_side, served_by_side = labelled.sum(axis=0), served.sum(axis=0)
    lacking = _fewer(by_side, served_by_side) | (by_side < FEWEST_OF_A_RANGE)
    lacking &= served_by_side > UNCOVERED * served.sum()
    if lacking.any():
        side = int(np.flatnonzero(lacking)[0])
        return _few(labelled[:, side], served[:, side], DECISIONS[side])
    ranges = [_ranges(labelled[:, side], served[:, side]) for side in (0, 1)]
    for side, held in enumerate(ranges):
        for one in held:
            if labelled[one, side].sum() < FEWEST_OF_A_RANGE and served[one, side].sum() > UNCOVERED * served.sum():
                return _few(labelled[one, side], served[one, side], DECISIONS[side] + OF_A_RANGE)
    cut = [_grouped(labelled[:, side], held) for side, held in enumerate(ranges)]
    groups = np.stack([cut[0], cut[0].max() + 1 + cut[1]], axis=1)
    weights = _weights(labelled, served, groups)
    if not weighable:
        return outcome if _worth(labelled, weights) >= ASKEW else _askew(labelled, served)
    counts = _rounded(outcome.counts * weights[:, :, None])
    rows, before = counts.sum(axis=(1, 2)), outcome.counts.sum(axis=(1, 2))
    return replace(outcome, counts=counts, scores=outcome.scores * rows / np.maximum(before, 1))


def _of_several(outcome: MulticlassOutcome, served: Counts | None, *, weighable: bool) -> MulticlassOutcome | str:
    labelled = outcome.confusion.sum(axis=1)[:-1]
    if served is None or _nearly_all(labelled, served):
        return outcome
    lacking = _fewer(labelled, served)
    together = (labelled < FEWEST) & ~lacking
    if labelled[together].sum() < FEWEST_OF_A_RANGE:
        lacking, together = lacking | together, np.zeros_like(together)
    if served[lacking].sum() > UNCOVERED * served.sum():
        most = int(np.argmax(np.where(lacking, served, 0)))
        return _few(labelled[most], served[most], repr(outcome.classes[most]))
    weights = _weights(labelled, served, np.where(together, labelled.size, np.arange(labelled.size)))
    if not weighable:
        return outcome if _worth(labelled, weights) >= ASKEW else _askew(labelled, served)
    confusion = _rounded((outcome.confusion[:-1] * weights[:, None]).T).T
    told = replace(outcome, confusion=np.vstack([confusion, outcome.confusion[-1:]]))
    sure, surely_served = outcome.confidence.sum(axis=1), outcome.served.sum(axis=0)
    if not sure.any() or not surely_served.any():
        return told
    weights = _weights(sure, surely_served, _grouped(sure, _ranges(sure, surely_served)))
    confidence = _rounded(outcome.confidence * weights[:, None])
    sums = outcome.confidence_sums * confidence.sum(axis=1) / np.maximum(sure, 1)
    return replace(told, confidence=confidence, confidence_sums=sums)


def _of_numbers(profile: Profile, outcome: RegressionOutcome) -> RegressionOutcome | str:
    layout, n, rows = profile.layout.outcome, outcome.n, profile.rows
    column = profile.columns.get(layout.predicted) if isinstance(layout, Regression) else None
    moments = column.moments if column else None
    if not isinstance(layout, Regression) or moments is None or not FEWEST <= n < NEARLY_ALL * rows:
        return outcome
    predicted = layout.center + (outcome.label + outcome.error) / n
    apart, sd = predicted - moments[1], math.sqrt(moments[2])
    if abs(apart) < max(FAR, SURELY * math.sqrt(1 / n - 1 / rows)) * sd or not sd:
        return outcome
    side = "above" if apart > 0 else "below"
    labelled = f"not known: the {n:,} of {rows:,} rows with a label are no fair sample"
    return f"{labelled}, their predictions lie {abs(apart) / sd:.2g} standard deviations {side} all rows'"


def _decided(profile: Profile, outcome: MulticlassOutcome) -> Counts | None:
    """Count the rows of each decision; None where that is not known."""
    if outcome.served.size:
        return np.asarray(outcome.served.sum(axis=1))
    layout = profile.layout.outcome
    column = profile.columns.get(layout.predicted or "") if isinstance(layout, Multiclass) else None
    if column is None or not isinstance(column.bins, CategoryBins):
        return None
    counted: dict[str, int] = {}
    for value, rows in zip(column.bins.values, column.counts.tolist(), strict=False):
        counted[canonical(value)] = counted.get(canonical(value), 0) + rows
    return np.array([counted.get(name, 0) for name in outcome.classes])


def _nearly_all(labelled: Counts, served: Counts) -> bool:
    return int(labelled.sum()) < FEWEST or labelled.sum() >= NEARLY_ALL * served.sum()


def _fewer(labelled: Counts, served: Counts) -> Flags:
    """Say of which decisions few rows have a label, and fewer than chance leaves of as many of the other decisions."""
    rest, of_rest = served.sum() - served, labelled.sum() - labelled
    chance = bdtr(labelled, served, of_rest / np.maximum(rest, 1))
    return np.asarray((labelled < FEWEST) & (served > 0) & (chance <= OTHERWISE))


def _ranges(labelled: Counts, served: Counts) -> list[slice]:
    """Cut ordered bins into ranges where the share of rows with a label changes, as at a score from which on all have.

    By the likelihood ratio of two shares against one. (Wilks 1938) The last bin before the change, in which it may lie,
    goes to the side that is labelled more: there each labelled row counts for few others.
    """
    open_, found = [slice(0, labelled.size)], list[slice]()
    while open_:
        one = open_.pop()
        cut = _cut(labelled[one], served[one])
        if cut is None:
            found.append(one)
        else:
            open_ += [slice(one.start + cut, one.stop), slice(one.start, one.start + cut)]
    return found


def _cut(labelled: Counts, served: Counts) -> int | None:
    places = np.flatnonzero(served)
    if places.size < 3:
        return None
    known, rows = (np.concatenate([[0], np.cumsum(one[places])]) for one in (labelled, served))
    after, rows_after = known[-1] - known, rows[-1] - rows
    gained = 2 * (_likelihood(known, rows) + _likelihood(after, rows_after))
    chance = chdtrc(1, np.maximum(gained - gained[0], 0.0)) * (places.size - 1)
    ends = np.arange(known.size) + np.where(known * rows_after < after * rows, -1, 1)
    within = (ends > 0) & (ends < places.size)
    ends = np.clip(ends, 0, places.size)
    thin = np.minimum(known[ends], after[ends]) < FEWEST_OF_A_RANGE
    surely = within & (chance <= np.where(thin, BEYOND_DOUBT, OTHERWISE))
    return int(places[ends[np.where(surely, gained, -np.inf).argmax()]]) if surely.any() else None


def _likelihood(known: Counts, rows: Counts) -> Floats:
    """Give the log-likelihood of so many labelled among so many rows at their own share."""
    share = known / np.maximum(rows, 1)
    return np.asarray(xlogy(known, share) + xlogy(rows - known, 1 - share))


def _grouped(labelled: Counts, ranges: Sequence[slice]) -> NDArray[np.intp]:
    """Give for each of ordered bins its group, of about equally many labelled rows of one range."""
    groups, first = np.zeros(labelled.size, np.intp), 0
    for one in ranges:
        held = labelled[one]
        many = int(np.clip(held.sum() // FEWEST, 1, GROUPS))
        middle = np.cumsum(held) - held / 2
        groups[one] = first + np.minimum((middle * many / max(held.sum(), 1)).astype(np.intp), many - 1)
        # a range of too few labels goes with the next one
        first += many if held.sum() >= FEWEST_OF_A_RANGE else 0
    return groups


def _weights(labelled: Counts, served: Counts, groups: NDArray[np.intp]) -> Floats:
    """Give how often a labelled row of each cell counts, so that all count as many as they are worth."""
    rows, all_rows = (np.bincount(groups.ravel(), weights=cells.ravel()) for cells in (labelled, served))
    weights = np.where(rows > 0, all_rows / np.maximum(rows, 1), 0.0)[groups]
    total = float((weights * labelled).sum())
    return np.asarray(weights * total / max(float((weights**2 * labelled).sum()), 1e-300))


def _worth(labelled: Counts, weights: Floats) -> float:
    """Give the share of the rows that weighed ones are worth. (Kish 1965)."""
    return float((weights * labelled).sum() / labelled.sum())


def _rounded(cells: NDArray[Any]) -> Counts:
    """Round cells along the first axis so that their sums so far are rounded, too."""
    return np.asarray(np.diff(np.rint(np.cumsum(cells, axis=0)), axis=0, prepend=0), np.int64)


def _few(labelled: Counts, served: Counts, decision: str) -> str:
    few, rows = int(np.sum(labelled)), int(np.sum(served))
    return f"not known: {few:,} of {rows:,} rows that were decided {decision} have a label"


def _askew(labelled: Counts, served: Counts) -> str:
    few, rows = int(labelled.sum()), int(served.sum())
    return f"not known: the {few:,} of {rows:,} rows with a label are no fair sample of all scores"
