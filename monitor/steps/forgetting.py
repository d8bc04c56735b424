"""What is kept of a model no longer; profiles, measurements and alerts stay."""

from datetime import timedelta

from sqlalchemy import Connection

from monitor.schedule import window_of
from monitor.steps.arrivals import HORIZON
from monitor.steps.due import PATIENCE
from monitor.store.arrivals import forget_arrivals
from monitor.store.attacks import forget_sightings
from monitor.store.labels import forget_waiting
from monitor.store.records import forget_quarantine, forget_records, record_span
from monitor.watch import Watch

YEAR = timedelta(days=365)
"""How long rows in quarantine and delivered messages are kept, counted from the newest."""


def forget_aged(connection: Connection, watch: Watch) -> None:
    """Delete a model's old records with their keys, labels and sightings, and its old rows in quarantine.

    By the records' own clock, not the wall's: a record is kept as long as `retain` says before the newest one, and at
    least as long as its label is waited for. Sightings go by whole windows, once these can have been judged. A label
    that waits for its record goes when records newer than itself by as much have come: its own record would be
    deleted at once, if it came.
    """
    for source in (watch.records_source, watch.labels_source):
        forget_quarantine(connection, source, older_than=YEAR)
    settings, span = watch.settings, record_span(connection, watch.name)
    if span is None:
        return
    awaited = PATIENCE * settings.labels.max_delay if settings.labels and settings.labels.max_delay else timedelta(0)
    kept = max(settings.retain, awaited)
    forget_records(connection, watch.name, older_than=kept)
    forget_waiting(connection, watch.name, before=span[1] - kept)
    forget_arrivals(connection, watch.name, before=span[1] - HORIZON)
    judged = window_of(span[1] - kept - settings.lateness, watch.period)
    forget_sightings(connection, watch.name, before=judged.start)
