"""What is said of one version beside another."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors import VERSION_DETECTORS, Detector
from monitor.detectors.versions import new_version, version_inputs, version_performance, version_predictions
from monitor.detectors.versions.version_performance import main_metric
from monitor.detectors.versions.version_predictions import main_outputs
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile
from monitor.types import Measurement, Roles


def rows(seed: int, n: int, *, shift: float = 0.0, noise: float = 0.0, moved: float = 0.0) -> pa.Table:
    """Give rows of a binary model; `shift` of its log-odds, `noise` of its labels, and `moved` of its inputs."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=n)
    p = 1 / (1 + np.exp(-(x + draw.normal(size=n))))
    y = np.where(draw.random(n) < noise, draw.random(n) < 0.5, draw.random(n) < p).astype(int)
    said = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))
    return pa.table({"x": x + moved, "c": draw.choice(["a", "b"], n), "p": said, "yes": said > 0.5, "y": y})


LAYOUT = layout_of(rows(1, 5000), Roles(timestamp="at", prediction="yes", scores=("p",), label="y"))
COMPARED = [version_predictions.DETECTOR, version_performance.DETECTOR, version_inputs.DETECTOR]
every = pytest.mark.parametrize("detector", COMPARED, ids=lambda d: d.name)


def profiled(table: pa.Table) -> Profile:
    return profile_table(table, LAYOUT)


def found(detector: Detector, older: pa.Table, newer: pa.Table) -> dict[str, Measurement]:
    return {m.column: m for m in detector.compare(profiled(older), profiled(newer))}


def test_a_version_is_new_for_three_windows() -> None:
    given = [next(new_version.compare(30, 100, age)) for age in range(5)]
    assert [m.p_value for m in given] == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert {m.value for m in given} == {0.3}
    assert next(new_version.compare(0, 100, 0)).p_value == 1.0
    assert next(new_version.compare(0, 0, 0)).value is None


@every
def test_without_rows_of_one_version_there_is_no_answer_and_it_says_why(detector: Detector) -> None:
    for m in found(detector, rows(2, 500), rows(3, 0)).values():
        assert m.value is None
        assert m.note


def test_versions_that_answer_alike_keep_the_level() -> None:
    p: dict[str, list[float]] = {"p": [], "yes": [], "log_loss": [], "inputs": []}
    for trial in range(100):
        older, newer = profiled(rows(100 + trial, 400)), profiled(rows(1000 + trial, 150))
        outputs = {m.column: m.p_value for m in version_predictions.compare(older, newer)}
        metrics = {m.column: m.p_value for m in version_performance.compare(older, newer)}
        p["p"].append(outputs["p"])
        p["yes"].append(outputs["yes"])
        p["log_loss"].append(metrics["log_loss"])
        p["inputs"].append(next(version_inputs.compare(older, newer)).p_value)
    for name, values in p.items():
        for level in (0.1, 0.01):
            assert np.mean(np.array(values) <= level) <= level + 3 * np.sqrt(level / 100), name
        assert np.mean(np.array(values) <= 0.5) > 0.25, name


def test_what_differs_is_found() -> None:
    older = rows(2, 1000)
    assert found(version_predictions.DETECTOR, older, rows(3, 1000, shift=1.0))["p"].p_value < 1e-9
    worse = found(version_performance.DETECTOR, older, rows(3, 1000, noise=0.6))["log_loss"]
    assert worse.p_value < 1e-6
    assert worse.effect > version_performance.DETECTOR.min_effect
    inputs = found(version_inputs.DETECTOR, older, rows(3, 1000, moved=0.5))[""]
    assert inputs.p_value < 1e-9
    assert inputs.note == "most apart: x"


def test_a_better_version_raises_no_alarm() -> None:
    better = found(version_performance.DETECTOR, rows(2, 1000, noise=0.6), rows(3, 1000))["log_loss"]
    assert better.effect < 0
    assert better.p_value > 0.99


def test_one_output_and_one_metric_speak_for_the_model() -> None:
    assert (main_outputs(LAYOUT), main_metric(LAYOUT)) == (("p",), "log_loss")
    draw = np.random.default_rng(1)
    numbers = pa.table({"said": draw.normal(size=900), "was": draw.normal(size=900)})
    regression = layout_of(numbers, Roles(timestamp="at", prediction="said", label="was"))
    assert (main_outputs(regression), main_metric(regression)) == (("said",), "mean_absolute_error")
    classes = pa.table({"said": draw.choice(["a", "b", "c"], 900), "was": draw.choice(["a", "b", "c"], 900)})
    several = layout_of(classes, Roles(timestamp="at", prediction="said", label="was"))
    assert (main_outputs(several), main_metric(several)) == (("said",), "accuracy")


def classes(p: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip("abc", p.T, strict=True))


def test_of_several_scores_the_decision_and_the_confidence_speak_for_the_model() -> None:
    draw = np.random.default_rng(1)
    p = draw.dirichlet([2, 2, 2], 900)
    scored = pa.table({"said": pa.array(["a", "b", "c"]).take(pa.array(p.argmax(axis=1))), **classes(p)})
    roles = Roles(timestamp="at", prediction="said", scores=("a", "b", "c"), classes=("a", "b", "c"))
    layout = layout_of(scored, roles)
    assert main_outputs(layout) == ("said", "confidence(scores)")
    sharper = p**2 / (p**2).sum(axis=1, keepdims=True)
    later = pa.table({"said": scored["said"], **classes(sharper)})
    found = version_predictions.compare(profile_table(scored, layout), profile_table(later, layout))
    told = {one.column: one.p_value for one in found if one.column in main_outputs(layout)}
    assert told["said"] > 0.9
    assert told["confidence(scores)"] < 1e-9


@pytest.mark.parametrize("detector", VERSION_DETECTORS, ids=lambda d: d.name)
def test_it_says_when_it_is_blind(detector: Detector) -> None:
    assert "Blind to" in detector.method
    assert "ndefined" in detector.method
