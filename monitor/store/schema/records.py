"""Records as they are kept, their keys, and the labels that come by themselves."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, Text

from monitor.store.schema.columns import UTCDateTime, metadata, of_model, serial

# Records of one model, as one compressed columnar blob. `end` is the newest record's time, not past it.
segment = Table(
    "segment",
    metadata,
    serial(),
    of_model(),
    Column("start", UTCDateTime, nullable=False),
    Column("end", UTCDateTime, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("schema_hash", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("rows > 0", name="rows"),
    Index(None, "model", "start", "end"),
)

# The keys of records, where a source can repeat rows or where labels come by themselves. `day` counts from 1970.
row_key = Table(
    "row_key",
    metadata,
    of_model(primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), primary_key=True),
    Column("segment", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Labels that came by themselves, kept as long as their records. `day` is that of the record, or -1 while the record is
# not known yet; `contributor` who gave it, where that is known.
label = Table(
    "label",
    metadata,
    of_model(primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("contributor", Text),
    sqlite_with_rowid=False,
)

# How many labels that come by themselves came when, by the records' clock, kept for a good year. `at` is the start of
# the hours, or day, in which they came, `since` that of the time from which they may have; `ages` counts them by how
# long after their record that was.
arrival = Table(
    "arrival",
    metadata,
    of_model(primary_key=True),
    Column("hours", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, primary_key=True),
    Column("since", UTCDateTime, nullable=False),
    Column("ages", JSON, nullable=False),
)
