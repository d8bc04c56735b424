"""From files to messages: a column that leaps while an alert about it stands, to where the reference's values lie."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.types import Notice
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.scene import Told

START, DAY, A_DAY = datetime(2024, 4, 1, tzinfo=UTC), timedelta(days=1), 300
CONFIG = """
database: sqlite:///monitor.db
models:
  demand:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, prediction: sold}
    window: 1d
"""


def weather(seed: int, first: int, levels: Sequence[float], *, celsius: bool = False) -> pa.Table:
    """Give days of rows, with the temperature of each in degrees Fahrenheit, or Celsius."""
    draw = np.random.default_rng(seed)
    n = len(levels) * A_DAY
    at = [START + timedelta(days=first) + i * DAY / A_DAY for i in range(n)]
    temp = np.repeat(np.asarray(levels) + draw.normal(0, 4, len(levels)), A_DAY) + draw.normal(0, 6, n)
    return pa.table(
        {
            "at": pa.array(at),
            "temp": (temp - 32) / 1.8 if celsius else temp,
            "price": draw.normal(10, 2, n),
            "sold": draw.normal(100, 20, n),
        }
    )


def damp(table: pa.Table, seed: int, *, swapped: bool = False) -> pa.Table:
    """Add a dew point below the temperature, and the humidity that follows of both, or swap the first two."""
    draw = np.random.default_rng(seed)
    days = table.num_rows // A_DAY
    temp = table["temp"].to_numpy()
    below = np.repeat(draw.gamma(4, 3, days), A_DAY) + draw.gamma(2, 2, table.num_rows)
    humid = 100 - 2.5 * below + draw.normal(0, 2, table.num_rows)
    values = {"dew": temp, "temp": temp - below} if swapped else {"temp": temp, "dew": temp - below}
    for name, column in {**values, "humid": humid}.items():
        table = table.drop_columns([name]) if name in table.column_names else table
        table = table.append_column(name, pa.array(column))
    return table


def messages(
    folder: Path, logged: Sequence[pa.Table], reference: pa.Table | None = None
) -> tuple[list[Notice], dict[str, str]]:
    """Run the monitor over days of rows, one pass each table; give its messages, and the states of temp's alerts."""
    (folder / "logs").mkdir()
    pq.write_table(WINTER if reference is None else reference, folder / "reference.parquet")
    config, told = load(CONFIG, place="monitor.yaml", environ={}, read=str), Told()
    own = opened(config, root=folder)
    monitor = Monitor(own.database, own.watches, {"team": told})
    try:
        for place, table in enumerate(logged):
            pq.write_table(table, folder / "logs" / f"{place:02}.parquet")
            until = table["at"][-1].as_py() + timedelta(hours=1)
            once(monitor, clock=lambda until=until: until, rng=Random(1))
        with monitor.database.read() as connection:
            rows = alert_rows(connection, model="demand")
    finally:
        own.database.close()
    return told, {row["detector"]: row["state"] for row in rows if row["column"] == "temp"}


WINTER = weather(1, -60, [30 + day / 4 for day in range(60)])
SUMMER = weather(2, 0, [74.0] * 24)


LONG_SUMMER = damp(weather(2, 0, [74.0] * 30), 7)


def test_another_unit_in_the_midst_of_a_drift_is_told_and_ends_none_of_its_alerts(tmp_path: Path) -> None:
    told, states = messages(tmp_path, [SUMMER, weather(3, 24, [74.0] * 6, celsius=True)])
    assert {one.transition for one in told} == {"fired"}
    *_, leap = filter(_of_temp, told)
    assert leap.lines[0].startswith("temp: mean leapt from 7")
    assert "since 2024-04-25 00:00 UTC" in leap.lines[0]
    (reason,) = [line for line in leap.lines if line.startswith("Likely origin")]
    assert reason.startswith("Likely origin: broken data (temp: the values are the usual ones in another unit")
    assert "as degrees Celsius are of Fahrenheit" in reason
    assert states["step_change"] == "firing"
    assert "resolved" not in states.values()


def test_what_leapt_back_is_told_as_that_and_the_drift_goes_on(tmp_path: Path) -> None:
    celsius = weather(3, 24, [74.0] * 4, celsius=True)
    told, states = messages(tmp_path, [SUMMER, celsius, weather(4, 28, [74.0] * 12)])
    assert states.pop("step_change") == "resolved"
    assert "firing" in states.values()
    (over,) = [one for one in told if one.transition == "resolved" and _of_temp(one)]
    assert "is like that of the windows before" in over.lines[0]


def test_what_stays_where_it_leapt_to_becomes_usual(tmp_path: Path) -> None:
    told, states = messages(tmp_path, [SUMMER, weather(3, 24, [74.0] * 34, celsius=True)])
    assert states["step_change"] == "resolved"
    over = [one for one in told if one.transition == "resolved" and "leapt" in one.lines[0]]
    assert [one.lines[0].startswith("temp: mean ") for one in over] == [True]
    assert over[0].lines[-1].startswith("To do: see that it is meant")


def test_two_columns_that_swap_within_a_drift_are_told_by_what_the_others_tell_of_them(tmp_path: Path) -> None:
    swapped = damp(weather(3, 30, [74.0] * 6), 8, swapped=True)
    told, states = messages(tmp_path, [LONG_SUMMER, swapped], damp(WINTER, 6))
    (leap,) = [one for one in told if one.transition == "fired" and "2024-05-01 00:00 UTC" in one.lines[0]]
    assert {line.split(":")[0] for line in leap.lines if "how they went together" in line} >= {"temp", "dew"}
    (line,) = [line for line in leap.lines if line.startswith("temp")]
    assert ", where dew, humid tell 7" in line
    (reason,) = [line for line in leap.lines if line.startswith("Likely origin")]
    assert reason.startswith("Likely origin: broken data (dew and temp look swapped")
    assert states["step_change"] == "firing"


def test_two_columns_that_swap_are_told_as_they_went_together_before_the_alert_that_it_raised(tmp_path: Path) -> None:
    season = 52 + 24 * np.sin(np.arange(120) / 120 * 2 * np.pi)
    reference = damp(weather(1, -120, season.tolist()), 6)
    before, after = damp(weather(2, 0, [64.0] * 12), 7), damp(weather(3, 12, [76.0] * 8), 8, swapped=True)
    told, _ = messages(tmp_path, [before, after], reference)
    first, *_ = [one for one in told if one.transition == "fired" and "dew" in one.title]
    named = [one for one in told if any("dew and temp look swapped" in line for line in one.lines)]
    assert not any("how they went together" in line for line in first.lines)
    assert named
    assert "2024-04-1" in named[0].lines[0]


def test_another_unit_is_told_where_the_mean_alone_tells_nothing(tmp_path: Path) -> None:
    celsius = damp(weather(3, 30, [74.0] * 6), 8)
    place = celsius.column_names.index("temp")
    celsius = celsius.set_column(place, "temp", pa.array((celsius["temp"].to_numpy() - 32) / 1.8))
    told, _ = messages(tmp_path, [LONG_SUMMER, celsius], damp(WINTER, 6))
    (leap,) = [one for one in told if one.transition == "fired" and "2024-05-01 00:00 UTC" in one.lines[0]]
    (reason,) = [line for line in leap.lines if line.startswith("Likely origin")]
    assert reason.startswith("Likely origin: broken data (temp: the values are the usual ones in another unit")
    assert "humid" not in reason.partition("; but")[0]


def test_weather_that_comes_and_goes_is_no_leap(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    swings = np.repeat(draw.normal(0, 7, 30), 2) + np.linspace(60, 85, 60)
    _, states = messages(tmp_path, [weather(6, 0, swings.tolist())])
    assert states
    assert "step_change" not in states


def _of_temp(notice: Notice) -> bool:
    return "temp" in notice.title and notice.kind == "drift.data"
