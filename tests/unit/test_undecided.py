"""A clear window does not end an alert whose column leapt, or breaches otherwise."""

from types import SimpleNamespace

import pytest

from monitor.steps.undecided import Undecided
from monitor.store.measurements import Judged
from monitor.types import Measurement


def judged(detector: str, outcome: str, *, column: str = "age", kind: str = "drift.data", segment: str = "") -> Judged:
    return Judged(Measurement(detector, 1.0, column=column, segment=segment), kind, 0.01, 0.03, outcome)


def outcome(one: Judged, *others: Judged, standing: str = "") -> str:
    rows = [{"detector": "step_change", "column": "age", "state": standing, "evidence": {}}] if standing else []
    verdict = SimpleNamespace(judged=[one, *others])
    return Undecided.of(verdict, rows).told(one).outcome  # type: ignore[arg-type]


CLEAR = judged("smooth_test", "clear")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (judged("scan_test", "breach"), "insufficient"),
        (judged("scan_test", "clear"), "clear"),
        (judged("scan_test", "breach", column="fare"), "clear"),
        (judged("scan_test", "breach", segment="port=ewr"), "clear"),
        (judged("missing_share", "breach", kind="quality"), "clear"),
    ],
)
def test_drift_is_not_over_while_another_test_of_the_column_finds_it(other: Judged, found: str) -> None:
    assert outcome(CLEAR, other) == found


def test_faults_of_a_columns_quality_end_each_by_itself() -> None:
    one = judged("missing_share", "clear", kind="quality")
    assert outcome(one, judged("unseen_share", "breach", kind="quality")) == "clear"


def test_performance_ends_metric_by_metric() -> None:
    one = judged("roc_auc", "clear", column="", kind="performance.realised")
    assert outcome(one, judged("accuracy", "breach", column="", kind="performance.realised")) == "clear"


@pytest.mark.parametrize(
    ("standing", "found"), [("firing", "insufficient"), ("recovering", "insufficient"), ("pending", "clear")]
)
@pytest.mark.parametrize("one", [CLEAR, judged("out_of_range_share", "clear", kind="quality")])
def test_where_values_lie_ends_nothing_while_the_column_is_told_to_have_leapt(
    one: Judged, standing: str, found: str
) -> None:
    assert outcome(one, standing=standing) == found
    assert outcome(judged("missing_share", "clear", kind="quality"), standing=standing) == "clear"
    assert outcome(judged("step_change", "clear"), standing=standing) == "clear"


@pytest.mark.parametrize(("rows", "found"), [(120, "clear"), (30, "clear"), (29, "insufficient"), (0, "clear")])
def test_too_few_rows_of_a_group_end_no_alert_that_names_it(rows: int, found: str) -> None:
    name, groups = "label_coverage_difference", [{"value": "web", "rows": 400}, {"value": "sandbox", "rows": rows}]
    pair = {"detector": name, "column": "kind", "state": "firing", "evidence": {"pair": ["sandbox", "web"]}}
    one = Measurement(name, 0.02, column="kind", evidence={"groups": groups})
    verdict = SimpleNamespace(judged=[])
    told = Undecided.of(verdict, [pair]).told(Judged(one, "bias.selection", 0.01, 0.05, "clear"))  # type: ignore[arg-type]
    assert told.outcome == found
