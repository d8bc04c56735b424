"""Which rows share buckets with rows before them, by a memory of fixed size in which a newer bucket replaces an older.

A shared bucket says something only where neither the reference fills it as well nor, since the world moves on, many
clients do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.ordering import begins, ordered, rows_since
from monitor.detectors.attack.visits import SLOT_BITS, SLOTS, Visits, bits_of, own_run, run_of_newcomers

Hashes = NDArray[np.uint64]
Memory = NDArray[Any]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]

REPEATS = 2**17
PLENTY, TIMES = 5.0, 3.0
RUN_LEAST, RUN_FREE, RUN_TIMES = 2.0, 3.0, 20.0
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
    visits = Visits.of(memory, buckets, client=client, at=at, horizon=horizon)
    count, born = visits.earlier(), visits.since_begun(visits.known["born"], visits.number)
    learned = visits.since_begun(visits.known["usual"], 0)
    share = np.maximum(usual.at(visits.buckets), learned).astype(np.float64)
    own = own_run(memory, visits, sent=asked[visits.place], varied=varied[visits.place])
    news = run_of_newcomers(visits, new[visits.place], sent=newcomers[visits.place])
    odd = _fuller(count, rows_since(born, visits.number) + 1, share)
    odd |= own.length + 1 > np.maximum(RUN_LEAST, _in_a_row(own.sent, share))
    odd |= new[visits.place] & (news.length + 1 > _in_a_row(news.sent, share))
    remembered = {
        "tag": visits.tags,
        "count": count + 1,
        "born": born,
        "last": visits.number,
        "client": visits.sender,
        "run": own.length + 1,
        "run_since": own.since,
        "run_at": own.at,
        "new_run": np.where(new[visits.place], news.length + 1, 0),
        "new_since": news.since,
        "who": visits.who_came(),
        "usual": learned,
    }
    for name, values in remembered.items():
        memory[name][visits.slots[visits.last]] = values[visits.last]
    told, copied = (count > 0) & (odd | (visits.who == 0)), (count > 0) & odd & (visits.since_last <= lately)
    back = visits.back.reshape(rows, tables)
    return Shared(told[back], copied[back], np.where(own.searched, own.length, 0)[back])


def _fuller(count: Counts, seen: Counts, share: Shares) -> Flags:
    """Say whether buckets that hold so many rows and one more hold more than the reference's share of those seen."""
    return np.asarray((share == 0) | (count + 1 > PLENTY + TIMES * seen * share))


def _in_a_row(sent: Counts, share: Shares) -> Shares:
    """Give how many of so many rows may come to a bucket one after the other."""
    return RUN_FREE + RUN_TIMES * sent * share


def known_tables(memory: Mapping[str, Memory], buckets: Hashes, *, usual: Usual, horizon: int, at: int) -> Counts:
    """Count for each row the tables in which it would share a bucket by more than the reference explains.

    at: how many rows have come so far. Changes nothing.
    """
    slots = (buckets & np.uint64(SLOTS - 1)).astype(np.intp)
    count = memory["count"][slots].astype(np.int64)
    known = (memory["tag"][slots] == (buckets >> np.uint64(32)).astype(np.uint32)) & (count > 0)
    known &= rows_since(memory["last"][slots], at) <= horizon
    share = np.maximum(usual.at(buckets), np.where(known, memory["usual"][slots], 0)).astype(np.float64)
    seen = rows_since(memory["born"][slots], at) + 1
    return np.asarray((known & _fuller(count, seen, share)).sum(axis=1))


def learn_common(memory: Mapping[str, Memory], *, clients: NDArray[np.uint32], at: int) -> None:
    """Take buckets that many of the clients came to as usual, with the share of the rows that they brought.

    clients: the numbers of all that are known. at: how many rows have come so far. Changes the memory.
    """
    all_of_them = int(np.bitwise_count(np.bitwise_or.reduce(bits_of(clients), initial=np.uint64(0))))
    common = np.bitwise_count(memory["who"]) >= max(COMMON * all_of_them, COMMON_LEAST)
    seen = np.maximum(rows_since(memory["born"], at), 1)
    memory["usual"][:] = np.where(common, memory["count"] / seen, 0)


def _turned(buckets: Hashes) -> Hashes:
    """Turn their bits so that sorting puts them by slot: buckets that are looked up in that order lie near another."""
    return (buckets << np.uint64(64 - SLOT_BITS)) | (buckets >> np.uint64(SLOT_BITS))
