"""Share of categories that the reference does not hold."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import Profile
from monitor.profiles.rarity import rows_to_be_new
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "unseen_share"
NAMED = 3


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that the reference never held, in [0, 1]; p-value for a rise beyond what was to be expected.

    Of values to come about so large a share is new as of the reference's own was held but once: each of these would be
    new beside all others. That is the less sure the more values are held twice. (Good 1953; Esty 1983) Blind to new
    values in columns nearly all of whose values are.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        bins = before.bins
        if not isinstance(bins, CategoryBins) or bins.tail is None:
            continue
        here, there = (int(side.counts[bins.unseen]) for side in (before, after))
        inflation = clumped(reference, before, after)
        told = measured(NAME, column, (here, before.n), (there, after.n), inflation)
        new, pairs = rows_to_be_new(bins, before.counts)
        unsure = 1 + 2 * pairs / max(new, 1) * after.n / max(before.n + after.n, 1)
        found = share_shift_test((new, before.n), (there, after.n), inflation * unsure)
        often = sorted(after.unseen.items(), key=lambda one: (-one[1], one[0]))[:NAMED]
        named = {"new_values": [{"value": value, "rows": rows} for value, rows in often]} if often else {}
        yield replace(told, p_value=found[1], evidence=named) if found else told


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
