"""After how many queries each attack raises its first alarm: alone, from twenty clients, and without client ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from figure import Figure

from attacks.logs import Logs, batches, between
from attacks.sentry import Sentry, about_all

BURN_IN = 20_000
"""Honest rows that are seen before any attack begins."""
SYBILS, TOGETHER = 20, ("hopskipjump", "boundary", "nes")
TRAFFIC, ANONYMOUS = 0.05, (*TOGETHER, "uniform")

TABLE: dict[str, dict[str, float | None]] = {
    "hopskipjump": {"car_loan": 19, "power": 19, "digits": 19},
    "boundary": {"car_loan": 14, "power": 14, "digits": 12},
    "nes": {"car_loan": 14, "power": 64, "digits": 16},
    "simba": {"car_loan": 16, "power": 17, "digits": 11},
    "zoo": {"car_loan": 18, "power": 13, "digits": None},
    "square": {"digits": 111},
    "greedy": {"census": 66},
    "uniform": {"car_loan": 13, "power": 6, "digits": 5, "census": 5},
    "marginals": {"car_loan": 140, "power": 57, "digits": 5, "census": 31},
    "jbda": {"car_loan": 283, "power": 61, "digits": 107, "census": 78},
    "active-synthetic": {"car_loan": 108, "power": 184, "digits": 55, "census": 89},
    "active-real": {"car_loan": 479, "power": 627, "digits": None, "census": 641},
    "knockoff-other": {"car_loan": None, "power": None, "digits": 13, "census": 182},
    "knockoff-real": {"car_loan": None, "power": None, "digits": None, "census": None},
    "line-search": {"car_loan": 48, "power": 67, "digits": 825, "census": 652},
    "membership": {"car_loan": 13, "power": 102, "digits": 10, "census": 115},
    "fgsm-0.05": {"car_loan": None, "power": None, "digits": 137, "census": None},
    "pgd-0.05": {"car_loan": None, "power": None, "digits": 121, "census": None},
    "fgsm-0.1": {"car_loan": None, "power": 10, "digits": 101, "census": None},
    "pgd-0.1": {"car_loan": None, "power": 10, "digits": 52, "census": None},
    "fgsm-0.2": {"car_loan": 167, "power": 5, "digits": 10, "census": None},
    "pgd-0.2": {"car_loan": 117, "power": 5, "digits": 8, "census": None},
}
"""Median delays of an earlier trial, seen while its design was tuned; None: mostly missed. Housing stands for power."""
WANTED = {("simba", "car_loan"), ("line-search", "digits"), ("active-real", ""), ("knockoff-other", "")}
"""Misses that a log can show: to be found within 300 queries; "" is every world."""


@dataclass(frozen=True)
class Delay:
    """An attack's delays, one a run: crafted rows up to the first alarm, infinite where none was raised."""

    world: str
    attack: str
    runs: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def median(self) -> float:
        """Give the middle run's."""
        return float(median(self.runs))


def figures(logs: Logs, sentry: Sentry) -> Iterator[Figure]:
    """Measure every attack of a world, then sybils and anonymous ones. sentry: fitted and past its burn-in."""
    benign = logs.table("benign").slice(BURN_IN)
    found = [_delay(logs, attack, sentry, benign) for attack in logs.attacks]
    for delay in found:
        before, most = TABLE.get(delay.attack, {}).get(delay.world), _most(delay.attack, delay.world)
        how = f"before {'missed' if before is None else f'{before:g}'}; runs {_runs(delay.runs)}; {_top(delay.names)}"
        yield Figure(f"{delay.world}: {delay.attack}", delay.median, "queries", how, at_most=most)
    yield from _better(logs.name, found)
    for attack in TOGETHER:
        if attack in logs.attacks:
            yield _sybils(logs, attack, sentry, benign)
    for attack in ANONYMOUS:
        if attack in logs.attacks:
            yield _anonymous(logs, attack, benign)


def _most(attack: str, world: str) -> float | None:
    before = TABLE.get(attack, {}).get(world)
    wanted = 300.0 if {(attack, world), (attack, "")} & WANTED else None
    return before if wanted is None else min(wanted, before or wanted)


def _better(world: str, found: list[Delay]) -> Iterator[Figure]:
    beside = [(delay.median, TABLE[delay.attack].get(world)) for delay in found if delay.attack in TABLE]
    both = [(now, np.inf if before is None else before) for now, before in beside]
    either = [(now, before) for now, before in both if np.isfinite(now) or np.isfinite(before)]
    share = sum(now < before for now, before in either) / max(1, len(either))
    yield Figure(f"{world}: attacks found earlier than before", share, "of attacks", f"{len(either)}", at_least=1 / 3)
    worse = sum(now > before for now, before in either)
    yield Figure(f"{world}: attacks found later than before", worse, "attacks", f"of {len(either)}", at_most=0)


def _delay(logs: Logs, attack: str, sentry: Sentry, benign: pa.Table) -> Delay:
    runs, names = [], []
    for run in logs.runs(attack):
        queries, detector = first_alarm(sentry, _together(benign, run), of=set(run["client"].unique().to_pylist()))
        runs.append(queries)
        names += [detector] if detector else []
    return Delay(logs.name, attack, tuple(runs), tuple(names))


def _together(benign: pa.Table, run: pa.Table) -> pa.Table:
    """Let an attack begin with the first of these honest rows, and end the stream with it."""
    late = pc.subtract(pc.min(run["time"]), pc.min(benign["time"]))
    run = run.set_column(0, "time", pc.subtract(run["time"], late))
    benign = benign.filter(pc.less_equal(benign["time"], pc.max(run["time"])))
    return between(benign, run)


def first_alarm(sentry: Sentry, rows: pa.Table, *, of: set[str] | None) -> tuple[float, str]:
    """Count crafted rows up to the first alarm about these clients, or about all rows where none are given.

    Infinite where there is none; beside it the detector.
    """
    found = sentry.first(rows, wanted=lambda one: about_all(one) if of is None else one.client in of)
    if found is None:
        return float("inf"), ""
    row, sighting = found
    asked = pc.sum(rows["truth_crafted"].slice(0, row + 1).cast(pa.int64())).as_py()
    if not asked:  # a false alarm before the attack has begun finds nothing
        return float("inf"), f"false alarm: {sighting.detector}"
    return float(asked), sighting.detector


def _sybils(logs: Logs, attack: str, sentry: Sentry, benign: pa.Table) -> Figure:
    runs = []
    for run in logs.runs(attack):
        names = pa.array([f"x{i % SYBILS:03}" for i in range(run.num_rows)])
        many = run.set_column(1, "client", names.cast(run["client"].type))
        runs.append(first_alarm(sentry, _together(benign, many), of=None)[0])
    what = f"{logs.name}: {attack} from {SYBILS} clients in turn, all queries to the first alarm"
    return Figure(what, float(median(runs)), "queries", f"runs {_runs(runs)}", at_most=150)


def _anonymous(logs: Logs, attack: str, benign: pa.Table) -> Figure:
    """Give the rows of an attack to its alarm where no row names a client and one in twenty is the attack's."""
    sentry = settled(logs, anonymous=True)
    every = round(1 / TRAFFIC) - 1
    runs = []
    for run in logs.runs(attack):
        honest = benign.slice(0, every * run.num_rows)
        rows = between(honest, run, every=every)
        # each attack row comes when the honest one before it does
        at = np.minimum(np.arange(rows.num_rows) * every // (every + 1), honest.num_rows - 1)
        rows = rows.set_column(rows.column_names.index("time"), "time", honest["time"].take(pa.array(at)))
        runs.append(first_alarm(sentry, rows, of=None)[0])
    what = f"{logs.name}: {attack} at {TRAFFIC:.0%} of the traffic without client ids"
    return Figure(what, float(median(runs)), "attack rows", f"runs {_runs(runs)}", at_most=200)


def settled(logs: Logs, *, anonymous: bool = False) -> Sentry:
    """Fit a sentry to a world's reference and let it see the burn-in."""
    sentry = Sentry.fit(logs.table("reference"), anonymous=anonymous)
    for batch in batches(logs.table("benign").slice(0, BURN_IN)):
        sentry, _ = sentry.see(batch)
    return sentry


def _runs(runs: "list[float] | tuple[float, ...]") -> str:
    return " ".join("miss" if np.isinf(run) else f"{run:g}" for run in runs)


def _top(names: tuple[str, ...]) -> str:
    return max(set(names), key=names.count) if names else "no detector"
