"""Arrays as compressed pages, of which only those that changed need to be written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PAGE = 65_536
CODEC = "zstd"

Arrays = Mapping[str, NDArray[Any]]
Shapes = dict[str, tuple[str, list[int]]]
Place = tuple[str, int]


@dataclass(frozen=True)
class Changes:
    """What makes stored pages those of other arrays.

    shapes: of the arrays, by name, as (type, lengths). written: the compressed pages that differ, by array and place.
    emptied: pages that are not there any more, or hold nothing but zeros.
    """

    shapes: Shapes
    written: Mapping[Place, bytes]
    emptied: frozenset[Place]


def changes(before: Arrays, after: Arrays) -> Changes:
    """Give what to write so that pages that hold `before` hold `after`.

    >>> found = changes({}, {"a": np.zeros(100_000, np.uint8), "b": np.ones(3)})
    >>> list(found.written), found.shapes["b"]
    ([('b', 0)], ('<f8', [3]))
    """
    written: dict[Place, bytes] = {}
    emptied: set[Place] = set()
    for name in sorted({*before, *after}):
        old, new = _bytes(before.get(name)), _bytes(after.get(name))
        for page in _different(old, new):
            part = new[page * PAGE : (page + 1) * PAGE]
            if part.any():
                written[name, page] = pa.compress(part, CODEC, asbytes=True)
            else:
                emptied.add((name, page))
    shapes = {name: (array.dtype.str, list(array.shape)) for name, array in after.items()}
    return Changes(shapes, written, frozenset(emptied))


def arrays_of(shapes: Mapping[str, Any], pages: Mapping[Place, bytes]) -> dict[str, NDArray[Any]]:
    """Give the arrays whose pages these are; a page that is not there holds zeros.

    Raises ValueError, or pyarrow's ArrowException, where the pages are not those of such arrays.
    """
    found: dict[str, NDArray[Any]] = {}
    for name, (kind, lengths) in shapes.items():
        found[name] = np.zeros([int(length) for length in lengths], np.dtype(kind))
    for (name, page), data in pages.items():
        flat = _bytes(found[name])
        place = flat[page * PAGE : (page + 1) * PAGE]
        place[:] = np.frombuffer(pa.decompress(data, place.size, CODEC), np.uint8)
    return found


def _bytes(array: NDArray[Any] | None) -> NDArray[np.uint8]:
    # a view, so that pages can be filled in place
    return np.zeros(0, np.uint8) if array is None else np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _different(old: NDArray[np.uint8], new: NDArray[np.uint8]) -> list[int]:
    pages = -(-max(old.size, new.size) // PAGE)
    if old.size != new.size:
        return [page for page in range(pages) if not _alike(old, new, page)]
    whole = new.size // PAGE * PAGE
    differs = (old[:whole].view(np.uint64) != new[:whole].view(np.uint64)).reshape(-1, PAGE // 8).any(axis=1)
    last = [pages - 1] if whole < new.size and not _alike(old, new, pages - 1) else []
    return [*np.flatnonzero(differs).tolist(), *last]


def _alike(old: NDArray[np.uint8], new: NDArray[np.uint8], page: int) -> bool:
    held, wanted = (array[page * PAGE : (page + 1) * PAGE] for array in (old, new))
    return bool(np.array_equal(held, wanted))
