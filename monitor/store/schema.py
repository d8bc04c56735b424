"""The tables. User columns never become SQL columns, so a new feature needs no migration."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
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

quarantine = Table(
    "quarantine",
    metadata,
    _serial(),
    Column("source", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Index(None, "source", "at"),
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
    Column("p_value", Double),
    Column("effect", Double),
    Column("n", BigInteger, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Index(None, "model", "window_end"),
)
