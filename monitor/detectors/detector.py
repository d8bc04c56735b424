"""What a detector is, and how profiles are laid side by side for it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.profiles.profile import ColumnProfile, Profile
from monitor.types import Measurement

EMPTY = "no rows with a value in this window"
NO_REFERENCE = "no rows with a value in the reference"


@dataclass(frozen=True)
class Detector:
    """One function that compares a window's profile with the reference's, and how to read its numbers.

    `unit` names the unit of the value; every value rises as the window moves away from the reference.
    """

    name: str
    kind: str
    unit: str
    compare: Callable[[Profile, Profile], Iterator[Measurement]]

    @property
    def method(self) -> str:
        """Say what the detector does, in the words of its function."""
        return inspect.cleandoc(self.compare.__doc__ or "")


def paired(reference: Profile, current: Profile) -> Iterator[tuple[str, ColumnProfile, ColumnProfile]]:
    """Give every column of the reference with its two profiles."""
    for name, column in reference.columns.items():
        yield name, column, current.columns[name]


def undefined(detector: str, column: str, reference: ColumnProfile, current: ColumnProfile) -> Measurement:
    """Say why a comparison has no answer."""
    note = EMPTY if not current.n else NO_REFERENCE if not reference.n else "the reference does not vary"
    return Measurement(detector, None, column=column, n=current.n, note=note)
