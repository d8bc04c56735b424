"""What is counted of predictions that met their labels, by the model's task, and where each count stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.profiles.bins import NumericBins, bins_of

CONFIDENCE_BINS = 20
DECISION = 0.5
"""A score of so much or more decides for the positive class, where no decision is logged."""


@dataclass(frozen=True, eq=False)
class Binary:
    """A model with one score, the probability of `positive`; without a decision, score >= threshold decides.

    excess: the derived column that says by how much a row is likelier to be a hit than its score tells.
    """

    score: str
    predicted: str | None
    label: str
    positive: str
    bins: NumericBins
    threshold: float = DECISION
    excess: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Give the columns that are read."""
        return frozenset({self.score, self.predicted or self.score, self.label, self.excess or self.score})

    @property
    def slots(self) -> tuple[int, int]:
        """Count the places among the counts and among the sums."""
        told = self.bins.size if self.excess else 0
        return self.bins.size * 6 + told * 2, self.bins.size * 3 + 4 + told * 4


@dataclass(frozen=True, eq=False)
class Multiclass:
    """A model that decides between classes; `scores`, where there are any, stand in the order of `classes`.

    excess: the derived column that says by how much a decision is likelier to be right than its score tells.
    """

    predicted: str | None
    label: str
    scores: tuple[str, ...]
    classes: tuple[str, ...]
    excess: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Give the columns that are read."""
        return frozenset({*self.scores, self.predicted or self.label, self.label, self.excess or self.label})

    @property
    def slots(self) -> tuple[int, int]:
        """Count the places among the counts and among the sums."""
        served = len(self.scores) * CONFIDENCE_BINS
        told = served if self.excess else 0
        counts = (len(self.classes) + 1) ** 2 + 2 * CONFIDENCE_BINS + 1 + served + told
        return counts, CONFIDENCE_BINS + 2 + served + 2 * told


@dataclass(frozen=True, eq=False)
class Regression:
    """A model that predicts a number; `bins` are those of predicted - label, `center` is the reference's mean label."""

    predicted: str
    label: str
    bins: NumericBins
    center: float = 0.0

    @property
    def columns(self) -> frozenset[str]:
        """Give the columns that are read."""
        return frozenset({self.predicted, self.label})

    @property
    def slots(self) -> tuple[int, int]:
        """Count the places among the counts and among the sums."""
        return self.bins.size, 6


OutcomeLayout = Binary | Multiclass | Regression
TASKS: Mapping[str, type[OutcomeLayout]] = {"binary": Binary, "multiclass": Multiclass, "regression": Regression}


def described_outcome(outcome: OutcomeLayout) -> dict[str, Any]:
    """Give it as JSON, of which `outcome_layout_of` makes it again."""
    task = next(name for name, made in TASKS.items() if isinstance(outcome, made))
    plain = {k: v.described() if isinstance(v, NumericBins) else v for k, v in vars(outcome).items() if k[0] != "_"}
    return {"task": task, **plain}


def outcome_layout_of(described: Mapping[str, Any]) -> OutcomeLayout:
    """Make the layout of an outcome of its description."""
    fields = tupled(described)
    task = fields.pop("task")
    if "bins" in fields:
        fields["bins"] = bins_of(fields["bins"])
    return TASKS[task](**fields)


def tupled(described: Mapping[str, Any]) -> dict[str, Any]:
    """Give what JSON keeps as lists as the tuples that they were."""
    return {key: _as_tuple(value) for key, value in described.items()}


def _as_tuple(value: object) -> object:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
