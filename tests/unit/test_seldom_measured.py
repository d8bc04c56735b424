"""Ageing where one metric is seldom measured: windows without it say nothing of recovery."""

from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pyarrow as pa

from monitor.config import Model
from monitor.detectors import DETECTORS
from monitor.detectors.temporal.lasting import ageing
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.history import History
from monitor.steps.looks import Sight
from monitor.steps.measure import found_of
from monitor.steps.memory import Memory
from monitor.steps.temporal import performance_series
from monitor.store.measurements import Judgement
from monitor.store.references import WHOLE
from monitor.types import Measurement, Roles, Window

START, DAY = datetime(2025, 1, 1, tzinfo=UTC), timedelta(days=1)
DETECTOR = {detector.name: detector for detector in DETECTORS}


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def measured(name: str, p_value: float | None) -> Measurement:
    if p_value is None:
        return Measurement(name, 0.6, n=1000, note="not judged: 10 labelled rows of each class are needed")
    return Measurement(name, 0.6, n=1000, p_value=p_value, effect=0.2, reference=0.8)


def aged(auc: list[float | None], others: list[float | None]) -> Measurement:
    """Give what `ageing` says in the last of some days; accuracy and Brier score have the same p-values."""
    rng = np.random.default_rng(1)
    table = pa.table({"p": rng.random(400), "y": rng.integers(0, 2, 400)})
    layout = layout_of(table, Roles(timestamp="at", scores=("p",), label="y"))
    days = [
        [measured("roc_auc", one), measured("accuracy", other), measured("brier_score", other)]
        for one, other in zip(auc, others, strict=True)
    ]
    last = len(days) - 1
    sight = Sight(
        model="m",
        settings=cast("Model", None),
        window=day(last),
        rows=1000,
        references={WHOLE: profile_table(table, layout, reference=True)},
        current={},
        pairs={},
        history=History(Judgement(day(k), 0, 1000, 1000, matured=True) for k in range(last)),
        memory=Memory((day(k), one) for k in range(last) for one in days[k]),
        found=[found_of(DETECTOR[one.detector], one, Model.model_construct(thresholds={})) for one in days[last]],
    )
    (found,) = ageing(performance_series(sight))
    return found


CALM: list[float | None] = [0.5, 0.6, 0.4, 0.55, 0.45] * 8
FALLEN: list[float | None] = [0.001, 0.002, 0.001, 0.001]


def test_days_without_the_metric_that_fell_do_not_end_what_it_showed() -> None:
    fallen = aged(CALM + FALLEN, CALM + CALM[:4])
    unseen = aged([*CALM, *FALLEN, None, None, None], CALM + CALM[:7])
    assert fallen.p_value is not None
    assert unseen.p_value is not None
    assert fallen.p_value < 1e-4
    assert unseen.p_value < 1e-4


def test_days_in_which_the_metric_is_back_do() -> None:
    back = aged(CALM + FALLEN + CALM, CALM + CALM[:4] + CALM)
    assert back.p_value is not None
    assert back.p_value > 0.1


def test_days_without_the_metric_do_not_begin_a_fall() -> None:
    found = aged([*CALM, *[None] * 20], CALM + CALM[:20])
    assert found.p_value is not None
    assert found.p_value > 0.1


def test_a_day_in_which_none_is_known_is_undefined() -> None:
    assert aged([*CALM, *FALLEN, None], [*CALM, *CALM[:4], None]).value is None
