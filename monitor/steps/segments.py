"""Segments that hold few rows of a window: every so many windows these are judged together, as whole windows are."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from monitor.profiles.profile import Profile
from monitor.steps.measure import VERSION
from monitor.steps.sample import Sample
from monitor.store.references import GROUP, WHOLE
from monitor.types import Window

MOST, GROWN = 32, 4
"""At most so many windows are put together; a segment of so many times the rows that it should have has grown."""

Reading = Callable[[Window], Mapping[str, Profile]]


def put_together(
    sample: Sample,
    *,
    least: int,
    references: Mapping[str, Profile],
    before: Callable[[], Sequence[Window]],
    read: Reading,
    groups: Collection[int] = (),
) -> Sample:
    """Give a sample in which small segments hold the rows of several windows, or say what they lack.

    least: how many rows are judged. Windows are counted from the model's first on, and of a segment that should have a
    fifth of these rows every eighth is judged, with those since the last: which ones does not hang on what they hold.
    before: gives the stretches judged before; read: gives the profiles of a stretch of time. groups: how many windows
    small groups need.
    """
    if sample.whole.rows < least:
        return sample
    counts = {part: _windows_of(part, sample, references, least) for part in {*sample.profiles, *references}}
    counts = {part: count for part, count in counts.items() if count > 1}
    small, lacking, stretches = dict[str, Profile](), dict[str, str](), dict[int, Mapping[str, Profile]]()
    judged = before() if counts or groups else ()

    def over(count: int) -> Window | None:
        """Give the stretch of so many windows that ends here and is read; None where it is not their turn."""
        if len(judged) % count != count - 1:
            return None
        stretch = Window(judged[1 - count].start, sample.stretch.end)
        if count not in stretches:
            stretches[count] = read(stretch)
        return stretch

    for part, count in counts.items():
        stretch = over(count)
        if stretch and part in stretches[count]:
            small[part] = replace(stretches[count][part], span=stretch)
        held = small.get(part) or sample.profiles.get(part)
        rows = held.rows if held else 0
        if rows < least:
            lacking[part] = f"{rows} of {least} rows: judged with those of other windows, {count} together"
    last = {count: stretches[count] for count in groups if over(count)}
    return replace(sample, small=small, lacking_in=lacking, last=last)


def _windows_of(part: str, sample: Sample, references: Mapping[str, Profile], least: int) -> int:
    """Say how many windows of a segment are judged together, a power of two."""
    if part == WHOLE or part.startswith(GROUP):
        return 1
    held = sample.profiles.get(part)
    rows = float(held.rows if held else 0)
    if part in references and not part.startswith(VERSION):
        usual = references[part].rows / max(references[WHOLE].rows, 1) * sample.whole.rows
        rows = rows if rows >= GROWN * usual else usual
    return windows_for(rows, least)


def windows_for(rows: float, least: float) -> int:
    """Say how many windows of so many rows hold the least that are judged: a power of two, MOST where none is enough.

    >>> windows_for(25, 30), windows_for(8, 30), windows_for(0.1, 30), windows_for(30, 30)
    (2, 4, 32, 1)
    """
    if rows >= least:
        return 1
    return 2 ** min(math.ceil(math.log2(least / rows)), round(math.log2(MOST))) if rows else MOST
