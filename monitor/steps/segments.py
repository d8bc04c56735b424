"""Segments that hold few rows of a window are judged with those of the windows since, as whole windows are."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from monitor.profiles.profile import Profile
from monitor.steps.gathering import Gathering, enough
from monitor.steps.parts import VERSION, is_segment
from monitor.steps.sample import Sample
from monitor.store.references import WHOLE
from monitor.types import Window

GROWN = 4
"""A segment of so many times the rows that it should have has grown."""

Reading = Callable[[Window], Mapping[str, Profile]]


def put_together(
    sample: Sample,
    *,
    least: int,
    references: Mapping[str, Profile],
    gathering: Gathering,
    read: Reading,
    groups: Collection[int] = (),
) -> Sample:
    """Give a sample in which small segments hold the rows of several windows, or say what they lack.

    least: how many rows are judged. read: gives the profiles of a stretch of time. groups: over how many windows small
    groups are judged now.
    """
    if sample.whole.rows < least:
        return sample
    shares = {part: _share_of(part, sample, references) for part in {*sample.profiles, *references} if _gathers(part)}
    turns = {part: gathering.windows(share, enough(least)) for part, share in shares.items()}
    stretches = {1: sample.profiles} | {
        windows: read(gathering.over(windows)) for windows in {*turns.values(), *groups} if windows and windows > 1
    }
    small, lacking = dict[str, Profile](), dict[str, str]()
    for part, windows in turns.items():
        if windows == 1:
            continue
        if windows and part in stretches[windows]:
            small[part] = replace(stretches[windows][part], span=gathering.over(windows))
        held = small.get(part) or sample.profiles.get(part)
        rows = held.rows if held else 0
        if windows is None or rows < least:
            lacking[part] = f"{rows} of {least} rows: judged with those of other windows"
    last = {windows: stretches[windows] for windows in groups}
    return replace(sample, small=small, lacking_in=lacking, last=last)


def _gathers(part: str) -> bool:
    return part.startswith(VERSION) or is_segment(part)


def _share_of(part: str, sample: Sample, references: Mapping[str, Profile]) -> float:
    """Give the share of the rows that a segment should have: the reference's, or its own where it is new or grew."""
    held = sample.profiles.get(part)
    own = held.rows / sample.whole.rows if held else 0.0
    if part not in references or part.startswith(VERSION):
        return own
    usual = references[part].rows / max(references[WHOLE].rows, 1)
    return own if own >= GROWN * usual else usual
