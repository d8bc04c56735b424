"""What queries are laid beside, and how often honest rows show each sign of an attack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.answers import Answers
from monitor.detectors.attack.combination import Combination
from monitor.detectors.attack.contract import Contract
from monitor.detectors.attack.indicators import NAMES, TAILS
from monitor.detectors.attack.near_copies import NearCopies
from monitor.detectors.attack.packing import packed, part_of, unpacked
from monitor.detectors.attack.population import Population
from monitor.detectors.attack.regions import Regions, doubt_of
from monitor.detectors.attack.regulars import Regulars
from monitor.detectors.attack.space import Floats, Rows, Space
from monitor.detectors.attack.variations import kept_by_chance
from monitor.detectors.attack.vocabulary import Vocabulary
from monitor.detectors.attack.writing import Writing
from monitor.profiles.layout import FORMAT, Layout

Array = NDArray[Any]
Classes = NDArray[np.int64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

ATTACK_FORMAT = 36
"""Raised whenever baselines or what is known of clients hold something else than before: they are then made anew."""
SLACK = np.array([TAILS[name].slack if name in TAILS else 2.5 for name in NAMES])
"""So many times what honest rows lately showed of each sign is what a client may show."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Everything fixed by the reference that queries are judged by.

    rates: of each indicator, the share of honest rows that show it at most, shape (indicators,). usual: sorted values
    of each statistic on held-out rows. modal: share of each column's most frequent value, shape (columns,). trained:
    those of `known_rows` in the reference, sorted. crowd: as `variations.crowd_of` gives it. walks, lingering: as
    `walks_of` and `learn_lingering` count those of its clients. budget: with how many rows the model can be copied,
    0 where that is unknown.
    """

    space: Space
    answers: Answers
    copies: NearCopies
    population: Population
    combination: Combination
    regions: Regions
    regulars: Regulars
    contract: Contract
    writing: Writing
    vocabularies: tuple[Vocabulary, ...]
    usual: Mapping[str, Floats]
    rates: Floats
    modal: Floats
    trained: NDArray[np.uint64]
    crowd: NDArray[np.uint16]
    walks: Floats
    lingering: Floats
    budget: int
    layout: Layout

    @cached_property
    def kept(self) -> int:
        """Give how many values a row keeps of the one before it, of the same client, that is of the same load."""
        return kept_by_chance(self.crowd)

    def statistics(
        self, rows: Rows, points: Singles, classes: Classes, margins: Floats, *, unlooked: Flags | None = None
    ) -> dict[str, Floats]:
        """Give what tells how odd rows are, each of shape (rows,), worse when higher.

        points: where they lie. unlooked: values that make no row odd, shape (rows, columns).
        """
        found = self.population.statistics(points, classes) | {"margin": -margins}
        found |= self.combination.statistics(rows, classes, unlooked)
        return found | {"doubt": doubt_of(self.usual, found)}

    def packed(self) -> bytes:
        """Give it as bytes."""
        arrays: dict[str, Array] = {
            "format": np.array([ATTACK_FORMAT, FORMAT]),
            "layout": np.frombuffer(self.layout.packed(), np.uint8),
            "answers": np.frombuffer(json.dumps(self.answers.described()).encode(), np.uint8),
            "widths": np.array(self.space.widths, np.int64),
            "center": self.space.center,
            "scale": self.space.scale,
            "lengths": self.space.lengths,
            "rates": self.rates,
            "modal": self.modal,
            "writing": self.writing.highest,
            "regular_keys": self.regulars.keys,
            "regular_rates": self.regulars.rates,
            "budget": np.array([self.budget]),
            "trained": self.trained,
            "crowd": self.crowd,
            "walks": self.walks,
            "lingering": self.lingering,
        }
        arrays |= {f"copies_{name}": array for name, array in self.copies.arrays().items()}
        arrays |= {f"population_{name}": array for name, array in self.population.arrays().items()}
        arrays |= {f"combination_{name}": array for name, array in self.combination.arrays().items()}
        arrays |= {f"regions_{name}": array for name, array in self.regions.arrays().items()}
        arrays |= {f"contract_{name}": getattr(self.contract, name) for name in self.contract.__dataclass_fields__}
        for place, vocabulary in enumerate(self.vocabularies):
            arrays |= {f"text_{place}_{name}": getattr(vocabulary, name) for name in vocabulary.__dataclass_fields__}
        arrays |= {f"usual_{name}": values for name, values in self.usual.items()}
        return packed(arrays)

    @classmethod
    def unpacked(cls, data: bytes) -> "Baseline | None":
        """Make it from what `packed` gave; None where that was another version of this program."""
        arrays = unpacked(data)
        if "format" not in arrays or arrays["format"].tolist() != [ATTACK_FORMAT, FORMAT]:
            return None
        layout = Layout.unpacked(arrays["layout"].tobytes())
        widths = tuple(arrays["widths"].tolist())
        texts = sum(column.kind == "text" for column in layout.columns[: len(widths)])
        return cls(
            space=Space(layout.columns, widths, arrays["center"], arrays["scale"], arrays["lengths"]),
            answers=Answers.from_described(json.loads(arrays["answers"].tobytes())),
            copies=NearCopies.from_arrays(part_of(arrays, "copies_")),
            population=Population.from_arrays(part_of(arrays, "population_")),
            combination=Combination.from_arrays(part_of(arrays, "combination_")),
            regions=Regions(**part_of(arrays, "regions_")),
            regulars=Regulars(arrays["regular_keys"], arrays["regular_rates"]),
            contract=Contract(**part_of(arrays, "contract_")),
            writing=Writing(arrays["writing"]),
            vocabularies=tuple(Vocabulary(**part_of(arrays, f"text_{place}_")) for place in range(texts)),
            usual=part_of(arrays, "usual_"),
            rates=arrays["rates"],
            modal=arrays["modal"],
            trained=arrays["trained"],
            crowd=arrays["crowd"],
            walks=arrays["walks"],
            lingering=arrays["lingering"],
            budget=int(arrays["budget"][0]),
            layout=layout,
        )
