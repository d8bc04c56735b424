"""A source whose rows hold the model's answers in other words than the labels'."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from monitor.profiles.meanings import translated
from monitor.types import Batch, Cursor, Roles, Source


@dataclass(frozen=True)
class Meant:
    """The rows of a source with the model's answers in the labels' words."""

    source: Source
    roles: Roles

    @property
    def repeats(self) -> bool:
        """Say whether rows may come again."""
        return self.source.repeats

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Give what is new."""
        for batch in self.source.pull(cursors):
            yield replace(batch, rows=translated(batch.rows, self.roles))
