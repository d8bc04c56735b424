"""Whether a row belongs to the population that the model was trained on, asked before the model answers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import REPEATS, known_tables
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.population import tail_of
from monitor.detectors.attack.space import Floats, Rows
from monitor.detectors.attack.state import State

BELONGS = 0.01
"""Below this p-value a row does not belong to the population."""
MOST_REASONS = 5


@dataclass(frozen=True)
class Validation:
    """What is known of one row.

    belongs: it keeps the contract and is not among the oddest rows. contract: it has every value that no honest row
    lacks, in the range and with the decimals of honest rows. p_value: the share of honest rows that lie at least as far
    from the population, in (0, 1], three times the smallest of three distances' shares. near_duplicate, repeated: rows
    like it, or the same, came not long ago. reasons: in words, with the columns.
    """

    belongs: bool
    contract: bool
    p_value: float
    near_duplicate: bool
    repeated: bool
    reasons: tuple[str, ...]


def validate(baseline: Baseline, state: State | None, table: pa.Table, *, least: float = BELONGS) -> list[Validation]:
    """Say of each row whether it belongs; nothing is remembered of it.

    state: what is known of the queries so far, None for nothing. least: the p-value from which on a row belongs. The
    answers are looked at where the rows hold them. Blind to what `population` and `contract` are blind to.
    """
    rows = baseline.space.rows(table)
    p_values = _p_values(baseline, table, rows)
    faults = _faults(baseline, rows)
    near, again = _seen(baseline, state, rows)
    return [
        Validation(
            belongs=not faults[i] and float(p_values[i]) >= least,
            contract=not faults[i],
            p_value=float(p_values[i]),
            near_duplicate=bool(near[i]),
            repeated=bool(again[i]),
            reasons=_reasons(faults[i], float(p_values[i]), least=least, near=bool(near[i])),
        )
        for i in range(len(rows))
    ]


def _p_values(baseline: Baseline, table: pa.Table, rows: Rows) -> Floats:
    classes = baseline.answers.classes(table)
    points = baseline.population.placed(baseline.space, rows)
    found = baseline.population.statistics(points, classes) | baseline.combination.statistics(rows, classes)
    tails = [tail_of(baseline.usual[name], found[name]) for name in ("knn", "mahalanobis", "combination")]
    known = np.isfinite(tails)
    smallest = np.where(known, tails, 1.0).min(axis=0)
    # Bonferroni over the distances that there are
    return np.asarray(np.minimum(smallest * np.maximum(known.sum(axis=0), 1), 1.0))


def _faults(baseline: Baseline, rows: Rows) -> list[list[str]]:
    broken, names = baseline.contract.faults(rows), baseline.space.names
    wide, missing = rows.numbers.shape[1], broken.malformed
    kinds: tuple[tuple[NDArray[np.bool_], str], ...] = (
        (missing[:, :wide], "has no value"),
        (broken.beyond, "is beyond the range of the reference"),
        (broken.off_lattice, "has more decimals than any value of the reference"),
    )
    found: list[list[str]] = [[] for _ in range(len(rows))]
    for flags, said in kinds:
        for row, column in np.argwhere(flags).tolist():
            found[row].append(f"{names[column]} {said}")
    for row, column in np.argwhere(missing[:, wide:]).tolist():
        said = "has no value" if rows.codes[row, column] < 0 else "is a category that the reference does not hold"
        found[row].append(f"{names[wide + column]} {said}")
    return found


def _seen(baseline: Baseline, state: State | None, rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if state is None:
        none = np.zeros(len(rows), np.bool_)
        return none, none
    held, hashes = state.held, rows.hashes()
    again = held["repeats"][(hashes & np.uint64(REPEATS - 1)).astype(np.intp)] == hashes
    buckets = baseline.fingerprint.buckets(baseline.space.scaled(rows), rows)
    tables = known_tables(part_of(held, "bucket_"), buckets, usual=baseline.usual_buckets, at=int(held["seen"][0]))
    return (tables >= baseline.joins) & ~again, again


def _reasons(faults: list[str], p_value: float, *, least: float, near: bool) -> tuple[str, ...]:
    more = len(faults) - MOST_REASONS
    said = faults[:MOST_REASONS] + ([f"and {more} more"] if more > 0 else [])
    if p_value < least:
        said.append(f"only {p_value:.2%} of honest rows lie as far from the population")
    return (*said, "rows like it came not long ago") if near else tuple(said)
