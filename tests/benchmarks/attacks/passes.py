"""One attack a world through the whole loop: a log in a folder, one pass of the monitor, the alert that it fired."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from figure import Figure

from attacks.honest import COMMON
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
    kinds = dict(zip(honest["client"].to_pylist(), honest["truth_kind"].to_pylist(), strict=True))
    attacker = run["client"][0].as_py()
    about = Counter(
        kinds.get(client, client) for client in {alert["segment"].removeprefix("client=") for alert in alerts}
    )
    told = "; ".join(f"{a['detector']}: {a['origin']}" for a in alerts if a["segment"] == f"client={attacker}")
    what = f"{logs.name}: {name} is told by one pass"
    yield Figure(what, float(attacker in about), "", told or "no alert", at_least=1)
    others = sum(about[kind] for kind in COMMON)
    beside = ", ".join(f"{kind} {n}" for kind, n in about.items() if kind not in (attacker, "")) or "none"
    what = f"{logs.name}: ordinary, skewed, retrying, polling clients told of by one pass"
    yield Figure(what, others, "clients", f"of {len(kinds)} clients: {beside}", at_most=0)


def _late(rows: pa.Table) -> pa.Scalar:
    """Give a time after which a whole window is left to come."""
    return pa.scalar(pc.min(rows["time"]).as_py() + 0.6 * (pc.max(rows["time"]).as_py() - pc.min(rows["time"]).as_py()))


def attack_alerts(logs: Logs, rows: pa.Table) -> list[dict[str, Any]]:
    """Run one pass over a log beside a world's reference and give the attack alerts that fired."""
    from monitor.config import load
    from monitor.pipeline import once
    from monitor.store.alerts import alert_rows
    from monitor.wiring import opened

    names = [name for name in rows.column_names if name.startswith("score")]
    pairs = ", ".join(f'"{name.removeprefix("score_")}": {name}' for name in names)
    config = CONFIG.format(scores=names[0] if len(names) == 1 else f"{{{pairs}}}")
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
