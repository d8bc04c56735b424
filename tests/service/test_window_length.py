"""A model whose windows become longer or shorter: those of one length are compared, and no others."""

import logging
from datetime import timedelta
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.config import load
from monitor.pipeline import once
from monitor.store.schema import judgement
from monitor.wiring import opened
from tests.service.scene import CONFIG, DAY, START, made


@pytest.mark.parametrize("changed", ["12h", "2d"])
def test_windows_of_another_length_do_not_count_once_it_is_changed(
    tmp_path: Path, changed: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").mkdir()
    pq.write_table(made(-30, 30), tmp_path / "reference.parquet")
    pq.write_table(made(0, 12), tmp_path / "logs" / "a.parquet")

    def lengths(window: str, *, days: int) -> set[timedelta]:
        config = load(CONFIG.replace("1d", window), place="monitor.yaml", environ={}, read=str)
        monitor = opened(config, root=tmp_path)
        once(monitor, clock=lambda: START + days * DAY, rng=Random(1))
        with monitor.database.read() as connection:
            found = connection.execute(select(judgement.c.window_start, judgement.c.window_end)).all()
        monitor.database.close()
        return {end - start for start, end in found}

    with caplog.at_level(logging.WARNING):
        assert lengths("1d", days=12) == {DAY}
        assert not caplog.records
        assert lengths(changed, days=13) == {timedelta(hours=12) if changed == "12h" else 2 * DAY}
    assert "windows of another length" in caplog.text
