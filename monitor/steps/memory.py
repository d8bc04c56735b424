"""What was measured of a model's whole traffic in earlier windows, read once a pass and kept up window by window."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from monitor.detectors.attack.poisoned import CONTRADICTION
from monitor.steps.measure import Found
from monitor.store.database import Database
from monitor.store.measurements import last_windows, measured_columns, read_series
from monitor.types import Measurement, Window

REMEMBERED = 500
RECENT = 200
"""So many windows back it is known at once how far columns moved; before that once it is asked for."""
SHIFTS = ("mean_shift", "chi_square")
"""Detectors that say of each column how far it moved: most of what is remembered."""
METRICS = (
    "accuracy",
    "brier_score",
    "roc_auc",
    "log_loss",
    "mean_absolute_error",
    "mean_error",
    "expected_calibration_error",
    CONTRADICTION,
    "unlabelled_share",
    "repeated_share",
    "unseen_share",
)
"""Others that are read for it; reading all would be most of a pass."""
REMEMBERED_DETECTORS = (*SHIFTS, *METRICS)
Known = Iterable[tuple[Window, Measurement]]


class Memory:
    """Measurements by detector and column, of at most the last 500 windows; a later one of a window replaces it.

    windows: those that were judged, known or not. earlier: up to which end of a window shifts are not known yet, and
    what reads them.
    """

    def __init__(
        self,
        known: Known = (),
        *,
        windows: Iterable[Window] = (),
        earlier: tuple[datetime, Callable[[], Known]] | None = None,
    ) -> None:
        self._found: dict[Window, dict[tuple[str, str], Measurement]] = {window: {} for window in windows}
        self._windows = sorted(self._found)
        self._earlier, self._noted = earlier, set[Window]()
        self._take(known)

    @classmethod
    def of(cls, database: Database, name: str, columns: Iterable[str]) -> "Memory":
        """Read a model's from the store: what was measured of some of its columns, and of it as a whole."""
        with database.read() as connection:
            windows = {one.end: one for one in last_windows(connection, name, number=REMEMBERED)}
            asked = {"", *columns, *measured_columns(connection, name, detector=CONTRADICTION)}
        if not windows:
            return cls()

        def read(detectors: Collection[str], since: datetime, until: datetime | None = None) -> Known:
            with database.read() as connection:
                found = read_series(connection, name, detectors=detectors, columns=asked, since=since, until=until)
                return [(windows[end], one) for end, one in found if end in windows]

        first, *_ = windows.values()
        recent = [*windows.values()][-RECENT:][0]
        known = [*read(METRICS, first.start), *read(SHIFTS, recent.start)]
        older = (recent.start, lambda: read(SHIFTS, first.start, recent.start))
        return cls(known, windows=windows.values(), earlier=older if len(windows) > RECENT else None)

    def note(self, window: Window, found: Iterable[Found]) -> None:
        """Take in what was measured in a window, in the place of what was measured before."""
        whole = (one.measurement for one in found if not one.measurement.segment)
        self._noted.add(window)
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
        if self._earlier and window.end <= self._earlier[0] and detector in SHIFTS:
            (_, read), self._earlier = self._earlier, None
            self._take((at, one) for at, one in read() if at not in self._noted)
        found = self._found.get(window, {}).get((detector, column))
        return None if found is None or found.value is None else found

    def earlier(self, window: Window, detector: str, column: str = "", *, last: int = REMEMBERED) -> list[Measurement]:
        """Give what a detector measured in the last windows before this one, oldest first, where it found an answer."""
        found = (self.at(one, detector, column) for one in self.before(window, last=last))
        return [one for one in found if one is not None]

    def _take(self, known: Known) -> None:
        for window, measurement in known:
            self._at(window)[measurement.detector, measurement.column] = measurement

    def _at(self, window: Window) -> dict[tuple[str, str], Measurement]:
        if window not in self._found:
            insort(self._windows, window)
            self._found[window] = {}
        return self._found[window]
