"""A version of the model that was not there before."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.types import Measurement

NAME = "new_version"
ESTABLISHED = 3


def compare(rows: int, all_rows: int, age: int) -> Iterator[Measurement]:
    """Share of the window's rows that the version answered, in [0, 1]; p-value 0 while it is new, else 1.

    age: how many windows ago it came first; from the third window on it is no longer new. Undefined without rows.
    Blind to a change that the version's name does not tell; `probe` sees some of those.
    """
    if not all_rows:
        yield Measurement(NAME, None, note="no rows in this window")
        return
    new = rows > 0 and age < ESTABLISHED
    share = rows / all_rows
    yield Measurement(NAME, share, n=rows, p_value=0.0 if new else 1.0, effect=share)


DETECTOR = Detector(NAME, "model_change", "share", compare, armed=True, weight=0.01, at_once=True)
