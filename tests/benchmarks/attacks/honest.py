"""How many honest clients raise an alarm in a week, by their kind, and how grave it is."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
from figure import Figure

from attacks.logs import Logs, batches
from attacks.sentry import Sentry

COMMON = ("ordinary", "skewed", "retrying", "polling")
Counts = dict[str, Counter[str]]


def alarmed(logs: Logs) -> tuple[Counts, Counts]:
    """Give the number of clients by kind, and of those that raised an alarm by kind, then by detector.

    An alarm about a cluster of many clients is of the kind "all".
    """
    rows = logs.table("benign")
    sentry = Sentry.fit(logs.table("reference"))
    kinds = dict(zip(rows["client"].to_pylist(), rows["truth_kind"].to_pylist(), strict=True))
    first: dict[str, str] = {}
    for batch in batches(rows):
        sentry, found = sentry.see(batch)
        for one in found:
            first.setdefault(one.client, one.detector)
    raised: Counts = defaultdict(Counter)
    for client, told in first.items():
        raised[kinds.get(client, "all")][told] += 1
    return {"clients": Counter(kinds.values())}, raised


def figures(all_logs: list[Logs]) -> Iterator[Figure]:
    """Sum the worlds up: honest clients alarmed by kind, beside what may be."""
    clients: Counter[str] = Counter()
    raised: Counts = defaultdict(Counter)
    rows = 0
    for logs in all_logs:
        counted, found = alarmed(logs)
        clients += counted["clients"]
        rows += logs.table("benign").num_rows
        for kind, told in found.items():
            raised[kind] += Counter({f"{logs.name}: {what}": n for what, n in told.items()})
    common, wrong = sum(clients[kind] for kind in COMMON), sum(raised[kind].total() for kind in COMMON)
    told = f"of {common} clients in {rows:,} rows; " + _listed(sum((raised[kind] for kind in COMMON), Counter()))
    most = max(1.0, np.ceil(common / 5_000))
    yield Figure("ordinary, skewed, retrying, polling clients alarmed", wrong, "clients", told, at_most=float(most))
    yield Figure("alarms about honest clusters", raised["all"].total(), "worlds", _listed(raised["all"]), at_most=0)
    for kind, most_share in (("what-if", 0.01), ("sensor", 0.01)):
        share = raised[kind].total() / max(1, clients[kind])
        told = f"of {clients[kind]} clients; {_listed(raised[kind])}"
        yield Figure(f"{kind} clients alarmed", share, "of clients", told, at_most=most_share)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {n}" for what, n in counted.most_common(12)) or "none"
