"""What the product finds of attacks, beside its targets: `attacks.py [--quick] [--data DIR] [--only PART]`.

Real attacks, of which many are IBM's Adversarial Robustness Toolbox's, are run against four models in an environment of
their own on first use; what they asked is kept below --home. The product sees only that log, laid between honest
clients'. Its seeds are others than those that the detectors were built with. Prints one JSON object a figure and a
table. Exit code 1 when a target is missed; with --quick, on less data, targets are only shown.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from figure import Figure, show, skipped
from process import ONE_THREAD

os.environ |= ONE_THREAD
WORLDS = ("car_loan", "digits", "power", "census")
PARTS = ("delays", "honest", "small", "groups", "goers", "passes", "cost", "origins", "poisoning")
Asked = argparse.Namespace


def figures(asked: Asked) -> Iterator[Figure]:
    """Give the figures of the parts that are asked for; one that fails is shown as such, and the others go on."""
    parts: dict[str, Callable[[Asked], Iterator[Figure]]] = {
        "delays": _delays,
        "honest": _honest,
        "small": _small,
        "groups": _groups,
        "goers": _goers,
        "passes": _passes,
        "cost": _cost,
        "origins": _origins,
        "poisoning": _poisoning,
    }
    for name in asked.only or PARTS:
        begun = time.perf_counter()
        try:
            yield from parts[name](asked)
        except Exception as error:  # noqa: BLE001  # the others go on
            traceback.print_exc()
            yield Figure(f"{name} ran to its end", 0.0, "", f"{type(error).__name__}: {error}", at_least=1)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def _delays(asked: Asked) -> Iterator[Figure]:
    from attacks import delays

    for logs in _logs(asked):
        yield from delays.figures(logs, delays.settled(logs))


def _honest(asked: Asked) -> Iterator[Figure]:
    from attacks import honest

    yield from honest.figures(_logs(asked))


def _small(asked: Asked) -> Iterator[Figure]:
    from attacks import small

    yield from small.figures(_logs(asked), quick=asked.quick)


def _groups(asked: Asked) -> Iterator[Figure]:
    from attacks import groups

    yield from groups.figures(_logs(asked), quick=asked.quick)


def _goers(asked: Asked) -> Iterator[Figure]:
    from attacks import goers

    yield from goers.figures(quick=asked.quick)


def _passes(asked: Asked) -> Iterator[Figure]:
    from attacks import passes

    for logs in _logs(asked):
        yield from passes.figures(logs)


def _cost(asked: Asked) -> Iterator[Figure]:
    from attacks import cost

    yield from cost.figures(quick=asked.quick)


def _origins(asked: Asked) -> Iterator[Figure]:
    from attacks import origins

    yield from origins.figures(quick=asked.quick)


def _poisoning(asked: Asked) -> Iterator[Figure]:
    try:
        from attacks import poisoning
    except ImportError:
        yield skipped("poisoning", "there is no such part")
        return
    yield from poisoning.main(asked.data)


def _logs(asked: Asked) -> list[Any]:
    from attacks.logs import made

    worlds = asked.world or WORLDS
    if asked.data is None:  # the images come with scikit-learn
        print(f"without --data only digits of {', '.join(worlds)}", file=sys.stderr)
        worlds = [world for world in worlds if world == "digits"]
    return [
        made(asked.home, asked.home / "attack-logs", asked.data, world=world, quick=asked.quick) for world in worlds
    ]


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="on much less data, to see that it runs")
    parser.add_argument("--data", type=Path, help="the folder of the data sets; worlds that need one are else skipped")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--world", action="append", choices=WORLDS, help="only this world; may be repeated")
    home = Path.home() / ".cache" / "monitor-bench"
    parser.add_argument("--home", type=Path, default=home, help="where environments and logs are kept (%(default)s)")
    asked = parser.parse_args()
    asked.data, asked.home = asked.data and asked.data.resolve(), asked.home.resolve()
    met = show(figures(asked))
    return 0 if asked.quick or met else 1


if __name__ == "__main__":
    sys.exit(main())
