"""What queries are laid beside: the reference in two halves, and how often its own rows show each sign of an attack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.answers import Answers
from monitor.detectors.attack.buckets import Usual, empty_memory, shared
from monitor.detectors.attack.budget import model_budget
from monitor.detectors.attack.clusters import CLUSTERS, Clusters, empty_clusters
from monitor.detectors.attack.combination import Combination
from monitor.detectors.attack.contract import Contract, Faults, unheard_of
from monitor.detectors.attack.ecusum import Gains
from monitor.detectors.attack.fingerprint import TABLES, Fingerprint
from monitor.detectors.attack.indicators import INDICATORS, MET, NAMES, TAILS
from monitor.detectors.attack.meetings import chance_meetings
from monitor.detectors.attack.packing import packed, part_of, unpacked
from monitor.detectors.attack.population import FEWEST, Population, levels_of
from monitor.detectors.attack.regions import Regions, beyond_at_most, doubt_of
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.senders import keys_of
from monitor.detectors.attack.space import Floats, Rows, Space
from monitor.detectors.attack.writing import Writing
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Layout
from monitor.types import Roles

Array = NDArray[Any]
Classes = NDArray[np.int64]

LEAST_ROWS = 200
MOST_ROWS, MOST_POINTS, HELD = 20_000, 1_500, 10_000
SLACK = np.array([TAILS[name].slack if name in TAILS else 2.5 for name in NAMES])
"""So many times what honest rows lately showed of each sign is what a client may show."""
JOINING, LEAST_TABLES, ENOUGH, LEAST_FALL = 0.002, 4, 8, 0.4
LEAST_HORIZON = 1_000
"""So many rows of the traffic, at least, are near-copies looked for among."""
LEAST_GROWTH, GROWTH_TIMES = 0.002, 3.0
RATE_LEAST, RATE_MOST = 0.005, 0.5


@dataclass(frozen=True, eq=False)
class Baseline:
    """Everything fixed by the reference that queries are judged by.

    joins: from so many tables shared on a row belongs to a cluster; joins_without: where a column is not looked at,
    shape (columns,). modal: share of each column's most frequent value, shape (columns,). rates: of each indicator, the
    share of honest rows that show it at most, shape (indicators,). usual: sorted values of each statistic on held-out
    rows. growth: the share of the stream that one honest cluster takes at most; largest: how many rows the largest one
    of the reference has. trained: hashes of reference rows, sorted. budget: with how many rows the model can be copied,
    0 where that is unknown.
    """

    space: Space
    answers: Answers
    fingerprint: Fingerprint
    usual_buckets: Usual
    population: Population
    combination: Combination
    regions: Regions
    regulars: Regulars
    contract: Contract
    writing: Writing
    usual: Mapping[str, Floats]
    rates: Floats
    joins: int
    joins_without: Classes
    modal: Floats
    growth: float
    largest: int
    horizon: int
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
        classes, margins, hashes = answers.classes(reference), answers.margins(reference), rows.hashes()
        # Equal rows fall into one half, so that no row is judged by itself.
        first = (hashes >> np.uint64(17)) % np.uint64(2) == 0
        if min(first.sum(), (~first).sum()) < FEWEST:
            return None
        chosen = _some(np.flatnonzero(first), MOST_POINTS, rng)
        held = _some(np.flatnonzero(~first), HELD, rng)
        sizes = [c.bins.size - 2 for c in space.columns[len(space.widths) :] if isinstance(c.bins, CategoryBins)]
        unseen = [_unseen(c.bins) for c in space.columns[len(space.widths) :] if isinstance(c.bins, CategoryBins)]
        population = Population.of(space, rows.take(chosen), classes[chosen], levels_of(sizes))
        contract = Contract.of(rows.take(np.flatnonzero(first)), np.array(unseen, np.int64))
        points = population.placed(space, rows.take(held))
        combination = Combination.of(rows.take(np.flatnonzero(first)), classes[first], rng=rng)
        found = population.statistics(points, classes[held]) | {"margin": -margins[held]}
        found |= combination.statistics(rows.take(held), classes[held])
        usual = {name: np.sort(values[np.isfinite(values)]) for name, values in found.items()}
        found["doubt"] = doubt_of(usual, found)
        usual["doubt"] = np.sort(found["doubt"][np.isfinite(found["doubt"])])
        fingerprint = Fingerprint.of(space, rng=rng)
        others = rows.take(np.flatnonzero(~first))
        buckets = fingerprint.buckets(space.scaled(rows), rows)
        usual_buckets = Usual.of(buckets[first])
        joining, share, largest = _joining(usual_buckets, buckets[~first], others, fingerprint)
        faults = contract.faults(others)
        apart = np.sort(np.unique(others.hashes(), return_index=True)[1])
        new_to_all = unheard_of(rows.codes, contract.unseen)
        own = {
            "off_contract": 3 * _share_at_most(faults.broken),
            "malformed": 3 * max(_share_at_most(faults.malformed), new_to_all),
            "training_rows": 3 * (1 - np.unique(hashes).size / hashes.size),
            MET: chance_meetings(population.placed(space, others.take(apart)), buckets[~first][apart], rng=rng),
        }
        regions = Regions.of(population.points, points, found, rng=rng)
        rates = _rates(own, held=held.size, regions=len(regions.centres))
        return cls(
            space,
            answers,
            fingerprint,
            Usual.of(buckets) if largest else usual_buckets,
            population,
            combination,
            regions,
            _regulars(
                keys_of(reference, roles)[held],
                rates,
                tails=regions.shown(found, points)[:2],
                faults=contract.faults(rows.take(held)),
            ),
            contract,
            Writing.of(space, reference),
            usual,
            rates,
            joining[0],
            np.array(joining[1:], np.int64),
            np.array([np.unique_counts(cells).counts.max() for cells in rows.cells.T]) / len(rows),
            max(LEAST_GROWTH, GROWTH_TIMES * share),
            largest,
            _horizon(apart.size),
            np.unique(hashes),
            model_budget(population.placed(space, rows), classes, rng=rng),
            Layout(space.columns, None, roles),
        )

    def packed(self) -> bytes:
        """Give it as bytes."""
        arrays: dict[str, Array] = {
            "layout": np.frombuffer(self.layout.packed(), np.uint8),
            "answers": np.frombuffer(json.dumps(self.answers.described()).encode(), np.uint8),
            "widths": np.array(self.space.widths, np.int64),
            "center": self.space.center,
            "scale": self.space.scale,
            "offsets": self.fingerprint.offsets,
            "weights": self.fingerprint.weights,
            "buckets": self.usual_buckets.buckets,
            "shares": self.usual_buckets.shares,
            "rates": self.rates,
            "joins_without": self.joins_without,
            "modal": self.modal,
            "writing": self.writing.highest,
            "regular_keys": self.regulars.keys,
            "regular_rates": self.regulars.rates,
            "numbers": np.array([self.joins, self.growth, self.largest, self.horizon, self.budget]),
            "trained": self.trained,
        }
        arrays |= {f"population_{name}": array for name, array in self.population.arrays().items()}
        arrays |= {f"combination_{name}": array for name, array in self.combination.arrays().items()}
        arrays |= {f"regions_{name}": array for name, array in self.regions.arrays().items()}
        arrays |= {f"contract_{name}": getattr(self.contract, name) for name in self.contract.__dataclass_fields__}
        arrays |= {f"usual_{name}": values for name, values in self.usual.items()}
        return packed(arrays)

    @classmethod
    def unpacked(cls, data: bytes) -> "Baseline":
        """Make it from what `packed` gave."""
        arrays = unpacked(data)
        layout = Layout.unpacked(arrays["layout"].tobytes())
        joins, growth, largest, horizon, budget = arrays["numbers"].tolist()
        widths = tuple(arrays["widths"].tolist())
        return cls(
            Space(layout.columns, widths, arrays["center"], arrays["scale"]),
            Answers.from_described(json.loads(arrays["answers"].tobytes())),
            Fingerprint(arrays["offsets"], arrays["weights"]),
            Usual(arrays["buckets"], arrays["shares"]),
            Population.from_arrays(part_of(arrays, "population_")),
            Combination.from_arrays(part_of(arrays, "combination_")),
            Regions(**part_of(arrays, "regions_")),
            Regulars(arrays["regular_keys"], arrays["regular_rates"]),
            Contract(**part_of(arrays, "contract_")),
            Writing(arrays["writing"]),
            part_of(arrays, "usual_"),
            arrays["rates"],
            int(joins),
            arrays["joins_without"],
            arrays["modal"],
            growth,
            int(largest),
            int(horizon),
            arrays["trained"],
            int(budget),
            layout,
        )


def _thinned(reference: pa.Table) -> pa.Table:
    places = np.linspace(0, reference.num_rows - 1, MOST_ROWS).astype(np.int64)
    return reference.take(pa.array(places))


def _some(places: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return places if places.size <= most else np.sort(rng.choice(places, most, replace=False))


def _unseen(bins: CategoryBins) -> int:
    return -1 if bins.tail is None else bins.unseen


def _share_at_most(broken: NDArray[np.bool_]) -> float:
    """Give the share of rows with a fault, as if the next one had it, too: few rows tell little of what is rare.

    broken: shape (rows, columns).
    """
    return float((broken.any(axis=1).sum() + 1) / (len(broken) + 1))


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
        else:
            rates.append(indicator.rate)
    return np.asarray(np.clip(np.array(rates), RATE_LEAST, RATE_MOST))


def _regulars(
    keys: NDArray[np.uint64], rates: Floats, *, tails: tuple[NDArray[np.bool_], NDArray[np.bool_]], faults: Faults
) -> Regulars:
    """Count what held-out rows show, client by client.

    tails: of which signs they tell, and which they show; faults: where they break the contract.
    """
    counted, hits = (np.zeros((keys.size, len(NAMES)), np.bool_) for _ in range(2))
    of_tails = [NAMES.index(name) for name in TAILS]
    counted[:, of_tails], hits[:, of_tails] = tails
    for name, broken in (("off_contract", faults.broken), ("malformed", faults.malformed)):
        counted[:, NAMES.index(name)], hits[:, NAMES.index(name)] = True, broken.any(axis=1)
    return Regulars.of(keys, counted, hits, rates / SLACK, SLACK)


def _joining(
    usual: Usual, buckets: NDArray[np.uint64], rows: Rows, fingerprint: Fingerprint
) -> tuple[list[int], float, int]:
    """Play held-out rows as a stream, one client each; give how many shared tables are needed, and clusters' size.

    The least number, at least 4, at which hardly any honest row joins a cluster, of all tables and of those that do not
    look at each of the columns; the largest cluster's share of the rows, and its rows.
    """
    places = np.unique(rows.hashes(), return_index=True)[1]
    places.sort()
    n = places.size
    told = shared(
        empty_memory(),
        buckets[places],
        usual=usual,
        horizon=n,
        client=np.arange(1, n + 1, dtype=np.uint32),
        asked=np.ones(n, np.int64),
        varied=np.zeros(n, np.bool_),
        new=np.ones(n, np.bool_),
        newcomers=np.arange(1, n + 1, dtype=np.int64),
        at=np.arange(n, dtype=np.int64),
    ).told
    looks = fingerprint.weights != 0
    joins = [_tables_needed(told), *(_tables_needed(told[:, ~looks[:, column]]) for column in range(rows.width))]
    clusters = Clusters(arrays := empty_clusters(rows.numbers.shape[1], rows.codes.shape[1]), Gains.of(np.array([0.1])))
    for i in np.flatnonzero(told.sum(axis=1) >= joins[0])[: 4 * CLUSTERS].tolist():
        place = places[i]
        clusters.join(
            buckets[place],
            numbers=rows.numbers[place],
            codes=rows.codes[place],
            client=0,
            label=-1,
            margin=0.0,
            at=i,
            stretch=0,
            name=b"",
        )
    largest = int(arrays["size"].max())
    return joins, largest / max(n, 1), largest


def _horizon(rows: int) -> int:
    """Give among how many rows near-copies are looked for: as many as held-out rows had before them in the mean."""
    return max(LEAST_HORIZON, rows // 2)


def _tables_needed(told: NDArray[np.bool_]) -> int:
    """Give how many shared tables hardly any honest row has; more than there are where these are fewer than four.

    told: of held-out rows as they came, so that each had half of them before it in the mean; a row of the traffic has
    all within the horizon. Where few rows shared so many tables, their number is taken to fall on as it did before, and
    by no more than to two fifths with each.
    """
    counted, tables = told.sum(axis=1), told.shape[1]
    if tables < LEAST_TABLES:
        return TABLES + 1
    most = JOINING * len(told) * (len(told) / 2) / _horizon(len(told))
    shared_by = np.array([(counted >= t).sum() for t in range(tables + 1)], np.float64)
    last = max(int((shared_by >= ENOUGH).sum()) - 1, 2)
    fall = max(np.sqrt(max(shared_by[last], 1.0) / max(shared_by[last - 2], 1.0)), LEAST_FALL)
    expected = np.where(shared_by >= ENOUGH, shared_by, ENOUGH * fall ** (np.arange(tables + 1) - last))
    enough = (expected <= most) & (shared_by <= max(most, 1.0))
    return next((t for t in range(LEAST_TABLES, tables) if enough[t]), tables)
