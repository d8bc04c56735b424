"""How many honest clients are accused whose rows go on from one to the next, and how soon a stranger among them is.

Made worlds: a day of vehicles, a fortnight of patients, card holders, shoppers, brokers, nightly batches, and depots
whose vans' parcels share most of what is known of them. Their reference names no client, but for that of one more world
of depots, and ends where the traffic begins.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from figure import Figure

from attacks.logs import batches
from attacks.sentry import Sentry

REFERENCE, ROWS, QUICK, BEGIN = 10_000, 70_000, 25_000, pd.Timestamp("2026-01-01")
TRIES, ASKED, DAYS = 3, 400, 20
DAY = 86_400.0
Rng = np.random.Generator
Frame = pd.DataFrame
REGIONS = list("abcdefghij")


def figures(*, quick: bool) -> Iterator[Figure]:
    """Count who is accused in each world, and after how many queries one who sends uniform rows among vehicles is."""
    for name, (make, by) in WORLDS.items():
        world = _answered(make(np.random.default_rng(7), QUICK if quick else ROWS), by)
        known = len(world) * 4 // 7 if make is depots else REFERENCE
        accused, signs = _accused(world, known, named=name == NAMED)
        clients = world["client"].nunique()
        how = f"{accused} of {clients:,} in {len(world) - known:,} rows: {dict(signs) or 'none'}"
        yield Figure(f"goers: {name} accused", accused / clients, "of clients", how, at_most=0.01)
    found = [_stranger(seed) for seed in range(TRIES)]
    how = f"runs {' '.join(f'{queries:g}' for queries in found)}"
    yield Figure("goers: uniform queries among vehicles", float(np.median(found)), "queries", how, at_most=100)


def _answered(rows: Frame, by: tuple[str, ...]) -> Frame:
    """Put rows in order and let a model answer that looks at some columns."""
    rows = rows.sort_values("time", kind="stable").reset_index(drop=True)
    level = sum((rows[name] - rows[name].mean()) / rows[name].std() for name in by) / len(by)
    score = 1 / (1 + np.exp(1 - 3 * level))
    return rows.assign(score=score, prediction=(score > 0.5).astype(int), label=0)


def _sentry(reference: Frame, *, named: bool = False) -> Sentry:
    held = reference if named else reference.drop(columns="client")
    return Sentry.fit(pa.Table.from_pandas(held, preserve_index=False))


def _accused(world: Frame, known: int, *, named: bool) -> tuple[int, Counter[str]]:
    """Count the clients that are accused, and those by each sign.

    known: so many rows are the reference; named: it names clients.
    """
    sentry, told = _sentry(world[:known], named=named), set[tuple[str, str]]()
    for batch in batches(pa.Table.from_pandas(world[known:], preserve_index=False)):
        sentry, alarms = sentry.see(batch)
        told |= {(one.client, one.detector) for one in alarms if one.client}
    return len({client for client, _ in told}), Counter(sign for _, sign in told)


def _stranger(seed: int) -> float:
    """Count the queries to the first alarm of one who sends uniform rows among vehicles, five seconds apart."""
    rng = np.random.default_rng(seed)
    world, by = vehicles(rng, QUICK), WORLDS["vehicles"][1]
    begun = world["time"].sort_values().iloc[QUICK // 2]
    numbers = list(world.select_dtypes("number"))
    odd = {name: np.round(rng.uniform(world[name].min(), world[name].max(), ASKED), 1) for name in numbers}
    at = begun + pd.to_timedelta(5.0 * np.arange(ASKED), "s")
    rows = Frame({**odd, "make": rng.choice(world["make"], ASKED), "client": "stranger", "time": at})
    both = _answered(pd.concat([world[world["time"] <= at[-1]], rows]), by)
    found = _sentry(both[:REFERENCE]).first(
        pa.Table.from_pandas(both[REFERENCE:], preserve_index=False), wanted=lambda one: one.client == "stranger"
    )
    return float((both["client"][REFERENCE : REFERENCE + found[0] + 1] == "stranger").sum()) if found else float("inf")


def going_on(rng: Rng, rows: int, columns: int, *, keeps: float) -> np.ndarray:
    """Give numbers that go on from row to row, each of variance 1 and so much alike the one before."""
    found = rng.normal(size=(rows, columns))
    for i in range(1, rows):
        found[i] = keeps * found[i - 1] + np.sqrt(1 - keeps**2) * found[i]
    return found


def vehicles(rng: Rng, rows: int, *, many: int = 60) -> Frame:
    """Let each of sixty send a row a minute of how it drives."""
    names = ("speed", "turns", "heat", "volts", "fuel", "brake", "slope", "load")
    of_each = rows // many
    parts = []
    for i in range(many):
        numbers = 10 * going_on(rng, of_each, len(names), keeps=0.9) + 60
        at = BEGIN + pd.to_timedelta(60.0 * np.arange(of_each) + rng.uniform(0, 60), "s")
        part = Frame(np.round(numbers, 1), columns=list(names))
        parts.append(part.assign(make=str(rng.choice(list("abc"))), client=f"vehicle {i}", time=at))
    return pd.concat(parts)


def patients(rng: Rng, rows: int, *, many: int = 300) -> Frame:
    """Let each of three hundred send a row an hour of what is measured at the bed."""
    names, of_each, parts = ("heart", "systolic", "diastolic", "heat", "oxygen", "breath"), rows // many, []
    for i in range(many):
        numbers = 10 * (0.7 * going_on(rng, of_each, len(names), keeps=0.7) + 1.5 * rng.normal(size=len(names))) + 90
        at = BEGIN + pd.to_timedelta(3_600.0 * (np.arange(of_each) + rng.uniform()), "s")
        own = {"age": int(rng.integers(18, 95)), "ward": str(rng.choice(REGIONS)), "client": f"patient {i}"}
        parts.append(Frame(np.round(numbers, 1), columns=list(names)).assign(**own, time=at))
    return pd.concat(parts)


def cards(rng: Rng, rows: int, *, many: int = 2_000) -> Frame:
    """Let two thousand card holders, who stay who they are, pay something now and then."""
    own = Frame(
        {
            "age": rng.integers(18, 85, many),
            "limit": np.round(rng.lognormal(8, 0.5, many), -2),
            "months": rng.integers(0, 240, many),
            "region": rng.choice(REGIONS, many),
            "product": rng.choice(["gold", "standard", "platinum"], many, p=[0.2, 0.7, 0.1]),
            "used": np.round(rng.beta(2, 5, many), 2),
        }
    )
    often = rng.lognormal(0, 1, many)
    who = rng.choice(many, rows, p=often / often.sum())
    return own.iloc[who].assign(
        amount=np.round(rng.lognormal(3.2, 1, rows), 2),
        shop=rng.choice(["food", "fuel", "web", "travel", "cash"], rows),
        hour=rng.integers(0, 24, rows),
        far=np.round(rng.exponential(5, rows), 1),
        client=[f"card {i}" for i in who.tolist()],
        time=BEGIN + pd.to_timedelta(np.sort(rng.uniform(0, DAYS * DAY, rows)), "s"),
    )


def shoppers(rng: Rng, rows: int) -> Frame:
    """Let visits of a shop send what they came to at every click, which only grows."""
    parts, sent = [], 0
    while sent < rows:
        clicks = int(rng.geometric(0.08))
        spent = rng.uniform(size=clicks) * 60 * (rng.random(clicks) < 0.3)
        seconds = np.cumsum(rng.exponential(40, clicks)).astype(int)
        part = Frame(
            {
                "pages": np.arange(1, clicks + 1),
                "basket": np.round(np.cumsum(spent), 2),
                "seconds": seconds,
                "items": np.cumsum(spent > 0),
                "searches": np.cumsum(rng.random(clicks) < 0.2),
            }
        )
        own = {"device": rng.choice(["phone", "desk", "pad"]), "region": rng.choice(REGIONS)}
        at = BEGIN + pd.to_timedelta(rng.uniform(0, DAYS * DAY) + seconds, "s")
        parts.append(part.assign(**{name: str(of) for name, of in own.items()}, client=f"visit {sent}", time=at))
        sent += clicks
    return pd.concat(parts)


def brokers(rng: Rng, rows: int, *, many: int = 200) -> Frame:
    """Let brokers ask for several quotes for each person."""
    parts, sent = [], 0
    while sent < rows:
        quotes = int(rng.choice([1, 3, 5, 9, 12], p=[0.3, 0.25, 0.25, 0.1, 0.1]))
        person: Mapping[str, Any] = {
            "age": int(rng.integers(18, 85)),
            "distance": int(rng.choice([5, 8, 10, 12, 15, 20, 30])),
            "value": float(np.round(rng.lognormal(9.6, 0.5), -2)),
            "region": str(rng.choice(REGIONS)),
            "bonus": int(rng.integers(0, 12)),
            "drivers": int(rng.integers(1, 4)),
            "fuel": str(rng.choice(["petrol", "diesel", "none"])),
        }
        asked = {"excess": rng.choice([0, 150, 300, 500, 1_000], quotes), "cover": rng.choice(list("abc"), quotes)}
        at = BEGIN + pd.to_timedelta(rng.uniform(0, DAYS * DAY) + 20.0 * np.arange(quotes), "s")
        who = f"broker {int(min(rng.exponential(40), many - 1))}"
        parts.append(Frame(asked).assign(**person, client=who, time=at))
        sent += quotes
    return pd.concat(parts)


def nightly(rng: Rng, rows: int, *, many: int = 12) -> Frame:
    """Let each of twelve send its homes every night, sorted."""
    parts, of_each = [], rows // (many * DAYS)
    for night in range(DAYS):
        for i in range(many):
            size = np.round(rng.gamma(4, 20, of_each))
            homes = {
                "region": [f"r{k:02}" for k in rng.integers(0, 30, of_each).tolist()],
                "size": size,
                "price": np.round(size * rng.normal(30, 4, of_each)),
                "rooms": rng.integers(1, 7, of_each),
                "built": rng.integers(1950, 2024, of_each),
                "energy": rng.choice(list("ABCDEFG"), of_each),
            }
            at = BEGIN + pd.to_timedelta(night * DAY + 600 * i + 1.5 * np.arange(of_each), "s")
            parts.append(Frame(homes).sort_values(["region", "size"]).assign(client=f"agency {i}", time=at))
    return pd.concat(parts)


def depots(rng: Rng, rows: int, *, many: int = 40) -> Frame:
    """Let forty depots send the parcels of a van at once, which share its van, driver, hour and weather."""
    part = rng.dirichlet(np.full(many, 1.5))
    parts, sent = [], 0
    while sent < rows:
        depot, parcels = int(rng.choice(many, p=part)), int(np.clip(rng.normal(70, 15), 4, 120))
        stops = np.sort(rng.integers(0, int(0.85 * parcels) + 2, parcels))
        day = int(DAYS * sent / rows)
        own: Mapping[str, Any] = {
            "parcels": parcels,
            "hour": int(rng.choice([6, 7, 8, 9, 10, 13, 14, 15])),
            "van": str(rng.choice(["diesel", "electric", "truck", "bike"], p=[0.5, 0.3, 0.1, 0.1])),
            "rain": float(np.round(max(0.0, 2.5 * (np.sin(1.7 * day) - 0.2 + rng.normal(0, 0.3))), 1)),
            "heat": float(np.round(12 + 4 * np.sin(day / 3) + rng.normal(0, 0.5), 1)),
            "tenure": int(rng.exponential(700)),
        }
        of_each = {
            "stops": stops,
            "distance": np.round((6 + depot % 12) * (0.35 + stops / 90) * np.exp(rng.normal(0, 0.28, parcels)), 2),
            "weight": np.round(np.minimum(rng.lognormal(1, 0.75, parcels), 31.5), 2),
            "service": rng.choice(["standard", "express", "shop"], parcels, p=[0.7, 0.15, 0.15]),
        }
        seconds = day * DAY + 3_600.0 * (own["hour"] + rng.uniform()) + np.cumsum(rng.exponential(0.4, parcels))
        at = BEGIN + pd.to_timedelta(seconds, "s")
        parts.append(Frame(of_each).assign(**own, depot=f"d{depot:02}", client=f"depot {depot}", time=at))
        sent += parcels
    return pd.concat(parts)


NAMED = "depots that the reference names"
WORLDS: Mapping[str, tuple[Callable[[Rng, int], Frame], tuple[str, ...]]] = {
    "vehicles": (vehicles, ("speed", "turns")),
    "patients": (patients, ("heart", "systolic")),
    "card holders": (cards, ("amount", "far")),
    "shoppers": (shoppers, ("basket", "pages")),
    "brokers": (brokers, ("value", "excess")),
    "nightly batches": (nightly, ("price",)),
    "depots": (depots, ("distance", "stops")),
    NAMED: (depots, ("distance", "stops")),
}
