"""What all clients together show: totals, clusters that many send, and, where rows name no client, the whole stream."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.account import account_of
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.clusters import ALARM, of_one_client
from monitor.detectors.attack.ecusum import Floats, Gains, evidence, gathered
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import COPYING, NAMES, TAILS
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.record import begin, begins, enough, limits
from monitor.detectors.attack.regions import RARE
from monitor.detectors.attack.sighting import CLUSTER, POOLED, SHOWN, Sighting
from monitor.detectors.attack.signs import Signs

Array = NDArray[Any]
Flags = NDArray[np.bool_]

BURN_IN = 5_000
ABOVE = 1.5
CLUSTER_LEAST, MOST_SEARCHING = 12, 0.6
SEARCHING, SEARCHING_LEAST, MORE = 0.5, 0.1, 5.0
"""Who searches sends near-copies five times as often as usual: a tenth of the rows at least, half are enough."""
LEARNED = np.array([name not in COPYING for name in NAMES])
"""Signs that a change of the world brings to honest rows, too."""


def totals(epoch: Epoch, signs: Signs, rates: Floats) -> Iterator[Sighting]:
    """Count in each stretch of time the rows looked at, those that showed each sign, and the clients that asked."""
    for now in np.unique(epoch.slices).tolist():
        own = epoch.slices == now
        counted, hits = signs.counted[own].sum(axis=0), signs.hits[own].sum(axis=0)
        start, clients = epoch.queries.start(int(now)), np.unique(epoch.place[own & (epoch.place >= 0)]).size
        for d in np.flatnonzero(counted).tolist():
            rows = int(counted[d]), int(hits[d])
            yield Sighting(NAMES[d], "", start, *rows, float(rates[d]), total=True, evidence={"clients": clients})


def grown(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rate: float
) -> Iterator[Sighting]:
    """Tell of clusters that grow faster than any honest one and that no single client sends; not in the burn-in.

    rate: the share of the rows that an honest cluster takes at most. Such must come from clients that search; without
    client ids, from which sensors and pollers are not told apart, to more than clusters of honest stretches came to.
    """
    if epoch.begun < BURN_IN:
        return
    least, named = max(CLUSTER_LEAST, 2 * baseline.copies.largest), epoch.queries.named
    cluster = signs.joined.cluster
    for k in np.unique(cluster[cluster >= 0]).tolist():
        size, log_e = int(held["cluster_size"][k]), float(held["cluster_peak"][k])
        rows = np.flatnonzero(cluster == k)
        if size < least or log_e < ALARM or (named and of_one_client(held["cluster_asked"][k])):
            continue
        if not (_of_searchers(held, epoch, rows) if named else _beyond_record(held, k)):
            continue
        told = account_of(
            baseline, epoch.rows, epoch.faults, held, detector=CLUSTER, hit=rows, joined=signs.joined.at(rows)
        )
        start = epoch.queries.start(int(epoch.slices[rows[-1]]))
        told |= epoch.senders(rows)
        yield Sighting(CLUSTER, "", start, size, size, rate, log_e, evidence=told, **epoch.named(rows))


def _beyond_record(held: Mapping[str, Array], k: int) -> bool:
    """Say whether a cluster came to more evidence than those of honest stretches, of which enough went by."""
    return enough(part_of(held, "cluster_most_")) and float(held["cluster_peak"][k]) >= float(held["cluster_limit"][k])


def _of_searchers(held: Mapping[str, Array], epoch: Epoch, rows: NDArray[np.intp]) -> bool:
    """Say whether most rows come from clients of whose rows far more than usual are near-copies, and not from one.

    Honest ones meet in a cluster now and then, as all do who have the same weather; one who searches is told of alone.
    """
    place = epoch.place[rows]
    spot = np.maximum(place, 0)
    all_rows, joined = held["joined"]
    least = float(np.clip(MORE * joined / max(all_rows, 1.0), SEARCHING_LEAST, SEARCHING))
    searching = held["client_similar"][spot, 0] >= least * held["client_fresh"][spot]
    theirs = place[searching & (place >= 0)]
    return theirs.size >= MOST_SEARCHING * rows.size and not of_one_client(np.unique_counts(theirs).counts)


def pooled(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, alarm: float
) -> Iterator[Sighting]:
    """Gather evidence about all rows together, once the burn-in and ten stretches have told what is usual.

    The worst one per cent count, against one and a half times the usual rate: a small attack must stand out of all.
    """
    burning = epoch.begun < BURN_IN
    if burning:
        held["pool_rows"] += signs.counted.sum(axis=0)
        held["pool_hits"] += signs.rare.sum(axis=0)
    counted = signs.counted & LEARNED & (not burning)
    rates = _pool_rates(baseline, held)
    yield from gathered_up(
        baseline, held, epoch, signs, shown=signs.rare, counted=counted, rates=rates, alarm=alarm, name=POOLED
    )


def gathered_up(
    baseline: Baseline,
    held: Mapping[str, Array],
    epoch: Epoch,
    signs: Signs,
    *,
    shown: Flags,
    counted: Flags,
    rates: Floats,
    alarm: float,
    name: str,
) -> Iterator[Sighting]:
    """Gather evidence about rows of many clients as if they were one's; tell of every sign with what it is called.

    Such rows are not independent, so that the evidence is laid beside what it came to in honest stretches of time.

    shown, counted: shape (rows, indicators); a row that is not counted says nothing. name: that detectors begin with.
    """
    gains = Gains.of(rates)
    for stretch in np.split(np.arange(epoch.size), np.flatnonzero(epoch.slices[1:] != epoch.slices[:-1]) + 1):
        now = int(epoch.slices[stretch[0]])
        _turn(held, now, alarm)
        rows = stretch[counted[stretch].any(axis=1)]
        if not rows.size:
            continue
        ratios = gathered(held["pool_ratios"], shown[rows], counted[rows], np.zeros(rows.size, np.intp), gains)
        held["pool_ratios"][0] = np.maximum(ratios[-1], 0)
        held["pool_shown"] += [counted[rows].sum(axis=0), (shown & counted)[rows].sum(axis=0)]
        top = evidence(ratios, gains, least=SHOWN).max(axis=0)
        held["pool_peak"][:] = np.maximum(held["pool_peak"], top)
        top *= alarm / limits(part_of(held, "pool_"), alarm)
        if not (epoch.queries.named or enough(part_of(held, "pool_"))):
            continue
        for d in np.flatnonzero(top >= SHOWN).tolist():
            hit = rows[shown[rows, d] & counted[rows, d]]
            told = account_of(
                baseline, epoch.rows, epoch.faults, held, detector=NAMES[d], hit=hit, joined=signs.joined.at(hit)
            )
            yield Sighting(
                name + NAMES[d],
                "",
                epoch.queries.start(now),
                int(held["pool_shown"][0, d]),
                int(held["pool_shown"][1, d]),
                float(rates[d]),
                float(top[d]),
                evidence=told | epoch.senders(hit),
                **epoch.named(hit),
            )


def _pool_rates(baseline: Baseline, held: Mapping[str, Array]) -> Floats:
    fitted = [RARE if name in TAILS else rate / 3 for name, rate in zip(NAMES, baseline.rates, strict=True)]
    usual = np.maximum(np.array(fitted), held["pool_hits"] / np.maximum(held["pool_rows"], 1))
    return np.asarray(np.clip(ABOVE * usual, 0.002, 0.5))


def _turn(held: Mapping[str, Array], now: int, alarm: float) -> None:
    """Begin a new stretch of time with half the evidence, none of what raised an alarm, and the most before in mind."""
    memory = part_of(held, "pool_")
    if not begins(memory, now):
        return
    memory["ratios"][:, memory["peak"] >= limits(memory, alarm)] = 0
    memory["ratios"][:] /= 2
    memory["shown"][:] = 0
    begin(memory, now)
