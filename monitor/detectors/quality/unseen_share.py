"""Share of categories that the reference does not hold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, dispersion, measured, usual_counts
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Column
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.profiles.rarity import rows_to_be_new
from monitor.stats.location import share_shift_test
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.types import Measurement

Pair = tuple[str, ColumnProfile, ColumnProfile]

NAME = "unseen_share"
NAMED, REMEMBERED = 3, 14
COME_WITH_TIME = "new values come with time"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that the reference never held, in [0, 1]; p-value for a rise beyond what was to be expected.

    Of values to come about so large a share is new as of the reference's own was held but once: each of these would be
    new beside all others. That is the less sure the more values are held twice. (Good 1953; Esty 1983) Blind to new
    values in columns nearly all of whose values are. Where new values come with time, the share is given and no more:
    see `beside_windows`.
    """
    yield from shares(NAME, paired(reference, current, without=NOT_SERVED), reference)


def shares(name: str, pairs: Iterable[Pair], reference: Profile) -> Iterator[Measurement]:
    """Measure the share of some columns' values that the reference never held, as `compare` does, by another name."""
    for column, before, after in pairs:
        bins = before.bins
        if not isinstance(bins, CategoryBins) or bins.tail is None:
            continue
        here, there = (int(side.counts[bins.unseen]) for side in (before, after))
        inflation = clumped(reference, before, after)
        told = measured(name, column, (here, before.n), (there, after.n), inflation)
        if reference.layout.by_name[column].renewal:
            yield replace(told, p_value=None, effect=None, note=told.note or COME_WITH_TIME, evidence=_named(after))
            continue
        new, twice = rows_to_be_new(bins, before.counts)
        unsure = 1 + 2 * twice / max(new, 1) * after.n / max(before.n + after.n, 1)
        found = share_shift_test((new, before.n), (there, after.n), inflation * unsure)
        yield replace(told, p_value=found[1], evidence=_named(after)) if found else told


def beside_windows(told: Measurement, reference: Column, before: Sequence[Measurement]) -> Measurement:
    """Lay the share beside the highest of windows before, where new values come with time; p-value for a leap above it.

    The share itself grows, as the reference ages. reference: the column, of which the parts of the reference
    stand for windows until eight are known. before: the same of windows before. Blind to new values as slow as those
    that always come.
    """
    held = usual_counts(before[-REMEMBERED:], DETECTOR.min_effect)
    held = held if len(held) >= WINDOWS_NEEDED else [*reference.renewal, *held]
    if told.value is None or not held:
        return told
    highest = max(held, key=lambda one: one[0] / one[1])
    now = round(told.value * told.n), told.n
    found = measured(NAME, told.column, highest, now, dispersion(held))
    return replace(found, effect=max(found.effect or 0.0, 0.0), evidence=told.evidence)


def _named(after: ColumnProfile) -> dict[str, Any]:
    """Give the new values that came most often, as evidence."""
    often = sorted(after.unseen.items(), key=lambda one: (-one[1], one[0]))[:NAMED]
    return {"new_values": [{"value": value, "rows": rows} for value, rows in often]} if often else {}


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
