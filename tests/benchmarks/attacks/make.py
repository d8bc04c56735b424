"""Make the logs of one world: `python -m attacks.make '{"data": …, "out": …, "world": …, "seeds": [0, 1, 2]}'`.

Runs in an environment of its own. Writes below OUT/WORLD: `reference.parquet`, `training.parquet`, `benign.parquet`
and `<attack>-<seed>.parquet`, each unless it is there already.
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from attacks.clients import benign
from attacks.evasion import GREEDY, ONE_SHOT, QUERIES, SQUARE
from attacks.extraction import EXTRACTION, PROBES
from attacks.victim import Attack, Spent, Victim
from attacks.worlds import WORLDS, World

START = pd.Timestamp("2025-03-03", tz="UTC")
ASKED, MIXED = 1_500, 1_000
RAW = {f"{name}-raw": QUERIES[name] for name in ("hopskipjump", "nes")}
NUMERIC = EXTRACTION | PROBES | QUERIES | ONE_SHOT | RAW
SUITES: dict[str, dict[str, Attack]] = {
    "car_loan": NUMERIC,
    "digits": NUMERIC | SQUARE,
    "power": NUMERIC,
    "census": EXTRACTION | PROBES | GREEDY | ONE_SHOT,
}


def main() -> None:
    """Make what is asked for and print each file with its rows."""
    asked = json.loads(sys.argv[1])
    made = WORLDS[asked["world"]](Path(asked["data"]))
    out = Path(asked["out"]) / made.name
    out.mkdir(parents=True, exist_ok=True)
    _kept(out / "reference.parquet", lambda: _labelled(made, made.reference, made.reference_labels))
    _kept(out / "training.parquet", lambda: _labelled(made, made.training, made.training_labels))
    only = asked.get("only") or list(SUITES[made.name])
    if asked.get("early"):
        _attacks(made, out, only, asked["seeds"][:1])
    clients, rows, seed = asked.get("clients", 960), asked.get("rows", 182_000), asked["seeds"][0]
    if rows:
        _kept(out / "benign.parquet", lambda: honest(made, clients=clients, rows=rows, seed=seed))
    _attacks(made, out, only, asked["seeds"])


def _attacks(made: World, out: Path, only: list[str], seeds: list[int]) -> None:
    for seed in seeds:
        for name in only:
            _kept(out / f"{name}-{seed}.parquet", lambda name=name, seed=seed: attacked(made, name, seed))


def _kept(path: Path, make: object) -> None:
    if path.exists():
        return
    begun = time.perf_counter()
    table = make()
    part = path.with_suffix(".part")
    table.assign(time=table["time"].dt.floor("us").astype("datetime64[us, UTC]")).to_parquet(part, index=False)
    part.rename(path)
    print(f"{path.parent.name}/{path.name}: {len(table)} rows, {time.perf_counter() - begun:.1f} s", flush=True)


def attacked(world: World, name: str, seed: int) -> pd.DataFrame:
    """Run an attack and give its log; its questions come every other second or so, beginning on some day."""
    rng = np.random.default_rng([seed, *name.encode()])
    victim = Victim(world, MIXED if name in ONE_SHOT else ASKED, raw=name.endswith("-raw"))
    with suppress(Spent):
        SUITES[world.name][name](victim, rng)
    rows = victim.log()
    seconds = rng.uniform(86_400, 5 * 86_400) + np.cumsum(rng.exponential(2.0, len(rows)))
    return _dated(rows, seconds, np.full(len(rows), f"x{seed:03}"), np.full(len(rows), name))


def honest(world: World, *, clients: int, rows: int, seed: int) -> pd.DataFrame:
    """Give the log of honest clients, by time."""
    values, seconds, who, kinds = benign(world, clients=clients, rows=rows, seed=seed)
    scores = np.vstack([world.scores(part) for part in np.array_split(values, max(1, len(values) // 20_000))])
    names = np.array([f"c{number:05}" for number in range(clients)])
    table = world.frame(values, scores).assign(target=-1, crafted=False)
    return _dated(table, seconds, names[who], kinds).sort_values("time", ignore_index=True)


def _dated(rows: pd.DataFrame, seconds: np.ndarray, who: np.ndarray, kinds: np.ndarray) -> pd.DataFrame:
    rows = rows.rename(columns={"target": "truth_target", "crafted": "truth_crafted"})
    rows.insert(0, "time", START + pd.to_timedelta(np.round(seconds, 3), unit="s"))
    rows.insert(1, "client", who)
    return rows.assign(truth_kind=kinds)


def _labelled(world: World, rows: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    table = world.frame(rows).assign(label=labels)
    table.insert(0, "time", START - pd.Timedelta(days=30) + pd.to_timedelta(np.linspace(0, 29, len(rows)), unit="D"))
    return table


if __name__ == "__main__":
    main()
