"""What was measured of a model's whole traffic in earlier windows, read once a pass and kept up window by window."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

from sqlalchemy import Connection

from monitor.steps.measure import Found
from monitor.store.measurements import read_series
from monitor.types import Measurement, Window

REMEMBERED = 500
REMEMBERED_DETECTORS = (
    "accuracy",
    "brier_score",
    "roc_auc",
    "log_loss",
    "mean_absolute_error",
    "mean_error",
    "expected_calibration_error",
    "mean_shift",
    "chi_square",
    "label_contradiction",
    "unlabelled_share",
)
"""Those that are read for it; reading all would be most of a pass."""


class Memory:
    """Measurements by detector and column, of at most the last 500 windows; a later one of a window replaces it."""

    def __init__(self, known: Iterable[tuple[Window, Measurement]] = ()) -> None:
        self._windows: list[Window] = []
        self._found: dict[Window, dict[tuple[str, str], Measurement]] = {}
        for window, measurement in known:
            self._at(window)[measurement.detector, measurement.column] = measurement

    @classmethod
    def of(cls, connection: Connection, name: str) -> "Memory":
        """Read a model's from the store."""
        return cls(read_series(connection, name, detectors=REMEMBERED_DETECTORS, windows=REMEMBERED))

    def note(self, window: Window, found: Iterable[Found]) -> None:
        """Take in what was measured in a window, in the place of what was measured before."""
        whole = (one.measurement for one in found if not one.measurement.segment)
        self._at(window).clear()
        self._at(window).update({(m.detector, m.column): m for m in whole if m.detector in REMEMBERED_DETECTORS})

    def before(self, window: Window, *, last: int = REMEMBERED) -> list[Window]:
        """Give the last windows before this one, oldest first."""
        end = bisect_left(self._windows, window)
        return self._windows[max(0, end - last) : end]

    def within(self, stretch: Window) -> list[Window]:
        """Give the windows that a stretch holds whole, oldest first."""
        first = bisect_left(self._windows, stretch.start, key=lambda one: one.start)
        last = bisect_right(self._windows, stretch.end, key=lambda one: one.end)
        return self._windows[first:last]

    def at(self, window: Window, detector: str, column: str = "") -> Measurement | None:
        """Give what a detector measured in a window; None where it did not, or found no answer."""
        found = self._found.get(window, {}).get((detector, column))
        return None if found is None or found.value is None else found

    def _at(self, window: Window) -> dict[tuple[str, str], Measurement]:
        if window not in self._found:
            insort(self._windows, window)
            self._found[window] = {}
        return self._found[window]
