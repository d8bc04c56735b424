"""From what people write of an alert's id to the alert."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from monitor.alerts.lifecycle import PRESENT, UNDER_ALARM
from monitor.alerts.phrasing import first_of, pasted
from monitor.alerts.public import mark_of
from monitor.errors import ConfigError
from monitor.store.alerts import find_alerts

LEAST = 6
"""So many characters of an id are enough, where no other begins so."""

Row = dict[str, Any]


def present_alert(connection: Connection, asked: str, *, place: str, watched: Collection[str]) -> Row:
    """Give the alert that an id, or its beginning, means, with its `fingerprint`; it is pending or under alarm.

    place: the configuration, as messages call it. watched: its models. Raises ConfigError for any other id.
    """
    known = _meant(connection, asked, place=place, watched=watched)
    if len(known) > 1:
        several = f"{asked!r} is the beginning of {first_of([row['id'] for row in known])}"
        raise ConfigError(f"{place}: alerts", several, "write more of the id")
    (row,) = known
    if row["state"] not in PRESENT:
        ended = f" since {row['resolved_at']}" if row["resolved_at"] else ""
        raise ConfigError(f"{place}: alerts", f"{row['id']!r} is {row['state']}{ended}", _listing(place, "firing"))
    return row


def firing_alert(connection: Connection, asked: str, *, place: str, watched: Collection[str]) -> Row:
    """Give the alert that an id, or its beginning, means, which is under alarm. Raises ConfigError for any other id."""
    row = present_alert(connection, asked, place=place, watched=watched)
    if row["state"] not in UNDER_ALARM:
        raise ConfigError(f"{place}: alerts", f"{row['id']!r} is pending: it has not fired", _listing(place, "firing"))
    return row


def _meant(connection: Connection, asked: str, *, place: str, watched: Collection[str]) -> list[Row]:
    if len(asked) < LEAST:
        raise ConfigError(f"{place}: alerts", f"{asked!r} is too short for an id", f"write {LEAST} characters or more")
    rows = find_alerts(connection, asked.partition("-")[0])
    alike = [row for row in rows if row["model"] in watched and row["state"] != "ok"]
    found = [row for row in alike if row["id"].startswith(asked)]
    if exact := [row for row in found if row["id"] == asked]:
        return exact
    if not found:
        raise ConfigError(f"{place}: alerts", *_unknown(asked, alike, place))
    return found


def _unknown(asked: str, alike: list[Row], place: str) -> tuple[str, str]:
    """Say that an id is none, or that of an episode that is over; and what to write instead."""
    same = [row["id"] for row in alike if mark_of(row["id"]) == mark_of(asked)]
    if same:
        return f"{asked!r} is no present alert", f"that one is {same[0]!r} now"
    return f"no alert {asked!r}", _listing(place, "all")


def _listing(place: str, state: str) -> str:
    return f"`monitor alerts {pasted(place)} --state {state}` lists ids"
