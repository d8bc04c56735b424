"""What texts are written with: invisible characters and look-alike letters, which hide words from who reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.contract import ROOM
from monitor.detectors.attack.sketches import MOST_TEXTS
from monitor.detectors.attack.space import Space
from monitor.profiles.reading import type_of
from monitor.profiles.texts import HIDDEN, hidden, texts_of

Floats = NDArray[np.float64]

_SAID = {
    "invisible": "of the characters of {} are invisible, more than in any text of the reference",
    "lookalike_letters": "of the letters of {} are look-alikes of other ones, more than in any text of the reference",
}


class Strange(NamedTuple):
    """A text with more hidden writing than the reference's: where it stands, and why in words."""

    row: int
    reason: str


@dataclass(frozen=True, eq=False)
class Writing:
    """highest: the shares of hidden writing that a column's texts may have, shape (2, columns); NaN for no texts."""

    highest: Floats

    @classmethod
    def of(cls, space: Space, reference: pa.Table) -> "Writing":
        """Read off reference rows the range of the shares, with room for a quarter of it."""
        highest = np.full((len(HIDDEN), len(space.widths)), np.nan)
        for place, name in text_columns(space):
            shares = hidden(texts_in(reference, name))
            held = shares[:, np.isfinite(shares).all(axis=0)]
            if held.size:
                highest[:, place] = held.max(axis=1) + ROOM * np.ptp(held, axis=1)
        return cls(highest)

    def strange(self, space: Space, table: pa.Table) -> Iterator[Strange]:
        """Find the texts with more; of honest ones, at most one in as many as the reference has.

        Blind to words that are of another script from their first letter to their last.
        """
        for what, place, row, share in self._more(space, table):
            yield Strange(row, f"{share:.1%} {_SAID[HIDDEN[what]].format(space.columns[place].name)}")

    def hides(self, space: Space, table: pa.Table) -> NDArray[np.bool_]:
        """Say which texts have more, shape (rows, numbers); no number else does."""
        found = np.zeros((table.num_rows, space.numbers), np.bool_)
        for _, place, row, _ in self._more(space, table):
            found[row, space.firsts[place]] = True
        return found

    def _more(self, space: Space, table: pa.Table) -> Iterator[tuple[int, int, int, float]]:
        """Give of each share that is larger: which one, the place of its column, the row, and how large it is."""
        texts = [
            (place, row, text)
            for place, name in text_columns(space)
            for row, text in enumerate(texts_in(table, name))
            if not text.isascii()
        ]
        for start in range(0, len(texts), MOST_TEXTS):
            places, rows, said = zip(*texts[start : start + MOST_TEXTS], strict=True)
            shares = hidden([*said])
            for what, at in np.argwhere(shares > self.highest[:, places]).tolist():
                yield what, places[at], rows[at], float(shares[what, at])


def text_columns(space: Space) -> Iterator[tuple[int, str]]:
    """Give the columns of texts: the place of each in the space, and its name."""
    columns = enumerate(space.columns[: len(space.widths)])
    return ((place, column.name) for place, column in columns if column.kind == "text")


def texts_in(table: pa.Table, name: str) -> list[str]:
    """Give a column's texts, empty ones where there is none; no text at all where it is no column of texts."""
    if table.column_names.count(name) != 1 or type_of(table.column(name).type) != "text":
        return []
    return texts_of(table.column(name))
