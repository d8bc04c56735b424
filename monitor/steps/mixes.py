"""Values that more rows lack because more rows come that usually lack them: nothing is broken then."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

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
    """Give what was judged, missing values of all traffic as clear where the mix of a column's segments explains them.

    As where a feature is never known of one channel, and more rows come through it. Each segment lacks as many as its
    rows in the reference do. references, current: profiles by part, those of the window alone. Limits of the user's own
    hold as they are. Blind to what no segment tells.
    """
    if not any(map(_asks, judged)):
        return list(judged)
    mixes = dict(_mixes(references, current))
    return [_explained(one, mixes, references[WHOLE], current[WHOLE]) if _asks(one) else one for one in judged]


def _asks(one: Judged) -> bool:
    told = one.measurement
    return (
        one.outcome == "breach" and one.alpha is not None and (told.detector, told.segment) == (missing_share.NAME, "")
    )


def _mixes(references: Mapping[str, Profile], current: Mapping[str, Profile]) -> Iterator[tuple[str, Parts]]:
    """Give by column its segments' profiles, in the reference and in the window, where these cover both."""
    by_column: dict[str, list[str]] = {}
    for part in filter(is_segment, current):
        by_column.setdefault(part.partition("=")[0], []).append(part)
    for column, parts in by_column.items():
        known = [part for part in parts if part in references and references[part].rows >= KNOWN]
        if sum(current[part].rows for part in known) >= COVERED * current[WHOLE].rows:
            yield column, [(references[part], current[part]) for part in known]


def _explained(one: Judged, mixes: Mapping[str, Parts], reference: Profile, current: Profile) -> Judged:
    name, alpha = one.measurement.column, one.alpha or 0.0
    if name not in reference.columns:
        return one
    usual = reference.columns[name].missing / max(reference.rows, 1)
    rise = current.columns[name].missing / max(current.rows, 1) - usual
    for column, parts in mixes.items():
        expected, p_value = _expected(name, parts)
        if column != name and expected - usual >= MOSTLY * rise and p_value > alpha:
            note = f"as many are missing as in such a mix of {column} by the reference"
            return replace(one, measurement=replace(one.measurement, note=note), outcome="clear", lingers=False)
    return one


def _expected(name: str, parts: Parts) -> tuple[float, float]:
    """Give what share should be missing by segment, and the chance of so many or more."""
    before = np.array([(one.columns[name].missing, one.rows) for one, _ in parts], float)
    now = np.array([(one.columns[name].missing, one.rows) for _, one in parts], float)
    shares, rows = before[:, 0] / before[:, 1], now[:, 1]
    variance = float((rows * shares * (1 - shares) * (1 + rows / before[:, 1])).sum())
    beyond = float(now[:, 0].sum() - rows @ shares)
    p_value = float(ndtr(-beyond / math.sqrt(variance))) if variance else float(beyond <= 0)
    return float(rows @ shares / max(rows.sum(), 1)), p_value
