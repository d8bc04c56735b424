"""Whether a new version is worse than the older one on the same windows, once labels are there."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.detectors.detector import Detector
from monitor.detectors.performance import METRICS
from monitor.detectors.performance.judged import judged
from monitor.profiles.layout import Layout
from monitor.profiles.outcome_layout import Multiclass, Regression
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "version_performance"


def compare(older: Profile, newer: Profile) -> Iterator[Measurement]:
    """Give each metric of the new version beside the older one's, the metric being the column; p-value for worse.

    In the metric's unit, from the metric's worst to its best; the effect is positive when the new version is worse.
    One metric alerts: log loss, without scores accuracy, for a regression the mean absolute error. Undefined without
    labels. Blind to whether both versions saw like rows, which `version_inputs` tells. (Welch 1947)
    """
    # two versions of one window share what makes windows differ
    columns = tuple(replace(column, correlation=0.0, steepest=0.0) for column in older.layout.columns)
    plain = replace(older, layout=replace(older.layout, columns=columns, spreads={}, windows=0))
    for metric in METRICS:
        for found in judged(metric, plain, newer):
            note = found.note.replace("the reference", "the older version")
            yield replace(found, detector=NAME, column=found.detector, note=note)


def main_metric(layout: Layout) -> str:
    """Name the metric that speaks for the model's quality."""
    if isinstance(layout.outcome, Regression):
        return "mean_absolute_error"
    return "accuracy" if isinstance(layout.outcome, Multiclass) and not layout.outcome.scores else "log_loss"


DETECTOR = Detector(NAME, "model_change", "metric's unit", compare, armed=True, labelled=True, min_effect=0.02)
