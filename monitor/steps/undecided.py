"""Whether a clear window says that an alert is over: not while the column leapt, nor while it breaches otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.detectors.quality import out_of_range_share
from monitor.detectors.temporal.step_change import NAME
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged

ONE_PIECE_OF_NEWS = ("drift.", "confidence", "disagreement")
"""Kinds of alert of which all that is found on a column is told as one."""


@dataclass(frozen=True)
class Undecided:
    """What keeps alerts of a window from being over.

    leapt: the features that leave where they had come to, or of which an alert says so that stands: what they are
    beside the reference then tells nothing. breaching: (kind, column, segment) of what breaches.
    """

    leapt: frozenset[str]
    breaching: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, verdict: Verdict, rows: Iterable[Mapping[str, Any]]) -> "Undecided":
        """Look at a window, and at the model's public alerts as they stood before it."""
        breaches = [judged for judged in verdict.judged if judged.outcome == "breach"]
        now = {judged.measurement.column for judged in breaches if judged.measurement.detector == NAME}
        stood = {row["column"] for row in rows if row["detector"] == NAME and row["state"] in UNDER_ALARM}
        told = (judged for judged in breaches if _of_one_piece(judged))
        return cls(frozenset(now | stood), frozenset(map(_place, told)))

    def told(self, judged: Judged) -> Judged:
        """Give what a window says of an alert: undecided, where it is clear and that does not say that it is over."""
        if judged.outcome != "clear" or not (self._hides(judged) or self._goes_on(judged)):
            return judged
        return replace(judged, outcome="insufficient")

    def _hides(self, judged: Judged) -> bool:
        one = judged.measurement
        of_level = judged.kind == "drift.data" or one.detector == out_of_range_share.NAME
        return one.column in self.leapt and of_level and one.detector != NAME

    def _goes_on(self, judged: Judged) -> bool:
        return _of_one_piece(judged) and _place(judged) in self.breaching


def _of_one_piece(judged: Judged) -> bool:
    one = judged.measurement
    return judged.kind.startswith(ONE_PIECE_OF_NEWS) and bool(one.column) and one.detector != NAME


def _place(judged: Judged) -> tuple[str, str, str]:
    return judged.kind, judged.measurement.column, judged.measurement.segment
