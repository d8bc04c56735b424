"""The reference played as queries: what the clients that it names send as a rule, near-copies and odd rows."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.ecusum import WIDTH, Gains, evidence, gathered
from monitor.detectors.attack.fitting import MOST_KNOWN, MOST_ROWS, held_out, known_rows, repeats_at_most, shown_by
from monitor.detectors.attack.indicators import NAMES, TRAINED
from monitor.detectors.attack.lingering import empty_lingering, learn_lingering
from monitor.detectors.attack.loads import COPY, PART, SENDERS, longer_than
from monitor.detectors.attack.ordering import ranks
from monitor.detectors.attack.queries import Queries
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.senders import keys_of
from monitor.detectors.attack.sighting import ALPHA
from monitor.detectors.attack.space import Floats
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import looked_at
from monitor.detectors.attack.walks import empty_walks, walks_of
from monitor.types import Roles

Flags = NDArray[np.bool_]
Keys = NDArray[np.uint64]
Places = NDArray[np.intp]

LEAST, OFTEN, STEP, MOST = 40, 400, 20, 2 * MOST_ROWS
"""Clients of fewer rows tell little; of one more than so many rows are not looked at, nor of all together."""
DAY = timedelta(days=1)
MOST_CLIENTS, REPEATS = 0.75, NAMES.index(TRAINED)
ACCUSED, ALARM = 0.01, math.log(1 / ALPHA)
"""So large a part of a reference's clients may be accused of copies; none where these are few."""


def rehearsed(baseline: Baseline, reference: pa.Table, roles: Roles) -> Baseline:
    """Give a baseline that knows what the clients that the reference names send as a rule.

    As it is where it names none.
    """
    if roles.client is None or roles.client not in reference.column_names:
        return baseline
    baseline = _repeating(baseline, reference, roles)
    regulars = _odd(baseline, reference, roles).and_of(baseline.regulars)
    if roles.timestamp in reference.column_names:
        last = reference.sort_by(roles.timestamp).slice(max(reference.num_rows - MOST_ROWS, 0))
        queries = Queries.of(last, roles, baseline, length=DAY)
        walks, lingering = _going_on(baseline, queries)
        baseline = replace(baseline, walks=walks, lingering=lingering)
        shown = _copying(baseline, queries)
        load = _load(baseline, regulars.and_of(_copied(baseline, shown)), shown)
        baseline = replace(baseline, copies=replace(baseline.copies, load=load))
        regulars = regulars.and_of(_copied(baseline, shown))
    return replace(baseline, regulars=regulars)


def _repeating(baseline: Baseline, reference: pa.Table, roles: Roles) -> Baseline:
    """Tell who repeats rows, as a nightly batch does and who polls, from the others, whom such rows say nothing of."""
    reference = reference.slice(max(reference.num_rows - MOST_KNOWN, 0))
    _, which, times = np.unique(known_rows(baseline.space, reference, roles), return_inverse=True, return_counts=True)
    last = max(reference.num_rows - MOST_ROWS, 0)
    keys, again = keys_of(reference.slice(last), roles), times[which[last:]] > 1
    clients, own, rows = np.unique(keys, return_inverse=True, return_counts=True)
    shares = np.bincount(own, again, clients.size) / rows
    known = (clients > 0) & (rows >= LEAST)
    if not known.any():
        return baseline
    others = (known & (shares <= np.quantile(shares[known], MOST_CLIENTS)))[own]
    counted, hits = np.zeros((2, keys.size, len(NAMES)), np.bool_)
    counted[:, REPEATS], hits[:, REPEATS] = True, again
    rates = baseline.rates.copy()
    rates[REPEATS] = min(rates[REPEATS], repeats_at_most(float(again[others].mean())))
    baseline = replace(baseline, rates=rates)
    return replace(baseline, regulars=_regulars(baseline, keys, counted, hits))


def _odd(baseline: Baseline, reference: pa.Table, roles: Roles) -> Regulars:
    """Count which clients' rows, of those that nothing was fitted on, are odd beside all others'."""
    sample = reference.take(pa.array(_by_client(keys_of(reference, roles))))
    rows = baseline.space.rows(sample)
    apart = np.flatnonzero(held_out(rows.hashes()))
    sample, rows = sample.take(pa.array(apart)), rows.take(apart)
    points = baseline.population.placed(baseline.space, rows)
    found = {}
    if len(rows):
        answers = baseline.answers
        found = baseline.statistics(rows, points, answers.classes(sample), answers.margins(sample))
    counted, hits = shown_by(baseline.regions, baseline.contract, found, points, rows)
    return _regulars(baseline, keys_of(sample, roles), counted, hits)


def _going_on(baseline: Baseline, queries: Queries) -> tuple[Floats, Floats]:
    """Count how near clients' rows come to their last ones, and how odd rows are that follow an odd one.

    Of the last rows as they came; what was fitted on a row tells nothing of how odd it is.
    """
    held, walks, lingering = State.empty(baseline).held, empty_walks(), empty_lingering()
    apart = held_out(queries.rows.hashes())
    for epoch, signs in looked_at(baseline, State(held), queries):
        everybody, last = np.ones(epoch.size, np.bool_), held["client_beside"]
        came = walks_of(last, epoch.place, signs.beside, everybody, previous=epoch.previous)
        held["beside_new"] += came
        walks += came
        goes_on = (epoch.previous >= 0) & (epoch.slices == epoch.slices[epoch.previous]) & apart[epoch.part]
        row, sign = np.nonzero(goes_on[:, None] & signs.counted & signs.hits[epoch.previous])
        learn_lingering(lingering, sign, signs.hits[row, sign])
    return walks, lingering


class Copies(NamedTuple):
    """Which rows of the reference are near-copies and sweeps, each of shape (rows, ...).

    keys: of their clients, 0 for none. days: a number for a client's day. counted, hits: shape (rows, indicators).
    copies: how many of its client's led to each.
    """

    keys: Keys
    days: Places
    counted: Flags
    hits: Flags
    copies: Places


def _copying(baseline: Baseline, queries: Queries) -> Copies:
    """Tell which rows are near-copies and sweeps: of the last ones as they came, as copies follow each other.

    Those of a reference that was thinned out are rarer.
    """
    shown = [signs for _, signs in looked_at(baseline, State.empty(baseline), queries)]
    counted, hits = (np.concatenate(flags) & COPY for flags in ([s.counted for s in shown], [s.hits for s in shown]))
    days = np.unique(np.stack([queries.who, queries.slices]), axis=1, return_inverse=True)[1]
    keys = np.append(queries.keys, np.uint64(0))[queries.who]
    return Copies(keys, days, counted, hits, np.concatenate([s.copies for s in shown]))


def _copied(baseline: Baseline, shown: Copies) -> Regulars:
    """Count which clients' rows are copies, beyond a load; copies come many at once: only days with any of them count.

    What hits by other rules than by how many came before is of no load.
    """
    hits = shown.hits & ((shown.copies >= baseline.copies.load) | (shown.copies == 0))[:, None]
    on_the_day = np.zeros((shown.days.max() + 1, len(NAMES)), np.bool_)
    np.logical_or.at(on_the_day, shown.days, hits)
    return _regulars(baseline, shown.keys, shown.counted & on_the_day[shown.days], hits)


def _load(baseline: Baseline, regulars: Regulars, shown: Copies) -> int:
    """Give how many near-copies of one row clients send as a rule; 0 where few would be accused of it.

    That is where a part of them sends such, and where more than a hundredth would be accused though they may do as they
    did: a van's parcels, an order's lines and a film's frames come many at once, which their mean rate does not tell.
    """
    order = np.argsort(shown.keys, kind="stable")
    order = order[shown.keys[order] > 0]
    clients, group = np.unique(shown.keys[order], return_inverse=True)
    hits, counted = (part[order][:, COPY] for part in (shown.hits, shown.counted))
    few, many = int(ACCUSED * clients.size), max(SENDERS, PART * clients.size)
    as_they_did, as_all = (
        regulars.at(clients, baseline.rates),
        np.broadcast_to(baseline.rates, (clients.size, len(NAMES))),
    )
    for rates, most in ((as_they_did, few), (as_all, many)):
        if _accused(rates[:, COPY], hits, counted, group) > most:
            sent = np.zeros(clients.size, np.intp)
            np.maximum.at(sent, group, shown.copies[order])
            return longer_than(float(np.sort(sent)[-1 - few]))
    return 0


def _accused(rates: Floats, hits: Flags, counted: Flags, group: Places) -> int:
    """Count the clients that would be accused of one of some signs.

    rates: that they are held to, shape (clients, signs). hits, counted: shape (rows, signs). group: each row's client,
    rising.
    """
    found = np.zeros(len(rates), np.bool_)
    for sign in range(rates.shape[1]):
        gains = Gains.of(rates[:, sign]).at(group)
        shown, told = (part[:, sign, None] for part in (hits, counted))
        ratios = gathered(np.zeros((len(rates), 1, WIDTH)), shown, told, group, gains)
        np.logical_or.at(found, group, evidence(ratios, gains, least=ALARM)[:, 0] >= ALARM)
    return int(found.sum())


def _regulars(baseline: Baseline, keys: Keys, counted: NDArray[np.bool_], hits: NDArray[np.bool_]) -> Regulars:
    return Regulars.of(keys, counted, hits, baseline.rates / SLACK, SLACK)


def _by_client(keys: Keys) -> Places:
    """Choose rows of each client, evenly spread over what it sent, fewer of each where there are many clients.

    keys: of each row's client, 0 for none.
    """
    clients, which, rows = np.unique(keys, return_inverse=True, return_counts=True)
    known = np.where((clients > 0) & (rows >= LEAST), rows, 0)
    most = next((most for most in range(OFTEN, LEAST, -STEP) if np.minimum(known, most).sum() <= MOST), LEAST)
    wanted = np.minimum(known, most)
    busiest = np.argsort(-known, kind="stable")
    wanted[busiest[np.cumsum(wanted[busiest]) > MOST]] = 0
    rank, share = ranks(which), wanted[which] / rows[which]
    return np.flatnonzero(np.floor((rank + 1) * share) > np.floor(rank * share))
