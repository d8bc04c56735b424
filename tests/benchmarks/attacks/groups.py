"""How many honest clients are accused who serve one group each, beside a reference that names no client.

A group is one category that .4 to 15 % of the rows hold. Twenty rows a day of each, drawn from a world's honest rows,
come among 500 of forty clients who serve everybody.
"""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from figure import Figure

from attacks.logs import Logs
from attacks.sentry import Sentry
from attacks.small import NOT_ROWS, START, suspected
from monitor.detectors.attack.tracking import track

REFERENCES, ORDERS, GROUPS, DAYS = (1_500, 4_000), 3, 24, 14
RAREST, COMMONEST, FEWEST, A_DAY, OTHERS, OF_OTHERS = 0.004, 0.15, 40, 20, 40, 500
DAY = timedelta(days=1)


def figures(all_logs: list[Logs], *, quick: bool) -> Iterator[Figure]:
    """Count who is accused within two weeks, in worlds that have categories."""
    orders = range(1 if quick else ORDERS)
    for rows in REFERENCES:
        found = [_accused(logs, rows, seed=seed) for logs in all_logs for seed in orders]
        told, clients = (sum(of) for of in zip(*found, strict=True))
        how = f"{told} of {clients} in two weeks"
        yield Figure(
            f"groups: clients of one category beside {rows:,} rows", told / clients, "of clients", how, at_most=0.01
        )


def _accused(logs: Logs, reference: int, *, seed: int) -> tuple[int, int]:
    """Give how many clients of one group are accused, of how many."""
    rng = np.random.default_rng([seed, reference])
    known = logs.table("benign")
    known = known.filter(pc.equal(known["truth_kind"], "ordinary"))
    rows = known.drop_columns([name for name in NOT_ROWS if name in known.column_names])
    rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
    beside, rest = rows.slice(0, reference), rows.slice(reference)
    groups = list(_groups(beside, rest))
    if not groups:
        return 0, 0
    chosen = [groups[i] for i in rng.permutation(len(groups))[:GROUPS]]
    sentry = Sentry.fit(beside.append_column("time", _times(rng, reference, -59, 59)), seed=seed)
    state, accused = sentry.state, set[str]()
    for day in range(DAYS):
        drawn = [rng.choice(places, A_DAY) for places in chosen] + [rng.choice(rest.num_rows, OF_OTHERS)]
        who = np.repeat([f"group {i}" for i in range(len(chosen))], A_DAY).tolist()
        who += [f"client {i}" for i in rng.integers(OTHERS, size=OF_OTHERS)]
        order = rng.permutation(len(who))
        traffic = rest.take(pa.array(np.concatenate(drawn)[order])).append_column(
            "client", pa.array(np.array(who)[order])
        )
        state, seen = track(
            sentry.baseline,
            state,
            traffic.append_column("time", _times(rng, len(who), day, 1)),
            sentry.roles,
            length=DAY,
        )
        accused |= {one for one in suspected(seen) if one.startswith("client=group")}
    return len(accused), len(chosen)


def _groups(beside: pa.Table, rest: pa.Table) -> Iterator[np.ndarray]:
    """Give the places of the rows of each group."""
    for name in beside.column_names:
        if not (pa.types.is_integer(beside[name].type) or pa.types.is_floating(beside[name].type)):
            for one in beside[name].value_counts().to_pylist():
                places = np.flatnonzero(pc.equal(rest[name], one["values"]).to_numpy())
                if RAREST <= one["counts"] / beside.num_rows <= COMMONEST and places.size >= FEWEST:
                    yield places


def _times(rng: np.random.Generator, rows: int, first: int, days: int) -> pa.Array:
    times = [START + DAY * (first + days * part) for part in np.sort(rng.random(rows)).tolist()]
    return pa.array(times, pa.timestamp("us", "UTC"))
