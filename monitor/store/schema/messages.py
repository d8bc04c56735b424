"""Messages on their way to receivers."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from monitor.store.schema.columns import UTCDateTime, metadata, serial

# Messages on their way, one row a receiver, kept for a year once they are delivered. `notice` is made of what is told
# and to whom: a repeat is recognisable.
outbox = Table(
    "outbox",
    metadata,
    serial(),
    Column("notice", String(64), nullable=False),
    Column("receiver", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Text),
    Column("leased_until", UTCDateTime),
    Column("token", Integer, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("error", Text, nullable=False, server_default=""),
    UniqueConstraint("notice"),
    Index(None, "state", "receiver", "due_at"),
)

# One row an attempt to deliver.
delivery = Table(
    "delivery",
    metadata,
    serial(),
    Column("outbox", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("outbox.id"), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Index(None, "outbox"),
)

# How a receiver is doing: paused by its own wish, failing, or switched off after a permanent refusal.
channel_state = Table(
    "channel_state",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("paused_until", UTCDateTime),
    Column("off", Boolean, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
)
