"""Fit what queries are laid beside on one half of the reference; the other tells what signs honest rows show."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.answers import Answers
from monitor.detectors.attack.baseline import SLACK, Baseline, Classes, Flags, Singles
from monitor.detectors.attack.budget import model_budget
from monitor.detectors.attack.combination import Combination
from monitor.detectors.attack.contract import Contract, unheard_of
from monitor.detectors.attack.indicators import (
    INDICATORS,
    INDICATORS_BY_NAME,
    MET,
    NAMES,
    ODD,
    RESPECTS,
    SIMILAR,
    TAILS,
    TRAINED,
    respects,
)
from monitor.detectors.attack.lingering import empty_lingering
from monitor.detectors.attack.meetings import chance_meetings
from monitor.detectors.attack.near_copies import NearCopies
from monitor.detectors.attack.population import FEWEST, Population, levels_of
from monitor.detectors.attack.regions import Regions, beyond_at_most, doubt_of
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.space import Floats, Rows, Space
from monitor.detectors.attack.templates import Templates
from monitor.detectors.attack.variations import crowd_of
from monitor.detectors.attack.vocabulary import Vocabulary, unlike, vocabularies_of
from monitor.detectors.attack.walks import empty_walks
from monitor.detectors.attack.writing import Writing
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column, Layout
from monitor.types import Roles

LEAST_ROWS = 200
MOST_ROWS, MOST_POINTS, HELD = 20_000, 1_500, 10_000
MOST_KNOWN = 1_000_000
"""So many rows of a reference are known again when they are asked."""
RATE_LEAST, RATE_MOST = 0.005, 0.5
ALIKE = 500
"""Beside so few rows held out, near-copies may be twice as frequent as beside many: little tells how they fall off."""


def baseline_of(reference: pa.Table, roles: Roles, layout: Layout, *, rng: np.random.Generator) -> Baseline | None:
    """Fit it on reference rows; None below 200 rows, or where no feature is a number or a category.

    rng: who can guess its numbers can keep out of the buckets, so seed it with a secret.
    """
    halves = Halves.of(reference, roles, layout, rng=rng)
    if halves is None:
        return None
    space, rows = halves.space, halves.rows
    learned = _Learned.of(halves, rng=rng)
    held = _Held.of(halves, learned)
    distinct = rows.take(halves.apart)
    copies = NearCopies.of(space, rows, ~halves.out, halves.apart, rng=rng)
    buckets = copies.fingerprint.buckets(space.scaled(distinct), distinct)
    known = known_rows(space, reference, roles)
    trained = np.unique(known)
    measured = _faults_at_most(halves, learned) | {
        TRAINED: repeats_at_most(1 - trained.size / known.size),
        MET: chance_meetings(learned.population.placed(space, distinct), buckets, rng=rng),
    }
    regions = Regions.of(learned.population.points, held.points, held.rows.codes, held.found, rng=rng)
    odd = shown_by(regions, learned.contract, held.found, held.points, held.rows)[1][:, NAMES.index(ODD)]
    measured[ODD] = SLACK[NAMES.index(ODD)] * _share_at_most(odd[:, None])
    return Baseline(
        space=space,
        answers=halves.answers,
        copies=copies,
        population=learned.population,
        combination=learned.combination,
        regions=regions,
        regulars=Regulars.nobody(),
        contract=learned.contract,
        writing=Writing.of(space, halves.table),
        vocabularies=learned.vocabularies,
        usual=held.usual,
        rates=_rates(measured, held=len(held.rows), regions=len(regions.centres)),
        modal=np.array([np.unique_counts(cells).counts.max() for cells in rows.cells.T]) / len(rows),
        trained=trained,
        walks=empty_walks(),
        lingering=empty_lingering(),
        crowd=crowd_of(rows, Templates.of(space, halves.table)),
        budget=model_budget(learned.population.placed(space, rows), halves.classes, rng=rng),
        layout=Layout(space.columns, None, roles),
    )


@dataclass(frozen=True, eq=False)
class Halves:
    """The reference, and which of its rows nothing is fitted on.

    classes, margins, hashes: of each row, shape (rows,). out: which rows are held out, shape (rows,). chosen, held:
    places of rows that are not and that are, as many as are looked at.
    """

    table: pa.Table
    space: Space
    answers: Answers
    rows: Rows
    classes: Classes
    margins: Floats
    hashes: NDArray[np.uint64]
    out: Flags
    chosen: NDArray[np.intp]
    held: NDArray[np.intp]

    @classmethod
    def of(cls, table: pa.Table, roles: Roles, layout: Layout, *, rng: np.random.Generator) -> "Halves | None":
        """Divide reference rows; None where there is too little to fit anything on."""
        table = _thinned(table, MOST_ROWS)
        space = Space.of(layout.columns, table)
        if table.num_rows < LEAST_ROWS or not space.columns:
            return None
        rows, answers = space.rows(table), Answers.of(table, roles)
        hashes = rows.hashes()
        out = held_out(hashes)
        if min(out.sum(), (~out).sum()) < FEWEST:
            return None
        chosen, held = (_some(np.flatnonzero(of), most, rng) for of, most in ((~out, MOST_POINTS), (out, HELD)))
        return cls(
            table, space, answers, rows, answers.classes(table), answers.margins(table), hashes, out, chosen, held
        )

    @property
    def own(self) -> pa.Table:
        """Give the rows that all is fitted on."""
        return self.table.filter(pa.array(~self.out))

    @property
    def apart(self) -> NDArray[np.intp]:
        """Give the places of the rows that are held out, the first of those that are alike."""
        places = np.flatnonzero(self.out)
        return np.asarray(places[np.sort(np.unique(self.hashes[places], return_index=True)[1])])


@dataclass(frozen=True, eq=False)
class _Learned:
    """What one half says rows are like."""

    population: Population
    contract: Contract
    combination: Combination
    vocabularies: tuple[Vocabulary, ...]

    @classmethod
    def of(cls, halves: Halves, *, rng: np.random.Generator) -> "_Learned":
        space, own, chosen = halves.space, halves.rows.take(np.flatnonzero(~halves.out)), halves.chosen
        categories = space.columns[len(space.widths) :]
        bins = [c.bins for c in categories if isinstance(c.bins, CategoryBins)]
        levels = levels_of([b.size - 2 for b in bins])
        return cls(
            Population.of(space, halves.rows.take(chosen), halves.classes[chosen], levels),
            Contract.of(own, np.array([_unseen(c) for c in categories], np.int64)),
            Combination.of(own, halves.classes[~halves.out], rng=rng),
            vocabularies_of(space, halves.own),
        )


@dataclass(frozen=True, eq=False)
class _Held:
    """The other half's rows, where they lie, and how odd they are by each statistic; usual: the same, sorted."""

    rows: Rows
    points: Singles
    found: Mapping[str, Floats]
    usual: Mapping[str, Floats]

    @classmethod
    def of(cls, halves: Halves, learned: _Learned) -> "_Held":
        space, places = halves.space, halves.held
        rows, (classes, margins) = halves.rows.take(places), (halves.classes[places], halves.margins[places])
        points = learned.population.placed(space, rows)
        found = learned.population.statistics(points, classes) | {"margin": -margins}
        found |= learned.combination.statistics(rows, classes)
        usual = {name: _sorted(values) for name, values in found.items()}
        texts = unlike(learned.vocabularies, space, halves.table.take(pa.array(places)))
        usual |= {name: _sorted(values) for name, values in texts.items()}
        doubt = doubt_of(usual, found)
        return cls(rows, points, found | {"doubt": doubt}, usual | {"doubt": _sorted(doubt)})


def known_rows(space: Space, reference: pa.Table, roles: Roles) -> NDArray[np.uint64]:
    """Give a number for each row of a reference by which it is known again; of more than a million rows for so many.

    By which segment a row comes, it may come again by another.
    """
    table, places = _thinned(reference, MOST_KNOWN), space.without(roles.segments)
    starts = range(0, table.num_rows, MOST_ROWS)
    return np.concatenate([space.rows(table.slice(first, MOST_ROWS)).hashes(places) for first in starts])


def held_out(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say of rows whether they are of the half that nothing is fitted on; equal ones all are, or none.

    hashes: of the rows. So no row is judged by itself.
    """
    return np.asarray((hashes >> np.uint64(17)) % np.uint64(2) == 1)


def _thinned(reference: pa.Table, most: int) -> pa.Table:
    if reference.num_rows <= most:
        return reference
    places = np.linspace(0, reference.num_rows - 1, most).astype(np.int64)
    return reference.take(pa.array(places))


def _some(places: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return places if places.size <= most else np.sort(rng.choice(places, most, replace=False))


def _sorted(values: Floats) -> Floats:
    return np.sort(values[np.isfinite(values)])


def _unseen(column: Column) -> int:
    """Give the code of values that break the contract; -1 where the reference's are not known, or come with time."""
    told = isinstance(column.bins, CategoryBins) and column.bins.tail is not None and not column.renewal
    return column.bins.unseen if told and isinstance(column.bins, CategoryBins) else -1


def _faults_at_most(halves: Halves, learned: _Learned) -> dict[str, float]:
    """Give of each way to break the contract how many honest rows do at most."""
    hiding = Writing.of(halves.space, halves.own).hides(halves.space, halves.table)
    faults = learned.contract.faults(halves.rows.take(np.flatnonzero(halves.out)), hiding[halves.out])
    return {
        "off_contract": 3 * _share_at_most(faults.broken),
        "malformed": 3 * max(_share_at_most(faults.malformed), unheard_of(halves.rows.codes, learned.contract.unseen)),
    }


def repeats_at_most(share: float) -> float:
    """Give the share of honest rows that are exactly rows of the reference, at most, by that of its own that repeat."""
    return float(np.clip(max(3 * share, INDICATORS_BY_NAME[TRAINED].rate), RATE_LEAST, RATE_MOST))


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
        counted[:, of_tails], hits[:, of_tails] = regions.shown(found, points, rows.codes)[:2]
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
