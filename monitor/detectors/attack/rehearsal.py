"""The reference played as queries: what the clients that it names send as a rule, near-copies and odd rows."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.fitting import MOST_KNOWN, MOST_ROWS, held_out, known_rows, repeats_at_most, shown_by
from monitor.detectors.attack.indicators import COPYING, NAMES, TRAINED
from monitor.detectors.attack.lingering import empty_lingering, learn_lingering
from monitor.detectors.attack.ordering import ranks
from monitor.detectors.attack.queries import Queries
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.senders import keys_of
from monitor.detectors.attack.space import Floats
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import looked_at
from monitor.detectors.attack.walks import empty_walks, walks_of
from monitor.types import Roles

Keys = NDArray[np.uint64]
Places = NDArray[np.intp]

LEAST, OFTEN, STEP, MOST = 40, 400, 20, 2 * MOST_ROWS
"""Clients of fewer rows tell little; of one more than so many rows are not looked at, nor of all together."""
DAY = timedelta(days=1)
MOST_CLIENTS, REPEATS = 0.75, NAMES.index(TRAINED)
COPY = np.isin(NAMES, COPYING)


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
        regulars = regulars.and_of(_copying(baseline, queries))
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


def _copying(baseline: Baseline, queries: Queries) -> Regulars:
    """Count which clients' rows are near-copies and sweeps: of the last rows as they came, as copies follow each other.

    Those of a reference that was thinned out are rarer. Copies come many at once: only the days count on which a client
    sent any.
    """
    shown = [signs for _, signs in looked_at(baseline, State.empty(baseline), queries)]
    counted, hits = (np.concatenate(flags) & COPY for flags in ([s.counted for s in shown], [s.hits for s in shown]))
    day = np.unique(np.stack([queries.who, queries.slices]), axis=1, return_inverse=True)[1]
    on_the_day = np.zeros((day.max() + 1, len(NAMES)), np.bool_)
    np.logical_or.at(on_the_day, day, hits)
    keys = np.append(queries.keys, np.uint64(0))[queries.who]
    return _regulars(baseline, keys, counted & on_the_day[day], hits)


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
