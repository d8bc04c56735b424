"""What a window shows of why it differs: which columns are broken or moved, and who sent their rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BROKEN_SHARE = 0.05
"""From this share of rows on, values that cannot be right make a column broken."""
UNIT_PSI, FEW_COLUMNS = 3.0, 0.15
"""A column that hardly overlaps with its reference, alone among many, changed its unit and not its world."""
DRIFT_PSI = 0.1
MANY_CLIENTS = 3
SPREAD_SHARE, HELD_SHARE = 0.5, 0.6
LEAST_EXCESS = 20.0


@dataclass(frozen=True)
class Excess:
    """Rows beyond what chance or the reference explains, and who sent them; without client ids `clients` is None.

    rows: how many, a sum of probabilities. clients: those who sent a part of it. top_share: of it, that of the (at
    most three) heaviest. top_traffic: the share of all rows that the same clients sent. All shares in [0, 1].
    """

    rows: float = 0.0
    clients: int | None = None
    top_share: float | None = None
    top_traffic: float | None = None

    @property
    def counts(self) -> bool:
        """Say whether there is enough of it for shares to mean something."""
        return self.rows >= LEAST_EXCESS and self.clients is not None and self.top_share is not None

    @property
    def spread(self) -> bool:
        """Say whether many clients sent it, none of them much more than its part of the traffic."""
        if not self.counts or (self.clients or 0) < MANY_CLIENTS:
            return False
        return (self.top_share or 0.0) <= max(SPREAD_SHARE, self._fair)

    @property
    def held(self) -> bool:
        """Say whether few clients sent most of it, and far more than their part of the traffic."""
        return self.counts and (self.top_share or 0.0) >= max(HELD_SHARE, self._fair)

    @property
    def _fair(self) -> float:
        """Give the share that is not much more than that of the traffic, of which the others' is not much less."""
        traffic = self.top_traffic or 0.0
        return min(1.5 * traffic, (1 + traffic) / 2)


@dataclass(frozen=True)
class Gone:
    """A category that is gone, with its usual share, in [0, 1], and the one that has as many rows more, if one has."""

    category: str
    share: float
    into: str = ""


@dataclass(frozen=True)
class Apart:
    """Answers that tell nothing of the labels: the segments in which the answers moved, and those where labels did."""

    answers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def side(self) -> str:
        """Say which of the two are those of other rows, `answers` or `labels`, or that it may be `either`."""
        if bool(self.answers) == bool(self.labels):
            return "either"
        return "answers" if self.answers else "labels"


@dataclass(frozen=True)
class Symptoms:
    """What a window shows that bears on the question why.

    broken: by feature, the share of rows that cannot be right: without a value, not of the kind, never seen before,
    or all alike. moved: by feature, the PSI of those that differ from the reference by more than chance. known:
    those whose mean lies where windows of the reference had it. crept: those that came there step by step, see
    `has_crept`. grows: those that moved, or have for many windows, and rose from window to window in the reference
    already. units: those that are the usual values in another unit, with a word on which. swapped: those that hold
    what another one usually does, which holds theirs, with its name. leapt: the texts and vectors that came there
    at once, see `has_leapt`, and the features that left where they had come to. gone: by feature, the category that
    is gone at once, while all other rows are as before. leaning: those that lie apart, though not surely, where
    none surely does. earlier: those that lay as far off before answers or labels turned, and are none of `moved`.
    features: how many there are in all. joint: what is made of all features surely moved. outputs: the model's
    answers moved. outcomes: labels, or how they meet the answers, did; only_labels: how they meet them did not.
    turned: answers that surely moved at once, and that labels meet otherwise, which did not move. apart: of answers
    that tell nothing of the labels any more, at once. sudden: how labels meet the answers turned at once. alarmed:
    names of clients, or of what else is under an attack alarm. attack, drift: who sent the rows that these are made
    of. version: one that is new. differs: one that answers otherwise than the older one in the same windows.
    """

    broken: Mapping[str, float] = field(default_factory=dict)
    moved: Mapping[str, float] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    crept: frozenset[str] = frozenset()
    grows: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    swapped: Mapping[str, str] = field(default_factory=dict)
    leapt: frozenset[str] = frozenset()
    gone: Mapping[str, Gone] = field(default_factory=dict)
    leaning: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    features: int = 0
    joint: bool = False
    outputs: bool = False
    outcomes: bool = False
    only_labels: bool = False
    turned: tuple[str, ...] = ()
    apart: Apart | None = None
    sudden: bool = False
    alarmed: tuple[str, ...] = ()
    attack: Excess = Excess()
    drift: Excess = Excess()
    version: str = ""
    differs: str = ""

    @property
    def still(self) -> bool:
        """Say whether no feature moved, as far as can be seen, nor all together."""
        return not (self.moved or self.joint or self.leaning)

    @property
    def missing(self) -> list[str]:
        """Name features of which just the rows of one category are missing."""
        return [name for name, one in self.gone.items() if not one.into]

    @property
    def recoded(self) -> list[str]:
        """Name features of which one category's rows are told as those of another."""
        return [name for name, one in self.gone.items() if one.into]

    @property
    def turned_alone(self) -> bool:
        """Say whether answers changed by themselves, and neither features nor labels."""
        return bool(self.turned) and self.still

    @property
    def unrelated(self) -> str:
        """Say whose rows are others, as of `Apart`, where answers, labels and features are each as before; else ""."""
        as_before = not (self.moved or self.joint or self.outputs or self.unusable)
        return self.apart.side if self.apart and as_before else ""

    @property
    def unusable(self) -> list[str]:
        """Name columns that are broken; another model may give one answer to all."""
        made = self.turned if self.turned_alone else ()
        return [name for name, share in self.broken.items() if share >= BROKEN_SHARE and name not in made]

    @property
    def rescaled(self) -> list[str]:
        """Name features that lie wholly elsewhere, if these are few, leapt to another unit, were swapped, or recoded.

        Many clients must send them so.
        """
        apart = [name for name, psi in self.moved.items() if psi > UNIT_PSI and name not in self.known]
        apart += [name for name in self.moved if name in self.units and name not in apart]
        converted = [name for name in self.units if name in self.leapt and name not in self.swapped]
        apart = [name for name in apart if name not in {*self.crept, *self.swapped, *self.recoded, *converted}]
        few = len(apart) <= max(1.0, FEW_COLUMNS * self.features)
        found = [*(apart if few else ()), *converted, *self.swapped, *self.recoded]
        return found if self.drift.spread or not self.alarmed else []

    @property
    def drifted(self) -> list[str]:
        """Name features that moved to where they may well be, in the unit that they have."""
        rescaled = {*self.units, *self.swapped, *self.recoded}.intersection(self.rescaled)
        moved = {name: psi for name, psi in self.moved.items() if psi > DRIFT_PSI and name not in rescaled}
        return [name for name, psi in moved.items() if psi <= UNIT_PSI or name in self.crept | self.known]
