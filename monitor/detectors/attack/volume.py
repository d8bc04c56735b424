"""How many different rows a client sends in an hour or a day, beside the busiest: extraction's only sign otherwise.

Whoever asks with genuine rows shows nothing but that they are many. The tail of the busiest client hours, or days, is
taken to go on as a power does, which heavy tails do, and lighter ones stay below. (Hill 1975; Weissman 1978)
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.epoch import LENGTH
from monitor.detectors.attack.ordering import ordered
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.sighting import ALPHA

Array = NDArray[Any]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]

HOUR = 3_600_000_000
SPANS = {"hour": HOUR, "day": 24 * HOUR}
BINS, PER_DOUBLING, PARTS = 160, 8, 256
TOP, FEWEST, LEAST, RECORD = 50, 1_000, 100, 1.5
SURE, KNOWN = -math.log(ALPHA), 3
"""The evidence about a client from which its hours say nothing of others', unless it has come in so many stretches."""
RECORDS = 32
"""So many of the last records that new clients set are known to be theirs."""


class Tail(NamedTuple):
    """The busiest client hours or days: their share of all, from how many rows on, the power's index, the record."""

    share: float
    begins: float
    power: float
    record: float

    def log_e(self, rows: Counts) -> Floats:
        """Give minus the log of the chance that an honest client's hour or day holds so many different rows, from 0.

        0 below a hundred rows, and up to half as many again as any held.
        """
        if not self.power:
            return np.zeros(rows.size)
        above = np.log(np.maximum(rows, 1) / self.begins) / self.power - math.log(self.share)
        return np.where(rows >= max(LEAST, RECORD * self.record), np.maximum(above, 0.0), 0.0)


def empty_counts() -> dict[str, Array]:
    """Give counts of client hours and days by their rows, eight steps a doubling, that hold none; shape (spans, steps).

    ended: how many have ended in the running epoch, at most one a row; steps, whose: the step and the client of each.
    record_steps, record_keys: those that held more than any before them, the last first, and the keys of their clients.
    """
    spans = len(SPANS)
    return {
        "record_steps": np.zeros((spans, RECORDS), np.uint8),
        "record_keys": np.zeros((spans, RECORDS), np.uint64),
        "counts": np.zeros((spans, BINS)),
        "ended": np.zeros(spans, np.int64),
        "steps": np.zeros((spans, LENGTH), np.uint8),
        "whose": np.zeros((spans, LENGTH), np.int32),
    }


def tail_of(counts: Floats) -> Tail:
    """Fit the tail to counts of client hours or days by their rows; one without an index below a thousand of them."""
    total, from_above = float(counts.sum()), counts[::-1].cumsum()[::-1]
    if total < FEWEST:
        return Tail(1.0, 1.0, 0.0, 0.0)
    first = int(np.flatnonzero(from_above >= TOP)[-1])
    middle = 2 ** ((np.arange(BINS) + 0.5) / PER_DOUBLING)
    begins, top = 2 ** (first / PER_DOUBLING), counts[first:]
    index = float((top * np.log(middle[first:] / begins)).sum() / top.sum())
    # in its own first step alone an index cannot be told from none
    least = math.log(2) / PER_DOUBLING
    record = 2 ** ((int(np.flatnonzero(counts)[-1]) + 1) / PER_DOUBLING)
    return Tail(float(top.sum()) / total, begins, max(index, least), record)


def beside_others(held: Mapping[str, Array], span: int, places: Places, asked: Counts) -> tuple[Floats, Floats]:
    """Give minus the log of the chance that an honest client asks so much, and the most that one of the others did.

    What a new client did an hour ago is no measure for what it does now, though for others it is. span: which one.
    places: of each row's client, -1 for none; asked: how many different rows it has sent. Both of shape (rows,).
    """
    counts, records = held["volume_counts"][span], held["volume_record_keys"][span]
    tail = tail_of(counts)
    log_e, busiest = tail.log_e(asked), np.full(asked.size, tail.record)
    new = np.flatnonzero((places >= 0) & (held["client_turns"][places] < KNOWN))
    keys = held["client_key"][places[new]]
    for key in np.intersect1d(keys, records[records > 0]):
        own, theirs = np.bincount(held["volume_record_steps"][span, records == key], minlength=BINS), new[keys == key]
        others = tail_of(np.maximum(counts - own, 0.0))
        log_e[theirs], busiest[theirs] = others.log_e(asked[theirs]), others.record
    return log_e, busiest


def empty_asked(clients: int) -> dict[str, Array]:
    """Give room for what so many clients ask; all of shape (clients, spans).

    clock: the running hour or day; rows: the different rows in it; begun: when in it the first of them came, in parts
    of 256. before, before_begun: the same of the one before it. most: the step of the most within any hour or day that
    ended in it.
    """
    shape = clients, len(SPANS)
    kinds = {"clock": np.int32, "rows": np.uint32, "before": np.uint16, "most": np.uint8}
    kinds |= {"begun": np.uint8, "before_begun": np.uint8}
    return {name: np.zeros(shape, kind) for name, kind in kinds.items()}


def asked_lately(held: Mapping[str, Array], places: Places, times: Counts, fresh: NDArray[np.bool_]) -> Counts:
    """Count for each row the different ones that its client has sent in the hour and the day up to it, with this one.

    Of those in the clock's hour before, it is known how many they were and when the first came: they are taken to have
    come evenly from then on, and those count that came less than an hour ago.
    Gives 0 for repeats, shape (spans, rows). held: of each client the running hour and day with their counts, and the
    counts of client hours and days, to which those that are over are added. places: of each row's client, -1 for none.
    times: microseconds.
    """
    found = np.zeros((len(SPANS), places.size), np.int64)
    rows = np.flatnonzero(fresh & (places >= 0))
    rows = rows[ordered(places[rows])]
    for span, length in enumerate(SPANS.values() if rows.size else ()):
        arrays = {name: array[:, span] for name, array in part_of(held, "client_asked_").items()}
        found[span, rows], ended, whose = _counted(arrays, places[rows], times[rows], length)
        _note(held, span, ended, whose)
    return found


def _counted(asked: Mapping[str, Array], place: Places, times: Counts, length: int) -> tuple[Counts, Places, Places]:
    """Count along rows, sorted by client, from each one's running hour on, which changes.

    Gives the counts, and the steps of the most within the hours that are over, with whose they were.
    """
    hour, gone = times // length, times % length / length
    new_client = np.append(True, place[1:] != place[:-1])
    first = np.flatnonzero(new_client | np.append(True, hour[1:] != hour[:-1]))
    sizes, new = np.diff(np.append(first, place.size)), new_client[first]
    owner, when = place[first], hour[first]
    goes_on = new & (asked["clock"][owner] == when)
    carried = np.where(goes_on, asked["rows"][owner], 0).astype(np.int64)
    total = carried + sizes
    begun = np.where(goes_on, asked["begun"][owner], gone[first] * PARTS)
    then, then_rows, then_begun = (
        np.where(new, asked[name][owner], np.roll(values, 1))
        for name, values in (("clock", when), ("rows", total), ("begun", begun))
    )
    followed = then == when - 1
    before = np.where(goes_on, asked["before"][owner], np.where(followed, then_rows, 0))
    before_begun = np.where(goes_on, asked["before_begun"][owner], np.where(followed, then_begun, 0)).astype(np.uint8)
    since = np.repeat(before_begun / PARTS, sizes)
    still = np.repeat(before, sizes) * (1 - np.maximum(gone, since)) / (1 - since)
    counts = np.arange(place.size) - np.repeat(first - carried, sizes) + 1 + still.astype(np.int64)
    most = np.maximum(_steps(np.maximum.reduceat(counts, first)), np.where(goes_on, asked["most"][owner], 0))
    last = np.append(new[1:], True)
    over = new & ~goes_on & (asked["rows"][owner] > 0)
    ended, whose = np.append(asked["most"][owner[over]], most[~last]), np.append(owner[over], owner[~last])
    kept = {"clock": when, "rows": total, "before": np.minimum(before, np.iinfo(np.uint16).max), "most": most}
    for name, values in (kept | {"begun": begun, "before_begun": before_begun}).items():
        asked[name][owner[last]] = values[last]
    return counts, ended, whose


def _note(held: Mapping[str, Array], span: int, ended: Places, whose: Places) -> None:
    """Keep the hours or days that are over until the epoch is, when it is known whose they were.

    Where an epoch ends with rows that name no client, these wait for the next one, as far as there is room.
    """
    first = int(held["volume_ended"][span])
    last = min(first + ended.size, LENGTH)
    held["volume_steps"][span, first:last] = ended[: last - first]
    held["volume_whose"][span, first:last] = whose[: last - first]
    held["volume_ended"][span] = last


def _steps(rows: Counts) -> Places:
    return np.minimum((PER_DOUBLING * np.log2(rows)).astype(np.intp), BINS - 1)


def learn_counts(held: Mapping[str, Array], *, fade: float, now: int) -> None:
    """Take in the client hours and days that ended in an epoch that is over, or long before.

    now: microseconds. Whoever asks once a week is not waited for until it comes again: an hour that ended an hour ago,
    or a day a day ago, is over, unless late rows still come to it.

    What a client sends that came lately and is surely after something else is no measure for others: an extraction
    with genuine rows would pass for usual beside the grid search of the day before.
    """
    asked = part_of(held, "client_asked_")
    for span, length in enumerate(SPANS.values()):
        rows = asked["rows"][:, span]
        ended, noted = np.flatnonzero((rows > 0) & (asked["clock"][:, span] < now // length - 1)), held["volume_ended"]
        whose = np.append(held["volume_whose"][span, : noted[span]], ended)
        steps = np.append(held["volume_steps"][span, : noted[span]], asked["most"][ended, span])
        rows[ended], noted[span] = 0, 0
        tells = (held["client_turns"][whose] >= KNOWN) | (held["client_peak"][whose].max(axis=1) < SURE)
        counts = held["volume_counts"][span]
        most = int(np.flatnonzero(counts)[-1]) if counts.any() else BINS
        _note_records(held, span, whose, steps, np.flatnonzero(tells & (steps > most)))
        counts[:] = counts * fade + np.bincount(steps[tells], minlength=BINS)


def _note_records(held: Mapping[str, Array], span: int, whose: Places, steps: Places, broken: Places) -> None:
    """Remember whose hours or days held more than any before; broken: which of them did."""
    steps_before, keys_before = held["volume_record_steps"][span], held["volume_record_keys"][span]
    keys = held["client_key"][whose[broken]]
    steps_before[:] = np.append(steps[broken][::-1], steps_before)[:RECORDS]
    keys_before[:] = np.append(keys[::-1], keys_before)[:RECORDS]
