"""How fast and how small the service is, each figure beside its bar: `run.py [--quick] [--data DIR]`.

Both sides of a ratio run here and now, each in processes of its own, on one core and one thread; the smallest of some
repeats counts, in CPU time, which other work on the machine disturbs least; the wall time stands beside it. Prints one
JSON object a figure and a table. Exit code 1 when a bar is missed; with --quick, on less data, bars are only shown.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from figure import Figure, show
from process import Took, make, run, side

MILLION = 1_000_000
DAY_ROWS = 33_333
HOUR_ROWS, HOURS, FEW_HOURS = 100, 500, 30
CONFIG = """\
database: sqlite:///monitor.db
models:
  bench:
    source: {files: records/*.parquet}
    reference: {files: reference.parquet}
    columns: {timestamp: timestamp}
    window: 1d
"""


@dataclass(frozen=True)
class Bench:
    """Where the data lie, and how much of them there is."""

    home: Path
    rows: int
    longer: int
    repeats: int

    @property
    def days(self) -> float:
        """Give the days that the records span: a million rows are thirty days, and as dense at any length."""
        return 30.0 * self.rows / MILLION if self.rows > MILLION else 30.0

    def records(self, times: int = 1) -> Path:
        """Give a file of records, `times` as long."""
        place = self.home / f"records-{self.rows * times}.parquet"
        return make(place, self.rows * times, days=self.days * times, seed=1)

    def reference(self) -> Path:
        """Give the reference: a tenth as many rows, of the thirty days before."""
        return make(
            self.home / f"reference-{self.rows // 10}.parquet", self.rows // 10, first_day=-30, days=29.9, seed=2
        )

    def day(self, number: int) -> Path:
        """Give one day's new records behind those of the longer file."""
        first = self.days * self.longer + number
        rows = DAY_ROWS * self.rows // MILLION
        place = self.home / f"day-{self.rows}-{self.longer}-{number}.parquet"
        return make(place, rows, first_day=first, days=1.0, seed=10 + number)

    def hours(self, first: int, number: int) -> Path:
        """Give the records of so many hours, a hundred each."""
        place = self.home / f"hours-{first}-{number}.parquet"
        return make(place, HOUR_ROWS * number, first_day=first / 24, days=number / 24, seed=100 + first)

    def service(self, name: str, *files: Path, window: str = "1d") -> Path:
        """Give the configuration of a service that has nothing yet, in a folder of its own."""
        folder = self.home / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "records").mkdir(parents=True)
        (folder / "reference.parquet").hardlink_to(self.reference())
        for file in files:
            add(file, folder)
        config = folder / "monitor.yaml"
        config.write_text(CONFIG.replace("window: 1d", f"window: {window}"))
        return config


def add(file: Path, folder: Path) -> None:
    """Put a file where the service of this folder pulls from."""
    (folder / "records" / file.name).hardlink_to(file)


def least(repeats: int, measure: Callable[[], dict[str, float]], *keys: str) -> dict[str, float]:
    """Repeat a measurement and give the smallest of each number."""
    taken = [measure() for _ in range(repeats)]
    return {key: min(one[key] for one in taken) for key in keys or taken[0]}


def against_evidently(bench: Bench) -> Iterator[Figure]:
    """Compare the whole loop, and profiles with detectors alone, with Evidently's preset; and weigh the loop."""
    data = {"records": bench.records(), "reference": bench.reference()}
    loop = least(bench.repeats, lambda: whole(once(bench.service("loop", bench.records()))))
    alone = least(bench.repeats, lambda: side("detectors", **data))
    peer = side("evidently", **data)
    peer_cpu, peer_wall = peer["read"] + peer["run"], peer["read_wall"] + peer["run_wall"]
    yield Figure(
        "the whole loop on SQLite against Evidently",
        peer_cpu / loop["cpu"],
        "× faster",
        at_least=8,
        how=f"{loop['cpu']:.2f} s against {peer_cpu:.1f} s; wall {loop['wall']:.2f} s against {peer_wall:.1f} s "
        f"({peer_wall / loop['wall']:.1f} ×); {loop['memory']:.0f} MB against {peer['memory']:.0f} MB",
    )
    yield Figure(
        "profiles and detectors alone against Evidently",
        peer["run"] / alone["run"],
        "× faster",
        at_least=30,
        how=f"{alone['run']:.2f} s against {peer['run']:.1f} s; wall {alone['run_wall']:.2f} s against "
        f"{peer['run_wall']:.1f} s ({peer['run_wall'] / alone['run_wall']:.1f} ×)",
    )
    yield Figure("peak memory of the whole loop", loop["memory"], "MB", at_most=600, how=f"{bench.rows:,} rows")


def against_a_scan(bench: Bench) -> Iterator[Figure]:
    """Compare profiling a file with a raw scan of it."""
    data = {"records": bench.records(), "reference": bench.reference()}
    ours = least(bench.repeats + 2, lambda: side("profile", **data))
    raw = least(bench.repeats + 2, lambda: side("scan", records=bench.records()))
    yield Figure(
        "profile of the file against a raw scan by DuckDB",
        ours["run"] / raw["run"],
        "× its time",
        at_most=2.5,
        how=f"{ours['run']:.2f} s against {raw['run']:.2f} s; wall {ours['run_wall']:.2f} s against "
        f"{raw['run_wall']:.2f} s",
    )


def against_itself(bench: Bench) -> Iterator[Figure]:
    """Weigh the loop on a longer file, then give that database a day of new rows, and an empty one the same day."""
    full = bench.service("full", bench.records(bench.longer))
    long = once(full)
    yield Figure(
        f"peak memory with the file {bench.longer} × as long",
        long.memory,
        "MB",
        at_most=600,
        how=f"{bench.rows * bench.longer:,} rows in {long.wall:.0f} s",
    )
    filled, empty = [], []
    for number in range(bench.repeats):
        add(bench.day(number), full.parent)
        filled.append(side("passing", config=full))
        other = bench.service("empty")
        side("passing", config=other)
        add(bench.day(number), other.parent)
        empty.append(side("passing", config=other))
    if {one["windows"] for one in filled + empty} != {1}:
        raise RuntimeError(f"one window was to be judged: {filled} {empty}")
    slow, fast = (min(one["run"] for one in side) for side in (filled, empty))
    yield Figure(
        f"a day of new rows in a database of {bench.rows * bench.longer / MILLION:g} M against an empty one",
        slow / fast,
        "× its time",
        at_most=1.3,
        how=f"{slow * 1000:.0f} ms against {fast * 1000:.0f} ms, the process being there already",
    )


def beside_its_past(bench: Bench) -> Iterator[Figure]:
    """Judge new hours of a hundred rows behind many hours, and behind few."""
    services = {
        number: bench.service(f"hours-{number}", bench.hours(HOURS - number, number), window="1h")
        for number in (HOURS, FEW_HOURS)
    }
    for config in services.values():
        side("passing", config=config)
    took: dict[int, list[float]] = {number: [] for number in services}
    for hour in range(HOURS, HOURS + bench.repeats + 1):
        for number, config in services.items():
            add(bench.hours(hour, 1), config.parent)
            took[number].append(side("passing", config=config)["run"])
    slow, fast = (min(seconds) for seconds in took.values())
    yield Figure(
        f"an hour of {HOUR_ROWS} new rows behind {HOURS} judged hours against one behind {FEW_HOURS}",
        slow / fast,
        "× its time",
        at_most=2,
        how=f"{slow * 1000:.0f} ms against {fast * 1000:.0f} ms, the process being there already",
    )


def starting(bench: Bench) -> Iterator[Figure]:
    """Measure what nobody should wait for."""
    asked = {"`import monitor`": ("-c", "import monitor"), "`monitor --help`": ("-m", "monitor", "--help")}
    for what, arguments in asked.items():
        took = least(bench.repeats + 2, lambda given=arguments: whole(run(*given)))
        yield Figure(what, took["cpu"], "s of CPU", at_most=0.5, how=f"wall {took['wall']:.2f} s")


def once(config: Path) -> Took:
    """Run `monitor once`, from the start of its process to its end."""
    return run("-m", "monitor", "once", str(config))


def whole(took: Took) -> dict[str, float]:
    """Give a process's numbers."""
    return {"cpu": took.cpu, "wall": took.wall, "memory": took.memory}


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="on a tenth of the rows, to see that it runs")
    parser.add_argument("--data", type=Path, help="where the made files go, and stay")
    parser.add_argument("--only", choices=[part.__name__ for part in PARTS], help="only this part")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        home = (asked.data or Path(folder)).resolve()
        bench = Bench(home, MILLION // 10, 3, 1) if asked.quick else Bench(home, MILLION, 10, 3)
        parts = [part for part in PARTS if asked.only in (None, part.__name__)]
        met = show(figure for part in parts for figure in part(bench))
    return 0 if asked.quick or met else 1


PARTS = (starting, against_a_scan, against_evidently, against_itself, beside_its_past)

if __name__ == "__main__":
    sys.exit(main())
