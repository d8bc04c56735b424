"""Follow a model's queries: from rows to the signs that they show, to the evidence about each client."""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.broken import broken_values
from monitor.detectors.attack.buckets import learn_common
from monitor.detectors.attack.busy import busy
from monitor.detectors.attack.clusters import Clusters
from monitor.detectors.attack.ecusum import Floats, Gains
from monitor.detectors.attack.epoch import LENGTH, Epoch
from monitor.detectors.attack.indicators import MOST_RATE, NAMES
from monitor.detectors.attack.loads import learn_load
from monitor.detectors.attack.newcomers import learn_newcomers, newcomers
from monitor.detectors.attack.ordering import ranks
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.pool import ABOVE, BURN_IN, LEARNED, grown, pooled, totals, until_learned
from monitor.detectors.attack.queries import Queries
from monitor.detectors.attack.senders import key_of, numbers_of
from monitor.detectors.attack.sensors import learn_steady
from monitor.detectors.attack.sighting import ALPHA, SHOWN, Sighting, merge
from monitor.detectors.attack.signs import Signs, signs_of
from monitor.detectors.attack.space import Rows
from monitor.detectors.attack.state import Clients, State
from monitor.detectors.attack.suspects import suspects
from monitor.detectors.attack.visits import UNNAMED
from monitor.detectors.attack.volume import learn_counts
from monitor.detectors.attack.walks import walks_of
from monitor.types import Roles

Array = NDArray[Any]

FADE, FADE_OF_COUNTS = 0.5 ** (LENGTH / 20_000), 0.5 ** (LENGTH / 500_000)
CROWDED = 0.05
EARLY = 512
"""In the first epoch it is learned after so many rows how rows follow each other: one odd stay takes a dozen."""
STARTS = NAMES.index("near_duplicate_starts")
ALIKE = 8


def track(
    baseline: Baseline,
    state: State,
    table: pa.Table,
    roles: Roles,
    *,
    length: timedelta,
    alpha: float = ALPHA,
    expected: Collection[str] = (),
    rescoring: Collection[str] = (),
) -> tuple[State, list[Sighting]]:
    """Follow a batch of queries; give the new state, and what was seen, one sighting a detector, client and stretch.

    length: of the stretches of time that sightings are gathered in. alpha: the chance, for each row and detector, of a
    false alarm; a client's evidence begins anew in the stretch after one that reached it. expected: clients whose rows
    may be near-copies of each other; rescoring: clients whose rows may be the reference's.

    How a stream is cut into batches makes no difference but to rounding.
    """
    after = state.copy()
    queries = Queries.of(table, roles, baseline, length=length)
    found: dict[tuple[str, str, datetime], Sighting] = {}
    for one in _followed(baseline, after, queries, alarm=math.log(1 / alpha), expected=expected, rescoring=rescoring):
        found[one.place] = merge(found[one.place], one) if one.place in found else one
    return after, list(found.values())


def _followed(
    baseline: Baseline,
    state: State,
    queries: Queries,
    *,
    alarm: float,
    expected: Collection[str],
    rescoring: Collection[str],
) -> Iterator[Sighting]:
    held = state.held
    for epoch, signs in looked_at(baseline, state, queries, expected=expected, rescoring=rescoring):
        rates, growth = _rates(baseline, held, epoch), _growth(baseline, held, named=queries.named)
        if queries.named:
            told = suspects(baseline, held, epoch, signs, rates=rates, alarm=alarm)
            yield from told.found
            yield from busy(baseline, held, epoch, signs, doubtful=told.doubtful, rates=rates)
            yield from newcomers(baseline, held, epoch, signs, rates=rates, alarm=alarm)
            honest = (told.gone_by < SHOWN) & (epoch.place >= 0)[:, None]
            last, quiet = held["client_beside"], honest[:, STARTS]
            held["beside_new"] += walks_of(last, epoch.place, signs.beside, quiet, previous=epoch.previous)
            held["pool_new"] += [(signs.counted & honest).sum(axis=0), (signs.hits & honest).sum(axis=0)]
        else:
            yield from pooled(baseline, held, epoch, signs, alarm=alarm)
        yield from grown(baseline, held, epoch, signs, rate=growth)
        yield from totals(epoch, signs, rates)


def looked_at(
    baseline: Baseline,
    state: State,
    queries: Queries,
    *,
    expected: Collection[str] = (),
    rescoring: Collection[str] = (),
) -> Iterator[tuple[Epoch, Signs]]:
    """Look at queries, each epoch with those before in mind; what it tells is learned when the next is asked for."""
    held = state.held
    clients = Clients(part_of(held, "client_"))
    clusters = Clusters(part_of(held, "cluster_"), Gains.of([baseline.copies.growth]))
    excused, again = ({key_of(name) for name in names} for names in (expected, rescoring))
    first, stop = 0, len(queries.rows)
    while first < stop:
        seen = int(held["seen"][0])
        most = _until_early(seen) if queries.named else until_learned(seen)
        size = min(LENGTH - seen % LENGTH, most, stop - first)
        rows = queries.rows.take(slice(first, first + size))
        epoch = _epoch(baseline, state, queries, rows, first=first, clients=clients)
        if excused:
            theirs = _asking(held, epoch, excused)
            held["client_expected"][theirs] = True
            epoch.exempt[np.isin(epoch.place, theirs)] = True
        if again:
            epoch.rescored[np.isin(epoch.place, _asking(held, epoch, again))] = True
        clusters.growth.gains = Gains.of([_growth(baseline, held, named=queries.named)])
        clusters.links = _links(baseline, held, named=queries.named)
        signs = signs_of(baseline, held, epoch, clusters)
        yield epoch, signs
        held["joined_new"] += [size, int((signs.joined.cluster >= 0).sum())]
        held["seen"][0] = seen + size
        if epoch.ends:
            _learn(baseline, held, epoch)
        elif seen + size < LENGTH and (seen + size) % EARLY == 0:
            held["beside"][:] = baseline.walks + held["beside_new"]
            held["lingering"][:] = baseline.lingering + held["lingering_new"]
            learn_load(held)
        first += size


def _until_early(seen: int) -> int:
    """Give how many rows are held to the same rates, after so many of a stream: few while nothing has been learned."""
    return EARLY - seen % EARLY if seen < LENGTH else LENGTH


def _epoch(baseline: Baseline, state: State, queries: Queries, rows: Rows, *, first: int, clients: Clients) -> Epoch:
    held, size = state.held, len(rows)
    at = int(held["seen"][0]) + np.arange(size)
    place = _placed(queries, clients, queries.who[first : first + size], at)
    known, spot = place >= 0, np.maximum(place, 0)
    asked = np.where(known, ranks(place) + held["client_rows"][spot].astype(np.int64), at % UNNAMED)
    np.add.at(held["client_rows"], place[known], 1)
    client = numbers_of(np.where(known, held["client_key"][spot], np.uint64(0)))
    faults = baseline.contract.faults(rows, queries.hidden[first : first + size])
    ignored = broken_values(part_of(held, "broken_"), baseline, rows, faults, client=client, at=at) | queries.absent
    buckets, hashes = baseline.copies.fingerprint.buckets(baseline.space.scaled(rows), rows), rows.hashes()
    return Epoch(
        queries,
        rows,
        baseline.copies.fingerprint.without(buckets, hashes, ignored) if ignored.any() else buckets,
        hashes,
        first,
        at,
        place,
        client,
        asked,
        known & (held["client_expected"][spot] | held["client_steady"][spot]),
        np.zeros(size, np.bool_),
        ignored,
        faults.but(ignored) if ignored.any() else faults,
    )


def _placed(queries: Queries, clients: Clients, who: NDArray[np.intp], at: NDArray[np.int64]) -> NDArray[np.intp]:
    """Give the place of each row's client, -1 for none."""
    places = np.full(len(queries.names) + 1, -1, np.intp)
    asking, back = np.unique(who[::-1], return_index=True)
    named = asking >= 0
    places[asking[named]] = clients.places(queries.keys[asking[named]], at=at[at.size - 1 - back[named]])
    return places[who]


def _rates(baseline: Baseline, held: Mapping[str, Array], epoch: Epoch) -> Floats:
    """Give the rates that honest rows are held to: the reference's, raised where everybody shows a sign more often.

    While little has been seen they are at most doubled, since an attacker may be among the first.
    """
    rows, hits = held["pool_rows"], held["pool_hits"]
    trailing = SLACK * hits / np.maximum(rows, 1.0)
    most = np.minimum(2 * baseline.rates, MOST_RATE) if epoch.begun < BURN_IN else MOST_RATE
    raised = np.clip(trailing, baseline.rates, np.maximum(most, baseline.rates))
    return np.where(LEARNED & (rows > LENGTH / 2), raised, baseline.rates)


def _links(baseline: Baseline, held: Mapping[str, Array], *, named: bool) -> int:
    """Say how many buckets a row must share with a cluster: more when the world has come to where no reference was.

    Many rows meet there, and clusters that one bucket links would grow into each other; so would those of all rows
    where none names its client.
    """
    rows, joined = held["joined"]
    if not named:
        return max(ALIKE, baseline.copies.joins)
    return max(2, baseline.copies.joins // 2) if joined > CROWDED * rows else 1


def _growth(baseline: Baseline, held: Mapping[str, Array], *, named: bool) -> float:
    """Give the share of the rows that one honest cluster takes at most.

    That is what all clusters together usually take, and the reference's at least; where no row names its client
    clusters are tight, and the reference's will do.
    """
    if not named:
        return baseline.copies.growth
    rows, joined = held["joined"]
    return float(np.clip(ABOVE * joined / max(rows, 1.0), baseline.copies.growth, MOST_RATE))


def _learn(baseline: Baseline, held: Mapping[str, Array], epoch: Epoch) -> None:
    """Take in what honest rows showed in an epoch that is over; what was known before fades by half in 20,000 rows."""
    if epoch.queries.named:
        for name, new in zip(("pool_rows", "pool_hits"), held["pool_new"], strict=True):
            held[name][:] = held[name] * FADE + new
        held["pool_new"][:] = 0
        if epoch.begun == 0:
            held["beside"][:], held["lingering"][:] = baseline.walks, baseline.lingering
        learn_load(held)
        for name in ("beside", "lingering"):
            held[name][:] = held[name] * FADE + held[f"{name}_new"]
            held[f"{name}_new"][:] = 0
        learn_newcomers(held, fade=FADE)
        learn_counts(held, fade=FADE_OF_COUNTS, now=int(epoch.times[-1]))
    held["joined"][:] = held["joined"] * FADE + held["joined_new"]
    held["joined_new"][:] = 0
    known = numbers_of(held["client_key"])
    learn_common(part_of(held, "bucket_"), clients=known, at=int(held["seen"][0]))
    learn_steady(held)


def _asking(held: Mapping[str, Array], epoch: Epoch, keys: set[int]) -> NDArray[np.intp]:
    """Give the places of those of some clients, by their keys, that sent any of an epoch's rows."""
    places = np.unique(epoch.place[epoch.place >= 0])
    return places[np.isin(held["client_key"][places], np.array([*keys], np.uint64))]
