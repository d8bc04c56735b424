"""How well predictions met their labels, once these are there."""

from typing import Any

from monitor.detectors.performance import decisions, expected_calibration_error, losses, macro, residuals, roc_auc
from monitor.detectors.performance.judged import Metric

METRICS: tuple[Metric[Any], ...] = (
    roc_auc.METRIC,
    decisions.ACCURACY,
    decisions.PRECISION,
    decisions.RECALL,
    decisions.F1,
    macro.PRECISION,
    macro.RECALL,
    macro.F1,
    losses.LOG_LOSS,
    losses.BRIER,
    expected_calibration_error.METRIC,
    residuals.ABSOLUTE,
    residuals.ROOT,
    residuals.SIGNED,
    residuals.EXPLAINED,
)
"""Those with a standard error."""
