"""What is measured: one detector, one file, named after the method. A detector never sees a threshold."""

from monitor.detectors import concept, versions
from monitor.detectors.attack import poisoned
from monitor.detectors.confidence import (
    confidence_by_class,
    confidence_gap,
    confidence_level,
    entropy_level,
    margin_level,
    near_certain_share,
    overconfident_share,
)
from monitor.detectors.detector import Detector, armed_for, kind_of
from monitor.detectors.drift import (
    anderson_darling,
    chi_square,
    client_drift,
    cramer_von_mises,
    cramers_v,
    g_test,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    mean_shift,
    mean_vector,
    psi,
    quantile_shift,
    scan,
    sd_ratio,
    smooth,
    total_variation,
    wasserstein,
)
from monitor.detectors.fairness import GROUP_DETECTORS
from monitor.detectors.performance import (
    decisions,
    estimated,
    estimated_errors,
    estimated_macro,
    expected_calibration_error,
    losses,
    macro,
    residuals,
    roc_auc,
)
from monitor.detectors.quality import (
    added_column,
    constant_column,
    contradicted_share,
    dropped_column,
    freshness,
    invalid_share,
    missing_share,
    out_of_range_share,
    repeated_share,
    retyped_column,
    unknown_label_share,
    unlabelled_share,
    unseen_share,
    volume,
)
from monitor.detectors.redundancy import disagreement_level
from monitor.detectors.suspicion import SUSPICIONS
from monitor.detectors.temporal import lasting, model_age, step_change, uncovered_time_share

DETECTORS: tuple[Detector, ...] = (
    dropped_column.DETECTOR,
    added_column.DETECTOR,
    retyped_column.DETECTOR,
    missing_share.DETECTOR,
    invalid_share.DETECTOR,
    unseen_share.DETECTOR,
    unknown_label_share.DETECTOR,
    out_of_range_share.DETECTOR,
    constant_column.DETECTOR,
    contradicted_share.DETECTOR,
    psi.DETECTOR,
    jensen_shannon.DETECTOR,
    kolmogorov_smirnov.DETECTOR,
    wasserstein.DETECTOR,
    chi_square.DETECTOR,
    mean_shift.DETECTOR,
    mean_vector.DETECTOR,
    smooth.DETECTOR,
    scan.DETECTOR,
    hellinger.DETECTOR,
    total_variation.DETECTOR,
    kullback_leibler.DETECTOR,
    cramer_von_mises.DETECTOR,
    anderson_darling.DETECTOR,
    *quantile_shift.DETECTORS,
    sd_ratio.DETECTOR,
    g_test.DETECTOR,
    cramers_v.DETECTOR,
    confidence_level.DETECTOR,
    near_certain_share.DETECTOR,
    margin_level.DETECTOR,
    entropy_level.DETECTOR,
    confidence_by_class.DETECTOR,
    confidence_gap.DETECTOR,
    overconfident_share.DETECTOR,
    disagreement_level.DETECTOR,
    roc_auc.DETECTOR,
    *decisions.DETECTORS,
    *macro.DETECTORS,
    *losses.DETECTORS,
    expected_calibration_error.DETECTOR,
    *residuals.DETECTORS,
    *concept.DETECTORS,
)
"""Those that lay a window's profile beside the reference's."""

ESTIMATES: tuple[Detector, ...] = (
    *estimated.DETECTORS,
    *estimated_macro.DETECTORS,
    *estimated_errors.DETECTORS,
)
"""Those that say what performance to expect before labels come."""

HISTORY_DETECTORS: tuple[Detector, ...] = (
    volume.DETECTOR,
    freshness.DETECTOR,
    unlabelled_share.DETECTOR,
    repeated_share.DETECTOR,
    *lasting.DETECTORS,
    step_change.DETECTOR,
)
"""Those that lay numbers beside those of earlier windows."""

TIME_DETECTORS: tuple[Detector, ...] = (model_age.DETECTOR, uncovered_time_share.DETECTOR)
"""Those that lay a window's time beside the times of the reference."""

VERSION_DETECTORS: tuple[Detector, ...] = versions.DETECTORS
"""Those that lay one version of the model beside another."""

SENDER_DETECTORS: tuple[Detector, ...] = (client_drift.DETECTOR,)
"""Those that say whose rows a change is of."""

LABEL_DETECTORS: tuple[Detector, ...] = poisoned.DETECTORS
"""Those that lay labelled rows beside the reference's."""

ALL: tuple[Detector, ...] = (
    *DETECTORS,
    *ESTIMATES,
    *GROUP_DETECTORS,
    *HISTORY_DETECTORS,
    *TIME_DETECTORS,
    *VERSION_DETECTORS,
    *SUSPICIONS,
    *SENDER_DETECTORS,
    *LABEL_DETECTORS,
)
"""All of them; GROUP_DETECTORS lay groups beside each other."""

__all__ = [
    "ALL",
    "DETECTORS",
    "ESTIMATES",
    "GROUP_DETECTORS",
    "HISTORY_DETECTORS",
    "LABEL_DETECTORS",
    "SENDER_DETECTORS",
    "SUSPICIONS",
    "TIME_DETECTORS",
    "VERSION_DETECTORS",
    "Detector",
    "armed_for",
    "kind_of",
]
