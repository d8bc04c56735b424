"""When what an alert tells began, and whether its reason did not begin only later, or creep there long before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from monitor.alerts.courses import has_stepped_first, lasting
from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import PRESENT, UNDER_ALARM
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.quality import dropped_column, missing_share
from monitor.steps.history import History
from monitor.steps.memory import Memory
from monitor.steps.reasons import Reason
from monitor.steps.turning import LATELY
from monitor.store.database import Database
from monitor.store.measurements import read_series

OF_DATA = ("quality", "drift.data")
_NONE: Mapping[str, datetime] = MappingProxyType({})
Effects = Sequence[tuple[datetime, float]]


def attacked_since(suspects: Iterable[Finding]) -> datetime | None:
    """Give when the first of the attacks that stand began; None without any."""
    attacks = (f for f in suspects if is_attack(f.kind) and f.alert.state in UNDER_ALARM)
    return min((f.since for f in attacks if f.since), default=None)


def as_began(
    finding: Finding,
    reason: Reason,
    missing: datetime | None,
    broke: Mapping[str, datetime],
    gone: Mapping[str, datetime] = _NONE,
) -> Reason:
    """Give a window's reason as it stands for a finding, which began windows before what would explain it, or after.

    What has been missing for a week of windows without it is no reason of what comes then. missing: since when rows
    are, in windows before. broke, gone: by column, since when it stands under an alert, and is told to be missing.
    """
    since, length = finding.alert.since, finding.window.end - finding.window.start
    if since is None:
        return reason
    if missing and since >= missing + 2 * length:
        reason = reason.of_the_rest()
    if reason.origin.name != "data_quality" or not reason.origin.columns or finding.column in reason.origin.columns:
        return reason
    first, last = (
        limit(known.get(name, finding.window.start) for name in reason.origin.columns)
        for limit, known in ((min, broke), (max, gone))
    )
    return reason.of_the_sound() if first >= since + 2 * length or last <= since - LATELY * length else reason


def broken_since(stepped: Iterable[Finding], standing: Iterable[Mapping[str, Any]]) -> dict[str, datetime]:
    """Give by column since when an alert of all traffic, pending or not, tells that it is broken or moved."""
    return _since(stepped, standing, lambda kind, _: kind in OF_DATA)


def gone_since(stepped: Iterable[Finding], standing: Iterable[Mapping[str, Any]]) -> dict[str, datetime]:
    """Give by column since when an alert of all traffic, pending or not, tells that its values are missing."""
    return _since(stepped, standing, lambda _, detector: detector in (missing_share.NAME, dropped_column.NAME))


def _since(
    stepped: Iterable[Finding], standing: Iterable[Mapping[str, Any]], chosen: Callable[[str, str], bool]
) -> dict[str, datetime]:
    found = [(f.column, f.alert.since) for f in stepped if chosen(f.kind, f.detector) and not f.segment]
    found += [
        (row["column"], datetime.fromisoformat(row["since"]))
        for row in standing
        if chosen(row["kind"], row["detector"]) and not row["segment"] and row["since"] and row["state"] in PRESENT
    ]
    broke: dict[str, datetime] = {}
    for column, since in found:
        if since is not None:
            broke[column] = min(broke.get(column, since), since)
    return broke


def came_before(finding: Finding, attacked: datetime | None, reason: Reason | None) -> bool:
    """Say whether an alert stood windows before there was an attack, by which its reason of now would explain it.

    Not of the window just before: of an attack's first rows it is not always known that they are.
    """
    if reason is None or reason.origin.name != "attack_like" or is_attack(finding.kind):
        return False
    since, length = finding.alert.since, finding.window.end - finding.window.start
    return since is not None and attacked is not None and since + 2 * length <= attacked


def effects_since(database: Database, model: str, finding: Finding, since: datetime) -> Effects:
    """Read the effects that a finding's detector measured, of windows that end after a time and before this one."""
    with database.read() as connection:
        found = read_series(
            connection,
            model,
            detectors=[finding.detector],
            columns=[finding.column],
            since=since,
            until=finding.window.start,
            segment=finding.segment,
        )
        return sorted((end, one.effect) for end, one in found if one.effect is not None)


@dataclass(frozen=True)
class Last:
    """How long something has lasted, by what was measured in the windows before, and how many rows they had.

    effects: gives those of a finding's detector since some time, see `effects_since`.
    """

    memory: Memory
    history: History
    effects: Callable[[Finding, datetime], Effects]

    def came_at_once(self, finding: Finding) -> bool:
        """Say whether it was nowhere near where it has been since it began in any of the seven windows before."""
        since = finding.alert.since
        if since is None:
            return False
        before = [window for window in self.memory.before(finding.window) if window.start < since][-LATELY:]
        effects = self.effects(finding, before[0].start if before else since)
        earlier = [effect for end, effect in effects if end <= since]
        now = [*(effect for end, effect in effects if end > since), finding.effect or 0.0]
        return has_stepped_first(earlier, sum(now) / len(now))

    def told(self, finding: Finding, *, crept: bool = False) -> tuple[str, ...]:
        """Say for how many windows that had rows, and whether it came at once; nothing of fewer than three.

        crept: it comes of what came step by step, of which one window more or less passed a threshold.
        """
        since, before = finding.alert.since, [*filter(self.history.had_rows, self.memory.before(finding.window))]
        if since is None:
            return ()
        windows = 1 + sum(window.start >= since for window in before)
        found = (self.memory.at(window, finding.detector, finding.column) for window in before)
        effects = [one.effect for one in found if one and one.effect is not None and not finding.segment]
        sentence = lasting([] if crept else [*effects, finding.effect or 0.0], windows)
        return (sentence,) if sentence else ()
