"""Segments whose rows get no labels any more, while the rows of others do: one source of several has stopped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from scipy.special import bdtr
from sqlalchemy import Connection

from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import duration, first_of, shown
from monitor.profiles.profile import Profile
from monitor.steps.arrivals import labels_clock
from monitor.steps.parts import is_segment
from monitor.steps.turns import Turn
from monitor.store.alerts import alert_rows
from monitor.store.cursors import read_source
from monitor.store.profiles import first_seen, read_profiles
from monitor.store.records import record_span
from monitor.store.references import WHOLE, read_layout
from monitor.types import Measurement, Window
from monitor.watch import Watch

SEGMENT_LABELS = "segment_labels"
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WEEKS = range(1, 5)
"""A day's rows are laid beside those of so many weeks before, on its weekday."""
FEWER, CHANCE, EXPECTED = 0.5, 1e-6, 14
"""Told is a segment of which at least half the labels are missing of so many, which chance makes so seldom."""
USUAL = "usual"
"""Under what evidence holds the share of rows that had a label before, by segment."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NONE: Mapping[str, float] = MappingProxyType({})

Counts = Mapping[str, tuple[int, int]]


class Lacking(NamedTuple):
    """A segment with (labelled, rows) where most labels are missing, and the share of rows that had one before."""

    segment: str
    labelled: int
    rows: int
    usual: float


@dataclass(frozen=True)
class Looked:
    """Up to which day rows were looked at, and what is to be said of the days at which that changed."""

    until: datetime
    turns: Sequence[Turn]


def labels_of_segments(connection: Connection, watch: Watch) -> Looked | None:
    """Look at each day of rows that have come to be older than `max_delay`; None where there is none.

    A turn's value is the largest part of a segment's labels that is missing. Its note names the segments, and is empty
    where there is none any more.
    """
    delay = watch.settings.labels.max_delay if watch.settings.labels else None
    clock = labels_clock(connection, watch.name, watch.period) if watch.roles.segments else None
    if delay is None or clock is None:
        return None
    last = _midnight(clock - delay - watch.settings.lateness)
    first = read_source(connection, source_of(watch)).judged_until or _midnight(_first(connection, watch) or last)
    layout = read_layout(connection, watch.name) if last > first else None
    if layout is None:
        return None
    read = cache(lambda day: _counts(read_profiles(connection, watch.name, Window(day, day + DAY), layout)))
    known, turns = _standing(connection, watch), list[Turn]()
    for day in (first + one * DAY for one in range((last - first) // DAY)):
        found = list(lacking(read(day), [read(day - one * WEEK) for one in WEEKS], known))
        if {one.segment for one in found} != known.keys():
            turns.append(_turn(found, day, delay))
        known = {one.segment: one.usual for one in found}
    return Looked(last, turns)


def source_of(watch: Watch) -> str:
    """Name what remembers up to which day rows were looked at."""
    return f"{watch.labels_source}/segments"


def _turn(found: Sequence[Lacking], day: datetime, delay: timedelta) -> Turn:
    ranked = sorted(found, key=lambda one: one.labelled - one.usual * one.rows)
    worst = max((1 - one.labelled / (one.usual * one.rows) for one in found), default=0.0)
    of = [f"{one.labelled:,} of {one.rows:,} of {shown(one.segment)}, {one.usual:.0%} before" for one in ranked]
    begun = f"of the rows of {day:%Y-%m-%d} hardly any have a label after {duration(delay)} ({first_of(of)}); those of"
    note = f"{begun} others do" if found else ""
    evidence = {USUAL: {one.segment: one.usual for one in found}}
    at = day + DAY + delay
    return Turn(Measurement(SEGMENT_LABELS, worst, note=note, evidence=evidence), at, day if found else None)


def _standing(connection: Connection, watch: Watch) -> dict[str, float]:
    rows = alert_rows(connection, model=watch.name)
    held = (row for row in rows if row["detector"] == SEGMENT_LABELS and row["state"] in UNDER_ALARM)
    return {part: float(usual) for row in held for part, usual in row["evidence"].get(USUAL, {}).items()}


def _first(connection: Connection, watch: Watch) -> datetime | None:
    span = record_span(connection, watch.name)
    return first_seen(connection, watch.name).get("") or (span and span[0])


def _midnight(time: datetime) -> datetime:
    return _EPOCH + (time - _EPOCH) // DAY * DAY


def lacking(now: Counts, then: Sequence[Counts], known: Mapping[str, float] = _NONE) -> Iterator[Lacking]:
    """Give the segments that lack most labels which they would have, were they as before or as the others are now.

    now, then: by segment (labelled, rows), "" being all rows; then: of each of some weeks before. known: by segment
    that lacked some already, the share that it had before.

    >>> before = [{"": (190, 200), "place=a": (95, 100)}] * 4
    >>> [one.segment for one in lacking({"": (100, 200), "place=a": (5, 100)}, before)]
    ['place=a']
    >>> [*lacking({"": (20, 200), "place=a": (10, 100)}, before)]
    []
    """
    for segment, (labelled, rows) in now.items():
        if not is_segment(segment):
            continue
        own, others = max(_share(then, segment), known.get(segment, 0.0)), _others(then, segment)
        expected = own * min(_others([now], segment) / others, 1.0) if others else 0.0
        few = labelled < FEWER * expected * rows and rows * expected >= EXPECTED
        # rows that come beside the usual ones, such as repeats, take no label away
        fewer = segment in known or labelled < FEWER * _labelled(then, segment)
        if few and fewer and bdtr(labelled, rows, expected) < CHANCE:
            yield Lacking(segment, labelled, rows, own)


def _counts(profiles: Mapping[str, Profile]) -> dict[str, tuple[int, int]]:
    return {part: (one.outcome.n, one.rows) for part, one in profiles.items() if one.outcome is not None}


def _share(counts: Sequence[Counts], segment: str) -> float:
    held = [one[segment] for one in counts if segment in one]
    return sum(labelled for labelled, _ in held) / max(sum(rows for _, rows in held), 1)


def _labelled(counts: Sequence[Counts], segment: str) -> float:
    """Give how many of its rows had a label in the mean."""
    held = [one[segment][0] for one in counts if segment in one]
    return sum(held) / max(len(held), 1)


def _others(counts: Sequence[Counts], segment: str) -> float:
    """Give the share of the other rows that have a label."""
    held = [(one[WHOLE], one.get(segment, (0, 0))) for one in counts if WHOLE in one]
    rows = sum(whole[1] - own[1] for whole, own in held)
    return sum(whole[0] - own[0] for whole, own in held) / max(rows, 1)
