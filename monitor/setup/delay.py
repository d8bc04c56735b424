"""How long after its record a label comes, as far as a sample of both tells."""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from monitor.alerts.phrasing import duration
from monitor.setup.look import spelled
from monitor.timestamps import times_of

USUAL = "30d"
FEWEST, SHARE = 100, 0.99
_UNKNOWN = "so this is a usual one; write how long after its record a label may come"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def delay_of(
    records: pa.Table, labels: pa.Table, *, identity: str, recorded: str, known: str | None
) -> tuple[str, str]:
    """Give how long to wait for a label, by which 99 % of them came, and where that was seen.

    identity: the id of both. recorded, known: the times of a record, and of a label; None where labels have none.
    Only records count whose label could have come late in the sample: of the first half of the time that it spans.
    """
    if known is None:
        return USUAL, f"the labels do not say when they came, {_UNKNOWN}"
    begun, came = _by_id(records, identity, recorded), _by_id(labels, identity, known)
    if not begun or not came:
        return USUAL, f"no time of a record or of a label can be read, {_UNKNOWN}"
    first, last = min(begun.values()), max(came.values())
    half = (last - first) / 2
    early = {one: at for one, at in begun.items() if at <= first + half}
    delays = np.array([came[one] - at for one, at in early.items() if one in came])
    if delays.size < FEWEST:
        return USUAL, f"too few labels of the sample find their record, {_UNKNOWN}"
    within = float(np.quantile(delays, SHARE))
    if within <= 0:
        return USUAL, f"{known} is no later than {recorded}, {_UNKNOWN}"
    if within > half:
        return USUAL, f"labels come later than the sample is long, {_UNKNOWN}"
    rounded = _rounded(timedelta(microseconds=within))
    return _written(rounded), f"99 % of {delays.size:,} labels came within {duration(rounded)}, by {known}"


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
