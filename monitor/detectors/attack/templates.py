"""Texts that are one but for their numbers, as those are that a template makes: orders, invoices, reminders."""

import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.sketches import bare
from monitor.detectors.attack.space import Space
from monitor.detectors.attack.writing import text_columns, texts_in


@dataclass(frozen=True, eq=False)
class Templates:
    """What the texts of rows are but for their numbers.

    marks: a number from 1 on for all texts of a row, that those share which differ in their numbers alone; numbered:
    whether any holds one; both of shape (rows,). told: the numbers and categories of a row that its texts tell of,
    their lengths and the vectors beside them, shape (columns,). None of a model without texts.
    """

    marks: NDArray[np.uint16]
    numbered: NDArray[np.bool_]
    told: NDArray[np.bool_]

    @classmethod
    def of(cls, space: Space, table: pa.Table) -> "Templates | None":
        """Read a batch; None where the model has no texts."""
        columns = [texts_in(table, name) for _, name in text_columns(space)]
        if not columns:
            return None
        marks, numbered = np.zeros(table.num_rows, np.uint32), np.zeros(table.num_rows, np.bool_)
        for texts in columns:
            found = list(map(bare, texts))
            if found:
                marks = marks * np.uint32(31) + np.array([_checksum(text) for text, _ in found], np.uint32)
                numbered |= np.array([numbers > 0 for _, numbers in found], np.bool_)
        kinds = [column.kind in ("text", "vector") for column in space.columns[: len(space.widths)]]
        told = np.concatenate(
            [np.repeat(np.array(kinds, np.bool_), space.widths), np.zeros(space.categories, np.bool_)]
        )
        return cls((marks >> np.uint32(16)).astype(np.uint16) | np.uint16(1), numbered, told)

    def part(self, rows: slice | NDArray[np.intp]) -> "Templates":
        """Give those of some rows."""
        return Templates(self.marks[rows], self.numbered[rows], self.told)


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
