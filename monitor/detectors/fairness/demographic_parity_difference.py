"""Demographic parity difference: are groups decided for at the same rate? (Calders & Verwer 2010)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.classes import gaps_by_class, share_of_decisions
from monitor.detectors.fairness.counts import selected
from monitor.detectors.fairness.sides import WORTH_TELLING, Sides, Value, gaps
from monitor.types import Measurement

NAME = "demographic_parity_difference"
RATE = Value("selection_rate", selected, "decisions")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest share of positive decisions over the groups, in [0, 1]: 0 is parity, higher is worse.

    The effect is by how much the pair that most surely moved apart is further apart than in the reference; 95 %
    interval for all pairs at once (Newcombe 1998), p-value from exact limits (Zou & Donner 2008), the difference
    between the reference's windows counted in. Undefined below two groups of thirty decisions. Blind to a gap that
    was there in the reference already, to groups that change places, and to whether the decisions were right.

    Of several classes each is laid beside the others; the largest gap is told, the p-value is the smallest times the
    classes (Bonferroni 1936), and the class is named that most surely moved apart. Blind then to classes of which less
    than one decision in twenty is made.
    """
    binary = list(gaps(NAME, RATE, sides))
    yield from binary or gaps_by_class(NAME, share_of_decisions, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, armed=True, min_effect=WORTH_TELLING)
