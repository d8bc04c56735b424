"""One attack a world through the whole loop: a log in a folder, one pass of the monitor, the alert that it fired."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from figure import Figure

from attacks.logs import TRUTH, Logs, between

ROWS = 20_000
ATTACK = {"census": "greedy"}
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {{files: log.parquet}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: time, client: client, prediction: prediction, scores: {scores}, label: label}}
    window: 6h
"""


def figures(logs: Logs) -> Iterator[Figure]:
    """Say whether an attack among honest rows is told of as one, with its client, and about how many others it was."""
    name = ATTACK.get(logs.name, "hopskipjump")
    honest, run = logs.table("benign").slice(0, ROWS), logs.runs(name)[0]
    run = run.set_column(0, "time", pc.add(pc.subtract(run["time"], pc.min(run["time"])), _late(honest)))
    alerts = attack_alerts(logs, between(honest, run))
    attacker = f"client={run['client'][0].as_py()}"
    about = {alert["segment"] for alert in alerts}
    told = (
        "; ".join(sorted({f"{a['kind']} {a['detector']} {a['segment']} {a['origin']}" for a in alerts})) or "no alert"
    )
    yield Figure(f"{logs.name}: {name} is told by one pass", float(attacker in about), "", told[:300], at_least=1)
    others = len(about - {attacker, ""})
    yield Figure(f"{logs.name}: honest clients told of by one pass", others, "clients", "", at_most=0)


def _late(rows: pa.Table) -> pa.Scalar:
    return pa.scalar(pc.min(rows["time"]).as_py() + 0.8 * (pc.max(rows["time"]).as_py() - pc.min(rows["time"]).as_py()))


def attack_alerts(logs: Logs, rows: pa.Table) -> list[dict[str, Any]]:
    """Run one pass over a log beside a world's reference and give the attack alerts that fired."""
    from monitor.config import load
    from monitor.pipeline import once
    from monitor.store.alerts import alert_rows
    from monitor.wiring import opened

    scores = [name for name in rows.column_names if name.startswith("score")]
    config = CONFIG.format(scores=f"[{', '.join(scores)}]" if len(scores) > 1 else scores[0])
    if len(scores) > 1:
        config = config.replace("label: label", f"label: label, classes: {list(range(len(scores)))}")
    with tempfile.TemporaryDirectory(prefix="monitor-attack-") as folder:
        pq.write_table(logs.table("reference"), Path(folder) / "reference.parquet")
        pq.write_table(rows.drop_columns(list(TRUTH)), Path(folder) / "log.parquet")
        monitor = opened(load(config, place="monitor.yaml", environ={}, read=str), root=Path(folder))
        after = pc.max(rows["time"]).as_py() + timedelta(days=1)
        once(monitor, clock=lambda: after, rng=Random(1))
        with monitor.database.read() as connection:
            found = [dict(row) for row in alert_rows(connection, model="m")]
        monitor.database.close()
    return [alert for alert in found if alert["kind"].startswith("attack.") and alert["fired_at"]]
