"""What queries are laid beside: the reference in two halves, and how often its own rows show each sign of an attack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.answers import Answers
from monitor.detectors.attack.budget import model_budget
from monitor.detectors.attack.combination import Combination
from monitor.detectors.attack.contract import Contract, unheard_of
from monitor.detectors.attack.indicators import INDICATORS, MET, NAMES, ODD, RESPECTS, SIMILAR, TAILS, respects
from monitor.detectors.attack.meetings import chance_meetings
from monitor.detectors.attack.near_copies import NearCopies
from monitor.detectors.attack.packing import packed, part_of, unpacked
from monitor.detectors.attack.population import FEWEST, Population, levels_of
from monitor.detectors.attack.regions import Regions, beyond_at_most, doubt_of
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.space import Floats, Rows, Space
from monitor.detectors.attack.vocabulary import Vocabulary, unlike, vocabularies_of
from monitor.detectors.attack.writing import Writing
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Layout
from monitor.types import Roles

Array = NDArray[Any]
Classes = NDArray[np.int64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

LEAST_ROWS = 200
MOST_ROWS, MOST_POINTS, HELD = 20_000, 1_500, 10_000
SLACK = np.array([TAILS[name].slack if name in TAILS else 2.5 for name in NAMES])
"""So many times what honest rows lately showed of each sign is what a client may show."""
RATE_LEAST, RATE_MOST = 0.005, 0.5
ALIKE = 500
"""Beside so few rows held out, near-copies may be twice as frequent as beside many: little tells how they fall off."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Everything fixed by the reference that queries are judged by.

    rates: of each indicator, the share of honest rows that show it at most, shape (indicators,). usual: sorted values
    of each statistic on held-out rows. modal: share of each column's most frequent value, shape (columns,). trained:
    hashes of reference rows, sorted. budget: with how many rows the model can be copied, 0 where that is unknown.
    """

    space: Space
    answers: Answers
    copies: NearCopies
    population: Population
    combination: Combination
    regions: Regions
    regulars: Regulars
    contract: Contract
    writing: Writing
    vocabularies: tuple[Vocabulary, ...]
    usual: Mapping[str, Floats]
    rates: Floats
    modal: Floats
    trained: NDArray[np.uint64]
    budget: int
    layout: Layout

    @classmethod
    def fit(cls, reference: pa.Table, roles: Roles, layout: Layout, *, rng: np.random.Generator) -> "Baseline | None":
        """Fit it on reference rows; None below 200 rows, or where no feature is a number or a category.

        rng: who can guess its numbers can keep out of the buckets, so seed it with a secret.
        """
        reference = reference if reference.num_rows <= MOST_ROWS else _thinned(reference)
        space = Space.of(layout.columns, reference)
        if reference.num_rows < LEAST_ROWS or not space.columns:
            return None
        rows, answers = space.rows(reference), Answers.of(reference, roles)
        classes, hashes = answers.classes(reference), rows.hashes()
        out = held_out(hashes)
        if min(out.sum(), (~out).sum()) < FEWEST:
            return None
        chosen, held = (_some(np.flatnonzero(of), most, rng) for of, most in ((~out, MOST_POINTS), (out, HELD)))
        own, held_rows = rows.take(np.flatnonzero(~out)), rows.take(held)
        bins = [c.bins for c in space.columns[len(space.widths) :] if isinstance(c.bins, CategoryBins)]
        population = Population.of(space, rows.take(chosen), classes[chosen], levels_of([b.size - 2 for b in bins]))
        contract = Contract.of(own, np.array([_unseen(b) for b in bins], np.int64))
        combination = Combination.of(own, classes[~out], rng=rng)
        points, margins = population.placed(space, held_rows), answers.margins(reference)[held]
        found = _statistics(population, combination, held_rows, points, classes=classes[held], margins=margins)
        usual = {name: _sorted(values) for name, values in found.items()}
        vocabularies = vocabularies_of(space, reference.filter(pa.array(~out)))
        usual |= {name: _sorted(v) for name, v in unlike(vocabularies, space, reference.take(pa.array(held))).items()}
        found["doubt"] = doubt_of(usual, found)
        usual["doubt"] = _sorted(found["doubt"])
        apart = _once_each(hashes, out)
        copies, distinct = NearCopies.of(space, rows, ~out, apart, rng=rng), rows.take(apart)
        buckets = copies.fingerprint.buckets(space.scaled(distinct), distinct)
        hiding = Writing.of(space, reference.filter(pa.array(~out))).hides(space, reference)
        measured = _faults_at_most(contract, rows, hiding, out) | {
            "training_rows": 3 * (1 - np.unique(hashes).size / hashes.size),
            MET: chance_meetings(population.placed(space, distinct), buckets, rng=rng),
        }
        regions = Regions.of(population.points, points, found, rng=rng)
        odd = shown_by(regions, contract, found, points, held_rows)[1][:, NAMES.index(ODD)]
        measured[ODD] = SLACK[NAMES.index(ODD)] * _share_at_most(odd[:, None])
        return cls(
            space=space,
            answers=answers,
            copies=copies,
            population=population,
            combination=combination,
            regions=regions,
            regulars=Regulars.nobody(),
            contract=contract,
            writing=Writing.of(space, reference),
            vocabularies=vocabularies,
            usual=usual,
            rates=_rates(measured, held=held.size, regions=len(regions.centres)),
            modal=np.array([np.unique_counts(cells).counts.max() for cells in rows.cells.T]) / len(rows),
            trained=np.unique(hashes),
            budget=model_budget(population.placed(space, rows), classes, rng=rng),
            layout=Layout(space.columns, None, roles),
        )

    def statistics(self, rows: Rows, points: Singles, classes: Classes, margins: Floats) -> dict[str, Floats]:
        """Give what tells how odd rows are, each of shape (rows,), worse when higher; points: where they lie."""
        found = _statistics(self.population, self.combination, rows, points, classes=classes, margins=margins)
        return found | {"doubt": doubt_of(self.usual, found)}

    def packed(self) -> bytes:
        """Give it as bytes."""
        arrays: dict[str, Array] = {
            "layout": np.frombuffer(self.layout.packed(), np.uint8),
            "answers": np.frombuffer(json.dumps(self.answers.described()).encode(), np.uint8),
            "widths": np.array(self.space.widths, np.int64),
            "center": self.space.center,
            "scale": self.space.scale,
            "rates": self.rates,
            "modal": self.modal,
            "writing": self.writing.highest,
            "regular_keys": self.regulars.keys,
            "regular_rates": self.regulars.rates,
            "budget": np.array([self.budget]),
            "trained": self.trained,
        }
        arrays |= {f"copies_{name}": array for name, array in self.copies.arrays().items()}
        arrays |= {f"population_{name}": array for name, array in self.population.arrays().items()}
        arrays |= {f"combination_{name}": array for name, array in self.combination.arrays().items()}
        arrays |= {f"regions_{name}": array for name, array in self.regions.arrays().items()}
        arrays |= {f"contract_{name}": getattr(self.contract, name) for name in self.contract.__dataclass_fields__}
        for place, vocabulary in enumerate(self.vocabularies):
            arrays |= {f"text_{place}_{name}": getattr(vocabulary, name) for name in vocabulary.__dataclass_fields__}
        arrays |= {f"usual_{name}": values for name, values in self.usual.items()}
        return packed(arrays)

    @classmethod
    def unpacked(cls, data: bytes) -> "Baseline":
        """Make it from what `packed` gave."""
        arrays = unpacked(data)
        layout = Layout.unpacked(arrays["layout"].tobytes())
        widths = tuple(arrays["widths"].tolist())
        texts = sum(column.kind == "text" for column in layout.columns[: len(widths)])
        return cls(
            space=Space(layout.columns, widths, arrays["center"], arrays["scale"]),
            answers=Answers.from_described(json.loads(arrays["answers"].tobytes())),
            copies=NearCopies.from_arrays(part_of(arrays, "copies_")),
            population=Population.from_arrays(part_of(arrays, "population_")),
            combination=Combination.from_arrays(part_of(arrays, "combination_")),
            regions=Regions(**part_of(arrays, "regions_")),
            regulars=Regulars(arrays["regular_keys"], arrays["regular_rates"]),
            contract=Contract(**part_of(arrays, "contract_")),
            writing=Writing(arrays["writing"]),
            vocabularies=tuple(Vocabulary(**part_of(arrays, f"text_{place}_")) for place in range(texts)),
            usual=part_of(arrays, "usual_"),
            rates=arrays["rates"],
            modal=arrays["modal"],
            trained=arrays["trained"],
            budget=int(arrays["budget"][0]),
            layout=layout,
        )


def held_out(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say of rows whether they are of the half that nothing is fitted on; equal ones all are, or none.

    hashes: of the rows. So no row is judged by itself.
    """
    return np.asarray((hashes >> np.uint64(17)) % np.uint64(2) == 1)


def _thinned(reference: pa.Table) -> pa.Table:
    places = np.linspace(0, reference.num_rows - 1, MOST_ROWS).astype(np.int64)
    return reference.take(pa.array(places))


def _some(places: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return places if places.size <= most else np.sort(rng.choice(places, most, replace=False))


def _once_each(hashes: NDArray[np.uint64], of: Flags) -> NDArray[np.intp]:
    """Give the places of some rows, the first of those that are alike."""
    places = np.flatnonzero(of)
    return np.asarray(places[np.sort(np.unique(hashes[places], return_index=True)[1])])


def _statistics(
    population: Population, combination: Combination, rows: Rows, points: Singles, *, classes: Classes, margins: Floats
) -> dict[str, Floats]:
    found = population.statistics(points, classes) | {"margin": -margins}
    return found | combination.statistics(rows, classes)


def _sorted(values: Floats) -> Floats:
    return np.sort(values[np.isfinite(values)])


def _unseen(bins: CategoryBins) -> int:
    return -1 if bins.tail is None else bins.unseen


def _faults_at_most(contract: Contract, rows: Rows, hiding: Flags, out: Flags) -> dict[str, float]:
    """Give of each way to break the contract how many honest rows do at most.

    hiding: which texts hide something, shape (rows, numbers). out: the rows from which none of it was learned.
    """
    faults = contract.faults(rows.take(np.flatnonzero(out)), hiding[out])
    return {
        "off_contract": 3 * _share_at_most(faults.broken),
        "malformed": 3 * max(_share_at_most(faults.malformed), unheard_of(rows.codes, contract.unseen)),
    }


def _share_at_most(broken: NDArray[np.bool_]) -> float:
    """Give the share of rows with a fault, as if the next one had it, too: few rows tell little of what is rare.

    broken: shape (rows, columns).
    """
    return float((broken.any(axis=1).sum() + 1) / (len(broken) + 1))


def shown_by(
    regions: Regions, contract: Contract, found: Mapping[str, Floats], points: Singles, rows: Rows
) -> tuple[Flags, Flags]:
    """Say which passing signs rows show, and of which they tell; both of shape (rows, indicators).

    found: statistics of the rows; points: where they lie.
    """
    counted, hits = np.zeros((2, len(rows), len(NAMES)), np.bool_)
    of_tails = np.isin(NAMES, list(TAILS))
    faults = contract.faults(rows)
    if len(rows):
        counted[:, of_tails], hits[:, of_tails] = regions.shown(found, points)[:2]
    for name, broken in (("off_contract", faults.broken), ("malformed", faults.malformed)):
        counted[:, NAMES.index(name)], hits[:, NAMES.index(name)] = True, broken.any(axis=1)
    counted[:, NAMES.index(ODD)], hits[:, NAMES.index(ODD)] = True, respects(hits & counted) >= RESPECTS
    return counted, hits


def _rates(own: Mapping[str, float], *, held: int, regions: int) -> Floats:
    """Give the most that each indicator may show in honest rows: fixed, a tail's with slack, or what was measured.

    held: rows by which a tail is known; regions: that these fall into.
    """
    rates = []
    for name, indicator in zip(NAMES, INDICATORS, strict=True):
        if name in own:
            rates.append(max(indicator.rate, own[name]))
        elif tail := TAILS.get(name):
            known = beyond_at_most(tail.share, held / regions if tail.by_region else held)
            rates.append(max(tail.slack * tail.share, known))
        elif name in SIMILAR:
            rates.append(indicator.rate * (1 + ALIKE / held))
        else:
            rates.append(indicator.rate)
    return np.asarray(np.clip(np.array(rates), RATE_LEAST, RATE_MOST))
