"""Whether alerts name the right reason: simulated incidents through whole passes of the monitor."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
from figure import Figure

from attacks.incidents import DAYS, KINDS, QUIET, START, Incident, incidents

CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {files: log.parquet}
    reference: {files: reference.parquet}
    columns: {timestamp: at, client: client, version: version, prediction: predicted, scores: score, label: label}
    window: 1d
"""


def figures(*, quick: bool, seed: int = 100) -> Iterator[Figure]:
    """Give the share of incidents whose origin is right, and of attacks that are taken for the way of the world."""
    said: dict[str, Counter[str]] = {kind: Counter() for kind, *_ in KINDS}
    for incident in incidents(20 if quick else 200, seed=seed):
        said[incident.kind][origin_said(incident)] += 1
    truth = {kind: name for kind, name, *_ in KINDS}
    right, whole = sum(said[kind][truth[kind]] for kind in said), sum(c.total() for c in said.values())
    told = "; ".join(f"{kind}: {dict(counter.most_common())}" for kind, counter in said.items())
    yield Figure("origin: incidents named rightly", right / whole, "of incidents", told, at_least=0.9)
    attacks = said["attack"]
    wrong = attacks["temporal"] / attacks.total()
    yield Figure("origin: attacks called temporal", wrong, "of attacks", f"{attacks.total()} attacks", at_most=0.05)


def origin_said(incident: Incident) -> str:
    """Give the origin of most alerts that began with the incident; a determined one before "undetermined"; or none."""
    with tempfile.TemporaryDirectory(prefix="monitor-incident-") as folder:
        found = Counter(alert["origin"] for alert in alerts(incident, Path(folder)))
    determined = Counter({origin: count for origin, count in found.items() if origin != "undetermined"})
    return next((name for name, _ in (determined or found).most_common(1)), "no alert")


def alerts(incident: Incident, folder: Path) -> list[dict[str, Any]]:
    """Run one pass over an incident's log and give the alerts that fired since it began."""
    from monitor.config import load
    from monitor.pipeline import once
    from monitor.store.alerts import alert_rows
    from monitor.wiring import opened

    pq.write_table(incident.reference, folder / "reference.parquet")
    pq.write_table(incident.log.drop_columns(["label"]), folder / "log.parquet")
    monitor = opened(load(CONFIG, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: START + timedelta(days=DAYS, hours=1), rng=Random(1))
    with monitor.database.read() as connection:
        found = [dict(row) for row in alert_rows(connection, model="m")]
    monitor.database.close()
    begun = START + timedelta(days=QUIET)
    return [alert for alert in found if str(alert["window_end"]) > begun.isoformat() and alert["fired_at"]]


if __name__ == "__main__":
    for one in figures(quick=True):
        print(json.dumps([one.what, one.value, one.how]))
