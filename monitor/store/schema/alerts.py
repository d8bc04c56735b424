"""Alerts as they stand, every change of their state, what people have quieted, and what is told again."""

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from monitor.store.schema.columns import UTCDateTime, metadata, of_model, serial

alert = Table(
    "alert",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    of_model(),
    Column("kind", Text, nullable=False),
    Column("detector", Text, nullable=False),
    Column("column", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("since", UTCDateTime),
    Column("fired_at", UTCDateTime),
    Column("resolved_at", UTCDateTime),
    Column("breaches", JSON, nullable=False),
    Column("clears", Integer, nullable=False),
    Column("window_start", UTCDateTime),
    Column("window_end", UTCDateTime),
    Column("value", Double),
    Column("threshold", Double),
    Column("p_value", Double),
    Column("effect", Double),
    Column("n", BigInteger, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "model", "state"),
)

# Public: every change of an alert's state, in order; `why`: what was said by who ended it by hand.
alert_event = Table(
    "alert_event",
    metadata,
    serial(),
    Column("fingerprint", String(64), ForeignKey("alert.fingerprint"), nullable=False),
    of_model(),
    Column("kind", Text, nullable=False),
    Column("detector", Text, nullable=False),
    Column("column", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("window_end", UTCDateTime, nullable=False),
    Column("value", Double),
    Column("threshold", Double),
    Column("p_value", Double),
    Column("effect", Double),
    Column("n", BigInteger, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Index(None, "model", "window_end"),
    Index(None, "fingerprint", "window_end"),
)

# What nothing is told of, for a time: one alert, by what its ids begin with, or all that fit the patterns.
silence = Table(
    "silence",
    metadata,
    serial(),
    Column("mark", String(12), nullable=False),
    Column("model", Text),
    Column("kind", Text),
    Column("column", Text),
    Column("segment", Text),
    Column("since", UTCDateTime, nullable=False),
    Column("until", UTCDateTime, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Index(None, "until"),
)

# When a receiver is told again of what still fires of a model, and of which alerts, by their ids.
reminder = Table(
    "reminder",
    metadata,
    of_model(primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("due_at", UTCDateTime, nullable=False),
    Column("alerts", JSON, nullable=False),
    Column("times", Integer, nullable=False),
)

# Which episodes of alerts were taken over, and when.
acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("fingerprint", String(64), ForeignKey("alert.fingerprint"), primary_key=True),
    Column("episode", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
)
