"""Share of rows that exactly repeat one that came not long before: a feed that runs twice, a client that polls."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitor.detectors.detector import Detector
from monitor.detectors.quality.share import Counts, dispersion, measured
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.types import Measurement

NAME = "repeated_share"
REMEMBERED = 28


def compare(history: Sequence[Counts], repeated: int, rows: int) -> Iterator[Measurement]:
    """Share of rows whose features all are those of an earlier row, in [0, 1]; p-value for a rise over windows before.

    Higher is worse. The effect is how much larger it is than in any of these. history: (repeated, rows) of each of the
    last windows, whose own differences count. Below eight of them the share is given and not judged. (Przyborowski &
    Wilenski 1940)
    """
    yield compare_counts(history, repeated, rows)


def compare_counts(history: Sequence[Counts], repeated: int, rows: int) -> Measurement:
    """Measure one window's repeated rows against those of windows before, given as (repeated, rows)."""
    held = [one for one in history if one[1]]
    if not rows:
        return Measurement(NAME, None, note="no rows in this window")
    share = repeated / rows
    if len(held) < WINDOWS_NEEDED:
        return Measurement(NAME, share, n=rows, note=f"{len(held)} of {WINDOWS_NEEDED} earlier windows needed")
    known, seen = (sum(column) for column in zip(*held, strict=True))
    found = measured(NAME, "", (known, seen), (repeated, rows), dispersion(held))
    return replace(found, effect=max(0.0, share - max(hits / n for hits, n in held)))


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.05)
