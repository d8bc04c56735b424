"""What the statistics are worth, each figure beside its target: `quality.py [--quick] [--data DIR] [--only NAME]`.

Runs the modules of `tests/benchmarks/quality/`, each of which has `figures(bench)`. Peers run in environments of their
own, made on first use below --home and kept there. Prints one JSON object a figure and a table. Exit code 1 when a
target is missed; with --quick, on less data, targets are only shown.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from figure import Figure, show
from process import ONE_THREAD

os.environ |= ONE_THREAD
HERE = Path(__file__).parent / "quality"


def figures(names: list[str], bench: object) -> Iterator[Figure]:
    """Give the figures of some modules; one that fails is shown as such, and the others go on."""
    for name in names:
        begun = time.perf_counter()
        try:
            yield from import_module(f"quality.{name}").figures(bench)
        except Exception as error:  # noqa: BLE001  # the others go on
            traceback.print_exc()
            yield Figure(f"{name} ran to its end", 0.0, "", f"{type(error).__name__}: {error}", at_least=1)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    """Measure everything and print it."""
    names = sorted(module.name for module in iter_modules([str(HERE)]))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="on much less data, to see that it runs")
    parser.add_argument("--data", type=Path, help="the folder of the data sets; figures that need one are else skipped")
    parser.add_argument("--only", action="append", choices=names, help="only this module; may be repeated")
    home = Path.home() / ".cache" / "monitor-bench"
    parser.add_argument("--home", type=Path, default=home, help="where the peers' environments are (%(default)s)")
    asked = parser.parse_args()
    from quality import Bench

    bench = Bench(asked.quick, asked.data and asked.data.resolve(), asked.home.resolve())
    met = show(figures(asked.only or names, bench))
    return 0 if asked.quick or met else 1


if __name__ == "__main__":
    sys.exit(main())
