"""What `once` says of messages that wait behind one that could not be sent."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from monitor.commands.passes import once
from tests.service.scene import made

MODEL = """
  {name}:
    source: {{files: "logs/*.parquet"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id}}
    window: 1d
"""
# port 9 discards, and nobody listens on it
CONFIG = 'database: sqlite:///monitor.db\nreceivers: {team: {webhook: "http://127.0.0.1:9/", private: true}}\nmodels:'


def test_all_that_wait_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(made(-30, 30), tmp_path / "reference.parquet")
    pq.write_table(made(0, 6, broken=0.6), tmp_path / "logs" / "a.parquet")
    place = tmp_path / "monitor.yaml"
    place.write_text(CONFIG + "".join(MODEL.format(name=name) for name in ("one", "two", "three")))
    for _ in range(2):
        once(place)
        said = capsys.readouterr().out.splitlines()[-1]
        # the second pass tries none, since a receiver that did not answer is left alone for a while
        assert said == "messages: 0 delivered, 3 to be tried again, 0 given up"
