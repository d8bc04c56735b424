"""Alerts as they stand, and every change of their state."""

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

# Public: every change of an alert's state, in order.
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
    Index(None, "model", "window_end"),
    Index(None, "fingerprint", "window_end"),
)
