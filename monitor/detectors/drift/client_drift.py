"""Drift that one client brings: most of the rows by which columns differ are its own, and few of all rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from scipy import special

from monitor.detectors.detector import Detector
from monitor.profiles.contributions import Contribution
from monitor.types import Measurement

NAME = "client_drift"
MOST, FEW, SMALL, LEAST = 0.5, 0.25, 0.05, 10
"""A client brings a change that sent so much of it, at most such a part of all rows, and so many at least; any part but
nearly all where it was as small a one before."""
NOT_ALL = 0.75
"""Who sends more of a segment's rows is what the segment is."""
CHANCE = 1e-3
"""Nobody brings what chance gives one of the clients so often."""


class Bringer(NamedTuple):
    """The client that sent most of a column's change.

    share: of the change. traffic: its rows by all of the window. chance: how often one of the clients goes as far
    beyond the others by chance.
    """

    client: str
    share: float
    rows: int
    traffic: float
    chance: float


def brought_by(
    found: Sequence[Contribution], usual: Mapping[str, float], *, whole: int, small: Collection[str] = ()
) -> Bringer | None:
    """Give the client that sent most of a column's change, and did not before; None where it is of several.

    found: every client's part in the rows that changed, all of a window or those of a segment, the largest first.
    usual: by client, the excess that it would have by what it sent before. whole: how many rows the window holds.
    small: clients that were a small part of the traffic before, who bring a change with any part of it but nearly all.

    >>> found = [Contribution("a", 30, 24.0, 15.0), Contribution("b", 300, 6.0), Contribution("c", 200, -5.0)]
    >>> one = brought_by(found, {}, whole=530)
    >>> one.client, one.share, one.chance < 1e-15, brought_by(found, {"a": 24.0}, whole=530)
    ('a', 0.96, True, None)
    """
    rows, total = sum(one.rows for one in found), sum(one.excess for one in found)
    first = found[0] if found else None
    most = (NOT_ALL * whole, rows) if first and first.client in small else (FEW * whole, NOT_ALL * rows)
    if first is None or total <= 0 or not first.client or not LEAST <= first.rows <= min(most):
        return None
    new = first.excess - max(usual.get(first.client, 0.0), 0.0)
    chance, share = len(found) * float(special.ndtr(-first.apart)), min(new / total, 1.0)
    return Bringer(first.client, share, first.rows, first.rows / whole, min(chance, 1.0)) if share >= MOST else None


def compare(client: str, shares: Mapping[str, float], rows: int, segment: str) -> Iterator[Measurement]:
    """Share of the rows by which a column differs from the reference that one client sent, in [0, 1], the largest.

    It follows drift that fires by itself: where most of it comes of one client, a quarter of all rows and three
    quarters of a segment's at most, that did not send such before, one alert tells of all the columns, and theirs wait;
    of one that was a twentieth of the traffic at most before, three quarters of all rows.
    Higher is worse. shares: by column.
    Whether chance makes one of the clients seem so is told by the surest of the columns.

    Blind where records name no client, and to what two clients bring together, or one that always sends more than a
    quarter.
    """
    yield Measurement(NAME, max(shares.values(), default=0.0), segment=segment, n=rows, evidence={"client": client})


DETECTOR = Detector(NAME, "drift.data", "share", compare, armed=True, at_once=True)
