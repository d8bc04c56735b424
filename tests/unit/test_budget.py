"""A false-alarm budget that cannot be spent is said to be one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.commands.unspent import unspent
from monitor.config import Model, load
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.profiles.profile import Profile
from monitor.schedule import window_of
from monitor.steps import budget

START, DAY, ROWS = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), 2_000
CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {{files: logs.parquet}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, scores: p}}
    {}
"""


def table() -> pa.Table:
    rng = np.random.default_rng(1)
    at = [START + n * 40 * DAY / ROWS for n in range(ROWS)]
    return pa.table({"at": at, "age": rng.normal(0, 1, ROWS), "debt": rng.normal(0, 1, ROWS), "p": rng.random(ROWS)})


def model(settings: str) -> Model:
    return load(CONFIG.format(settings), place="monitor.yaml", environ={}, read=str).models["loans"]


@pytest.fixture(scope="module")
def reference() -> Profile:
    rows = table()
    return profile_table(rows, layout_of(rows, model("window: 1d").columns), reference=True)


def part(reference: Profile, settings: str, *, rows: float = 50) -> float | None:
    told = model(settings)
    return budget.spendable({"": reference}, told, window=window_of(START, told.window), rows=rows)


@pytest.mark.parametrize(
    ("settings", "all_of_it"),
    [
        ("window: 1d", True),
        ("{window: 1d, false_alarms: 1 per 365d}", True),
        ("{window: 1d, for: 1/1, false_alarms: 1 per 7d}", True),
        ("{window: 1w, false_alarms: 1 per 7d}", False),
        ("{window: 1mo, false_alarms: 1 per 30d}", False),
        ("{window: 1d, for: 3/5, false_alarms: 1 per 7d}", False),
    ],
)
def test_long_windows_and_large_budgets_cannot_spend_it(reference: Profile, settings: str, *, all_of_it: bool) -> None:
    found = part(reference, settings.strip("{}").replace(", ", "\n    "))
    assert found is not None
    assert (found == 1.0) if all_of_it else (0 < found < budget.ENOUGH)


def test_nothing_follows_from_a_budget_where_all_thresholds_are_the_users_own(reference: Profile) -> None:
    kinds = ("drift.data", "drift.prediction", "confidence", "quality", "performance.estimated", "bias.temporal")
    own = ", ".join(f"{kind}: 0.9" for kind in kinds)
    assert part(reference, f"window: 1w\n    false_alarms: 1 per 7d\n    thresholds: {{{own}}}") is None


def test_a_sample_of_the_reference_is_enough_to_say_so() -> None:
    problem, mend = unspent(model("window: 1w\n    false_alarms: 1 per 7d"), table()) or ("", "")
    assert problem.startswith("no threshold is looser than p = 0.05, so that about one false alarm in ")
    assert problem.endswith(" days is asked for, not 1 in 7 days")
    assert "thresholds of your own" in mend
    assert unspent(model("window: 1d"), table()) is None
