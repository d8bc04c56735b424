"""The parts of a model's traffic that are profiled apart, by their names, and which of the reference each is beside."""

from collections.abc import Mapping

from monitor.profiles.profile import Profile
from monitor.store.references import GROUP, WHOLE, is_at_time

VERSION = "version="
OWN_ROWS = 500
"""How many rows of a reference a version needs to be compared with its own."""

Pairs = Mapping[str, tuple[Profile, Profile]]


def is_segment(part: str) -> bool:
    """Say whether a part of the traffic is that of one value of a segment's column."""
    return part != WHOLE and not part.startswith((VERSION, GROUP)) and not is_at_time(part)


def laid_beside(references: Mapping[str, Profile], current: Mapping[str, Profile]) -> Pairs:
    """Give (reference, window) by segment; a version is laid beside its own rows of the reference, or else all of it.

    A segment that the reference does not hold is left out, and so is a version that is the only one: it is the whole.
    The groups of sensitive columns are compared with each other instead.
    """
    versions = [part for part in current if part.startswith(VERSION)]
    held = {part: profile for part, profile in references.items() if part == WHOLE or is_segment(part)}
    if len(versions) > 1:
        held |= {part: _own(references, part) for part in versions}
    return {part: (held[part], current[part]) for part in current if part in held}


def only_version(current: Mapping[str, Profile]) -> str:
    """Name the version that answers alone, by the profiles of a window; the empty text where none or several do."""
    versions = [part.removeprefix(VERSION) for part in current if part.startswith(VERSION)]
    return versions[0] if len(versions) == 1 else ""


def _own(references: Mapping[str, Profile], version: str) -> Profile:
    own = references.get(version)
    return own if own is not None and own.rows >= OWN_ROWS else references[WHOLE]
