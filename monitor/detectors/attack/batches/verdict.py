"""What is said of a batch of labels: its statistics, the verdict, and the sentences for both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from monitor.detectors.attack.batches.rows import NONE, Places

Outcome = Literal["clean", "suspicious", "undecided"]

FALSE_ALARMS = 1e-3
"""Of clean batches, over all statistics together."""

SAYS: Mapping[str, str] = {
    "label_contradiction": "the label contradicts what the reference says of such rows",
    "confusion_excess": "one label where another is likelier, more often than the reference explains",
    "confident_errors": "the row confidently belongs to another label",
    "neighbour_disagreement": "hardly any of the nearest reference rows bear the label",
    "value_for_label": "one value goes with one label, as the trigger of a backdoor does",
    "duplicate_clusters": "near copies of one row",
    "prior_shift": "labels come in other shares than in the reference, and than such rows explain",
    "contributors": "its contributor's labels contradict the reference more than others' do",
    "slow_poisoning": "over the parts of the batch, labels contradict the reference a little more than they should",
}
EXPLAINED = "labels come in other shares than in the reference, as such rows do"
MINED = "rows that the model gets wrong come more often than in the reference, as where rows were chosen by its errors"
MAY_BE_MINED = "rows chosen by how wrong the model was about them can look the same (--chosen-by-error)"
NOT_SEEN = "chosen by error, as was said: flipped labels cannot be seen in such rows"


@dataclass(frozen=True, eq=False)
class Statistic:
    """One statistic of a batch.

    p_value: of the worst part, times the number of parts. threshold: what the value reaches in one of 1,000 clean
    batches, shared out over all statistics; None where there is none. alpha: what the p-value must reach. rows: the
    places of the rows that make it so.
    """

    name: str
    value: float
    threshold: float | None
    p_value: float
    alpha: float
    rows: Places = field(default_factory=lambda: NONE)
    cell: tuple[int, ...] = ()
    lead: int = -1

    @property
    def breaches(self) -> bool:
        """Say whether a clean batch hardly ever shows so much."""
        return self.p_value <= self.alpha


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is to be said of a batch.

    why: what makes it suspicious, and what is unusual without being so. judged: rows that were looked at; parts: in how
    many parts of equal size. detectable: the share of labels flipped at random that would be found in four of five such
    batches; None where not even half of them would.
    """

    outcome: Outcome
    why: str
    judged: int = 0
    parts: int = 0
    statistics: tuple[Statistic, ...] = ()
    detectable: float | None = None

    @property
    def p_value(self) -> float | None:
        """Give the chance of so much in a clean batch, over all statistics together; None when undecided."""
        if not self.statistics:
            return None
        return min(1.0, *(one.p_value * FALSE_ALARMS / one.alpha for one in self.statistics))

    def reasons(self) -> dict[int, list[str]]:
        """Give, for each suspicious row, the statistics that name it."""
        found: dict[int, list[str]] = {}
        for one in self.statistics:
            for row in one.rows.tolist() if one.breaches else ():
                found.setdefault(row, []).append(one.name)
        return dict(sorted(found.items()))
