"""How many different rows a client sends in an hour, beside the busiest hours of all: extraction's only sign otherwise.

Whoever asks with genuine rows shows nothing but that they are many. The tail of the busiest client hours is taken to go
on as a power does, which heavy tails do, and lighter ones stay below. (Hill 1975; Weissman 1978)
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

VOLUME = "volume"
HOUR = 3_600_000_000
BINS, PER_DOUBLING = 160, 8
TOP, FEWEST, LEAST, RECORD = 50, 1_000, 100, 1.5


class Tail(NamedTuple):
    """The busiest client hours: their share of all, from how many rows on, the index of the power, and the record."""

    share: float
    begins: float
    power: float
    record: float

    def log_e(self, rows: Counts) -> Floats:
        """Give minus the log of the chance that an honest client's hour holds so many different rows, from 0.

        0 below a hundred rows, and up to half as many again as any hour held.
        """
        if not self.power:
            return np.zeros(rows.size)
        above = np.log(np.maximum(rows, 1) / self.begins) / self.power - math.log(self.share)
        return np.where(rows >= max(LEAST, RECORD * self.record), np.maximum(above, 0.0), 0.0)


def empty_hours() -> dict[str, Array]:
    """Give counts of client hours by their rows, eight steps a doubling, that hold none; new: of the running epoch."""
    return {"hours": np.zeros(BINS), "new": np.zeros(BINS)}


def tail_of_hours(hours: Floats) -> Tail:
    """Fit the tail to counts of client hours; one without an index below a thousand hours."""
    total, from_above = float(hours.sum()), hours[::-1].cumsum()[::-1]
    if total < FEWEST:
        return Tail(1.0, 1.0, 0.0, 0.0)
    first = int(np.flatnonzero(from_above >= TOP)[-1])
    middle = 2 ** ((np.arange(BINS) + 0.5) / PER_DOUBLING)
    begins, top = 2 ** (first / PER_DOUBLING), hours[first:]
    index = float((top * np.log(middle[first:] / begins)).sum() / top.sum())
    # in its own first step alone an index cannot be told from none
    least = math.log(2) / PER_DOUBLING
    record = 2 ** ((int(np.flatnonzero(hours)[-1]) + 1) / PER_DOUBLING)
    return Tail(float(top.sum()) / total, begins, max(index, least), record)


def asked_in_hour(
    held: Mapping[str, Array], places: NDArray[np.intp], times: Counts, fresh: NDArray[np.bool_]
) -> Counts:
    """Count for each row the different ones that its client has sent in the hour, this one among them; 0 for repeats.

    held: of each client the running hour and its count, and the counts of client hours, to which those that are over
    are added. places: of each row's client, -1 for none. times: microseconds.
    """
    found = np.zeros(places.size, np.int64)
    rows = np.flatnonzero(fresh & (places >= 0))
    rows = rows[np.argsort(places[rows], kind="stable")]
    if not rows.size:
        return found
    place, hour = places[rows], times[rows] // HOUR
    new_client = np.append(True, place[1:] != place[:-1])
    begins = new_client | np.append(True, hour[1:] != hour[:-1])
    first = np.flatnonzero(begins)
    lengths = np.diff(np.append(first, rows.size))
    goes_on = new_client[first] & (held["client_clock"][place[first]] == hour[first])
    carried = np.where(goes_on, held["client_hourly"][place[first]], 0).astype(np.int64)
    found[rows] = np.arange(rows.size) - np.repeat(first, lengths) + 1 + np.repeat(carried, lengths)
    total, last = carried + lengths, np.append(new_client[first][1:], True)
    before = held["client_hourly"][place[first]][new_client[first] & ~goes_on]
    over = np.concatenate([before[before > 0], total[~last]])
    np.add.at(held["volume_new"], np.minimum((PER_DOUBLING * np.log2(over)).astype(np.intp), BINS - 1), 1.0)
    held["client_clock"][place[first][last]], held["client_hourly"][place[first][last]] = hour[first][last], total[last]
    return found


def learn_hours(held: Mapping[str, Array], *, fade: float) -> None:
    """Take in the client hours that ended in an epoch that is over."""
    held["volume_hours"][:] = held["volume_hours"] * fade + held["volume_new"]
    held["volume_new"][:] = 0
