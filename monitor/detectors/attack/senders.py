"""Who sent rows, and the numbers that clients are remembered by."""

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.reading import categories
from monitor.types import Roles

Hashes = NDArray[np.uint64]
Places = NDArray[np.intp]


def key_of(name: str) -> int:
    """Give the number that a client is remembered by, never 0."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(), "little") or 1


def numbers_of(keys: Hashes) -> NDArray[np.uint32]:
    """Give the shorter numbers that clusters and buckets know clients by; 0 is that of none.

    >>> numbers_of(np.array([0, 2**32 + 7], np.uint64)).tolist()
    [0, 7]
    """
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def senders_of(table: pa.Table, roles: Roles) -> tuple[tuple[str, ...], Places]:
    """Name the clients, and give the place of each row's among them, -1 where it names none."""
    if roles.client is None or roles.client not in table.column_names:
        return (), np.full(table.num_rows, -1, np.intp)
    read = categories(table.column(roles.client))
    names = tuple(text for text in read.texts if text)
    number = {name: i for i, name in enumerate(names)}
    place = np.array([number.get(text or "", -1) for text in read.texts] + [-1], np.intp)
    return names, place[read.positions]


def keys_of(table: pa.Table, roles: Roles) -> Hashes:
    """Give the number that each row's client is remembered by, 0 where it names none."""
    names, who = senders_of(table, roles)
    return np.array([*map(key_of, names), 0], np.uint64)[who]
