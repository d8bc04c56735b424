"""Peers, each in an environment of its own, made on first use: data go there as Parquet, JSON comes back.

A peer's script lies beside this file and is run as `script.py FOLDER`. In the folder are its tables,
`<name>.parquet`, and `options.json`; the last line that it prints is its answer. What it answers is kept neither here
nor there. Nothing of the product is imported in a script, and no peer is imported outside of one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from process import ONE_THREAD

HERE = Path(__file__).parent
NEEDS: dict[str, tuple[str, ...]] = {
    "adversarial-robustness-toolbox": (
        "adversarial-robustness-toolbox",
        "packaging",
        "pandas<3.1",
        "pillow",
        "pyarrow",
    ),
    "alibi-detect": ("alibi-detect", "pyarrow<20"),  # later ones need numpy 2, which it excludes
    "evidently": ("evidently", "pandas<3.1", "pyarrow"),
    "nannyml": ("nannyml", "statsmodels", "pyarrow"),  # it imports statsmodels and does not name it
    "river": ("river", "pandas", "pyarrow"),  # it no longer brings pandas
}
"""What is installed for each; the newest of each other's versions that go together."""

QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(home: Path, peer: str, script: str, *, tables: Mapping[str, Any], options: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Run a script of a peer and give what it answers.

    tables: frames of pandas or tables of Arrow. Raises RuntimeError with the script's last words when it fails.
    """
    python = environment(home, peer)
    with tempfile.TemporaryDirectory(prefix="monitor-peer-") as folder:
        for name, table in tables.items():
            _written(table, Path(folder) / f"{name}.parquet")
        (Path(folder) / "options.json").write_text(json.dumps(dict(options), default=str), encoding="utf-8")
        said = _called([str(python), str(HERE / f"{script}.py"), folder], os.environ | ONE_THREAD | QUIET)
    return json.loads(said.splitlines()[-1])


def environment(home: Path, peer: str) -> Path:
    """Give the Python of a peer's environment, which is made where it is not there or holds something else."""
    folder, wanted = home / peer, "\n".join(NEEDS[peer])
    mark, python = folder / "needs.txt", folder / "bin" / "python"
    if not (python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted):
        print(f"installing {peer} into {folder}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _called([sys.executable, "-m", "venv", str(folder)], os.environ)
        _called([str(python), "-m", "pip", "install", "--quiet", *NEEDS[peer]], os.environ)
        mark.write_text(wanted, encoding="utf-8")
    return python


def versions(home: Path, peer: str) -> str:
    """Name the peer's version with those of numpy and pandas beside it."""
    asked = ["pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = json.loads(_called([str(environment(home, peer)), "-m", *asked], os.environ))
    return ", ".join(f"{one['name']} {one['version']}" for one in listed if one["name"] in (peer, "numpy", "pandas"))


def _called(command: list[str], surroundings: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def _written(table: Any, path: Path) -> None:  # noqa: ANN401  # a frame or a table
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False), path)
