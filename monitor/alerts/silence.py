"""What people have quieted: which alerts a silence covers until when, which were taken over, and what is told then."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from monitor.alerts.finding import Acknowledgement, Finding
from monitor.alerts.public import id_of, mark_of

SILENCED = "silenced"
"""In an alert's evidence: it fires, and nobody has heard of it, since a silence covered it."""


class Labels(NamedTuple):
    """What a silence may name of an alert; mark: what the ids of its episodes begin with."""

    mark: str
    model: str
    kind: str
    column: str
    segment: str


@dataclass(frozen=True)
class Silence:
    """From `since` on and before `until` nothing is told of one alert, or of all that fit the patterns.

    mark: of the one alert, in all its episodes; the empty text where patterns say which. A pattern is in the shell's
    manner, as in routes; None fits all. number: by which it is ended early. why: what people say of it.
    """

    since: datetime
    until: datetime
    mark: str = ""
    model: str | None = None
    kind: str | None = None
    column: str | None = None
    segment: str | None = None
    why: str = ""
    number: int = 0

    def covers(self, labels: Labels) -> bool:
        """Say whether it is about an alert.

        >>> hour = datetime.fromisoformat("2024-05-01T12:00Z"), datetime.fromisoformat("2024-05-01T13:00Z")
        >>> fare = Labels("3f2a90cc41d8", "fares", "drift.data", "fare", "")
        >>> Silence(*hour, kind="drift.*").covers(fare), Silence(*hour, kind="drift.*", column="age").covers(fare)
        (True, False)
        """
        if self.mark:
            return labels.mark == self.mark
        patterns = (self.model, self.kind, self.column, self.segment)
        return all(one is None or fnmatchcase(name, one) for name, one in zip(labels[1:], patterns, strict=True))


@dataclass(frozen=True)
class Quieted:
    """The silences that run, and the alerts that fire and were taken over, by their ids."""

    silences: tuple[Silence, ...] = ()
    acknowledged: Mapping[str, Acknowledgement] = field(default_factory=dict)

    def until(self, labels: Labels) -> datetime | None:
        """Give when the last silence of an alert ends; None where none covers it."""
        return max((one.until for one in self.silences if one.covers(labels)), default=None)

    def noted(self, finding: Finding) -> Finding:
        """Give a finding that knows what people have quieted of it."""
        name = id_of(finding)
        labels = Labels(mark_of(name), finding.model, finding.kind, finding.column, finding.segment)
        return replace(finding, silenced_until=self.until(labels), acknowledged=self.acknowledged.get(name))

    def shown(self, public: Mapping[str, Any]) -> dict[str, Any]:
        """Give a public alert with the keys that say so; nothing is silenced of one that is over."""
        labels = Labels(mark_of(public["id"]), *(public[name] for name in Labels._fields[1:]))
        over, taken = public["state"] in ("ok", "resolved"), self.acknowledged.get(public["id"])
        return {
            **public,
            "silenced_until": None if over else self.until(labels),
            "acknowledged_at": taken.at if taken else None,
            "acknowledged_why": taken.why if taken else None,
        }


NOTHING = Quieted()


def is_hushed(finding: Finding) -> bool:
    """Say whether nothing is told of an alert while it fires, after its first message: silenced, or taken over.

    Nor is anything told of one whose first message is still to come.
    """
    unheard = bool(finding.evidence.get(SILENCED))
    return unheard or finding.silenced_until is not None or finding.acknowledged is not None


def is_news(finding: Finding) -> bool:
    """Say whether there is something to tell of an alert: its end only where its firing was queued."""
    return finding.transition is not None and bool(finding.evidence.get("told")) and not finding.evidence.get(SILENCED)
