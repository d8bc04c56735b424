"""Groups of too few rows for one window: every so many windows each is laid beside the others, over all their rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from monitor.config import Model
from monitor.detectors.detector import Detector
from monitor.detectors.fairness import VALUES, compared_values
from monitor.detectors.fairness.sides import ROWS_NEEDED, Sides, strongest
from monitor.profiles.profile import Profile
from monitor.steps.gathering import Gathering
from monitor.steps.groups import Parts, looked_at, within
from monitor.steps.measure import Found, found_of
from monitor.steps.sample import SmallGroup
from monitor.store.references import GROUP, WHOLE
from monitor.types import Measurement

AIMED = 1.5 * ROWS_NEEDED
"""So many rows are to be expected, that chance hardly ever leaves fewer than are needed."""


def small_groups(references: Parts, gathering: Gathering) -> tuple[SmallGroup, ...]:
    """Give the groups of sensitive columns of which a usual window says nothing, by what may alert of them.

    A group counts by its share of the reference's rows; one that the reference cannot tell of either is left out.
    """
    found, whole = [], references[WHOLE].rows
    for column, begun, detector, counts in _counts(references):
        for group, held in counts.items() if len(counts) > 1 else ():
            share = held / max(whole, 1)
            usual = share * gathering.usual
            if held >= ROWS_NEEDED > usual:
                turn = gathering.windows(share, AIMED)
                found.append(SmallGroup(detector, column, begun, group, usual, turn))
    return tuple(found)


def untold_groups(references: Parts) -> Iterator[tuple[str, str, list[str]]]:
    """Give (column, detector, groups with their rows) where the reference itself holds too few of some, not of most."""
    for column, _, detector, counts in _counts(references):
        few = [f"{group} ({rows:.0f})" for group, rows in counts.items() if rows < ROWS_NEEDED]
        if few and len(counts) - len(few) > 1:
            yield column, detector.name, few


def _counts(references: Parts) -> Iterator[tuple[str, str, Detector, Mapping[str, float]]]:
    """Give (column, begun, detector, rows by group) of all that may alert of groups, as the reference holds them."""
    for column, begun, detectors in looked_at(references[WHOLE].layout):
        groups = within(references, begun) if begun.startswith(GROUP) else {}
        for detector in (one for one in detectors if one.armed):
            yield column, begun, detector, {name: _counted(detector.name, of) for name, of in groups.items()}


def _counted(detector: str, profile: Profile) -> float:
    """Count a group's rows as a detector needs them: of several numbers the fewest, of several classes the most."""
    reads = [read[-1] for value in VALUES[detector] if (read := value.read(profile)) is not None]
    if reads:
        return min(reads)
    of_classes = (value.read(profile) for value in compared_values(detector, profile.layout) if value.of)
    return max((read[-1] for read in of_classes if read is not None), default=0.0)


def of_small_groups(
    small: Sequence[SmallGroup], references: Parts, last: Mapping[int, Parts], settings: Model
) -> Iterator[Found]:
    """Lay each small group beside every other one of its column, where it is its turn, and else say what it lacks.

    last: the profiles of so many windows. Those of a column share what of the budget one detector has there.
    """
    sharing = Counter((one.detector.name, one.column) for one in small)
    for one in small:
        weight = one.detector.weight / sharing[one.detector.name, one.column]
        current = last.get(one.windows) if one.windows else None
        measurement = _waiting(one) if current is None else _beside_others(one, references, current)
        yield found_of(replace(one.detector, weight=weight), measurement, settings, references[WHOLE].layout)


def _beside_others(one: SmallGroup, references: Parts, current: Parts) -> Measurement:
    before, now = within(references, one.begun), within(current, one.begun)
    pairs = [{one.group, other} for other in sorted(now.keys() & before.keys() - {one.group}) if one.group in now]
    found = [
        gap
        for pair in pairs
        for gap in one.detector.compare(Sides(one.column, one.begun, _only(before, pair), _only(now, pair)))
        if gap.p_value is not None
    ]
    if not found:
        return _waiting(one, f"too few rows in {one.windows} windows")
    told = strongest(found, n=0)
    rows = sum(group["rows"] for group in told.evidence["groups"])
    return replace(told, segment=f"{one.column}={one.group}", n=rows, note="")


def _only(groups: Mapping[str, Profile], pair: set[str]) -> dict[str, Profile]:
    return {name: groups[name] for name in pair}


def _waiting(one: SmallGroup, why: str = "") -> Measurement:
    note = why or f"about {one.usual:.2g} rows a window that count: judged with those of other windows"
    return Measurement(one.detector.name, None, column=one.column, segment=f"{one.column}={one.group}", note=note)
