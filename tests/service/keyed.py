"""A model in a folder whose records name their client by a key, and the alerts that fired over its log."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.config import load
from monitor.pipeline import once
from monitor.store.alerts import alert_rows
from monitor.wiring import opened

START, DAY = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1)
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, client: key}
    window: 1d
    attacks: off
"""


def fired(
    folder: Path, reference: Mapping[str, Any], log: Mapping[str, Any], *, window: str = "1d"
) -> list[dict[str, Any]]:
    """Judge a log beside a reference in one pass, in windows of a day unless said; give the alerts that fired."""
    (folder / "logs").mkdir()
    pq.write_table(pa.table(reference), folder / "reference.parquet")
    pq.write_table(pa.table(log), folder / "logs" / "log.parquet")
    monitor = opened(
        load(CONFIG.replace("window: 1d", f"window: {window}"), place="monitor.yaml", environ={}, read=str), root=folder
    )
    once(monitor, clock=lambda: START + 90 * DAY, rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(one) for one in alert_rows(connection) if one["fired_at"]]
    monitor.database.close()
    return found
