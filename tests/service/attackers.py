"""Loans that honest clients ask for, and a client among them who feels for the boundary of one answer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ATTACKER = "mallory"
CONFIG = """
database: {database}
models:
  loans:
    source: {{files: "logs/*.parquet"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, client: key, prediction: granted, scores: p}}
    window: 1h
    {more}
receivers:
  file: {{log: alerts.jsonl}}
"""


def loans(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Give applications; each honest client's are its own."""
    return {
        "income": np.round(rng.lognormal(10, 0.5, rows), 2),
        "amount": np.round(rng.lognormal(9, 0.7, rows), 2),
        "age": rng.integers(18, 80, rows).astype(float),
        "debt": np.round(rng.gamma(2, 1500, rows), 2),
        "home": rng.choice(["rent", "own", "family"], rows, p=[0.5, 0.4, 0.1]),
    }


def answered(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give what the model says of applications."""
    logit = 2 * np.log(columns["income"] / columns["amount"]) + (columns["age"] - 45) / 20 - columns["debt"] / 3000
    p = 1 / (1 + np.exp(-logit + 1))
    return columns | {"p": p, "granted": p >= 0.5}


def walk(rng: np.random.Generator, queries: int) -> dict[str, np.ndarray]:
    """Give small steps at random about a row that is barely refused, as HopSkipJump and boundary attacks take them."""
    found = answered(loans(rng, 4_000))
    place = int(np.argmin(np.abs(found["p"] - 0.498)))
    near = {name: np.repeat(values[place], queries) for name, values in found.items() if name not in ("p", "granted")}
    for name in ("income", "amount", "debt"):
        near[name] = near[name] * (1 + 0.01 * rng.standard_normal(queries))
    return near


def table(columns: dict[str, np.ndarray], at: np.ndarray, keys: np.ndarray, ids: list[str]) -> pa.Table:
    """Give records."""
    times = np.datetime64(START.replace(tzinfo=None), "us") + (at * 3.6e9).astype("m8[us]")
    named = {"id": ids, "at": pa.array(times).cast(pa.timestamp("us", "UTC")), "key": keys.tolist()}
    return pa.table(named | {name: pa.array(values.tolist()) for name, values in answered(columns).items()})


def honest(rng: np.random.Generator, *, hours: int, rows: int, begin: int = 0) -> pa.Table:
    """Give what forty clients ask for in an hour each, in order."""
    count = hours * rows
    keys = np.array([f"client-{k}" for k in rng.integers(0, 40, count)])
    at = begin + np.sort(rng.random(count) * hours)
    return table(loans(rng, count), at, keys, [f"h{begin}-{i}" for i in range(count)])


def attack(rng: np.random.Generator, *, begin: float, queries: int) -> pa.Table:
    """Give what the attacker asks for within half an hour."""
    at = begin + np.sort(rng.random(queries) * 0.5)
    return table(walk(rng, queries), at, np.repeat(ATTACKER, queries), [f"m{i}" for i in range(queries)])


def home(folder: Path, *, more: str = "", database: str = "sqlite:///monitor.db", queries: int = 120) -> Path:
    """Write a reference, six hours of records with an attack in the third, and a configuration."""
    rng = np.random.default_rng(5)
    (folder / "logs").mkdir(parents=True)
    pq.write_table(honest(rng, hours=10, rows=200, begin=-400), folder / "reference.parquet")
    quiet = honest(rng, hours=6, rows=200)
    records = pa.concat_tables([quiet, attack(rng, begin=2.2, queries=queries)]) if queries else quiet
    pq.write_table(records.sort_by("at"), folder / "logs" / "first.parquet")
    (folder / "monitor.yaml").write_text(CONFIG.format(database=database, more=more))
    return folder / "monitor.yaml"
