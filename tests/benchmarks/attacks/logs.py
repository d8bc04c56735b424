"""The logs as the product sees them: made where they are missing, and an attack laid between honest rows by time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import peers
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from process import ONE_THREAD

PEER = "adversarial-robustness-toolbox"
WORLDS = ("car_loan", "digits", "power", "census")
TRUTH = ("truth_target", "truth_crafted", "truth_kind")
FROM_SEED, RUNS = 100, 3


@dataclass(frozen=True)
class Logs:
    """One world's logs.

    name: of the world. folder: where its Parquet files are.
    """

    name: str
    folder: Path

    def table(self, name: str) -> pa.Table:
        """Read `reference`, `training`, `benign` or one run of an attack."""
        return pq.read_table(self.folder / f"{name}.parquet")

    def runs(self, attack: str) -> list[pa.Table]:
        """Read all runs of an attack."""
        found = sorted(self.folder.glob(f"{attack}-*.parquet"))
        return [pq.read_table(path) for path in found if path.stem.rpartition("-")[0] == attack]

    @property
    def attacks(self) -> list[str]:
        """Name the attacks that were run."""
        made = {path.stem.rpartition("-")[0] for path in self.folder.glob("*-*.parquet")}
        return sorted(made)


def made(home: Path, out: Path, data: Path | None, *, world: str, quick: bool) -> Logs:
    """Give a world's logs, which are made on first use."""
    seeds = list(range(FROM_SEED, FROM_SEED + (1 if quick else RUNS)))
    size = {"clients": 200, "rows": 30_000} if quick else {"clients": 1_250, "rows": 250_000}
    kept = out / ("quick" if quick else "whole")
    asked = {"data": str(data or ""), "out": str(kept), "world": world, "seeds": seeds} | size
    command = [str(peers.environment(home, PEER)), "-m", "attacks.make", json.dumps(asked)]
    here = Path(__file__).parent.parent
    done = subprocess.run(  # noqa: S603  # ours
        command, cwd=here, env=os.environ | ONE_THREAD | peers.QUIET, stdout=sys.stderr, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the logs of {world} could not be made: {' '.join(command)} ended with {done.returncode}")
    return Logs(world, kept / world)


def between(benign: pa.Table, attack: pa.Table, *, every: int | None = None) -> pa.Table:
    """Lay an attack's rows between honest ones, in its order.

    every: one attack row after so many honest ones, whatever the clock says; else by time.
    """
    attack = widened(attack, benign)
    benign = widened(benign, attack)
    if every is not None:
        places = np.concatenate([np.arange(benign.num_rows), every * (1 + np.arange(attack.num_rows)) - 0.5])
    else:
        places = np.concatenate([pc.cast(part["time"], pa.int64()).to_numpy() for part in (benign, attack)])
    return pa.concat_tables([benign, attack]).take(pa.array(np.argsort(places, kind="stable")))


def widened(rows: pa.Table, other: pa.Table) -> pa.Table:
    """Give rows with whole numbers as floats where the other table has floats."""
    for place, name in enumerate(rows.column_names):
        if pa.types.is_integer(rows[name].type) and pa.types.is_floating(other[name].type):
            rows = rows.set_column(place, name, rows[name].cast(pa.float64()))
    return rows.select(other.column_names)


def batches(rows: pa.Table, size: int = 4_096) -> Iterator[pa.Table]:
    """Give rows in batches, as a service pulls them."""
    for begin in range(0, rows.num_rows, size):
        yield rows.slice(begin, size)
