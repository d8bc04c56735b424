"""What all clients together show: totals, clusters that many send, and, where rows name no client, the whole stream."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.account import account_of
from monitor.detectors.attack.baseline import RARE_TAIL, Baseline
from monitor.detectors.attack.clusters import ALARM, of_one_client
from monitor.detectors.attack.ecusum import Floats, Gains, evidence, gathered
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import NAMES, SIMILAR, TAILS
from monitor.detectors.attack.sighting import CLUSTER, POOLED, SHOWN, Sighting
from monitor.detectors.attack.signs import SWEEP, Signs

Array = NDArray[Any]

BURN_IN = 5_000
ABOVE = 1.5
CLUSTER_LEAST, MOST_SEARCHING, SEARCHING = 12, 0.6, 0.5
LEARNED = np.array([name not in (*SIMILAR, SWEEP) for name in NAMES])
"""Signs that a change of the world brings to honest rows, too."""


def totals(epoch: Epoch, signs: Signs, rates: Floats) -> Iterator[Sighting]:
    """Count in each stretch of time the rows looked at, and those that showed each sign."""
    for now in np.unique(epoch.slices).tolist():
        own = epoch.slices == now
        counted, hits = signs.counted[own].sum(axis=0), signs.hits[own].sum(axis=0)
        start = epoch.queries.start(int(now))
        for d in np.flatnonzero(counted).tolist():
            yield Sighting(NAMES[d], "", start, int(counted[d]), int(hits[d]), float(rates[d]), total=True)


def grown(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rate: float
) -> Iterator[Sighting]:
    """Tell of clusters that grow faster than any honest one and that no single client sends; not in the burn-in.

    rate: the share of the rows that an honest cluster takes at most.
    """
    if epoch.begun < BURN_IN:
        return
    least = max(CLUSTER_LEAST, 2 * baseline.largest)
    for k in np.unique(signs.cluster[signs.cluster >= 0]).tolist():
        asked, size = held["cluster_asked"][k], int(held["cluster_size"][k])
        alone = epoch.queries.named and of_one_client(asked)
        log_e = float(held["cluster_peak"][k])
        rows = np.flatnonzero(signs.cluster == k)
        if alone or size < least or log_e < ALARM or not _of_searchers(held, epoch, rows):
            continue
        told = account_of(baseline, epoch.rows, held, detector=CLUSTER, hit=rows, clusters=signs.cluster[rows])
        start = epoch.queries.start(int(epoch.slices[rows[-1]]))
        yield Sighting(CLUSTER, "", start, size, size, rate, log_e, evidence=told, **epoch.named(rows))


def _of_searchers(held: Mapping[str, Array], epoch: Epoch, rows: NDArray[np.intp]) -> bool:
    """Say whether most rows come from clients that send little but near-copies.

    Honest ones meet in a cluster now and then, as all do who have the same weather. Without client ids it is not known.
    """
    if not epoch.queries.named:
        return True
    place = epoch.place[rows]
    spot = np.maximum(place, 0)
    searching = held["client_similar"][spot, 0] >= SEARCHING * held["client_rows"][spot]
    return bool((searching & (place >= 0)).mean() >= MOST_SEARCHING)


def pooled(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, alarm: float
) -> Iterator[Sighting]:
    """Gather evidence about all rows together, once the burn-in has told how often they show each sign.

    The worst one per cent count, against one and a half times the usual rate: a small attack must stand out of all.
    """
    burning = epoch.begun < BURN_IN
    if burning:
        held["pool_rows"] += signs.counted.sum(axis=0)
        held["pool_hits"] += signs.rare.sum(axis=0)
    rates = _pool_rates(baseline, held)
    gains = Gains.of(rates)
    for rows in np.split(np.arange(epoch.size), np.flatnonzero(epoch.slices[1:] != epoch.slices[:-1]) + 1):
        now = int(epoch.slices[rows[0]])
        _turn(held, now, gains, alarm)
        if burning:
            continue
        all_one = np.zeros(rows.size, np.intp)
        ratios = gathered(held["pool_ratios"], signs.rare[rows], signs.counted[rows], all_one, gains)
        held["pool_ratios"][0] = np.maximum(ratios[-1], 0)
        held["pool_shown"][0] += signs.counted[rows].sum(axis=0)
        held["pool_shown"][1] += signs.rare[rows].sum(axis=0)
        top = evidence(ratios, gains).max(axis=0)
        for d in np.flatnonzero(LEARNED & (top >= SHOWN)).tolist():
            counted, shown = held["pool_shown"][:, d].tolist()
            hit = rows[signs.rare[rows, d]]
            told = account_of(baseline, epoch.rows, held, detector=NAMES[d], hit=hit, clusters=signs.cluster[hit])
            yield Sighting(
                POOLED + NAMES[d],
                "",
                epoch.queries.start(now),
                counted,
                shown,
                float(rates[d]),
                float(top[d]),
                evidence=told,
                **epoch.named(hit),
            )


def _pool_rates(baseline: Baseline, held: Mapping[str, Array]) -> Floats:
    fitted = [RARE_TAIL if name in TAILS else rate / 3 for name, rate in zip(NAMES, baseline.rates, strict=True)]
    usual = np.maximum(np.array(fitted), held["pool_hits"] / np.maximum(held["pool_rows"], 1))
    return np.asarray(np.clip(ABOVE * usual, 0.002, 0.5))


def _turn(held: Mapping[str, Array], now: int, gains: Gains, alarm: float) -> None:
    if held["pool_slice"][0] == now:
        return
    held["pool_ratios"][evidence(held["pool_ratios"], gains) >= alarm] = 0
    held["pool_shown"][:] = 0
    held["pool_slice"][0] = now
