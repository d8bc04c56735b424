"""Share of categories that the reference does not hold."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality.share import NOT_SERVED, clumped, measured
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile, Profile
from monitor.stats.location import share_shift_test
from monitor.types import Measurement

NAME = "unseen_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of values that the reference never held, in [0, 1]; p-value for a rise beyond what was to be expected.

    Of values to come about so large a share is new as of the reference's own was held but once: each of these would be
    new beside all others. (Good 1953) Blind to new values in columns nearly all of whose values are.
    """
    for column, before, after in paired(reference, current, without=NOT_SERVED):
        bins = before.bins
        if not isinstance(bins, CategoryBins) or bins.tail is None:
            continue
        here, there = (int(side.counts[bins.unseen]) for side in (before, after))
        inflation = clumped(reference, before, after)
        told = measured(NAME, column, (here, before.n), (there, after.n), inflation)
        expected = share_shift_test((here or held_once(before, bins), before.n), (there, after.n), inflation)
        yield replace(told, p_value=expected[1]) if expected else told


def held_once(reference: ColumnProfile, bins: CategoryBins) -> int:
    """Count the values that a reference holds once; of those that are not counted apart as many as follow from theirs.

    0 of a profile that is not that which the values were listed by, and so lacks one of them.
    """
    counts = reference.counts[: len(bins.values)]
    if not counts.size or counts.min() < 1:
        return 0
    rare, rows = len(bins.tail or ()), int(reference.counts[bins.other])
    # counts that fall off geometrically, about their mean
    return int((counts == 1).sum()) + (round(rare * rare / rows) if rows else 0)


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005)
