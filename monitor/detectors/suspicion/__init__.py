"""From what was seen of clients in a window to the attacks that they are suspected of: one alert a client and kind."""

from monitor.detectors.suspicion import suspects
from monitor.detectors.suspicion.suspects import DETECTORS as SUSPICIONS

__all__ = ["SUSPICIONS", "suspects"]
