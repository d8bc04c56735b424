"""What a model's reference says of labels, and rows laid beside it: from tables and roles to what `audit` reads."""

from collections.abc import Container, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.alerts.phrasing import listed
from monitor.detectors.attack.batches.known import (
    FEWEST_ROWS,
    MOST_CLASSES,
    MOST_ROWS,
    Known,
    learn,
)
from monitor.profiles.arrow import kind_of, task_of
from monitor.profiles.joint import class_codes
from monitor.profiles.reading import canonical, categories, counted, type_of, width_of
from monitor.profiles.vectors import MOST_WIDTH
from monitor.stats.tails import hypergeometric_tail
from monitor.timestamps import times_of
from monitor.types import ColumnKind, Roles

CONTRIBUTOR, LISTED = "contributor", 4

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def features_of(rows: pa.Table, roles: Roles) -> list[tuple[str, ColumnKind]]:
    """Give the columns that say something of the label, with their kinds: those without a role."""
    outputs = {roles.prediction, roles.label, *roles.scores, *roles.others}
    aside = {*roles.aside, CONTRIBUTOR, *outputs}
    names = [name for name in rows.column_names if name not in aside]
    kinds = [(name, roles.kinds.get(name) or kind_of(rows[name])) for name in names]
    return [(name, kind) for name, kind in kinds if _is_readable(rows[name], kind)]


def _is_readable(column: pa.ChunkedArray, kind: ColumnKind) -> bool:
    if kind == "vector":
        return 2 <= width_of(column) <= MOST_WIDTH
    return type_of(column.type) in ({"text"} if kind == "text" else {"number", "text", "boolean"})


def learned(
    rows: pa.Table, roles: Roles, *, rng: np.random.Generator, logged: Container[str] | None = None
) -> Known | str:
    """Learn what a batch is laid beside from a reference's rows; a sentence where they do not allow it.

    logged: the columns of the batch; None where it has all that the reference has. Where both have the model's scores,
    these serve in the place of a model fitted here.
    """
    classes = _classes(rows, roles.label) if roles.label in rows.column_names else ()
    columns = features_of(rows, roles)
    lacking = _lacking(rows, roles, classes, columns)
    if lacking:
        return lacking
    label = str(roles.label)
    held = {name for name in rows.column_names if logged is None or name in logged}
    scores = scores_by_class(roles, classes) if set(roles.scores) <= held else {}
    times, said = _times(rows, roles), roles.prediction if roles.prediction in held else None
    return learn(rows, columns, label=label, classes=classes, scores=scores, times=times, rng=rng, prediction=said)


def _lacking(rows: pa.Table, roles: Roles, classes: tuple[str, ...], columns: Sequence[tuple[str, ColumnKind]]) -> str:
    """Say why labels cannot be judged beside this reference; the empty text where they can."""
    held = int((class_codes(rows, str(roles.label), classes) >= 0).sum()) if classes else 0
    why = {
        "the reference holds no labels": not classes,
        "labels that are numbers are not judged, only classes": task_of(rows, roles) == "regression",
        "the labels of the reference do not vary": len(classes) == 1,
        f"the reference holds {held:,} labelled rows of {FEWEST_ROWS:,} needed": held < FEWEST_ROWS,
        "the reference has no column without a role that can be read": not columns,
    }
    return next((sentence for sentence, so in why.items() if so), "")


def scores_by_class(roles: Roles, classes: Sequence[str]) -> dict[str, str]:
    """Give the column of probabilities of each class; empty where the scores do not tell."""
    if len(roles.scores) == 1:
        positive = canonical(roles.classes[0]) if roles.classes else max(classes)
        return {positive: roles.scores[0]} if positive in classes and len(classes) == 2 else {}
    named = {canonical(name): column for name, column in zip(roles.classes, roles.scores, strict=False)}
    return {name: named[name] for name in classes} if set(classes) <= named.keys() else {}


def contributors_of(rows: pa.Table, column: str | None) -> tuple[Places | None, tuple[str, ...]]:
    """Give each row's contributor by place, -1 where there is none, and the names; None without a column of them."""
    if column is None or column not in rows.column_names:
        return None, ()
    read = categories(rows[column])
    names = dict.fromkeys(text for text in read.texts if text is not None)
    place = {name: i for i, name in enumerate(names)}
    codes = [-1 if text is None else place[text] for text in read.texts]
    return np.asarray(np.array([*codes, -1], np.intp)[read.positions]), tuple(names)


def text_of(rows: pa.Table, column: str, place: int) -> str:
    """Give one value as text."""
    return str(categories(rows[column].slice(place, 1), classes=True).texts[0])


def strange_labels(rows: pa.Table, known: Known) -> dict[str, int]:
    """Count the rows of each label that the reference does not know, the most frequent first; no poison is seen there.

    A reference of more than thirty classes knows the most frequent thirty.
    """
    counts = counted(rows[known.label], classes=True)
    return {text: counts[text] for text in _by_rows(counts) if text not in known.classes}


def too_often(
    strange: Mapping[str, int], batch: pa.Table, reference: pa.Table, *, label: str, alpha: float
) -> list[str]:
    """Name those labels that the reference does not know which a batch has more often than chance puts there.

    strange: the rows of each. Where reference and batch are drawn alike, the rows of a label, or of all labels that the
    reference lacks, fall among either's rows by chance. A few rows of a seldom label are no wonder, then: at an alpha
    of one in 1,000 nine of a batch as large as the reference, two of one of a thirtieth of its rows. (Fisher 1935)
    """
    there = counted(reference[label], classes=True)
    rows = len(batch) - batch[label].null_count
    total = rows + len(reference) - reference[label].null_count
    lacking = [text for text in strange if text not in there]
    # labels that either side has once are as likely to be lacking on the other one
    once = sum(count == 1 for count in there.values()) if lacking else 0
    groups = [([text], there[text]) for text in strange if text in there] + ([(lacking, once)] if lacking else [])
    found: list[str] = []
    for names, held in groups:
        hits = sum(strange[name] for name in names)
        p_value = hypergeometric_tail(hits - 1, total=total, hits=hits + held, rows=rows)
        found += names if float(p_value[0]) * len(groups) <= alpha else []
    return found


def of_known_labels(rows: pa.Table, known: Known) -> NDArray[np.bool_]:
    """Say which rows bear a label that the reference knows."""
    codes = class_codes(rows, known.label, known.classes)
    return np.asarray((codes >= 0) & (codes < len(known.classes)))


def told_apart(strange: Sequence[str], classes: Sequence[str]) -> str:
    """Say how labels are written on both sides, where none of them meets.

    >>> told_apart(["no", "yes"], ["0", "1"])
    "labels are 'no', 'yes', where the reference's are '0', '1'"
    """
    here, there = (listed([f"'{one}'" for one in sorted(labels)], LISTED) for labels in (strange, classes))
    return f"labels are {here}, where the reference's are {there}"


def bounded(rows: pa.Table, *, most: int = MOST_ROWS, rng: np.random.Generator) -> pa.Table:
    """Give at most so many rows, drawn at random, in their order."""
    if rows.num_rows <= most:
        return rows
    return rows.take(pa.array(np.sort(rng.choice(rows.num_rows, most, replace=False)), pa.int64()))


def _classes(rows: pa.Table, label: str | None) -> tuple[str, ...]:
    return tuple(sorted(_by_rows(counted(rows[label], classes=True))[:MOST_CLASSES]))


def _by_rows(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda text: (-counts[text], text))


def _times(rows: pa.Table, roles: Roles) -> Floats | None:
    if roles.timestamp not in rows.column_names:
        return None
    times = times_of(rows[roles.timestamp], roles.zone)
    return None if times.null_count else np.asarray(times.cast(pa.int64()).to_numpy(), np.float64)
