"""Segments whose rows get no labels any more, while the rows of others do: one source of several has stopped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from scipy.special import bdtr, bdtrc
from sqlalchemy import Connection

from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.phrasing import duration, first_of, shown
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.arrivals import labels_clock
from monitor.steps.parts import is_segment
from monitor.steps.turns import Turn
from monitor.store.alerts import alert_rows
from monitor.store.cursors import SEGMENTS, read_source
from monitor.store.profiles import first_seen, read_profiles
from monitor.store.records import record_span
from monitor.store.references import WHOLE, read_layout, read_parts
from monitor.types import Measurement, Window
from monitor.watch import Watch

SEGMENT_LABELS = "segment_labels"
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
MONTHS = (range(1, 5), range(5, 9))
"""A day's rows are laid beside those of so many weeks before, on its weekday: of either month, since labels may stop by
and by, those that come late first."""
FEWER, CHANCE, EXPECTED = 0.5, 1e-6, 14
"""Told is a segment of which at least half the labels are missing of so many, which chance makes so seldom."""
SURELY = 0.01
"""The p-value at which enough labels have come to say that a segment lacks none any more."""
LIKE = 0.8
"""Of others as large a part has a label as in the reference, give or take this: the same rows are labelled."""
USUAL = "usual"
"""Under what evidence holds the share of rows that had a label before, by segment."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NONE: Mapping[str, float] = MappingProxyType({})

Counts = Mapping[str, tuple[int, int]]
_NOTHING: Counts = MappingProxyType({})


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
    last = midnight(clock - delay - watch.settings.lateness)
    first = read_source(connection, source_of(watch)).judged_until or midnight(_first(connection, watch) or last)
    layout = read_layout(connection, watch.name) if last > first else None
    if layout is None:
        return None
    read = counts_by_day(connection, watch.name, layout, {})
    known, turns = standing_segments(connection, watch), list[Turn]()
    reference = counts_of_reference(connection, watch, layout)
    for day in (first + one * DAY for one in range((last - first) // DAY)):
        found = list(lacking(read(day), weeks_before(read, day), known, reference))
        if {one.segment for one in found} != known.keys():
            turns.append(_turn(found, day, delay))
        known = {one.segment: one.usual for one in found}
    return Looked(last, turns)


def counts_by_day(
    connection: Connection, name: str, layout: Layout, known: dict[datetime, Counts]
) -> Callable[[datetime], Counts]:
    """Give what reads by segment (labelled, rows) of the day that begins at a time; `known` remembers what was read."""

    def read(day: datetime) -> Counts:
        if day not in known:
            known[day] = _counts(read_profiles(connection, name, Window(day, day + DAY), layout))
        return known[day]

    return read


def counts_of_reference(connection: Connection, watch: Watch, layout: Layout) -> Counts:
    """Give by segment (labelled, rows) of the reference."""
    values = {column.name: column.bins for column in layout.columns if column.name in watch.roles.segments}
    names = [
        f"{name}={value}" for name, bins in values.items() if isinstance(bins, CategoryBins) for value in bins.values
    ]
    return _counts(read_parts(connection, watch.name, [WHOLE, *names]))


def weeks_before(read: Callable[[datetime], Counts], day: datetime) -> list[list[Counts]]:
    """Give what was counted on a weekday in each of the weeks before, by months."""
    return [[read(day - one * WEEK) for one in weeks] for weeks in MONTHS]


def source_of(watch: Watch) -> str:
    """Name what remembers up to which day rows were looked at."""
    return f"{watch.labels_source}{SEGMENTS}"


def _turn(found: Sequence[Lacking], day: datetime, delay: timedelta) -> Turn:
    ranked = sorted(found, key=lambda one: one.labelled - one.usual * one.rows)
    worst = max((1 - one.labelled / (one.usual * one.rows) for one in found if one.rows), default=float(bool(found)))
    of = [f"{one.labelled:,} of {one.rows:,} of {shown(one.segment)}, {one.usual:.0%} before" for one in ranked]
    begun = f"of the rows of {day:%Y-%m-%d} hardly any have a label after {duration(delay)} ({first_of(of)}); those of"
    note = f"{begun} others do" if found else ""
    evidence = {USUAL: {one.segment: one.usual for one in found}}
    at = day + DAY + delay
    return Turn(Measurement(SEGMENT_LABELS, worst, note=note, evidence=evidence), at, day if found else None)


def standing_segments(connection: Connection, watch: Watch) -> dict[str, float]:
    """Give the segments of which an alert tells that they lack labels, with the share of rows that had one before."""
    rows = alert_rows(connection, model=watch.name)
    held = (row for row in rows if row["detector"] == SEGMENT_LABELS and row["state"] in UNDER_ALARM)
    return {part: float(usual) for row in held for part, usual in row["evidence"].get(USUAL, {}).items()}


def _first(connection: Connection, watch: Watch) -> datetime | None:
    span = record_span(connection, watch.name)
    return first_seen(connection, watch.name).get("") or (span and span[0])


def midnight(time: datetime) -> datetime:
    """Give the midnight that a time lies behind, in UTC."""
    return _EPOCH + (time - _EPOCH) // DAY * DAY


def lacking(
    now: Counts,
    then: Sequence[Sequence[Counts]],
    known: Mapping[str, float] = _NONE,
    reference: Counts = _NOTHING,
    *,
    few: float = FEWER,
    chance: float = CHANCE,
) -> Iterator[Lacking]:
    """Give the segments that lack labels which they would have, were they as before or as the others are now.

    now, then: by segment (labelled, rows), "" being all rows; then: of each of some weeks before, by months. known: by
    segment that lacked some already, the share that it had before; such a one lacks them until enough of its rows say
    otherwise. reference: what stands for the first month before one is known, where as many of the others have a label
    as in it. few: it has at most such a part of them. chance: with such a p-value.

    >>> before = [[{"": (190, 200), "place=a": (95, 100)}] * 4]
    >>> [one.segment for one in lacking({"": (100, 200), "place=a": (5, 100)}, before)]
    ['place=a']
    >>> [*lacking({"": (20, 200), "place=a": (10, 100)}, before)]
    []
    """
    for segment in filter(is_segment, dict.fromkeys((*now, *known))):
        labelled, rows = now.get(segment, (0, 0))
        own, expected = _expected(segment, now, then, known.get(segment, 0.0), reference)
        if segment in known:
            come = expected > 0 and bdtrc(labelled - 1, rows, few * expected) < SURELY
            lacks = not come and any(segment in week for week in (now, *chain(*then)))
        else:
            # rows that come beside the usual ones, such as repeats, take no label away
            held = max(_labelled(month, segment) for month in then)
            fewer = labelled < few * min(expected * rows, held or rows)
            lacks = bool(fewer and rows * expected >= EXPECTED and bdtr(labelled, rows, expected) < chance)
        if lacks:
            yield Lacking(segment, labelled, rows, own)


def _expected(
    segment: str, now: Counts, then: Sequence[Sequence[Counts]], known: float, reference: Counts
) -> tuple[float, float]:
    """Give the share of a segment's rows that had a label, and that would have one now: by the month that says most."""
    here = _others([now], segment)
    shares = [(max(_share(month, segment), known), _others(month, segment)) for month in then]
    if not any(segment in week for week in then[0]) and segment in reference:
        usual = _others([reference], segment)
        shares += [(_share([reference], segment), usual)] * (min(here, usual) > LIKE * max(here, usual))
    expected = [(own * min(here / others, 1.0), own) for own, others in shares if others]
    most, own = max(expected, default=(0.0, known))
    return own, min(most, 1.0)


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
