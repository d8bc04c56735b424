"""Simulated incidents with their true reason: a reference, eight days of a log, and why it differs in the end.

A population of its own: five numbers and three categories that hang together, thirty clients of unequal traffic, each
a little different from the others. The first three days are quiet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

START = datetime(2025, 3, 3, tzinfo=UTC)
DAYS, QUIET, A_DAY, CLIENTS = 8, 3, 1_000, 30
NUMBERS = ("amount", "age", "rate", "distance", "visits")
TEXTS = {"region": ("north", "south", "east", "west", "isles"), "plan": ("free", "basic", "full"), "device": ("a", "b")}
Table = dict[str, np.ndarray]


@dataclass(frozen=True)
class Incident:
    """What happened, the origin that an alert should give, the reference and the log."""

    kind: str
    truth: str
    reference: pa.Table
    log: pa.Table


def incidents(count: int, *, seed: int) -> Iterator[Incident]:
    """Give incidents of every kind in turn, in the proportions of KINDS."""
    whole = sum(share for *_, share in KINDS)
    for kind, truth, happen, share in KINDS:
        for number in range(max(1, round(count * share / whole))):
            rng = np.random.default_rng([seed, number, *kind.encode()])
            reference = _people(rng, 8_000, spread=30.0, begin=-30.0)
            log = _people(rng, DAYS * A_DAY, spread=float(DAYS), begin=0.0)
            yield Incident(kind, truth, _arrow(reference), _arrow(happen(log, rng)))


def _people(rng: np.random.Generator, n: int, *, spread: float, begin: float) -> Table:
    traffic = 1.0 / (np.arange(CLIENTS) + 3.0)
    who = rng.choice(CLIENTS, n, p=traffic / traffic.sum())
    lean = np.random.default_rng(7).normal(0, 0.15, (CLIENTS, 2))[who]
    wealth, youth = rng.normal(0, 1, n) + lean[:, 0], rng.normal(0, 1, n) + lean[:, 1]
    return {
        "day": begin + np.linspace(0.0, spread, n, endpoint=False),
        "client": who,
        "amount": np.round(np.exp(3 + 0.6 * wealth + 0.4 * rng.normal(0, 1, n)), 2),
        "age": np.clip(np.round(45 - 12 * youth + 5 * rng.normal(0, 1, n)), 18, 95),
        "rate": np.round(0.3 + 0.05 * wealth - 0.04 * youth + 0.05 * rng.normal(0, 1, n), 4),
        "distance": np.round(rng.exponential(12, n) * np.exp(0.3 * youth), 1),
        "visits": rng.poisson(np.exp(1 + 0.4 * youth)).astype(float),
        "region": rng.choice(5, n, p=(0.35, 0.25, 0.2, 0.15, 0.05)),
        "plan": np.clip(np.digitize(wealth + 0.5 * rng.normal(0, 1, n), (0.0, 1.0)), 0, 2),
        "device": (youth + rng.normal(0, 1, n) > 0).astype(int),
        "version": np.ones(n),
    }


def _late(rows: Table, *, from_day: float = QUIET) -> np.ndarray:
    return rows["day"] >= from_day


def _drift(rows: Table, rng: np.random.Generator, *, slow: bool) -> Table:
    """Move two or three columns of everybody, at once or as a season does."""
    part = np.clip((rows["day"] - QUIET) / (DAYS - QUIET), 0, 1)
    part = np.sin(part * np.pi / 2) if slow else _late(rows).astype(float)
    for name in rng.choice(NUMBERS[:4], int(rng.integers(2, 4)), replace=False).tolist():
        size = rng.uniform(0.4, 0.9) * (1.4 if slow else 1.0) * rng.choice([-1, 1]) * part
        if name in ("amount", "distance"):  # what cannot be negative grows or shrinks
            rows[name] = np.round(rows[name] * np.exp(0.7 * size), 2 if name == "amount" else 1)
        else:
            rows[name] = np.round(rows[name] + size * rows[name].std(), 0 if name == "age" else 4)
    if rng.random() < 0.5:
        rows["region"] = np.where(rng.random(len(part)) < 0.35 * part, int(rng.integers(5)), rows["region"])
    return rows


def _zeroed(rows: Table, rng: np.random.Generator) -> Table:
    name = str(rng.choice(["amount", "age", "rate", "distance"]))
    rows[name] = np.where(_late(rows), rng.choice([0.0, np.nan]), rows[name])
    return rows


def _unit(rows: Table, rng: np.random.Generator) -> Table:
    name, factor = str(rng.choice(["amount", "age", "rate"])), float(rng.choice([100.0, 1000.0, 12.0]))
    rows[name] = np.where(_late(rows), rows[name] * factor, rows[name])
    return rows


def _broken_client(rows: Table, rng: np.random.Generator) -> Table:
    """One of the larger clients sends nothing, zeros or nonsense in a column."""
    name, value = str(rng.choice(["amount", "age", "rate"])), float(rng.choice([np.nan, np.nan, 0.0, -999.0]))
    who = int(rng.integers(0, 4))
    rows[name] = np.where(_late(rows) & (rows["client"] == who), value, rows[name])
    return rows


def _version(rows: Table, rng: np.random.Generator) -> Table:
    share = rng.choice([0.5, 1.0])
    rows["version"] = np.where(_late(rows) & (rng.random(len(rows["day"])) < share), 2.0, 1.0)
    return rows


def _queries(rows: Table, rng: np.random.Generator, how: str, *, clients: int) -> Table:
    """Let one to three clients send an attack's rows in the place of others', some hundred in all."""
    late = np.flatnonzero(_late(rows, from_day=QUIET + float(rng.integers(0, 2))))
    chosen = np.sort(rng.choice(late, int(rng.integers(400, 1_000)), replace=False))
    step = {"age": 0, "visits": 0, "amount": 2, "rate": 4, "distance": 1}
    source = rng.integers(0, len(rows["day"]), len(chosen))
    base = np.repeat(source[:: int(rng.integers(40, 200))], 250)[: len(chosen)]
    base = np.resize(base, len(chosen))
    for name in NUMBERS:
        values, deviation = rows[name].copy(), rows[name].std()
        if how == "uniform":
            made = rng.uniform(values.min(), np.quantile(values, 0.999), len(chosen))
        elif how == "marginals":
            made = rng.permutation(values)[: len(chosen)]
        else:
            made = values[base] + deviation * {"near": 0.05, "steps": 0.3}[how] * rng.normal(0, 1, len(chosen))
        rows[name][chosen] = np.round(np.clip(made, values.min(), values.max()), step[name])
    for name, texts in TEXTS.items():
        wide = rng.integers(0, len(texts), len(chosen))
        rows[name][chosen] = wide if how == "uniform" else rows[name][source if how == "marginals" else base]
    rows["client"][chosen] = CLIENTS + rng.integers(0, clients, len(chosen))
    return rows


def _attack(rows: Table, rng: np.random.Generator) -> Table:
    how = str(rng.choice(["near", "steps", "uniform", "marginals"]))
    return _queries(rows, rng, how, clients=int(rng.integers(1, 4)))


def _seasonal(rows: Table, rng: np.random.Generator) -> Table:
    return _drift(rows, rng, slow=True)


def _abrupt(rows: Table, rng: np.random.Generator) -> Table:
    return _drift(rows, rng, slow=False)


Happen = Callable[[Table, np.random.Generator], Table]
KINDS: tuple[tuple[str, str, Happen, int], ...] = (
    ("attack", "attack_like", _attack, 50),
    ("seasonal drift", "temporal", _seasonal, 30),
    ("abrupt drift", "temporal", _abrupt, 30),
    ("zeroed column", "data_quality", _zeroed, 25),
    ("unit change", "data_quality", _unit, 25),
    ("broken client", "data_quality", _broken_client, 20),
    ("new version", "model_change", _version, 20),
)


def _arrow(rows: Table) -> pa.Table:
    """Lay rows out as a log; the model knows four columns, and its second version scores otherwise."""
    filled = {name: np.nan_to_num(rows[name]) for name in ("amount", "age", "rate")}
    logit = 0.8 * np.log1p(np.maximum(filled["amount"], 0)) - 0.03 * filled["age"] + 4 * filled["rate"] - 2.2
    logit = np.clip(np.where(rows["version"] == 2, 1.5 * logit + 0.8, logit) + 0.3 * rows["plan"], -30, 30)
    score = 1 / (1 + np.exp(-logit))
    size = len(score)
    made: dict[str, pa.Array] = {
        "at": pa.array([START + timedelta(days=float(day)) for day in rows["day"]], pa.timestamp("us", "UTC")),
        "client": pa.array([f"client {number}" for number in rows["client"]]),
        "version": pa.array([f"v{number:.0f}" for number in rows["version"]]),
    }
    made |= {name: pa.array(rows[name], from_pandas=True) for name in NUMBERS}
    made |= {name: pa.array(np.array(names)[rows[name]]) for name, names in TEXTS.items()}
    made |= {"predicted": pa.array((score >= 0.5).astype(int)), "score": pa.array(score)}
    return pa.table(made | {"label": pa.array((np.random.default_rng(size).random(size) < score).astype(int))})
