"""How many honest clients of a small model are accused in a month, beside references of few rows.

Thirty clients of unequal size send 700 rows a day. Each has a part of the population that it comes from more often; how
much so is the spread of the log odds, in deviations of the population's main components. In "shops" a client is a shop
of 150 with its own goods, towns and prices.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import log

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from figure import Figure

from attacks.logs import Logs
from attacks.sentry import Sentry
from monitor.detectors.attack.sighting import ALPHA, Sighting
from monitor.detectors.attack.tracking import track
from monitor.detectors.suspicion.suspects import compare

CLIENTS, SHOPS, A_DAY, DAYS, MONTHS = 30, 150, 700, 30, 4
REFERENCES, SPREADS, COMPONENTS = (300, 1_000, 4_000), (0.0, 1.0, 2.0), 5
START, DAY = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
NOT_ROWS = ("time", "client", "label", "truth_target", "truth_crafted", "truth_kind")


def figures(all_logs: list[Logs], *, quick: bool) -> Iterator[Figure]:
    """Count who of the honest is accused in a month; references name no client, unless it is said."""
    months = range(1 if quick else MONTHS)
    for spread in SPREADS:
        found = [
            _accused(_rows(logs, rows, spread, seed), rows, seed=seed)
            for logs in all_logs
            for rows in REFERENCES
            for seed in months
        ]
        yield _figure(f"clients apart by {spread:g}", found, at_most=None if spread > 1 else 0.02)
    for named in (False, True):
        for rows in (*REFERENCES, 20_000):
            found = [_accused(shops(rows + A_DAY * DAYS, seed), rows, seed=seed, named=named) for seed in months]
            who = "that names them" if named else "that names nobody"
            yield _figure(f"150 shops beside {rows:,} rows {who}", found, at_most=0.02)


def _figure(what: str, found: list[set[str]], *, at_most: float | None) -> Figure:
    value = sum(map(len, found)) / len(found)
    return Figure(f"small: {what}", value, "clients a month", f"{len(found)} months", at_most=at_most)


def _accused(rows: pa.Table, reference: int, *, seed: int, named: bool = False) -> set[str]:
    """Follow a month day by day, as the service judges it; name who is suspected of anything."""
    beside = rows.slice(0, reference).append_column("time", _times(reference, DAY * 59 / reference))
    sentry = Sentry.fit(beside if named else beside.drop_columns(["client"]), seed=seed)
    traffic = rows.slice(reference).append_column("time", _times(A_DAY * DAYS, DAY / A_DAY))
    state, accused = sentry.state, set[str]()
    for day in range(DAYS):
        state, seen = track(sentry.baseline, state, traffic.slice(day * A_DAY, A_DAY), sentry.roles, length=DAY)
        accused |= suspected(seen)
    return accused


def suspected(seen: list[Sighting]) -> set[str]:
    """Name the segments of the clients that are suspected of anything."""
    return {one.segment for one in compare(seen, alpha=ALPHA) if one.segment and one.value >= log(1 / ALPHA)}


def _times(rows: int, step: timedelta) -> pa.Array:
    return pa.array([START + step * i for i in range(rows)], pa.timestamp("us", "UTC"))


def _rows(logs: Logs, reference: int, spread: float, seed: int) -> pa.Table:
    """Draw honest rows of a world, and deal them to clients by where they lie."""
    rng = np.random.default_rng([seed, int(10 * spread)])
    known = logs.table("benign")
    known = known.filter(pc.is_in(known["truth_kind"], pa.array(["ordinary", "skewed"])))
    rows = known.drop_columns([name for name in NOT_ROWS if name in known.column_names])
    rows = rows.take(pa.array(rng.permutation(rows.num_rows)[: reference + A_DAY * DAYS]))
    components = _components(rows)
    size = 1 / np.arange(1, CLIENTS + 1) ** 0.9
    likes = spread * rng.normal(size=(CLIENTS, components.shape[1]))
    odds = np.log(size) + components @ likes.T - (likes**2).sum(axis=1) / 2
    client = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)
    return rows.append_column("client", pa.array(np.char.add("client ", client.astype(str))))


def _components(rows: pa.Table) -> np.ndarray:
    """Give the main components of ranks and of the most frequent categories, each with a deviation of 1."""
    columns = []
    for held in rows.columns:
        if pa.types.is_integer(held.type) or pa.types.is_floating(held.type):
            columns.append(np.argsort(np.argsort(held.to_numpy())) / len(held) * np.sqrt(12))
        else:
            counted = held.value_counts().to_pylist()
            often = sorted(counted, key=lambda one: -one["counts"])[:8]
            columns += [pc.equal(held, one["values"]).to_numpy().astype(float) for one in often]
    scaled = np.column_stack(columns)
    left, _, _ = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    return left[:, :COMPONENTS] * np.sqrt(len(scaled))


def shops(rows: int, seed: int) -> pa.Table:
    """Give payments in shops, the first of which have the most; one in thirty is a fraud, by its shop more or less."""
    rng, of_shops = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    part = 1 / np.arange(1, SHOPS + 1) ** 1.1
    shop = rng.choice(SHOPS, rows, p=part / part.sum())
    goods, towns = of_shops.integers(0, 300, (SHOPS, 6)), of_shops.integers(0, 60, SHOPS)
    fraud = rng.random(rows) < 0.03 * np.exp(of_shops.normal(0, 0.5, SHOPS))[shop]
    amount = np.exp(3.3 + of_shops.normal(0, 0.5, SHOPS)[shop] + rng.normal(0, 0.9, rows) + 0.9 * fraud)
    away = rng.random(rows) < np.where(fraud, 0.5, 0.1)
    distance = np.exp(np.where(fraud, 4.0, 1.8) + rng.normal(0, 1.4, rows))
    recent = rng.poisson(np.where(fraud, 4.0, 1.2))
    logit = 0.8 * np.log(amount) + 0.5 * np.log(distance) + 0.6 * recent + 1.5 * away - 9.0
    score = np.round(1 / (1 + np.exp(-logit)), 6)
    mail = 1 / np.arange(1, 401) ** 1.2
    return pa.table(
        {
            "amount": np.round(amount, 2),
            "distance": np.round(distance, 1),
            "recent": recent.astype(float),
            "card_age": np.floor(rng.gamma(1.5, 300, rows) * np.where(fraud, 0.4, 1)),
            "usual": np.where(rng.random(rows) < 0.08, np.nan, np.round(np.exp(3.3 + 0.6 * rng.normal(size=rows)), 2)),
            "good": np.char.add("good ", goods[shop, rng.integers(0, 6, rows)].astype(str)),
            "town": np.char.add("town ", np.where(away, rng.integers(0, 60, rows), towns[shop]).astype(str)),
            "mail": np.char.add("mail ", rng.choice(400, rows, p=mail / mail.sum()).astype(str)),
            "system": rng.choice(["ios", "android", "windows", "mac", "linux"], rows, p=[0.35, 0.4, 0.15, 0.07, 0.03]),
            "score": score,
            "prediction": (score > 0.2).astype(int),
            "client": np.char.add("shop ", shop.astype(str)),
        }
    )
