"""Whether groups of people are sampled, labelled and treated alike."""

from collections.abc import Mapping

from monitor.detectors.detector import Detector
from monitor.detectors.fairness import (
    demographic_parity_difference,
    equal_opportunity_difference,
    equalized_odds_difference,
    group_accuracy_difference,
    group_calibration_difference,
    group_error_difference,
    group_prediction_difference,
    label_coverage_difference,
    label_rate_difference,
    representation_distance,
)
from monitor.detectors.fairness.classes import (
    Classes,
    Values,
    answers_of,
    classes_of,
    coverage,
    mistakes,
    share_of_decisions,
)
from monitor.detectors.fairness.sides import Value
from monitor.profiles.layout import Layout

TREATMENT: tuple[Detector, ...] = (
    demographic_parity_difference.DETECTOR,
    equalized_odds_difference.DETECTOR,
    equal_opportunity_difference.DETECTOR,
    group_accuracy_difference.DETECTOR,
    group_calibration_difference.DETECTOR,
    group_error_difference.DETECTOR,
    group_prediction_difference.DETECTOR,
)
"""How groups are treated: over the groups of sensitive columns."""

SELECTION: tuple[Detector, ...] = (label_coverage_difference.DETECTOR, label_rate_difference.DETECTOR)
"""Whose labels come to be known: over the groups of sensitive columns, and over segments."""

SAMPLING: Detector = representation_distance.DETECTOR
"""Who is there at all, beside stated shares of the population."""

VALUES: Mapping[str, tuple[Value, ...]] = {
    demographic_parity_difference.NAME: (demographic_parity_difference.RATE,),
    equalized_odds_difference.NAME: (equal_opportunity_difference.RATE, equalized_odds_difference.FALSE),
    equal_opportunity_difference.NAME: (equal_opportunity_difference.RATE,),
    group_accuracy_difference.NAME: (group_accuracy_difference.RATE,),
    group_calibration_difference.NAME: (group_calibration_difference.MEAN,),
    group_error_difference.NAME: (group_error_difference.MEAN,),
    group_prediction_difference.NAME: (group_prediction_difference.MEAN,),
    label_coverage_difference.NAME: (label_coverage_difference.RATE,),
    label_rate_difference.NAME: (label_rate_difference.RATE,),
}
"""What each detector compares between groups."""

BY_CLASS: Mapping[str, tuple[Values, Classes]] = {
    demographic_parity_difference.NAME: (share_of_decisions, classes_of),
    equalized_odds_difference.NAME: (mistakes, classes_of),
    label_coverage_difference.NAME: (coverage, answers_of),
}
"""What is compared of each class, and of which, by some."""

SHOWN: tuple[tuple[str, Value], ...] = (
    ("bias.stereotyping", demographic_parity_difference.RATE),
    ("bias.stereotyping", equal_opportunity_difference.RATE),
    ("bias.stereotyping", equalized_odds_difference.FALSE),
    ("bias.stereotyping", group_error_difference.MEAN),
    ("bias.stereotyping", group_prediction_difference.MEAN),
    ("bias.selection", label_coverage_difference.RATE),
)
"""What is shown of each group by itself."""

GROUP_DETECTORS: tuple[Detector, ...] = (*TREATMENT, *SELECTION, SAMPLING)


def compared_values(detector: str, layout: Layout) -> tuple[Value, ...]:
    """Give all that a detector may compare between the groups of a model, that of each of several classes too."""
    if detector not in BY_CLASS:
        return VALUES[detector]
    of_class, classes = BY_CLASS[detector]
    return (*VALUES[detector], *(value for name in classes(layout) for value in of_class(name)))
