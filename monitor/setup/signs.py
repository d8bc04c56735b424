"""The signs by which a column shows its role, in its name and its values: how well it fits, and why."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.profiles.reading import counts_rows, holds_vectors, vectors, width_of, zeros
from monitor.setup.clients import CLIENTS, IDS, names_someone
from monitor.setup.look import (
    distinct,
    how_well,
    in_unit,
    is_code,
    is_nested,
    is_number,
    is_text,
    is_time,
    numbers_of,
    plain,
    spelled,
    times_of,
    times_of_numbers,
    words,
)

CHANCE_CORRECTED = 0.3
_SENSITIVE = ("gender", "sex", "race", "ethnicity", "ethnic", "religion", "nationality", "disability", "disabled")
_GROUPED = ("group", "band", "bracket", "range", "class", "years")
OFTEN_NEW = 0.5
RISING, NEARLY = 0.99, 0.95
CALENDAR, DAYS = 366, timedelta(days=2)
"""What has no more values than a year has days, or rose for less than so long, may come back, as hours do."""
FEWEST_SCORES = 20
"""A share of few values, such as a discount, is no score."""
Finder = Callable[[str, pa.ChunkedArray], tuple[float, str] | None]

_TIMES = ("timestamp", "ts", "time", "datetime", "date", "at", "logged", "when")
_EVENTS = ("request", "record", "event", "prediction", "row", "transaction", "log", "call", "inference", "uuid", "guid")
_NAMING = (*IDS, "session", "cookie", "no", "nr")
_PROGRAMS = ("app", "sdk", "os", "browser", "firmware", "android", "ios", "software")
_COUNTING = (*_NAMING, "number", "num", "seq", "sequence", "index", "idx", "counter")
_MOMENTS = ("ts", "timestamp", "datetime", "epoch", "at")
_SCORES = ("score", "scores", "proba", "prob", "probability", "probabilities", "p", "likelihood", "confidence")
PREDICTIONS = ("prediction", "predicted", "pred", "predict", "yhat", "hat", "decision", "forecast", "forecasted")
_LABELS = ("label", "target", "actual", "actuals", "outcome", "truth", "observed", "y", "class", "response")


@dataclass(frozen=True)
class Choice:
    """A column and why it was chosen."""

    column: str
    reason: str


def as_timestamp(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    times = times_named(name, column)
    if times is None or times.null_count > 0.01 * len(times) or distinct(times) < 2:
        return None
    steps = np.diff(times.drop_null().cast(pa.int64()).to_numpy())
    rising = float(np.mean(steps >= 0))
    named = how_well(name, _TIMES)
    about_labels = bool({"label", "labelled", "outcome"} & set(words(name)))
    reason = "times" + (", named like one" if named else "") + (", rising from row to row" if rising > 0.95 else "")
    return named + 3 * (rising > 0.95) + is_time(column) - 4 * about_labels, reason


def times_named(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    # A number may be anything; only its name makes it a time.
    times = times_of(column)
    if times is not None:
        return times
    return times_of_numbers(column) if how_well(name, (*_TIMES, "epoch")) >= 2 else None


def as_constant(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    # A version that never changed yet is constant, and still the version.
    if len(column) < 2 or is_nested(column) or distinct(column) > 1 or as_version(name, column):
        return None
    return 1, "one value only" if distinct(column) else "no value at all"


def as_vector(_name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    if not holds_vectors(column):
        return None
    width = width_of(column)
    # what fails to make a vector leaves one of zeros, which is none, and of the same length
    whole = not (vectors(column, width)[1] & ~zeros(column, width)).any() if width > 1 else False
    return (1, f"lists of {width} numbers each, as embeddings are") if whole else None


def as_unusable(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    if is_nested(column):
        lists = holds_vectors(column)
        return 1, "lists of numbers of several lengths" if lists else "nested or binary, which cannot be compared"
    return (1, "counts rows") if counts_rows(name) or not name else None


def as_id(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    if not _could_be_id(column):
        return None
    parts = words(name)
    named = parts[-1] in IDS or "".join(parts) in ("id", "uuid", "rowid")
    looks = is_text(column) and all(len(str(value)) == 36 and str(value).count("-") == 4 for value in _first(column))
    if not (named or looks):
        return None
    fit = 3 * bool(set(parts) & set(_EVENTS)) + 2 * (len(parts) == 1) - 2 * bool(set(parts) & set(CLIENTS))
    return 1 + fit + looks, "different in every row" + (", named like an id" if named else ", each a UUID")


def as_shared_id(labels: pa.Table) -> Finder:
    """Look for the id by which labels find their record: both have it, and it is different in every record.

    One that is named like an id may come again now and then, as what is corrected and sent again does.
    """

    def find(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
        if name not in labels.column_names or is_nested(labels[name]):
            return None
        if not _could_be_id(column):
            again = _could_be_id(column, least=NEARLY) and words(name)[-1] in IDS
            return (0, "different in nearly every record, and the labels have it too") if again else None
        named = as_id(name, column)
        return (1 + named[0] if named else 0), "different in every record, and the labels have it too"

    return find


def _could_be_id(column: pa.ChunkedArray, *, least: float = 1.0) -> bool:
    whole = pa.types.is_integer(column.type) or is_text(column)
    return whole and not column.null_count and len(column) >= 2 and distinct(column) >= least * len(column)


def as_score(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    named = how_well(name, _SCORES)
    begins = words(name)[0] in _SCORES
    predicted = bool(set(words(name)) & set(PREDICTIONS))
    if not in_unit(column) or not named or distinct(column) < 2:
        return None
    return named + 2 * begins + predicted, "floats in [0, 1], named like a score"


def as_score_of(label: Choice) -> Finder:
    """Look for floats in [0, 1] that are named after the label: `will_claim` beside `claim`."""
    said = {word for word in words(label.column) if len(word) > 2} - {*_LABELS}

    def find(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
        if not in_unit(column) or not said & set(words(name)) or distinct(column) < FEWEST_SCORES:
            return None
        return distinct(column), f"floats in [0, 1], named after {label.column}"

    return find


def as_prediction(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    named = how_well(name, PREDICTIONS)
    if not named or set(words(name)) & set(_SCORES) or is_time(column) or {"id", "version"} & {words(name)[-1]}:
        return None
    begins = words(name)[0] in PREDICTIONS
    return named + begins, "named like a prediction"


def as_label(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    parts = words(name)
    # a length or a place may be a y as well, and what is known of a row a class: `service_class`
    named = how_well(name, _LABELS) - (parts[-1] == "y") - (parts[-1] == "class" and len(parts) > 1)
    if parts[-1] in ("at", "time", "id", "date", "delay") or times_of(column) is not None:
        return None
    if parts in (("y", "true"), ("ground", "truth")):
        named = 3
    if parts[0] in ("actual", "actuals"):
        named = 2
    # One word among several is too little: `observed_pressure`, `class_of_service`, `x_y_ratio`.
    return (named, "named like a label") if named >= 2 else None


def like(prediction: Choice | None, sample: pa.Table, *, least: float = CHANCE_CORRECTED) -> Finder:
    """Look for the label among columns that hold a prediction's values and mostly agree with it.

    least: the agreement beyond what the shares of the values alone would give, Cohen's kappa (Cohen, 1960); two
    columns of nearly all zeros agree by chance.
    """
    if prediction is None or distinct(sample[prediction.column]) > 50:
        return lambda _name, _column: None
    predicted = spelled(sample[prediction.column])

    def find(_name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
        if is_nested(column) or is_time(column) or not 2 <= distinct(column) <= 50:
            return None
        values = spelled(column)
        pairs = [(p, v) for p, v in zip(predicted, values, strict=True) if p is not None and v is not None]
        if not pairs or {p for p, _ in pairs} != {v for _, v in pairs}:
            return None
        agreement, chance = _agreement(pairs)
        kappa = (agreement - chance) / (1 - chance) if chance < 1 else 0.0
        reason = f"holds the values of {prediction.column} and agrees with it in {agreement:.0%} of rows"
        beyond = f"{reason}, where chance would give {chance:.0%}"
        return (kappa, beyond) if agreement > 0.6 and kappa >= least else None

    return find


def _agreement(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Give the share of pairs that agree, and the share that would if the two columns were independent."""
    n = len(pairs)
    left, right = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(count * right[value] for value, count in left.items()) / n**2
    return sum(one == other for one, other in pairs) / n, chance


def as_version(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    parts = words(name)
    named = 2 * ("version" in parts or parts == ("model",)) + ("model" in parts)
    if named < 2 or not (is_text(column) or is_number(column)) or not 1 <= distinct(column) <= 50:
        return None
    # that of the program of who asks is not the model's
    return None if set(parts) & set(_PROGRAMS) else (named, "named like a version, of few values")


def as_other_time(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    counted = words(name)[-1] in _MOMENTS and times_of_numbers(column) is not None
    return (1, "a time, but not the record's own") if counted or times_of(column) is not None else None


def as_growing(times: pa.ChunkedArray | None) -> Finder:
    """Look for numbers that only grow with the records' times, as those of orders do.

    They rise over days, or are named like numbers that count, and have more values than a calendar. What rises for
    hours only may come back: the hour itself, a temperature.
    """

    def find(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
        if times is None or distinct(times) < 2 or not is_number(column) or distinct(column) <= CALENDAR:
            return None
        known = np.asarray(pc.and_(times.is_valid(), column.is_valid()))
        at, values = times.filter(pa.array(known)), column.filter(pa.array(known)).cast(pa.float64())
        span = pc.min_max(at).as_py()
        if words(name)[-1] not in _COUNTING and span["max"] - span["min"] < DAYS:
            return None
        ranks = _ranks(at.cast(pa.int64()).to_numpy()), _ranks(values.to_numpy())
        return (1, "grows with time") if np.corrcoef(*ranks)[0, 1] > RISING else None

    return find


def _ranks(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((counts.cumsum() - counts / 2)[place])


def as_sensitive(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    """Say whether a column may name groups that must not be treated worse; an age counts, whatever it is of people."""
    parts = words(name)
    own = parts[0] == "age" and (len(parts) == 1 or parts[-1] in _GROUPED)
    if not (own or set(parts) & set(_SENSITIVE)) or distinct(column) < 2:
        return None
    return 0, "may be groups that must not be treated worse"


def as_unique(_name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    if len(column) < 20 or distinct(column) < len(column) - column.null_count:
        return None
    if pa.types.is_integer(column.type):
        rows = numbers_of(column)
        return (1, "counts rows") if rows.size and np.all(np.diff(rows) == 1) else None
    # What has spaces is a text, which can be watched.
    if not is_text(column) or any(" " in str(value) for value in _first(column)):
        return None
    return 1, "text that is different in every row"


def as_naming(name: str, column: pa.ChunkedArray) -> tuple[float, str] | None:
    named = words(name)[-1] in _NAMING or names_someone(name)
    if len(column) < 20 or not named or not is_code(column):
        return None
    different = distinct(column) / max(len(column) - column.null_count, 1)
    return (1, "named like an id, and hardly a value comes again") if different > OFTEN_NEW else None


def _first(column: pa.ChunkedArray) -> Iterator[object]:
    yield from plain(column).drop_null().slice(0, 100).to_pylist()
