"""Representation distance: is the traffic made up as the population that it should be like? (Kish 1965)."""

from collections.abc import Iterator, Mapping

import numpy as np

from monitor.detectors.detector import Detector
from monitor.profiles.bins import CategoryBins
from monitor.profiles.profile import ColumnProfile
from monitor.stats.representation import Counts, representation_test
from monitor.types import Measurement

NAME = "representation_distance"


def compare(column: str, population: Mapping[str, float], current: ColumnProfile) -> Iterator[Measurement]:
    """Total variation between stated shares of the population and those seen, in [0, 1]: 0 is none, higher is worse.

    Over the rows with one of the stated values. The effect is the largest difference of a share; p-value exact, its
    counts scaled to how alike the rows of one window are (Clopper & Pearson 1934; Kish 1965). Undefined without such
    rows. Blind to values without a stated share, and to who is missing within a group.
    """
    if not isinstance(current.bins, CategoryBins):
        note = f"not measured: its values are no categories; write kinds: {{{column}: categorical}}"
        yield Measurement(NAME, None, column=column, n=current.n, note=note)
        return
    names, shares = list(population), np.array(list(population.values()))
    counts = np.array([rows_of(current, name) for name in names])
    shares = shares / shares.sum()
    rows = int(counts.sum())
    inflation = 1 + max(rows - 1, 0) * current.steepest
    found = representation_test(counts, shares, inflation)
    if found is None:
        yield Measurement(NAME, None, column=column, note="no rows with one of the stated values")
        return
    evidence = {"of": "share", "rows": "rows", "pair": [names[found.place]], "groups": _groups(names, counts, shares)}
    others = current.n - rows
    note = f"left out: {others} rows with a value without a stated share" if others else ""
    yield Measurement(
        NAME,
        found.distance,
        column=column,
        n=rows,
        p_value=found.p_value,
        effect=found.effect,
        note=note,
        evidence=evidence,
    )


def rows_of(column: ColumnProfile, value: str) -> int:
    """Count the rows of one category; of one beyond those that the reference lists, at least so many."""
    bins = column.bins
    if not isinstance(bins, CategoryBins) or value not in bins.values:
        return int(column.unseen.get(value, 0))
    return int(column.counts[bins.values.index(value)])


def _groups(names: list[str], counts: Counts, shares: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[object]:
    rows = int(counts.sum())
    return [
        {"value": name, "rows": int(count), "of": rows, "rate": count / rows, "stated": float(share)}
        for name, count, share in zip(names, counts.tolist(), shares.tolist(), strict=True)
    ]


DETECTOR = Detector(NAME, "bias.sampling", "share", compare, armed=True, min_effect=0.05)
