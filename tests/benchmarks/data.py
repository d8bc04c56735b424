"""Made data of the benchmarks: sixteen numbers and six texts a row, ordered by time, a Parquet file of any length."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS_OF_A_MILLION = 30
GROUP_ROWS = 131_072
CATEGORIES = (5, 10, 20, 50, 100, 200)
_MICROSECONDS = 86_400_000_000


def write_records(path: Path, rows: int, *, first_day: float, days: float, seed: int) -> None:
    """Write rows spread evenly over `days`, the last one on the very end so that the last day is closed.

    A group of rows is made at a time, so that a file may be longer than memory.
    """
    rng = np.random.default_rng(seed)
    origin = int(START.timestamp()) * 1_000_000
    times = origin + ((first_day + np.linspace(0.0, days, rows)) * _MICROSECONDS).astype(np.int64)
    with pq.ParquetWriter(path, _schema()) as writer:
        for begin in range(0, rows, GROUP_ROWS):
            writer.write_table(_rows(rng, times[begin : begin + GROUP_ROWS]), row_group_size=GROUP_ROWS)


def _schema() -> pa.Schema:
    numbers = [(f"number_{i:02}", pa.float64()) for i in range(16)]
    texts = [(f"text_{n}", pa.string()) for n in CATEGORIES]
    return pa.schema([("timestamp", pa.timestamp("us", "UTC")), *numbers, *texts])


def _rows(rng: np.random.Generator, times: np.ndarray) -> pa.Table:
    n = times.size
    columns = [rng.normal(10.0, 3.0, n) for _ in range(6)]
    columns += [rng.lognormal(1.0, 1.0, n) for _ in range(4)]
    columns += [rng.exponential(20.0, n) for _ in range(2)]
    columns += [rng.integers(0, 60, n).astype(float), rng.poisson(3.0, n).astype(float)]
    columns += [rng.uniform(-1.0, 1.0, n), np.where(rng.random(n) < 0.6, 0.0, rng.gamma(2.0, 50.0, n))]
    # One column wanders with the time of year, as real ones do, so that there is something to alert on.
    columns[0] += np.sin(times / (_MICROSECONDS * 365.25) * 2 * np.pi)
    numbers = [pa.array(np.round(column, 4)) for column in columns]
    for place in (3, 8, 11):
        numbers[place] = pa.array(numbers[place].to_numpy(), mask=rng.random(n) < 0.05)
    texts = [_texts(rng, n, values) for values in CATEGORIES]
    return pa.Table.from_arrays([pa.array(times, pa.timestamp("us", "UTC")), *numbers, *texts], schema=_schema())


def _texts(rng: np.random.Generator, n: int, values: int) -> pa.Array:
    shares = 1.0 / np.arange(1, values + 1)
    codes = rng.choice(values, n, p=shares / shares.sum())
    names = pa.array([f"value {i:03}" for i in range(values)])
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names).cast(pa.string())


def day(number: float) -> datetime:
    """Give the beginning of a day of the made data."""
    return START + timedelta(days=number)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    write_records(Path(asked.pop("path")), **asked)
