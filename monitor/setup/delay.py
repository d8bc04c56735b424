"""How long after its record a label comes, as far as a sample of both tells."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.alerts.phrasing import duration
from monitor.config import parse_duration
from monitor.setup.guess import time_of_labels
from monitor.setup.look import spelled
from monitor.timestamps import times_of
from monitor.types import Roles

USUAL = "30d"
FEWEST, SHARE = 100, 0.99
TOLD = 0.1
_UNKNOWN = "so this is a usual one; write how long after its record a label may come"
_HOUR, _DAY, _MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


def delay_of(
    records: pa.Table, labels: pa.Table, *, identity: str, recorded: str, known: str | None
) -> tuple[str, str]:
    """Give how long to wait for a label, by which 99 % of them came, and where that was seen.

    identity: the id of both. recorded, known: the times of a record, and of a label; None where labels have none.
    Only records count whose label could have come late in the sample: of the first half of the time that it spans.
    """
    if known is None:
        return USUAL, f"the labels do not say when they came, {_UNKNOWN}"
    seen = _seen(records, labels, identity=identity, recorded=recorded, known=known)
    if seen is None:
        return USUAL, f"no time of a record or of a label can be read, {_UNKNOWN}"
    return _told(*seen, recorded=recorded, known=known)


def _told(delays: NDArray[np.int64], half: float, *, recorded: str, known: str) -> tuple[str, str]:
    if delays.size < FEWEST:
        return USUAL, f"too few labels of the sample find their record, {_UNKNOWN}"
    within = float(np.quantile(delays, SHARE))
    if within <= 0:
        return USUAL, f"{known} is no later than {recorded}, {_UNKNOWN}"
    rounded = _rounded(timedelta(microseconds=within))
    if within > half:
        # those that come later still are not seen
        least = max(rounded, parse_duration(USUAL))
        return _written(least), "labels may come later than the sample is long; write how long one may"
    return _written(rounded), f"99 % of {delays.size:,} labels came within {duration(rounded)}, by {known}"


def too_short(
    roles: Roles, max_delay: timedelta | None, records: pa.Table, labels: pa.Table
) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where a tenth of the labels came later than is waited for, as far as samples tell."""
    known = time_of_labels(labels, records)
    columns = {roles.id, roles.timestamp}
    if (
        known is None
        or max_delay is None
        or not columns <= {*records.column_names}
        or roles.id not in labels.column_names
    ):
        return
    names = {"identity": str(roles.id), "recorded": str(roles.timestamp), "known": known.column}
    seen = _seen(records, labels, **names)
    later = float((seen[0] > max_delay / _MICROSECOND).mean()) if seen and seen[0].size >= FEWEST else 0.0
    if seen and later >= TOLD:
        within, _ = _told(*seen, recorded=names["recorded"], known=known.column)
        problem = f"{later:.0%} of {seen[0].size:,} labels came later than {duration(max_delay)} after their record"
        mend = f"those that come first are no fair sample; wait for nearly all of them, such as {within}"
        yield f"{problem}, by {known.column}", mend


def _seen(
    records: pa.Table, labels: pa.Table, *, identity: str, recorded: str, known: str
) -> tuple[NDArray[np.int64], float] | None:
    """Give how long labels took, and how long each could have taken in the sample, microseconds; None without times."""
    begun, came = _by_id(records, identity, recorded), _by_id(labels, identity, known)
    if not begun or not came:
        return None
    first, last = min(begun.values()), max(came.values())
    half = (last - first) / 2
    early = {one: at for one, at in begun.items() if at <= first + half}
    return np.array([came[one] - at for one, at in early.items() if one in came], np.int64), half


def _by_id(table: pa.Table, identity: str, time: str) -> dict[str, int]:
    """Give the microseconds of each id that has a time; of an id that comes twice, the first ones."""
    times = times_of(table[time]).cast(pa.int64()).to_pylist()
    found = dict[str, int]()
    for one, at in zip(spelled(table[identity]), times, strict=True):
        if one is not None and at is not None:
            found.setdefault(one, at)
    return found


def _rounded(length: timedelta) -> timedelta:
    """Round up: to whole hours below two days, to whole days from there on."""
    unit = _HOUR if length < 2 * _DAY else _DAY
    return -(-length // unit) * unit


def _written(length: timedelta) -> str:
    return f"{length // _DAY}d" if not length % _DAY else f"{length // _HOUR}h"
