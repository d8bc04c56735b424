"""What the store knows of a model when its windows are to be judged."""

import logging
from dataclasses import replace

from sqlalchemy import Connection

from monitor.steps.due import Known
from monitor.store.cursors import read_source
from monitor.store.measurements import Judgement, forget_judgements, read_judgements
from monitor.store.profiles import revisions
from monitor.store.records import record_span
from monitor.types import Window
from monitor.watch import Monitor, Watch

_LOG = logging.getLogger(__name__)


def of_one_length(monitor: Monitor, watch: Watch, known: Known) -> Known:
    """Forget that windows of another length were judged, as where the configuration has changed."""
    length = watch.period
    kept, other = list[Judgement](), list[Window]()
    for one in known.judgements:
        alike = length.shortest <= one.window.end - one.window.start <= length.longest
        kept += [one] if alike else []
        other += [] if alike else [one.window]
    if other:
        said = "%s: %d windows of another length than %s were judged, the last %s; they do not count any more"
        _LOG.warning(said, watch.name, len(other), length, other[-1].end)
        with monitor.database.write() as connection:
            forget_judgements(connection, watch.name, other)
    return replace(known, judgements=kept)


def known_of(connection: Connection, watch: Watch) -> Known | None:
    """Read it; None before there is a record."""
    span = record_span(connection, watch.name)
    if span is None:
        return None
    drained_at = read_source(connection, watch.records_source).drained_at
    return Known(*span, drained_at, revisions(connection, watch.name), read_judgements(connection, watch.name))
