"""Which columns of numbers follow others, and how, told from the reference alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.profiles.reading import floats
from monitor.profiles.relation import Relation
from monitor.stats.steps import farthest_step
from monitor.stats.stepwise import line_of

Floats = NDArray[np.float64]

MOST_ROWS, ROWS_NEEDED, MOST_COLUMNS, LEAST_ROWS = 50_000, 250, 100, 30
TELLING = 0.5
"""Columns of which others tell less than half go their own ways too often for these to say where they should be."""


def with_relations(reference: pa.Table, layout: Layout) -> Layout:
    """Give the layout with what features of numbers tell of each other; nothing of under 250 rows."""
    named = [c.name for c in layout.columns if c.role == "feature" and c.kind == "numeric"][:MOST_COLUMNS]
    step = max(1, -(-reference.num_rows // MOST_ROWS))
    rows = reference.select(named).take(pa.array(np.arange(0, reference.num_rows, step)))
    if rows.num_rows < ROWS_NEEDED or len(named) < 2:
        return layout
    held = np.column_stack([floats(column) for column in rows.columns])
    found = relations_of(held, named)
    columns = (replace(c, relation=found.get(c.name)) for c in layout.columns)
    return replace(layout, columns=tuple(columns))


def relations_of(values: Floats, names: Sequence[str]) -> dict[str, Relation]:
    """Give, by column, how it follows others that tell at least half of its variance.

    values: shape (rows, columns); what is not finite is left out, pair by pair of columns.

    >>> rows = np.random.default_rng(1).normal(size=(500, 3)) @ [[1.0, 2.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]]
    >>> sorted(relations_of(rows, ["a", "b", "c"]))
    ['a', 'b']
    """
    known = np.isfinite(values)
    rows = np.maximum(known.sum(axis=0), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        centred = np.where(known, values - np.where(known, values, 0.0).sum(axis=0) / rows, 0.0)
        spread = np.sqrt((centred**2).sum(axis=0) / rows)
        varies = np.flatnonzero(np.isfinite(spread) & (spread > 0) & (rows >= ROWS_NEEDED)).tolist()
    scaled, seen = centred[:, varies] / spread[varies], known[:, varies].astype(np.float64)
    correlations = np.clip(scaled.T @ scaled / np.maximum(seen.T @ seen, 1.0), -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    found: dict[str, Relation] = {}
    for place, own in enumerate(varies):
        line = line_of(correlations, place)
        if line is not None and line.explained >= TELLING:
            scales = spread[own] / spread[[varies[at] for at in line.places]]
            slopes = dict(zip((names[varies[at]] for at in line.places), (line.slopes * scales).tolist(), strict=True))
            found[names[own]] = Relation(slopes, line.explained)
    return found


def told_of_relations(windows: Sequence[Profile], layout: Layout) -> Layout:
    """Give the layout with how far windows, in the order of time, left what other columns tell of them."""
    means = [means_of(one, layout.related) for one in windows if one.rows >= LEAST_ROWS]
    leaps = {name: farthest_step(rests_of(name, relation, means)) for name, relation in layout.related.items()}
    columns = (replace(c, relation=c.relation and replace(c.relation, leap=leaps[c.name])) for c in layout.columns)
    return replace(layout, columns=tuple(columns))


def means_of(window: Profile, related: Mapping[str, Relation]) -> dict[str, float]:
    """Give a window's mean of each column that tells of others, or is told of, where it has one."""
    asked = {*related, *(name for one in related.values() for name in one.slopes)}
    moments = {name: window.columns[name].moments for name in asked if name in window.columns}
    return {name: found[1] for name, found in moments.items() if found}


def rests_of(name: str, relation: Relation, windows: Iterable[Mapping[str, float]]) -> list[float]:
    """Give what others leave over of a column in each of some windows, told by its means, where these are known."""
    found = (relation.rest(name, means) for means in windows)
    return [one for one in found if one is not None]
