"""Where records and labels come from, how far each source was read, and what of it could not be taken."""

from sqlalchemy import JSON, BigInteger, Column, Double, Index, LargeBinary, String, Table, Text

from monitor.store.schema.columns import UTCDateTime, metadata, of_model, serial

model = Table(
    "model",
    metadata,
    Column("name", Text, primary_key=True),
    Column("created_at", UTCDateTime, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", Text, primary_key=True),
    Column("shard", Text, primary_key=True),
    Column("state", JSON, nullable=False),
)

# How a source is doing. `live_at`: when its records were last up to date; null for a history. `drained_at`: when it
# was last read to its end. `problem`: why it stands still, or nothing. `recent_read`, `recent_bad`: how many of its
# last rows there are, and could not be taken. `empty_since`: since when its pattern, which matched once, matches
# nothing. `known_until`: of labels, what the records' clock said when they were last read to their end; `judged_until`:
# up to where on that clock it was judged whether they stay out.
source_state = Table(
    "source_state",
    metadata,
    Column("source", Text, primary_key=True),
    Column("live_at", UTCDateTime),
    Column("drained_at", UTCDateTime),
    Column("problem", Text, nullable=False, server_default=""),
    Column("read", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("recent_read", Double, nullable=False, server_default="0"),
    Column("recent_bad", Double, nullable=False, server_default="0"),
    Column("empty_since", UTCDateTime),
    Column("known_until", UTCDateTime),
    Column("judged_until", UTCDateTime),
)

# Bodies that applications pushed, of records or of labels, until they are pulled like any other source.
pushed = Table(
    "pushed",
    metadata,
    serial(),
    of_model(),
    Column("at", UTCDateTime, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("holds", Text, nullable=False, server_default="records"),
)

# Rows that could not be taken, kept for a year. `digest`: of the excerpt, by which a row that comes again is known.
quarantine = Table(
    "quarantine",
    metadata,
    serial(),
    Column("source", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("digest", String(32), nullable=False, server_default=""),
    Index(None, "source", "at"),
    Index(None, "source", "digest"),
)
