"""The tables. User columns never become SQL columns, so a new feature needs no migration."""

from monitor.store.schema.alerts import acknowledgement, alert, alert_event, reminder, silence
from monitor.store.schema.attacks import attack_baseline, attack_state, attack_tracking, sighting
from monitor.store.schema.columns import UTCDateTime, metadata
from monitor.store.schema.messages import channel_state, delivery, outbox
from monitor.store.schema.records import arrival, label, row_key, segment
from monitor.store.schema.runs import lease, run, secret
from monitor.store.schema.sources import cursor, model, pushed, quarantine, source_state
from monitor.store.schema.windows import judgement, measurement, probe, profile, reference

__all__ = [
    "UTCDateTime",
    "acknowledgement",
    "alert",
    "alert_event",
    "arrival",
    "attack_baseline",
    "attack_state",
    "attack_tracking",
    "channel_state",
    "cursor",
    "delivery",
    "judgement",
    "label",
    "lease",
    "measurement",
    "metadata",
    "model",
    "outbox",
    "probe",
    "profile",
    "pushed",
    "quarantine",
    "reference",
    "reminder",
    "row_key",
    "run",
    "secret",
    "segment",
    "sighting",
    "silence",
    "source_state",
]
