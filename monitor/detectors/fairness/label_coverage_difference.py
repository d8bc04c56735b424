"""Label coverage difference: is it found out equally often for all groups who was right? (Heckman 1979)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.classes import answers_of, coverage, gaps_by_class
from monitor.detectors.fairness.counts import labelled
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "label_coverage_difference"
RATE = Value("label_coverage", labelled, "rows")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest share of rows with a known label over the groups, in [0, 1]: 0 is equal, higher is worse.

    What is learned from labels that are known more often of one group than of another is biased by that. Where a model
    decides between classes, rows that got the same answer are laid side by side, since people look at what was flagged:
    the largest gap of any answer, the p-value times their number. The change is taken from the reference's gap, which
    is 0 where all of it is labelled. Interval, effect and p-value as those of demographic_parity_difference. Undefined
    below two groups of thirty rows. Blind to labels that are missing by what they would say, in all groups alike.
    """
    found = list(gaps_by_class(NAME, coverage, sides, answers_of))
    yield from found or gaps(NAME, RATE, sides)


DETECTOR = Detector(NAME, "bias.selection", "share", compare, armed=True, labelled=True, min_effect=0.05)
