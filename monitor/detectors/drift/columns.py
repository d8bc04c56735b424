"""The shape that detectors of one number a column have in common."""

from collections.abc import Callable, Iterator
from typing import Literal

from monitor.detectors.detector import inflation, inflations, paired, rarest, undefined, untested
from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.profile import Counts, Profile
from monitor.types import Measurement

Distance = Callable[[Counts, Counts], float | None]
Test = Callable[..., tuple[float, float] | None]
Bins = type[NumericBins] | type[CategoryBins]


def measured_by(
    name: str, distance: Distance, reference: Profile, current: Profile, *, bins: Bins | None = None
) -> Iterator[Measurement]:
    """Measure every column, or those of some bins, by a distance, which is its own effect."""
    for column, before, after in paired(reference, current):
        if bins is None or isinstance(before.bins, bins):
            found = distance(before.counts, after.counts)
            if found is None:
                yield undefined(name, column, before, after)
            else:
                yield Measurement(name, found, column=column, n=after.n, effect=found)


def put_to_test(
    name: str,
    test: Test,
    reference: Profile,
    current: Profile,
    *,
    bins: Bins,
    effect: Distance | None = None,
    ways: Literal["one", "many"] = "one",
) -> Iterator[Measurement]:
    """Test every column of some bins; the effect is a distance, or else the statistic.

    ways: in how many directions the test looks: one of many takes all of `inflations`.
    """
    for column, before, after in paired(reference, current):
        if isinstance(before.bins, bins):
            one = ways == "one"
            grown = (inflation(reference, before, after),) if one else inflations(reference, before, after)
            found = test(before.counts, after.counts, *grown)
            if found is None:
                yield untested(name, column, before, after)
            else:
                size = effect(before.counts, after.counts) if effect else found[0]
                p_value = max(found[1], rarest(reference, column, after))
                yield Measurement(name, found[0], column=column, n=after.n, p_value=p_value, effect=size)
