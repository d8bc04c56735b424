"""Segments that moved no more than all traffic did: what is not sure of the whole is no news of a part of it."""

import math
from collections.abc import Sequence
from dataclasses import replace

from monitor.profiles.profile import ColumnProfile
from monitor.steps.parts import Pairs
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE

LEAST, MOSTLY = 0.1, 0.6
"""In reference deviations, so much must the mean have moved to tell; of a part's shift the whole must show so much."""
SHARED = "all traffic moved as far, and is within its threshold"


def without_shared_moves(judged: Sequence[Judged], pairs: Pairs) -> list[Judged]:
    """Give what was judged, drift of a segment's numbers as clear where all traffic moved as far, and did not breach.

    As where a cold week makes every region's temperatures fall, and chance brings one of ten below its threshold. A
    segment that moved alone moves the whole by its part of the rows only. An alert that fires goes on: it ends when
    the segment is back. Of what moves the shape of a column and not
    its mean nothing is told, nor of a segment that is most of the traffic. pairs: (reference, window) by segment.
    Limits of the user's own hold as they are.
    """
    whole = {_test(one): one.outcome for one in judged if one.measurement.segment == WHOLE}
    return [
        replace(one, measurement=replace(one.measurement, note=SHARED), outcome="clear")
        if _breaches(one) and whole.get(_test(one)) == "clear" and _is_shared(one, pairs)
        else one
        for one in judged
    ]


def _breaches(one: Judged) -> bool:
    return one.outcome == "breach" and one.alpha is not None and one.kind.startswith(("drift.", "confidence"))


def _is_shared(one: Judged, pairs: Pairs) -> bool:
    """Say whether a column's mean moved in all traffic as it did in a segment, and not by the segment's part of it."""
    name, segment = one.measurement.column, one.measurement.segment
    if segment not in pairs or name not in pairs[segment][1].columns:
        return False
    own, whole = (_moved(*(side.columns[name] for side in pairs[part])) for part in (segment, WHOLE))
    if own is None or whole is None or abs(own) < LEAST:
        return False
    part = pairs[segment][1].columns[name].n / pairs[WHOLE][1].columns[name].n
    return whole / own >= max(MOSTLY, (1 + part) / 2)


def _moved(before: ColumnProfile, after: ColumnProfile) -> float | None:
    """Give by how many reference deviations the mean of a number moved; None of categories, and where there is none."""
    known, there = before.moments, after.moments
    if known is None or there is None or known[2] <= 0:
        return None
    return (there[1] - known[1]) / math.sqrt(known[2])


def _test(one: Judged) -> tuple[str, str]:
    return one.measurement.detector, one.measurement.column
