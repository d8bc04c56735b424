"""Which rows share buckets with rows before them, by a memory of fixed size in which a newer bucket replaces an older.

A shared bucket says something only where neither the reference fills it as well nor, since the world moves on, many
clients do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import begins, ordered
from monitor.detectors.attack.sensors import APART

Hashes = NDArray[np.uint64]
Memory = NDArray[Any]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]

SLOT_BITS = 18
SLOTS = 2**SLOT_BITS
REPEATS = 2**17
PLENTY, TIMES = 5.0, 3.0
RUN_LEAST, RUN_FREE, RUN_TIMES = 2.0, 3.0, 20.0
UNNAMED = 1024
"""Rows that name no client are taken for one's so many at a time: all traffic comes back to places far apart."""
COMMON, COMMON_LEAST = 1 / 3, 6
"""A bucket that a third of the clients came to, six at least, is the world's and no searcher's."""


@dataclass(frozen=True, eq=False)
class Usual:
    """How often the reference falls into its buckets: turned and sorted, with shares of its rows."""

    buckets: Hashes
    shares: NDArray[np.float32]

    @classmethod
    def of(cls, buckets: Hashes) -> "Usual":
        """Count the buckets of reference rows, shape (rows, tables)."""
        found, counts = np.unique(_turned(buckets), return_counts=True)
        return cls(found, (counts / max(buckets.shape[0], 1)).astype(np.float32))

    def at(self, buckets: Hashes) -> NDArray[np.float32]:
        """Give the share of the reference's rows in each bucket; 0 where there were none."""
        if not self.buckets.size:
            return np.zeros(buckets.shape, np.float32)
        turned = _turned(buckets)
        place = np.minimum(np.searchsorted(self.buckets, turned), self.buckets.size - 1)
        return np.where(self.buckets[place] == turned, self.shares[place], np.float32(0))


class Shared(NamedTuple):
    """What rows have in common with those before them, in each table; shape (rows, tables).

    told: whether a row shares its bucket by more than is explained; one that names no client, whether it shares it at
    all. copied: by more than is explained, and the last row came there not long before. before: how many rows of its
    client came there just before, one after the other and in a hurry.
    """

    told: Flags
    copied: Flags
    before: Counts


def empty_memory() -> dict[str, Memory]:
    """Give a memory that has seen nothing.

    Of each bucket: its tag, how many distinct rows it holds, the numbers of the first and last in the stream, the
    client of the last and how many of that client came in a row, how many rows that client and all had sent when that
    began, how many of newcomers did and how many rows newcomers had sent when that began, a bit for each client that
    came (some share one), and the share of the rows that honest ones are taken to bring, 0 where that is unknown.
    """
    return {
        "tag": np.zeros(SLOTS, np.uint32),
        "count": np.zeros(SLOTS, np.uint32),
        "born": np.zeros(SLOTS, np.uint32),
        "last": np.zeros(SLOTS, np.uint32),
        "client": np.zeros(SLOTS, np.uint32),
        "run": np.zeros(SLOTS, np.uint32),
        "run_since": np.zeros(SLOTS, np.uint32),
        "run_at": np.zeros(SLOTS, np.uint32),
        "new_run": np.zeros(SLOTS, np.uint32),
        "new_since": np.zeros(SLOTS, np.uint32),
        "who": np.zeros(SLOTS, np.uint64),
        "usual": np.zeros(SLOTS, np.float32),
    }


def repeats(memory: Hashes, hashes: Hashes) -> Flags:
    """Say of each row whether it is an exact repeat of one not long before; changes the memory, shape (REPEATS,)."""
    slot = (hashes & np.uint64(REPEATS - 1)).astype(np.intp)
    order = ordered(slot)
    slots, found = slot[order], hashes[order]
    first = begins(slots)
    before = np.empty_like(found)
    before[1:] = found[:-1]
    before[first] = memory[slots[first]]
    memory[slots] = found
    again = np.empty(hashes.size, np.bool_)
    again[order] = before == found
    return again


def shared(
    memory: Mapping[str, Memory],
    buckets: Hashes,
    *,
    usual: Usual,
    horizon: int,
    lately: int,
    client: NDArray[np.uint32],
    asked: Counts,
    varied: Flags,
    new: Flags,
    newcomers: Counts,
    at: Counts,
) -> Shared:
    """Say in which tables each row shares a bucket with earlier rows, by more than the reference explains.

    buckets, and what is given: shape (rows, tables). horizon: a bucket to which no row came for longer, by the numbers
    in the stream, is forgotten; lately: so many rows ago is not long before. client: a number for each row's client.
    asked: how many rows that client has sent. new: whether that client is a newcomer; newcomers: how many rows all of
    them have sent. at: each row's number in the stream. Changes the memory.

    More than explained is: the reference never falls there; it holds more distinct rows than five and three times what
    it should; or one client, or newcomers together, have come there in a row more often than they should.
    """
    rows, tables = buckets.shape
    flat = buckets.reshape(-1)
    slot = (flat & np.uint64(SLOTS - 1)).astype(np.intp)
    order = ordered(slot)
    place = order // tables
    slots, tags, who, now = slot[order], (flat[order] >> np.uint64(32)).astype(np.uint32), client[place], at[place]
    known = {name: array[slots] for name, array in memory.items() if name not in ("run_since", "run_at")}
    first = begins(slots)
    since_last = _since_last(known["last"], now, first=first)
    begun = first | begins(tags) | (since_last > horizon)
    stays = first & (known["tag"] == tags) & (known["count"] > 0) & (since_last <= horizon)
    segment, start = _segments(begun)
    index = np.arange(slots.size)
    count = np.where(stays, known["count"], 0)[start].astype(np.int64)[segment] + index - start[segment]
    born = np.where(stays, known["born"], now)[start].astype(np.int64)[segment]
    learned = np.where(stays, known["usual"], 0)[start][segment]
    share = np.maximum(usual.at(flat[order]), learned).astype(np.float64)
    sender = np.where(who > 0, who, (now // UNNAMED).astype(np.uint32))
    own = _run(begun, sender, stays & (known["client"] == sender), known["run"])
    sent = asked[place]
    run_since = _since(memory["run_since"], sent, slots, run=own)
    run_at = _since(memory["run_at"], now, slots, run=own)
    searched = ~varied[place] & (who > 0) & (now - run_at <= APART * (own.length + 1))
    young, new_sent = new[place], newcomers[place]
    news = _run(begun, young, stays & young & (known["new_run"] > 0), known["new_run"])
    new_since = np.where(news.length > index - news.began, known["new_since"][news.began], new_sent[news.began])
    odd = _fuller(count, now - born + 1, share)
    odd |= own.length + 1 > np.maximum(RUN_LEAST, _in_a_row(np.where(searched, sent - run_since + 1, sent), share))
    odd |= young & (news.length + 1 > _in_a_row(new_sent - new_since + 1, share))
    last = np.append(first[1:], True) if slots.size else first
    for name, values in (
        ("tag", tags),
        ("count", count + 1),
        ("born", born),
        ("last", now),
        ("client", sender),
        ("run", own.length + 1),
        ("run_since", run_since),
        ("run_at", run_at),
        ("new_run", np.where(young, news.length + 1, 0)),
        ("new_since", new_since),
        ("who", _who_came(known["who"], who, start, stays=stays)[segment]),
        ("usual", learned),
    ):
        memory[name][slots[last]] = values[last]
    back = np.empty_like(order)
    back[order] = index
    back = back.reshape(rows, tables)
    told, copied = (count > 0) & (odd | (who == 0)), (count > 0) & odd & (since_last <= lately)
    return Shared(told[back], copied[back], np.where(searched, own.length, 0)[back])


def _since_last(last: Memory, now: Counts, *, first: Flags) -> Counts:
    """Give how many rows ago one came to the same slot; last: what memory says of that, which the first rows follow."""
    found = np.diff(now, prepend=now[:1])
    found[first] = now[first] - last[first]
    return found


class _Run(NamedTuple):
    """Of each row, how many just before it in its bucket are the same one's, and the place at which its run begins."""

    length: Counts
    began: Places


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


def _fuller(count: Counts, seen: Counts, share: Shares) -> Flags:
    """Say whether buckets that hold so many rows and one more hold more than the reference's share of those seen."""
    return np.asarray((share == 0) | (count + 1 > PLENTY + TIMES * seen * share))


def _in_a_row(sent: Counts, share: Shares) -> Shares:
    """Give how many of so many rows may come to a bucket one after the other."""
    return RUN_FREE + RUN_TIMES * sent * share


def _who_came(known: Hashes, who: Memory, start: Places, *, stays: Flags) -> Hashes:
    """Give for each bucket the bits of all clients that ever came there."""
    came = np.bitwise_or.reduceat(_bits(who), start) if who.size else np.empty(0, np.uint64)
    return np.asarray(came | np.where(stays, known, 0)[start])


def known_tables(memory: Mapping[str, Memory], buckets: Hashes, *, usual: Usual, horizon: int, at: int) -> Counts:
    """Count for each row the tables in which it would share a bucket by more than the reference explains.

    at: how many rows have come so far. Changes nothing.
    """
    slots = (buckets & np.uint64(SLOTS - 1)).astype(np.intp)
    count = memory["count"][slots].astype(np.int64)
    known = (memory["tag"][slots] == (buckets >> np.uint64(32)).astype(np.uint32)) & (count > 0)
    known &= at - memory["last"][slots].astype(np.int64) <= horizon
    share = np.maximum(usual.at(buckets), np.where(known, memory["usual"][slots], 0)).astype(np.float64)
    seen = at - memory["born"][slots].astype(np.int64) + 1
    return np.asarray((known & _fuller(count, seen, share)).sum(axis=1))


def learn_common(memory: Mapping[str, Memory], *, clients: NDArray[np.uint32], at: int) -> None:
    """Take buckets that many of the clients came to as usual, with the share of the rows that they brought.

    clients: the numbers of all that are known. at: how many rows have come so far. Changes the memory.
    """
    all_of_them = int(np.bitwise_count(np.bitwise_or.reduce(_bits(clients), initial=np.uint64(0))))
    common = np.bitwise_count(memory["who"]) >= max(COMMON * all_of_them, COMMON_LEAST)
    seen = np.maximum(at - memory["born"].astype(np.int64), 1)
    memory["usual"][:] = np.where(common, memory["count"] / seen, 0)


def _turned(buckets: Hashes) -> Hashes:
    """Turn their bits so that sorting puts them by slot: buckets that are looked up in that order lie near another."""
    return (buckets << np.uint64(64 - SLOT_BITS)) | (buckets >> np.uint64(SLOT_BITS))


def _bits(clients: NDArray[np.uint32]) -> Hashes:
    """Give one of 64 bits for each client, none for 0."""
    bit = np.uint64(1) << (clients & np.uint32(63)).astype(np.uint64)
    return np.where(clients > 0, bit, np.uint64(0))


def _segments(begins: Flags) -> tuple[Places, Places]:
    """Give for each element its segment, and where each segment begins."""
    return np.cumsum(begins) - 1, np.flatnonzero(begins)
