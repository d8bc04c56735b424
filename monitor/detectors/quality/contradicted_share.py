"""Share of predictions that contradict the scores logged beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.detector import EMPTY, NO_REFERENCE, Detector
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, Outcome
from monitor.profiles.outcome_layout import CONFIDENCE_BINS, Binary, Multiclass
from monitor.profiles.profile import Profile
from monitor.stats.tails import hypergeometric_tail
from monitor.types import Measurement

NAME = "contradicted_share"
SPARED = 0.001
"""So large a share of the reference's own predictions may contradict their scores, and are no rule."""
MANY = 0.1
"""Where a decision threshold was moved fewer rows do, and their scores are worth what they were."""

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Side:
    """One decision's rows by bin of score, (bins,), and which bins are beyond what the reference decides so."""

    rows: Counts
    beyond: Flags

    @property
    def hits(self) -> int:
        """Count the rows that lie beyond."""
        return int(self.rows[self.beyond].sum())


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of predictions that the reference never made at such scores, in [0, 1]; higher is worse.

    Of two classes: decided one way at a score where the reference decides the other way, and beyond all but a
    thousandth of its rows of this decision. Of several: a class whose score is below an even chance, where hardly any
    of the reference's is. The p-value is that of so many new rows beyond the outermost of the reference's, all in
    chance order. (Wilks 1942) Nothing where no predictions are logged beside scores. Blind to scores that are off and
    still on their prediction's side.
    """
    layout, before, after = reference.layout.outcome, reference.outcome, current.outcome
    if not isinstance(layout, Binary | Multiclass) or layout.predicted is None or before is None or after is None:
        return
    known, rows = served(before), int(served(after).sum())
    if not rows or not known.any():
        yield Measurement(NAME, None, column=layout.predicted, n=rows, note=NO_REFERENCE if rows else EMPTY)
        return
    there = sides(before)
    here = [Side(counts, side.beyond) for counts, side in zip(served(after), there, strict=True)]
    hits, usual = (sum(side.hits for side in of) for of in (here, there))
    share, reference_share = hits / rows, usual / int(known.sum())
    yield Measurement(
        NAME,
        share,
        column=layout.predicted,
        n=rows,
        p_value=min(1.0, len(there) * min(map(_chance, there, here))),
        effect=share - reference_share,
        reference=reference_share,
    )


# All estimates of a window ask for the same.
@lru_cache(maxsize=8)
def contradicting(reference: Profile, current: Profile) -> bool:
    """Say whether scores and predictions surely go apart in so many rows that neither tells what the other is worth."""
    found = next(iter(compare(reference, current)), None)
    if found is None or found.effect is None or found.p_value is None:
        return False
    return found.effect >= MANY and found.p_value < SPARED


def served(outcome: Outcome) -> Counts:
    """Count served rows by decision and bin of score, least likely for it first; shape (sides, bins)."""
    if isinstance(outcome, BinaryOutcome):
        return np.stack([outcome.served[::-1, 0], outcome.served[:, 1]])
    if isinstance(outcome, MulticlassOutcome) and outcome.served.size:
        return np.asarray(outcome.served.sum(axis=0)[None])
    return np.zeros((0, CONFIDENCE_BINS), np.int64)


@lru_cache(maxsize=8)
def sides(outcome: Outcome) -> tuple[Side, ...]:
    """Give the reference's decisions, each with the bins beyond nearly all of its rows, on the other decision's side.

    Where scores of neither decision lie, nothing is known of what is decided there; nor in the bins in which either
    ends, which reach as far.
    """
    counts = served(outcome)
    outermost = counts.cumsum(axis=1) <= SPARED * counts.sum(axis=1, keepdims=True)
    if isinstance(outcome, MulticlassOutcome):
        even = (np.arange(CONFIDENCE_BINS) + 1) * len(outcome.classes) <= CONFIDENCE_BINS
        return tuple(Side(rows, beyond & even) for rows, beyond in zip(counts, outermost, strict=True))
    return tuple(
        Side(rows, beyond & _within(other[::-1]))
        for rows, beyond, other in zip(counts, outermost, outermost[::-1], strict=True)
    )


def _within(beyond: Flags) -> Flags:
    """Give the bins before the last one that is not beyond, shape (bins,)."""
    return np.append(~beyond[1:], False)


def _chance(there: Side, here: Side) -> float:
    """Give the chance that so many of the current rows lie beyond, all being in chance order with the reference's."""
    beyond, rows, known = here.hits, int(here.rows.sum()), int(there.rows.sum())
    if not beyond or not known:
        return 1.0
    return float(hypergeometric_tail(beyond - 1, total=rows + known, hits=rows, rows=beyond + there.hits)[0])


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.01)
