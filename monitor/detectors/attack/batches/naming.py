"""What a statistic points at, in names of columns, values, labels and contributors."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from monitor.detectors.attack.batches.encoders import Encoder
from monitor.detectors.attack.batches.known import Known
from monitor.detectors.attack.batches.rows import LEVELS, Labelled
from monitor.detectors.attack.batches.spelled import word_of
from monitor.detectors.attack.batches.verdict import Statistic
from monitor.profiles import texts

UNKNOWN = "a label that the reference lacks"


Text = Callable[[str, int], str]
SEVERAL = "one of several values"
NAMED, MOST_READ = 3, 1_000


def named(
    known: Known, batch: Labelled, one: Statistic, *, contributors: Sequence[str], text: Text
) -> dict[str, object]:
    """Give what a statistic points at; empty where it points at nothing in particular.

    label: the label that comes too often; likely: what is likelier; values: by column, the value, bin or category
    that goes with it; contributor: who labelled so, and others who did. contributors: names by place. text: gives the
    value of a column in a row of the batch.
    """
    if not one.cell:
        return {}
    if one.name == "contributors":
        others = [contributors[place] for place in one.cell[1:]]
        return {"contributor": contributors[one.cell[0]]} | ({"others": others} if others else {})
    if one.name == "confusion_excess":
        return {"likely": _label(known, one.cell[0]), "label": _label(known, one.cell[1])}
    *cell, label = one.cell
    found: dict[str, object] = {"label": _label(known, label)}
    if not cell:
        return found
    values = _values(known, batch, one, cell, text)
    return found | {"values": {name: _held(name, value, one, text) for name, value in values.items()}}


def _held(name: str, value: str, one: Statistic, text: Text) -> str:
    """Give the value that most of a statistic's rows hold, or the commonest ones, where one cell holds several."""
    if value != SEVERAL:
        return value
    held = Counter(text(name, int(row)) for row in one.rows[:MOST_READ])
    common = [told for told, _ in held.most_common(NAMED)] or [text(name, one.lead)]
    return common[0] if 2 * held[common[0]] >= held.total() else ", ".join(common)


def _label(known: Known, place: int) -> str:
    return known.classes[place] if place < len(known.classes) else UNKNOWN


def _values(known: Known, batch: Labelled, one: Statistic, cell: Sequence[int], text: Text) -> dict[str, str]:
    if -1 - cell[0] == batch.raw.shape[1]:
        column, word = word_of(known.spelled, cell[1])
        found = texts.word_in(text(column, one.lead), word)
        return {column: f"… {found} …" if found else "a word"}
    if cell[0] < 0:
        column = [encoder for encoder in known.encoders if encoder.many][-1 - cell[0]].name
        return {column: f"{batch.raw[one.lead, -1 - cell[0]]:g}"}
    if len(cell) == 2:
        encoder = known.encoders[cell[0]]
        return {encoder.name: _cells(encoder, cell[1], cell[1] + 1)}
    groups = known.values.groups
    pairs = ((cell[i], np.flatnonzero(groups[cell[i]] == cell[i + 1])) for i in (0, 2))
    return {
        known.encoders[column].name: _cells(known.encoders[column], int(held[0]), int(held[-1]) + 1)
        for column, held in pairs
    }


def _cells(encoder: Encoder, first: int, end: int) -> str:
    """Name the cells from first up to end."""
    if encoder.kind == "numeric":
        if first == LEVELS - 1:
            return "missing"
        low = "-inf" if first == 0 else f"{encoder.edges[min(first, encoder.edges.size) - 1]:g}"
        high = "inf" if end > encoder.edges.size else f"{encoder.edges[end - 1]:g}"
        return f"{low} to {high}"
    if first == LEVELS - 1:
        return "missing"
    return encoder.values[first] if end == first + 1 <= len(encoder.values) else SEVERAL
