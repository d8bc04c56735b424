"""What every estimate of performance keeps: it stays silent when nothing changes, and holds what will be realised."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from monitor.detectors import ESTIMATES, Detector
from monitor.detectors.performance import estimated_macro
from monitor.detectors.performance.estimated import METRICS, NO_CHANCES, NO_ROWS, estimate_spreads
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.profile import Profile, merge
from monitor.types import Measurement, Roles

BINARY = Roles(timestamp="at", prediction="said", scores=("p",), label="was")
CLASSES = ("a", "b", "c")
MULTICLASS = Roles(timestamp="at", prediction="said", scores=CLASSES, classes=CLASSES, label="was")


def binary(draw: np.random.Generator, n: int, *, sure: float = 1.3, slope: float = 0.7) -> pa.Table:
    """Give scores that promise more than they keep; `sure` is how far they are from a half."""
    z = draw.normal(0.2, sure, n)
    p = 1 / (1 + np.exp(-z))
    was = draw.random(n) < 1 / (1 + np.exp(-slope * z))
    return pa.table({"p": p, "said": (p > 0.5).astype(int), "was": was.astype(int)})


def multiclass(draw: np.random.Generator, n: int, *, sure: float = 1.3, slope: float = 0.7) -> pa.Table:
    z = draw.normal(0, sure, (n, 3))
    p, true = (np.exp(a * z) / np.exp(a * z).sum(axis=1, keepdims=True) for a in (1.0, slope))
    was = (draw.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1)
    names = np.array(CLASSES)
    return pa.table({**dict(zip(CLASSES, p.T, strict=True)), "said": names[p.argmax(axis=1)], "was": names[was]})


MADE: dict[str, tuple[Callable[..., pa.Table], Roles]] = {
    "binary": (binary, BINARY),
    "multiclass": (multiclass, MULTICLASS),
}
REFERENCES: dict[str, Profile] = {}
for task, (made, roles) in MADE.items():
    rows = made(np.random.default_rng(1), 20_000)
    REFERENCES[task] = profile_table(rows, layout_of(rows, roles))


def unlabelled(table: pa.Table) -> pa.Table:
    return table.drop_columns(["was"])


def found(detector: Detector, task: str, table: pa.Table) -> list[Measurement]:
    reference = REFERENCES[task]
    return list(detector.compare(reference, profile_table(table, reference.layout)))


SCORED = [d for d in ESTIMATES if any(d.name == m.name for m in METRICS)]
every = pytest.mark.parametrize("detector", SCORED, ids=lambda d: d.name)


@pytest.mark.parametrize("task", MADE)
@every
def test_labels_are_not_asked_for(detector: Detector, task: str) -> None:
    table = MADE[task][0](np.random.default_rng(2), 3000)
    assert found(detector, task, table) == found(detector, task, unlabelled(table))


@every
def test_an_empty_window_and_a_reference_without_labels_are_undefined_and_say_so(detector: Detector) -> None:
    (empty,) = found(detector, "binary", binary(np.random.default_rng(2), 0))
    assert (empty.value, empty.note) == (None, NO_ROWS)
    rows = binary(np.random.default_rng(1), 1000)
    bare = profile_table(unlabelled(rows), REFERENCES["binary"].layout)
    (unknown,) = detector.compare(bare, bare)
    assert (unknown.value, unknown.note) == (None, NO_CHANCES)


@every
def test_people_can_read_what_it_does(detector: Detector) -> None:
    assert detector.unit
    assert "Blind to" in detector.method


@pytest.mark.parametrize("task", MADE)
def test_quiet_windows_keep_the_level_and_the_intervals_hold_what_is_realised(task: str) -> None:
    draw, (made, _), layout = np.random.default_rng(3), MADE[task], REFERENCES[task].layout
    p: dict[str, list[float]] = {}
    inside: dict[str, list[bool]] = {}
    for _ in range(200):
        before, now = (profile_table(made(draw, n), layout) for n in (3000, 400))
        for metric, detector in zip(METRICS, SCORED, strict=True):
            for one in detector.compare(before, now):
                real = metric.realised.estimate(now.outcome).value
                p.setdefault(detector.name, []).append(one.p_value)
                inside.setdefault(detector.name, []).append(one.low <= real <= one.high)
    assert len(p) == (5 if task == "binary" else 1)
    for name, values in p.items():
        assert stats.kstest(values, "uniform").pvalue > 0.001, name
        assert 0.9 <= np.mean(inside[name]) <= 0.99


def test_scores_that_have_become_unsure_are_found() -> None:
    unsure = unlabelled(binary(np.random.default_rng(4), 2000, sure=0.6))
    for detector in SCORED:
        for one in found(detector, "binary", unsure):
            # such scores find as many of the hits as before, among more false ones
            fallen = detector.name != "estimated_recall"
            assert (one.effect > 0.02, one.p_value < 1e-4) == (fallen, fallen)


def test_windows_whose_labels_stray_widen_the_interval_to_hold_them() -> None:
    draw, reference = np.random.default_rng(5), REFERENCES["binary"]
    past, now = (
        [profile_table(binary(draw, 400, slope=s), reference.layout) for s in draw.normal(0.7, 0.25, n)]
        for n in (60, 300)
    )
    whole = past[0]
    for window in past[1:]:
        whole = merge(whole, window)
    wide = replace(whole, layout=replace(whole.layout, spreads=estimate_spreads(whole, past), windows=60))
    covered = []
    for known in (whole, wide):
        for metric, detector in zip(METRICS[:2], SCORED[:2], strict=True):
            ends = [next(iter(detector.compare(known, w))) for w in now]
            real = [metric.realised.estimate(w.outcome).value for w in now]
            covered.append(np.mean([e.low <= r <= e.high for e, r in zip(ends, real, strict=True)]))
    narrow, widened = covered[:2], covered[2:]
    assert max(narrow) < 0.9
    assert 0.92 <= min(widened) <= max(widened) <= 0.99


def lopsided(draw: np.random.Generator, n: int, *, worse: float = 0.0) -> pa.Table:
    """Give a model that is far surer of "c" than it is right: scores alone would promise too much of that class."""
    table = multiclass(draw, n, sure=1.3)
    said, was = (np.array(table[name].to_pylist()) for name in ("said", "was"))
    swapped = (said == "c") & (draw.random(n) < 0.4 + worse)
    return table.set_column(table.column_names.index("was"), "was", pa.array(np.where(swapped, "a", was)))


@pytest.mark.parametrize("metric", estimated_macro.METRICS, ids=lambda metric: metric.name)
def test_averages_over_classes_hold_what_is_realised_though_scores_mean_less_in_one(
    metric: estimated_macro.Averaged,
) -> None:
    draw = np.random.default_rng(6)
    before = profile_table(rows := lopsided(draw, 20_000), layout_of(rows, MULTICLASS))
    detector = next(d for d in ESTIMATES if d.name == metric.name)
    p, inside, off = [], [], []
    for _ in range(150):
        window = profile_table(lopsided(draw, 800), before.layout)
        (one,) = detector.compare(before, window)
        real = metric.realised.estimate(window.outcome).value
        p.append(one.p_value)
        inside.append(one.low <= real <= one.high)
        off.append(one.value - real)
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert 0.9 <= np.mean(inside) <= 0.99
    assert abs(np.mean(off)) < 0.01


def test_averages_over_classes_fall_with_the_scores_and_say_what_they_lack() -> None:
    unsure = unlabelled(multiclass(np.random.default_rng(4), 3000, sure=0.6))
    bare = profile_table(unlabelled(multiclass(np.random.default_rng(1), 500)), REFERENCES["multiclass"].layout)
    for detector in estimated_macro.DETECTORS:
        (one,) = found(detector, "multiclass", unsure)
        assert one.effect > 0.02
        assert one.p_value < 1e-4
        (empty,) = found(detector, "multiclass", multiclass(np.random.default_rng(2), 0))
        assert (empty.value, empty.note) == (None, NO_ROWS)
        (unknown,) = detector.compare(bare, bare)
        assert (unknown.value, unknown.note) == (None, NO_CHANCES)
        assert not found(detector, "binary", binary(np.random.default_rng(2), 100))
        assert "Blind to" in detector.method
