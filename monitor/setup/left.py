"""The columns of a sample that have no role yet, from which one role after the other is taken."""

import pyarrow as pa

from monitor.setup.decided import Decided
from monitor.setup.signs import Choice, Finder


class Left:
    """The columns without a role yet."""

    def __init__(self, sample: pa.Table) -> None:
        self.columns = dict(zip(sample.column_names, sample.columns, strict=True))

    def only(self) -> Choice | None:
        """Give the one column that is left; None where there are several, or none."""
        return Choice(next(iter(self.columns)), "") if len(self.columns) == 1 else None

    def best(self, find: Finder, *, keep: bool = False) -> Choice | None:
        """Take the column that fits best, unless it is to be kept; None where none fits."""
        found = [(*said, name) for name, column in self.columns.items() if (said := find(name, column))]
        if not found:
            return None
        _, reason, name = max(found, key=lambda said: said[0])
        if not keep:
            del self.columns[name]
        return Choice(name, reason)

    def taken(self, found: Decided | None) -> tuple[Choice | None, Choice | None]:
        """Give what surely plays a role and take it out; else what may."""
        if found is None or not found.surely:
            return None, found.choice if found else None
        del self.columns[found.choice.column]
        return found.choice, None

    def take(self, find: Finder) -> list[Choice]:
        """Take every column that fits."""
        said = {name: find(name, column) for name, column in self.columns.items()}
        taken = [Choice(name, why[1]) for name, why in said.items() if why]
        for choice in taken:
            del self.columns[choice.column]
        return taken
