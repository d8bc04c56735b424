"""Why a window differs: an attack, time, broken data, or another model; with what speaks for and against.

Who and where tell these apart, not how much.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from monitor.alerts.phrasing import first_of, shown

OriginName = Literal["attack_like", "temporal", "data_quality", "model_change", "undetermined"]

BROKEN_SHARE = 0.05
"""From this share of rows on, values that cannot be right make a column broken."""
RENAMED_SHARE = 0.2
"""New categories in fewer rows are as likely new things in the world as a feed that breaks or renames its values."""
UNIT_PSI, FEW_COLUMNS = 3.0, 0.15
"""A column that hardly overlaps with its reference, alone among many, changed its unit and not its world."""
DRIFT_PSI = 0.1
MANY_CLIENTS, FEW_CLIENTS, NAMED = 3, 3, 10
SPREAD_SHARE, HELD_SHARE = 0.5, 0.6
LEAST_EXCESS = 20.0
ALARMED = "under an attack alarm"
STILL = ("while no feature did", "while no feature moved")
"""End the sentences about answers and labels that say nothing of why a feature moved."""


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
class Symptoms:
    """What a window shows that bears on the question why.

    broken: by feature, the share of rows that cannot be right: without a value, not of the kind, never seen before, or
    all alike. moved: by feature, the PSI of those that differ from the reference by more than chance. known: those
    whose mean lies where windows of the reference had it. crept: those that came there step by step, see `has_crept`.
    grows: those that moved, or have for many windows, and rose from window to window in the reference already. units:
    those that are the usual values in another unit, with a word on which. swapped: those that hold what another one
    usually does, which holds theirs, with its name. leapt: the texts and vectors that came there at once, see
    `has_leapt`. features: how many there are in all. joint: what is made of all features surely moved.
    outputs: the model's answers moved. outcomes: labels, or how they meet the answers, did; only_labels: how they meet
    them did not. turned: answers that surely moved at once, and that labels meet otherwise, which did not move.
    alarmed: names of clients, or of what else is under an attack alarm. attack, drift: who sent the rows that these are
    made of. version: one that is new. differs: one that answers otherwise than the older one in the same windows.
    """

    broken: Mapping[str, float] = field(default_factory=dict)
    moved: Mapping[str, float] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    crept: frozenset[str] = frozenset()
    grows: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    swapped: Mapping[str, str] = field(default_factory=dict)
    leapt: frozenset[str] = frozenset()
    features: int = 0
    joint: bool = False
    outputs: bool = False
    outcomes: bool = False
    only_labels: bool = False
    turned: tuple[str, ...] = ()
    alarmed: tuple[str, ...] = ()
    attack: Excess = Excess()
    drift: Excess = Excess()
    version: str = ""
    differs: str = ""


@dataclass(frozen=True)
class Origin:
    """The likeliest reason, and in sentences what speaks for and against it.

    columns: of broken data, those that are broken; of time, those that crept to where no reference row lies; of another
    model, the answers that it gives otherwise. grows: of time, those that do nothing else. signs: all sentences, each
    with the reason that it speaks for.
    """

    name: OriginName
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    signs: tuple[tuple[OriginName, str], ...] = field(default=(), compare=False)
    grows: tuple[str, ...] = field(default=(), repr=False)

    def of_attack(self) -> "Origin":
        """Give the same signs as they speak for and against an attack that is told; that it is told is none of them.

        >>> found = origin_of(Symptoms(alarmed=("eve",), moved={"a": 0.3, "b": 0.3, "c": 0.3}, features=4))
        >>> found.of_attack().speaks_for, found.of_attack().speaks_against[-1]
        ((), '3 of 4 features moved (a, b, c)')
        """
        told = [(reason, sentence) for reason, sentence in self.signs if not sentence.endswith(ALARMED)]
        return Origin("attack_like", *_weighed("attack_like", told))

    def of_features(self) -> "Origin":
        """Give the same for an alert of how features moved, of which that none did is no reason.

        >>> origin_of(Symptoms(outcomes=True, features=4)).of_features()
        Origin(name='undetermined', speaks_for=(), speaks_against=(), columns=(), signs=())
        """
        told = tuple((reason, sentence) for reason, sentence in self.signs if not sentence.endswith(STILL))
        rests = self.name in ("data_quality", "attack_like") or any(reason == self.name for reason, _ in told)
        name = self.name if rests else "undetermined"
        columns = self.columns if name == self.name and name != "model_change" else ()
        return Origin(name, *_weighed(name, told), columns, told, self.grows if name == "temporal" else ())


def origin_of(symptoms: Symptoms) -> Origin:
    """Give the first reason that its signs support: broken data, attack, another model, time; else undetermined.

    A column that only lies elsewhere, which a season brings as well as another unit, comes behind an attack.

    >>> origin_of(Symptoms(broken={"age": 0.4}, features=20)).name
    'data_quality'
    """
    found = (reason(symptoms) for reason in _REASONS)
    name: OriginName = next((one for one in found if one), "undetermined")
    signs = [(reason, sentence) for reason, sentence in _signs(symptoms) if sentence]
    columns: Mapping[str, Iterable[str]] = {
        "data_quality": _unusable(symptoms) or _rescaled(symptoms),
        "temporal": sorted(symptoms.crept),
        "model_change": symptoms.turned if _turned(symptoms) else (),
    }
    grows = sorted(symptoms.grows) if name == "temporal" else ()
    return Origin(name, *_weighed(name, signs), tuple(columns.get(name, ())), tuple(signs), tuple(grows))


def _weighed(name: OriginName, signs: Iterable[tuple[OriginName, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what speaks for a reason, and what against; all signs speak for it that nothing is known."""
    sides: tuple[list[str], list[str]] = ([], [])
    for reason, sentence in signs:
        sides[name not in (reason, "undetermined")].append(sentence)
    return tuple(sides[0]), tuple(sides[1])


def _broken(symptoms: Symptoms) -> OriginName | None:
    return "data_quality" if _unusable(symptoms) else None


def _elsewhere(symptoms: Symptoms) -> OriginName | None:
    return "data_quality" if _rescaled(symptoms) else None


def _attacked(symptoms: Symptoms) -> OriginName | None:
    if not symptoms.alarmed:
        return None
    few = len(symptoms.alarmed) <= FEW_CLIENTS and not symptoms.attack.counts
    return "attack_like" if few or symptoms.attack.held else None


def _replaced(symptoms: Symptoms) -> OriginName | None:
    answers = symptoms.outputs or symptoms.outcomes
    if _turned(symptoms):
        return "model_change"
    return "model_change" if (symptoms.version or symptoms.differs) and answers and not _drifted(symptoms) else None


def _aged(symptoms: Symptoms) -> OriginName | None:
    known = symptoms.drift.clients is not None
    many = symptoms.drift.spread or not known or not symptoms.drift.counts
    if _drifted(symptoms):
        # texts and vectors are made by programs, which are changed overnight
        return "temporal" if many and not symptoms.leapt.issuperset(_drifted(symptoms)) else None
    if symptoms.grows and not symptoms.moved:
        return "temporal"
    # the inputs stand still, and so do the answers: what they mean has changed
    still = not (symptoms.moved or symptoms.joint or symptoms.outputs or symptoms.alarmed)
    return "temporal" if symptoms.outcomes and still else None


_REASONS = (_broken, _attacked, _elsewhere, _replaced, _aged)


def _unusable(symptoms: Symptoms) -> list[str]:
    """Name columns that are broken; another model may give one answer to all."""
    made = symptoms.turned if _turned(symptoms) else ()
    return [name for name, share in symptoms.broken.items() if share >= BROKEN_SHARE and name not in made]


def _rescaled(symptoms: Symptoms) -> list[str]:
    """Name features that leapt wholly elsewhere, or to another unit, if these are few, and those that were swapped.

    Many clients must send them so.
    """
    apart = [name for name, psi in symptoms.moved.items() if psi > UNIT_PSI and name not in symptoms.known]
    apart += [name for name in symptoms.moved if name in symptoms.units and name not in apart]
    apart = [name for name in apart if name not in symptoms.crept and name not in symptoms.swapped]
    few = len(apart) <= max(1.0, FEW_COLUMNS * symptoms.features)
    found = [*(apart if few else ()), *symptoms.swapped]
    return found if symptoms.drift.spread or not symptoms.alarmed else []


def _drifted(symptoms: Symptoms) -> list[str]:
    rescaled = {*symptoms.units, *symptoms.swapped}.intersection(_rescaled(symptoms))
    moved = {name: psi for name, psi in symptoms.moved.items() if psi > DRIFT_PSI and name not in rescaled}
    return [name for name, psi in moved.items() if psi <= UNIT_PSI or name in symptoms.crept | symptoms.known]


def _turned(symptoms: Symptoms) -> bool:
    """Say whether answers changed by themselves, and neither features nor labels."""
    return bool(symptoms.turned) and not symptoms.moved and not symptoms.joint


def _signs_of_data(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    for name in _unusable(symptoms):
        yield "data_quality", f"{name}: {symptoms.broken[name]:.0%} of the rows cannot be right"
    for name, other in symptoms.swapped.items():
        if name < other and name in _rescaled(symptoms):
            yield "data_quality", f"{name} and {other} look swapped: each holds what the other usually does"
    for name in (one for one in _rescaled(symptoms) if one not in symptoms.swapped):
        elsewhere = f"{name} lies wholly elsewhere (PSI {symptoms.moved[name]:.1f}), unlike other columns"
        unit = f"{name}: the values are the usual ones in another unit, {symptoms.units.get(name)}"
        yield "data_quality", unit if name in symptoms.units else elsewhere


def _signs(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    """Give every sign with the reason that it speaks for; the empty sentence where it is not there."""
    yield from _signs_of_data(symptoms)
    if symptoms.alarmed:
        names = first_of(symptoms.alarmed, NAMED)
        yield "attack_like", f"{names} {'is' if len(symptoms.alarmed) == 1 else 'are'} {ALARMED}"
    yield "attack_like", _told(symptoms.attack, "of the suspicious rows") if symptoms.attack.held else ""
    yield "attack_like", _told(symptoms.drift, "of the rows that moved") if symptoms.drift.held else ""
    yield "model_change", f"version {symptoms.version} is new" if symptoms.version else ""
    differs = f"version {symptoms.differs} answers otherwise than the older one did in the same windows"
    yield "model_change", differs if symptoms.differs else ""
    drifted = _drifted(symptoms)
    if drifted:
        yield "temporal", f"{len(drifted)} of {symptoms.features} features moved ({first_of(drifted)})"
    yield from _signs_of_time(symptoms)
    if symptoms.drift.spread:
        yield "temporal", f"{symptoms.drift.clients} clients sent the rows that moved"
    if symptoms.leapt:
        leapt = first_of(sorted(symptoms.leapt))
        yield "data_quality", f"it came there at once, as with another release of what makes it ({leapt})"
    if symptoms.joint and not symptoms.moved:
        yield "temporal", "all features together moved, though none alone"
    if not symptoms.moved and not symptoms.joint:
        yield from _signs_of_answers(symptoms)


def _signs_of_time(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    if symptoms.grows:
        yield "temporal", f"it grows with time, in the reference already ({first_of(sorted(symptoms.grows))})"
    if crept := symptoms.crept - symptoms.grows:
        yield "temporal", f"it came there step by step ({first_of(sorted(crept))})"


def _signs_of_answers(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    """Give what answers and labels did while no feature moved."""
    if symptoms.turned:
        names = first_of(list(map(shown, symptoms.turned)))
        met = f"labels that stayed as they were met {'it' if len(symptoms.turned) == 1 else 'them'} otherwise"
        yield "model_change", f"{names} moved at once, and {met}, {STILL[1]}"
    elif symptoms.outputs:
        yield "model_change", f"the answers moved {STILL[0]}"
    elif symptoms.outcomes:
        told = "the labels moved" if symptoms.only_labels else "labels met the answers otherwise"
        yield "model_change" if symptoms.version or symptoms.differs else "temporal", f"{told} {STILL[1]}"


def _told(excess: Excess, what: str) -> str:
    return f"at most {FEW_CLIENTS} clients sent {excess.top_share:.0%} {what}"
