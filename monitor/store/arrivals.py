"""When labels that come by themselves came, by the records' clock, and how old their records were."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from monitor.store.schema import arrival, profile

_CHUNK = 500


@dataclass(frozen=True)
class Came:
    """Labels of one slot: the start of the time from which they may have come, and their counts by bin of age."""

    since: datetime
    ages: Mapping[int, int]


def add_arrivals(connection: Connection, name: str, hours: int, came: Mapping[datetime, Came]) -> None:
    """Count labels to the slots, of so many hours, in which they came; belongs into what stores the labels."""
    times = sorted(came)
    for first in range(0, len(times), _CHUNK):
        some = times[first : first + _CHUNK]
        here = (arrival.c.model == name, arrival.c.hours == hours, arrival.c.at.in_(some))
        known = {row.at: _came(row.since, row.ages) for row in connection.execute(select(arrival).where(*here))}
        connection.execute(delete(arrival).where(*here))
        rows = [(at, _both(known[at], came[at]) if at in known else came[at]) for at in some]
        connection.execute(
            insert(arrival),
            [
                {"model": name, "hours": hours, "at": at, "since": one.since, "ages": sorted(one.ages.items())}
                for at, one in rows
            ],
        )


def read_arrivals(connection: Connection, name: str, hours: int) -> Iterator[tuple[datetime, Came]]:
    """Give what came in each slot of so many hours, the oldest first."""
    here = (arrival.c.model == name, arrival.c.hours == hours)
    for row in connection.execute(select(arrival).where(*here).order_by(arrival.c.at)):
        yield row.at, _came(row.since, row.ages)


def newest_arrival(connection: Connection, name: str, hours: int) -> datetime | None:
    """Give the start of the last slot of so many hours in which labels came; None before the first ones."""
    here = (arrival.c.model == name, arrival.c.hours == hours)
    return connection.scalar(select(arrival.c.at).where(*here).order_by(arrival.c.at.desc()).limit(1))


def forget_arrivals(connection: Connection, name: str, *, before: datetime) -> None:
    """Delete what is known of labels that came before a time."""
    connection.execute(delete(arrival).where(arrival.c.model == name, arrival.c.at < before))


def read_rows(connection: Connection, name: str, *, since: datetime) -> dict[datetime, int]:
    """Give the records of each stored window that starts at a time or later, by its start."""
    whole = (profile.c.model == name, profile.c.version == "", profile.c.segment == "", profile.c.start >= since)
    rows = connection.execute(select(profile.c.start, profile.c.rows).where(*whole))
    return {row.start: row.rows for row in rows}


def _came(since: datetime, ages: Iterable[tuple[int, int]]) -> Came:
    return Came(since, dict(ages))


def _both(one: Came, other: Came) -> Came:
    return Came(min(one.since, other.since), Counter(one.ages) + Counter(other.ages))
