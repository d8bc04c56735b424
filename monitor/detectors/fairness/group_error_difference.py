"""Mean error by group: does a regression predict too much for some and too little for others? (Calders et al. 2013)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import error
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "group_error_difference"
MEAN = Value("mean_error", error, "labelled rows", mean=True, in_sd=True)


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest mean of predicted - label over the groups, in the label's unit, from 0: higher is worse.

    Interval by Student's t for all pairs at once; p-value as that of demographic_parity_difference, the wider spread
    of errors of window and reference counting; effect likewise, in standard deviations of the reference's errors. For
    regressions. Undefined below two groups of thirty labelled rows. Blind to errors that are larger in one group and
    of both signs.
    """
    yield from gaps(NAME, MEAN, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "label's unit", compare, armed=True, labelled=True, min_effect=0.1)
