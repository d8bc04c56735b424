"""What an alert of an attack shows besides its numbers: the records, when they came, how near copies differ, peers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.public import before, instant
from monitor.alerts.taxonomy import names_of, pattern_of
from monitor.detectors.attack.indicators import SWEEP
from monitor.detectors.attack.sighting import MOST_IDS
from monitor.detectors.suspicion.severity import feels_for_the_boundary
from monitor.detectors.suspicion.suspects import client_of, name_of
from monitor.profiles.layout import Layout
from monitor.profiles.tables import joined, rows_with
from monitor.steps.client_rows import Senders
from monitor.steps.copies import compared, own_copies, swept
from monitor.steps.sightings import hidden_value
from monitor.store.database import Database
from monitor.store.records import read_records
from monitor.types import Window
from monitor.watch import Watch

PARTS, MOST_ROWS, FIRST_IDS, LABELS = 12, 2_000, 10, 10


def with_attack_evidence(
    database: Database,
    watch: Watch,
    stepped: Sequence[Finding],
    standing: Mapping[str, Mapping[str, Any]],
    layout: Layout,
) -> list[Finding]:
    """Give a window's findings, those about attacks with what their rows show; one that is quiet keeps what it had.

    standing: the model's alerts as they stood, by fingerprint as they are marked. layout: of the reference.
    """
    attacks = [finding for finding in stepped if finding.detector == name_of(finding.kind)]
    if not attacks:
        return list(stepped)
    with database.read() as connection:
        senders = Senders.of(connection, watch, attacks[0].window)
        shown = {f.fingerprint: _shown(connection, watch, f, senders, layout) for f in attacks}
    told = [_showing(f, shown[f.fingerprint], watch) if f.fingerprint in shown else f for f in stepped]
    return [_carried(f, standing) if f.fingerprint in shown else f for f in told]


def _showing(finding: Finding, evidence: Mapping[str, Any], watch: Watch) -> Finding:
    """Give a finding with its evidence, as grave as that says where the user does not."""
    said = watch.settings.severity.get(finding.kind)
    return replace(finding, evidence=evidence, severity=said or evidence.get("severity") or finding.severity)


def _shown(connection: Connection, watch: Watch, finding: Finding, senders: Senders, layout: Layout) -> dict[str, Any]:
    evidence = dict(finding.evidence)
    client = client_of(finding.segment)
    if client is not None:
        evidence["sent"] = senders.rows.get(client, 0)
    if finding.alert.state not in UNDER_ALARM or "detectors" not in evidence or client is None:
        return _named(finding.kind, evidence)
    rows = _rows_of(connection, watch, finding.window, client)
    if rows is not None:
        evidence |= _of_client(rows, client, watch, finding.window, senders)
        evidence |= _of_copies(rows, watch, layout, evidence)
    return _named(finding.kind, evidence)


def _of_copies(rows: pa.Table, watch: Watch, layout: Layout, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a client's own rows show of its near-copies, and what it sweeps, where it was seen to."""
    looked_at, told = compared(rows, layout, ignore=watch.settings.attacks.ignore), dict[str, Any]()
    if evidence.get("cluster"):
        ids = rows[watch.roles.id].to_pylist() if watch.roles.id in rows.column_names else []
        told["cluster"] = own_copies(evidence["cluster"], looked_at, ids, hide=partial(_shown_value, watch))
    if any(one["name"] == SWEEP for one in evidence["detectors"]):
        answers = rows[watch.roles.prediction].to_pylist() if watch.roles.prediction in rows.column_names else ()
        found = swept(looked_at, answers or [None] * looked_at.num_rows)
        told |= {"swept": found.columns, "swept_steps": found.steps, "swept_flips": found.flips}
        if evidence["severity"] == "info" and feels_for_the_boundary(found.flips, found.steps):
            told["severity"] = "warning"
    return told


def _shown_value(watch: Watch, value: object) -> object:
    return hidden_value(value, watch.seed) if watch.settings.attacks.show_values == "hashed" else value


def _named(kind: str, evidence: dict[str, Any]) -> dict[str, Any]:
    return evidence | ({"names": names_of(kind, pattern_of(evidence)).as_json()} if evidence else {})


def _carried(finding: Finding, standing: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Keep what an alert has shown while it lasts where this window shows nothing, and how grave it is where little.

    Its first suspicious record stays the first, and of its records some of each time are kept.
    """
    stood = before(finding, standing)
    shows = "detectors" in finding.evidence
    if stood is not None and stood["state"] == "pending" and shows:
        return replace(finding, evidence=_since_the_first(finding.evidence, stood["evidence"]))
    if stood is None or stood["state"] not in UNDER_ALARM:
        return finding
    last = stood["evidence"]
    evidence = _since_the_first(finding.evidence, last) if shows else {**last, **finding.evidence}
    if shows and (finding.p_value or 0.0) <= (finding.alpha or 0.0):
        return replace(finding, evidence=evidence)
    return replace(finding, severity=stood["severity"], evidence=evidence)


def _since_the_first(evidence: Mapping[str, Any], stood: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a window shows, with the first record and the records that the alert has shown since it fired."""
    first = [one["first_suspicious_record"] for one in (stood, evidence) if "first_suspicious_record" in one]
    begun = min((one for one in first if one["time"]), key=lambda one: str(one["time"]), default=first[0])
    ids = kept_ids(stood.get("record_ids") or (), evidence.get("record_ids") or ())
    return {**evidence, "first_suspicious_record": begun, "record_ids": ids}


def kept_ids(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Give the ids of an alert's records after one more window: the first ten, and ten spread over all later ones.

    >>> kept_ids([f"a{n}" for n in range(20)], ["b0", "b1"])[9:13], kept_ids(["a"], ["a", "b"])
    (['a9', 'a10', 'a11', 'a12'], ['a', 'b'])
    """
    ids = list(dict.fromkeys([*before, *now]))
    first, later = ids[:FIRST_IDS], ids[FIRST_IDS:]
    places = np.linspace(0, len(later) - 1, min(len(later), MOST_IDS - FIRST_IDS)).astype(int)
    return [*first, *(later[place] for place in places)]


def _rows_of(connection: Connection, watch: Watch, window: Window, client: str) -> pa.Table | None:
    """Give the last rows that a client sent in a window, by time; None without any."""
    role, found, rows = str(watch.roles.client), list[pa.Table](), 0
    for table in read_records(connection, watch.name, window, timestamp=watch.roles.timestamp):
        if role in table.column_names:
            theirs = rows_with(table, role, client)
            if theirs.num_rows:
                found.append(theirs)
                rows += theirs.num_rows
    if not found:
        return None
    return joined(found).sort_by(watch.roles.timestamp).slice(max(rows - MOST_ROWS, 0))


def _of_client(rows: pa.Table, client: str, watch: Watch, window: Window, senders: Senders) -> dict[str, Any]:
    roles, sent = watch.roles, senders.rows.get(client, rows.num_rows)
    usual = float(np.median(list(senders.rows.values()))) if senders.rows else None
    answer = roles.prediction if roles.prediction in rows.column_names else None
    said = Counter(str(value) for value in rows[answer].to_pylist()) if answer else Counter[str]()
    profile = {
        "rows": sent,
        "window_start": instant(window.start),
        "window_end": instant(window.end),
        "share": round(sent / senders.total, 4) if senders.total else None,
        "usual_rows": usual,
        "answers": dict(said.most_common(LABELS)),
    }
    return {"client_profile": profile, "timeline": list(_timeline(rows, roles.timestamp, window))}


def _timeline(rows: pa.Table, timestamp: str, window: Window) -> Iterator[dict[str, Any]]:
    micros = rows[timestamp].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    start, length = window.start.timestamp() * 1e6, (window.end - window.start).total_seconds() * 1e6 / PARTS
    counts = np.bincount(np.clip((micros - start) // length, 0, PARTS - 1).astype(int), minlength=PARTS)
    for place, count in enumerate(counts.tolist()):
        at = window.start + (window.end - window.start) / PARTS * place
        yield {"time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "rows": count}
