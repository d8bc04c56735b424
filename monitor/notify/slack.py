"""Slack incoming webhook: blocks within Slack's limits, and a plain text for notifications."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any
from urllib.parse import quote

from monitor.errors import DeliveryError
from monitor.notify.post import PERMANENT_BODIES, post
from monitor.types import SEVERITIES, Notice

HEADER, SECTION = 150, 3000
# With the header, the stamp, the link and the plain text, these stay below 40 blocks and 9,000 characters.
LINES, LINK, FALLBACK, SECTIONS = 6500, 1000, 1000, 36
NAMED, STAMP = 5, 300

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True)
class Slack:
    """Posts to a Slack incoming webhook. Its URL is the secret."""

    url: str = field(repr=False)
    private: bool = False

    def send(self, notice: Notice, *, now: datetime) -> None:
        body = json.dumps(payload(notice)).encode()
        headers = {"Content-Type": "application/json"}
        answer = post(self.url, body, headers=headers, now=now, private=self.private).strip()
        if answer != b"ok":
            raise DeliveryError("Slack did not answer ok", permanent=answer in PERMANENT_BODIES)


def payload(notice: Notice) -> dict[str, Any]:
    """Give Slack's message: at most 40 blocks and 9,000 characters of text, no mention or markup from data."""
    header = {"type": "header", "text": {"type": "plain_text", "text": fit(notice.title.strip(), HEADER) or "-"}}
    stamp = _stamp(notice)
    # long lines do not push it out
    sections = [_section(text) for text in (*_sections(notice.lines), *(fit(one, STAMP) for one in stamp))]
    link = [_section(f"<{address}|Open>")] if (address := _address(notice.link)) else []
    fallback = fit("\n".join((notice.title, *notice.lines, *stamp)), FALLBACK) or "-"
    return {"text": fallback, "blocks": [header, *sections, *link]}


def _stamp(notice: Notice) -> tuple[str, ...]:
    """Say how grave the alerts are, the gravest first, and name them, so that a command can be given their ids."""
    severities = [one for one in SEVERITIES if one in {alert.get("severity") for alert in notice.alerts}]
    ids = list(dict.fromkeys(str(alert["id"]) for alert in notice.alerts if alert.get("id")))
    if not severities or not ids:
        return ()
    named = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else "")
    return (f"Severity {', '.join(severities)}; alert{'s' if len(ids) > 1 else ''} {named}.",)


def fit(text: str, limit: int) -> str:
    """Escape and cut so that at most `limit` characters remain and no entity is broken.

    >>> fit("a<b", 9), fit("a<bcdef", 6)
    ('a&lt;b', 'a&lt;…')
    """
    pieces = [ENTITIES.get(character, character) for character in text]
    ends = list(accumulate(map(len, pieces)))
    if not ends or ends[-1] <= limit:
        return "".join(pieces)
    return "".join(pieces[: sum(end < limit for end in ends)]) + "…"


def _sections(lines: tuple[str, ...]) -> list[str]:
    sections: list[str] = []
    for position, line in enumerate(lines):
        text = fit(line, SECTION)
        if sum(map(len, sections)) + len(text) > LINES or len(sections) == SECTIONS:
            return [*sections, f"… and {len(lines) - position} more lines"]
        if sections and len(sections[-1]) + 1 + len(text) <= SECTION:
            sections[-1] += "\n" + text
        else:
            sections.append(text)
    return [text for text in sections if text.strip()]


def _section(text: str) -> dict[str, Any]:
    # Verbatim keeps Slack from turning names and @here into links and mentions.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _address(link: str) -> str:
    address = quote(link, safe=":/?#[]@!$'()*+,;=%~-._&", errors="replace").replace("&", "&amp;")
    return address if link.startswith(("http://", "https://")) and len(address) <= LINK else ""
