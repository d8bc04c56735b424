"""What it costs to follow queries (rows a second and core, the state at 50,000 clients) and to validate one row."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from figure import Figure

from attacks.logs import batches
from attacks.sentry import Sentry
from monitor.detectors.attack import validate
from monitor.names import with_names
from monitor.sources.push import parse

NUMBERS, TEXTS, CLIENTS = 14, (3, 5, 8, 12, 20, 50), 50_000
WIDE = 38, (3, 5, 8, 12, 20, 50) * 2
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
    yield _guard(rng, asked=200 if quick else 2_000)


def _guard(rng: np.random.Generator, *, asked: int) -> Figure:
    """Validate single rows of fifty columns, from the body of the request on, after 20,000 queries."""
    numbers, texts = WIDE
    reference, queries, alone = (
        _rows(rng, n, clients=1_000, numbers=numbers, texts=texts) for n in (10_000, 20_000, asked)
    )
    sentry = _seen(Sentry.fit(reference), queries)
    inputs = frozenset(name for name in alone.column_names if name.startswith(("number_", "text_")))
    bodies = [json.dumps([row]).encode() for row in alone.select(sorted(inputs)).to_pylist()]
    took = []
    for body in bodies:
        begun = time.perf_counter(), time.process_time()
        rows, _ = parse(body, "application/json")
        validate(sentry.baseline, sentry.state, with_names(rows, sentry.roles), known=inputs)
        took.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    (middle, _), (high, used) = np.percentile(took, [50, 99], axis=0) * 1e3
    told = f"{asked:,} rows of {len(inputs)} columns from the request on; median {middle:.1f} ms, {used:.1f} ms of CPU"
    return Figure("guard: 99th percentile of one row", float(high), "ms", told, at_most=5)


def _seen(sentry: Sentry, rows: pa.Table) -> Sentry:
    for batch in batches(rows, BATCH):
        sentry, _ = sentry.see(batch)
    return sentry


def _rows(
    rng: np.random.Generator, n: int, *, clients: int, numbers: int = NUMBERS, texts: tuple[int, ...] = TEXTS
) -> pa.Table:
    """Make rows of numbers that lie near three dimensions, and of texts with so many values each."""
    latent = rng.normal(0, 1, (n, 3))
    mixing = np.random.default_rng(1).normal(0, 1, (3, numbers))
    values = np.round(latent @ mixing + rng.normal(0, 1, (n, numbers)), 3)
    score = 1 / (1 + np.exp(-latent[:, 0]))
    names = np.array([f"client {i}" for i in range(clients)])
    made: dict[str, pa.Array] = {
        "time": pa.array([START + timedelta(seconds=i) for i in range(n)], pa.timestamp("us", "UTC")),
        "client": pa.array(names[rng.permutation(np.resize(np.arange(clients), n))]),
    }
    made |= {f"number_{i}": pa.array(values[:, i]) for i in range(numbers)}
    for place, kinds in enumerate(texts):
        shares = 1 / np.arange(1, kinds + 1)
        codes = pa.array(rng.choice(kinds, n, p=shares / shares.sum()).astype(np.int32))
        named = pa.array([f"value {i}" for i in range(kinds)])
        made[f"text_{place}_{kinds}"] = pa.DictionaryArray.from_arrays(codes, named).cast(pa.string())
    made |= {"prediction": pa.array((score >= 0.5).astype(int)), "score": pa.array(score)}
    return pa.table(made | {"label": pa.array((rng.random(n) < score).astype(int))})
