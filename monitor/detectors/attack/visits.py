"""Rows as they come to their buckets, and who comes there one time after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import begins, ordered, rows_since
from monitor.detectors.attack.sensors import APART

Hashes = NDArray[np.uint64]
Memory = NDArray[Any]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

SLOT_BITS = 18
SLOTS = 2**SLOT_BITS
UNNAMED = 1024
"""Rows that name no client are taken for one's so many at a time: all traffic comes back to places far apart."""


@dataclass(frozen=True, eq=False)
class Visits:
    """Rows as they come to their buckets: bucket by bucket, and in each in the order of the stream; shape (visits,).

    known: what memory says of each one's slot. place: of its row; who, number: the row's client, and its number in the
    stream. since_last: how many rows ago one came to the slot. first: of a slot; begun: of a bucket that holds nothing
    that still counts; stays: the first of one that memory knows. back: where each visit stands here, in the order of
    rows and tables.
    """

    known: Mapping[str, Memory]
    buckets: Hashes
    place: Places
    slots: Places
    tags: Memory
    who: NDArray[np.uint32]
    number: Counts
    since_last: Counts
    first: Flags
    begun: Flags
    stays: Flags
    back: Places

    @classmethod
    def of(
        cls, memory: Mapping[str, Memory], buckets: Hashes, *, client: NDArray[np.uint32], at: Counts, horizon: int
    ) -> "Visits":
        flat = buckets.reshape(-1)
        slot = (flat & np.uint64(SLOTS - 1)).astype(np.intp)
        order = ordered(slot)
        back = np.empty_like(order)
        back[order] = np.arange(order.size)
        place, slots, tags = order // buckets.shape[1], slot[order], (flat[order] >> np.uint64(32)).astype(np.uint32)
        known = {name: array[slots] for name, array in memory.items() if name not in ("run_since", "run_at")}
        first, now = begins(slots), at[place]
        since_last = _since_last(known["last"], now, first=first)
        begun = first | begins(tags) | (since_last > horizon)
        stays = first & (known["tag"] == tags) & (known["count"] > 0) & (since_last <= horizon)
        return cls(known, flat[order], place, slots, tags, client[place], now, since_last, first, begun, stays, back)

    @cached_property
    def segments(self) -> tuple[Places, Places]:
        """Give for each visit its bucket's place among all, and where each begins."""
        return _segments(self.begun)

    @cached_property
    def sender(self) -> NDArray[np.uint32]:
        """Give who came; of rows that name no client, the stretch that they fall into."""
        return np.where(self.who > 0, self.who, (self.number // UNNAMED).astype(np.uint32))

    @property
    def last(self) -> Flags:
        """Say which is the last of its slot: what memory keeps."""
        return np.append(self.first[1:], True) if self.slots.size else self.first

    def since_begun(self, known: Memory, otherwise: Memory | int) -> Memory:
        """Give for all of a bucket what memory says where it stays, and else what its first visit says."""
        segment, start = self.segments
        return np.where(self.stays, known, otherwise)[start][segment]

    def earlier(self) -> Counts:
        """Count the visits of each bucket before each one."""
        segment, start = self.segments
        earlier = self.since_begun(self.known["count"], 0).astype(np.int64)
        return np.asarray(earlier + np.arange(self.slots.size) - start[segment])

    def who_came(self) -> Hashes:
        """Give for each bucket the bits of all clients that ever came there."""
        segment, start = self.segments
        came = np.bitwise_or.reduceat(bits_of(self.who), start) if self.who.size else np.empty(0, np.uint64)
        return np.asarray((came | np.where(self.stays, self.known["who"], 0)[start])[segment])


def _since_last(last: Memory, now: Counts, *, first: Flags) -> Counts:
    """Give how many rows ago one came to the same slot; last: what memory says of that, which the first rows follow."""
    found = np.diff(now, prepend=now[:1])
    found[first] = rows_since(last[first], now[first])
    return found


class _Run(NamedTuple):
    """Of each visit, how many just before it in its bucket are the same one's, and where its run begins."""

    length: Counts
    began: Places


class OwnRun(NamedTuple):
    """A client's visits in a row: how many there were before.

    since, at: how many rows it, and all, had sent when they began. searched: whether they came in a hurry; sent: how
    many rows it sent meanwhile, and else ever.
    """

    length: Counts
    since: Counts
    at: Counts
    searched: Flags
    sent: Counts


class NewRun(NamedTuple):
    """Visits of newcomers in a row: how many there were before.

    since: how many rows newcomers had sent when they began; sent: how many they sent meanwhile.
    """

    length: Counts
    since: Counts
    sent: Counts


def own_run(memory: Mapping[str, Memory], visits: Visits, *, sent: Counts, varied: Flags) -> OwnRun:
    """Find the runs of clients. sent: how many rows the client has sent; varied: whether the row varies one of its."""
    goes_on = visits.stays & (visits.known["client"] == visits.sender)
    run = _run(visits.begun, visits.sender, goes_on, visits.known["run"])
    since = _since(memory["run_since"], sent, visits.slots, run=run)
    at = _since(memory["run_at"], visits.number, visits.slots, run=run)
    searched = ~varied & (visits.who > 0) & (rows_since(at, visits.number) <= APART * (run.length + 1))
    return OwnRun(run.length, since, at, searched, np.where(searched, rows_since(since, sent) + 1, sent))


def run_of_newcomers(visits: Visits, new: Flags, *, sent: Counts) -> NewRun:
    """Find the runs of newcomers, whoever they are. sent: how many rows they all have sent."""
    run = _run(visits.begun, new, visits.stays & new & (visits.known["new_run"] > 0), visits.known["new_run"])
    remembered = run.length > np.arange(new.size) - run.began
    since = np.where(remembered, visits.known["new_since"][run.began], sent[run.began])
    return NewRun(run.length, since, rows_since(since, sent) + 1)


def _run(begun: Flags, who: Memory, goes_on: Flags, before: Memory) -> _Run:
    """Find runs; goes_on: whether the one that is remembered, of so many rows before, is the same one's."""
    turn, turned = _segments(begun | begins(who))
    first = turned[turn]
    return _Run(np.where(goes_on, before, 0)[first].astype(np.int64) + np.arange(who.size) - first, first)


def _since(memory: Memory, begun: Counts, slots: Places, *, run: _Run) -> Counts:
    """Give a count as it was when each row's run began, from memory where that was before these rows."""
    found, goes_on = begun.copy(), np.flatnonzero(run.length)
    first = run.began[goes_on]
    found[goes_on] = np.where(run.length[goes_on] > goes_on - first, memory[slots[first]], begun[first])
    return found


def bits_of(clients: NDArray[np.uint32]) -> Hashes:
    """Give one of 64 bits for each client, none for 0."""
    bit = np.uint64(1) << (clients & np.uint32(63)).astype(np.uint64)
    return np.where(clients > 0, bit, np.uint64(0))


def _segments(begins: Flags) -> tuple[Places, Places]:
    """Give for each element its segment, and where each segment begins."""
    return np.cumsum(begins) - 1, np.flatnonzero(begins)
