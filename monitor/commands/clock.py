"""The time, for commands: nothing below them looks at a clock by itself."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)
