"""From a reference, as an Arrow table, to the layout of every later profile: kinds, bins, and the kind of outcome."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.profiles import expected_hit
from monitor.profiles.bins import Bins, CategoryBins, NumericBins
from monitor.profiles.derivations import METHODS, derivations_of, derived_columns
from monitor.profiles.groups import Groups, profile_groups, profile_labels, profile_table
from monitor.profiles.joint import class_codes
from monitor.profiles.layout import Column, Layout, Role, ValueType
from monitor.profiles.outcome_layout import DECISION, Binary, Multiclass, OutcomeLayout, Regression
from monitor.profiles.reading import (
    canonical,
    counted,
    counts_rows,
    floats,
    holds_vectors,
    stray_values,
    type_of,
    width_of,
)
from monitor.profiles.relations import with_relations
from monitor.profiles.sensitivity import with_sensitivity
from monitor.stats.ranking import roc_auc
from monitor.types import ColumnKind, Roles, Task

__all__ = ["Groups", "bins_of", "kind_of", "layout_of", "profile_groups", "profile_labels", "profile_table", "task_of"]

POSITIVE = ("1", "true", "yes", "positive", "pos")
"""Words for the class that a score is the probability of."""
TEXT_DISTINCT = 1000
MAX_CLASSES = 50
FEW_VALUES = 20
CUT_GROUPS = 4
"""A sensitive column of numbers is cut into so many groups of about equal size."""


def layout_of(reference: pa.Table, roles: Roles) -> Layout:
    """Choose kinds and bins of all columns, and how predictions meet labels, from the reference's rows.

    Every column without a role is a feature, but what pandas counts rows by; `roles.kinds` wins over what is
    inferred. A column that the reference lacks has no bins and is left out. The bins of a sensitive column are the
    groups that are told apart.
    """
    task = task_of(reference, roles)
    outcome = _outcome(reference, roles, task)
    names = _ordered(reference, roles)
    columns = [_column(reference.column(name), name, role, _kind(reference, name, roles, task)) for name, role in names]
    if outcome is None and len(roles.scores) == 1:
        columns = [_decided(column) if column.role == "score" else column for column in columns]
    return _with_derived(reference, Layout(tuple(columns), outcome, roles))


def _with_derived(reference: pa.Table, plain: Layout) -> Layout:
    """Add what is derived from the columns; a derived column without a value in the reference is left out."""
    layout = replace(plain, derivations=derivations_of(reference, plain.columns, plain.roles))
    roles = {name: METHODS[one.method].role for one in layout.derivations for name in one.names}
    made = derived_columns(reference, layout, reference=True)
    known = {name: values for name, values in made.items() if pc.any(pc.is_finite(values)).as_py()}
    layout = replace(layout, derivations=tuple(d for d in layout.derivations if known.keys() & set(d.names)))
    added = [_column(known[name], name, role, "numeric") for name, role in roles.items() if role and name in known]
    labels = [c for c in plain.columns if c.role == "label"]
    columns = (*(c for c in plain.columns if c.role != "label"), *added, *labels)
    outcome = plain.outcome
    if isinstance(outcome, Binary | Multiclass) and expected_hit.NAME in known:
        outcome = replace(outcome, excess=expected_hit.NAME)
    layout = with_sensitivity(reference, known, replace(layout, columns=columns, outcome=outcome))
    return with_relations(reference, layout)


def kind_of(column: pa.ChunkedArray) -> ColumnKind:
    """Infer a reference column's kind from its type; strings that hardly ever repeat are text, lists of floats vectors.

    >>> kind_of(pa.chunked_array([[True, False]]))
    'categorical'
    """
    if pa.types.is_dictionary(column.type):
        return "categorical"
    if holds_vectors(column):
        return "vector"
    kind = read_type(column)
    if kind == "text":
        distinct = pc.count_distinct(column).as_py()
        return "text" if distinct > TEXT_DISTINCT and distinct * 2 > len(column) else "categorical"
    return "numeric" if kind == "number" else "categorical"


def read_type(column: pa.ChunkedArray) -> ValueType:
    """Give the class of a reference column's values; numbers among which a few other values strayed are numbers."""
    return "number" if stray_values(column) else type_of(column.type)


def bins_of(column: pa.ChunkedArray, kind: ColumnKind, *, classes: bool = False, width: int = 0) -> Bins:
    """Fix a column's bins from its reference values. A text is binned by its length, a vector by its norm."""
    if kind == "categorical":
        held = counted(column, classes=classes)
        return CategoryBins.of(list(held), list(held.values()))
    return NumericBins.of(floats(column, kind, width))


def task_of(reference: pa.Table, roles: Roles) -> Task | None:
    """Tell what the model does from its scores, predictions and labels; None when that cannot be known.

    Without scores it is a regression when predictions and labels are numbers, and fractional or of over 50 values.
    """
    if roles.label is None:
        return None
    if roles.scores:
        return "binary" if len(roles.scores) == 1 else "multiclass"
    if roles.prediction is None or roles.prediction not in reference.column_names:
        return None
    held = [name for name in (roles.prediction, roles.label) if name in reference.column_names]
    chosen = {roles.kinds.get(name) for name in held}
    if "categorical" in chosen or any(read_type(reference.column(name)) != "number" for name in held):
        return "multiclass"
    return "regression" if "numeric" in chosen or any(_measures(reference.column(n)) for n in held) else "multiclass"


def _measures(column: pa.ChunkedArray) -> bool:
    values = floats(column)
    values = values[np.isfinite(values)]
    return bool((values != np.floor(values)).any()) or np.unique(values).size > MAX_CLASSES


def _ordered(reference: pa.Table, roles: Roles) -> list[tuple[str, Role]]:
    """Give the columns that are profiled: features, clients that are segments, prediction, scores, label."""
    outputs: dict[str, Role] = {}
    if roles.prediction:
        outputs[roles.prediction] = "prediction"
    outputs |= dict.fromkeys(roles.scores, "score")
    if roles.label:
        outputs[roles.label] = "label"
    aside = {*roles.aside, *roles.others, *outputs}
    told = {*roles.kinds, *roles.sensitive}
    names = [n for n in reference.column_names if n not in aside and (n in told or not counts_rows(n))]
    features: list[tuple[str, Role]] = [(n, "sensitive" if n in roles.sensitive else "feature") for n in names]
    people = (name for name in (roles.client, roles.contributor) if name in roles.segments)
    splits: dict[str, Role] = {name: "split" for name in people if name}
    return features + [(name, role) for name, role in (splits | outputs).items() if name in reference.column_names]


def _kind(reference: pa.Table, name: str, roles: Roles, task: Task | None) -> ColumnKind:
    column = reference.column(name)
    if name in roles.kinds:
        return roles.kinds[name]
    if name in (roles.client, roles.contributor):
        return "categorical"
    few = task in {"binary", "multiclass"} and name in {roles.prediction, roles.label} - set(roles.scores)
    if few and len(counted(column, classes=True)) <= MAX_CLASSES:
        return "categorical"
    grouped = name in {*roles.sensitive, *roles.segments, *roles.population}
    return "categorical" if grouped and names_groups(column) else kind_of(column)


def names_groups(column: pa.ChunkedArray) -> bool:
    """Say whether numbers are codes: few and whole."""
    if type_of(column.type) != "number":
        return False
    values = floats(column)
    values = np.unique(values[np.isfinite(values)])
    return bool(values.size <= FEW_VALUES and (values == np.floor(values)).all())


def _column(column: pa.ChunkedArray, name: str, role: Role, kind: ColumnKind) -> Column:
    if role == "sensitive" and kind == "numeric":
        # two bins more for what is outside the reference's range
        return Column(name, kind, role, read_type(column), NumericBins.of(floats(column), most=CUT_GROUPS + 2))
    classes = role in {"prediction", "label"}
    width = width_of(column) if kind == "vector" else 0
    bins = bins_of(column, kind, classes=classes, width=width)
    return Column(name, kind, role, read_type(column), bins, width=width)


def _decided(column: Column) -> Column:
    """Let the bins of a score tell what it decides, where the reference's scores decide both ways."""
    bins = column.bins
    if not isinstance(bins, NumericBins) or not bins.edges.size or not bins.edges[0] < DECISION < bins.edges[-1]:
        return column
    return replace(column, bins=NumericBins(np.union1d(bins.edges, [DECISION]), bins.center))


def _outcome(reference: pa.Table, roles: Roles, task: Task | None) -> OutcomeLayout | None:
    label = roles.label
    if task is None or label is None:
        return None
    if task == "binary":
        score = roles.scores[0]
        values = floats(reference.column(score)) if score in reference.column_names else np.empty(0)
        return Binary(score, _decision(reference, roles), label, positive_of(reference, roles), NumericBins.of(values))
    if task == "multiclass":
        classes = _classes(reference, roles)
        scores = roles.scores if len(roles.scores) == len(classes) else ()
        return Multiclass(roles.prediction, label, scores, classes) if roles.prediction or scores else None
    return _regression(reference, str(roles.prediction), label)


def _decision(reference: pa.Table, roles: Roles) -> str | None:
    """Give the column of decisions; a prediction of many values is a probability, and no decision."""
    many = len(_label_counts(reference, roles.prediction)) > MAX_CLASSES
    return None if roles.prediction in roles.scores or many else roles.prediction


def positive_of(reference: pa.Table, roles: Roles) -> str:
    """Give the class that a single score is the probability of: the named one, else the last of the labels in order.

    Of two words, such as late and on time, it is the one for which the reference's scores are higher, if that is sure;
    its decisions stand for labels that it does not hold.
    """
    if roles.classes:
        return canonical(roles.classes[0])
    held = next((name for name in (roles.label, roles.prediction) if len(_label_counts(reference, name)) > 1), None)
    counts = _label_counts(reference, held or roles.label)
    last = max(counts, default="1")
    if not held or len(counts) != 2 or last.lower() in POSITIVE or read_type(reference[held]) == "number":
        return last
    return min(counts) if _ranks_last_below(reference, roles.scores[0], held, last) else last


def _ranks_last_below(reference: pa.Table, score: str, classes: str, last: str) -> bool:
    """Say whether rows of a class surely have lower scores than those of the other one."""
    if score not in reference.column_names:
        return False
    scores, codes = floats(reference[score]), class_codes(reference, classes, (last,))
    known = np.isfinite(scores) & (codes >= 0)
    _, place = np.unique(scores[known], return_inverse=True)
    bins = int(place.max(initial=-1)) + 1
    below, above = (np.bincount(place[codes[known] == side], minlength=bins) for side in (1, 0))
    found = roc_auc(below, above)
    return found is not None and found.high is not None and found.high < 0.5


def _classes(reference: pa.Table, roles: Roles) -> tuple[str, ...]:
    if roles.classes:
        return tuple(dict.fromkeys(canonical(c) for c in roles.classes))
    held = _label_counts(reference, roles.label) or _label_counts(reference, roles.prediction)
    return tuple(sorted(value for value, _ in held.most_common(MAX_CLASSES)))


def _label_counts(reference: pa.Table, name: str | None) -> Counter[str]:
    return counted(reference.column(name), classes=True) if name in reference.column_names else Counter()


def _regression(reference: pa.Table, predicted: str, label: str) -> Regression:
    if label not in reference.column_names:
        return Regression(predicted, label, NumericBins.of(np.empty(0)))
    y = floats(reference.column(label))
    with np.errstate(over="ignore", invalid="ignore"):
        bins = NumericBins.of(floats(reference.column(predicted)) - y)
    return Regression(predicted, label, bins, NumericBins.of(y).center)
