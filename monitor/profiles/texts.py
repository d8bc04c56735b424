"""What a text is like, as columns: words the reference never held, what it is written with, what it is about."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.characters import (
    DIGIT,
    FOREIGN,
    INVISIBLE,
    LATIN,
    LETTER,
    MARK,
    OTHER,
    Sorts,
    garbled,
    sorted_out,
)
from monitor.profiles.derivation import Derivation
from monitor.profiles.layout import Column
from monitor.profiles.reading import type_of
from monitor.profiles.stretches import SLICE
from monitor.types import Roles

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Places = NDArray[np.intp]

SHARES = ("letters", "digits", "punctuation", "non_ascii", "invisible")
OF_LETTERS = ("capitals", "lookalike_letters")
HIDDEN = ("invisible", "lookalike_letters")
NAMES = ("unseen_words", *SHARES, *OF_LETTERS, "component_1", "component_2")
BUCKETS, TOPICS, ABOUT_ROWS = 1 << 20, 256, 10_000
_PIECES = re.compile(r"[^\s_!-/:-@\[-`{-~]+")
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of some texts, one an entry: the text that it stands in, its hash, and its look-alike letters."""

    text: Places
    hashes: Hashes
    lookalikes: Floats


def fit(rows: pa.Table, columns: Sequence[Column], _: Roles) -> Iterator[Derivation]:
    """Fit vocabulary and topics of every text column."""
    for column in columns:
        if column.role != "feature" or column.kind != "text" or type_of(rows.column(column.name).type) != "text":
            continue
        seen, topics = np.zeros(BUCKETS, np.bool_), np.zeros((TOPICS, TOPICS))
        for start in range(0, rows.num_rows, SLICE):
            texts = texts_of(rows.column(column.name).slice(start, SLICE))
            words = read(texts)[1]
            seen[words.hashes % np.uint64(BUCKETS)] = True
            if start == 0:
                topics = _spread(words, len(texts))
        axes = np.linalg.eigh(topics)[1][:, :-3:-1]
        # either sign is an axis; the largest loading is made the positive one
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(2)])
        names = tuple(f"{name}({column.name})" for name in NAMES)
        arrays = {"vocabulary": np.packbits(seen), "topics": axes}
        yield Derivation("text", names, (column.name,), arrays)


def make(derivation: Derivation, rows: pa.Table) -> Mapping[str, Floats]:
    """Give what each text is like; NaN where there is no text, or nothing in it to tell by.

    unseen_words: share of words that the fitted rows did not hold, of 2^20 hashed ones; a full vocabulary hides some.
    letters, digits, punctuation, non_ascii, invisible: shares of the characters; `invisible` are format characters, as
    zero-width ones, that are no part of an emoji. capitals, lookalike_letters: shares of the letters; the second are of
    the rarer script in a word that mixes Latin with one that looks like it. component_1, component_2: mean loading of
    the words on the principal components of the bag of words, hashed to 256. NaN where a text is garbled. (Weinberger
    et al. 2009; Davis & Suignard 2014: TR 39)
    """
    (name,) = derivation.columns
    seen = np.unpackbits(derivation.arrays["vocabulary"]).astype(np.bool_)
    made = np.full((len(NAMES), rows.num_rows), np.nan)
    if name in rows.column_names and type_of(rows.column(name).type) == "text":
        for start in range(0, rows.num_rows, SLICE):
            texts = texts_of(rows.column(name).slice(start, SLICE))
            made[:, start : start + len(texts)] = _measured(texts, seen, derivation.arrays["topics"])
        made[:, garbled(rows.column(name))] = np.nan
    return dict(zip(derivation.names, made, strict=True))


def _measured(texts: list[str], seen: NDArray[np.bool_], topics: Floats) -> Floats:
    counts, words = read(texts)
    held = np.bincount(words.text, minlength=len(texts))
    new = np.bincount(words.text, weights=~seen[words.hashes % np.uint64(BUCKETS)], minlength=len(texts))
    about = [np.bincount(words.text, weights=axis[_topic(words)], minlength=len(texts)) for axis in topics.T]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [counts[name] / counts["length"] for name in SHARES]
        of_letters = [_of_letters(counts, counts["capitals"]), _lookalikes(counts, words)]
        return np.stack([new / held, *shares, *of_letters, *(sums / held for sums in about)])


def hidden(texts: list[str]) -> Floats:
    """Give each text's shares `invisible` and `lookalike_letters`, shape (2, texts); NaN where there is no text."""
    counts, words = read(texts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([counts["invisible"] / counts["length"], _lookalikes(counts, words)])


def _lookalikes(counts: Mapping[str, Floats], words: Words) -> Floats:
    alike = np.bincount(words.text, weights=words.lookalikes, minlength=counts["length"].size)
    return _of_letters(counts, alike.astype(np.float64))


def _of_letters(counts: Mapping[str, Floats], part: Floats) -> Floats:
    return np.where(counts["length"] > 0, part / np.maximum(counts["letters"], 1), np.nan)


def words_of(texts: list[str]) -> tuple[Places, Hashes]:
    """Give the words of some texts as hashes of 44 bits, and the text that each stands in; both (words,)."""
    words = read(texts)[1]
    return words.text, words.hashes


def word_in(text: str, wanted: int) -> str | None:
    """Give the word of a text that has a hash, as it is written; None where there is none.

    >>> word_in("Hello, my cf friend", int(words_of(["CF"])[1][0]))
    'cf'
    """
    pieces = _PIECES.findall(text)
    return next((piece for piece in pieces if wanted in words_of([piece])[1].tolist()), None)


def texts_of(column: pa.ChunkedArray) -> list[str]:
    """Give a column's texts; one that is missing is empty."""
    return [text or "" for text in column.cast(pa.large_string()).to_pylist()]


def read(texts: list[str]) -> tuple[dict[str, Floats], Words]:
    """Give per text how many characters are of which sort, and the words of all."""
    # a line feed ends each text, so that no word runs from one into the next
    lengths = np.fromiter(map(len, texts), np.intp, len(texts))
    whole = "\n".join([*texts, ""])
    codes = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
    text = np.repeat(np.arange(len(texts)), lengths + 1)
    ends = np.cumsum(lengths + 1) - 1
    sorts, scripts, capitals = sorted_out(whole, codes)
    sorts[ends] = OTHER
    counted = {"letters": LETTER, "digits": DIGIT, "punctuation": MARK, "invisible": INVISIBLE}
    rows = {name: text[sorts == sort] for name, sort in counted.items()}
    rows |= {"non_ascii": text[codes > 127], "capitals": text[capitals > 0]}
    counts = {name: np.bincount(places, minlength=len(texts)).astype(np.float64) for name, places in rows.items()}
    counts["length"] = lengths.astype(np.float64)
    return counts, _words(codes, text, sorts, scripts)


def _words(codes: NDArray[np.uint32], text: Places, sorts: Sorts, scripts: Sorts) -> Words:
    # an invisible character splits no word: it is what is hidden within them
    inside = (sorts == LETTER) | (sorts == DIGIT) | (sorts == INVISIBLE)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    first, last = edges[::2], edges[1::2]
    lowered = np.where((codes >= ord("A")) & (codes <= ord("Z")), codes + 32, codes).astype(np.uint64)
    powers, inverse = (np.cumprod(np.full(codes.size, base, np.uint64)) for base in (_MULTIPLIER, _INVERSE))
    sums = np.append(np.uint64(0), np.cumsum(lowered * powers))
    hashes = (sums[last] - sums[first]) * inverse[np.minimum(first, max(codes.size - 1, 0))] * _MIX
    counts = (np.append(0, np.cumsum(scripts == script)) for script in (LATIN, FOREIGN))
    latin, foreign = (count[last] - count[first] for count in counts)
    return Words(text[first], hashes >> np.uint64(20), np.minimum(latin, foreign) * 1.0)


def _topic(words: Words) -> Places:
    return (words.hashes % np.uint64(TOPICS)).astype(np.intp)


def _spread(words: Words, texts: int) -> Floats:
    """Give the covariance of the texts' mean bags of words, shape (256, 256), from at most 10,000 of them."""
    texts = min(texts, ABOUT_ROWS)
    kept = words.text < texts
    cells = words.text[kept] * TOPICS + _topic(words)[kept]
    bags = np.bincount(cells, minlength=texts * TOPICS).reshape(texts, TOPICS) * 1.0
    bags /= np.maximum(bags.sum(axis=1, keepdims=True), 1)
    bags -= bags.mean(axis=0)
    return np.asarray(bags.T @ bags / max(texts, 1))
