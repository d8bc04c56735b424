"""What the alerts made of the replay: of each thing that was put in, what was said about it and when; pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.wording import text_of

Fact = Mapping[str, Any]
MONTH = "%b"


@dataclass(frozen=True)
class Answer:
    """What became of one thing that was put in.

    told: alerts that began in its windows, on its columns or on none, and were sent. besides: those on other columns.
    held: how many began too, but were held back behind weightier ones. earlier: alerts on its columns that had been
    firing before, and so could not fire again. named: whether any alert names its client; None without one.
    """

    fact: Fact
    told: tuple[Finding, ...]
    besides: tuple[Finding, ...]
    held: int
    earlier: tuple[Finding, ...]
    named: bool | None

    @property
    def seen(self) -> bool:
        """Say whether any alert on its columns, or on the rows as a whole, was sent."""
        return bool(self.told)


def answer_to(fact: Fact, findings: Sequence[Finding]) -> Answer:
    """Give what was said about one thing; `findings` is all that became of alerts, in the order of their windows."""
    begun = [finding for finding in findings if _began_with(finding, fact)]
    sent = [finding for finding in begun if _is_sent(finding)]
    client = fact["client"]
    return Answer(
        fact,
        told=tuple(f for f in sent if f.column in ("", *fact["columns"])),
        besides=tuple(f for f in sent if f.column not in ("", *fact["columns"])),
        held=len(set(map(_episode, begun)) - set(map(_episode, sent))),
        earlier=tuple(
            f
            for f in standing(findings, before=fact["start"])
            if f.column in fact["columns"] and f.evidence.get("told")
        ),
        named=None if client is None else any(client in text_of(f) + str(f.evidence) for f in begun),
    )


def standing(findings: Iterable[Finding], *, before: datetime | None = None) -> list[Finding]:
    """Give the alerts that fire or recover, after all windows or those that end at `before` at the latest."""
    last = {f.fingerprint: f for f in findings if before is None or f.window.end <= before}
    return [f for f in last.values() if f.alert.state in UNDER_ALARM]


def seasons(findings: Sequence[Finding], answers: Iterable[Answer]) -> Iterator[str]:
    """Say a line for each kind of alert that nothing put in explains: how many were sent, on what, in which months."""
    explained = {_episode(f) for answer in answers for f in (*answer.told, *answer.besides)}
    rest = [f for f in findings if _is_sent(f) and _episode(f) not in explained]
    for kind, count in Counter(f.kind for f in rest).most_common():
        members = [f for f in rest if f.kind == kind]
        yield f"{kind}: {count} ({_most(f.column or f.detector for f in members)}); {_months(members)}"


def _is_sent(finding: Finding) -> bool:
    return finding.transition == "fired" and bool(finding.evidence.get("told"))


def _episode(finding: Finding) -> tuple[str, int]:
    return finding.fingerprint, finding.alert.episode


def _began_with(finding: Finding, fact: Fact) -> bool:
    since, length = finding.alert.since, finding.window.end - finding.window.start
    if since is None or finding.alert.state not in UNDER_ALARM:
        return False
    return bool(since + length > fact["start"] and since < fact["end"])


def _most(names: Iterable[str]) -> str:
    counts = Counter(names).most_common()
    rest = len(counts) - 4
    return ", ".join(f"{name} {count}" for name, count in counts[:4]) + (f", {rest} more" if rest > 0 else "")


def _months(findings: Iterable[Finding]) -> str:
    counts = Counter(f.window.start.strftime(MONTH) for f in findings)
    return ", ".join(f"{month} {count}" for month, count in counts.items())
