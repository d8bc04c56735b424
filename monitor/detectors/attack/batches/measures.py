"""The statistics of a batch of labels, and what each is on clean batches of a size."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from monitor.detectors.attack.batches import (
    confident_errors,
    confusion_excess,
    duplicate_clusters,
    label_contradiction,
    neighbour_disagreement,
    prior_shift,
    value_for_label,
)
from monitor.detectors.attack.batches.calibration import DRAWS, GRAIN, Spread, blocks, nulls_of
from monitor.detectors.attack.batches.given import ByClass, Given, OfDraws, OfShares, OfSum, residuals
from monitor.detectors.attack.batches.known import Known
from monitor.detectors.attack.batches.rows import Floats, Labelled, Told

STRETCHES, FEW_STRETCHES, MIXED = 8, 4, 3
"""Fewer stretches of time say nothing of what clean batches are, but of how rows come in clumps half as many do."""
MOST_DIRECTIONS = 16
"""How many labels have a series of their own in the search for slow poison."""

Measure = Callable[[Labelled], Told]
Nulls = Mapping[str, Given]

FLIPS, SHARES = "label_contradiction", "prior_shift"
GRAINS, DISTANCES = {"duplicate_clusters": 1.0}, ("prior_shift",)
OF_LABELS = ("confusion_excess", "value_for_label")
"""What is drawn, and speaks of labels given the features."""
OF_CLUMPS = ("value_for_label", "duplicate_clusters", SHARES)
"""What changes from one stretch of time to the next though labels are right: rows that belong together come at once."""
OF_ERRORS = (FLIPS, "confusion_excess", "confident_errors", "neighbour_disagreement", SHARES, "slow_poisoning")
"""What a choice of rows by how wrong the model was about them moves."""


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
    often = [i for i in np.argsort(-known.priors, kind="stable")[:MOST_DIRECTIONS].tolist() if i < len(known.classes)]
    return plain | {direction(known.classes[label]): partial(_of_label, label=label) for label in often}


def direction(label: str) -> str:
    """Name what is followed of one label."""
    return f"labelled {label}"


def _of_label(batch: Labelled, *, label: int) -> Floats:
    return np.where(np.arange(batch.classes) == label, label_contradiction.by_class(batch), 0.0)


def calibrated(known: Known, size: int, *, rng: np.random.Generator, draws: int = DRAWS) -> Nulls:
    """Learn what every statistic is on clean batches of a size.

    Where the reference has times, its own stretches say how much more they differ.
    """
    sums = sums_of(known)
    drawn = {name: _value(measure) for name, measure in measures_of(known).items() if name not in sums}
    learned = nulls_of(drawn, known.rows, size, batches=draws, rng=rng, grains=GRAINS, distances=DISTANCES)
    nulls: dict[str, Given] = {name: OfSum.learned(by_class, known.rows) for name, by_class in sums.items()}
    nulls |= {name: OfDraws(drawn[name], null, name in OF_LABELS) for name, null in learned.items()}
    nulls[SHARES] = OfShares(learned[SHARES], known.rows, known.priors)
    measures = drawn | {name: _beyond(by_class) for name, by_class in sums.items()}
    stretches = known.order.size // size
    told = [name for name in measures if stretches >= (FEW_STRETCHES if name in OF_CLUMPS else STRETCHES)]
    spread = _spread({name: measures[name] for name in told}, known, size, rng)
    return nulls | {name: nulls[name].widened(one) for name, one in spread.items()}


def _beyond(by_class: ByClass) -> Callable[[Labelled], float]:
    return lambda batch: float(residuals(by_class, batch).sum())


def _value(measure: Measure) -> Callable[[Labelled], float]:
    return lambda batch: measure(batch).value


def _spread(
    measures: Mapping[str, Callable[[Labelled], float]], known: Known, size: int, rng: np.random.Generator
) -> dict[str, Spread]:
    """Give how much more every statistic is on the reference's own stretches than on batches drawn at random."""
    found = {}
    for name, measure in measures.items():
        ordered, *mixed = (
            np.array([measure(known.rows.take(part)) for part in blocks(order, size)])
            for order in (known.order, *(rng.permutation(known.order) for _ in range(MIXED)))
        )
        found[name] = Spread.of(ordered, np.concatenate(mixed), grain=GRAINS.get(name, GRAIN))
    return found
