"""JSON lines in a file or on standard error: the receiver that always exists."""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import DeliveryError
from monitor.types import Notice


@dataclass(frozen=True)
class Log:
    """Appends one line per notice to `path`; `-` is standard error."""

    path: str = "-"

    def send(self, notice: Notice, *, now: datetime) -> None:
        try:
            _append(self.path, line(notice, now=now))
        except (OSError, ValueError) as error:
            raise DeliveryError(f"{self.path} cannot be written: {error}") from error


def line(notice: Notice, *, now: datetime) -> str:
    """Give the notice as one line; values JSON does not know are written as text."""
    record = {"at": now.isoformat(), **vars(notice), "alerts": [dict(alert) for alert in notice.alerts]}
    return json.dumps(record, default=str) + "\n"


def _append(path: str, text: str) -> None:
    if path == "-":
        sys.stderr.write(text)
        sys.stderr.flush()
        return
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)
