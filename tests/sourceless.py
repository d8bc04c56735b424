"""A source without records, for models that only their reference is asked of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.types import Batch, Cursor


@dataclass(frozen=True)
class Nothing:
    """Gives no records."""

    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:  # noqa: ARG002
        """Give nothing."""
        yield from ()
