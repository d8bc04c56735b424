"""How far a model's queries have been followed: arrays of fixed size, whatever comes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import REPEATS, empty_memory
from monitor.detectors.attack.clusters import empty_clusters
from monitor.detectors.attack.ecusum import WIDTH
from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.newcomers import empty_newcomers
from monitor.detectors.attack.peers import empty_recent
from monitor.detectors.attack.pool import LATELY
from monitor.detectors.attack.variations import empty_last
from monitor.detectors.attack.volume import empty_hours

Array = NDArray[Any]

CLIENTS = 50_000
MADE_ROOM = 2_000
NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class State:
    """What is remembered of buckets, clusters and clients; `track` gives a new one and leaves the old one alone."""

    held: Mapping[str, Array]

    @classmethod
    def empty(cls, baseline: Baseline) -> "State":
        """Give one that has seen no query."""
        wide = len(NAMES)
        held: dict[str, Array] = {"seen": np.zeros(1, np.int64), "repeats": np.zeros(REPEATS, np.uint64)}
        held |= {f"bucket_{name}": array for name, array in empty_memory().items()}
        clusters = empty_clusters(baseline.space.numbers, baseline.space.categories)
        held |= {f"cluster_{name}": array for name, array in clusters.items()}
        held |= {"pool_rows": np.zeros(wide), "pool_hits": np.zeros(wide), "pool_new": np.zeros((2, wide))}
        held |= {f"recent_{name}": array for name, array in empty_recent().items()}
        held |= {f"newcomers_{name}": array for name, array in empty_newcomers().items()}
        held |= {f"volume_{name}": array for name, array in empty_hours().items()}
        held |= {"joined": np.zeros(2), "joined_new": np.zeros(2), "newcomer_rows": np.zeros(1, np.int64)}
        held |= {"pool_ratios": np.zeros((1, wide, WIDTH))}
        held |= {"pool_shown": np.zeros((2, wide), np.int64), "pool_slice": np.full(1, NEVER)}
        held |= {
            "pool_peak": np.zeros(wide),
            "pool_record": np.zeros(wide),
            "pool_lately": np.zeros((LATELY, wide)),
            "pool_stretches": np.zeros(1, np.int64),
        }
        held |= {
            "client_key": np.zeros(CLIENTS, np.uint64),
            "client_rows": np.zeros(CLIENTS, np.uint32),
            "client_fresh": np.zeros(CLIENTS, np.uint32),
            "client_seen": np.zeros(CLIENTS, np.int64),
            "client_slice": np.full(CLIENTS, NEVER),
            "client_ratios": np.zeros((CLIENTS, wide, WIDTH), np.float32),
            "client_peak": np.zeros((CLIENTS, wide), np.float32),
            "client_counted": np.zeros((CLIENTS, wide), np.uint32),
            "client_shown": np.zeros((CLIENTS, wide), np.uint32),
            "client_similar": np.zeros((CLIENTS, 3), np.uint32),
            "client_hour": np.zeros(CLIENTS, np.int32),
            "client_hours": np.zeros((CLIENTS, 2), np.uint32),
            "client_near": np.zeros(CLIENTS, np.int64),
            "client_apart": np.zeros(CLIENTS, np.float32),
            "client_clock": np.zeros(CLIENTS, np.int64),
            "client_hourly": np.zeros(CLIENTS, np.uint32),
            "client_expected": np.zeros(CLIENTS, np.bool_),
            "client_steady": np.zeros(CLIENTS, np.bool_),
            "client_turns": np.zeros(CLIENTS, np.uint32),
        }
        columns = baseline.space.numbers + baseline.space.categories
        held |= {f"client_last_{name}": array for name, array in empty_last(CLIENTS, columns).items()}
        return cls(held)

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> "State":
        """Make it from what `arrays` gave."""
        return cls(dict(arrays))

    def arrays(self) -> Mapping[str, Array]:
        """Give all that is remembered, by name."""
        return self.held

    def copy(self) -> "State":
        """Give one that may be changed."""
        return State({name: array.copy() for name, array in self.held.items()})


class Clients:
    """Where each client stands in the arrays; when these are full, those not heard of for longest make room."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        keys = arrays["key"]
        known = np.flatnonzero(keys)
        self._places: dict[int, int] = dict(zip(keys[known].tolist(), known.tolist(), strict=True))
        self._free: Iterator[int] = iter(np.flatnonzero(keys == 0).tolist())

    def place(self, key: int, *, at: int) -> int:
        """Give a client's place, a new one where it is unknown; `at` is the number of its row in the stream."""
        if key not in self._places:
            free = next(self._free, None)
            if free is None:
                self._make_room()
                free = next(self._free)
            self._places[key] = free
            self._arrays["key"][free] = key
        place = self._places[key]
        self._arrays["seen"][place] = at
        return place

    def _make_room(self) -> None:
        arrays = self._arrays
        oldest = np.sort(np.argsort(arrays["seen"], kind="stable")[:MADE_ROOM])
        for place in oldest.tolist():
            del self._places[int(arrays["key"][place])]
        for name, array in arrays.items():
            array[oldest] = NEVER if name == "slice" else 0
        self._free = iter(oldest.tolist())
