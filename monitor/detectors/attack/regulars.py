"""Clients whose rows the reference holds: how often each of them shows a sign there, where that is more than others do.

Who always sends what is odd beside all others' rows sends what is usual for him.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.indicators import MOST_RATE, NAMES
from monitor.detectors.attack.space import Floats

Flags = NDArray[np.bool_]
Keys = NDArray[np.uint64]

FEWEST, PRIOR = 20, 50


@dataclass(frozen=True, eq=False)
class Regulars:
    """keys: of the clients, rising, shape (clients,). rates: the share of each one's rows that show each sign at most.

    Shape (clients, indicators); 0 where it shows it no more than others.
    """

    keys: Keys
    rates: Floats

    @classmethod
    def nobody(cls) -> "Regulars":
        """Give those of a reference that names no client."""
        return cls(np.empty(0, np.uint64), np.empty((0, len(NAMES))))

    @classmethod
    def of(cls, keys: Keys, counted: Flags, hits: Flags, usual: Floats, slack: Floats) -> "Regulars":
        """Count what rows of the reference show that were held out.

        keys: of each row's client, 0 where it has none. counted, hits: shape (rows, indicators). usual: the share of
        honest rows that show each sign; slack: so many times what a client showed may it show.
        """
        found, which = np.unique(keys, return_inverse=True)
        rows, shown = (np.zeros((found.size, len(NAMES))) for _ in range(2))
        np.add.at(rows, which, counted)
        np.add.at(shown, which, hits & counted)
        rates = held_to(rows, shown, usual, slack)
        kept = (found > 0) & (rates > 0).any(axis=1)
        return cls(found[kept], rates[kept])

    def and_of(self, other: "Regulars") -> "Regulars":
        """Give what both tell; of a sign that both tell of, the higher rate."""
        keys = np.union1d(self.keys, other.keys)
        none = np.zeros(len(NAMES))
        return Regulars(keys, np.maximum(self.at(keys, none), other.at(keys, none)))

    def at(self, keys: Keys, rates: Floats) -> Floats:
        """Give the rates that clients are held to, at least those of all; shape (keys, indicators)."""
        if not self.keys.size:
            return np.broadcast_to(rates, (keys.size, rates.size))
        place = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
        own = np.where((self.keys[place] == keys)[:, None], self.rates[place], 0.0)
        return np.maximum(own, rates)


def held_to(rows: Floats, hits: Floats, usual: Floats, slack: Floats) -> Floats:
    """Give the rates that clients are held to by what they showed; 0 where that is no more than what is usual allows.

    Each is taken to be like all as far as few rows tell: as if it had sent fifty more, which showed what is usual.

    >>> held_to(np.array([[200.0, 10.0]]), np.array([[40.0, 9.0]]), np.array([0.05]), np.array([2.5])).round(3)
    array([[0.425, 0.   ]])
    """
    rates = np.minimum(slack * (hits + PRIOR * usual) / (rows + PRIOR), MOST_RATE)
    return np.where((rows < FEWEST) | (rates <= slack * usual), 0.0, rates)
