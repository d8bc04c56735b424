"""What all clients together show: totals, clusters that many send, and, where rows name no client, the whole stream."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.account import account_of
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.ecusum import Floats, Gains, evidence, gathered
from monitor.detectors.attack.epoch import LENGTH, Epoch
from monitor.detectors.attack.growth import ALARM
from monitor.detectors.attack.indicators import COPYING, MOST_RATE, NAMES, TAILS
from monitor.detectors.attack.members import of_one_client
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.record import ENOUGH, begin, begins, enough, limits
from monitor.detectors.attack.regions import RARE
from monitor.detectors.attack.senders import numbers_of
from monitor.detectors.attack.sighting import CLUSTER, POOLED, REPEATED, SHOWN, Sighting
from monitor.detectors.attack.signs import Signs

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

BURN_IN = 5_000
ABOVE = 1.5
LEARNED_FROM = 8_000
"""Where rows name no client, what is usual of odd rows is learned from so many first ones."""
CLUSTER_LEAST, MOST_SEARCHING = 12, 0.6
SEARCHING, SEARCHING_LEAST, MORE = 0.5, 0.1, 5.0
"""Who searches sends near-copies five times as often as usual, a tenth of the rows at least; half of them are enough
unless so many are usual that these are not even at five times the odds."""
LEARNED = np.array([name not in COPYING for name in NAMES])
"""Signs that a change of the world brings to honest rows, too."""


def totals(epoch: Epoch, signs: Signs, rates: Floats) -> Iterator[Sighting]:
    """Count in each stretch of time the rows looked at, those that showed each sign, and the clients that asked.

    And those that exactly repeat another, which is no sign of an attack.
    """
    for now in np.unique(epoch.slices).tolist():
        own = epoch.slices == now
        counted, hits = signs.counted[own].sum(axis=0), signs.hits[own].sum(axis=0)
        start, clients = epoch.queries.start(int(now)), np.unique(epoch.place[own & (epoch.place >= 0)]).size
        yield Sighting(REPEATED, "", start, int(own.sum()), int(signs.again[own].sum()), 0.0, total=True)
        for d in np.flatnonzero(counted).tolist():
            rows = int(counted[d]), int(hits[d])
            yield Sighting(NAMES[d], "", start, *rows, float(rates[d]), total=True, evidence={"clients": clients})


def grown(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rate: float
) -> Iterator[Sighting]:
    """Tell of clusters that grow faster than any honest one and that no single client sends.

    rate: the share of the rows that an honest cluster takes at most. Such must come from clients that search, after the
    burn-in; where honest ones take half of the rows as it is none tells anything. Without client ids, from which
    sensors and pollers are not told apart, to more than clusters of honest stretches came to, of which enough went by.
    """
    least, named, joined = max(CLUSTER_LEAST, 2 * baseline.copies.largest), epoch.queries.named, signs.joined
    if named and (epoch.begun < BURN_IN or rate >= MOST_RATE):
        return
    for rows in _by_cluster_and_stretch(joined.cluster, epoch.slices):
        last = rows[-1]
        size, log_e = int(joined.size[last]), float(joined.peak[last])
        if size < least or log_e < ALARM or (named and not joined.shared[last]):
            continue
        if not (_of_searchers(held, int(joined.cluster[last])) if named else log_e >= joined.limit[last]):
            continue
        told = account_of(baseline, epoch.rows, epoch.faults, held, detector=CLUSTER, hit=rows, joined=joined.at(rows))
        start = epoch.queries.start(int(epoch.slices[last]))
        told |= epoch.senders(rows)
        yield Sighting(CLUSTER, "", start, size, size, rate, log_e, evidence=told, **epoch.named(rows))


def _by_cluster_and_stretch(cluster: Places, slices: NDArray[np.int64]) -> Iterator[Places]:
    """Give the rows that joined a cluster in a stretch of time, for each of these, in the order in which they came."""
    rows = np.flatnonzero(cluster >= 0)
    rows = rows[np.lexsort((rows, cluster[rows], slices[rows]))]
    begins = (np.diff(cluster[rows]) != 0) | (np.diff(slices[rows]) != 0)
    yield from filter(np.size, np.split(rows, np.flatnonzero(begins) + 1))


def _of_searchers(held: Mapping[str, Array], cluster: int) -> bool:
    """Say whether most rows come from clients of whose rows far more than usual are near-copies, and not from one.

    Honest ones meet in a cluster now and then, as all do who have the same weather; one who searches is told of alone.
    """
    all_rows, joined = held["joined"]
    usual = float(joined) / max(float(all_rows), 1.0)
    # half of the rows are not five times as many where a third is usual: then the odds are
    most = max(SEARCHING, MORE * usual / (1 + (MORE - 1) * usual))
    least = float(np.clip(MORE * usual, SEARCHING_LEAST, most))
    members, asked = held["cluster_members"][cluster], held["cluster_grown_asked"][cluster].astype(np.int64)
    known = numbers_of(held["client_key"])
    place = np.flatnonzero(np.isin(known, members[asked > 0]))
    searching = place[held["client_similar"][place, 0] >= least * held["client_fresh"][place]]
    theirs = asked[(asked > 0) & np.isin(members, known[searching])]
    return theirs.sum() >= max(MOST_SEARCHING * asked.sum(), 1) and not of_one_client(theirs)


def pooled(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, alarm: float
) -> Iterator[Sighting]:
    """Gather evidence about all rows together, once the first rows, and then ten stretches, have told what is usual.

    The worst one per cent count, against one and a half times the usual rate: a small attack must stand out of all.
    """
    if int(epoch.at[0]) < LEARNED_FROM:
        held["pool_rows"] += signs.counted.sum(axis=0)
        held["pool_hits"] += signs.rare.sum(axis=0)
        return
    rates = _pool_rates(baseline, held)
    yield from gathered_up(
        baseline,
        held,
        epoch,
        signs,
        shown=signs.rare,
        counted=signs.counted & LEARNED,
        rates=rates,
        alarm=alarm,
        name=POOLED,
    )


def until_learned(seen: int) -> int:
    """Give how many rows meet the same rates, after so many of a stream that names no client."""
    return LEARNED_FROM - seen if seen < LEARNED_FROM else LENGTH


class Learning(NamedTuple):
    """What has to come where rows name no client before searches and odd rows are told of.

    searches: stretches of time; rows: rows of the stream, and then odd: stretches of time. 0 where none has to.
    """

    searches: int
    rows: int
    odd: int

    @classmethod
    def of(cls, held: Mapping[str, Array]) -> "Learning":
        """Say what is left; nothing held is nothing seen."""
        seen, searched, gone_by = (
            int(held[name][0]) if name in held else 0 for name in ("seen", "cluster_most_stretches", "pool_stretches")
        )
        needed = ((ENOUGH, searched), (LEARNED_FROM, seen), (ENOUGH, gone_by))
        return cls(*(max(least - had, 0) for least, had in needed))


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
