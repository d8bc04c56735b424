"""Equalised odds difference: is the model wrong at the same rates in all groups? (Hardt et al. 2016)."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import false_positives
from monitor.detectors.fairness.equal_opportunity_difference import RATE as TRUE
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "equalized_odds_difference"
FALSE = Value("false_positive_rate", false_positives, "rows with a negative label")


def compare(sides: Sides) -> Iterator[Measurement]:
    """Larger of the gaps in true and in false positive rate over the groups, in [0, 1]: 0 is equal, higher is worse.

    The p-value is twice the smaller one of the two gaps' (Bonferroni 1936), each as that of
    demographic_parity_difference; the effect and the groups named are that gap's. Undefined below two groups of
    thirty labelled rows of each class. Blind to a gap that was there in the reference, and to unjust labels.
    """
    found = [gap for rate in (TRUE, FALSE) for gap in gaps(NAME, rate, sides)]
    open_ = [gap for gap in found if gap.value is None]
    if open_ or not found:
        yield from open_[:1]
        return
    surest = min(found, key=lambda gap: (1.0 if gap.p_value is None else gap.p_value, -(gap.value or 0.0)))
    widest = max(found, key=lambda gap: gap.value or 0.0)
    p = None if surest.p_value is None else min(1.0, 2 * surest.p_value)
    usual = max((gap.reference for gap in found if gap.reference is not None), default=None)
    yield replace(
        widest,
        p_value=p,
        effect=surest.effect,
        n=sum(gap.n for gap in found),
        reference=usual,
        note=surest.note or widest.note,
        evidence=surest.evidence,
    )


DETECTOR = Detector(NAME, "bias.stereotyping", "share", compare, armed=True, labelled=True, min_effect=0.05)
