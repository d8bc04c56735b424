"""A few arrays and what is said of them, as bytes and back: one zstd frame, with its length before it.

Profiles are read by the thousand, and of arrays as small as theirs an Arrow stream costs thirty times as much to open.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CODEC = pa.Codec("zstd")
LENGTH = 8
MAGIC = b"\x28\xb5\x2f\xfd"
"""What a frame begins with. (RFC 8878, section 3.1.1)"""

Array = NDArray[Any]


def packed(said: Mapping[str, Any], arrays: Sequence[Array]) -> bytes:
    """Give JSON and plain one-dimensional arrays as bytes."""
    head = json.dumps([said, [[array.dtype.str, array.size] for array in arrays]]).encode()
    parts = [len(head).to_bytes(LENGTH, "little"), head, *(array.tobytes() for array in arrays)]
    whole = b"".join(parts)
    return len(whole).to_bytes(LENGTH, "little") + bytes(CODEC.compress(whole, asbytes=True))


def unpacked(data: bytes) -> tuple[dict[str, Any], list[Array]]:
    """Give back what was packed; the arrays cannot be written to. Raises ValueError where it was not.

    >>> unpacked(packed({"rows": 2}, [np.arange(3)]))
    ({'rows': 2}, [array([0, 1, 2])])
    """
    if data[LENGTH : LENGTH + len(MAGIC)] != MAGIC:
        raise ValueError("packed by another version")
    whole = CODEC.decompress(data[LENGTH:], int.from_bytes(data[:LENGTH], "little"), asbytes=True)
    place = LENGTH + int.from_bytes(whole[:LENGTH], "little")
    said, kinds = json.loads(whole[LENGTH:place])
    arrays = list[Array]()
    for kind, size in kinds:
        arrays.append(np.frombuffer(whole, kind, size, place))
        place += arrays[-1].nbytes
    return said, arrays
