"""Why a window differs: an attack, time, broken data, or another model; with what speaks for and against.

Who and where tell these apart, not how much.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from monitor.alerts.attack_names import EVERYONE
from monitor.alerts.phrasing import first_of, measure, shown
from monitor.alerts.symptoms import Apart, Excess, Symptoms

OriginName = Literal["attack_like", "temporal", "data_quality", "model_change", "undetermined"]

FEW_CLIENTS, NAMED = 3, 10
ALARMED = "under an attack alarm"
STILL = ("while no feature did", "while no feature moved", "while no feature surely did")
DIFFERS = "answers otherwise than the older one did in the same windows"
"""Both end the sentences about answers and labels that say nothing of why a feature moved."""
MET, AT_ONCE = "labels met the answers otherwise", ", at once,"
"""Begin the sentence about how labels meet the answers, the latter where they turned from one window to the next."""


@dataclass(frozen=True)
class Origin:
    """The likeliest reason, and in sentences what speaks for and against it.

    columns: of broken data, those that are broken; of time, those that crept to where no reference row lies; of another
    model, the answers that it gives otherwise. missing: of broken data, those of which one category's rows are missing.
    unrelated: where answers and labels are not those of the same rows, which of them are others, see `Apart`. grows: of
    time, those that do nothing else. signs: all sentences, each with the reason that it speaks for.
    """

    name: OriginName
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    signs: tuple[tuple[OriginName, str], ...] = field(default=(), compare=False)
    grows: tuple[str, ...] = field(default=(), repr=False)
    missing: tuple[str, ...] = field(default=(), repr=False)
    unrelated: str = field(default="", repr=False)

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
        told = tuple((reason, sentence) for reason, sentence in self.signs if not sentence.endswith((*STILL, DIFFERS)))
        rests = self.name in ("data_quality", "attack_like") or any(reason == self.name for reason, _ in told)
        name = self.name if rests else "undetermined"
        columns = self.columns if name == self.name and name != "model_change" else ()
        grows = self.grows if name == "temporal" else ()
        return Origin(name, *_weighed(name, told), columns, told, grows, self.missing)


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
        "data_quality": symptoms.unusable or ([] if symptoms.missing else symptoms.rescaled),
        "temporal": sorted(symptoms.crept),
        "model_change": symptoms.turned if symptoms.turned_alone else (),
    }
    grows = sorted(symptoms.grows) if name == "temporal" else ()
    missing = tuple(sorted(symptoms.missing)) if name == "data_quality" and not symptoms.unusable else ()
    told, against = _weighed(name, signs)
    unrelated = symptoms.unrelated if name == _taken_apart(symptoms) else ""
    return Origin(name, told, against, tuple(columns.get(name, ())), tuple(signs), tuple(grows), missing, unrelated)


def _weighed(name: OriginName, signs: Iterable[tuple[OriginName, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what speaks for a reason, and what against; all signs speak for it that nothing is known."""
    sides: tuple[list[str], list[str]] = ([], [])
    for reason, sentence in signs:
        sides[name not in (reason, "undetermined")].append(sentence)
    return tuple(sides[0]), tuple(sides[1])


def _broken(symptoms: Symptoms) -> OriginName | None:
    return "data_quality" if symptoms.unusable else None


def _lost(symptoms: Symptoms) -> OriginName | None:
    return "data_quality" if symptoms.missing else None


def _elsewhere(symptoms: Symptoms) -> OriginName | None:
    return "data_quality" if symptoms.rescaled else None


def _attacked(symptoms: Symptoms) -> OriginName | None:
    replaced = symptoms.version or symptoms.differs or symptoms.turned
    if not symptoms.alarmed or (replaced and symptoms.alarmed == (EVERYONE,)):
        # labels that contradict what another model says are no poison
        return None
    few = len(symptoms.alarmed) <= FEW_CLIENTS and not symptoms.attack.counts
    return "attack_like" if few or symptoms.attack.held else None


def _replaced(symptoms: Symptoms) -> OriginName | None:
    answers = symptoms.outputs or symptoms.outcomes
    if symptoms.turned_alone:
        return "model_change"
    # answers of a part of the traffic may have moved where those of the whole have not surely
    replaced = symptoms.differs or (symptoms.version and answers)
    return "model_change" if replaced and not symptoms.drifted else None


def _taken_apart(symptoms: Symptoms) -> OriginName | None:
    if not symptoms.unrelated or symptoms.alarmed:
        return None
    return "model_change" if symptoms.unrelated == "answers" else "data_quality"


def _aged(symptoms: Symptoms) -> OriginName | None:
    known = symptoms.drift.clients is not None
    many = symptoms.drift.spread or not known or not symptoms.drift.counts
    if symptoms.drifted:
        # texts and vectors are made by programs, which are changed overnight
        return "temporal" if many and not symptoms.leapt.issuperset(symptoms.drifted) else None
    if symptoms.grows and not symptoms.moved:
        return "temporal"
    # the inputs stand still, and so do the answers: what they mean has changed; at once, the model may have, too
    still = symptoms.still and not (symptoms.outputs or symptoms.alarmed or symptoms.sudden)
    return "temporal" if symptoms.outcomes and still else None


_REASONS = (_broken, _lost, _attacked, _elsewhere, _replaced, _taken_apart, _aged)


def _signs_of_data(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    for name in symptoms.unusable:
        yield "data_quality", f"{name}: {symptoms.broken[name]:.0%} of the rows hold nothing that can be right"
    for name, gone in symptoms.gone.items():
        recoded = f"{shown(gone.into)} has as many more, and all else is as before"
        left = recoded if gone.into else "the others are as many"
        before = measure(gone.share, "share")
        yield "data_quality", f"no row holds {shown(gone.category)} as {name}, of {before} before; {left}"
    for name, other in symptoms.swapped.items():
        if name < other and name in symptoms.rescaled:
            yield "data_quality", f"{name} and {other} look swapped: each holds what the other usually does"
    for name in (one for one in symptoms.rescaled if one not in {*symptoms.swapped, *symptoms.gone}):
        if name in symptoms.units:
            yield "data_quality", f"{name}: the values are the usual ones in another unit, {symptoms.units[name]}"
        else:
            elsewhere = f"{name} lies wholly elsewhere (PSI {symptoms.moved[name]:.1f}), unlike other columns"
            yield "data_quality", elsewhere


def _signs(symptoms: Symptoms) -> Iterator[tuple[OriginName, str]]:
    """Give every sign with the reason that it speaks for; the empty sentence where it is not there."""
    yield from _signs_of_data(symptoms)
    if symptoms.alarmed:
        names = first_of(symptoms.alarmed, NAMED)
        yield "attack_like", f"{names} {'is' if len(symptoms.alarmed) == 1 else 'are'} {ALARMED}"
    yield "attack_like", _told(symptoms.attack, "of the suspicious rows") if symptoms.attack.held else ""
    yield "attack_like", _told(symptoms.drift, "of the rows that moved") if symptoms.drift.held else ""
    yield "model_change", f"version {symptoms.version} is new" if symptoms.version else ""
    yield "model_change", f"version {symptoms.differs} {DIFFERS}" if symptoms.differs else ""
    drifted = symptoms.drifted
    if drifted:
        reason: OriginName = "data_quality" if symptoms.missing else "temporal"
        yield reason, f"{len(drifted)} of {symptoms.features} features moved ({first_of(drifted)})"
    if symptoms.earlier:
        yield "model_change", f"{first_of(symptoms.earlier)} lay as far off before"
    yield from _signs_of_time(symptoms)
    if symptoms.drift.spread:
        yield "temporal", f"{symptoms.drift.clients} clients sent the rows that moved"
    if symptoms.leapt:
        leapt = first_of(sorted(symptoms.leapt))
        yield (
            "data_quality",
            f"{leapt} came there from one window to the next, as after a new release of what computes it",
        )
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
    """Give what answers and labels did while no feature surely moved."""
    if symptoms.turned:
        names = first_of(list(map(shown, symptoms.turned)))
        met = f"labels that stayed as they were met {'it' if len(symptoms.turned) == 1 else 'them'} otherwise"
        yield "model_change", f"{names} moved at once, and {met}, {STILL[1]}"
    elif symptoms.outputs:
        yield "model_change", f"the answers moved {STILL[2] if symptoms.leaning else STILL[0]}"
    elif symptoms.apart and symptoms.unrelated:
        yield _taken_apart(symptoms) or "data_quality", _unrelated(symptoms.apart)
    elif symptoms.outcomes:
        told = "the labels moved" if symptoms.only_labels else MET
        told += AT_ONCE if symptoms.sudden else ""
        while_ = STILL[2] if symptoms.leaning else STILL[1]
        yield "model_change" if symptoms.version or symptoms.differs else "temporal", f"{told} {while_}"
    if symptoms.leaning:
        yield "temporal", f"{first_of(symptoms.leaning)} may have moved, which is not sure"


def _unrelated(apart: Apart) -> str:
    told = "the answers tell nothing of the labels any more, at once"
    if apart.side == "either":
        return f"{told}, while each is as before, and the features are"
    other = "labels" if apart.side == "answers" else "answers"
    where = first_of(list(map(shown, apart.answers or apart.labels)))
    return f"{told}: within {where} the {apart.side} moved, and the {other} did not"


def _told(excess: Excess, what: str) -> str:
    return f"at most {FEW_CLIENTS} clients sent {excess.top_share:.0%} {what}"
