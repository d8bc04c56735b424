"""Who is suspected of an attack: what was seen of clients in a window, as measurements and as evidence."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from monitor.alerts.symptoms import Excess
from monitor.detectors.attack import Sighting
from monitor.detectors.suspicion import suspects
from monitor.detectors.suspicion.gathering import together
from monitor.profiles.contributions import HEAVIEST
from monitor.steps.measure import Found, found_of
from monitor.steps.sightings import seen
from monitor.store.attacks import sightings_within
from monitor.types import Window

if TYPE_CHECKING:
    from monitor.steps.looks import Sight


@dataclass(frozen=True)
class Suspicious:
    """Who sent a window's suspicious rows.

    without: clients whose rows it was compared without, by which what it shows cannot be explained. left: who sent
    those that are not theirs.
    """

    rows: Excess
    left: Excess
    without: frozenset[str] = frozenset()


def suspicions(sight: "Sight") -> Iterator[Found]:
    """Say which clients are suspected of an attack."""
    attacks = sight.settings.attacks
    if not sight.settings.watches_attacks and not sight.suspected:
        return
    for measurement in suspects.compare(sight.seen, alpha=attacks.alpha, standing=sight.suspected):
        found = found_of(suspects.BY_NAME[measurement.detector], measurement, sight.settings)
        yield Found(**{**vars(found), "alpha": attacks.alpha})


def seen_within(connection: Connection, name: str, window: Window) -> list[Sighting]:
    """Read what was seen of a model's clients in the hours or days of a window."""
    return [seen(row) for row in sightings_within(connection, name, window)]


def suspicious(found: Sequence[Sighting], *, alpha: float, without: frozenset[str]) -> Suspicious:
    """Say who sent the suspicious rows, by what was seen; without: clients whose rows are compared with nothing."""
    left = [one for one in found if one.client not in without]
    every = suspicious_excess(found, alpha=alpha)
    return Suspicious(every, suspicious_excess(left, alpha=alpha) if without else every, without)


def suspicious_excess(found: Sequence[Sighting], *, alpha: float) -> Excess:
    """Say who sent the rows beyond what honest traffic shows of the sign by which most clients raise an alarm.

    Nothing where no client does, or where records name none.
    """
    limit = -math.log(alpha)
    alarms = Counter(one.detector for one in found if one.client and one.log_e >= limit)
    if not alarms:
        return Excess()
    sign = max(alarms, key=lambda name: (alarms[name], name))
    by_client: dict[str, list[Sighting]] = {}
    for one in found:
        if one.detector == sign and one.client:
            by_client.setdefault(one.client, []).append(one)
    clients = sorted((together(parts) for parts in by_client.values()), key=_beyond, reverse=True)
    totals = [one for one in found if one.total and one.detector == sign]
    beyond = max(sum(map(_beyond, totals)), sum(map(_beyond, clients)))
    heaviest, rows = clients[:HEAVIEST], sum(one.rows for one in totals)
    if beyond <= 0:
        return Excess()
    share = min(sum(map(_beyond, heaviest)) / beyond, 1.0)
    return Excess(beyond, len(clients), share, min(sum(one.rows for one in heaviest) / max(rows, 1), 1.0))


def _beyond(one: Sighting) -> float:
    return one.hits - one.rate * one.rows


def alarmed_clients(found: Sequence[Sighting], *, alpha: float) -> set[str]:
    """Name the clients whose queries alone raise an alarm in this window, so that it is compared without them.

    Those who only ask much, or send what honest clients may, are among the others: their rows may be broken, or drift,
    which nobody would hear of.
    """
    sure = (one for one in suspects.compare(found, alpha=alpha) if one.p_value is not None and one.p_value <= alpha)
    odd = (one for one in sure if not suspects.may_be_honest(one.evidence, one.evidence["severity"]))
    return {client for one in odd if (client := suspects.client_of(one.segment))}
