"""Runs a program on one core with one thread, and says what it took.

Only the standard library is imported: a child's peak memory counts from its parent's size at the fork.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "ARROW_IO_THREADS"), "1"
)
UNLIKE_INSTALLED = "PYTHONDONTWRITEBYTECODE"
"""A program that is installed has its bytecode; with this it is compiled at each start."""
_CORE = max(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Took:
    """What a whole process took: CPU and wall seconds, peak memory in MB, and what it printed."""

    cpu: float
    wall: float
    memory: float
    printed: str

    @property
    def said(self) -> Any:  # noqa: ANN401  # what a side prints is its own
        """Read what was printed as JSON."""
        return json.loads(self.printed)


def run(*arguments: str) -> Took:
    """Run Python with these arguments; RuntimeError with its last words when it fails."""
    begun = time.perf_counter()
    child = subprocess.Popen(  # noqa: S603  # our own programs
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={k: v for k, v in os.environ.items() if k != UNLIKE_INSTALLED} | ONE_THREAD | {"DO_NOT_TRACK": "1"},
        preexec_fn=lambda: os.sched_setaffinity(0, {_CORE}),  # noqa: PLW1509  # the runner has no threads
    )
    with child.stdout as pipe:  # type: ignore[union-attr]
        printed = pipe.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}:\n{printed[-3000:]}")
    return Took(used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024, printed)


def side(name: str, **options: object) -> dict[str, float]:
    """Run one side of a comparison and give its seconds, with the peak memory of its process."""
    took = run(str(HERE / "sides.py"), name, json.dumps(options, default=str))
    return json.loads(took.printed.splitlines()[-1]) | {"memory": took.memory}


def make(path: Path, rows: int, *, first_day: float = 0.0, days: float, seed: int) -> Path:
    """Make a file of records unless it is there already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        asked = {"path": str(part), "rows": rows, "first_day": first_day, "days": days, "seed": seed}
        run(str(HERE / "data.py"), json.dumps(asked))
        part.rename(path)
    return path
