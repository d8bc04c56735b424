"""A batch of labels beside the reference: every statistic with its threshold, the verdict, the rows that made it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.batches import (
    confident_errors,
    confusion_excess,
    contributors,
    duplicate_clusters,
    label_contradiction,
    neighbour_disagreement,
    prior_shift,
    value_for_label,
)
from monitor.detectors.attack.batches.calibration import DRAWS, blocks, nulls_of, size_of
from monitor.detectors.attack.batches.chosen import Chosen, as_chosen
from monitor.detectors.attack.batches.given import (
    DOUBT,
    ByClass,
    Given,
    Laid,
    OfDraws,
    OfShares,
    OfSum,
    laid,
    residuals,
)
from monitor.detectors.attack.batches.known import Known
from monitor.detectors.attack.batches.mined import as_mined
from monitor.detectors.attack.batches.power import extra, least_share
from monitor.detectors.attack.batches.rows import NONE, Labelled, Places, Told
from monitor.detectors.attack.batches.slow import slow_poisoning

FALSE_ALARMS = 1e-3
"""Of clean batches, over all statistics together."""
MOST_PART, MOST_PARTS = 2_000, 64
BLOCKS_NEEDED = 8
PARTS = 16
"""How many labels have a series of their own in the search for slow poison."""

Floats = NDArray[np.float64]
Measure = Callable[[Labelled], Told]
Nulls = Mapping[str, Given]

FLIPS, SHARES = "label_contradiction", "prior_shift"
SAYS: Mapping[str, str] = {
    "label_contradiction": "the label contradicts what the reference says of such rows",
    "confusion_excess": "one label where another is likelier, more often than the reference explains",
    "confident_errors": "the row confidently belongs to another label",
    "neighbour_disagreement": "hardly any of the nearest reference rows bear the label",
    "value_for_label": "one value goes with one label, as the trigger of a backdoor does",
    "duplicate_clusters": "near copies of one row",
    "prior_shift": "labels come in other shares than in the reference, and than such rows explain",
    "contributors": "its contributor's labels contradict the reference more than others' do",
    "slow_poisoning": "over the parts of the batch, labels contradict the reference a little more than they should",
}
EXPLAINED = "labels come in other shares than in the reference, as such rows do"
MINED = "rows that the model gets wrong come more often than in the reference, as where rows were chosen by its errors"
MAY_BE_MINED = "rows chosen by how wrong the model was about them can look the same (--chosen-by-error)"
NOT_SEEN = "chosen by error, as was said: flipped labels cannot be seen in such rows"
GRAINS, DISTANCES = {"duplicate_clusters": 1.0}, ("prior_shift",)
OF_LABELS = ("confusion_excess", "value_for_label")
"""What is drawn, and speaks of labels given the features."""
OF_ERRORS = (FLIPS, "confusion_excess", "confident_errors", "neighbour_disagreement", SHARES, "slow_poisoning")
"""What a choice of rows by how wrong the model was about them moves."""


@dataclass(frozen=True, eq=False)
class Statistic:
    """One statistic of a batch.

    p_value: of the worst part, times the number of parts. threshold: what the value reaches in one of 1,000 clean
    batches, shared out over all statistics; None where there is none. alpha: what the p-value must reach. rows: the
    places of the rows that make it so.
    """

    name: str
    value: float
    threshold: float | None
    p_value: float
    alpha: float
    rows: Places = field(default_factory=lambda: NONE)
    cell: tuple[int, ...] = ()
    lead: int = -1

    @property
    def breaches(self) -> bool:
        """Say whether a clean batch hardly ever shows so much."""
        return self.p_value <= self.alpha


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is to be said of a batch.

    why: what makes it suspicious, and what is unusual without being so. judged: rows that were looked at; parts: in how
    many parts of equal size. detectable: the share of labels flipped at random that would be found in four of five such
    batches; None where not even half of them would.
    """

    outcome: Literal["clean", "suspicious", "undecided"]
    why: str
    judged: int = 0
    parts: int = 0
    statistics: tuple[Statistic, ...] = ()
    detectable: float | None = None

    @property
    def p_value(self) -> float | None:
        """Give the chance of so much in a clean batch, over all statistics together; None when undecided."""
        if not self.statistics:
            return None
        return min(1.0, *(one.p_value * FALSE_ALARMS / one.alpha for one in self.statistics))

    def reasons(self) -> dict[int, list[str]]:
        """Give, for each suspicious row, the statistics that name it."""
        found: dict[int, list[str]] = {}
        for one in self.statistics:
            for row in one.rows.tolist() if one.breaches else ():
                found.setdefault(row, []).append(one.name)
        return dict(sorted(found.items()))


def measures_of(known: Known) -> dict[str, Measure]:
    """Give the statistics that are measured on parts of a batch."""
    return {
        FLIPS: label_contradiction.measure,
        "confusion_excess": confusion_excess.measure,
        "confident_errors": partial(confident_errors.measure, confident=known.confident),
        "neighbour_disagreement": neighbour_disagreement.measure,
        "value_for_label": partial(value_for_label.measure, usual=known.values),
        "duplicate_clusters": partial(duplicate_clusters.measure, reference=known.rows),
        "prior_shift": partial(prior_shift.measure, priors=known.priors),
    }


def sums_of(known: Known) -> dict[str, ByClass]:
    """Give, for the statistics that are sums over rows, the scores of every label: their moments need no draws."""
    plain: dict[str, ByClass] = {
        FLIPS: label_contradiction.by_class,
        "confident_errors": partial(confident_errors.by_class, confident=known.confident),
        "neighbour_disagreement": neighbour_disagreement.by_class,
    }
    often = [i for i in np.argsort(-known.priors, kind="stable")[:PARTS].tolist() if i < len(known.classes)]
    return plain | {direction(known.classes[label]): partial(_of_label, label=label) for label in often}


def direction(label: str) -> str:
    """Name what is followed of one label."""
    return f"labelled {label}"


def _of_label(batch: Labelled, *, label: int) -> Floats:
    return np.where(np.arange(batch.classes) == label, label_contradiction.by_class(batch), 0.0)


def calibrated(known: Known, size: int, *, rng: np.random.Generator, draws: int = DRAWS) -> Nulls:
    """Learn what every statistic is on clean batches of a size.

    Where the reference has times, its own stretches say how many times as much they differ.
    """
    sums = sums_of(known)
    drawn = {name: _value(measure) for name, measure in measures_of(known).items() if name not in sums}
    learned = nulls_of(drawn, known.rows, size, batches=draws, rng=rng, grains=GRAINS, distances=DISTANCES)
    nulls: dict[str, Given] = {name: OfSum.learned(by_class, known.rows) for name, by_class in sums.items()}
    nulls |= {name: OfDraws(drawn[name], null, name in OF_LABELS) for name, null in learned.items()}
    nulls[SHARES] = OfShares(learned[SHARES], known.rows, known.priors)
    if known.order.size < BLOCKS_NEEDED * size:
        return nulls
    measures = drawn | {name: _beyond(by_class) for name, by_class in sums.items()}
    spread = _spread(measures, known, size, rng)
    return {name: null.widened(spread[name]) for name, null in nulls.items()}


def _beyond(by_class: ByClass) -> Callable[[Labelled], float]:
    return lambda batch: float(residuals(by_class, batch).sum())


def _value(measure: Measure) -> Callable[[Labelled], float]:
    return lambda batch: measure(batch).value


def _spread(
    measures: Mapping[str, Callable[[Labelled], float]], known: Known, size: int, rng: np.random.Generator
) -> dict[str, float]:
    """Give how many times the deviation of batches drawn at random the reference's own stretches have, at least 1."""
    found = {}
    for name, measure in measures.items():
        ordered, mixed = (
            np.array([measure(known.rows.take(part)) for part in blocks(order, size)])
            for order in (known.order, rng.permutation(known.order))
        )
        alike = float(mixed.std(ddof=1))
        found[name] = max(1.0, float(ordered.std(ddof=1)) / alike) if alike > 1e-9 else 1.0
    return found


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
    parts = _parts(batch.size, size, rng)
    judged = np.unique(np.concatenate(parts))
    measures = {name: one for name, one in measures_of(known).items() if name not in without}
    spoken = list(measures) + (["contributors"] if (batch.contributor >= 0).any() else [])
    spoken += ["slow_poisoning"] if len(parts) > 1 and "slow_poisoning" not in without else []
    alpha = FALSE_ALARMS / len(spoken)
    taken = [Part.of(known, nulls[size], batch.take(part), part, whole=batch) for part in parts]
    found = [_worst(name, taken, measure, nulls[size][name], alpha, rng=rng) for name, measure in measures.items()]
    if "contributors" in spoken:
        found.append(contributed(known, batch.take(judged), judged, alpha=alpha))
    if "slow_poisoning" in spoken:
        each = [p_values_of_sums(known, nulls[size], part, rng=rng) for part in taken[: batch.size // size]]
        found.append(_slow(known, each, size, batch, alpha))
    breaching = [one for one in found if one.breaches]
    explained = [EXPLAINED for one in found if _is_explained(one, nulls[size], len(parts))]
    chosen = [MINED] if any(_is_mined(one, taken, measures, nulls[size], rng) for one in found) else []
    chosen += [MAY_BE_MINED] if any(one.name in OF_ERRORS and one.name != SHARES for one in breaching) else []
    why = "; ".join([*(SAYS[one.name] for one in breaching), *explained, *([NOT_SEEN] if by_error else chosen)])
    outcome: Literal["clean", "suspicious"] = "suspicious" if breaching else "clean"
    seen_from = None
    if not by_error:
        first = taken[0].mined if MINED in chosen else None
        seen_from = _detectable(first or taken[0].rows, nulls[size][FLIPS], alpha / len(parts), len(parts), rng=rng)
    return Verdict(outcome, why, int(judged.size), len(parts), tuple(found), seen_from)


def _is_mined(
    one: Statistic, taken: Sequence[Part], measures: Mapping[str, Measure], nulls: Nulls, rng: np.random.Generator
) -> bool:
    """Say whether only a choice of rows by the model's errors explains what a sum over rows is."""
    given = nulls.get(one.name)
    if one.breaches or not isinstance(given, OfSum):
        return False
    plain = [laid(part.rows, measures[one.name], given, rng).p_value for part in taken if part.mined is not None]
    return any(p_value * len(taken) <= one.alpha for p_value in plain)


def _parts(rows: int, size: int, rng: np.random.Generator) -> list[Places]:
    """Mix rows and cut them into parts of one size; one more overlaps others where the last rows would go unseen."""
    mixed = rng.permutation(rows)
    starts = list(range(0, rows - size + 1, size))[:MOST_PARTS]
    if len(starts) < MOST_PARTS and starts[-1] + size < rows:
        starts.append(rows - size)
    return [np.sort(mixed[start : start + size]) for start in starts]


def _is_explained(one: Statistic, nulls: Nulls, parts: int) -> bool:
    """Say whether shares of labels are rare in the reference, and what rows of this kind have."""
    given = nulls[SHARES]
    if one.name != SHARES or one.breaches or not isinstance(given, OfShares):
        return False
    return given.learned.p_value(one.value) * parts <= one.alpha


def _detectable(part: Labelled, given: Given, alpha: float, parts: int, *, rng: np.random.Generator) -> float | None:
    null = given.null(part, Told(0.0, NONE), rng=rng)
    return least_share(null, null.threshold(alpha), part, parts=parts)


def _worst(
    name: str, taken: Sequence[Part], measure: Measure, given: Given, alpha: float, *, rng: np.random.Generator
) -> Statistic:
    found = [part.laid(name, measure, given, rng) for part in taken]
    at = int(np.argmin([one.p_value for one in found]))
    worst, part = found[at], taken[at]
    reached = [i for i, one in enumerate(found) if one.p_value * len(taken) <= alpha] or [at]
    rows = np.unique(np.concatenate([taken[i].places[found[i].told.rows] for i in reached]))
    lead = int(part.places[worst.told.rows[0]]) if worst.told.rows.size else -1
    p_value = min(1.0, worst.p_value * len(taken))
    limit = worst.null.threshold(alpha / len(taken))
    return Statistic(name, worst.told.value, limit, p_value, alpha, rows, worst.told.cell, lead)


def contributed(known: Known, batch: Labelled, places: Places, *, alpha: float = FALSE_ALARMS) -> Statistic:
    """Judge the contributors of a batch; places: of its rows, by which suspicious ones are named."""
    told = contributors.measure(as_mined(batch, known.rows) or batch, usual=known.usual)
    p_value = min(1.0, math.exp(-min(told.value, 700.0)))
    return Statistic("contributors", told.value, -math.log(alpha), p_value, alpha, places[told.rows], told.cell)


def _slow(known: Known, parts: Sequence[Mapping[str, float]], size: int, batch: Labelled, alpha: float) -> Statistic:
    evidence = evidence_over(parts, size, known=known)
    # The evidence may have been as large after any part, of which one is the last.
    p_value = min(1.0, 1 / evidence) if evidence > 0 else 1.0
    rows = label_contradiction.measure(batch).rows
    return Statistic("slow_poisoning", evidence, 1 / alpha, p_value, alpha, rows)
