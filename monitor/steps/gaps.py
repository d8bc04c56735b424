"""Drift that is there only because rows were left aside: of whole clients, what only they sent is then lacking."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.alerts.thresholds import Threshold, judged
from monitor.detectors import DETECTORS
from monitor.profiles.profile import Profile
from monitor.steps.parts import Pairs
from monitor.store.measurements import Judged
from monitor.types import Measurement

NOTE = "no different with the rows that were left aside"
MOVES = ("drift.data", "drift.prediction", "confidence")
_BY_NAME = {one.name: one for one in DETECTORS}


def without_gaps(judged_all: Sequence[Judged], pairs: Pairs, everybody: Mapping[str, Profile]) -> list[Judged]:
    """Give what was judged, drift as clear that the rows of all clients together do not show.

    Clients that are suspected of an attack take their country, or their park, along. pairs: the profiles of the
    reference and of the rows that are left; everybody: by segment those of all rows, empty where none was left aside.
    Limits of the user's own hold as they are. Blind to drift that an attacker's rows happen to undo.
    """
    if not everybody:
        return list(judged_all)
    places = {
        (one.measurement.detector, one.measurement.segment)
        for one in judged_all
        if _asks(one) and one.measurement.segment in everybody
    }
    shown = {
        (name, told.column, segment): told
        for name, segment in places
        for told in _BY_NAME[name].compare(pairs[segment][0], everybody[segment])
    }
    return [_settled(one, shown) if _asks(one) else one for one in judged_all]


def _asks(one: Judged) -> bool:
    limited = one.outcome == "breach" and one.alpha is not None and one.kind in MOVES
    return limited and one.measurement.detector in _BY_NAME


def _settled(one: Judged, shown: Mapping[tuple[str, str, str], Measurement]) -> Judged:
    measured = one.measurement
    with_all = shown.get((measured.detector, measured.column, measured.segment))
    limit = Threshold(alpha=one.alpha, min_effect=one.threshold)
    if with_all is None or judged(with_all, limit) == "breach":
        return one
    return replace(one, measurement=replace(measured, note=NOTE), outcome="clear", lingers=False)
