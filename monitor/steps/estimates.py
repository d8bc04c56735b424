"""Detect before labels come: what performance to expect of a window, and whether that may raise an alert."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.config import Model
from monitor.detectors import ESTIMATES
from monitor.detectors.performance.estimated_errors import MEANS_OF
from monitor.detectors.performance.support import broken_column, surer_alone
from monitor.profiles.profile import Profile
from monitor.steps.measure import Found, found_of, shared_by, windows_alike
from monitor.types import Measurement


def estimated(reference: Profile, current: Profile, settings: Model) -> Iterator[Found]:
    """Run the estimates over all of a window's traffic.

    Of those armed by default only the first that fits the model may raise an alert, and only where labels come late or
    not at all: each test costs all others some of the false-alarm budget. Where a feature is broken in many rows
    nothing is estimated: what the scores of such rows are worth is not known. Where scores alone became surer, the
    estimate says so and has no interval. The mean of a column lasts from window to window as that column does,
    and an estimate as the reference's.
    """
    unlike = broken_column(reference, current)
    note = f"not known: {unlike[0]} is broken in {unlike[1]:.0%} of the rows" if unlike else ""
    doubt = _doubt(reference, current)
    labelled = current.outcome.n if current.outcome else 0
    wanted = settings.labels is not None or not labelled
    for detector in ESTIMATES:
        for measured in detector.compare(reference, current):
            withheld = Measurement(measured.detector, None, n=measured.n, note=note)
            measurement = withheld if note else _doubted(measured, doubt)
            found = found_of(detector, measurement, settings, reference.layout)
            column = reference.layout.by_name.get(MEANS_OF.get(detector.name, ""))
            lasting = windows_alike(reference.layout, detector, column)
            by_default = found.setting.value is None
            armed = found.armed and (wanted or not by_default)
            wanted = wanted and not (armed and by_default)
            yield replace(found, armed=armed, shared=shared_by(reference, current), lasting=lasting)


def _doubt(reference: Profile, current: Profile) -> str:
    surer = surer_alone(reference, current)
    if surer is None:
        return ""
    shares = f"{surer[0]:.1%} of the rows (reference {surer[1]:.1%})"
    return f"not to be relied on: {shares} are surer than those as far from the population, though no feature moved"


def _doubted(measured: Measurement, doubt: str) -> Measurement:
    if not doubt or measured.value is None:
        return measured
    return replace(measured, low=None, high=None, note=doubt)
