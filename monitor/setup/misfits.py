"""Columns whose values do not fit the role or the kind that a configuration gives them, or do not fit each other."""

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy

from monitor.profiles.arrow import MAX_CLASSES, names_groups, positive_of, read_type, task_of
from monitor.profiles.characters import garbled
from monitor.profiles.joint import class_codes
from monitor.profiles.reading import categories, floats, holds_vectors, numbers, stray_values, width_of, zeros
from monitor.setup.look import distinct, is_nested, is_text, spelled
from monitor.types import Roles

FEWEST, SURELY = 20, 1e-6
FEW_CLASSES = 6
_HELD = {"number": "numbers", "text": "text", "boolean": "truth values", "time": "times", "other": "other values"}
MOST_SEGMENTS, MOST_CLIENTS = 0.5, 0.9
"""Shares of different values among a column's, above which it splits nothing, or names nobody who comes again."""
NEARLY_ALL, SOME = 0.9, 0.01
_BOTH = "label rows of the other class, too: of one alone no accuracy, precision or ROC AUC is known"
_OR_ABSENT = f"{_BOTH}; or say by labels.absent what a row without a label has turned out to be"
_FEW = "name a column of few values that come again"
_SPLITS = {
    "segments": f"each value would be watched apart; {_FEW}",
    "sensitive": f"groups of one row cannot be compared; {_FEW}",
    "client": "name the column that says who asks, such as an account or a key",
}

Misfit = tuple[str, str, str]


def of_kinds(roles: Roles, rows: pa.Table) -> Iterator[Misfit]:
    """Yield (key, problem, mend) for every column that is said to be of a kind that its values are not."""
    for name, kind in roles.kinds.items():
        if name not in rows.column_names or rows[name].null_count == len(rows[name]):
            continue
        column = rows[name]
        if kind == "vector" and not width_of(column):
            yield "kinds", f"{name!r} is said to be a vector and holds no lists of numbers", "take it out of kinds"
        elif kind == "numeric" and (is_nested(column) or _unread(column) > 0.5):
            problem = f"{name!r} is said to be numeric, and most of its values are no numbers"
            yield "kinds", problem, "take it out of kinds, or write numbers such as 18000.5"


def of_splits(roles: Roles, rows: pa.Table) -> Iterator[Misfit]:
    """Yield (key, problem, mend) for segments, sensitive columns and clients hardly a value of which comes again."""
    named = [("client", roles.client)] + [
        (key, one) for key in ("segments", "sensitive") for one in getattr(roles, key)
    ]
    for key, name in named:
        if name not in rows.column_names or is_nested(rows[name]):
            continue
        values = rows[name].drop_null()
        different = distinct(values) if len(values) >= FEWEST else 0
        if different > (MOST_CLIENTS if key == "client" else MOST_SEGMENTS) * len(values):
            yield key, f"{different:,} of {len(values):,} values of {name!r} differ", _SPLITS[key]
        elif key == "segments" and name != roles.client and _splits_nothing(roles, name, values):
            yield key, f"{name!r} holds numbers, which split nothing", f"cut it into a few groups, or {_FEW}"


def _splits_nothing(roles: Roles, name: str, values: pa.ChunkedArray) -> bool:
    """Say whether a column is one of numbers, of many values or with decimals."""
    numeric = roles.kinds.get(name, "numeric") == "numeric" and read_type(values) == "number"
    return numeric and (name in roles.kinds or not names_groups(values))


def of_answers(roles: Roles, rows: pa.Table) -> Iterator[Misfit]:
    """Yield (key, problem, mend) for a score that is of the other class, and decisions in other words than labels.

    rows: of the reference. A score counts as the other class's where labels rank the other way round by more than
    chance makes in a million samples.
    """
    if roles.label not in rows.column_names or task_of(rows, roles) not in ("binary", "multiclass"):
        return
    labels = _words(rows[roles.label])
    if len(roles.scores) == 1 and roles.scores[0] in rows.column_names and len(labels) == 2:
        yield from _turned_round(roles, rows, labels)
    if roles.prediction not in rows.column_names or roles.prediction in roles.scores:
        return
    said = _words(rows[roles.prediction])
    if said and labels and not said & labels and len(said) <= MAX_CLASSES:
        problem = f"{roles.prediction!r} holds {some_of(said)}, and {roles.label!r} {some_of(labels)}: no word of both"
        meant = f"columns.meanings: {{{min(said)}: …}}"
        yield "prediction", problem, f"every decision would count as wrong; say by {meant} what each is as a label"


def of_one_class(roles: Roles, reference: pa.Table, labels: pa.Table | None = None) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where a label is known of one class only: in a part of the reference's rows, or of late.

    labels: those that come by themselves, of which so many alike ones are no chance beside the reference's.
    """
    if roles.label not in reference.column_names or is_nested(reference[roles.label]):
        return
    rows, known = reference.num_rows, reference[roles.label].drop_null()
    if len(known) and len(known) < NEARLY_ALL * rows and distinct(known) == 1:
        held = f"{roles.label!r} is {spelled(known[:1])[0]!r} in {len(known):,} of {rows:,} rows"
        yield f"{held} and missing in all others", _BOTH
    if labels is None or roles.label not in labels.column_names or is_nested(labels[roles.label]):
        return
    late = labels[roles.label].drop_null()
    if len(late) and distinct(late) == 1:
        said = str(spelled(late[:1])[0])
        share = spelled(known).count(said) / max(len(known), 1)
        if share and share ** len(late) < SURELY:
            problem = f"all {len(late):,} labels looked at are {said!r}, which {share:.1%} of the reference's are"
            yield problem, _OR_ABSENT


def of_absent(roles: Roles, absent: object, reference: pa.Table, labels: pa.Table | None) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where what an absent label stands for is no label of the reference, or all that come."""
    if absent is None or roles.label not in reference.column_names or is_nested(reference[roles.label]):
        return
    known = sorted({str(one) for one in spelled(reference[roles.label].drop_null().unique())})
    if 0 < len(known) <= MAX_CLASSES and str(spelled(pa.chunked_array([[absent]]))[0]) not in known:
        yield f"{absent!r} is no label of the reference, which holds {some_of(set(known))}", "write one of these"
    if labels is None or roles.label not in labels.column_names or is_nested(labels[roles.label]):
        return
    came = {*spelled(labels[roles.label].drop_null().unique())}
    if came == {spelled(pa.chunked_array([[absent]]))[0]}:
        yield f"all labels that come are {absent!r}, too", "write what a record is whose label does not come"


def of_strays(roles: Roles, rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) for columns of numbers in which a few rows hold something else.

    rows: of the reference.
    """
    for name in rows.column_names:
        stray = [] if name in roles.kinds or name in roles.ignore else stray_values(rows[name])
        if stray:
            held = pc.sum(pc.is_in(rows[name], pa.array(stray, rows[name].type))).as_py()
            problem = (
                f"{held:,} of {len(rows[name]):,} values of {name!r} are no numbers, such as {some_of(set(stray))}"
            )
            yield problem, f"they count as invalid; where they are meant, say kinds: {{{name}: categorical}}"


def of_unreadable(roles: Roles, rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) for texts in another encoding, and vectors of zeros alone, of which a reference has some.

    rows: of the reference.
    """
    for name in (one for one in rows.column_names if one not in roles.ignore):
        column, held = rows[name], len(rows[name]) - rows[name].null_count
        if holds_vectors(column):
            wrong, what = int(zeros(column, width_of(column)).sum()), "vectors of {!r} are of zeros alone"
            mend = "they count as invalid; where there is no vector, leave the value out"
        elif is_text(column):
            wrong, what = int(garbled(column).sum()), "texts of {!r} were read in another encoding than written in"
            mend = "they count as invalid in a column of texts; read them as what they are, most often UTF-8"
        else:
            continue
        if wrong > SOME * held:
            yield f"{wrong:,} of {held:,} {what.format(name)}", mend


def of_types(roles: Roles, reference: pa.Table, records: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) for columns of another class of type in the reference than in the records.

    What is compared by its type is: features, sensitive columns and segments, and predictions.
    """
    aside = {*roles.aside, roles.label, *roles.scores}
    for name in sorted({*records.column_names} & {*reference.column_names} - {*aside, *roles.others}):
        there, here = read_type(records[name]), read_type(reference[name])
        if there != here and pc.count(records[name]).as_py() and pc.count(reference[name]).as_py():
            counts = _counts_as(records[name], reference[name], number=here == "number")
            untyped = "; a CSV file names no types: beside one, write the other as CSV, too"
            problem = f"{name!r} holds {_HELD[here]} here and {_HELD[there]} in the source"
            yield problem, f"write both alike, or {counts}{untyped if 'text' in (there, here) else ''}"


def _counts_as(found: pa.ChunkedArray, known: pa.ChunkedArray, *, number: bool) -> str:
    """Say what becomes of values of another type: unread or unknown ones are told as such as well."""
    if number and _unread(found) > 0.5:
        return "most values will count as invalid"
    if not number and not _spelled(found) & _spelled(known):
        return "all values will count as of another type, and as unknown to the reference"
    return "all values will count as of another type"


def of_amounts(roles: Roles, rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where many whole numbers, as counts are, will be taken for classes.

    rows: of the reference.
    """
    names = [name for name in (roles.prediction, roles.label) if name in rows.column_names]
    if roles.scores or len(names) < 2 or set(names) & roles.kinds.keys() or task_of(rows, roles) != "multiclass":
        return
    if all(read_type(rows[name]) == "number" for name in names) and distinct(rows[names[1]]) > FEW_CLASSES:
        problem = f"{names[1]!r} holds {distinct(rows[names[1]])} whole numbers, which are taken for classes"
        kinds = ", ".join(f"{name}: numeric" for name in names)
        yield problem, f"where they are amounts or counts, say kinds: {{{kinds}}}"


def _turned_round(roles: Roles, rows: pa.Table, labels: set[str]) -> Iterator[Misfit]:
    name, positive = roles.scores[0], positive_of(rows, roles)
    scores, codes = floats(rows[name]), class_codes(rows, str(roles.label), (positive,))
    known = np.isfinite(scores) & (codes >= 0)
    hits, misses = scores[known & (codes == 0)], scores[known & (codes == 1)]
    if not (hits.size and misses.size):
        return
    test = scipy.stats.mannwhitneyu(hits, misses, alternative="less", method="asymptotic")
    if test.pvalue < SURELY:
        other = min(labels - {positive}, default="other")
        auc = float(test.statistic) / (hits.size * misses.size)
        problem = f"{name!r} is read as the probability of {positive!r} and is higher for {other!r} (ROC AUC {auc:.2f})"
        yield "scores", problem, f"if it is that of {other!r}, write scores: {{{other}: {name}}}"


def _words(column: pa.ChunkedArray) -> set[str]:
    return {text for text in categories(column, classes=True).texts if text is not None}


def _spelled(column: pa.ChunkedArray) -> set[str]:
    return {text for text in categories(column).texts if text is not None}


def some_of(words: Collection[str]) -> str:
    """Name the first three of some values, as they would be written."""
    return ", ".join(map(repr, sorted(words)[:3])) + (" …" if len(words) > 3 else "")


def _unread(column: pa.ChunkedArray) -> float:
    invalid = numbers(column).invalid
    return 0.0 if invalid is None else float(invalid.sum()) / max(len(column) - column.null_count, 1)
