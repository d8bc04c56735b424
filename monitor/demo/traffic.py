"""The application's logs of early 2013, day by day: who asked for what, what the model said, and what came true.

The model is trained on half of the days of January and February; the other half is the reference. From March 1 on
the flights come as requests, with the seasons, a bad feed and an attack in them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.demo.flights import TIME, load_flights
from monitor.demo.model import FEATURES, NUMBERS, Model, predicted, train

FIRST, LAST = date(2013, 3, 1), date(2013, 6, 30)
CLIENTS = tuple(f"{'app' if rank % 3 else 'agency'}-{rank:02}" for rank in range(1, 41))
LOGGED = ("request_id", "logged_at", "api_key", "model_version", *FEATURES, "p_late", "predicted")

FEED_DAYS, FEED_COLUMN = (date(2013, 5, 14), date(2013, 5, 15)), "temp"

ATTACKER = "app-23"
ATTACK_START, ATTACK_TIME = datetime(2013, 6, 11, 18, tzinfo=UTC), timedelta(hours=12)
VICTIMS, BISECTIONS, STEPS, PROBES = 12, 10, 24, 10  # 12 · (10 + 24 · 10) = 3,000 requests


@dataclass(frozen=True, eq=False)
class Replay:
    """What the application logged, to be given out by day (UTC).

    `reference` has the columns of the predictions and `late` (null for a cancelled flight). `facts` tells what was
    put into the logs, each `what`, `start`, `end` (aware, half-open), `columns`, `client` (or None) and `rows`.
    """

    reference: pa.Table
    days: tuple[date, ...]
    logged: pa.Table
    known: pa.Table
    facts: tuple[dict[str, Any], ...]

    def predictions(self, day: date) -> pa.Table:
        """Give what was asked and predicted on that day, in the order of `logged_at`."""
        return of_day(self.logged, "logged_at", day)

    def labels(self, day: date) -> pa.Table:
        """Give the labels that became known on that day: `request_id`, `late` and `known_at`, the arrival."""
        return of_day(self.known, "known_at", day)


def build(
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
    *,
    first: date = FIRST,
    last: date = LAST,
) -> Replay:
    """Make the replay from `first` to `last`, both included; the same for the same seed.

    A part of the replay holds the rows that the whole has on those days, and the labels of these rows.
    """
    progress("reading the flights of 2013 and their weather")
    flights = load_flights()
    asked = requests(flights, np.random.default_rng([seed, 0]))
    training_days, reference_days = split_days(np.random.default_rng([seed, 1]))
    progress("training on half of the days of January and February")
    model = train(on_dates(flights, training_days))
    progress("predicting the rest")
    reference = predicted(model, on_dates(asked, reference_days))
    replayed = predicted(model, asked.filter(replay_rows(asked, first, last)))
    logged = with_bad_feed(model, replayed.sort_by("logged_at"))
    progress("attacking")
    logged = with_attack(model, logged, np.random.default_rng([seed, 2]))
    known = replayed.filter(replayed["late"].is_valid()).select(["request_id", "late", "known_at"])
    return Replay(
        reference=reference.select([*LOGGED, "late"]).sort_by("logged_at").combine_chunks(),
        days=tuple(first + timedelta(days=day) for day in range((last - first).days + 1)),
        logged=logged.combine_chunks(),
        known=known.sort_by("known_at").combine_chunks(),
        facts=facts_of(logged),
    )


def split_days(rng: np.random.Generator) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Training days and reference days: of each two days in a row one goes here and one there, drawn by lot."""
    days = np.arange("2013-01-01", "2013-03-01", dtype="M8[D]")
    pair = np.arange(days.size) // 2
    training = np.arange(days.size) % 2 == rng.integers(0, 2, pair.max() + 1)[pair]
    return days[training], days[~training]


def requests(flights: pa.Table, rng: np.random.Generator) -> pa.Table:
    """One request a flight, 5 to 30 minutes before it should depart, from one of 40 clients of very unequal size."""
    rows = flights.num_rows
    lead = rng.integers(5 * 60_000_000, 30 * 60_000_000, rows)
    shares = 1 / np.arange(1, len(CLIENTS) + 1)
    client = rng.choice(len(CLIENTS), rows, p=shares / shares.sum())
    return pa.table(
        {
            "request_id": [request_id(key) for key in flights["key"].to_pylist()],
            "logged_at": pc.subtract(flights["scheduled"], pa.array(lead.astype("m8[us]"))),
            "api_key": pa.array(CLIENTS).take(pa.array(client)),
            "model_version": pa.repeat("v1", rows),
            **{name: flights[name] for name in (*FEATURES, "date", "late")},
            "known_at": flights["arrived"],
        }
    )


def with_bad_feed(
    model: Model, rows: pa.Table, days: tuple[date, ...] = FEED_DAYS, column: str = FEED_COLUMN
) -> pa.Table:
    """Set the column to zero on these days (UTC), and the predictions to what the model then says."""
    hit = pc.is_in(pc.cast(rows["logged_at"], pa.date32()), pa.array(days))
    broken = rows.filter(hit)
    zeros = pa.array(np.zeros(broken.num_rows)).cast(rows[column].type)
    broken = predicted(model, broken.set_column(broken.column_names.index(column), column, zeros))
    return pa.concat_tables([rows.filter(pc.invert(hit)), broken.select(rows.column_names)]).sort_by("logged_at")


def with_attack(model: Model, rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Put the requests of one client that feels for the boundary among the rows, of which only what is logged is kept.

    Without rows on the day of the attack nothing is added.
    """
    rows = rows.select(LOGGED)
    seen = of_day(rows.combine_chunks(), "logged_at", ATTACK_START.date())
    seen = seen.filter(pc.less(seen["logged_at"], ATTACK_START)).drop_null()
    if not seen.num_rows:
        return rows
    probes = boundary_walk(model, seen, rng)
    offsets = np.sort(rng.integers(0, ATTACK_TIME // timedelta(microseconds=1), probes.num_rows))
    times = np.datetime64(ATTACK_START.replace(tzinfo=None), "us") + offsets.astype("m8[us]")
    signed = {
        "request_id": pa.array([request_id(f"{ATTACKER} {number}") for number in range(probes.num_rows)]),
        "logged_at": pa.array(times).cast(TIME),
        "api_key": pa.repeat(ATTACKER, probes.num_rows),
    }
    for name, values in signed.items():
        probes = probes.set_column(probes.column_names.index(name), name, values)
    return pa.concat_tables([rows, probes]).sort_by("logged_at")


def boundary_walk(model: Model, seen: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Near-duplicate probes of a few flights, in the order they are sent.

    The numbers of a dozen flights that are said to be on time move, by bisection, towards those of the flights most
    likely to be late until the answer changes; from there small steps at random keep to the boundary by the score.
    """
    seen = seen.sort_by([("p_late", "descending")])
    victims = seen.filter(pc.invert(seen["predicted"])).slice(0, VICTIMS)
    here, there = numbers_of(victims), numbers_of(seen.slice(0, VICTIMS))
    lowest, highest = numbers_of(seen).min(axis=0), numbers_of(seen).max(axis=0)
    scale = 0.05 * numbers_of(seen).std(axis=0)
    asked = []
    for _ in range(BISECTIONS):
        middle = (here + there) / 2
        asked.append(ask(model, victims, middle))
        crossed = asked[-1]["predicted"].to_numpy().astype(bool)[:, None]
        here, there = np.where(crossed, here, middle), np.where(crossed, middle, there)
    copies = victims.take(np.repeat(np.arange(VICTIMS), PROBES))
    for _ in range(STEPS):
        steps = here[:, None, :] + scale * rng.standard_normal((VICTIMS, PROBES, len(NUMBERS)))
        steps = np.clip(steps, lowest, highest)
        asked.append(ask(model, copies, steps.reshape(-1, len(NUMBERS))))
        distance = np.abs(asked[-1]["p_late"].to_numpy() - model.threshold).reshape(VICTIMS, PROBES)
        here = steps[np.arange(VICTIMS), distance.argmin(axis=1)]
    return pa.concat_tables(asked).combine_chunks()


def ask(model: Model, flights: pa.Table, numbers: NDArray[np.float64]) -> pa.Table:
    """Predict the flights with other numbers, written as the application writes them."""
    for name, values in zip(NUMBERS, numbers.T, strict=True):
        whole = pa.types.is_integer(flights[name].type)
        written = pa.array(np.round(values, 0 if whole else 2)).cast(flights[name].type)
        flights = flights.set_column(flights.column_names.index(name), name, written)
    return predicted(model, flights)


def facts_of(logged: pa.Table) -> tuple[dict[str, Any], ...]:
    """Tell what was put into these rows; what falls outside of them is left out."""
    midnight = datetime.combine(FEED_DAYS[0], time(), UTC)
    facts: tuple[dict[str, Any], ...] = (
        {
            "what": "bad feed",
            "start": midnight,
            "end": midnight + timedelta(days=len(FEED_DAYS)),
            "columns": (FEED_COLUMN,),
            "client": None,
        },
        {
            "what": "query attack",
            "start": ATTACK_START,
            "end": ATTACK_START + ATTACK_TIME,
            "columns": NUMBERS,
            "client": ATTACKER,
        },
    )
    counted = ({**fact, "rows": rows_of(logged, fact)} for fact in facts)
    return tuple(fact for fact in counted if fact["rows"])


def rows_of(logged: pa.Table, fact: dict[str, Any]) -> int:
    at = logged["logged_at"]
    hit = pc.and_(pc.greater_equal(at, fact["start"]), pc.less(at, fact["end"]))
    if fact["client"] is not None:
        hit = pc.and_(hit, pc.equal(logged["api_key"], fact["client"]))
    return int(logged.filter(hit).num_rows)


def replay_rows(asked: pa.Table, first: date, last: date) -> pa.Array:
    day = pc.cast(asked["logged_at"], pa.date32())
    within = pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last))
    return pc.and_(within, pc.greater_equal(asked["date"], FIRST))  # the evening of February 28 is March in UTC


def on_dates(rows: pa.Table, dates: NDArray[np.datetime64]) -> pa.Table:
    return rows.filter(pc.is_in(rows["date"], pa.array(dates)))


def of_day(rows: pa.Table, column: str, day: date) -> pa.Table:
    bounds = np.array([day, day + timedelta(days=1)], "M8[us]")
    start, end = np.searchsorted(rows[column].to_numpy(), bounds)
    return rows.slice(start, end - start)


def numbers_of(rows: pa.Table) -> NDArray[np.float64]:
    return np.column_stack([rows[name].to_numpy().astype(float) for name in NUMBERS])


def request_id(key: str) -> str:
    return blake2b(key.encode(), digest_size=8).hexdigest()
