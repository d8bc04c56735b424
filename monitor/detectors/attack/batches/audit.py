"""A batch of labels beside the reference: every statistic with its threshold, the verdict, the rows that made it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import ndtri

from monitor.detectors.attack.batches import contributors, label_contradiction, value_for_label, whole_shares
from monitor.detectors.attack.batches.calibration import size_of
from monitor.detectors.attack.batches.given import OfDraws, OfShares, OfSum, laid
from monitor.detectors.attack.batches.known import Known
from monitor.detectors.attack.batches.measures import FLIPS, OF_ERRORS, SHARES, Measure, Nulls, calibrated, measures_of
from monitor.detectors.attack.batches.mined import as_mined
from monitor.detectors.attack.batches.parts import Part, evidence_over, p_values_of_sums
from monitor.detectors.attack.batches.power import least_share
from monitor.detectors.attack.batches.rows import NONE, Labelled, Places, Told
from monitor.detectors.attack.batches.verdict import (
    EXPLAINED,
    FALSE_ALARMS,
    MAY_BE_MINED,
    MINED,
    NOT_SEEN,
    SAYS,
    Outcome,
    Statistic,
    Verdict,
)

MOST_PART, MOST_PARTS = 2_000, 64
OF_VALUES = "value_for_label"
LEAST_CHANCE = 1e-300


def audit(
    known: Known,
    batch: Labelled,
    *,
    rng: np.random.Generator,
    nulls: dict[int, Nulls],
    most: int = MOST_PART,
    without: Sequence[str] = (),
    by_error: bool = False,
) -> Verdict:
    """Judge a batch, in parts of at most `most` rows, its rows mixed first; at most 64 parts.

    nulls: what was learned of sizes before, added to. without: statistics that are left out of the verdict. by_error:
    rows were chosen by how wrong the model was about them; what such a choice moves is left out, too.
    """
    if by_error:
        batch, without = as_mined(batch, known.rows, said=True) or batch, (*without, *OF_ERRORS)
    size = size_of(min(batch.size, most), reference=known.rows.size)
    if not size:
        return Verdict("undecided", f"{batch.size} labelled rows of at least 50 needed")
    if size not in nulls:
        nulls[size] = calibrated(known, size, rng=rng)
    cut = _Cut.of(known, nulls[size], batch, size, rng=rng)
    measures = {name: one for name, one in measures_of(known).items() if name not in without}
    found = cut.statistics(measures, slow="slow_poisoning" not in without)
    mined = cut.looks_mined(found, measures)
    breaching = [one for one in found if one.breaches]
    explained = [EXPLAINED for one in found if cut.explains(one)]
    chosen = [NOT_SEEN] if by_error else _of_choice(breaching, mined=mined)
    why = "; ".join([*(SAYS[one.name] for one in breaching), *explained, *chosen])
    detectable = None if by_error else cut.detectable(found[0].alpha, mined=mined)
    outcome: Outcome = "suspicious" if breaching else "clean"
    return Verdict(outcome, why, int(cut.judged.size), len(cut.parts), tuple(found), detectable)


def _of_choice(breaching: Sequence[Statistic], *, mined: bool) -> list[str]:
    may_be = any(one.name in OF_ERRORS and one.name != SHARES for one in breaching)
    return [*([MINED] if mined else []), *([MAY_BE_MINED] if may_be else [])]


@dataclass(frozen=True, eq=False)
class _Cut:
    """A batch cut into parts of one size, mixed first, beside what clean ones of that size are."""

    known: Known
    nulls: Nulls
    batch: Labelled
    size: int
    parts: list[Part]
    rng: np.random.Generator

    @classmethod
    def of(cls, known: Known, nulls: Nulls, batch: Labelled, size: int, *, rng: np.random.Generator) -> "_Cut":
        places = _parts(batch.size, size, rng)
        parts = [Part.of(known, nulls, batch.take(part), part, whole=batch) for part in places]
        return cls(known, nulls, batch, size, parts, rng)

    @property
    def judged(self) -> Places:
        """Give the places of all rows that are in a part."""
        return np.unique(np.concatenate([part.places for part in self.parts]))

    def statistics(self, measures: Mapping[str, Measure], *, slow: bool) -> list[Statistic]:
        """Give every statistic with its share of the false alarms; slow: slow poison is looked for, too."""
        signed, slow = bool((self.batch.contributor >= 0).any()), slow and len(self.parts) > 1
        alpha = FALSE_ALARMS / (len(measures) + signed + slow)
        found = [self._worst(name, measure, alpha) for name, measure in measures.items()]
        pooled = {OF_VALUES: self._pooled, SHARES: self._of_the_whole}
        found = [pooled[one.name](one) if one.name in pooled else one for one in found]
        if signed:
            judged = self.judged
            found.append(contributed(self.known, self.batch.take(judged), judged, alpha=alpha))
        return [*found, self._slow(alpha)] if slow else found

    def _worst(self, name: str, measure: Measure, alpha: float) -> Statistic:
        found = [part.laid(name, measure, self.nulls[name], self.rng) for part in self.parts]
        at = int(np.argmin([one.p_value for one in found]))
        worst, part, parts = found[at], self.parts[at], len(self.parts)
        reached = [i for i, one in enumerate(found) if one.p_value * parts <= alpha] or [at]
        rows = np.unique(np.concatenate([self.parts[i].places[found[i].told.rows] for i in reached]))
        lead = int(part.places[worst.told.rows[0]]) if worst.told.rows.size else -1
        limit = worst.null.threshold(alpha / parts)
        p_value = min(1.0, worst.p_value * parts)
        return Statistic(name, worst.told.value, limit, p_value, alpha, rows, worst.told.cell, lead)

    def _pooled(self, of_parts: Statistic) -> Statistic:
        """Look for a trigger over all parts at once, too: the likelier of both answers counts, twice as likely."""
        given = self.nulls[OF_VALUES]
        if len(self.parts) < 2 or not isinstance(given, OfDraws):
            return of_parts
        places = np.sort(self.rng.permutation(self.judged)[: value_for_label.MOST_POOLED])
        measure = partial(value_for_label.measure_pooled, usual=self.known.values)
        pooled = replace(given, measure=lambda batch: measure(batch).value)
        part = Part.of(self.known, self.nulls, self.batch.take(places), places, whole=self.batch)
        p_value, told, null = part.laid(OF_VALUES, measure, pooled, self.rng)
        both = min(1.0, 2 * min(p_value, of_parts.p_value))
        if of_parts.p_value <= p_value:
            return replace(of_parts, p_value=both)
        rows, limit = places[told.rows], null.threshold(of_parts.alpha / 2)
        lead = int(rows[0]) if rows.size else -1
        return Statistic(OF_VALUES, told.value, limit, both, of_parts.alpha, rows, told.cell, lead)

    def _of_the_whole(self, of_parts: Statistic) -> Statistic:
        """Count labels over all parts, too: the likelier of both answers counts, twice as likely."""
        given = self.nulls[SHARES]
        if len(self.parts) < 2 or not isinstance(given, OfShares):
            return of_parts
        places = self.judged
        part = Part.of(self.known, self.nulls, self.batch.take(places), places, whole=self.batch)
        views = [part.rows, *([part.chosen.rows] if part.chosen and part.chosen.sure else [])]
        p_value, label = whole_shares.rarest(views, self.known.rows, [given.error(one) for one in views])
        both = min(1.0, 2 * min(p_value, of_parts.p_value))
        if of_parts.p_value <= p_value:
            return replace(of_parts, p_value=both)
        value, limit = (float(-ndtri(max(one, LEAST_CHANCE) / 2)) for one in (p_value, of_parts.alpha / 2))
        return Statistic(SHARES, value, limit, both, of_parts.alpha, cell=(label,))

    def _slow(self, alpha: float) -> Statistic:
        whole = self.parts[: self.batch.size // self.size]
        each = [p_values_of_sums(self.known, self.nulls, part, rng=self.rng) for part in whole]
        evidence = evidence_over(each, self.size, known=self.known)
        # The evidence may have been as large after any part, of which one is the last.
        p_value = min(1.0, 1 / evidence) if evidence > 0 else 1.0
        rows = label_contradiction.measure(self.batch).rows
        return Statistic("slow_poisoning", math.log(1 / p_value), -math.log(alpha), p_value, alpha, rows)

    def looks_mined(self, found: Sequence[Statistic], measures: Mapping[str, Measure]) -> bool:
        """Say whether only a choice of rows by the model's errors explains what a sum over rows is."""
        return any(self._is_mined(one, measures) for one in found)

    def _is_mined(self, one: Statistic, measures: Mapping[str, Measure]) -> bool:
        given = self.nulls.get(one.name)
        if one.breaches or not isinstance(given, OfSum):
            return False
        mined = [part.rows for part in self.parts if part.mined is not None]
        plain = [laid(rows, measures[one.name], given, self.rng).p_value for rows in mined]
        return any(p_value * len(self.parts) <= one.alpha for p_value in plain)

    def explains(self, one: Statistic) -> bool:
        """Say whether shares of labels are rare in the reference, and what rows of this kind have."""
        given = self.nulls[SHARES]
        if one.name != SHARES or one.breaches or not isinstance(given, OfShares):
            return False
        return given.learned.p_value(one.value) * len(self.parts) <= one.alpha

    def detectable(self, alpha: float, *, mined: bool) -> float | None:
        """Give the share of labels flipped at random that would be found in four of five such batches."""
        first, parts = self.parts[0], len(self.parts)
        rows = first.mined if mined and first.mined is not None else first.rows
        null = self.nulls[FLIPS].null(rows, Told(0.0, NONE), rng=self.rng)
        return least_share(null, null.threshold(alpha / parts), rows, parts=parts)


def _parts(rows: int, size: int, rng: np.random.Generator) -> list[Places]:
    """Mix rows and cut them into parts of one size; one more overlaps others where the last rows would go unseen."""
    mixed = rng.permutation(rows)
    starts = list(range(0, rows - size + 1, size))[:MOST_PARTS]
    if len(starts) < MOST_PARTS and starts[-1] + size < rows:
        starts.append(rows - size)
    return [np.sort(mixed[start : start + size]) for start in starts]


def contributed(known: Known, batch: Labelled, places: Places, *, alpha: float = FALSE_ALARMS) -> Statistic:
    """Judge the contributors of a batch; places: of its rows, by which suspicious ones are named."""
    told = contributors.measure(as_mined(batch, known.rows) or batch, usual=known.usual)
    p_value = min(1.0, math.exp(-min(told.value, 700.0)))
    return Statistic("contributors", told.value, -math.log(alpha), p_value, alpha, places[told.rows], told.cell)
