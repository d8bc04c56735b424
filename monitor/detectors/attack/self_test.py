"""How soon attacks of the simplest sorts would be seen on a model's own data: they are injected beside real traffic.

Blind to how a real attacker adapts, and to what the model would answer: the answers are those of the reference rows
that the injected ones were made from.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import log

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.sighting import ALPHA
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import track
from monitor.profiles.reading import floats
from monitor.types import Roles

INJECTED = ("uniform rows", "independent marginals", "noisy copies")
TRIED, COPIES, NOISE = 400, 40, 0.1
STRETCH, PIECE = timedelta(hours=1), 5
_CLIENT, _TIME = "client of the self-test", "time of the self-test"


@dataclass(frozen=True)
class Delay:
    """After how many queries of one client a detector raises the alarm; None: not within those that were tried."""

    injected: str
    detector: str
    queries: int | None


def self_test(
    baseline: Baseline, state: State, reference: pa.Table, roles: Roles, *, rng: np.random.Generator, tried: int = TRIED
) -> list[Delay]:
    """Give each detector's delay for each sort of injected row; the state is left alone.

    reference: rows like those that the baseline was fitted on, at least one. Injected are uniform rows, each value
    drawn from the distinct ones of its column; independent marginals, drawn from each column by itself; and noisy
    copies, forty of a row, whose numbers differ by a tenth of a robust deviation. tried: rows of each sort.
    """
    found = []
    for injected in INJECTED:
        places = rng.integers(0, reference.num_rows, tried)
        places = np.repeat(places[::COPIES], COPIES)[:tried] if injected == "noisy copies" else places
        rows = _made(baseline, reference, places, injected, rng)
        found += [Delay(injected, name, after) for name, after in _delays(baseline, state, rows, roles).items()]
    return found


def blind(delays: list[Delay]) -> tuple[str, ...]:
    """Name the detectors that saw none of what was injected."""
    seeing = {one.detector for one in delays if one.queries is not None}
    return tuple(name for name in NAMES if name not in seeing)


def _delays(baseline: Baseline, state: State, rows: pa.Table, roles: Roles) -> dict[str, int | None]:
    """Follow rows of one client, a few at a time, within one stretch of time."""
    tested = replace(roles, client=_CLIENT, timestamp=_TIME, id=None)
    rows = rows.append_column(_CLIENT, pa.array([_CLIENT] * rows.num_rows))
    rows = rows.append_column(_TIME, pa.array(np.arange(rows.num_rows), pa.timestamp("us", "UTC")))
    first = dict[str, int | None](dict.fromkeys(NAMES))
    for start in range(0, rows.num_rows, PIECE):
        state, found = track(baseline, state, rows.slice(start, PIECE), tested, length=STRETCH)
        for one in found:
            if one.client and one.log_e >= log(1 / ALPHA) and first.get(one.detector, 0) is None:
                first[one.detector] = min(start + PIECE, rows.num_rows)
    return first


def _made(
    baseline: Baseline, reference: pa.Table, places: NDArray[np.int64], injected: str, rng: np.random.Generator
) -> pa.Table:
    rows, number = reference.take(pa.array(places)), 0
    for column, width in zip(
        baseline.space.columns, (*baseline.space.widths, *[0] * baseline.space.categories), strict=True
    ):
        held = reference.column(column.name)
        if injected != "noisy copies":
            values = _drawn(held, rows.num_rows, rng, distinct=injected == "uniform rows")
        elif column.kind == "numeric":
            scale, digits = float(baseline.space.scale[number]), int(baseline.contract.places[number])
            values = _noisy(rows.column(column.name), scale * rng.normal(0, NOISE, rows.num_rows), digits)
        else:
            values = rows.column(column.name)
        number += width
        rows = rows.set_column(rows.column_names.index(column.name), column.name, values)
    return rows


def _drawn(held: pa.ChunkedArray, count: int, rng: np.random.Generator, *, distinct: bool) -> pa.ChunkedArray:
    values = held.unique() if distinct and not pa.types.is_nested(held.type) else held
    return values.take(pa.array(rng.integers(0, len(values), count)))


def _noisy(held: pa.ChunkedArray, noise: NDArray[np.float64], digits: int) -> pa.ChunkedArray:
    """Add noise, in the decimals that honest rows keep to."""
    moved = floats(held) + noise
    values = pa.array(np.round(moved, digits) if digits >= 0 else moved)
    return pa.chunked_array([pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)])
