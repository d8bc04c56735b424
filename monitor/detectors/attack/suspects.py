"""The evidence about each client, gathered over its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.account import Client, account_of
from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.ecusum import Floats, Gains, evidence, gathered
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.habits import learn_habits, usual_of
from monitor.detectors.attack.indicators import (
    MET,
    MOST_RATE,
    NAMES,
    ODD,
    ODD_RATE,
    PASSING,
    RAREST,
    SIMILAR,
    TAILS,
)
from monitor.detectors.attack.lingering import (
    HONEST,
    Before,
    learn_lingering,
    lingering_too,
    odd_after_odd,
    packed_odd,
    unpacked_odd,
)
from monitor.detectors.attack.ordering import begins, ordered, ranks
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.peers import shown_by_others
from monitor.detectors.attack.sighting import SHOWN, Sighting
from monitor.detectors.attack.signs import Signs
from monitor.detectors.attack.volume import LEAST
from monitor.detectors.attack.walks import going_on

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

ALONE = np.array([name != MET for name in NAMES])
"""Signs that a client shows alone."""
ALL_ROUND = NAMES.index(ODD)
EXCUSED = PASSING | (np.array(NAMES) == ODD)
"""Signs that say nothing where other clients show them, too."""
MOST_KEPT = 60_000.0
"""More evidence than that is no more: half a float holds it."""
QUIET = 12
"""So many stretches after the last alarm about a client what it shows is no habit."""
WORST_SHARE = 2.5 * 1.25 * 0.01
"""So large a share of a client's rows may be among the worst hundredth, whichever sign it is of."""
WORST = np.array(
    [WORST_SHARE / (tail.share * tail.slack) if (tail := TAILS.get(name)) and tail.rare else np.nan for name in NAMES]
)
"""What part that is of the rows that may show the sign."""
QUARTER = NAMES.index("often_doubtful")


class Suspects(NamedTuple):
    """What an epoch's rows say of their clients.

    found: what there is to show of clients. gone_by: the evidence about each row's client when it had come, shape
    (rows, indicators). doubtful: of its client's rows in the stretch up to it, how many were looked at for doubt, and
    how many of these are among the more doubtful quarter, shape (2, rows); 0 where nobody asks much.
    """

    found: list[Sighting]
    gone_by: Floats
    doubtful: NDArray[np.int64]


def suspects(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, signs: Signs, *, rates: Floats, alarm: float
) -> Suspects:
    """Gather the evidence about each client.

    rates: the share of honest rows that show each indicator at most. alarm: log of the evidence from which a client's
    begins anew in its next stretch. Changes what is remembered of the clients.
    """
    found: list[Sighting] = []
    gone_by, doubtful = np.zeros(signs.hits.shape), np.zeros((2, epoch.size), np.int64)
    much = signs.asked.max(initial=0) >= LEAST
    gains = Gains.of(rates, worst=WORST)
    telling = rates < MOST_RATE
    counted = signs.counted & telling & ALONE
    # What was gathered before all showed a sign was laid beside a rate that was wrong.
    for name in ("client_ratios", "client_peak"):
        held[name][:, ~telling] = 0
    goes_on = going_on(held["beside"], by_chance=baseline.copies.beside)
    after = odd_after_odd(held["lingering"]) if goes_on else odd_after_odd(baseline.lingering, least=HONEST)
    stays = goes_on & (signs.beside >= baseline.copies.beside)
    recent = part_of(held, "recent_")
    counted &= ~(shown_by_others(recent, epoch, hits=signs.hits, counted=signs.counted, rates=rates) & EXCUSED)
    hits = signs.hits & counted
    for stretches in _rounds(epoch):
        own, rows, starts = stretches.owner, stretches.rows, stretches.starts
        _turn(held, stretches, gains, alarm)
        worst = (hits & signs.rare)[:, RAREST]
        if much:
            told = (("client_counted", counted), ("client_shown", hits))
            doubtful[:, rows] = [_running(held[name], stretches, flags) for name, flags in told]
        of_signs = {"client_counted": counted, "client_shown": hits, "client_worst": worst}
        for name, flags in of_signs.items():
            more = held[name][own] + np.add.reduceat(flags[rows], starts, axis=0, dtype=np.uint32)
            held[name][own] = np.minimum(more, np.iinfo(held[name].dtype).max)
        own_rates = _own_rates(baseline, held, own, rates)
        of_rows = np.repeat(own_rates < MOST_RATE, stretches.lengths, axis=0)
        counted[rows], hits[rows] = counted[rows] & of_rows, hits[rows] & of_rows
        _gather(
            held,
            stretches,
            hits=hits,
            worst=signs.rare,
            counted=counted,
            stays=stays,
            rates=own_rates,
            after=after,
            gone_by=gone_by,
        )
        top = held["client_peak"][own]
        for g, d in np.argwhere(top >= SHOWN).tolist():
            mine, log_e = stretches.rows_of(g), float(top[g, d])
            found.append(
                _sighting(baseline, held, epoch, signs, rows=mine, d=d, log_e=log_e, rate=float(own_rates[g, d]))
            )
    return Suspects(found, gone_by, doubtful)


@dataclass(frozen=True, eq=False)
class Stretches:
    """A stretch of time of each of some clients, with its rows in an epoch.

    owner, slices: the client's place and the number of the stretch, shape (stretches,). rows: their places in the
    epoch, one stretch behind the other; starts, lengths: where in these each begins, and how many it has.
    """

    owner: Places
    slices: NDArray[np.int64]
    rows: Places
    starts: Places
    lengths: Places

    def rows_of(self, stretch: int) -> Places:
        """Give the rows of one stretch."""
        return self.rows[self.starts[stretch] : self.starts[stretch] + self.lengths[stretch]]


def _rounds(epoch: Epoch) -> Iterator[Stretches]:
    """Give the clients' stretches by their order: first every client's first one, then every second one."""
    order = ordered(epoch.place)
    order = order[epoch.place[order] >= 0]
    place, now = epoch.place[order], epoch.slices[order]
    starts = np.flatnonzero(begins(place) | begins(now))
    lengths = np.diff(np.append(starts, order.size))
    rank = ranks(place[starts])
    for turn in range(int(rank.max(initial=-1)) + 1):
        chosen = np.flatnonzero(rank == turn)
        first = starts[chosen]
        places, _, laid = _laid(first, lengths[chosen])
        yield Stretches(place[first], now[first], order[places], laid, lengths[chosen])


def _running(before: Array, stretches: Stretches, flags: Flags) -> NDArray[np.int64]:
    """Count a stretch's rows of the more doubtful quarter up to each of them; before: what was counted of clients."""
    sums = flags[stretches.rows, QUARTER].cumsum()
    begun = before[stretches.owner, QUARTER] - np.append(0, sums)[stretches.starts]
    return np.asarray(sums + np.repeat(begun, stretches.lengths))


def _laid(starts: Places, lengths: Places) -> tuple[Places, Places, Places]:
    """Lay stretches one behind the other: each element's place before, its stretch, and where each begins now."""
    ends = np.cumsum(lengths)
    places = np.repeat(starts + lengths - ends, lengths) + np.arange(int(lengths.sum()))
    return places, np.repeat(np.arange(starts.size), lengths), ends - lengths


def _gather(
    held: Mapping[str, Array],
    stretches: Stretches,
    *,
    hits: Flags,
    worst: Flags,
    counted: Flags,
    stays: Flags,
    rates: Floats,
    after: Floats,
    gone_by: Floats,
) -> None:
    """Gather the evidence about each client, row by row, and note it in `gone_by`; where no sign was shown it stays.

    What has not spoken against a client does not begin to before a row shows the sign. rates: that each client is held
    to, shape (stretches, indicators). after: how often honest rows show each sign that follow one which did. stays:
    which rows lie near the one before them where honest clients go on so: they are odd, where that one was, for the
    same reason, as those of a machine that runs hot for days.
    """
    own, rows, starts = stretches.owner, stretches.rows, stretches.starts
    odd = unpacked_odd(held["client_odd"][own])
    awake = np.logical_or.reduceat(hits[rows], starts, axis=0) | (held["client_ratios"][own] > 0).any(axis=2) | odd
    group, sign = np.nonzero(awake)
    if not group.size:
        return
    lengths = stretches.lengths[group]
    series, of, first = _laid(starts[group], lengths)
    row, d, place = rows[series], sign[of], (own[group], sign)
    shown, told = hits[row, d, None], counted[row, d, None]
    came = Before.of(shown[:, 0], told[:, 0], first, lengths, odd[group, sign])
    base = Gains.of(rates[group, sign], worst=WORST[sign])
    told &= ~(shown & PASSING[d, None] & (came.follows & stays[row])[:, None])
    of_rows = lingering_too(base.at(of), rates[group, sign], after[sign], of, came.follows)
    before = held["client_ratios"][place][:, None]
    ratios = gathered(before, shown, told, of, of_rows, worst=worst[row, d, None])
    held["client_ratios"][place] = np.maximum(ratios[first + lengths - 1, 0], 0.0)
    gone_by[row, d] = log_e = evidence(ratios, of_rows, least=SHOWN)[:, 0]
    np.maximum.at(held["client_peak"], (own[group[of]], d), np.minimum(log_e, MOST_KEPT))
    gone_before = np.append(0.0, log_e[:-1])
    gone_before[first] = evidence(before[:, 0], base, least=SHOWN)
    learned = came.follows & (gone_before < SHOWN)
    learn_lingering(held["lingering_new"], d[learned], shown[learned, 0])
    odd[group, sign] = came.last
    held["client_odd"][own] = packed_odd(odd)


def _own_rates(baseline: Baseline, held: Mapping[str, Array], places: Places, rates: Floats) -> Floats:
    """Give the rates that clients are held to: those of all, or what the reference, or their past, tells of each."""
    own = baseline.regulars.at(held["client_key"][places], rates).copy()
    past = usual_of(held["client_habits"], places, rates[PASSING], SLACK[PASSING])
    own[:, PASSING] = np.maximum(own[:, PASSING], past)
    own[:, ALL_ROUND] = np.maximum(own[:, ALL_ROUND], ODD_RATE)
    return own


def _turn(held: Mapping[str, Array], stretches: Stretches, gains: Gains, alarm: float) -> None:
    """Begin the clients' new stretches: running counts from 0, and evidence too where it raised an alarm."""
    new = held["client_slice"][stretches.owner] != stretches.slices
    if not new.any():
        return
    turned = stretches.owner[new]
    turns = held["client_turns"][turned]
    held["client_turns"][turned] = turns + (turns < np.iinfo(turns.dtype).max)
    ratios = held["client_ratios"][turned]
    ratios[evidence(ratios, gains, least=alarm) >= alarm] = 0
    # Honest rows lie far off in clumps: a storm, a season, a sale. What one stretch shows must do for these signs.
    ratios[:, PASSING] = 0
    held["client_ratios"][turned] = ratios
    rows, hits = (held[f"client_{name}"][turned][:, PASSING] for name in ("counted", "shown"))
    wait = np.where((held["client_peak"][turned] >= alarm).any(axis=1), QUIET + 1, held["client_wait"][turned])
    held["client_wait"][turned] = wait - (wait > 0)
    learn_habits(held["client_habits"], turned, rows=rows, hits=hits, honest=wait == 0)
    for name in ("client_peak", "client_counted", "client_shown", "client_worst"):
        held[name][turned] = 0
    held["client_odd"][turned] = 0
    held["client_slice"][turned] = stretches.slices[new]


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
    who = Client(int(epoch.client[rows[0]]), epoch.id_of)
    told = account_of(
        baseline, epoch.rows, epoch.faults, held, detector=NAMES[d], hit=hit, joined=signs.joined.at(hit), client=who
    )
    if NAMES[d] in SIMILAR:
        similar, _, varied = held["client_similar"][place].tolist()
        told["what_if"] = round(varied / max(similar, 1), 2)
    told |= _weightier(int(held["client_shown"][place, d]), _of_worst(held, int(place), d), d, rate=rate, log_e=log_e)
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


def _of_worst(held: Mapping[str, Array], place: int, d: int) -> int:
    """Count a client's rows that were among the worst by a sign in its stretch, up to 255; 0 where none are told."""
    return int(held["client_worst"][place, int(RAREST[:d].sum())]) if RAREST[d] else 0


def _weightier(hits: int, worst: int, d: int, *, rate: float, log_e: float) -> dict[str, Any]:
    """Give what the counts of a sign do not tell of its evidence: how many are among the worst, and what came before.

    There was more before where all that showed the sign now, one after the other, would be less.
    """
    gains = Gains.of([rate], worst=WORST[d])
    most = (hits - worst) * float(gains.hit.max()) + worst * float(np.maximum(gains.worst, gains.hit).max())
    told = {"worst": {"hits": worst, "rate": round(rate * float(WORST[d]), 4)}} if worst else {}
    return told | ({"log_e_before": round(log_e - most, 2)} if log_e > most else {})
