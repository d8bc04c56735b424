"""Near-duplicates by hashing: rows that are close share buckets in many of sixteen tables. (Indyk & Motwani 1998).

Each table takes a random part of the columns, so that a row that differs widely in a few of them still meets its like
in the tables that do not look there. (Li et al. 2022: Blacklight; Chen, Carlini & Wagner 2019)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.hashing import mixed
from monitor.detectors.attack.sketches import TABLES, Sketches
from monitor.detectors.attack.space import FEW, Floats, Rows, Space

Hashes = NDArray[np.uint64]

SHARE, FEWEST, MANY, CHOSEN = 0.6, 3, 30, 16
FAR = 1e6


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """How rows are hashed: for each table and number an offset, NaN where the table does not look, and odd weights.

    offsets: shape (TABLES, numbers). weights: shape (TABLES, numbers + categories), 0 where the table does not look.
    """

    offsets: Floats
    weights: Hashes

    @classmethod
    def of(cls, space: Space, *, rng: np.random.Generator) -> "Fingerprint":
        """Choose columns and offsets at random; who knows them can keep out of the buckets."""
        width = space.numbers + space.categories
        count = CHOSEN if width > MANY else min(width, max(FEWEST, round(SHARE * width)))
        looks = np.zeros((TABLES, width), np.bool_)
        for table in range(TABLES):
            looks[table, rng.choice(width, count, replace=False)] = True
            # of other words a text is another row, whatever its client's account is like
            if space.texts and not looks[table, space.texts].any():
                looks[table, rng.choice(space.texts)] = True
        weights = rng.integers(0, 2**63, (TABLES, width), dtype=np.uint64) | np.uint64(1)
        offsets = rng.random((TABLES, space.numbers))
        return cls(offsets, np.where(looks, weights, np.uint64(0)))

    def buckets(self, scaled: Floats, rows: Rows) -> Hashes:
        """Give each row's bucket in every table, shape (rows, TABLES); numbers in robust deviations.

        A text is near to another one in as many tables as they have words in common, and one without any to none.
        """
        sketches = rows.sketches.alone(rows.hashes) if rows.sketches else None
        numbers = np.clip(np.nan_to_num(scaled, nan=FAR, posinf=FAR, neginf=-FAR), -FAR, FAR)
        codes = rows.codes.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
        if len(rows) <= FEW:
            return self._at_once(numbers, codes, sketches)
        found = np.empty((numbers.shape[0], TABLES), np.uint64)
        split = numbers.shape[1]
        for table in range(TABLES):
            seen = np.flatnonzero(self.weights[table, :split])
            cells = np.floor(numbers[:, seen] + self.offsets[table, seen]).astype(np.int64).view(np.uint64)
            if sketches is not None:
                for place, words in zip(sketches.places, sketches.smallest[:, :, table].T, strict=True):
                    cells[:, seen == place] = words[:, None]
            total = (cells * self.weights[table, seen]).sum(axis=1, dtype=np.uint64)
            held = np.flatnonzero(self.weights[table, split:])
            total += (codes[:, held] * self.weights[table, split + held]).sum(axis=1, dtype=np.uint64)
            found[:, table] = mixed(total + np.uint64(table))
        return found

    def without(self, buckets: Hashes, hashes: Hashes, values: NDArray[np.bool_]) -> Hashes:
        """Give buckets in which each row is alone in every table that looks at values that are not to be looked at.

        hashes: of the rows, shape (rows,). values: shape (rows, columns).
        """
        blind = (values.astype(np.uint8) @ (self.weights != 0).T.astype(np.uint8)) > 0
        alone = np.add.outer(hashes, np.arange(TABLES, dtype=np.uint64))
        return np.where(blind, mixed(alone), buckets)

    def _at_once(self, numbers: Floats, codes: Hashes, sketches: Sketches | None) -> Hashes:
        """Hash a few rows in all tables at once; where a table does not look, the weight is 0."""
        split = numbers.shape[1]
        cells = np.floor(numbers[:, None, :] + self.offsets).astype(np.int64).view(np.uint64)
        if sketches is not None:
            cells[:, :, sketches.places] = sketches.smallest.swapaxes(1, 2)
        total = (cells * self.weights[:, :split]).sum(axis=2, dtype=np.uint64)
        total += (codes[:, None, :] * self.weights[:, split:]).sum(axis=2, dtype=np.uint64)
        return mixed(total + np.arange(TABLES, dtype=np.uint64))
