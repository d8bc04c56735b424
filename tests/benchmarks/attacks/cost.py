"""What it costs to follow queries: rows a second and core at twenty columns, and the state at 50,000 clients."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from figure import Figure

from attacks.logs import batches
from attacks.sentry import Sentry

NUMBERS, TEXTS, CLIENTS = 14, (3, 5, 8, 12, 20, 50), 50_000
START = datetime(2025, 3, 3, tzinfo=UTC)
BATCH = 65_536


def figures(*, quick: bool) -> Iterator[Figure]:
    """Follow made rows and give the speed of the second half, when the state has filled."""
    rng = np.random.default_rng(7)
    size = 60_000 if quick else 400_000
    sentry = Sentry.fit(_rows(rng, 20_000, clients=5_000))
    warm, rows = _rows(rng, size // 2, clients=CLIENTS), _rows(rng, size // 2, clients=CLIENTS)
    sentry = _seen(sentry, warm)
    begun = time.process_time()
    sentry = _seen(sentry, rows)
    speed = rows.num_rows / (time.process_time() - begun)
    told = f"{rows.num_rows:,} rows in batches of {BATCH:,}, CPU time"
    yield Figure("cost: rows followed at 20 columns", speed, "rows a second and core", told, at_least=40_000)
    held = sum(array.nbytes for array in sentry.state.arrays().values()) / 1e6
    yield Figure("cost: state at 50,000 clients", held, "MB", "the arrays, not compressed", at_most=64)


def _seen(sentry: Sentry, rows: pa.Table) -> Sentry:
    for batch in batches(rows, BATCH):
        sentry, _ = sentry.see(batch)
    return sentry


def _rows(rng: np.random.Generator, n: int, *, clients: int) -> pa.Table:
    latent = rng.normal(0, 1, (n, 3))
    mixing = np.random.default_rng(1).normal(0, 1, (3, NUMBERS))
    numbers = np.round(latent @ mixing + rng.normal(0, 1, (n, NUMBERS)), 3)
    score = 1 / (1 + np.exp(-latent[:, 0]))
    names = np.array([f"client {i}" for i in range(clients)])
    made: dict[str, pa.Array] = {
        "time": pa.array([START + timedelta(seconds=i) for i in range(n)], pa.timestamp("us", "UTC")),
        "client": pa.array(names[rng.permutation(np.resize(np.arange(clients), n))]),
    }
    made |= {f"number_{i}": pa.array(numbers[:, i]) for i in range(NUMBERS)}
    for values in TEXTS:
        shares = 1 / np.arange(1, values + 1)
        codes = pa.array(rng.choice(values, n, p=shares / shares.sum()).astype(np.int32))
        texts = pa.array([f"value {i}" for i in range(values)])
        made[f"text_{values}"] = pa.DictionaryArray.from_arrays(codes, texts).cast(pa.string())
    made |= {"prediction": pa.array((score >= 0.5).astype(int)), "score": pa.array(score)}
    return pa.table(made | {"label": pa.array((rng.random(n) < score).astype(int))})
