"""What labels of a part of the rows say of all of them, where who has one hangs on score and decision."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors.concept import CONCEPTS
from monitor.detectors.concept.conditional import moved
from monitor.detectors.performance import METRICS
from monitor.detectors.performance.judged import Metric, judged
from monitor.detectors.performance.selection import of_one_class, representative
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.measure import measured
from monitor.types import Roles

Labelled = Callable[[np.random.Generator, pa.Table], np.ndarray]
TWO = Roles("at", prediction="decided", scores=("p",), label="y")
SEVERAL = Roles("at", prediction="decided", scores=("p_a", "p_b", "p_c"), classes=("a", "b", "c"), label="y")
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}


def of_two(rng: np.random.Generator, rows: int, *, wrong: float = 0.0) -> pa.Table:
    """Draw a model whose scores hold, but for so large a part of the labels that go by chance."""
    p = rng.beta(0.6, 2.4, rows)
    y = (rng.random(rows) < np.where(rng.random(rows) < wrong, 0.2, p)).astype(int)
    return pa.table({"p": p, "decided": (p >= 0.4).astype(int), "y": y})


def of_several(rng: np.random.Generator, rows: int) -> pa.Table:
    p = rng.dirichlet([2.0, 0.7, 0.4], rows)
    y = (p.cumsum(axis=1) > rng.random(rows)[:, None]).argmax(axis=1)
    names = np.array(["a", "b", "c"])
    columns = {f"p_{name}": p[:, i] for i, name in enumerate(names)}
    return pa.table({**columns, "decided": names[p.argmax(axis=1)], "y": names[y]})


def flagged(rng: np.random.Generator, rows: pa.Table) -> np.ndarray:
    """Label seven of ten of what was flagged, and of the rest what lies nearer to it rather."""
    decided = np.isin(np.asarray(rows["decided"].to_pylist()).astype(str), ("1", "b", "c"))
    nearer = np.asarray(rows["p"]) / 2 if "p" in rows.column_names else 0.1
    return rng.random(rows.num_rows) < np.where(decided, 0.7, 0.02 + nearer)


def profile(rows: pa.Table, known: np.ndarray, layout: Layout) -> Profile:
    labels = pa.array(rows["y"].to_pylist(), mask=~known)
    return profile_table(rows.set_column(rows.column_names.index("y"), "y", labels), layout)


@pytest.mark.parametrize(
    ("draw", "roles", "name"),
    [
        *((of_two, TWO, name) for name in ("accuracy", "recall", "f1", "roc_auc")),
        *((of_several, SEVERAL, name) for name in ("accuracy", "macro_recall", "macro_f1")),
    ],
)
def test_weighed_labels_tell_what_all_labels_would(
    draw: Callable[[np.random.Generator, int], pa.Table], roles: Roles, name: str
) -> None:
    rng = np.random.default_rng(5)
    layout, metric = layout_of(draw(rng, 20_000), roles), BY_NAME[name]
    truth = metric.of(profile(rows := draw(rng, 200_000), np.ones(rows.num_rows, np.bool_), layout))
    assert truth
    told, plain, covered = [], [], []
    for _ in range(60):
        rows = draw(rng, 4_000)
        labelled = profile(rows, flagged(rng, rows), layout)
        assert labelled.outcome
        assert 0.1 < labelled.outcome.n / 4_000 < 0.6
        found, naive = metric.of(labelled), metric.estimate(labelled.outcome)
        assert found
        assert not isinstance(naive, str)
        told.append(found.value)
        plain.append(naive.value)
        covered.append(found.low is None or found.low <= truth.value <= (found.high or 0.0))
    off, naively = abs(np.mean(told) - truth.value), abs(np.mean(plain) - truth.value)
    assert off < max(0.015, 0.2 * naively)
    assert np.mean(covered) >= 0.85


BY_SCORE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "all above a score": lambda p: np.where(p > 0.3, 1.0, 0.05),
    "many above a score": lambda p: np.where(p > 0.25, 0.6, 0.06),
    "those in doubt": lambda p: np.where(abs(p - 0.45) < 0.2, 1.0, 0.06),
}


@pytest.mark.parametrize("which", BY_SCORE)
def test_a_score_from_which_on_rows_are_labelled_cuts_those_below_from_those_above(which: str) -> None:
    """Rows below were taken to be as those just above, which are wrong more often: 0.02 and more in either number."""
    rng = np.random.default_rng(17)
    layout = layout_of(of_two(rng, 20_000), TWO)
    rows = of_two(rng, 300_000)
    for name in ("accuracy", "roc_auc"):
        metric, told, covered = BY_NAME[name], [], []
        truth = metric.of(profile(rows, np.ones(rows.num_rows, np.bool_), layout))
        assert truth
        for _ in range(120):
            window = of_two(rng, 1_500)
            found = metric.of(profile(window, rng.random(1_500) < BY_SCORE[which](np.asarray(window["p"])), layout))
            if found:
                told.append(found.value)
                covered.append((found.low or 0.0) <= truth.value <= (found.high or 1.0))
        assert len(told) >= 60
        assert abs(np.mean(told) - truth.value) < 0.006 + 2 * np.std(told) / np.sqrt(len(told))
        assert np.mean(covered) >= 0.88


def test_a_range_of_scores_with_hardly_any_label_is_not_told_of() -> None:
    rng = np.random.default_rng(18)
    rows = of_two(rng, 2_000)
    layout, p = layout_of(rows, TWO), np.asarray(rows["p"])
    known = (p > 0.3) | (np.cumsum(p <= 0.3) % 500 == 1)
    (found,) = judged(BY_NAME["accuracy"], profile(rows, p >= 0, layout), profile(rows, known, layout))
    assert found.value is None
    assert "rows that were decided negative, in a range of scores that is labelled otherwise than" in found.note


def test_no_range_is_cut_off_where_labels_are_drawn_at_random() -> None:
    rng = np.random.default_rng(19)
    layout = layout_of(of_two(rng, 20_000), TWO)
    found = [profile(rows, rng.random(800) < 0.1, layout) for rows in (of_two(rng, 800) for _ in range(150))]
    known = [one for one in found if (one.outcome.counts.sum(axis=(0, 2)) >= 10).all()]  # type: ignore[union-attr]
    cut = [isinstance(representative(one), str) for one in known]
    assert np.mean(cut) < 0.05


def test_labels_of_nearly_all_rows_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(6)
    rows = of_two(rng, 2_000)
    found = profile(rows, rng.random(2_000) < 0.95, layout_of(rows, TWO))
    assert representative(found).counts.tolist() == found.outcome.counts.tolist()  # type: ignore[union-attr]


def of_eight(rng: np.random.Generator, rows: int) -> pa.Table:
    p = rng.dirichlet([2, 1.5, 1, 1, 0.7, 0.5, 0.4, 0.3], rows)
    y = (p.cumsum(axis=1) > rng.random(rows)[:, None]).argmax(axis=1)
    columns = {f"p_{name}": p[:, i] for i, name in enumerate("abcdefgh")}
    return pa.table({**columns, "decided": np.array([*"abcdefgh"])[p.argmax(axis=1)], "y": np.array([*"abcdefgh"])[y]})


EIGHT = Roles("at", prediction="decided", scores=tuple(f"p_{c}" for c in "abcdefgh"), classes=(*"abcdefgh",), label="y")


@pytest.mark.parametrize(("draw", "roles", "rows"), [(of_two, TWO, 300), (of_eight, EIGHT, 200)])
@pytest.mark.parametrize("left_out", [False, True])
def test_few_labels_of_a_decision_tell_of_it_where_that_is_chance(
    draw: Callable[[np.random.Generator, int], pa.Table], roles: Roles, rows: int, *, left_out: bool
) -> None:
    rng = np.random.default_rng(21)
    layout, accuracy = layout_of(draw(rng, 20_000), roles), BY_NAME["accuracy"]
    truth = accuracy.of(profile(draw(rng, 100_000), np.ones(100_000, np.bool_), layout))
    assert truth
    found = []
    for _ in range(200):
        window = draw(rng, rows)
        usual = np.isin(np.asarray(window["decided"].to_pylist()).astype(str), ("0", "a"))
        found.append(accuracy.of(profile(window, rng.random(rows) < np.where(usual & left_out, 0.01, 0.3), layout)))
    known = [one for one in found if one]
    if left_out:
        assert len(known) <= 5
    else:
        assert len(known) >= 180
        assert np.mean([one.value for one in known]) == pytest.approx(truth.value, abs=0.02)
        assert np.mean([(one.low or 0) <= truth.value <= (one.high or 1) for one in known]) >= 0.88


def test_labels_drawn_at_random_change_hardly_anything() -> None:
    rng = np.random.default_rng(7)
    rows = of_two(rng, 20_000)
    found = profile(rows, rng.random(20_000) < 0.3, layout_of(rows, TWO))
    assert found.outcome
    weighed = representative(found)
    assert not isinstance(weighed, str)
    assert weighed.n == pytest.approx(found.outcome.n, rel=0.01)  # type: ignore[union-attr]
    assert BY_NAME["log_loss"].of(found) == BY_NAME["log_loss"].estimate(found.outcome)


@pytest.mark.parametrize("name", ["accuracy", "recall", "roc_auc", "log_loss", "brier_score"])
def test_what_only_flagged_rows_with_a_label_do_not_tell_is_not_told(name: str) -> None:
    rng = np.random.default_rng(8)
    rows = of_two(rng, 4_000)
    layout = layout_of(rows, TWO)
    known = np.asarray(rows["decided"]) == 1
    (found,) = judged(BY_NAME[name], profile(rows, np.ones(4_000, np.bool_), layout), profile(rows, known, layout))
    assert found.value is None
    assert found.note == f"not known: 0 of {int((~known).sum()):,} rows that were decided negative have a label"
    (share,) = judged(BY_NAME["precision"], profile(rows, ~known | known, layout), profile(rows, known, layout))
    assert share.value == pytest.approx(share.reference)


@pytest.mark.parametrize(("draw", "roles", "of"), [(of_two, TWO, 1), (of_several, SEVERAL, "b")])
def test_nothing_is_told_where_only_rows_of_one_class_have_a_label(
    draw: Callable[..., pa.Table], roles: Roles, of: object
) -> None:
    rng = np.random.default_rng(15)
    rows = draw(rng, 4_000)
    layout = layout_of(rows, roles)
    known = np.array([y == of for y in rows["y"].to_pylist()])
    whole, part = profile(rows, np.ones(4_000, np.bool_), layout), profile(rows, known, layout)
    found = [one for metric in METRICS for one in judged(metric, whole, part)]
    found += [one for concept in CONCEPTS for one in moved(concept, whole, part)]
    assert {one.detector for one in found} & {concept.name for concept in CONCEPTS}
    assert all(one.value is None for one in found)
    named = "positive" if roles is TWO else "'b'"
    assert found[0].note == (
        f"not known: all {known.sum():,} labels of 4,000 rows are {named}, and most rows were decided otherwise"
    )


def test_labels_of_the_usual_class_alone_may_be_chance() -> None:
    rng = np.random.default_rng(16)
    rows = of_two(rng, 4_000)
    rows = rows.set_column(2, "y", pa.array((rng.random(4_000) < np.asarray(rows["p"]) / 1000).astype(int)))
    found = profile(rows, rng.random(4_000) < 0.1, layout_of(rows, TWO))
    assert not of_one_class(found)
    assert BY_NAME["accuracy"].of(found) is not None


def test_losses_of_rows_chosen_by_score_are_not_told() -> None:
    rng = np.random.default_rng(9)
    rows = of_two(rng, 4_000)
    layout = layout_of(rows, TWO)
    (found,) = judged(
        BY_NAME["log_loss"], profile(rows, np.ones(4_000, np.bool_), layout), profile(rows, flagged(rng, rows), layout)
    )
    assert found.value is None
    assert found.note.endswith("rows with a label are no fair sample of all scores")


def test_a_model_is_no_worse_for_being_labelled_where_it_flags() -> None:
    """Beside a reference with all labels, p-values are uniform at most, and a worse model is still seen."""
    rng = np.random.default_rng(10)
    whole = of_two(rng, 20_000)
    layout = layout_of(whole, TWO)
    reference = profile(whole, np.ones(20_000, np.bool_), layout)
    for name in ("accuracy", "roc_auc"):
        p: tuple[list[float], list[float]] = ([], [])
        for turn in range(200):
            rows = of_two(rng, 3_000, wrong=0.9 * (turn % 2))
            (found,) = judged(BY_NAME[name], reference, profile(rows, flagged(rng, rows), layout))
            assert found.p_value is not None
            p[turn % 2].append(found.p_value)
        assert np.mean(np.array(p[0]) <= 0.05) <= 0.11
        assert np.mean(np.array(p[1]) <= 0.01) >= 0.8


SETTINGS = Model(source={"push": True}, columns={"timestamp": "at"}, window="1d")
NUMBERS = Roles("at", prediction="pred", label="y")


@pytest.mark.parametrize(("chosen", "told"), [("at random", True), ("high", False), ("nearly all", True)])
def test_labels_of_a_regression_that_are_of_other_predictions_tell_nothing_of_all(chosen: str, *, told: bool) -> None:
    rng = np.random.default_rng(11)
    pred = rng.normal(100, 15, 600)
    rows = pa.table({"pred": pred, "y": pred + rng.normal(0, 5, 600)})
    known = {"at random": rng.random(600) < 0.25, "high": pred > 110, "nearly all": pred < 118}[chosen]
    layout = layout_of(rows, NUMBERS)
    reference, window = profile_table(rows, layout, reference=True), profile(rows, known, layout)
    found = [one.measurement for one in measured({"": (reference, window)}, SETTINGS)]
    of_labels = {one.detector: one for one in found if one.column == "y" and one.detector == "smooth_test"}
    (mae,) = judged(BY_NAME["mean_absolute_error"], reference, window)
    assert (mae.value is not None) == (of_labels["smooth_test"].value is not None) == told
    if not told:
        assert mae.note.startswith("not known: the ")
        assert "no fair sample, their predictions lie 1" in mae.note
        assert of_labels["smooth_test"].note == mae.note


def test_labels_of_a_regression_drawn_at_random_are_told() -> None:
    rng = np.random.default_rng(12)
    pred = rng.gamma(1.0, 10, 400)
    rows = pa.table({"pred": pred, "y": pred + rng.normal(0, 5, 400)})
    layout = layout_of(rows, NUMBERS)
    told = [representative(profile(rows, rng.random(400) < 0.1, layout)) for _ in range(300)]
    assert not any(isinstance(one, str) for one in told)
