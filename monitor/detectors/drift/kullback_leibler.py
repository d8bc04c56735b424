"""Kullback-Leibler divergence of the window from the reference. (Kullback & Leibler 1951)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.drift.columns import measured_by
from monitor.profiles.profile import Profile
from monitor.stats.distances import kullback_leibler_divergence
from monitor.types import Measurement

NAME = "kullback_leibler_divergence"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Sum q ln(q / p), the window's shares q against the reference's p: 0 is equal, no upper bound; no p-value.

    Blind to what the window lacks: bins that became empty add nothing.
    """
    return measured_by(NAME, kullback_leibler_divergence, reference, current)


DETECTOR = Detector(NAME, "drift.data", "nats", compare)
