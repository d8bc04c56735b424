"""How sure the model is, by the class it decides for."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.confidence import confidence_by_class
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.layout import Layout
from monitor.types import Measurement, Roles

BINARY = Roles(timestamp="at", scores=("p",), label="y")
CLASSES = Roles(timestamp="at", scores=("a", "b", "c"), classes=("a", "b", "c"), label="y")


def binary(draw: np.random.Generator, n: int, *, unsure: float = 0.0) -> pa.Table:
    p = draw.random(n)
    return pa.table({"p": np.where(p > 0.5, p - unsure * (p - 0.5), p), "y": (draw.random(n) < p).astype(int)})


def several(draw: np.random.Generator, n: int) -> pa.Table:
    scores = draw.dirichlet([1, 1, 1], n)
    return pa.table({**dict(zip("abc", scores.T, strict=True)), "y": draw.choice(list("abc"), n)})


def found(layout: Layout, reference: pa.Table, table: pa.Table) -> dict[str, Measurement]:
    given = (profile_table(reference, layout), profile_table(table, layout))
    return {m.column: m for m in confidence_by_class.compare(*given)}


def test_it_is_the_mean_over_the_rows_of_the_class() -> None:
    draw = np.random.default_rng(1)
    reference, table = binary(draw, 5000), binary(draw, 800)
    p = table["p"].to_numpy()
    measured = found(layout_of(reference, BINARY), reference, table)
    assert measured["confidence(class=1)"].value == pytest.approx(p[p >= 0.5].mean())
    assert measured["confidence(class=not 1)"].value == pytest.approx(1 - p[p < 0.5].mean())
    reference, table = several(draw, 5000), several(draw, 800)
    scores = np.stack([table[name].to_numpy() for name in "abc"], axis=1)
    measured = found(layout_of(reference, CLASSES), reference, table)
    for i, name in enumerate("abc"):
        mean = scores[scores.argmax(axis=1) == i, i].mean()
        assert measured[f"confidence(class={name})"].value == pytest.approx(mean)


def test_the_class_that_grew_unsure_is_named_and_the_other_is_not() -> None:
    draw = np.random.default_rng(2)
    reference = binary(draw, 5000)
    measured = found(layout_of(reference, BINARY), reference, binary(draw, 1000, unsure=0.3))
    assert measured["confidence(class=1)"].p_value < 1e-9
    assert measured["confidence(class=1)"].effect > confidence_by_class.DETECTOR.min_effect
    assert measured["confidence(class=not 1)"].p_value > 1e-3


def test_it_needs_no_labels_and_two_rows_of_the_class() -> None:
    draw = np.random.default_rng(3)
    reference = binary(draw, 5000)
    layout = layout_of(reference, BINARY)
    measured = found(layout, reference, binary(draw, 500).drop_columns(["y"]))
    assert all(m.value is not None for m in measured.values())
    few = found(layout, reference, pa.table({"p": [0.9, 0.8, 0.1], "y": [1, 1, 0]}))
    assert few["confidence(class=1)"].value == pytest.approx(0.85)
    assert few["confidence(class=not 1)"].value is None
    assert few["confidence(class=not 1)"].note


def _windows(draw: np.random.Generator, layout: Layout, reference: pa.Table) -> list[Measurement]:
    whole = profile_table(reference, layout)
    windows = [profile_table(binary(draw, 200), layout) for _ in range(300)]
    return [m for window in windows for m in confidence_by_class.compare(whole, window)]


def test_the_p_value_keeps_its_promise() -> None:
    draw = np.random.default_rng(4)
    reference = binary(draw, 100_000)
    layout = layout_of(reference, BINARY)
    p = [m.p_value for m in _windows(draw, layout, reference)]
    for level in (0.1, 0.01):
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level / 600)
    assert np.mean(np.array(p) <= 0.5) > 0.4
