"""What was seen of one client, or of all, by one detector in one stretch of time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

MOST_IDS = 20
ALPHA = 1e-6
SHOWN = math.log(100)
"""The log of the evidence from which on it is worth showing."""
REPEATED = "repeated_rows"
"""Names what is counted of all rows and is no sign."""
POOLED, NEWCOMERS, CLUSTER = "pooled_", "newcomers_", "cluster"
"""What the detectors of all clients together, and of all new ones, are called, or begin with."""


def sign_of(detector: str) -> str:
    """Name the sign that a detector looks for, whoever shows it.

    >>> sign_of("pooled_malformed"), sign_of("newcomers_malformed"), sign_of("malformed")
    ('malformed', 'malformed', 'malformed')
    """
    return detector.removeprefix(POOLED).removeprefix(NEWCOMERS)


@dataclass(frozen=True)
class Sighting:
    """Signs of an attack.

    client: "" for what speaks of all clients together. start: of the stretch of time. rows: that were looked at in it;
    hits: those that showed the sign; rate: the share of honest rows that show it at most. log_e: the log of the
    evidence where it was largest in the stretch, 0 in a total. total: of all clients, rows and hits of which add up.
    first_at, first_id: time (microseconds since 1970) and id of the first record that showed it since it was worth
    telling. ids: at most twenty records that did. evidence: what else there is to tell; of a total, how many clients
    asked at least.
    """

    detector: str
    client: str
    start: datetime
    rows: int
    hits: int
    rate: float
    log_e: float = 0.0
    total: bool = False
    first_at: int = 0
    first_id: str = ""
    ids: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def place(self) -> tuple[str, str, datetime]:
        """Give what sightings that can be merged have in common."""
        return self.detector, self.client, self.start


def merge(one: Sighting, other: Sighting) -> Sighting:
    """Put together what was seen in two parts of a stretch: totals add up; a client's counts are running ones.

    Raises ValueError when they are not of the same detector, client and stretch.
    """
    if one.place != other.place or one.total != other.total:
        raise ValueError(f"{one.place} and {other.place} are not of the same detector, client and time")
    if one.total:
        rows, hits, rate = one.rows + other.rows, one.hits + other.hits, max(one.rate, other.rate)
        clients = max(side.evidence.get("clients", 0) for side in (one, other))
        return replace(one, rows=rows, hits=hits, rate=rate, evidence={"clients": clients})
    later, earlier = (one, other) if (one.log_e, one.hits) >= (other.log_e, other.hits) else (other, one)
    began = min(((s.first_at, s.first_id) for s in (one, other) if s.first_at), default=(0, ""))
    return replace(
        later,
        rows=max(one.rows, other.rows),
        hits=max(one.hits, other.hits),
        rate=max(one.rate, other.rate),
        first_at=began[0],
        first_id=began[1],
        ids=tuple(dict.fromkeys((*later.ids, *earlier.ids)))[:MOST_IDS],
    )
