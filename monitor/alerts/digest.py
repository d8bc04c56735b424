"""One message in place of many: what a digest says, how many messages fit into one, and which do not wait for one."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate

from monitor.alerts.attack_names import CLIENT
from monitor.alerts.finding import gravity_of
from monitor.alerts.phrasing import clock, counted, distinct, first_of, said, shown
from monitor.alerts.taxonomy import is_attack
from monitor.types import Notice

DIGEST = "digest"
MEMBERS = 50
LINE, TEXT = 125, 6400  # a Slack message holds 6,500 characters of lines, escaped
ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
COUNTED = {"fired": "began", "worsened": "got much worse", "repeated": "still fired", "resolved": "ended"}

SEGMENTS = 2
"""So many segments a line names; a client's name stands in the title."""

Queued = tuple[Notice, datetime]
"""A message, and when it was queued."""


def digest_of(members: Sequence[Queued]) -> Notice:
    """Give the message that tells of all members, which are in the order of the queue; the same members, the same `id`.

    One line a member, those of a model together, the gravest first; `alerts` are in the order of the queue.
    """
    notices = [notice for notice, _ in members]
    models, kinds = {notice.model for notice in notices}, {notice.kind for notice in notices}
    listed = _ranked(members)
    return Notice(
        id=hashlib.sha256("\n".join((DIGEST, *(notice.id for notice in notices))).encode()).hexdigest(),
        model=models.pop() if len(models) == 1 else "",
        kind=kinds.pop() if len(kinds) == 1 else "",
        transition=DIGEST,
        reason=DIGEST,
        title=_title(notices),
        lines=tuple(_line(notice, at) for notice, at in listed),
        alerts=tuple(alert for notice in notices for alert in notice.alerts),
        link=listed[0][0].link,
    )


def fitting(members: Iterable[Queued]) -> int:
    """Say how many of the first members one digest lists in full: at most 50, and one at least where there is any."""
    sizes = accumulate(sum(len(ESCAPED.get(one, one)) for one in _line(*member)) + 1 for member in members)
    return sum(number < MEMBERS and (number == 0 or size <= TEXT) for number, size in enumerate(sizes))


def share_of(waiting: int) -> int:
    """Say how many of so many messages go into the next digest, so that digests of one backlog are alike in size.

    >>> share_of(20), share_of(51), share_of(500)
    (20, 26, 50)
    """
    return -(-waiting // -(-waiting // MEMBERS))


def is_pressing(notice: Notice) -> bool:
    """Say whether a message is not to wait for a digest: an attack, a critical alert, or a word about monitor itself.

    The end of an alert may wait, and what is told again.
    """
    grave = any(alert.get("severity") == "critical" for alert in notice.alerts)
    return notice.transition not in ("resolved", "repeated") and (grave or is_attack(notice.kind) or not notice.alerts)


def _ranked(members: Sequence[Queued]) -> list[Queued]:
    """Put the models with the gravest alerts first, and so the kinds of each; one kind's stay as they were queued."""
    gravest: dict[tuple[str, ...], int] = {}
    for notice, _ in members:
        for place in ((notice.model,), (notice.model, notice.kind)):
            gravest[place] = min(_gravity(notice), gravest.get(place, _gravity(notice)))

    def order(member: Queued) -> tuple[int, str, int, str]:
        model, kind = member[0].model, member[0].kind
        return gravest[(model,)], model, gravest[model, kind], kind

    return sorted(members, key=order)


def _gravity(notice: Notice) -> int:
    return min((gravity_of(str(alert.get("severity"))) for alert in notice.alerts), default=0)


def _title(notices: Sequence[Notice]) -> str:
    models = {notice.model for notice in notices if notice.model}
    about = f" about {shown(*models) if len(models) == 1 else counted(len(models), 'model')}" if models else ""
    numbers = {word: sum(len(n.alerts) for n in notices if n.transition == kind) for kind, word in COUNTED.items()}
    told = ", ".join(f"{counted(number, 'alert')} {word}" for word, number in numbers.items() if number)
    return f"{counted(len(notices), 'message')}{about} in one{': ' if told else ''}{told}"


def _line(notice: Notice, at: datetime) -> str:
    """Say when its window ended, or else when it was queued, what it is called, and of which segments it is."""
    ends = [datetime.fromisoformat(str(alert["window_end"])) for alert in notice.alerts if alert.get("window_end")]
    segments = [str(alert.get("segment") or "") for alert in notice.alerts]
    parts = distinct(shown(one) for one in segments if not one.startswith(CLIENT))
    within = f" ({first_of(parts, SEGMENTS)})" if parts and "" not in segments else ""
    line = f"{clock(max(ends, default=at))}: {said(notice.title)}{within}"
    return line if len(line) <= LINE else line[: LINE - 1] + "…"
