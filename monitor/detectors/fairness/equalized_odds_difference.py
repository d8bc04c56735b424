"""Equalised odds difference: is the model wrong at the same rates in all groups? (Hardt et al. 2016)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.classes import gaps_by_class, mistakes
from monitor.detectors.fairness.counts import false_positives
from monitor.detectors.fairness.equal_opportunity_difference import RATE as TRUE
from monitor.detectors.fairness.sides import WORTH_TELLING, Sides, Value, gaps, strongest
from monitor.types import Measurement

NAME = "equalized_odds_difference"
FALSE = Value("false_positive_rate", false_positives, "rows with a negative label")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Larger of the gaps in true and in false positive rate over the groups, in [0, 1]: 0 is equal, higher is worse.

    The p-value is twice the smaller one of the two gaps' (Bonferroni 1936), each as that of
    demographic_parity_difference; the effect and the groups named are that gap's. One whose effect is worth no alert
    counts only where the other's is none either. Undefined below two groups of
    thirty labelled rows of each class. Blind to a gap that was there in the reference, and to unjust labels.

    Of several classes each is laid beside the others, those with too few rows left out; the p-value is the smallest
    times all gaps that are judged, and the class is named that most surely moved apart.
    """
    found = [gap for rate in (TRUE, FALSE) for gap in gaps(NAME, rate, sides)]
    open_ = [gap for gap in found if gap.value is None]
    if not found:
        yield from gaps_by_class(NAME, mistakes, sides)
    elif open_:
        yield open_[0]
    else:
        yield strongest(found, n=sum(gap.n for gap in found))


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, armed=True, labelled=True, min_effect=WORTH_TELLING)
