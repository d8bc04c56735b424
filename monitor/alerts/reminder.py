"""What still fires is told again: when, and in which words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.alerts.finding import CONFIG, Finding, Group
from monitor.alerts.grouping import address_of, gathered
from monitor.alerts.lifecycle import UNDER_ALARM, Transition, notice_id
from monitor.alerts.phrasing import counted, shown
from monitor.alerts.public import as_json, id_of
from monitor.alerts.silence import is_hushed
from monitor.alerts.titles import PREFIXES, title_of
from monitor.alerts.wording import LISTED, lines_of, sentences_of, text_of
from monitor.types import Notice

REPEAT = "repeat"
REPEATED: Transition = "repeated"
LONGEST = timedelta(days=1)
ADVISED = 3
"""A reminder says what to do about so many groups of alerts."""


@dataclass(frozen=True)
class Reminder:
    """When a receiver is told again of a model's alerts.

    alerts: the ids of those that were under alarm when it was last looked at. times: how often they were told again.
    """

    due_at: datetime
    alerts: tuple[str, ...] = ()
    times: int = 0


def is_remembered(finding: Finding) -> bool:
    """Say whether an alert is told again as long as it fires: people have heard of it, and nobody has quieted it."""
    told = bool(finding.evidence.get("told"))
    return finding.alert.state in UNDER_ALARM and told and not is_hushed(finding)


def looked_at(
    before: Reminder | None, alerts: Sequence[str], *, every: timedelta, now: datetime, fires: bool
) -> tuple[Reminder | None, bool]:
    """Give when a receiver is reminded next, and whether it is now.

    alerts: the ids of those that it is reminded of. every: how long it takes to the first time; each further one takes
    twice as long as the one before, up to a day, and an alert that is new begins anew. fires: one of them fires, and
    not all wait to clear; else there is nothing to say yet.

    >>> noon, hour = datetime.fromisoformat("2024-05-01T12:00Z"), timedelta(hours=1)
    >>> first, _ = looked_at(None, ["a-1"], every=4 * hour, now=noon, fires=True)
    >>> looked_at(first, ["a-1"], every=4 * hour, now=noon + 4 * hour, fires=True)[1]
    True
    """
    if not alerts:
        return None, False
    if before is None:
        return Reminder(now + every, tuple(alerts)), False
    if set(alerts) - set(before.alerts):
        before = Reminder(min(before.due_at, now + every), before.alerts)
    if now < before.due_at or not fires:
        return Reminder(before.due_at, tuple(alerts), before.times), False
    times = before.times + 1
    return Reminder(now + pause(every, times), tuple(alerts), times), True


def pause(every: timedelta, times: int) -> timedelta:
    """Give how long after so many reminders the next one comes.

    >>> [str(pause(timedelta(hours=4), times)) for times in (0, 1, 2, 3, 90)]
    ['4:00:00', '8:00:00', '16:00:00', '1 day, 0:00:00', '1 day, 0:00:00']
    >>> str(pause(timedelta(days=7), 3))
    '7 days, 0:00:00'
    """
    # beyond this power of two every pause is the longest
    return every if every >= LONGEST else min(every * 2 ** min(times, 20), LONGEST)


def reminder_of(
    findings: Sequence[Finding], receiver: str, *, due_at: datetime, config: str = CONFIG, base_url: str = ""
) -> Notice:
    """Give the message that tells again of what fires of one model, the gravest first.

    findings: at least one. due_at: since when it was due, so that each reminder has an `id` of its own. config,
    base_url: as of `Group` and `notice_of`.
    """
    groups = gathered(findings, config=config)
    listed = [finding for group in groups for finding in group.findings]
    kinds = {finding.kind for finding in listed}
    members = [(finding.fingerprint, finding.alert.episode) for finding in listed]
    return Notice(
        id=notice_id(members, f"{REPEATED} {due_at.isoformat()}", receiver),
        model=listed[0].model,
        kind=kinds.pop() if len(kinds) == 1 else "",
        transition=REPEATED,
        reason=REPEAT,
        title=_title(groups),
        lines=(*_sentences(listed), *_to_do(groups), _quieting(config, listed)),
        alerts=tuple(as_json(finding) for finding in listed),
        link=address_of(listed[0], base_url) if base_url else "",
    )


def _sentences(listed: Sequence[Finding]) -> tuple[str, ...]:
    """Give the sentence of each alert, with its id where there are several."""
    if len(listed) == 1:
        return sentences_of(listed)
    return sentences_of([replace(finding, said=f"{text_of(finding)} ({id_of(finding)})") for finding in listed])


def _to_do(groups: Sequence[Group]) -> tuple[str, ...]:
    """Give what the messages of the gravest say is to be done."""
    advised = [(_named(group), lines_of(group)[-1]) for group in groups[:ADVISED]]
    if len(groups) == 1:
        return (advised[0][1],)
    return tuple(line.replace("To do", f"To do about {name}", 1) for name, line in advised)


def _quieting(config: str, listed: Sequence[Finding]) -> str:
    ids = " ".join(map(id_of, listed[:LISTED]))
    looks = f"`monitor ack {config} {ids}` where somebody looks at {'it' if len(listed) == 1 else 'them'}"
    return f"To be told no more: {looks}, or `monitor silence {config} {id_of(listed[0])} --for 8h`."


def _title(groups: Sequence[Group]) -> str:
    """Name what fires; a message's title begins with its model."""
    if len(groups) == 1:
        return title_of(groups[0])
    number = sum(len(group.findings) for group in groups)
    return f"{shown(groups[0].model)}: {counted(number, 'alert')} still firing: {'; '.join(map(_named, groups))}"


def _named(group: Group) -> str:
    return title_of(group).removeprefix(f"{shown(group.model)}: {PREFIXES[REPEAT]}")
