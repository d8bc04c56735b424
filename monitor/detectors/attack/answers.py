"""What the model answered, as classes and margins, whatever it gives: decisions, scores or numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.reading import canonical, categories, floats, type_of
from monitor.types import Roles

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

MOST_CLASSES = 50
THIRDS = (1 / 3, 2 / 3)
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Answers:
    """How answers are told apart.

    names: the classes of decisions. edges: where numbers are cut into classes; empty for decisions. scores: columns of
    scores, from which class and margin are read where there are any.
    """

    prediction: str | None
    scores: tuple[str, ...]
    names: tuple[str, ...]
    edges: Floats

    @classmethod
    def of(cls, reference: pa.Table, roles: Roles) -> "Answers":
        """Read off the reference which classes there are; numbers of many values are cut into thirds."""
        held = tuple(name for name in roles.scores if name in reference.column_names)
        scores = held if len(held) == len(roles.scores) else ()
        prediction = roles.prediction if roles.prediction in reference.column_names else None
        if prediction is None or prediction in scores:
            return cls(None, scores, (), np.empty(0))
        column = reference.column(prediction)
        texts = [canonical(t) for t in categories(column, classes=True).texts if t is not None]
        if len(set(texts)) <= MOST_CLASSES:
            return cls(prediction, scores, tuple(sorted(set(texts))), np.empty(0))
        values = floats(column) if type_of(column.type) == "number" else np.empty(0)
        values = values[np.isfinite(values)]
        return cls(prediction, scores, (), np.quantile(values, THIRDS) if values.size else np.empty(0))

    def classes(self, rows: pa.Table) -> Classes:
        """Give each row's class, numbered from 0; -1 where there is no answer, or one that the reference never gave."""
        if self.prediction in rows.column_names and self.names:
            read = categories(rows.column(str(self.prediction)), classes=True)
            place = {name: i for i, name in enumerate(self.names)}
            codes = [-1 if text is None else place.get(canonical(text), -1) for text in read.texts]
            return np.asarray(np.array([*codes, -1], np.int64)[read.positions])
        if self.prediction in rows.column_names and self.edges.size:
            values = floats(rows.column(str(self.prediction)))
            return np.where(np.isnan(values), -1, np.searchsorted(self.edges, values, side="right")).astype(np.int64)
        scores = self._scores(rows)
        if scores is None:
            return np.zeros(rows.num_rows, np.int64) if not self.scores else np.full(rows.num_rows, -1, np.int64)
        known = np.isfinite(scores).all(axis=1)
        best = (scores[:, 0] >= HALF).astype(np.int64) if scores.shape[1] == 1 else np.nan_to_num(scores).argmax(axis=1)
        return np.where(known, best, -1)

    def margins(self, rows: pa.Table) -> Floats:
        """Give how far each answer is from another class, in [0, 1]; NaN without scores."""
        scores = self._scores(rows)
        if scores is None:
            return np.full(rows.num_rows, np.nan)
        if scores.shape[1] == 1:
            return np.abs(2 * scores[:, 0] - 1)
        top = np.partition(scores, scores.shape[1] - 2, axis=1)[:, -2:]
        return np.asarray(top[:, 1] - top[:, 0])

    def _scores(self, rows: pa.Table) -> Floats | None:
        if not self.scores or not set(self.scores) <= set(rows.column_names):
            return None
        return np.stack([floats(rows.column(name)) for name in self.scores], axis=1)

    def described(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "prediction": self.prediction,
            "scores": list(self.scores),
            "names": list(self.names),
            "edges": self.edges.tolist(),
        }

    @classmethod
    def from_described(cls, said: Mapping[str, Any]) -> "Answers":
        """Make it from what `described` gave."""
        return cls(said["prediction"], tuple(said["scores"]), tuple(said["names"]), np.array(said["edges"], float))
