"""Demographic parity difference: are groups decided for at the same rate? (Calders & Verwer 2010)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import selected
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "demographic_parity_difference"
RATE = Value("selection_rate", selected, "decisions")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest share of positive decisions over the groups, in [0, 1]: 0 is parity, higher is worse.

    The effect is by how much the pair that most surely moved apart is further apart than in the reference; 95 %
    interval for all pairs at once (Newcombe 1998), p-value from exact limits (Zou & Donner 2008), the difference
    between the reference's windows counted in. Undefined below two groups of thirty decisions. Blind to a gap that
    was there in the reference already, to groups that change places, and to whether the decisions were right.
    """
    yield from gaps(NAME, RATE, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, armed=True, min_effect=0.05)
