"""Mean prediction by group: does a regression's answer differ between groups as it did? (Calders et al. 2013)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.fairness.counts import predicted
from monitor.detectors.fairness.sides import Sides, Value, gaps
from monitor.types import Measurement

NAME = "group_prediction_difference"
MEAN = Value("mean_prediction", predicted, "predictions", mean=True, in_sd=True)


def compare(sides: Sides) -> Iterator[Measurement]:
    """Largest less smallest mean prediction over the groups, in the prediction's unit, from 0: higher is worse.

    The demographic parity of a regression; labels are not needed. Interval by Student's t for all pairs at once;
    p-value as that of demographic_parity_difference, the wider spread of predictions of window and reference counting;
    effect likewise, in standard deviations of the reference's predictions. For answers that are numbers, without
    scores. Undefined below two groups of thirty predictions. Blind to whether the predictions were right.
    """
    yield from gaps(NAME, MEAN, sides)


DETECTOR = Detector(NAME, "bias.stereotyping", "prediction's unit", compare, armed=True, min_effect=0.1)
