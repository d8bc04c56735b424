"""How many honest clients raise an alarm in a week, by their kind, and how grave it is."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
from figure import Figure

from attacks.delays import BURN_IN
from attacks.logs import Logs, batches
from attacks.sentry import Sentry

COMMON = ("ordinary", "skewed", "retrying", "polling")
Counts = dict[str, Counter[str]]


def alarmed(logs: Logs) -> tuple[Counter[str], Counts]:
    """Give the number of clients by kind, and of those that raised an alarm by kind, then by detector.

    Every other sensor is declared to send rows like each other; the rest must be learned, and count after the burn-in
    only. An alarm about a cluster of many clients is of the kind "all".
    """
    rows = logs.table("benign")
    kinds = dict(zip(rows["client"].to_pylist(), rows["truth_kind"].to_pylist(), strict=True))
    declared = frozenset(sorted(client for client, kind in kinds.items() if kind == "sensor")[::2])
    kinds |= dict.fromkeys(declared, "declared sensor")
    sentry, at = Sentry.fit(logs.table("reference"), expected=declared), 0
    first: dict[str, str] = {}
    for batch in batches(rows):
        sentry, found = sentry.see(batch)
        at += batch.num_rows
        for one in found:
            if at > BURN_IN or kinds.get(one.client) != "sensor":
                first.setdefault(one.client, one.detector)
    raised: Counts = defaultdict(Counter)
    for client, told in first.items():
        raised[kinds.get(client, "all")][told] += 1
    return Counter(kinds.values()), raised


def figures(all_logs: list[Logs]) -> Iterator[Figure]:
    """Sum the worlds up: honest clients alarmed by kind, beside what may be."""
    clients: Counter[str] = Counter()
    raised: Counts = defaultdict(Counter)
    rows = 0
    for logs in all_logs:
        counted, found = alarmed(logs)
        clients += counted
        rows += logs.table("benign").num_rows
        for kind, told in found.items():
            raised[kind] += Counter({f"{logs.name}: {what}": n for what, n in told.items()})
    common, wrong = sum(clients[kind] for kind in COMMON), sum(raised[kind].total() for kind in COMMON)
    told = f"of {common} clients in {rows:,} rows; " + _listed(sum((raised[kind] for kind in COMMON), Counter()))
    most = max(1.0, np.ceil(common / 5_000))
    yield Figure("ordinary, skewed, retrying, polling clients alarmed", wrong, "clients", told, at_most=float(most))
    yield Figure("alarms about honest clusters", raised["all"].total(), "worlds", _listed(raised["all"]), at_most=0)
    for kind, most_share in (("what-if", 0.01), ("sensor", 0.01), ("declared sensor", 0.01)):
        share = raised[kind].total() / max(1, clients[kind])
        told = f"of {clients[kind]} clients; {_listed(raised[kind])}"
        yield Figure(f"{kind} clients alarmed", share, "of clients", told, at_most=most_share)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {n}" for what, n in counted.most_common(12)) or "none"
