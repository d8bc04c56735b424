"""Rows that repeat each other tell less than as many others: what differs is laid beside fewer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack import REPEATED, Sighting
from monitor.detectors.quality import repeated_share
from monitor.detectors.quality.share import Counts, usual_counts
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.stats.volume import WINDOWS_NEEDED
from monitor.steps.memory import Memory
from monitor.types import Roles, Window

LEAST = 0.02


def repeats_in(seen: Sequence[Sighting]) -> Counts | None:
    """Count the rows of a window that repeat an earlier one, and all; None where they were not looked at."""
    counted = [one for one in seen if one.total and one.detector == REPEATED]
    return (sum(one.hits for one in counted), sum(one.rows for one in counted)) if counted else None


def usual_repeats(memory: Memory, window: Window) -> list[Counts]:
    """Give how many rows repeated an earlier one, and all, in each of the last windows in which that was as usual."""
    before = memory.before(window, last=repeated_share.REMEMBERED)
    earlier = (one for at in before if (one := memory.at(at, repeated_share.NAME)))
    return usual_counts(earlier, repeated_share.DETECTOR.min_effect)


def repeated_more(seen: Sequence[Sighting], memory: Memory, window: Window) -> float:
    """Give by what share more rows of a window repeat an earlier one than in any usual window before, in [0, 1].

    0 where eight windows do not say what is usual.
    """
    hits, rows = repeats_in(seen) or (0, 0)
    usual = [repeated / n for repeated, n in usual_repeats(memory, window)]
    if not rows or len(usual) < WINDOWS_NEEDED:
        return 0.0
    return max(hits / rows - max(usual), 0.0)


def sent_again(rows: pa.Table, roles: Roles, features: Iterable[str]) -> NDArray[np.bool_]:
    """Say which rows their client sent before, with the same label, as who polls or tries again does; shape (rows,).

    None of them where rows name no client, or hold vectors.
    """
    named = list(dict.fromkeys(name for name in (roles.client, roles.label, *features) if name in rows.column_names))
    if roles.client not in named or any(pa.types.is_nested(rows.schema.field(name).type) for name in named):
        return np.zeros(rows.num_rows, np.bool_)
    placed = rows.select(named).append_column("place", pa.array(np.arange(rows.num_rows)))
    firsts = placed.group_by(named).aggregate([("place", "min")])["place_min"].to_numpy()
    return np.asarray(~np.isin(np.arange(rows.num_rows), firsts) & rows[roles.client].is_valid().to_numpy())


def with_repeats(
    references: Mapping[str, Profile], current: Mapping[str, Profile], more: float
) -> Mapping[str, Profile]:
    """Give references whose columns are as alike within a window as rows make them that came twice; more: their share.

    A share r of rows that each repeat one other makes the variance of a mean 1 + 2 r times as large. (Kish 1965)
    """
    if more < LEAST:
        return references
    alike = {part: 2 * more / max(one.rows - 1, 1) for part, one in current.items()}
    return {
        part: replace(one, layout=_more_alike(one.layout, alike[part])) if part in alike else one
        for part, one in references.items()
    }


def _more_alike(layout: Layout, by: float) -> Layout:
    columns = tuple(
        replace(one, correlation=min(one.correlation + by, 1.0), steepest=min(one.steepest + by, 1.0))
        for one in layout.columns
    )
    return replace(layout, columns=columns)
