"""How much a model's answer hangs on each column, told from the reference alone."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.layout import Column, Layout
from monitor.profiles.placing import places_of
from monitor.profiles.reading import floats

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

MOST_ROWS, ROWS_NEEDED = 50_000, 250
EXPLAINABLE = ("feature", "derived", "sensitive")


def with_sensitivity(reference: pa.Table, made: Mapping[str, pa.ChunkedArray], layout: Layout) -> Layout:
    """Give the layout with each column's sensitivity; none where the model gives neither scores nor numbers."""
    step = max(1, -(-reference.num_rows // MOST_ROWS))
    chosen = pa.array(np.arange(0, reference.num_rows, step))
    scored = bool(layout.roles.scores)
    answers = [_answer(column, reference, chosen) for column in layout.columns if _answers(column, scored=scored)]
    if not answers or len(chosen) < ROWS_NEEDED:
        return layout
    held = dict(zip(reference.column_names, reference.columns, strict=True)) | dict(made)
    columns = (
        replace(c, sensitivity=explained_share(places_of(held[c.name].take(chosen), c), answers))
        if c.role in EXPLAINABLE and c.name in held
        else c
        for c in layout.columns
    )
    return replace(layout, columns=tuple(columns))


def explained_share(codes: Places, answers: list[Floats]) -> float | None:
    """Give the share of the answers' variance that lies between the bins of `codes`, in [0, 1]; below 0 is no bin.

    The correlation ratio, less what as many bins explain by chance. None when no answer varies, or without rows. Blind
    to what a column does only together with others. (Pearson 1905; Kelley 1935)

    >>> explained_share(np.array([0, 0, 1, 1]), [np.array([1.0, 1.0, 3.0, 3.0])])
    1.0
    """
    between = total = freedom = 0.0
    for answer in answers:
        known = (codes >= 0) & np.isfinite(answer)
        held, y = codes[known], answer[known]
        if held.size < 2:
            continue
        y = y - y.mean()
        rows = np.bincount(held)
        used = rows > 0
        between += float((np.bincount(held, weights=y)[used] ** 2 / rows[used]).sum())
        total += float(y @ y)
        freedom = (held.size - 1) / max(held.size - int(used.sum()), 1)
    if total <= 0 or not np.isfinite(total):
        return None
    return float(np.clip(1 - (1 - between / total) * freedom, 0.0, 1.0))


def _answers(column: Column, *, scored: bool) -> bool:
    return column.role == "score" if scored else column.role == "prediction" and column.kind == "numeric"


def _answer(column: Column, reference: pa.Table, chosen: pa.Array) -> Floats:
    return floats(reference.column(column.name).take(chosen))
