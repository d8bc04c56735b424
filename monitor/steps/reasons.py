"""Why a window differs: what its symptoms speak for, with all of its rows, and without those of attackers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from monitor.alerts.attack_names import POISONING
from monitor.alerts.causes import MISSING, UNRELATED
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import PRESENT
from monitor.alerts.origin import Origin, origin_of
from monitor.alerts.symptoms import DRIFT_PSI, Excess, Symptoms
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.quality import volume
from monitor.detectors.suspicion.suspects import client_of
from monitor.profiles.contributions import Contribution
from monitor.profiles.layout import Column, Layout
from monitor.steps.displaced import columns_in_other_units, crept_columns, leapt_columns
from monitor.steps.evidence import MOST_NAMED, leaning_columns
from monitor.steps.faulty import Faulty
from monitor.steps.gone_categories import gone_categories
from monitor.steps.leapt import leapt_features
from monitor.steps.measure import waits_for_labels
from monitor.steps.memory import Memory
from monitor.steps.suspicions import Suspicious
from monitor.steps.swapped import swapped_by_others, swapped_columns
from monitor.steps.symptoms import (
    excess_of,
    joint_columns,
    senders_of,
    sent_more,
    symptoms_of,
    turned_answers,
)
from monitor.steps.together import Together
from monitor.steps.turning import stood_before, turned_at
from monitor.steps.unrelated import apart_at_once
from monitor.steps.verdict import Verdict
from monitor.store.references import WHOLE
from monitor.types import Window

T = TypeVar("T")
HARDLY = 0.01
"""Of a column that explains a smaller share of the variance of answers these hardly hang on it."""
COLUMNS: Mapping[str, str] = {"data_quality": "broken", "temporal": "crept", "model_change": "answers"}
"""What the columns are that an origin names."""


@dataclass(frozen=True)
class Reason:
    """Why a window differs, and which clients sent the rows by which its most moved column does.

    sound: why it would without the columns that are broken: what moved beside these did not do so because of them.
    rest: why it would if no rows were missing.
    turned: why answers, or how labels meet them, turned at once, where features had lain as far off before; else None.
    uncrept: why it would without features that came to where they are step by step, where time is the reason.
    unit: of a column that is broken in the rows of a segment, in which unit it is there.
    unsent: why it would, whoever sent the rows that moved, where features moved so little that answers do not follow.
    """

    origin: Origin
    column: str = ""
    clients: Sequence[Contribution] = ()
    sound: Origin | None = None
    rest: Origin | None = None
    turned: Origin | None = None
    uncrept: Origin | None = None
    unit: str = ""
    unsent: Origin | None = None

    def of_what_came_at_once(self) -> "Reason":
        """Give why what came at once differs: not because of features that came there step by step."""
        return self if self.uncrept is None else replace(self, origin=self.uncrept, sound=None, uncrept=None)

    def of_feature(self, column: str, layout: Layout) -> "Reason":
        """Give why a column of the features moved: not because another one is broken, unless it is made of several."""
        known = layout.by_name.get(column)
        made = known is None or known.role not in ("feature", "sensitive")
        sound = self.origin if made or column in self.origin.columns or self.sound is None else self.sound
        return replace(self, origin=sound.of_features())

    def of_the_rest(self) -> "Reason":
        """Give why what began long after rows were missing differs: not because they are."""
        return self if self.rest is None else Reason(self.rest)

    def of_the_sound(self) -> "Reason":
        """Give why what began long before columns broke differs: not because they did."""
        return self if self.sound is None else replace(self, origin=self.sound, sound=None)

    def of_answers(self, layout: Layout) -> "Reason":
        """Give why answers differ, or how labels meet them.

        What was there before they turned at once is no reason, nor are new values of columns of which the reference
        shows that answers hardly hang on them, as that of an app's version.
        """
        if self.turned is not None:
            return Reason(self.turned)
        if self.unsent is not None and self.origin.name == "undetermined":
            return Reason(self.unsent)
        broken = self.origin.columns if self.origin.name == "data_quality" else ()
        return (
            self.of_the_sound() if broken and all(_hardly_matters(layout.by_name.get(one)) for one in broken) else self
        )

    def evidence(self) -> dict[str, Any]:
        """Give it as JSON that an alert carries; the clients stand with the column that they moved."""
        told: dict[str, Any] = {"for": self.origin.speaks_for, "against": self.origin.speaks_against}
        if self.origin.columns:
            told[COLUMNS[self.origin.name]] = self.origin.columns[:MOST_NAMED]
        if self.unit:
            told["unit"] = self.unit
        if self.origin.missing:
            told[MISSING] = self.origin.missing
        if self.origin.unrelated:
            told[UNRELATED] = self.origin.unrelated
        if any(name == "attack_like" for name, _ in self.origin.signs):
            told["suspected"] = True
        if self.origin.grows:
            told["grows"] = self.origin.grows
        rows, excess = sum(one.rows for one in self.clients), sent_more(self.clients)
        if sum(one.excess for one in self.clients) > 0:
            told["column"] = self.column
            told["clients"] = [
                {"client": one.client, "share": round(one.excess / excess, 3), "traffic": round(one.rows / rows, 3)}
                for one in self.clients[:MOST_NAMED]
                if one.excess > 0
            ]
        return told


def _hardly_matters(column: Column | None) -> bool:
    known = column.sensitivity if column and column.kind == "categorical" else None
    return known is not None and known < HARDLY


@dataclass(frozen=True)
class Reasons:
    """Why a window differs with all of its rows, which attacks ask for, and with those that it was compared with.

    labelled: the latter for what labels show, which poison in them may be the reason of, and of nothing else.
    """

    attack: Reason | None = None
    left: Reason | None = None
    labelled: Reason | None = None

    def why(self, finding: Finding) -> Reason | None:
        """Give the one that a finding asks for."""
        if is_attack(finding.kind):
            return self.attack
        return self.labelled if waits_for_labels(finding.kind, finding.detector) else self.left


def reasons_of(
    why: Callable[..., Reason], suspects: Sequence[Finding], suspicious: Suspicious, attacks: Collection[bool]
) -> Reasons:
    """Give why a window differs, with the rows of clients that it was compared without only where attacks ask for it.

    why: `reason_of` all that is the same for both. attacks: of those that ask, whether they are attacks.
    """
    others = [f for f in suspects if client_of(f.segment) not in suspicious.without]
    unpoisoned = [f for f in others if f.kind != POISONING]
    of_all = partial(why, attack=suspicious.rows)
    of_left = partial(why, attack=suspicious.left, without=suspicious.without) if suspicious.without else of_all
    attack = of_all(suspects) if True in attacks or not suspicious.without else None
    if False not in attacks:
        return Reasons(attack)
    labelled = of_left(others) if attack is None or suspicious.without else attack
    return Reasons(attack, labelled if len(unpoisoned) == len(others) else of_left(unpoisoned), labelled)


def reason_of(
    connection: Connection,
    model: str,
    verdict: Verdict,
    stepped: Sequence[Finding],
    *,
    differs: str,
    memory: Memory,
    window: Window,
    attack: Excess,
    faulty: Faulty,
    missing: Collection[str] = (),
    without: Collection[str] = (),
) -> Reason:
    """Gather a window's symptoms and say what they speak for; differs: as in `Symptoms`.

    missing: columns of which the rows of a category were missing in windows before. without: clients whose rows are
    none of those that moved.
    """
    symptoms = symptoms_of(verdict, stepped, faulty=faulty)
    moved = symptoms.moved
    together = Together.of(verdict, memory, stepped)
    swapped = swapped_columns(moved, verdict, memory) | swapped_by_others(together)
    leapt = leapt_features(connection, model, verdict, stepped, together)
    leapt = _without_the_sound(leapt, swapped, together)
    symptoms = replace(
        symptoms,
        broken={name: share for name, share in symptoms.broken.items() if name not in swapped},
        attack=attack,
        differs=differs,
        crept=(symptoms.crept | crept_columns(moved, verdict, memory)) - leapt.keys(),
        leapt=leapt_columns(moved, verdict, memory) | leapt.keys(),
        swapped=swapped,
        units=columns_in_other_units(moved.keys() - swapped.keys(), verdict, memory)
        | {name: unit for name, unit in leapt.items() if unit},
        gone=gone_categories(moved, verdict, memory, known=missing),
        turned=turned_answers(verdict, memory, stepped),
        apart=apart_at_once(verdict, memory) if symptoms.outcomes and not moved else None,
    )
    turn = turned_at(verdict, memory) if symptoms.outputs or symptoms.outcomes else None
    symptoms = replace(symptoms, sudden=turn is not None)
    column = max(moved, key=lambda name: (moved[name], name), default="")
    found = senders_of(connection, model, verdict, column, window, without=without) if column else None
    if found is not None:
        symptoms = replace(symptoms, drift=excess_of(found))
    origin, sound = origin_of(symptoms), None
    if origin.name == "data_quality" and origin.columns:
        sound = origin_of(_without(origin.columns, symptoms))
    rest = origin_of(replace(symptoms, gone={})) if origin.missing else None
    turned, uncrept = _of_a_turn(symptoms, verdict, memory, turn), _without_the_crept(symptoms, origin)
    little = found is not None and moved[column] <= DRIFT_PSI
    unsent = origin_of(replace(symptoms, drift=Excess())) if little else None
    return Reason(origin, column if found else "", found or (), sound, rest, turned, uncrept, unsent=unsent)


def _without(columns: Collection[str], symptoms: Symptoms) -> Symptoms:
    """Give the symptoms without columns that are broken, and without all that is broken.

    What rows of a category that come as another's bring with them stays.
    """
    return replace(
        symptoms,
        broken={},
        moved=_but(symptoms.moved, columns),
        units=_but(symptoms.units, columns),
        swapped=_but(symptoms.swapped, columns),
        leapt=symptoms.leapt.difference(columns),
        crept=symptoms.crept.difference(columns),
    )


def _but(held: Mapping[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: one for name, one in held.items() if name not in names}


def _without_the_crept(symptoms: Symptoms, origin: Origin) -> Origin | None:
    """Give why a window differs without the features that came to where they are step by step, where time is why."""
    if origin.name != "temporal" or not symptoms.crept:
        return None
    moved = _but(symptoms.moved, symptoms.crept)
    return origin_of(replace(symptoms, moved=moved, crept=frozenset(), grows=frozenset(), drift=Excess()))


def _without_the_sound(leapt: Mapping[str, str], swapped: Collection[str], together: Together | None) -> dict[str, str]:
    """Give the features that leapt, with their unit, but for those that are told so by others which are broken.

    swapped: features that hold each other's values; with these all go together again, and none is in another unit.
    """
    apart = together.apart if together else frozenset()
    broken = apart & {*swapped} or apart & {name for name, unit in leapt.items() if unit}
    return {name: unit for name, unit in leapt.items() if not broken or name in broken or name not in apart}


def _of_a_turn(symptoms: Symptoms, verdict: Verdict, memory: Memory, turn: Window | None) -> Origin | None:
    """Say why answers, or how labels meet them, turned at once, without the features that lay as far off before."""
    if turn is None:
        return None
    joint, layout = joint_columns(verdict), verdict.profiles[WHOLE][0].layout
    leaning = leaning_columns(verdict, layout, WHOLE)
    stood = stood_before({*symptoms.moved, *joint, *leaning}, verdict, memory, turn)
    moved = _but(symptoms.moved, stood)
    if len(moved) == len(symptoms.moved) and joint.isdisjoint(stood):
        return None
    apart = apart_at_once(verdict, memory) if symptoms.outcomes and not moved else None
    leaning = [] if moved else [name for name in leaning if name not in stood]
    return origin_of(
        replace(
            symptoms,
            moved=moved,
            earlier=tuple(sorted(symptoms.moved.keys() & stood)),
            crept=symptoms.crept & moved.keys(),
            grows=symptoms.grows & moved.keys(),
            joint=bool(joint - stood),
            leaning=tuple(leaning),
            apart=apart,
            drift=symptoms.drift if moved else Excess(),
        )
    )


def missing_before(standing: Iterable[Mapping[str, Any]]) -> dict[str, datetime]:
    """Name the columns of which the rows of a category are missing by alerts that have not ended, with since when."""
    rows = [row for row in standing if row["state"] in PRESENT and row["since"]]
    told = [(str(name), row) for row in rows for name in row["evidence"].get("origin", {}).get(MISSING, ())]
    # of others it is only the reason: they may have begun before
    told.sort(key=lambda one: (one[1]["column"] != one[0] and one[1]["detector"] != volume.NAME, one[1]["since"]))
    return {name: datetime.fromisoformat(row["since"]) for name, row in reversed(told)}
