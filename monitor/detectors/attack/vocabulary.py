"""How unlike the reference's texts are: how rare their words are there, and what sorts of characters they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.sketches import MOST_TEXTS
from monitor.detectors.attack.space import Space
from monitor.detectors.attack.writing import text_columns, texts_in
from monitor.profiles.texts import read

Array = NDArray[Any]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]

UNLIKE = ("words", "characters")
SORTS = ("letters", "digits", "punctuation")
HASH_BITS = 44
NO_HASH = np.uint64(1 << HASH_BITS)
MOST_WORDS = 1 << 18
"""So many words are known, those that most texts hold."""


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts with their different words: the text and the hash of each, shape (words,), by text.

    shares: of letters, digits, punctuation and what else there is, shape (4, texts). lengths: in characters.
    """

    text: Places
    hashes: NDArray[np.uint64]
    shares: Floats
    lengths: Floats

    @classmethod
    def of(cls, said: Sequence[str]) -> "Texts":
        """Read at most 4,096 texts."""
        counts, words = read([*said])
        both = np.unique(words.text.astype(np.uint64) << np.uint64(HASH_BITS) | words.hashes)
        held = np.array([counts[name] for name in SORTS])
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.concatenate([held, counts["length"] - held.sum(axis=0, keepdims=True)]) / counts["length"]
        hashes = both & np.uint64((1 << HASH_BITS) - 1)
        return cls((both >> np.uint64(HASH_BITS)).astype(np.intp), hashes, shares, counts["length"])


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the texts of one column are made of, in a half of the reference.

    hashes: of its words, rising. rarity: of each, minus the log of the share of all words that so few texts hold, or
    fewer; unheard_of: that of a word that none holds, shape (1,). rare: of the words of a text, mean rarity, its
    variance within texts and between them, shape (3,). made: the same of the shares of characters, with the variance
    of one character, shape (3, 4).
    """

    hashes: NDArray[np.uint64]
    rarity: Floats
    unheard_of: Floats
    rare: Floats
    made: Floats

    @classmethod
    def of(cls, said: Sequence[str]) -> "Vocabulary":
        """Learn it from texts; each is laid beside all others, as a new one will be."""
        parts = [Texts.of(said[start : start + MOST_TEXTS]) for start in range(0, max(len(said), 1), MOST_TEXTS)]
        text = np.concatenate([part.text + i * MOST_TEXTS for i, part in enumerate(parts)])
        every = np.concatenate([part.hashes for part in parts])
        words, which, held_by = np.unique(every, return_inverse=True, return_counts=True)
        rarity = _rarity(held_by)
        chosen = np.sort(np.argsort(-held_by, kind="stable")[:MOST_WORDS])
        return cls(
            words[chosen],
            rarity[held_by[chosen]],
            rarity[:1],
            _within_and_between(rarity[held_by[which] - 1], text),
            _made(np.concatenate([p.shares for p in parts], axis=1), np.concatenate([p.lengths for p in parts])),
        )

    def unlike(self, said: Sequence[str]) -> Floats:
        """Give how far texts lie from usual ones by words and by characters, in deviations; shape (2, texts).

        Higher is further; NaN where there is no text, or no word in it. Blind to usual words in unusual order.
        """
        texts = Texts.of(said)
        hashes, rarity = np.append(self.hashes, NO_HASH), np.append(self.rarity, self.unheard_of)
        spot = np.searchsorted(self.hashes, texts.hashes)
        told = np.where(hashes[spot] == texts.hashes, rarity[spot], self.unheard_of)
        held = np.bincount(texts.text, minlength=len(said))
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(texts.text, weights=told, minlength=len(said)) / held
            rare = (mean - self.rare[0]) / np.sqrt(self.rare[1] / held + self.rare[2])
            usual, one, between = self.made[:, :, None]
            made = np.abs(texts.shares - usual) / np.sqrt(one / texts.lengths + between)
        return np.stack([rare, made.max(axis=0)])


def vocabularies_of(space: Space, reference: pa.Table) -> tuple[Vocabulary, ...]:
    """Learn what each column of texts is made of, in the order of the columns."""
    return tuple(Vocabulary.of(texts_in(reference, name)) for _, name in text_columns(space))


def unlike(vocabularies: Sequence[Vocabulary], space: Space, table: pa.Table) -> Mapping[str, Floats]:
    """Give of each row how far its texts lie from usual ones, by words and by characters: that of the furthest."""
    found = np.full((len(UNLIKE), table.num_rows), np.nan)
    for vocabulary, (_, name) in zip(vocabularies, text_columns(space), strict=True):
        said = texts_in(table, name)
        for start in range(0, len(said), MOST_TEXTS):
            part = slice(start, start + MOST_TEXTS)
            found[:, part] = np.fmax(found[:, part], vocabulary.unlike(said[part]))
    return dict(zip(UNLIKE, found, strict=True))


def _rarity(held_by: NDArray[np.intp]) -> Floats:
    """Give the rarity of words that none, one, two … of other texts hold; held_by: how many texts hold each word."""
    words = np.bincount(held_by, minlength=2)[1:]
    beside = np.cumsum(words * np.arange(1, words.size + 1))
    return np.asarray(-np.log((np.append(beside, beside[-1]) + 1) / (beside[-1] + 1)))


def _within_and_between(values: Floats, text: Places) -> Floats:
    """Give mean, variance within texts and between them; of a word a text, all is between."""
    if not values.size:
        return np.array([0.0, 0.0, 0.0])
    _, which, held = np.unique(text, return_inverse=True, return_counts=True)
    means = np.bincount(which, weights=values) / held
    within = float(((values - means[which]) ** 2).sum() / max(values.size - held.size, 1))
    return np.array([means.mean(), within, max(means.var() - within * (1 / held).mean(), 0.0)])


def _made(shares: Floats, lengths: Floats) -> Floats:
    """Give of each sort mean, variance of one character, and variance between texts, shape (3, sorts).

    One odd character in a text of middling length is usual, also where no text of these has one.
    """
    shares, lengths = shares[:, lengths > 0], lengths[lengths > 0]
    if not lengths.size:
        return np.zeros((3, len(shares)))
    usual = shares.mean(axis=1)
    least = min(1 / lengths.mean(), 0.5)
    some = np.clip(usual, least, 1 - least)
    one = some * (1 - some)
    between = np.maximum(shares.var(axis=1) - one * (1 / lengths).mean(), 0.0)
    return np.stack([usual, one, between])
