"""Guess from a sample which column plays which role; every guess says why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pyarrow as pa

from monitor.setup.clients import as_client, as_contributor
from monitor.setup.decided import decided
from monitor.setup.foretold import counterpart
from monitor.setup.left import Left
from monitor.setup.look import distinct, is_nested, is_text, spelled
from monitor.setup.scored import in_words_of, of_decision, scores_of
from monitor.setup.signs import (
    Choice,
    Finder,
    as_constant,
    as_growing,
    as_id,
    as_label,
    as_naming,
    as_other_time,
    as_prediction,
    as_score_of,
    as_sensitive,
    as_shared_id,
    as_timestamp,
    as_unique,
    as_unusable,
    as_vector,
    as_version,
    like,
    times_named,
)

WINDOW_ROWS, DAY_ROWS = 500, 100
"""So many rows make a window; a day is taken for fewer, since of a week a fault is told weeks later."""
FILLED = 0.5
"""At least that share of the windows between the first and the last should hold rows."""
_HOUR = 3_600_000_000
_LENGTHS = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
}

COORDINATES = {"x", "y", "z"}
CLASSES, MOST_CLASSES, AGREE = 2, 50, 0.1
_UNTIMED = Choice("1d", "without times the rows an hour are unknown; choose so that a window holds 500")


@dataclass(frozen=True)
class Guess:
    """What the columns of a sample seem to be; None and () where nothing could be guessed.

    scores: one column, or one per class in the order of `classes`.
    segments: columns that could split the traffic; sensitive: that may be groups which must not be treated worse;
        both a suggestion, for the user to choose from.
    perhaps: a column that may be the prediction, where none surely is. doubtful: one that may be the label, but agrees
        with the prediction hardly more than by chance.
    listed: (present, absent), what a record is that the labels' own source lists, and what one that it does not, where
        it has no label and the reference one of two classes; None where not.
    meanings: which label each decision says, where they share no word and the reference's rows tell.
    window: the shortest usual window that holds enough rows, and why.
    vectors: columns of embeddings. columns: every column of the sample.
    """

    timestamp: Choice | None = None
    id: Choice | None = None
    client: Choice | None = None
    version: Choice | None = None
    prediction: Choice | None = None
    perhaps: Choice | None = None
    scores: tuple[Choice, ...] = ()
    classes: tuple[str, ...] = ()
    label: Choice | None = None
    contributor: Choice | None = None
    listed: tuple[object, object] | None = None
    meanings: Mapping[str, object] = field(default_factory=dict)
    doubtful: Choice | None = None
    segments: tuple[Choice, ...] = ()
    sensitive: tuple[Choice, ...] = ()
    vectors: tuple[Choice, ...] = ()
    ignore: tuple[Choice, ...] = ()
    window: Choice = _UNTIMED
    columns: tuple[str, ...] = ()


def guess(sample: pa.Table, *, reference: pa.Table | None = None, labels: pa.Table | None = None) -> Guess:
    """Guess the roles of a sample's columns from their names and values, most telling role first.

    A column gets one role only; what remains is a feature. What only the reference or the labels' own source has is
    preferred as the label, for it will come later. The id is one that the labels' own source has too.
    """
    left = Left(sample)
    timestamp, vectors = left.best(as_timestamp), left.take(as_vector)
    ignore = [*left.take(_constant_too(reference)), *left.take(as_unusable)]
    identity = left.best(as_id if labels is None else as_shared_id(labels))
    scores, classes, others = scores_of(left)
    prediction, perhaps = _prediction(left, sample, scores)
    contributor = _new_in(labels, sample).best(_gave_label) or left.best(as_contributor)
    listed = _listed(sample, reference, labels)
    label = listed or _later(left, prediction, sample, reference, labels) or left.best(like(prediction, sample))
    if label and not (scores or prediction):
        scores = tuple(filter(None, [left.best(as_score_of(label))]))
    doubtful = None if label else left.best(like(prediction, sample, least=-1.0), keep=True)
    if prediction and not (label or doubtful or scores):
        label, doubtful = _counterpart(left, prediction, [sample])
    elif label and not (prediction or perhaps or scores):
        prediction, perhaps = _counterpart(left, label, [table for table in (sample, reference) if table is not None])
    if classes:
        scores, classes = in_words_of(scores, classes, sample, prediction)
    elif prediction and len(scores) == 1:
        scores, classes = of_decision(scores[0], sample, prediction)
    meanings = _meanings(prediction, label, [table for table in (reference, sample) if table is not None])
    version, client = left.best(as_version), left.best(as_client)
    times = None if timestamp is None else times_named(timestamp.column, sample[timestamp.column])
    for find in (as_other_time, as_unique, as_growing(times), as_naming):
        others += left.take(find)
    return Guess(
        timestamp=timestamp,
        id=identity,
        client=client,
        version=version,
        prediction=prediction,
        perhaps=perhaps,
        scores=scores,
        classes=classes,
        label=label,
        contributor=contributor,
        meanings=meanings,
        listed=None if listed is None or reference is None else _rarer_first(reference[listed.column]),
        doubtful=doubtful,
        segments=_segments(left),
        sensitive=tuple(Left(sample.select([*left.columns])).take(as_sensitive)),
        vectors=tuple(vectors),
        ignore=(*ignore, *others, *_absent(reference, sample, labels, known=(label, contributor))),
        window=_window(times),
        columns=tuple(sample.column_names),
    )


def _prediction(left: Left, sample: pa.Table, scores: Sequence[Choice]) -> tuple[Choice | None, Choice | None]:
    """Give the prediction by its name, or by the one score that decides it; else what it may be."""
    named = left.best(as_prediction)
    if named or len(scores) != 1:
        return named, None
    return left.taken(decided(left.columns, scores[0], sample[scores[0].column]))


def _counterpart(left: Left, known: Choice, tables: Sequence[pa.Table]) -> tuple[Choice | None, Choice | None]:
    """Give the label of a predicted number, or the prediction of such a label, by a table with both; else a maybe."""
    table = next((one for one in tables if known.column in one.column_names), None)
    columns = [] if table is None else [name for name in left.columns if name in table.column_names]
    if table is None:
        return None, None
    return left.taken(counterpart({name: table[name] for name in columns}, known, table))


def _later(
    left: Left, prediction: Choice | None, sample: pa.Table, reference: pa.Table | None, labels: pa.Table | None
) -> Choice | None:
    """Give the label by name, or by coming later: the labels' own source, then the reference, then the sample."""
    own, new = _only_in(labels, sample), _only_in(reference, sample)
    known = reference is not None and prediction is not None and prediction.column in reference.column_names
    return (
        _said(own.best(as_label) or own.only(), "in the labels' source only")
        or _said(new.best(as_label), "in the reference only, as labels that come later")
        or _said_where(new.best(like(prediction, reference)) if known else None, labels)
        or left.best(_as_label_beside_coordinates if left.columns.keys() >= COORDINATES else as_label)
        or _said_where(new.only(), labels)
    )


def _said_where(choice: Choice | None, labels: pa.Table | None) -> Choice | None:
    late = choice is not None and labels is not None and choice.column in labels.column_names
    return _said(choice, "in the reference and the labels' source" if late else "in the reference only")


def _constant_too(reference: pa.Table | None) -> Finder:
    """Give what finds columns of one value, in the reference, too, where that has them: a sample may be short."""

    def as_constant_too(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
        known = reference if reference is not None and reference.column_names.count(name) == 1 else None
        found = as_constant(name, column)
        return found if found is None or known is None else as_constant(name, known[name])

    return as_constant_too


def _listed(sample: pa.Table, reference: pa.Table | None, labels: pa.Table | None) -> Choice | None:
    """Give the reference's label of two classes where the labels' own source has no column like it: it lists one.

    A column of two values there may be the label in other words.
    """
    new, own = _only_in(reference, sample), _only_in(labels, sample)
    found = new.best(as_label) or new.only()
    if found is None or reference is None or labels is None or found.column in labels.column_names:
        return None
    counts = [distinct(column) for column in (reference[found.column], *own.columns.values())]
    if counts[0] != CLASSES or CLASSES in counts[1:] or own.best(as_label):
        return None
    return _said(found, "in the reference only, of two classes, of which the labels' source lists one")


def _meanings(prediction: Choice | None, label: Choice | None, tables: Sequence[pa.Table]) -> dict[str, object]:
    """Give which label each decision goes with most, by rows with both; nothing where they share a word.

    Only where there are as many of both, each decision has its own label, and they agree beyond chance. (Cohen 1960)
    """
    names = [choice.column for choice in (prediction, label) if choice]
    table = next((one for one in tables if len(names) == CLASSES and {*names} <= {*one.column_names}), None)
    if table is None or any(is_nested(table[name]) for name in names):
        return {}
    rows = table.select(list(dict.fromkeys(names))).drop_null()
    said, true = (np.array([str(one) for one in spelled(rows[name])]) for name in names)
    values = rows[names[1]].unique().to_pylist()
    labels = {str(spelled(pa.chunked_array([[one]]))[0]): one for one in values}
    (decisions, of_said), (words, of_true) = (np.unique(one, return_inverse=True) for one in (said, true))
    if not CLASSES <= decisions.size == words.size <= MOST_CLASSES or {*decisions.tolist()} & labels.keys():
        return {}
    together = np.zeros((decisions.size, words.size))
    np.add.at(together, (of_said, of_true), 1)
    best = (together / together.sum(axis=0)).argmax(axis=1)
    each = np.arange(best.size)
    agree = together[each, best].sum() / together.sum()
    by_chance = (together.sum(axis=1) * together.sum(axis=0)[best]).sum() / together.sum() ** 2
    if np.unique(best).size < best.size or agree - by_chance < AGREE * (1 - by_chance):
        return {}
    pairs = zip(decisions.tolist(), words[best].tolist(), strict=True)
    return {one: labels[word] for one, word in pairs}


def _rarer_first(label: pa.ChunkedArray) -> tuple[object, object]:
    counts = sorted(label.drop_null().value_counts().to_pylist(), key=lambda one: one["counts"])
    return counts[0]["values"], counts[-1]["values"]


def _as_label_beside_coordinates(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    return None if name in COORDINATES else as_label(name, column)


def cursor_of_labels(labels: pa.Table, sample: pa.Table, identity: Choice | None) -> tuple[str, ...]:
    """Give the time at which a label was written and the records' id, in the order of which a table of labels is read.

    Where there is no such time, the records' own; nothing where the labels have no times.
    """
    written = time_of_labels(labels, sample) or Left(labels).best(as_timestamp)
    return (written.column, identity.column) if written and identity else ()


def time_of_labels(labels: pa.Table, sample: pa.Table) -> Choice | None:
    """Give the time at which a label was written: one that the records do not have."""
    return _new_in(labels, sample).best(as_timestamp)


def _only_in(table: pa.Table | None, sample: pa.Table) -> Left:
    """Give the columns that the sample lacks and that may be a label: no times, nothing constant or counting rows."""
    left = _new_in(table, sample)
    for find in (as_constant, as_vector, as_unusable, as_other_time, as_id, as_timestamp, _gave_label):
        left.take(find)
    return left


def _gave_label(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    return as_contributor(name, column, beside=True)


def _new_in(table: pa.Table | None, sample: pa.Table) -> Left:
    names = [] if table is None else [name for name in table.column_names if name not in sample.column_names]
    return Left(pa.table({}) if table is None else table.select(names))


def _said(choice: Choice | None, where: str) -> Choice | None:
    return choice and Choice(choice.column, f"{choice.reason}; {where}" if choice.reason else where)


def _absent(
    reference: pa.Table | None, sample: pa.Table, labels: pa.Table | None, *, known: Iterable[Choice | None]
) -> list[Choice]:
    """Give the columns that the records do not have, and so cannot be watched in them; known: but for those."""
    lacking = [] if reference is None else [one for one in reference.column_names if one not in sample.column_names]
    named = {one.column for one in known if one}
    places = (_said_where(Choice(name, ""), labels) for name in lacking if name not in named)
    return [*filter(None, places)]


def _segments(left: Left) -> tuple[Choice, ...]:
    few = [(distinct(c), name) for name, c in left.columns.items() if is_text(c) or pa.types.is_boolean(c.type)]
    chosen = [(count, name) for count, name in few if 2 <= count <= 20][:3]
    return tuple(Choice(name, f"{count} values") for count, name in chosen)


def _window(times: pa.ChunkedArray | None) -> Choice:
    """Choose the shortest usual window that holds enough rows, and is not empty more often than not."""
    if times is None or len(times.drop_null()) < 2:
        return _UNTIMED
    known = np.sort(times.drop_null().cast(pa.timestamp("us"), safe=False).cast(pa.int64()).to_numpy())
    hours = max(float(known[-1] - known[0]) / _HOUR, 1 / 60)

    def held(name: str) -> float:
        return len(times) / hours * (_LENGTHS[name] / timedelta(hours=1))

    def filled(name: str) -> bool:
        windows = np.unique(known // (_LENGTHS[name] // timedelta(microseconds=1)))
        return bool(windows.size >= FILLED * (windows[-1] - windows[0] + 1))

    enough = {name: DAY_ROWS if name == "1d" else WINDOW_ROWS for name in _LENGTHS}
    name = next((name for name in _LENGTHS if held(name) >= enough[name] and filled(name)), "1w")
    return Choice(name, f"about {held(name):,.0f} rows, as the sample comes")
