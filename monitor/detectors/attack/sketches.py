"""What texts say, so that rows are compared by their words and not by how long they are. (Broder 1997: min-hashes)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.hashing import Hashes, mixed, odd_numbers
from monitor.profiles.texts import words_of

TABLES = 16
MOST_TEXTS = 4096
"""So many are read at once."""
NOTHING = np.array(np.nan).view(np.uint64)
"""Stands for a text that is missing, or has no word."""
_SEED = 7
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")


def bare(text: str) -> tuple[str, int]:
    """Give a text with all of its numbers alike, and how many it has.

    >>> bare("order 37 of 3:30"), bare("none")
    (('order 0 of 0', 2), ('none', 0))
    """
    return _NUMBER.subn("0", text)


@dataclass(frozen=True, eq=False)
class Sketches:
    """The texts of rows, in some columns.

    places: where the columns stand among the numbers of a row, shape (texts,). exact: a mark of each text that texts of
    the same words in the same order share, shape (rows, texts). smallest: of each table one of its words, shape (rows,
    texts, TABLES): that of two texts is the same with a chance that is the share of their words that both have. What a
    template makes is one text: all numbers are alike.
    """

    places: NDArray[np.intp]
    exact: Hashes
    smallest: Hashes

    @classmethod
    def of(cls, columns: Sequence[tuple[int, Sequence[str]]]) -> "Sketches | None":
        """Read columns of texts, each with its place; None without any."""
        if not columns:
            return None
        found = [_sketched(texts) for _, texts in columns]
        exact, smallest = (np.stack([one[part] for one in found], axis=1) for part in (0, 1))
        return cls(np.array([place for place, _ in columns], np.intp), exact, smallest)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Sketches":
        """Give those of some rows."""
        return Sketches(self.places, self.exact[rows], self.smallest[rows])

    def alone(self, hashes: Callable[[], Hashes]) -> "Sketches":
        """Give them with rows that lack a text, or any word in it, near to none but their equals.

        hashes: gives those of the rows, shape (rows,).
        """
        nothing = self.smallest == NOTHING
        if not nothing.any():
            return self
        return Sketches(self.places, self.exact, np.where(nothing, hashes()[:, None, None], self.smallest))


def _sketched(texts: Sequence[str]) -> tuple[Hashes, Hashes]:
    """Give each text's number, shape (texts,), and its smallest words, shape (texts, TABLES)."""
    exact = np.full(len(texts), NOTHING, np.uint64)
    smallest = np.full((len(texts), TABLES), NOTHING, np.uint64)
    for start in range(0, len(texts), MOST_TEXTS):
        text, words = words_of([bare(text)[0] for text in texts[start : start + MOST_TEXTS]])
        if not words.size:
            continue
        first = np.flatnonzero(np.diff(text, prepend=-1))
        rows, counts = start + text[first], np.diff(first, append=words.size)
        place = np.arange(words.size) - np.repeat(first, counts)
        exact[rows] = np.add.reduceat(mixed(words ^ mixed(place.astype(np.uint64))), first)
        for table, odd in enumerate(odd_numbers(TABLES, seed=_SEED)):
            smallest[rows, table] = np.minimum.reduceat(words * odd, first)
    return exact, smallest
