"""Hashes of 64 bits: what near values become far apart by, and what sums of them are weighed by."""

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits so that near values lie far apart. (Steele, Lea & Flood 2014: SplitMix64)."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def odd_numbers(count: int, *, seed: int = 0) -> Hashes:
    """Give odd numbers to multiply by, always the same ones."""
    return mixed(np.arange(seed, seed + count, dtype=np.uint64)) | np.uint64(1)
