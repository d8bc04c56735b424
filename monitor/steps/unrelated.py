"""Answers that tell nothing of the labels from one window to the next, though each is as it was."""

from collections.abc import Iterable

from monitor.alerts.courses import has_stepped
from monitor.alerts.symptoms import Apart
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, RegressionOutcome
from monitor.profiles.skill import skill_of, tell_nothing
from monitor.steps.displaced import REMEMBERED
from monitor.steps.memory import Memory
from monitor.steps.symptoms import is_sure
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE

MEASURED_BY = {BinaryOutcome: "roc_auc", MulticlassOutcome: "accuracy", RegressionOutcome: "mean_absolute_error"}


def apart_at_once(verdict: Verdict, memory: Memory) -> Apart | None:
    """Say in which groups what moved where a window's answers tell nothing of its labels, at once; None where they do.

    Where the world changes, answers that were right are less often right, or step by step; those that are no better
    than any others are beside labels of other records, or were made of other rows. Which of the two shows in segments,
    within which what is of other rows is no more as it was.
    """
    if not _tell_nothing(verdict, memory):
        return None
    sure = [one for one in verdict.judged if one.measurement.segment and is_sure(one)]
    return Apart(_segments(sure, "drift.prediction"), _segments(sure, "drift.label"))


def _segments(moved: Iterable[Judged], kind: str) -> tuple[str, ...]:
    return tuple(sorted({one.measurement.segment for one in moved if one.kind == kind}))


def _tell_nothing(verdict: Verdict, memory: Memory) -> bool:
    whole = [one for one in verdict.judged if not one.measurement.segment]
    labels = [one.outcome for one in whole if one.kind == "drift.label"]
    reference, current = verdict.profiles[WHOLE]
    outcome, usual, now = current.outcome, skill_of(reference), skill_of(current)
    if outcome is None or usual is None or now is None or "breach" in labels or not tell_nothing(now, usual):
        return False
    name = MEASURED_BY[type(outcome)]
    measured = next((one.measurement for one in whole if one.measurement.detector == name), None)
    if measured is None or measured.value is None or measured.reference is None:
        return False
    before = memory.earlier(verdict.judgement.window, name, last=REMEMBERED)
    known = [one.value for one in before if one.value is not None]
    return has_stepped([value - measured.reference for value in known], measured.value - measured.reference)
