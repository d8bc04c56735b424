"""Whether rows of a table came below the cursor, where nothing is read any more: counted now and then."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.sources.sqlvalues import as_json

KEPT = ("below", "until", "unread", "look_at")
"""What a cursor keeps of it: how many rows below `until` were read, how many there are beside them, the next count."""
SHORTEST, LONGEST, SPARED = timedelta(minutes=10), timedelta(days=1), 1_000

Value = Any
Count = Callable[[Value, Value], int]


def looked_behind(
    state: Mapping[str, Any],
    known: Value,
    until: Value,
    *,
    count: Count,
    clock: Callable[[], datetime],
) -> dict[str, Any]:
    """Give what the cursor keeps anew once everything up to its mark was read.

    known: the last `until`, None for none. until: the smallest value at which rows are still read. count: gives how
    many rows lie in [low, high); a low of None is no bound. All rows are counted at the first look, at one that looks
    further back, and where a thousand times as long as the last count took has passed, ten minutes at least and a day
    at most; between these only the rows that were newly passed. Blind to rows that come while as many are deleted.
    """
    if "below" not in state or known is None or not _at_most(known, until):
        if "below" not in state and not _is_due(state, clock()):
            return _kept(state)
        below, look_at = _timed(count, until, clock)
        return {"below": below, "until": as_json(until), "unread": 0, "look_at": look_at}
    below = state["below"] + (count(known, until) if known != until else 0)
    passed = {**_kept(state), "below": below, "until": as_json(until)}
    if not _is_due(state, clock()):
        return passed
    total, look_at = _timed(count, until, clock)
    # Fewer rows than were read: some were deleted, and those that are left are what is known from now on.
    return {**passed, "below": min(below, total), "unread": max(total - below, 0), "look_at": look_at}


def gave_up(now: datetime) -> dict[str, Any]:
    """Give what the cursor keeps where the rows could not be counted: when it is tried again."""
    return {"look_at": (now + LONGEST).isoformat()}


def _kept(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: state[key] for key in KEPT if key in state}


def _at_most(low: Value, high: Value) -> bool:
    try:
        return bool(low <= high)
    except TypeError:
        return False


def _is_due(state: Mapping[str, Any], now: datetime) -> bool:
    return "look_at" not in state or now >= datetime.fromisoformat(state["look_at"])


def _timed(count: Count, until: Value, clock: Callable[[], datetime]) -> tuple[int, str]:
    begun = clock()
    total = count(None, until)
    ended = clock()
    pause = min(max(SPARED * (ended - begun), SHORTEST), LONGEST)
    return total, (ended + pause).isoformat()
