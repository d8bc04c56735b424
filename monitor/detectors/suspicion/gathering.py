"""What detectors of queries saw of clients in a window, put together and laid beside what everyone else shows."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from scipy.special import bdtrc

from monitor.detectors.attack.indicators import ALL_BY_NAME
from monitor.detectors.attack.sighting import CLUSTER, MOST_IDS, Sighting, sign_of

BESIDE, SLACK = 10, 1.25
"""A client is laid beside the rate of the others, times the slack, as if so many rows of theirs had shown nothing."""
ACCOMPLICES, FOURTH, LEFT = 3, 4, 20
"""So many others, or one in four clients, those with the most evidence, are no measure of what all show, if that leaves
so many rows."""


class Total(NamedTuple):
    """What a detector saw of all clients in a window: rows, those that showed its sign, and clients at least."""

    rows: int
    hits: int
    clients: int = 0


def gathered(seen: Sequence[Sighting]) -> dict[tuple[str, str], list[Sighting]]:
    """Give what was seen by kind of attack and client, that with the most evidence first; seen: of one window."""
    found: dict[str, dict[str, list[Sighting]]] = {}
    totals: dict[str, Total] = {}
    for one in seen:
        if one.total:
            before, asked = totals.get(one.detector, Total(0, 0)), int(one.evidence.get("clients", 0))
            totals[one.detector] = Total(before.rows + one.rows, before.hits + one.hits, max(before.clients, asked))
        else:
            found.setdefault(one.detector, {}).setdefault(one.client, []).append(one)
    by_place: dict[tuple[str, str], list[Sighting]] = {}
    for detector, clients in found.items():
        if not (kind := kind_of(detector)):
            continue
        shown = sorted(map(together, clients.values()), key=lambda one: -one.log_e)
        for one in shown:
            told = beside_others(one, totals.get(detector), strongest=shown)
            by_place.setdefault((kind, one.client), []).append(told)
    for parts in by_place.values():
        parts.sort(key=lambda one: (-one.log_e, one.detector))
    return by_place


def kind_of(detector: str) -> str | None:
    """Say what kind of attack a detector of queries is a sign of.

    >>> kind_of("near_duplicates"), kind_of("pooled_malformed")
    ('attack.evasion', 'attack.probing')
    """
    known = ALL_BY_NAME.get(sign_of(detector))
    return "attack.evasion" if detector == CLUSTER else known.kind if known else None


def beside_others(one: Sighting, total: Total | None, *, strongest: Sequence[Sighting] = ()) -> Sighting:
    """Give a sighting with no more evidence than there is against the rate that everyone else shows in this window.

    What all clients show alike is a changed world, or broken data, and accuses none of them. The other clients' rate is
    taken a quarter higher than it was, and lower where few rows tell. total: of all clients, this one among them.
    strongest: the clients that show the same, one of whom may be this one, those with the most evidence first: a few do
    not speak for all, and may be accomplices, so that three others, or a quarter of the clients where that is more, are
    left out where enough rows are left.

    >>> from datetime import UTC, datetime
    >>> odd = Sighting("distrusted", "c", datetime(2026, 3, 1, tzinfo=UTC), 8, 8, 0.125, log_e=16.0)
    >>> beside_others(odd, Total(1008, 108)).log_e, round(beside_others(odd, Total(1008, 708)).log_e, 1)
    (16.0, 1.1)
    """
    if total is None or not one.client:
        return one
    rows, hits = max(total.rows - one.rows, 0), max(total.hits - one.hits, 0)
    many = max(ACCOMPLICES, total.clients // FOURTH)
    apart = [other for other in strongest if other.client != one.client][:many]
    left = rows - sum(other.rows for other in apart)
    if left >= LEFT:
        rows, hits = left, max(hits - sum(other.hits for other in apart), 0)
    usual = min(SLACK * hits / (rows + BESIDE), 1.0)
    if usual <= one.rate:
        return one
    chance = float(bdtrc(one.hits - 1, one.rows, usual)) if one.hits else 1.0
    return replace(one, log_e=min(one.log_e, -math.log(max(chance, 1e-300))))


def together(parts: Sequence[Sighting]) -> Sighting:
    """Put together what a detector saw of a client in several hours or days: rows add up, the strongest is shown."""
    strongest = max(parts, key=lambda one: (one.log_e, one.start))
    begun = min((one for one in parts if one.first_at), key=lambda one: one.first_at, default=strongest)
    ids = dict.fromkeys(i for one in sorted(parts, key=lambda one: -one.log_e) for i in one.ids)
    return replace(
        strongest,
        rows=sum(one.rows for one in parts),
        hits=sum(one.hits for one in parts),
        first_at=begun.first_at,
        first_id=begun.first_id,
        ids=tuple(ids)[:MOST_IDS],
    )
