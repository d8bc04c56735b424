"""Values beyond the usual range are told with the unit in which they may be, and explain no other column."""

import numpy as np
import pyarrow as pa
import pytest

from monitor.alerts.origin import origin_of
from monitor.alerts.symptoms import Symptoms
from monitor.alerts.wording import text_of
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.steps.evidence import _instead
from monitor.steps.reasons import _without
from monitor.types import Measurement, Roles
from tests.unit.test_wording import finding

CELSIUS = np.random.default_rng(1).normal(12, 5, 2_000)


@pytest.mark.parametrize(
    ("values", "share", "unit"),
    [
        (1.8 * CELSIUS + 32, 0.9, "as degrees Fahrenheit are of Celsius"),
        (CELSIUS + 40, 0.9, None),
        # of a few rows the others tell that all is in its unit
        (1.8 * CELSIUS + 32, 0.2, None),
        (np.full(2_000, -1.0), 0.9, None),
    ],
    ids=["another unit", "elsewhere", "few", "one value"],
)
def test_values_beyond_the_range_lie_and_spread_as_in_another_unit(
    values: np.ndarray, share: float, unit: str | None
) -> None:
    reference = pa.table({"temp": CELSIUS})
    layout = layout_of(reference, Roles(timestamp="at"))
    before, after = (profile_table(pa.table({"temp": x}), layout).columns["temp"] for x in (CELSIUS, values))
    found = _instead(Measurement("out_of_range_share", share, column="temp"), before, after)
    assert found.get("unit") == unit


def test_the_unit_is_told_behind_where_the_mean_came_to() -> None:
    change = {"of": "mean", "before": 12.0, "after": 53.6}
    told = finding(
        "out_of_range_share", 0.9, column="temp", evidence={"change": change, "unit": "as feet are of metres"}
    )
    assert ", perhaps as feet are of metres" in text_of(told)


def test_a_column_in_another_unit_is_no_reason_for_another_one() -> None:
    broken = Symptoms(
        units={"temp": "as degrees Fahrenheit are of Celsius"},
        leapt=frozenset({"temp"}),
        moved={"temp": 9.0, "rain": 0.2},
        features=8,
    )
    assert origin_of(broken).name == "data_quality"
    assert origin_of(_without(["temp"], broken)).name == "temporal"
    assert origin_of(_without(["temp"], broken)).speaks_for[0] == "1 of 8 features moved (rain)"


@pytest.mark.parametrize(("widest", "more"), [(0.246, True), (0.14, False)])
def test_the_gap_that_is_told_is_that_of_the_groups_that_surest_moved_apart(widest: float, *, more: bool) -> None:
    groups = [
        {"value": name, "rate": rate, "rows": 400, "positives": 100, "reference": 1.0}
        for name, rate in (("mailgw", 0.269), ("browser", 0.129), ("feed", 0.375))
    ]
    evidence = {"of": "label_coverage", "rows": "rows", "pair": ["mailgw", "browser"], "groups": groups}
    told = text_of(finding("label_coverage_difference", widest, column="kind", unit="share", evidence=evidence))
    assert "; label coverage 26.9 % of mailgw" in told
    assert " 14 %" in told.partition(";")[0]
    assert ("; the widest gap is 24.6 %" in told) == more
