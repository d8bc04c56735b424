"""The evidence about each client, gathered over its rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.account import account_of
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.ecusum import Floats, Gains, evidence, gathered
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import NAMES, SIMILAR, TAILS
from monitor.detectors.attack.ordering import ordered, ranks
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.peers import shown_by_others
from monitor.detectors.attack.sighting import SHOWN, Sighting
from monitor.detectors.attack.signs import Signs
from monitor.detectors.attack.volume import VOLUME, tail_of_hours

Array = NDArray[Any]

MOST_RATE = 0.5
PASSING = np.array([name in TAILS or name in ("off_contract", "malformed") for name in NAMES])
"""Signs that the world brings to honest rows, too: others' excuse a client's, and evidence ends with its stretch."""
Places = NDArray[np.intp]


def suspects(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rates: Floats, alarm: float
) -> tuple[list[Sighting], Floats]:
    """Give what there is to show of clients, and the evidence about each row's client when it had come.

    rates: the share of honest rows that show each indicator at most. alarm: log of the evidence from which a client's
    begins anew in its next stretch. Changes what is remembered of the clients.
    """
    found: list[Sighting] = []
    gone_by = np.zeros(signs.hits.shape)
    gains = Gains.of(rates)
    # A sign that honest rows show too often tells nothing of anyone.
    counted = signs.counted & (rates < MOST_RATE)
    recent = part_of(held, "recent_")
    counted &= ~(shown_by_others(recent, epoch, hits=signs.hits, counted=signs.counted, rates=rates) & PASSING)
    order = ordered(epoch.place)
    order = order[epoch.place[order] >= 0]
    turns = _stretches(epoch, order) if order.size else np.empty((0, 2), np.intp)
    owner = epoch.place[order[turns[:, 0]]]
    for turn in _rounds(owner):
        begins, lengths = turns[turn, 0], turns[turn, 1]
        starts = np.cumsum(lengths) - lengths
        rows = order[np.repeat(begins - starts, lengths) + np.arange(int(lengths.sum()))]
        own = owner[turn]
        _turn(held, own, epoch.slices[order[begins]], gains, alarm)
        group = np.repeat(np.arange(own.size), lengths)
        before = held["client_ratios"][own].astype(np.float64)
        ratios = gathered(before, signs.hits[rows], counted[rows], group, gains)
        held["client_ratios"][own] = np.maximum(ratios[starts + lengths - 1], 0.0)
        for name, flags in (("client_counted", counted), ("client_shown", signs.hits & counted)):
            held[name][own] += np.add.reduceat(flags[rows], starts, axis=0, dtype=np.uint32)
        gone_by[rows] = evidence(ratios, gains, least=SHOWN)
        top = np.maximum(held["client_peak"][own], np.maximum.reduceat(gone_by[rows], starts, axis=0))
        held["client_peak"][own] = top
        for g, d in np.argwhere(top >= SHOWN).tolist():
            mine = rows[starts[g] : starts[g] + lengths[g]]
            found.append(
                _sighting(baseline, held, epoch, signs, rows=mine, d=d, log_e=float(top[g, d]), rate=float(rates[d]))
            )
    return found, gone_by


def busy(held: Mapping[str, Array], epoch: Epoch, signs: Signs) -> Iterator[Sighting]:
    """Tell of clients that send more different rows in an hour than the busiest hours of all clients explain."""
    tail = tail_of_hours(held["volume_hours"])
    log_e = tail.log_e(signs.hourly)
    shown = np.flatnonzero((log_e >= SHOWN) & (epoch.place >= 0))
    for place, now in np.unique(np.stack([epoch.place[shown], epoch.slices[shown]]), axis=1).T.tolist():
        rows = shown[(epoch.place[shown] == place) & (epoch.slices[shown] == now)]
        most = rows[int(signs.hourly[rows].argmax())]
        name, asked = epoch.queries.names[epoch.queries.who[epoch.first + most]], int(signs.hourly[most])
        start, told = epoch.queries.start(now), {"busiest_hour": round(tail.record)}
        yield Sighting(VOLUME, name, start, asked, asked, 0.0, float(log_e[most]), evidence=told, **epoch.named(rows))


def _stretches(epoch: Epoch, order: Places) -> Places:
    """Give where in the order each stretch of one client and time begins, and how many rows it has: shape (n, 2)."""
    place, now = epoch.place[order], epoch.slices[order]
    turns = np.ones(order.size, np.bool_)
    turns[1:] = (place[1:] != place[:-1]) | (now[1:] != now[:-1])
    begins = np.flatnonzero(turns)
    return np.stack([begins, np.diff(np.append(begins, order.size))], axis=1)


def _rounds(owner: Places) -> Iterator[Places]:
    """Give the stretches by their order: first every client's first one, then every second one."""
    rank = ranks(owner)
    for turn in range(int(rank.max(initial=-1)) + 1):
        yield np.flatnonzero(rank == turn)


def _turn(held: Mapping[str, Array], own: Places, now: NDArray[np.int64], gains: Gains, alarm: float) -> None:
    """Begin the clients' new stretches: running counts from 0, and evidence too where it raised an alarm."""
    new = held["client_slice"][own] != now
    if not new.any():
        return
    turned = own[new]
    held["client_turns"][turned] += 1
    ratios = held["client_ratios"][turned]
    ratios[evidence(ratios.astype(np.float64), gains, least=alarm) >= alarm] = 0
    # Honest rows lie far off in clumps: a storm, a season, a sale. What one stretch shows must do for these signs.
    ratios[:, PASSING] = 0
    held["client_ratios"][turned] = ratios
    for name in ("client_peak", "client_counted", "client_shown"):
        held[name][turned] = 0
    held["client_slice"][own] = now


def _sighting(
    baseline: Baseline,
    held: Mapping[str, Array],
    epoch: Epoch,
    signs: Signs,
    *,
    rows: Places,
    d: int,
    log_e: float,
    rate: float,
) -> Sighting:
    """Tell of one client and detector: its running counts in the stretch, and the rows of the epoch that are in it."""
    place, queries, hit = epoch.place[rows[0]], epoch.queries, rows[signs.hits[rows, d]]
    told = account_of(baseline, epoch.rows, held, detector=NAMES[d], hit=hit, clusters=signs.cluster[hit])
    if NAMES[d] in SIMILAR:
        similar, _, varied = held["client_similar"][place].tolist()
        told["what_if"] = round(varied / max(similar, 1), 2)
    return Sighting(
        NAMES[d],
        queries.names[queries.who[epoch.first + int(rows[0])]],
        queries.start(int(epoch.slices[rows[0]])),
        int(held["client_counted"][place, d]),
        int(held["client_shown"][place, d]),
        rate,
        log_e,
        evidence=told,
        **epoch.named(hit),
    )
