"""What a reference's columns are taken for."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of, task_of
from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.groups import profile_table
from monitor.profiles.outcome_layout import Binary, Multiclass, Regression
from monitor.types import Roles

N = 120
RNG = np.random.default_rng(5)
ROWS = pa.table(
    {
        "at": np.arange(N),
        "id": [f"r{i}" for i in range(N)],
        "who": ["a"] * N,
        "v": ["v1"] * N,
        "secret": np.arange(N),
        "country": ["de", "fr"] * (N // 2),
        "x": RNG.normal(size=N),
        "p": RNG.random(N),
        "q": RNG.random(N),
        "flag": [True, False] * (N // 2),
        "grade": [1.0, 2.0, 3.0, 4.0] * (N // 4),
        "amount": RNG.normal(size=N),
        "count": np.arange(N),
        "word": ["no", "yes"] * (N // 2),
    }
)
OUTPUTS = {"p", "q", "flag", "grade", "amount", "count", "word"}

TASKS = {
    # one score is the probability of the positive class
    "one score": ({"scores": ("p",), "label": "word"}, "binary"),
    "several scores": ({"scores": ("p", "q"), "label": "word"}, "multiclass"),
    # decisions without scores
    "words": ({"prediction": "word", "label": "word"}, "multiclass"),
    "few whole numbers": ({"prediction": "grade", "label": "grade"}, "multiclass"),
    "booleans": ({"prediction": "flag", "label": "flag"}, "multiclass"),
    # numbers that measure
    "fractions": ({"prediction": "amount", "label": "amount"}, "regression"),
    "many whole numbers": ({"prediction": "count", "label": "count"}, "regression"),
    "grades said to be numbers": (
        {"prediction": "grade", "label": "grade", "kinds": {"grade": "numeric"}},
        "regression",
    ),
    # the label comes later
    "score without labels": ({"scores": ("p",), "label": "later"}, "binary"),
    "number without labels": ({"prediction": "amount", "label": "later"}, "regression"),
    # nothing to compare
    "no label": ({"scores": ("p",)}, None),
    "no prediction": ({"label": "word"}, None),
}


@pytest.mark.parametrize("name", TASKS)
def test_the_task_is_told_from_scores_predictions_and_labels(name: str) -> None:
    roles, task = TASKS[name]
    made = {"binary": Binary, "multiclass": Multiclass, "regression": Regression, None: type(None)}[task]
    assert task_of(ROWS, Roles("at", **roles)) == task
    assert isinstance(layout_of(ROWS, Roles("at", **roles)).outcome, made)


def test_every_column_without_a_role_is_a_feature() -> None:
    roles = Roles(
        "at",
        id="id",
        client="who",
        version="v",
        prediction="flag",
        scores=("p",),
        label="word",
        segments=("country",),
        ignore=("secret", "q", "grade", "amount", "count"),
    )
    columns = {c.name: (c.role, c.kind) for c in layout_of(ROWS, roles).columns}
    assert columns == {
        "country": ("feature", "categorical"),
        "x": ("feature", "numeric"),
        "flag": ("prediction", "categorical"),
        "p": ("score", "numeric"),
        "confidence(scores)": ("confidence", "numeric"),
        "margin(scores)": ("confidence", "numeric"),
        "entropy(scores)": ("confidence", "numeric"),
        "word": ("label", "categorical"),
    }


def test_the_configured_kind_wins() -> None:
    layout = layout_of(ROWS, Roles("at", kinds={"count": "categorical", "word": "text"}))
    assert isinstance(layout.by_name["count"].bins, CategoryBins)
    assert isinstance(layout.by_name["word"].bins, NumericBins)
    assert layout.by_name["word"].kind == "text"


@pytest.mark.parametrize(
    ("label", "classes", "positive"),
    [("word", (), "yes"), ("flag", (), "1"), ("grade", (), "4"), ("word", ("no",), "no"), ("later", (), "1")],
)
def test_the_positive_class_is_the_first_configured_one_else_the_larger(
    label: str, classes: tuple[str, ...], positive: str
) -> None:
    outcome = layout_of(ROWS, Roles("at", scores=("p",), classes=classes, label=label)).outcome
    assert isinstance(outcome, Binary)
    assert outcome.positive == positive


@pytest.mark.parametrize("prediction", ["p", "q"])
def test_a_prediction_that_is_a_probability_is_no_decision(prediction: str) -> None:
    outcome = layout_of(ROWS, Roles("at", prediction=prediction, scores=("p",), label="word")).outcome
    assert isinstance(outcome, Binary)
    assert outcome.predicted is None


def test_scores_that_are_no_probabilities_tell_nothing_of_confidence() -> None:
    table = pa.table({"p": RNG.normal(3, 1, N) + 10, "y": [0, 1] * (N // 2)})
    names = [c.name for c in layout_of(table, Roles("at", scores=("p",), label="y")).columns]
    assert names == ["p", "y"]


def test_correlation_inflates_the_variance_of_many_rows_and_leaves_the_bins_as_they_are() -> None:
    layout = layout_of(ROWS, Roles("at"))
    alike = replace(layout, columns=tuple(replace(column, correlation=0.01) for column in layout.columns))
    assert [layout.columns[0].inflation(101), alike.columns[0].inflation(101)] == [1.0, pytest.approx(2.0)]
    assert alike.digest == layout.digest


def test_what_pandas_counts_rows_by_is_no_feature_unless_it_is_given_a_kind() -> None:
    counted = ROWS.append_column("__index_level_0__", pa.array(range(N))).append_column(
        "Unnamed: 0", pa.array(range(N))
    )
    assert {"__index_level_0__", "Unnamed: 0"}.isdisjoint(layout_of(counted, Roles(timestamp="at")).by_name)
    meant = Roles(timestamp="at", kinds={"Unnamed: 0": "numeric"})
    assert "Unnamed: 0" in layout_of(counted, meant).by_name
    plain = layout_of(ROWS, Roles(timestamp="at"))
    assert profile_table(counted, plain).added == {}
