"""What a hit is, and the score that promises it: of binary models and of those with several classes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.bins import CategoryBins
from monitor.profiles.joint import class_codes, decided_and_sure
from monitor.profiles.layout import Column
from monitor.profiles.outcome_layout import DECISION, Multiclass
from monitor.profiles.reading import canonical, floats
from monitor.types import Roles

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What a hit is: the positive class of a binary model, a right decision of one with several.

    classes: the positive one, or all in the order of their scores. predicted: the logged decision, of several classes.
    """

    named: tuple[str, ...]
    classes: tuple[str, ...]
    predicted: str | None = None

    @classmethod
    def of(cls, rows: pa.Table, label: Column, roles: Roles) -> "Judged | None":
        """Give it by the same rules as the layout's outcome; None where scores and classes are not as many."""
        values = label.bins.values if isinstance(label.bins, CategoryBins) else ("1",)
        named = tuple(dict.fromkeys(canonical(one) for one in roles.classes))
        if len(roles.scores) == 1:
            return cls(roles.scores, named[:1] or (max(values, default="1"),))
        classes = named or tuple(sorted(values))
        logged = roles.prediction if roles.prediction in rows.column_names else None
        return cls(roles.scores, classes, logged) if len(classes) == len(roles.scores) else None

    @property
    def binary(self) -> bool:
        """Say whether there is one score."""
        return len(self.named) == 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Give the columns that are read."""
        return (*self.named, self.predicted) if self.predicted else self.named

    def texts(self) -> dict[str, tuple[str, ...]]:
        """Give what `from_texts` makes it from."""
        return {"scores": self.named, "classes": self.classes, "decision": self.columns[len(self.named) :]}

    @classmethod
    def from_texts(cls, texts: Mapping[str, tuple[str, ...]]) -> "Judged":
        """Make it from its texts."""
        return cls(texts["scores"], texts["classes"], next(iter(texts["decision"]), None))

    def scores(self, rows: pa.Table) -> Floats:
        """Give each row's score, NaN without one."""
        return floats(rows.column(self.named[0])) if self.binary else decided_and_sure(rows, self._outcome)[1]

    def hits(self, rows: pa.Table, label: Column) -> NDArray[np.intp]:
        """Give 1 for a hit, 0 for a miss, -1 where that is not known."""
        found = class_codes(rows, label.name, self.classes)
        decided = np.zeros(found.size, np.intp) if self.binary else decided_and_sure(rows, self._outcome)[0]
        return np.where((found < 0) | (decided < 0), -1, found == decided)

    def side(self, score: Floats) -> Floats:
        """Give 1 where a hit is a right decision, -1 where it is a wrong one."""
        return np.where(score >= DECISION, 1.0, -1.0) if self.binary else np.ones(score.size)

    @property
    def _outcome(self) -> Multiclass:
        return Multiclass(self.predicted, "", self.named, self.classes)
