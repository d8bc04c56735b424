"""A part of a batch of labels, as it is and as it may have been chosen, beside what clean ones are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from monitor.detectors.attack.batches import prior_shift
from monitor.detectors.attack.batches.chosen import Chosen, as_chosen
from monitor.detectors.attack.batches.given import DOUBT, ByClass, Given, Laid, OfShares, laid, residuals
from monitor.detectors.attack.batches.known import Known
from monitor.detectors.attack.batches.measures import (
    FLIPS,
    SHARES,
    Measure,
    Nulls,
    direction,
    measures_of,
    sums_of,
)
from monitor.detectors.attack.batches.mined import as_mined
from monitor.detectors.attack.batches.power import extra
from monitor.detectors.attack.batches.rows import NONE, Labelled, Places, Told
from monitor.detectors.attack.batches.slow import slow_poisoning


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a batch with their places in it.

    chosen: the same as if they had been chosen by label; None where the labels' shares are no reason to think so.
    mined: the same as if they had been chosen by the model's errors; None where features are no reason to think so.
    """

    places: Places
    rows: Labelled
    chosen: Chosen | None
    mined: Labelled | None

    @classmethod
    def of(cls, known: Known, nulls: Nulls, rows: Labelled, places: Places = NONE, *, whole: Labelled) -> "Part":
        """Look at the shares of the labels, and in the whole batch at those of the model's errors."""
        given, told = nulls[SHARES], prior_shift.measure(rows, priors=known.priors)
        rare = isinstance(given, OfShares) and given.learned.p_value(told.value) <= DOUBT
        chosen = as_chosen(rows, known.rows, priors=known.priors) if rare else None
        return cls(places, rows, chosen, as_mined(rows, known.rows, whole=whole))

    def laid(self, name: str, measure: Measure, given: Given, rng: np.random.Generator) -> Laid:
        """Lay a statistic beside its null: of the rows as they are or, if it is less rare so, as they were chosen."""
        plain = laid(self.rows, measure, given, rng)
        if plain.p_value > DOUBT:
            return plain
        by_label = self.chosen is not None and (name != SHARES or self.chosen.sure)
        views = [one for one, so in zip(self.views[1:], (by_label, True), strict=True) if one is not None and so]
        return max([plain, *(laid(one, measure, given, rng) for one in views)], key=lambda one: one.p_value)

    @property
    def views(self) -> "tuple[Labelled, Labelled | None, Labelled | None]":
        """Give the rows as they are, as chosen by label, and as chosen by the model's errors."""
        return self.rows, None if self.chosen is None else self.chosen.rows, self.mined


def p_values(known: Known, nulls: Nulls, batch: Labelled, *, rng: np.random.Generator) -> dict[str, float]:
    """Give the p-value of every statistic and direction of one batch of the calibrated size."""
    sums, part = sums_of(known), Part.of(known, nulls, batch, whole=batch)
    drawn = {name: one for name, one in measures_of(known).items() if name not in sums}
    found = {name: part.laid(name, one, nulls[name], rng).p_value for name, one in drawn.items()}
    return found | p_values_of_sums(known, nulls, part, rng=rng)


def p_values_of_sums(known: Known, nulls: Nulls, part: Part, *, rng: np.random.Generator) -> dict[str, float]:
    """Give the p-values of those that are sums over rows, which are all that is followed; they need no draws."""
    totals = {name: partial(_total, by_class=one) for name, one in sums_of(known).items()}
    return {name: part.laid(name, one, nulls[name], rng).p_value for name, one in totals.items()}


def _total(batch: Labelled, *, by_class: ByClass) -> Told:
    return Told(float(batch.of_label(by_class(batch)).sum()), NONE)


def followed(known: Known) -> list[str]:
    """Name what is followed over batches in the search for slow poison: all labels, and each frequent one."""
    return [FLIPS, *(name for name in sums_of(known) if name.startswith(direction("")))]


def flip_shares(known: Known, part: Part) -> dict[str, float]:
    """Estimate what share of all rows has a flipped label, and a label flipped into each frequent one.

    The smallest of the estimates where rows may have been chosen by label, or by the model's errors.
    """
    step, sums = max(extra(known.rows)[0], 1e-9), sums_of(known)
    views = [one for one in part.views if one is not None]
    now = {name: min(residuals(sums[name], one).mean() for one in views) for name in followed(known)}
    return {name: float(value - residuals(sums[name], known.rows).mean()) / step for name, value in now.items()}


def evidence_over(parts: Sequence[Mapping[str, float]], rows: int, *, known: Known) -> float:
    """Give the mean evidence of slow poison over batches of equal size, oldest first; see `slow_poisoning`."""
    names = followed(known)
    series = [np.array([part[name] for part in parts]) for name in names]
    each = np.full(len(parts), float(rows))
    return math.fsum(slow_poisoning(one, each, reference=known.rows.size).evidence for one in series) / len(names)
