"""Differences that come and go with the day or the week: told twice, they are known."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from monitor.alerts.finding import Finding
from monitor.detectors.temporal.cycles import CYCLES, is_as_far
from monitor.steps.memory import SHIFTS, Memory
from monitor.steps.verdict import Verdict
from monitor.types import Window

SHORT = ("day", "week")
TIMES = 2
"""So many cycles ago, each of them, it was as far off."""


def noting_recurrence(findings: Iterable[Finding], verdict: Verdict, memory: Memory) -> Iterator[Finding]:
    """Note in the evidence of drift of all traffic with which cycle it comes and goes: `recurring`."""
    stretch = verdict.judgement.stretch
    whole = [judged.measurement for judged in verdict.judged if not judged.measurement.segment]
    shifts = {one.column: one.effect for one in whole if one.detector in SHIFTS and one.effect}
    for finding in findings:
        drifts = finding.kind.startswith(("drift.", "confidence")) and finding.column and not finding.segment
        shift = shifts.get(finding.column) if drifts and finding.breaches else None
        cycle = recurs(finding.column, shift, finding.window, memory, stretch=stretch) if shift else None
        yield replace(finding, evidence={**finding.evidence, "recurring": cycle}) if cycle else finding


def recurs(column: str, now: float, window: Window, memory: Memory, *, stretch: Window | None = None) -> str | None:
    """Name the cycle with which a column's difference comes and goes; None where it does not, or is not known.

    One and two cycles ago it was about as far off, the same way; and it was not in some window since. now: by how much
    it is off in this window, in deviations and signed for numbers, as an effect for categories. stretch: of the windows
    that were judged together with this one, for others were then.
    """
    length, judged = window.end - window.start, stretch or window
    for name, cycle in ((name, CYCLES[name]) for name in SHORT):
        ago = [_shift(memory, judged.earlier(times * cycle), column) for times in range(1, TIMES + 1)]
        since = [_shift(memory, window.earlier(times * length), column) for times in range(1, cycle // length)]
        gone = any(one is not None and not is_as_far(one, now) for one in since)
        if gone and all(one is not None and is_as_far(one, now) for one in ago):
            return name
    return None


def _shift(memory: Memory, stretch: Window, column: str) -> float | None:
    """Average what was measured in the windows of a stretch, by their rows; None where nothing was."""
    windows = memory.within(stretch)
    found = (memory.at(window, name, column) for name in SHIFTS for window in windows)
    known = [(one.effect, max(one.n, 1)) for one in found if one is not None and one.effect is not None]
    return math.fsum(effect * n for effect, n in known) / sum(n for _, n in known) if known else None
