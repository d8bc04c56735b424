"""Values that more rows lack because more rows come that usually lack them: nothing is broken then."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import ndtr

from monitor.detectors.quality import missing_share
from monitor.profiles.profile import Profile
from monitor.steps.parts import is_segment
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE

COVERED, KNOWN = 0.95, 200
"""Segments tell of a mix that hold so many of the rows, and of which the reference holds so many each."""
MOSTLY = 0.5
"""So much of a rise the mix must explain, and leave no more than chance."""

Parts = Sequence[tuple[Profile, Profile]]


def without_mixes(
    judged: Sequence[Judged], references: Mapping[str, Profile], current: Mapping[str, Profile]
) -> list[Judged]:
    """Give what was judged, missing values as clear where the mix of a column's segments explains those of all traffic.

    As where a feature is never known of one channel, and more rows come through it. Each segment lacks as many as its
    rows in the reference do. Of a segment of another column as many rows may lack a value, beyond what is usual there,
    as the mix explains in all. references, current: profiles by part, those of the window alone. Limits of the user's
    own hold as they are. Blind to what no segment tells.
    """
    asked = {one.measurement.column for one in judged if _asks(one)}
    if not asked:
        return list(judged)
    mixes = dict(_mixes(references, current))
    known = asked & references[WHOLE].columns.keys()
    found = {name: _explained(name, mixes, references, current, judged) for name in known}
    told = partial(_without, found=found, references=references, current=current)
    return [told(one) if _asks(one) else one for one in judged]


def _asks(one: Judged) -> bool:
    return one.measurement.detector == missing_share.NAME and one.outcome == "breach" and one.alpha is not None


def _mixes(references: Mapping[str, Profile], current: Mapping[str, Profile]) -> Iterator[tuple[str, Parts]]:
    """Give by column its segments' profiles, in the reference and in the window, where these cover both."""
    by_column: dict[str, list[str]] = {}
    for part in filter(is_segment, current):
        by_column.setdefault(part.partition("=")[0], []).append(part)
    for column, parts in by_column.items():
        known = [part for part in parts if part in references and references[part].rows >= KNOWN]
        if sum(current[part].rows for part in known) >= COVERED * current[WHOLE].rows:
            yield column, [(references[part], current[part]) for part in known]


def _explained(
    name: str,
    mixes: Mapping[str, Parts],
    references: Mapping[str, Profile],
    current: Mapping[str, Profile],
    judged: Sequence[Judged],
) -> str:
    """Name the column whose mix explains how many values are missing in all traffic; the empty text where none does."""
    alpha = max((one.alpha or 0.0 for one in judged if _asks(one) and one.measurement.column == name), default=0.0)
    rise = _rise(name, references[WHOLE], current[WHOLE])
    usual = references[WHOLE].columns[name].missing / max(references[WHOLE].rows, 1)
    for column, parts in mixes.items():
        expected, p_value = _expected(name, parts)
        if column != name and expected - usual >= MOSTLY * rise > 0 and p_value > alpha:
            return column
    return ""


def _rise(name: str, reference: Profile, current: Profile) -> float:
    before, after = reference.columns[name], current.columns[name]
    return after.missing / max(current.rows, 1) - before.missing / max(reference.rows, 1)


def _without(
    one: Judged, *, found: Mapping[str, str], references: Mapping[str, Profile], current: Mapping[str, Profile]
) -> Judged:
    name, part = one.measurement.column, one.measurement.segment
    mixed = found.get(name)
    if not mixed or part.partition("=")[0] == mixed or part not in references or part not in current:
        return one
    beyond, of_all = (_rise(name, references[at], current[at]) * current[at].rows for at in (part, WHOLE))
    if beyond > of_all:
        return one
    note = f"as many are missing as in such a mix of {mixed} by the reference"
    return replace(one, measurement=replace(one.measurement, note=note), outcome="clear", lingers=False)


def _expected(name: str, parts: Parts) -> tuple[float, float]:
    """Give what share should be missing by segment, and the chance of so many or more."""
    before = np.array([(one.columns[name].missing, one.rows) for one, _ in parts], float)
    now = np.array([(one.columns[name].missing, one.rows) for _, one in parts], float)
    shares, rows = before[:, 0] / before[:, 1], now[:, 1]
    variance = float((rows * shares * (1 - shares) * (1 + rows / before[:, 1])).sum())
    beyond = float(now[:, 0].sum() - rows @ shares)
    p_value = float(ndtr(-beyond / math.sqrt(variance))) if variance else float(beyond <= 0)
    return float(rows @ shares / max(rows.sum(), 1)), p_value
