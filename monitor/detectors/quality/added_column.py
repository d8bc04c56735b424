"""A column that the reference does not know."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.quality.share import measured
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "added_column"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of rows that came with the unknown column, in [0, 1], one for each such column; p-value for a rise.

    Without an unknown column nothing is measured.
    """
    for column, rows in current.added.items():
        yield measured(NAME, column, (reference.added.get(column, 0), reference.rows), (rows, current.rows))


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.02, min_effect=0.005)
