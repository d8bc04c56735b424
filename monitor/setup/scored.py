"""Which columns are a model's scores, and which class each of them is of."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from string import ascii_letters

import numpy as np
import pyarrow as pa

from monitor.profiles.arrow import POSITIVE
from monitor.setup.decided import apart
from monitor.setup.left import Left
from monitor.setup.look import in_unit, spelled, sum_to_one
from monitor.setup.signs import Choice, as_score

SURELY = 0.9
"""So many rows are decided for the class of the highest score, where a class goes by the decision's word."""


def scores_of(left: Left) -> tuple[tuple[Choice, ...], tuple[str, ...], list[Choice]]:
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


def _by_class(left: Left) -> dict[str, str]:
    likely = {name: column for name, column in left.columns.items() if in_unit(column) and not column.null_count}
    for word in dict.fromkeys(map(_beginning, likely)):
        names = [name for name in likely if _beginning(name) == word]
        beginning = _common(names)
        if len(names) > 1 and beginning and sum_to_one([likely[name] for name in names]):
            classes = [name.removeprefix(beginning) for name in names]
            return dict(zip(classes, names, strict=True)) if all(classes) else {name: name for name in names}
    return {}


def in_words_of(
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


def of_decision(score: Choice, sample: pa.Table, prediction: Choice) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
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
