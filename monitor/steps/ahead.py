"""What is told of a window before it is over: suspicions of clients, since an attack does not wait for its end."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.alerts.finding import gravity_of
from monitor.alerts.lifecycle import UNDER_ALARM, fingerprint
from monitor.alerts.public import alert_id, mark_of
from monitor.detectors.attack import Sighting
from monitor.detectors.suspicion import suspects
from monitor.schedule import window_of
from monitor.steps.due import Known
from monitor.steps.measure import found_of, rule_of
from monitor.steps.sightings import seen
from monitor.steps.standing import Standing
from monitor.steps.verdict import Verdict
from monitor.store.attacks import sure_sightings
from monitor.types import Measurement, Window
from monitor.watch import Watch

SECOND = timedelta(seconds=1)


def open_windows(
    connection: Connection, watch: Watch, known: Known, *, judged: datetime | None
) -> dict[Window, list[Sighting]]:
    """Give the windows that are not judged yet and in which somebody raises an alarm, each up to the newest record.

    With what was seen in them of those who do. judged: the end of the newest window that is.
    """
    since = judged or window_of(known.first_record, watch.period).start
    rows = sure_sightings(connection, watch.name, since=since, log_e=-math.log(watch.settings.attacks.alpha))
    # a window does not hold its end, and the newest record is to lie within
    last = known.newest_record.replace(microsecond=0) + SECOND
    found: dict[Window, list[Sighting]] = {}
    for row in rows:
        window = window_of(row["start"], watch.period)
        found.setdefault(Window(window.start, min(window.end, last)), []).append(seen(row))
    return found


def is_news(watch: Watch, window: Window, found: Sequence[Sighting], standing: Standing) -> bool:
    """Say whether what was seen in a window raises an alarm that does not stand, or a graver one than does."""
    measured = suspects.compare(found, alpha=watch.settings.attacks.alpha)
    return any(_says_more(watch, window, one, standing) for one in measured)


def of_news(watch: Watch, verdict: Verdict, standing: Standing) -> Verdict:
    """Leave of a verdict on the part of a window that is over nothing but news of clients, which step alerts."""
    window = verdict.judgement.window
    told = [
        (found, judged)
        for found, judged in zip(verdict.found, verdict.judged, strict=True)
        if judged.measurement.detector in suspects.BY_NAME and _says_more(watch, window, judged.measurement, standing)
    ]
    return replace(verdict, found=[found for found, _ in told], judged=[judged for _, judged in told])


def _says_more(watch: Watch, window: Window, one: Measurement, standing: Standing) -> bool:
    """Say whether a measurement breaches, and more is told by it than is.

    Where several windows in a row have to breach it tells nothing: this one is not over.
    """
    detector, settings = suspects.BY_NAME[one.detector], watch.settings
    sure = one.p_value is not None and one.p_value <= settings.attacks.alpha
    if not sure or rule_of(found_of(detector, one, settings), settings).k > 1:
        return False
    mark = fingerprint(watch.name, detector.kind, one.detector, one.column, one.segment)
    alert, row = standing.alerts.get(mark), standing.rows.get(mark_of(alert_id(mark, 0)))
    if alert is None or row is None:
        return True
    if alert.state not in UNDER_ALARM:
        # what was ended within the window stays so until the next
        return alert.state != "pending" and (alert.window_end is None or alert.window_end <= window.start)
    severity = settings.severity.get(detector.kind) or one.evidence.get("severity", "")
    return row["origin"] != "data_quality" and gravity_of(severity) < gravity_of(row["severity"])
