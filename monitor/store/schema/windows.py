"""What is known of windows: what they are compared with, their profiles, and what was measured and judged."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from monitor.store.schema.columns import UTCDateTime, metadata, of_model, serial

# What a model is compared with: layout and profile of its reference, and the profile of each of its segments; the one
# that counts. The layout stands with the whole, where `segment` is the empty text.
reference = Table(
    "reference",
    metadata,
    serial(),
    of_model(),
    Column("fingerprint", String(64), nullable=False),
    Column("segment", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("layout", LargeBinary, nullable=False),
    Column("profile", LargeBinary, nullable=False),
    UniqueConstraint("model", "fingerprint", "segment"),
)

# What a model's endpoint answered when a canary input was first asked; `input` is its SHA-256, `version` the newest in
# the traffic then.
probe = Table(
    "probe",
    metadata,
    of_model(primary_key=True),
    Column("input", String(64), primary_key=True),
    Column("version", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("recorded_at", UTCDateTime, nullable=False),
)

# One row a window; late rows merge into it and raise `revision`. The empty text is "all versions", "all traffic".
profile = Table(
    "profile",
    metadata,
    of_model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("start", UTCDateTime, primary_key=True),
    Column("end", UTCDateTime, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "model", "start", "end"),
)

# Public: documented and stable. `column` and `segment` are empty where the number speaks of the whole model;
# numbers are null where they are undefined, and `note` says why.
measurement = Table(
    "measurement",
    metadata,
    of_model(primary_key=True),
    Column("detector", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("window_start", UTCDateTime, nullable=False),
    Column("window_end", UTCDateTime, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("p_value", Double),
    Column("effect", Double),
    Column("n", BigInteger, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("reference", Double),
    Column("kind", Text, nullable=False, server_default=""),
    Column("alpha", Double),
    Column("threshold", Double),
    Column("outcome", String(12), nullable=False, server_default=""),
    Index(None, "model", "window_end"),
)

# Which windows have been judged, and on how much. `matured`: its labels were judged too, and never again. `since`:
# where the stretch begins that was judged with it, null when it was alone. `decided`: the stretch held enough rows to
# be judged, so that the next one begins behind it. `alarmed`: an alert of drift in all traffic was firing.
judgement = Table(
    "judgement",
    metadata,
    of_model(primary_key=True),
    Column("window_start", UTCDateTime, nullable=False),
    Column("window_end", UTCDateTime, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("matured", Boolean, nullable=False),
    Column("since", UTCDateTime),
    Column("decided", Boolean, nullable=False, server_default=true()),
    Column("alarmed", Boolean, nullable=False, server_default=false()),
)
