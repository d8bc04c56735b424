"""Whether a clear window says that an alert is over: not while the column leapt, nor while it breaches otherwise."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.detectors.fairness.sides import ROWS_NEEDED
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
    beside the reference then tells nothing. breaching: (kind, column, segment) of what breaches. pairs: by detector and
    column, the groups that alerts which stand tell to have moved apart.
    """

    leapt: frozenset[str]
    breaching: frozenset[tuple[str, str, str]]
    pairs: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, verdict: Verdict, rows: Iterable[Mapping[str, Any]]) -> "Undecided":
        """Look at a window, and at the model's public alerts as they stood before it."""
        breaches = [judged for judged in verdict.judged if judged.outcome == "breach"]
        standing = [row for row in rows if row["state"] in UNDER_ALARM]
        now = {judged.measurement.column for judged in breaches if judged.measurement.detector == NAME}
        stood = {row["column"] for row in standing if row["detector"] == NAME}
        pairs = {(row["detector"], row["column"]): row["evidence"].get("pair", ()) for row in standing}
        told = (judged for judged in breaches if _of_one_piece(judged))
        return cls(frozenset(now | stood), frozenset(map(_place, told)), pairs)

    def told(self, judged: Judged) -> Judged:
        """Give what a window says of an alert: undecided, where it is clear and that does not say that it is over."""
        if judged.outcome != "clear" or not (self._hides(judged) or self._goes_on(judged) or self._lacks(judged)):
            return judged
        return replace(judged, outcome="insufficient")

    def _lacks(self, judged: Judged) -> bool:
        """Say whether a window holds some rows of a group that is told of, and too few to judge it by."""
        one = judged.measurement
        rows = {group["value"]: group["rows"] for group in one.evidence.get("groups", ())}
        return any(0 < rows.get(name, 0) < ROWS_NEEDED for name in self.pairs.get((one.detector, one.column), ()))

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
