"""What all tables are made of: how instants are kept, how constraints are named, and the columns that many have."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, MetaData, String, Text
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
        return _instant(value)


@lru_cache(maxsize=4096)
def _instant(value: str) -> datetime:
    """Read a time as SQLite keeps it; many rows of one read bear the same."""
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


def serial() -> Column[int]:
    """Make the column that numbers the rows of a table."""
    # SQLite numbers rows by itself only in a column declared INTEGER.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def of_model(*, primary_key: bool = False) -> Column[str]:
    """Make the column that names the model a row is of."""
    return Column("model", Text, ForeignKey("model.name"), primary_key=primary_key, nullable=False)
