"""Detect before labels come: what performance to expect of a window, and whether that may raise an alert."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.config import Model
from monitor.detectors import ESTIMATES
from monitor.profiles.profile import Profile
from monitor.steps.measure import Found, found_of, shared_by


def estimated(reference: Profile, current: Profile, settings: Model) -> Iterator[Found]:
    """Run the estimates over all of a window's traffic.

    Of those armed by default only the first that fits the model may raise an alert, and only where labels come late or
    not at all: each test costs all others some of the false-alarm budget.
    """
    labelled = current.outcome.n if current.outcome else 0
    wanted = settings.labels is not None or not labelled
    for detector in ESTIMATES:
        for measurement in detector.compare(reference, current):
            found = found_of(detector, measurement, settings, reference.layout)
            by_default = found.setting.value is None
            armed = found.armed and (wanted or not by_default)
            wanted = wanted and not (armed and by_default)
            yield replace(found, armed=armed, shared=shared_by(reference, current))
