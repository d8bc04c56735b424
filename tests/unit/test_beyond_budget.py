"""The doctor lays how often alerts came and went beside the false alarms that are borne."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.commands.weak import beyond_budget
from monitor.config import load
from monitor.config.model import Model
from monitor.store.alerts import Episode
from monitor.store.measurements import Judgement
from monitor.types import Window

MIDNIGHT, DAY = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
JUDGEMENTS = [
    Judgement(Window(MIDNIGHT + n * DAY, MIDNIGHT + (n + 1) * DAY), revision=1, rows=10, labelled=0, matured=True)
    for n in range(60)
]
CONFIG = """
database: sqlite:///monitor.db
models:
  loans: {source: {files: logs.parquet}, columns: {timestamp: at}, window: 1d, false_alarms: 1 per 30d}
"""


def model() -> Model:
    return load(CONFIG, place="monitor.yaml", environ={}, read=str).models["loans"]


def episode(day: int, *, lasts: int | None = 4, kind: str = "drift.data", column: str = "age") -> Episode:
    fired = MIDNIGHT + day * DAY
    return Episode(f"{column}{day}", kind, "", fired, fired + lasts * DAY if lasts else None, column=column)


def told(episodes: list[Episode]) -> list[str]:
    return list(beyond_budget(episodes, JUDGEMENTS, model()))


def test_alerts_that_come_and_go_more_often_than_is_borne_are_noise_by_name() -> None:
    (said,) = told([episode(6 * n, column="age" if n % 3 else "income") for n in range(1, 10)])
    assert said.startswith(
        "9 times in 60 days alerts fired and soon ended, where 2 false alarms are borne: age 6 times"
    )
    assert "income 3 times" in said


@pytest.mark.parametrize(
    "episodes",
    [
        [episode(6 * n) for n in range(1, 5)],
        [episode(6 * n, lasts=None) for n in range(1, 10)],
        [episode(6 * n, lasts=20) for n in range(1, 10)],
        [episode(6 * n, kind="attack.evasion") for n in range(1, 10)],
        [episode(6, column=f"c{n}") for n in range(9)],
        [episode(-6 * n) for n in range(1, 10)],
    ],
    ids=["few", "going on", "long", "clients", "of one window", "of long ago"],
)
def test_what_is_borne_what_lasts_and_what_clients_do_is_none(episodes: list[Episode]) -> None:
    assert told(episodes) == []
