"""The command line as people use it: a process of its own for each command, in a folder.

It is forked from one that has imported everything already, as that takes longer than most commands do.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.cli import main

PLAIN = {"NO_COLOR": "1", "COLUMNS": "200"}

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.imported"])


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int | None
    stdout: str
    stderr: str


def monitor(folder: Path, *words: str, seconds: float = 300, **environment: str) -> Done:
    """Run the command in a folder; the test fails when it takes longer."""
    with TemporaryDirectory() as streams:
        said = [Path(streams) / name for name in ("stdout", "stderr")]
        surroundings = {**os.environ, **PLAIN, **environment}
        process = _PROCESSES.Process(target=_run, args=(folder, words, surroundings, *said))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
        out, err = (path.read_text(encoding="utf-8") if path.exists() else "" for path in said)
        assert process.exitcode is not None
        assert process.exitcode >= 0, f"monitor {' '.join(words)} was killed by {-process.exitcode}: {err}"
        done = Done(process.exitcode, out, err)
        process.close()
        return done


def _run(folder: Path, words: tuple[str, ...], surroundings: Mapping[str, str], *said: Path) -> None:
    os.environ.clear()
    os.environ.update(surroundings)
    os.chdir(folder)
    for stream, path in zip((sys.stdout, sys.stderr), said, strict=True):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = ["monitor", *words]
    main()
