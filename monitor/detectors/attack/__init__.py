"""Attacks in the stream of a model's queries: what is told of clients, and of all clients together.

`baseline_of` fixes what the reference says, and `rehearsed` adds what it tells of the clients that it names; `track`
follows a batch of queries from one `State` to the next and gives `Sighting`s. An alarm is a sighting whose `log_e`
reaches log(1 / alpha).
"""

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.fitting import baseline_of
from monitor.detectors.attack.pool import Learning
from monitor.detectors.attack.rehearsal import rehearsed
from monitor.detectors.attack.sighting import ALPHA, REPEATED, Sighting, merge
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import track
from monitor.detectors.attack.validation import Validation, validate

__all__ = [
    "ALPHA",
    "REPEATED",
    "Baseline",
    "Learning",
    "Sighting",
    "State",
    "Validation",
    "baseline_of",
    "merge",
    "rehearsed",
    "track",
    "validate",
]
