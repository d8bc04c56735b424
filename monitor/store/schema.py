"""The tables. User columns never become SQL columns, so a new feature needs no migration."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware times of any zone go in, aware UTC comes out; a naive time is a `ValueError`.

    PostgreSQL keeps `timestamptz`; SQLite keeps text of fixed width, `2026-01-31 23:59:59.000000`, which sorts as
    time does and which its date functions read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: "Dialect") -> "TypeEngine[Any]":
        """Text on SQLite, the database's own instant elsewhere."""
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: "Dialect") -> Any:  # noqa: ANN401 (text or time, as the dialect has it)
        """Give the database UTC."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone; times are stored in UTC, so pass an aware one")
        utc = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return utc
        return utc.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    def process_result_value(self, value: Any, dialect: "Dialect") -> datetime | None:  # noqa: ANN401, ARG002
        """Give the caller aware UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value).replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _serial() -> Column[int]:
    # SQLite numbers rows by itself only in a column declared INTEGER.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _model(*, primary_key: bool = False) -> Column[str]:
    return Column("model", Text, ForeignKey("model.name"), primary_key=primary_key, nullable=False)


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

# Records of one model, as one compressed columnar blob. `end` is the newest record's time, not past it.
segment = Table(
    "segment",
    metadata,
    _serial(),
    _model(),
    Column("start", UTCDateTime, nullable=False),
    Column("end", UTCDateTime, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("schema_hash", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("rows > 0", name="rows"),
    Index(None, "model", "start", "end"),
)

# Rows that could not be taken, kept for a year. `digest`: of the excerpt, by which a row that comes again is known.
quarantine = Table(
    "quarantine",
    metadata,
    _serial(),
    Column("source", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("digest", String(32), nullable=False, server_default=""),
    Index(None, "source", "at"),
    Index(None, "source", "digest"),
)

# One row a window; late rows merge into it and raise `revision`. The empty text is "all versions", "all traffic".
profile = Table(
    "profile",
    metadata,
    _model(primary_key=True),
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
    _model(primary_key=True),
    Column("detector", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("window_start", UTCDateTime, nullable=False),
    Column("window_end", UTCDateTime, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("reference", Double),
    Column("p_value", Double),
    Column("effect", Double),
    Column("n", BigInteger, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, server_default=""),
    Column("alpha", Double),
    Column("threshold", Double),
    Column("outcome", String(12), nullable=False, server_default=""),
    Index(None, "model", "window_end"),
)

# What a model is compared with: layout and profile of its reference, and the profile of each of its segments; the one
# that counts. The layout stands with the whole, where `segment` is the empty text.
reference = Table(
    "reference",
    metadata,
    _serial(),
    _model(),
    Column("fingerprint", String(64), nullable=False),
    Column("segment", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("layout", LargeBinary, nullable=False),
    Column("profile", LargeBinary, nullable=False),
    UniqueConstraint("model", "fingerprint", "segment"),
)

# Which windows have been judged, and on how much. `matured`: its labels were judged too, and never again. `since`:
# where the stretch begins that was judged with it, null when it was alone. `decided`: the stretch held enough rows to
# be judged, so that the next one begins behind it. `alarmed`: an alert of drift in all traffic was firing.
judgement = Table(
    "judgement",
    metadata,
    _model(primary_key=True),
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

# The keys of records, where a source can repeat rows or where labels come by themselves. `day` counts from 1970.
row_key = Table(
    "row_key",
    metadata,
    _model(primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), primary_key=True),
    Column("segment", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Labels that came by themselves, kept as long as their records. `day` is that of the record, or -1 while the record is
# not known yet.
label = Table(
    "label",
    metadata,
    _model(primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# How many labels that come by themselves came when, by the records' clock, kept for a good year. `at` is the start of
# the hours, or day, in which they came, `since` that of the time from which they may have; `ages` counts them by how
# long after their record that was.
arrival = Table(
    "arrival",
    metadata,
    _model(primary_key=True),
    Column("hours", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, primary_key=True),
    Column("since", UTCDateTime, nullable=False),
    Column("ages", JSON, nullable=False),
)

# What a model's endpoint answered when a canary input was first asked; `input` is its SHA-256, `version` the newest in
# the traffic then.
probe = Table(
    "probe",
    metadata,
    _model(primary_key=True),
    Column("input", String(64), primary_key=True),
    Column("version", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("recorded_at", UTCDateTime, nullable=False),
)

# Bodies that applications pushed, of records or of labels, until they are pulled like any other source.
pushed = Table(
    "pushed",
    metadata,
    _serial(),
    _model(),
    Column("at", UTCDateTime, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("holds", Text, nullable=False, server_default="records"),
)

alert = Table(
    "alert",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    _model(),
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
    _serial(),
    Column("fingerprint", String(64), ForeignKey("alert.fingerprint"), nullable=False),
    _model(),
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

# Messages on their way, one row a receiver, kept for a year once they are delivered. `notice` is made of what is told
# and to whom: a repeat is recognisable.
outbox = Table(
    "outbox",
    metadata,
    _serial(),
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
    _serial(),
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

# What was due and who did it: a slot of a job is done once, whoever does it.
run = Table(
    "run",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", UTCDateTime, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("owner", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("error", Text, nullable=False, server_default=""),
)

# Who may work on what until when. `token` rises with every holder, so that a late one is recognised.
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("until", UTCDateTime, nullable=False),
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

# What the deployment must keep to itself, made once at random: the seed of the fingerprints of queries.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# What queries are laid beside, fitted on the reference. The empty version is all of it; a version that the reference
# holds enough rows of has its own.
attack_baseline = Table(
    "attack_baseline",
    metadata,
    _model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# How far the queries of a model have been followed. `revision` rises with every batch; a writer that knows another one
# has been overtaken. `shapes`: of the arrays whose pages `attack_state` holds.
attack_tracking = Table(
    "attack_tracking",
    metadata,
    _model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("shapes", JSON, nullable=False),
)

# What is known of clients and of like rows, in pages of 64 KB; one without a row is all zeros.
attack_state = Table(
    "attack_state",
    metadata,
    _model(primary_key=True),
    Column("version", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# Public: what a client did in an hour or day that an attacker would do, kept as long as the records; the empty client
# is all traffic. `hits` of `rows` rows showed a sign that at most a share of `rate` of honest rows do; `log_e` is the
# evidence against chance at its highest, in nats. `total`: the sum over all clients, without evidence of its own.
# `ids`: of some of these records.
sighting = Table(
    "sighting",
    metadata,
    _model(primary_key=True),
    Column("start", UTCDateTime, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("detector", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("hits", BigInteger, nullable=False),
    Column("rate", Double, nullable=False),
    Column("log_e", Double, nullable=False),
    Column("total", Boolean, nullable=False),
    Column("first_at", UTCDateTime),
    Column("first_id", Text, nullable=False),
    Column("ids", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
)
