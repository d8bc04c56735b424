"""What is found of poison in labels at one false alarm per 1,000 batches: flips, a contributor, backdoors, slow poison.

`python tests/benchmarks/attacks/poisoning.py --data DIR [--only NAME]`. Every data set is cut into a reference and rows
that come later, in no order of time, from which batches are drawn; the labels of some rows are then changed.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent.parent))
from figure import Figure, show, skipped

from monitor.detectors.attack.batches import contributors
from monitor.detectors.attack.batches.calibration import size_of
from monitor.detectors.attack.batches.known import Known, learn, seen
from monitor.detectors.attack.batches.measures import Nulls, calibrated, measures_of
from monitor.detectors.attack.batches.parts import evidence_over, p_values
from monitor.detectors.attack.batches.rows import Labelled, Places
from monitor.detectors.attack.batches.verdict import FALSE_ALARMS
from monitor.profiles.arrow import kind_of
from monitor.profiles.reading import categories

ROWS, WITHIN, TRIALS, CLEAN = 500, 5, 50, 1000
REFERENCE, LATER = 20_000, 20_000
CONTRIBUTORS = 10
RISE, SLOW_BATCHES = 0.005, 20
STATISTICS = 9
"""So many share the false alarms: seven, contributors, and slow poison."""
ALPHA = FALSE_ALARMS / STATISTICS


@dataclass(frozen=True, eq=False)
class Case:
    """A data set, with what was learned of its reference."""

    name: str
    later: pa.Table
    known: Known
    nulls: Nulls
    size: int
    rng: np.random.Generator

    def seen(self, rows: pa.Table) -> Labelled:
        """Lay rows beside the reference."""
        return seen(self.known, rows, None, rng=self.rng)


def main(data: Path | None, *, only: str | None = None) -> Iterator[Figure]:
    """Measure every data set that there is."""
    for name, read in SETS.items():
        if only not in (None, name):
            continue
        held = read(data)
        if held is None:
            yield skipped(f"poison in labels, {name}", "needs --data")
            continue
        yield from measured(prepared(name, *held))


def prepared(name: str, rows: pa.Table, label: str, scores: Mapping[str, str]) -> Case:
    """Cut rows into reference and later ones, and learn."""
    rng = np.random.default_rng(7)
    rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
    held = min(REFERENCE, int(0.6 * rows.num_rows))
    reference, later = rows.slice(0, held), rows.slice(held, LATER)
    classes = tuple(sorted({text for text in categories(rows[label], classes=True).texts if text is not None}))
    columns = [(n, kind_of(rows[n])) for n in rows.column_names if n != label and n not in scores.values()]
    known = learn(reference, columns, label=label, classes=classes, scores=scores, times=None, rng=rng)
    size = size_of(ROWS, reference=known.rows.size)
    return Case(name, later, known, calibrated(known, size, rng=rng), size, rng)


def measured(case: Case) -> Iterator[Figure]:
    """Give all figures of a data set."""
    later = case.seen(case.later)
    yield from clean(case, later)
    for share, target in ((0.1, 0.8), (0.05, 0.8), (0.02, None)):
        yield found(case, later, f"{share:.0%} of labels flipped", lambda _, share=share: share, target=target)
    yield contributor(case, later, 0.2)
    for share, target in ((0.05, 0.8), (0.02, None), (0.01, None)):
        yield backdoor(case, share, target=target)
    yield slow(case, later)


def clean(case: Case, later: Labelled) -> Iterator[Figure]:
    """Count the false alarms of clean batches."""
    alarms: dict[str, int] = {}
    parts: list[dict[str, float]] = []
    for _ in range(CLEAN):
        part = p_values(case.known, case.nulls, drawn(case, later), rng=case.rng)
        parts.append(part)
        for name in measures_of(case.known):
            alarms[name] = alarms.get(name, 0) + (part[name] <= ALPHA)
    ends = [parts[max(0, end - SLOW_BATCHES) : end] for end in range(1, len(parts) + 1)]
    long = [evidence_over(end, case.size, known=case.known) >= 1 / ALPHA for end in ends]
    alarms["slow_poisoning"] = sum(now and not before for before, now in zip([False, *long], long, strict=False))
    alarms["contributors"] = sum(_accused(case, drawn(case, later)) <= ALPHA for _ in range(CLEAN // 2)) * 2
    total = sum(alarms.values())
    how = f"{CLEAN} batches of {case.size} of {later.size} rows; " + (
        ", ".join(f"{name} {n}" for name, n in alarms.items() if n) or "none"
    )
    # Poisson with mean 1: 5 or more are met in one of 270 cases.
    yield Figure(f"{case.name}: false alarms in 1,000 clean batches", float(total), "", how, at_most=4)


def drawn(case: Case, later: Labelled) -> Labelled:
    return later.take(case.rng.choice(later.size, case.size, replace=False))


def flipped(case: Case, batch: Labelled, places: Places) -> Labelled:
    """Give the rows at `places` another label, any as likely."""
    classes, label = len(case.known.classes), batch.label.copy()
    label[places] = (label[places] + case.rng.integers(1, classes, places.size)) % classes
    return replace(batch, label=label)


def some(case: Case, batch: Labelled, share: float) -> Places:
    return case.rng.choice(batch.size, round(share * batch.size), replace=False)


def found(
    case: Case, later: Labelled, what: str, share: Callable[[int], float], *, target: float | None, within: int = WITHIN
) -> Figure:
    """Give the share of trials in which a row of batches is found, by one of them or by all together."""
    after = []
    for _ in range(TRIALS):
        parts: list[dict[str, float]] = []
        for number in range(within):
            batch = drawn(case, later)
            batch = flipped(case, batch, some(case, batch, share(number)))
            parts.append(p_values(case.known, case.nulls, batch, rng=case.rng))
            if alarmed(case, parts):
                after.append(number + 1)
                break
    median = f"median batch {np.median(after):.0f}, " if after else ""
    how = f"{median}{after.count(1)} of {TRIALS} in the first; batches of {case.size}"
    what = f"{case.name}: {what}, found within {within} batches"
    return Figure(what, len(after) / TRIALS, "of trials", how, at_least=target)


def alarmed(case: Case, parts: list[dict[str, float]]) -> bool:
    """Say whether the last batch, or all together, breach."""
    at_once = min(parts[-1][name] for name in measures_of(case.known)) <= ALPHA
    return at_once or evidence_over(parts, case.size, known=case.known) >= 1 / ALPHA


def contributor(case: Case, later: Labelled, share: float) -> Figure:
    """Let one of ten contributors flip a fifth of its labels, over five batches that are looked at together."""
    after = []
    for _ in range(TRIALS):
        parts: list[Labelled] = []
        for number in range(WITHIN):
            batch = drawn(case, later)
            who = case.rng.integers(0, CONTRIBUTORS, batch.size)
            own = np.flatnonzero(who == 0)
            batch = flipped(case, batch, case.rng.choice(own, round(share * own.size), replace=False))
            parts.append(replace(batch, contributor=who))
            if _accused(case, *parts) <= ALPHA:
                after.append(number + 1)
                break
    median = f"median batch {np.median(after):.0f}, " if after else ""
    rows = case.size * WITHIN // CONTRIBUTORS
    how = (
        f"{median}{CONTRIBUTORS} contributors of {rows} rows in {WITHIN} batches; by the contributors' statistic alone"
    )
    what = f"{case.name}: a contributor who flips {share:.0%}, named within {WITHIN} batches"
    return Figure(what, len(after) / TRIALS, "of trials", how, at_least=0.8)


def _accused(case: Case, *parts: Labelled) -> float:
    who = [part.contributor for part in parts]
    if (who[0] < 0).all():
        who = [case.rng.integers(0, CONTRIBUTORS, part.size) for part in parts]
    joined = parts[0].take(np.arange(parts[0].size)) if len(parts) == 1 else _joined(parts)
    told = contributors.measure(replace(joined, contributor=np.concatenate(who)), usual=case.known.usual)
    return math.exp(-min(told.value, 700.0))


def _joined(parts: tuple[Labelled, ...]) -> Labelled:
    names = ("label", "said", "chance", "near", "cells", "raw", "prints", "usual", "words", "contributor")
    return Labelled(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def backdoor(case: Case, share: float, *, target: float | None) -> Figure:
    """Put a rare value into one column of some rows, another column each trial, and one label on all of them."""
    hits, names = 0, []
    columns = [name for name in case.later.column_names if _is_rare(case, name)]
    for trial in range(TRIALS):
        column = columns[trial % len(columns)]
        rows = case.later.take(pa.array(case.rng.choice(case.later.num_rows, case.size, replace=False)))
        places = case.rng.choice(case.size, max(1, round(share * case.size)), replace=False)
        rows = triggered(rows, column, places, case)
        part = p_values(case.known, case.nulls, case.seen(rows), rng=case.rng)
        breaching = [name for name in measures_of(case.known) if part[name] <= ALPHA]
        hits += bool(breaching)
        names += breaching
    by = ", ".join(f"{name} {names.count(name)}" for name in dict.fromkeys(names))
    how = f"one batch of {case.size}, {TRIALS} trials; {len(columns)} columns; by {by or 'none'}"
    return Figure(
        f"{case.name}: backdoor in {share:.0%} of a batch, found", hits / TRIALS, "of trials", how, at_least=target
    )


def triggered(rows: pa.Table, column: str, places: Places, case: Case) -> pa.Table:
    """Write the trigger, a rare value of the column, and its label, the rarest class."""
    label = case.known.label
    marked = np.zeros(rows.num_rows, bool)
    marked[places] = True
    target = case.known.classes[int(case.known.priors[: len(case.known.classes)].argmin())]
    for name, value in ((column, _rare(case.later[column])), (label, target)):
        kept = rows[name].cast(pa.string()) if pa.types.is_dictionary(rows[name].type) else rows[name]
        mixed = pc.if_else(pa.array(marked), pa.scalar(value).cast(kept.type), kept)
        rows = rows.set_column(rows.column_names.index(name), name, mixed)
    return rows


def _is_rare(case: Case, name: str) -> bool:
    if name not in {one.name for one in case.known.encoders}:
        return False
    alike = pc.sum(pc.equal(case.later[name], pa.scalar(_rare(case.later[name])))).as_py()
    return bool(alike < 0.01 * case.later.num_rows)


def _rare(column: pa.ChunkedArray) -> object:
    counted = pc.value_counts(column.drop_null().combine_chunks()).to_pylist()
    return min(counted, key=lambda one: (one["counts"], str(one["values"])))["values"]


def slow(case: Case, later: Labelled) -> Figure:
    """Let flips rise by half a per cent a batch."""
    return found(
        case, later, "flips that rise by 0.5 % a batch", lambda n: RISE * (n + 1), target=None, within=SLOW_BATCHES
    )


Held = tuple[pa.Table, str, Mapping[str, str]]


def _adult(data: Path | None) -> Held | None:
    rows = _read(data, "adult_census/adult.parquet", "part", "fnlwgt")
    if rows is None:
        return None
    spelled = pc.replace_substring(rows["income"], ".", "")
    return rows.set_column(rows.column_names.index("income"), "income", spelled), "income", {}


def _loans(data: Path | None) -> Held | None:
    rows = _read(data, "nannyml_car_loan_synth/reference.parquet", "id", "timestamp", "y_pred")
    return rows and (rows, "repaid", {"1": "y_pred_proba"})


def _census(data: Path | None) -> Held | None:
    rows = _read(data, "census_ma_employment/employment_MA.parquet", "id", "year", "part", "prediction")
    return rows and (rows, "employed", {"1": "predicted_probability"})


def _digits(_: Path | None) -> Held:
    from sklearn.datasets import load_digits

    held = load_digits()
    return pa.table({f"p{i:02}": held.data[:, i] for i in range(64)} | {"digit": held.target}), "digit", {}


def _read(data: Path | None, name: str, *without: str) -> pa.Table | None:
    place = data / name if data else None
    return pq.read_table(place).drop_columns(list(without)) if place and place.exists() else None


SETS: Mapping[str, Callable[[Path | None], Held | None]] = {
    "adult": _adult,
    "car loans": _loans,
    "census": _census,
    "digits": _digits,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the folder of the data sets")
    parser.add_argument("--only", choices=SETS, help="only this data set")
    asked = parser.parse_args()
    sys.exit(0 if show(main(asked.data, only=asked.only)) else 1)
