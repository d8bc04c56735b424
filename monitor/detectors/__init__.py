"""What is measured: one detector, one file, named after the method. A detector never sees a threshold."""

from monitor.detectors.detector import Detector
from monitor.detectors.drift import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    mean_shift,
    psi,
    wasserstein,
)
from monitor.detectors.quality import constant_column, invalid_share, missing_share, out_of_range_share, unseen_share

DETECTORS: tuple[Detector, ...] = (
    missing_share.DETECTOR,
    invalid_share.DETECTOR,
    unseen_share.DETECTOR,
    out_of_range_share.DETECTOR,
    constant_column.DETECTOR,
    psi.DETECTOR,
    jensen_shannon.DETECTOR,
    kolmogorov_smirnov.DETECTOR,
    wasserstein.DETECTOR,
    chi_square.DETECTOR,
    mean_shift.DETECTOR,
)

__all__ = ["DETECTORS", "Detector"]
