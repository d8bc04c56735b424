"""Guess from a sample which column plays which role; every guess says why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from string import ascii_letters

import numpy as np
import pyarrow as pa

from monitor.profiles.arrow import POSITIVE
from monitor.setup.clients import as_client
from monitor.setup.decided import Decided, apart, decided
from monitor.setup.foretold import counterpart
from monitor.setup.look import distinct, in_unit, is_text, spelled, sum_to_one
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
    as_score,
    as_score_of,
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
SURELY = 0.9
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
_UNTIMED = Choice("1d", "without times the rows an hour are unknown; choose so that a window holds 500")


@dataclass(frozen=True)
class Guess:
    """What the columns of a sample seem to be; None and () where nothing could be guessed.

    scores: one column, or one per class in the order of `classes`.
    segments: columns that could split the traffic; a suggestion, for the user to choose from.
    perhaps: a column that may be the prediction, where none surely is. doubtful: one that may be the label, but agrees
        with the prediction hardly more than by chance.
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
    doubtful: Choice | None = None
    segments: tuple[Choice, ...] = ()
    vectors: tuple[Choice, ...] = ()
    ignore: tuple[Choice, ...] = ()
    window: Choice = _UNTIMED
    columns: tuple[str, ...] = ()


def guess(sample: pa.Table, *, reference: pa.Table | None = None, labels: pa.Table | None = None) -> Guess:
    """Guess the roles of a sample's columns from their names and values, most telling role first.

    A column gets one role only; what remains is a feature. What only the reference or the labels' own source has is
    preferred as the label, for it will come later. The id is one that the labels' own source has too.
    """
    left = _Left(sample)
    timestamp, vectors = left.best(as_timestamp), left.take(as_vector)
    ignore = [*left.take(as_constant), *left.take(as_unusable)]
    identity = left.best(as_id if labels is None else as_shared_id(labels))
    scores, classes, others = _scores(left)
    prediction, perhaps = _prediction(left, sample, scores)
    label = _later(left, prediction, sample, reference, labels) or left.best(like(prediction, sample))
    if label and not (scores or prediction):
        scores = tuple(filter(None, [left.best(as_score_of(label))]))
    doubtful = None if label else left.best(like(prediction, sample, least=-1.0), keep=True)
    if prediction and not (label or doubtful or scores):
        label, doubtful = _counterpart(left, prediction, [sample])
    elif label and not (prediction or perhaps or scores):
        prediction, perhaps = _counterpart(left, label, [table for table in (sample, reference) if table is not None])
    if classes:
        scores, classes = _in_words_of(scores, classes, sample, prediction)
    elif prediction and len(scores) == 1:
        scores, classes = _of_decision(scores[0], sample, prediction)
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
        doubtful=doubtful,
        segments=_segments(left),
        vectors=tuple(vectors),
        ignore=(*ignore, *others, *_absent(reference, sample, label)),
        window=_window(times),
        columns=tuple(sample.column_names),
    )


def _prediction(left: "_Left", sample: pa.Table, scores: Sequence[Choice]) -> tuple[Choice | None, Choice | None]:
    """Give the prediction by its name, or by the one score that decides it; else what it may be."""
    named = left.best(as_prediction)
    if named or len(scores) != 1:
        return named, None
    return left.taken(decided(left.columns, scores[0], sample[scores[0].column]))


def _counterpart(left: "_Left", known: Choice, tables: Sequence[pa.Table]) -> tuple[Choice | None, Choice | None]:
    """Give the label of a predicted number, or the prediction of such a label, by a table with both; else a maybe."""
    table = next((one for one in tables if known.column in one.column_names), None)
    columns = [] if table is None else [name for name in left.columns if name in table.column_names]
    if table is None:
        return None, None
    return left.taken(counterpart({name: table[name] for name in columns}, known, table))


def _later(
    left: "_Left", prediction: Choice | None, sample: pa.Table, reference: pa.Table | None, labels: pa.Table | None
) -> Choice | None:
    """Give the label by name, or by coming later: the labels' own source, then the reference, then the sample."""
    own, new = _only_in(labels, sample), _only_in(reference, sample)
    known = reference is not None and prediction is not None and prediction.column in reference.column_names
    return (
        _said(own.best(as_label) or own.only(), "in the labels' source only")
        or _said(new.best(as_label), "in the reference only, as labels that come later")
        or _said(new.best(like(prediction, reference)) if known else None, "in the reference only")
        or left.best(_as_label_beside_coordinates if left.columns.keys() >= COORDINATES else as_label)
        or _said(new.only(), "in the reference only")
    )


def _as_label_beside_coordinates(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    return None if name in COORDINATES else as_label(name, column)


def cursor_of_labels(labels: pa.Table, sample: pa.Table, identity: Choice | None) -> tuple[str, ...]:
    """Give the time at which a label was written and the records' id, in the order of which a table of labels is read.

    Where there is no such time, the records' own; nothing where the labels have no times.
    """
    written = time_of_labels(labels, sample) or _Left(labels).best(as_timestamp)
    return (written.column, identity.column) if written and identity else ()


def time_of_labels(labels: pa.Table, sample: pa.Table) -> Choice | None:
    """Give the time at which a label was written: one that the records do not have."""
    return _Left(labels.select([name for name in labels.column_names if name not in sample.column_names])).best(
        as_timestamp
    )


def _only_in(table: pa.Table | None, sample: pa.Table) -> "_Left":
    """Give the columns that the sample lacks and that may be a label: no times, nothing constant or counting rows."""
    names = [] if table is None else [name for name in table.column_names if name not in sample.column_names]
    left = _Left(pa.table({}) if table is None else table.select(names))
    for find in (as_constant, as_vector, as_unusable, as_other_time, as_id, as_timestamp):
        left.take(find)
    return left


def _said(choice: Choice | None, where: str) -> Choice | None:
    return choice and Choice(choice.column, f"{choice.reason}; {where}" if choice.reason else where)


def _absent(reference: pa.Table | None, sample: pa.Table, label: Choice | None) -> list[Choice]:
    """Give the columns that the records do not have, and so cannot be watched in them."""
    names = [] if reference is None else [name for name in reference.column_names if name not in sample.column_names]
    return [Choice(name, "in the reference only") for name in names if label is None or name != label.column]


class _Left:
    """The columns without a role yet."""

    def __init__(self, sample: pa.Table) -> None:
        self.columns = dict(zip(sample.column_names, sample.columns, strict=True))

    def only(self) -> Choice | None:
        return Choice(next(iter(self.columns)), "") if len(self.columns) == 1 else None

    def best(self, find: Finder, *, keep: bool = False) -> Choice | None:
        found = [(*said, name) for name, column in self.columns.items() if (said := find(name, column))]
        if not found:
            return None
        _, reason, name = max(found, key=lambda said: said[0])
        if not keep:
            del self.columns[name]
        return Choice(name, reason)

    def taken(self, found: Decided | None) -> tuple[Choice | None, Choice | None]:
        """Give what surely plays a role and take it out; else what may."""
        if found is None or not found.surely:
            return None, found.choice if found else None
        del self.columns[found.choice.column]
        return found.choice, None

    def take(self, find: Finder) -> list[Choice]:
        said = {name: find(name, column) for name, column in self.columns.items()}
        taken = [Choice(name, why[1]) for name, why in said.items() if why]
        for choice in taken:
            del self.columns[choice.column]
        return taken


def _scores(left: _Left) -> tuple[tuple[Choice, ...], tuple[str, ...], list[Choice]]:
    """Give the scores, their classes, and columns that say the same as a score."""
    by_class = _by_class(left)
    if not by_class:
        one = left.best(as_score)
        return ((one,) if one else ()), (), []
    for name in by_class.values():
        del left.columns[name]
    positive = [name for label, name in by_class.items() if label.lower() in POSITIVE]
    if len(by_class) == 2 and len(positive) == 1:
        reason = "in [0, 1], the score of the positive class"
        (other,) = set(by_class.values()) - set(positive)
        return (Choice(positive[0], reason),), (), [Choice(other, f"1 minus {positive[0]}")]
    reason = f"in [0, 1]; the {len(by_class)} scores sum to 1 in every row"
    return tuple(Choice(name, reason) for name in by_class.values()), tuple(by_class), []


def _by_class(left: _Left) -> dict[str, str]:
    likely = {name: column for name, column in left.columns.items() if in_unit(column) and not column.null_count}
    for word in dict.fromkeys(map(_beginning, likely)):
        names = [name for name in likely if _beginning(name) == word]
        beginning = _common(names)
        if len(names) > 1 and beginning and sum_to_one([likely[name] for name in names]):
            classes = [name.removeprefix(beginning) for name in names]
            return dict(zip(classes, names, strict=True)) if all(classes) else {name: name for name in names}
    return {}


def _in_words_of(
    scores: tuple[Choice, ...], classes: tuple[str, ...], sample: pa.Table, prediction: Choice | None
) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
    """Give scores and classes, named as the prediction does where the names of the scores say otherwise."""
    decided = spelled(sample[prediction.column]) if prediction else []
    said = {} if {*decided} <= {None, *classes} else _decided(sample.select([one.column for one in scores]), decided)
    beginnings = {value.removesuffix(classes[place]) for place, value in said.items()}
    if said and len(said) < len(classes) and len(beginnings) == 1:
        # the one beginning that the words have before the names goes for those that are never decided
        said = {place: next(iter(beginnings)) + name for place, name in enumerate(classes)}
    if prediction is None or len(said) < len(classes):
        return scores, classes
    reason = f"{scores[0].reason}; each is the highest where {prediction.column} holds its class"
    return (Choice(scores[0].column, reason), *scores[1:]), tuple(said[place] for place in range(len(classes)))


def _of_decision(score: Choice, sample: pa.Table, prediction: Choice) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
    """Give one score with the class that is predicted where it is high, where that is a word such as late."""
    found = apart(sample[prediction.column], sample[score.column])
    if found is None or found[1].lower() in POSITIVE or not found[1][:1].isalpha():
        return (score,), ()
    return (Choice(score.column, f"{score.reason}; {prediction.column} is {found[1]} where it is high"),), (found[1],)


def _decided(scores: pa.Table, decided: Sequence[str | None]) -> dict[int, str]:
    """Give by the place of a score the value that is predicted where it is the highest, in nine rows of ten."""
    columns = [np.nan_to_num(column.cast(pa.float64()).to_numpy(), nan=-1.0) for column in scores.columns]
    highest = np.column_stack(columns).argmax(axis=1).tolist()
    pairs = Counter((place, value) for place, value in zip(highest, decided, strict=True) if value is not None)
    said: dict[int, str] = {}
    for (place, value), _ in pairs.most_common():
        if place not in said and value not in said.values():
            said[place] = value
    agreeing = sum(pairs[place, value] for place, value in said.items())
    return said if agreeing >= SURELY * pairs.total() else {}


def _beginning(name: str) -> str:
    return "".join(takewhile(str.isalpha, name))


def _common(names: Sequence[str]) -> str:
    """Give what all names begin with, up to the end of a word: `p_` of `p_cat` and `p_car`."""
    same = "".join(letters[0] for letters in takewhile(lambda each: len(set(each)) == 1, zip(*names, strict=False)))
    cut = any(name[len(same) : len(same) + 1].isalpha() for name in names) and same[-1:].isalpha()
    return same.rstrip(ascii_letters) if cut else same


def _segments(left: _Left) -> tuple[Choice, ...]:
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
