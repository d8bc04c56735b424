"""How far a model's queries have been followed: arrays of fixed size, whatever comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.broken import empty_broken
from monitor.detectors.attack.buckets import REPEATS, empty_memory
from monitor.detectors.attack.clusters import empty_clusters
from monitor.detectors.attack.ecusum import WIDTH
from monitor.detectors.attack.habits import empty_habits
from monitor.detectors.attack.indicators import NAMES, PASSING, RAREST
from monitor.detectors.attack.lingering import empty_lingering
from monitor.detectors.attack.loads import empty_load
from monitor.detectors.attack.meetings import empty_meetings
from monitor.detectors.attack.newcomers import empty_newcomers
from monitor.detectors.attack.peers import empty_recent
from monitor.detectors.attack.record import NEVER, empty_record
from monitor.detectors.attack.variations import empty_last
from monitor.detectors.attack.volume import empty_asked, empty_counts
from monitor.detectors.attack.walks import empty_buckets, empty_walks

Array = NDArray[Any]
Keys = NDArray[np.uint64]
Places = NDArray[np.intp]

CLIENTS = 50_000
MADE_ROOM = 2_000


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
        held |= {f"meeting_{name}": array for name, array in empty_meetings().items()}
        width = baseline.space.numbers + baseline.space.categories
        held |= {f"broken_{name}": array for name, array in empty_broken(width).items()}
        held |= {f"volume_{name}": array for name, array in empty_counts().items()}
        held |= {"beside": baseline.walks.copy(), "beside_new": empty_walks()}
        held |= {"lingering": baseline.lingering.copy(), "lingering_new": empty_lingering()}
        held |= {
            "load": empty_load(),
            "joined": np.zeros(2),
            "joined_new": np.zeros(2),
            "newcomer_rows": np.zeros(1, np.int64),
        }
        held |= {"pool_ratios": np.zeros((1, wide, WIDTH))}
        held |= {"pool_shown": np.zeros((2, wide), np.int64)}
        held |= {f"pool_{name}": array for name, array in empty_record(wide).items()}
        held |= {
            "client_key": np.zeros(CLIENTS, np.uint64),
            "client_rows": np.zeros(CLIENTS, np.uint32),
            "client_fresh": np.zeros(CLIENTS, np.uint32),
            "client_seen": np.zeros(CLIENTS, np.int64),
            "client_slice": np.full(CLIENTS, NEVER, np.int32),
            "client_ratios": np.zeros((CLIENTS, wide, WIDTH), np.float32),
            "client_peak": np.zeros((CLIENTS, wide), np.float16),
            "client_counted": np.zeros((CLIENTS, wide), np.uint32),
            "client_shown": np.zeros((CLIENTS, wide), np.uint16),
            "client_worst": np.zeros((CLIENTS, int(RAREST.sum())), np.uint8),
            "client_habits": empty_habits(CLIENTS, int(PASSING.sum())),
            "client_similar": np.zeros((CLIENTS, 3), np.uint32),
            "client_hour": np.zeros(CLIENTS, np.int32),
            "client_hours": np.zeros((CLIENTS, 2), np.uint8),
            "client_near": np.zeros(CLIENTS, np.uint32),
            "client_apart": np.zeros(CLIENTS, np.float32),
            "client_expected": np.zeros(CLIENTS, np.bool_),
            "client_steady": np.zeros(CLIENTS, np.bool_),
            "client_turns": np.zeros(CLIENTS, np.uint8),
            "client_wait": np.zeros(CLIENTS, np.uint8),
            "client_odd": np.zeros(CLIENTS, np.uint16),
            "client_beside": np.zeros(CLIENTS, np.uint8),
            "client_buckets": empty_buckets(CLIENTS),
        }
        texts = bool(baseline.vocabularies)
        held |= {f"client_asked_{name}": array for name, array in empty_asked(CLIENTS).items()}
        held |= {f"client_last_{name}": array for name, array in empty_last(CLIENTS, width, texts=texts).items()}
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
        self._order()

    def places(self, keys: Keys, *, at: NDArray[np.int64]) -> Places:
        """Give the places of distinct clients, new ones where they are unknown, with the number of each one's row."""
        spot = np.searchsorted(self._keys, keys)
        spot[spot == self._keys.size] = 0
        found = self._keys[spot] == keys if self._keys.size else np.zeros(keys.size, np.bool_)
        places = np.where(found, self._places[spot] if self._keys.size else -1, -1)
        self._arrays["seen"][places[found]] = at[found]
        new = np.flatnonzero(~found)
        if new.size:
            places[new] = self._room(new.size)
            self._arrays["key"][places[new]], self._arrays["seen"][places[new]] = keys[new], at[new]
            self._order()
        return places

    def _order(self) -> None:
        keys = self._arrays["key"]
        known = np.flatnonzero(keys)
        self._places: Places = known[np.argsort(keys[known])]
        self._keys: Keys = keys[self._places]

    def _room(self, count: int) -> Places:
        """Give so many free places, at most as many as there are in all."""
        free = np.flatnonzero(self._arrays["key"] == 0)
        if free.size < count:
            oldest = np.argsort(self._arrays["seen"], kind="stable")[: max(MADE_ROOM, count)]
            for name, array in self._arrays.items():
                array[oldest] = NEVER if name == "slice" else 0
            free = np.flatnonzero(self._arrays["key"] == 0)
        return free[:count]
