"""What is to be done about what one message tells, by what the columns are: features, the model's answers, labels."""

from collections.abc import Iterable, Sequence

from monitor.alerts.attack_names import POISONING
from monitor.alerts.causes import (
    MISSING,
    POISONED,
    STAYED,
    became_usual,
    broken_columns,
    came_at_once,
    comes_of_broken_data,
    growing_columns,
    missing_rows_of,
    turned_answers,
    unrelated,
)
from monitor.alerts.finding import Finding, Group
from monitor.alerts.news import shows_hiding
from monitor.alerts.phrasing import distinct, listed, number, pasted
from monitor.alerts.story_wording import is_sudden
from monitor.alerts.vocabulary import ENDS, TO_DO
from monitor.profiles.population import NAMES as OF_ALL_FEATURES

NAMED = 3
MET = ("drift.concept", "performance.realised")
"""Kinds that tell how labels meet the answers."""
ANSWER, LABEL, PART, HIDDEN, ALL = "answer", "label", "part", "hidden", "all features"
"""What a column may be besides a feature: the model's own answer, a label, made of one column, made of all features."""
SUBJECTS = {"prediction": ANSWER, "score": ANSWER, "confidence": ANSWER, "expected": ANSWER, "label": LABEL}
KINDS = {"drift.prediction": ANSWER, "confidence": ANSWER, "drift.label": LABEL}
ODD_ROWS = "overconfident_share"
MOVED, ALONE, EITHER = "moved", "alone", ""
"""Features moved with it, or none did."""
_MADE_OTHERWISE = (
    "no feature moved with {where}, which the model makes: ask whether its version, a release or its calibration is "
    "another since then, or what it reads besides the columns logged"
)
_FOLLOWS = "see to {moved} first, of which the model makes {where}"
FOR_SUBJECT = {
    (ANSWER, "drift", MOVED): f"{_FOLLOWS}; watch performance, and retrain if it falls",
    (ANSWER, "drift", ALONE): _MADE_OTHERWISE,
    (ANSWER, "confidence", MOVED): f"{_FOLLOWS}; look at the records with the least confidence",
    (ANSWER, "confidence", ALONE): _MADE_OTHERWISE,
    (ANSWER, ODD_ROWS, MOVED): "do not take the model's word on rows unlike the reference's, of which it is as "
    "sure as of others: see to {moved} first, and get labels for some of these records",
    (ANSWER, ODD_ROWS, ALONE): "see whether the model is surer of all rows than it was, as after a release or another "
    "calibration; get labels for some of the records furthest off, and do not take its word on them",
    (ANSWER, "missing_share", EITHER): "look at what serves the model and logs {where}: answers stopped arriving",
    (ANSWER, "constant_column", EITHER): "look at the model's version and at the features that it reads: it gives one "
    "answer to all as {where}",
    (ANSWER, "out_of_range_share", EITHER): "look at the model's version and calibration, and at the features that it "
    "reads: {where} is its own answer",
    (ANSWER, "unseen_share", EITHER): "look at the model's version: it gives answers that the reference does not hold "
    "as {where}; if they are meant, renew the reference",
    (LABEL, "drift", MOVED): "see to {moved} first, which labels may follow; ask whether who makes them, or how, is "
    "another since then; watch performance, and retrain if it falls",
    (LABEL, "drift", EITHER): "ask whether who makes the labels, or how, is another since then; if not, the world "
    "changed: watch performance, and retrain if it falls",
    (LABEL, "missing_share", EITHER): "look at whatever writes the labels {where}: they stopped arriving",
    (LABEL, "constant_column", EITHER): "look at whatever makes the labels {where}: all are alike",
    (LABEL, "out_of_range_share", EITHER): "ask who makes the labels {where}, and how: their unit may be another",
    (
        LABEL,
        "unknown_label_share",
        EITHER,
    ): "ask who makes the labels {where}: classes are new or renamed; if they are right, "
    "the model does not know them: renew the reference and retrain",
    (ALL, "drift", MOVED): "{where} {are} made of all features: see to {moved} first; watch performance, and retrain "
    "if it falls",
    (ALL, "drift", ALONE): "{where} {are} made of all features, and none moved surely by itself: several did a little, "
    "or go together otherwise; lay the records furthest off beside the reference's; watch performance, and retrain if "
    "it falls",
    (ALL, "quality", EITHER): "{where} {are} made of all features: look at what produces these",
    (PART, "drift", EITHER): "{where} {are} made of {of}: lay records of this window beside the reference's (a topic, "
    "a language, another program that makes them); watch performance, and retrain if it falls",
    (HIDDEN, "drift", EITHER): "in {of} there are characters that nobody sees, or letters that look like others, which "
    "hide words from a filter: find who sends such texts, or which program writes so",
    (PART, "quality", EITHER): "{where} {are} made of {of}: look at what produces that",
}
"""What to do about what is no feature, by what it is, detector or kind, and whether features moved with it."""


def to_do(group: Group) -> str:
    """Say what to do about what a message tells, without a full stop."""
    if group.transition == "resolved":
        ended = [note for note in ENDS if note in {finding.note for finding in group.findings}]
        if not ended and any(map(became_usual, group.findings)):
            return TO_DO["became_usual"]
        if not ended and any(finding.evidence.get(STAYED) for finding in group.findings):
            return TO_DO["stayed"]
        return ENDS[ended[-1]] if ended else TO_DO["poisoned_before" if group.kind == POISONING else "resolved"]
    return _of_its_reason(group) or _of_what_it_is(group)


def _of_its_reason(group: Group) -> str:
    """Say what the reason asks for, whatever moved; the empty text where it asks for nothing in particular."""
    first = group.findings[0]
    if comes_of_broken_data(first) or unrelated(first):
        return _of_wrong_rows(first)
    if of_labels := _of_what_labels_show(group):
        return of_labels
    if grows := growing_columns(group):
        return TO_DO["grows"].format(where=_where(grows))
    if besides := _of_what_else_changed(group):
        return besides
    at_once = "at_once" if group.kind in MET and came_at_once(first) else ""
    if sudden := "sudden" if is_sudden(group) else at_once:
        return TO_DO[sudden]
    return TO_DO["version"] if group.kind == "quality" and first.origin == "model_change" else ""


def _of_what_labels_show(group: Group) -> str:
    """Say what labels ask for where there is no reason to retrain on them; else the empty text."""
    first = group.findings[0]
    if first.origin == "attack_like" and group.kind in (*MET, "drift.label", "bias.temporal"):
        return TO_DO["attacked"]
    smaller = first.evidence.get("smaller", {}) if group.kind == "drift.concept" else {}
    sizes = {name: number(value) for name, value in smaller.items()}
    return TO_DO["smaller"].format(**sizes) if sizes else ""


def _of_what_else_changed(group: Group) -> str:
    """Say what is to be seen to first where something else began with a fall, or the answers changed by themselves."""
    told = [finding.evidence for finding in group.findings if finding.detector == "ageing"]
    if any(one.get(POISONED) for one in told):
        return TO_DO[POISONING]
    if missing := distinct(name for one in told for name in one.get(MISSING, ())):
        return TO_DO["missing_rows"].format(where=_where(missing))
    if any("version" in one for one in told):
        return TO_DO["version_performance"]
    answers = turned_answers(group.findings[0]) or [name for one in told for name in one.get("answers", ())]
    return TO_DO["turned"].format(where=_where(answers)) if answers else ""


def _of_wrong_rows(finding: Finding) -> str:
    """Say what broken data ask for, or answers and labels of other rows."""
    if side := unrelated(finding):
        return TO_DO[f"unrelated_{side}"]
    missing = missing_rows_of(finding)
    return TO_DO["missing_rows" if missing else "broken"].format(where=_where(missing or broken_columns(finding)))


def _of_what_it_is(group: Group) -> str:
    """Say what each of the subjects asks for; what is made of all features follows those that moved alone."""
    found: dict[str, list[Finding]] = {}
    for finding in group.findings:
        found.setdefault(_subject(finding), []).append(finding)
    if found.keys() & {"", PART, HIDDEN}:
        found.pop(ALL, None)
    return "; ".join(dict.fromkeys(_advice(group, *one) for one in sorted(found.items())))


def _subject(finding: Finding) -> str:
    if finding.column in OF_ALL_FEATURES:
        return ALL
    if finding.evidence.get("of"):
        return HIDDEN if shows_hiding(finding) else PART
    return SUBJECTS.get(str(finding.evidence.get("role"))) or KINDS.get(finding.kind, "")


def _advice(group: Group, subject: str, findings: Sequence[Finding]) -> str:
    detectors = {finding.detector for finding in findings}
    keys = [*(detectors if len(detectors) == 1 else ()), group.kind, group.kind.partition(".")[0]]
    moved = _moved(findings)
    made_of = distinct(str(finding.evidence.get("of", "")) for finding in findings)
    columns = distinct(finding.column for finding in findings)
    own = _for_subject(subject, keys, findings, moved=bool(moved)) if columns else ""
    words = own or next((TO_DO[key] for key in keys if key in TO_DO), TO_DO[""])
    model = pasted(group.config, group.model)
    told = {"where": _where(columns), "are": "is" if len(columns) == 1 else "are", "model": model}
    return words.format(**told, moved=listed(moved, NAMED), of=listed(made_of, NAMED))


def _moved(findings: Iterable[Finding]) -> list[str]:
    """Name the features that moved with what is told, or else those that may have."""
    told = [finding.evidence for finding in findings]
    surely = distinct(str(name) for one in told for name in one.get("columns", ()))
    return surely or distinct(str(name) for one in told for name in one.get("leaning", ()))


def _for_subject(subject: str, keys: Iterable[str], findings: Sequence[Finding], *, moved: bool) -> str:
    """Give what there is to do about what is no feature; the empty text where that is the same."""
    for key in keys:
        if key == ODD_ROWS and any(_is_suspected(finding) for finding in findings):
            return TO_DO["crafted"]
        for state in (MOVED if moved else ALONE, EITHER):
            if (subject, key, state) in FOR_SUBJECT:
                return FOR_SUBJECT[subject, key, state]
    return ""


def _is_suspected(finding: Finding) -> bool:
    """Say whether somebody is under an attack alarm, or few clients sent what moved."""
    return finding.origin == "attack_like" or bool(finding.evidence.get("origin", {}).get("suspected"))


def _where(columns: list[str]) -> str:
    return listed(columns, NAMED) if columns else "the model's data"
