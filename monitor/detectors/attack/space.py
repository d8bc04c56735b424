"""The space of a model's inputs: rows as numbers and codes that can be compared, fixed by the reference."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.hashing import mixed, odd_numbers
from monitor.detectors.attack.sketches import Sketches
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column
from monitor.profiles.placing import places_of
from monitor.profiles.reading import floats, type_of, vectors
from monitor.profiles.texts import texts_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FEW = 16
NORMAL_IQR = 1.349
ROOM, NORMALISED = 0.25, 0.02
OF_LENGTHS = (0.001, 0.5, 0.999)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a batch: numbers, shape (rows, numbers), NaN where there is none; codes, shape (rows, categories).

    The number of a text is its length; what it says is in the sketches, None of rows that have no text.
    """

    numbers: Floats
    codes: Codes
    sketches: Sketches | None = None

    def __len__(self) -> int:
        return int(self.numbers.shape[0])

    @property
    def width(self) -> int:
        """Count the values of a row."""
        return int(self.numbers.shape[1] + self.codes.shape[1])

    def take(self, places: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Rows":
        """Give some of the rows."""
        return Rows(self.numbers[places], self.codes[places], self.sketches and self.sketches.take(places))

    @cached_property
    def cells(self) -> NDArray[np.uint64]:
        """Give a number for each value that equal ones share, numbers before codes, shape (rows, width); -0 is 0."""
        exact = np.concatenate([(self.numbers + 0.0).view(np.int64), self.codes], axis=1).view(np.uint64)
        if self.sketches is not None:
            exact[:, self.sketches.places] = self.sketches.exact
        return mixed(exact)

    def hashes(self, places: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.uint64]:
        """Give a number for each row that equal rows share, shape (rows,); equal in some of their values, by place."""
        cells = self.cells[:, places]
        return mixed((cells * odd_numbers(cells.shape[1])).sum(axis=1, dtype=np.uint64))


@dataclass(frozen=True, eq=False)
class Space:
    """Which columns are compared, and how.

    columns: features, numbers before categories. widths: how many numbers each numeric one has; a vector has several.
    center, scale: median and robust deviation of each number in the reference, shape (numbers,). lengths: nearly
    the least, the median, and nearly the greatest of its vectors, NaN of what is none; shape (numeric columns, 3).
    """

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    center: Floats
    scale: Floats
    lengths: Floats

    @classmethod
    def of(cls, columns: Sequence[Column], reference: pa.Table) -> "Space":
        """Take all numbers, vectors and categories that the reference holds; a text is its length."""
        held = [c for c in columns if c.role in ("feature", "sensitive") and c.name in reference.column_names]
        numeric = [c for c in held if not isinstance(c.bins, CategoryBins)]
        widths = tuple(max(c.width, 1) if c.kind == "vector" else 1 for c in numeric)
        chosen = tuple(numeric + [c for c in held if isinstance(c.bins, CategoryBins)])
        plain = cls(chosen, widths, np.zeros(sum(widths)), np.ones(sum(widths)), np.full((len(widths), 3), np.nan))
        read = plain.rows(reference)
        located = replace(plain, lengths=plain.usual_lengths(read))
        center, scale = _located(located.comparable(read).numbers)
        return replace(located, center=center, scale=scale)

    @property
    def numbers(self) -> int:
        """Count the numbers of a row."""
        return sum(self.widths)

    @property
    def categories(self) -> int:
        """Count the categories of a row."""
        return len(self.columns) - len(self.widths)

    @cached_property
    def firsts(self) -> list[int]:
        """Give for each column of numbers the place of its first one."""
        return np.cumsum((0, *self.widths[:-1])).tolist() if self.widths else []

    @cached_property
    def texts(self) -> list[int]:
        """Give the places of the numbers that are lengths of texts."""
        columns = zip(self.firsts, self.columns, strict=False)
        return [first for first, column in columns if column.kind == "text"]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name every number, then every category."""
        pairs = zip(self.columns, self.widths, strict=False)
        wide = [f"{c.name}[{i}]" if width > 1 else c.name for c, width in pairs for i in range(width)]
        return (*wide, *(c.name for c in self.columns[len(self.widths) :]))

    def without(self, names: Collection[str]) -> NDArray[np.intp] | slice:
        """Give the places of a row's values without some categories; all where hardly one would be left."""
        held = [place for place, column in enumerate(self.columns[len(self.widths) :]) if column.name not in names]
        places = np.append(np.arange(self.numbers), self.numbers + np.array(held, np.intp)).astype(np.intp)
        return places if 1 < places.size < self.numbers + self.categories else slice(None)

    @cached_property
    def _renewed(self) -> NDArray[np.int64]:
        """Give the code of new values for each category of which such come with time; -1 for the others."""
        held = self.columns[len(self.widths) :]
        return np.array(
            [c.bins.unseen if c.renewal and isinstance(c.bins, CategoryBins) else -1 for c in held], np.int64
        )

    def new_values(self, rows: Rows) -> NDArray[np.bool_]:
        """Say which values are new as such values always come with time; shape (rows, numbers + categories).

        All of them have one code, so that they are not alike for it, and none is odd.
        """
        found = np.zeros((len(rows), rows.width), np.bool_)
        found[:, rows.numbers.shape[1] :] = (rows.codes == self._renewed) & (self._renewed >= 0)
        return found

    def by_column(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say in which columns any number of a row is flagged.

        flags: shape (rows, numbers) or (rows, numbers + categories); found is shape (rows, columns) without or with
        categories.
        """
        starts = [*self.firsts, *range(self.numbers, flags.shape[1])]
        return np.logical_or.reduceat(flags, starts, axis=1) if starts else flags

    def rows(self, table: pa.Table) -> Rows:
        """Read rows; a column that they lack is missing in all of them."""
        held = {name: i for i, name in enumerate(table.column_names)}
        numbers = np.full((table.num_rows, self.numbers), np.nan)
        codes = np.full((table.num_rows, self.categories), -1, np.int64)
        first, texts = 0, list[tuple[int, list[str]]]()
        for column, width in zip(self.columns, self.widths, strict=False):
            if column.name in held:
                found = table.column(held[column.name])
                numbers[:, first : first + width] = _read(found, column, width)
                if column.kind == "text" and type_of(found.type) == "text":
                    texts.append((first, texts_of(found)))
            first += width
        for place, column in enumerate(self.columns[len(self.widths) :]):
            if column.name in held:
                codes[:, place] = _codes(table.column(held[column.name]), column)
        return Rows(numbers, codes, Sketches.of(texts))

    def absent(self, table: pa.Table) -> NDArray[np.bool_]:
        """Say of each number and category whether rows lack its column altogether, which is no client's doing."""
        held = frozenset(table.column_names)
        lacking = np.array([column.name not in held for column in self.columns], np.bool_)
        numbers = len(self.widths)
        return np.concatenate([np.repeat(lacking[:numbers], self.widths), lacking[numbers:]])

    def usual_lengths(self, rows: Rows) -> Floats:
        """Give how long the vectors of some rows are, as `lengths`."""
        found = np.full((len(self.widths), 3), np.nan)
        for place, held in self._vectors:
            length = _lengths(rows.numbers[:, held])
            if (known := length[np.isfinite(length) & (length > 0)]).size:
                found[place] = np.quantile(known, OF_LENGTHS)
        return found

    def of_odd_length(self, rows: Rows) -> Iterator[tuple[int, str, float]]:
        """Give each vector that is a quarter shorter or longer than any usual one: its row, its column, its length.

        Where all usual ones are as long, as those that a program normalises, a fiftieth is enough.
        """
        for place, held in self._vectors:
            length = _lengths(rows.numbers[:, held])
            least, _, greatest = self.lengths[place].tolist()
            room = 1 + (NORMALISED if greatest <= (1 + NORMALISED) * least else ROOM)
            for row in np.flatnonzero((length * room < least) | (length > greatest * room)).tolist():
                yield row, self.columns[place].name, float(length[row])

    def scaled(self, rows: Rows) -> Floats:
        """Give the numbers in robust deviations from the reference's median; vectors as of `comparable`."""
        with np.errstate(invalid="ignore", over="ignore"):
            return (self.comparable(rows).numbers - self.center) / self.scale

    def comparable(self, rows: Rows) -> Rows:
        """Give the rows, vectors that are longer or shorter than the reference's made as long as its median one.

        Vectors that are all too short, as where a program has begun to normalise them, would lie near to each other and
        to none of the reference's, whatever they stand for. That they are too short or long is told elsewhere.
        """
        numbers = rows.numbers
        for place, held in self._vectors:
            least, median, greatest = self.lengths[place].tolist()
            length = _lengths(numbers[:, held])
            off = np.flatnonzero(np.isfinite(length) & ((length < least) | (length > greatest)) & (length > 0))
            if off.size:
                numbers = numbers.copy() if numbers is rows.numbers else numbers
                numbers[off, held] *= median / length[off, None]
        return rows if numbers is rows.numbers else replace(rows, numbers=numbers)

    @cached_property
    def _vectors(self) -> list[tuple[int, slice]]:
        """Give the columns of vectors, with the places of their numbers."""
        held = zip(self.firsts, self.columns, self.widths, strict=False)
        return [(i, slice(first, first + width)) for i, (first, c, width) in enumerate(held) if c.kind == "vector"]


def _read(found: pa.ChunkedArray, column: Column, width: int) -> Floats:
    if column.kind == "vector":
        return vectors(found, width)[0]
    few = _plain_numbers(found) if len(found) <= FEW and column.kind == "numeric" else None
    return (floats(found, column.kind, column.width) if few is None else few)[:, None]


def _codes(found: pa.ChunkedArray, column: Column) -> NDArray[np.intp]:
    """Read categories; of a few rows value by value, which spares what Arrow's functions cost to call."""
    if len(found) <= FEW and isinstance(column.bins, CategoryBins) and found.type in (pa.string(), pa.bool_()):
        texts = [str(value).lower() if isinstance(value, bool) else value for value in found.to_pylist()]
        codes = column.bins.codes([text or "" for text in texts])
        return np.where([text is None for text in texts], -1, codes)
    return places_of(found, column)


def _plain_numbers(found: pa.ChunkedArray) -> Floats | None:
    if not (pa.types.is_integer(found.type) or pa.types.is_floating(found.type)):
        return None
    return np.array([np.nan if value is None else value for value in found.to_pylist()], np.float64)


def _lengths(vectors: Floats) -> Floats:
    """Give the lengths of vectors, of which numbers that are missing count as the others do; shape (rows,)."""
    known = np.isfinite(vectors)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        squares = (np.where(known, vectors, 0.0) ** 2).sum(axis=1)
        return np.asarray(np.sqrt(squares * vectors.shape[1] / known.sum(axis=1)))


def _located(numbers: Floats) -> tuple[Floats, Floats]:
    """Give median and robust deviation; the standard deviation where the quartiles meet, 1 where nothing varies."""
    center, scale = np.zeros(numbers.shape[1]), np.ones(numbers.shape[1])
    for i in range(numbers.shape[1]):
        values = numbers[np.isfinite(numbers[:, i]), i]
        if values.size:
            low, center[i], high = np.quantile(values, [0.25, 0.5, 0.75])
            deviation = (high - low) / NORMAL_IQR or float(values.std())
            scale[i] = deviation if np.isfinite(deviation) and deviation > 0 else 1.0
    return center, scale
