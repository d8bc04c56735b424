"""Ask a model's endpoint canary inputs on a schedule: an answer that changed is told, and so is one that fails."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.config import setting_of
from monitor.detectors.versions import probe
from monitor.errors import ProbeError
from monitor.steps.notify import addressed, tell
from monitor.steps.slices import OTHER
from monitor.store.alerts import alert_rows, read_alerts, write_findings
from monitor.store.cursors import read_cursors, write_cursors
from monitor.store.database import Database
from monitor.store.probes import Recorded, read_answers, record_answers
from monitor.store.profiles import first_seen
from monitor.store.silences import read_quieted
from monitor.types import Measurement, Window
from monitor.watch import Monitor, Probes, Watch

KIND = probe.DETECTOR.kind
MOST_INPUTS = 50
AT_ONCE = Rule(k=1, m=1, clear=1)
ASKED = "asked"


@dataclass(frozen=True)
class Asked:
    """The answers of one round as JSON text, by the digest of their input, in the inputs' order."""

    answers: Mapping[str, str]
    version: str


def is_due(database: Database, watch: Watch, *, now: datetime) -> bool:
    """Say whether a model has probes that were not asked within `every`."""
    if watch.probes is None:
        return False
    with database.read() as connection:
        state = read_cursors(connection, watch.probes_source).get(ASKED)
    return state is None or not datetime.fromisoformat(state["at"]) > now - watch.probes.every


def ask_probes(monitor: Monitor, watch: Watch, *, now: datetime) -> list[Finding]:
    """Make one round and step the model's alert of a silent change.

    An input that was never asked is recorded, and so is every answer that was recorded under another version than the
    newest one in the traffic. Raises ProbeError where the endpoint or the inputs cannot be read: nothing is known then
    of the model, and its alert stays as it is.
    """
    if watch.probes is None:
        return []
    with monitor.database.read() as connection:
        known, version = read_answers(connection, watch.name), newest_version(first_seen(connection, watch.name))
    try:
        asked = Asked(_answers(watch.probes, now=now), version)
    except ProbeError:
        # the next round is due in its time, also when this one failed
        with monitor.database.write() as connection:
            write_cursors(connection, watch.probes_source, {ASKED: {"at": now.isoformat()}})
        raise
    return _written(monitor, watch, watch.probes, asked, known, now=now)


def newest_version(seen: Mapping[str, datetime]) -> str:
    """Name the version that came last; "" where versions are not told."""
    named = {version: first for version, first in seen.items() if version not in ("", OTHER)}
    return max(named, key=lambda version: (named[version], version), default="")


def questions_of(probes: Probes) -> list[object]:
    """Read the canary inputs, one JSON value a line. Raises ProbeError where that cannot be."""
    try:
        lines = [line for line in probes.inputs.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ProbeError(f"the inputs {probes.inputs.name} cannot be read: {type(error).__name__}") from None
    if not 1 <= len(lines) <= MOST_INPUTS:
        raise ProbeError(f"the inputs {probes.inputs.name} are {len(lines)}; write from 1 to {MOST_INPUTS}")
    return [_question(line, place, probes.inputs.name) for place, line in enumerate(lines, start=1)]


def _question(line: str, place: int, name: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ProbeError(f"the inputs {name}, line {place}: no JSON; write one value a line") from None


def _answers(probes: Probes, *, now: datetime) -> dict[str, str]:
    return {_digest(one): probes.endpoint.ask(one, now=now) for one in questions_of(probes)}


def _digest(question: object) -> str:
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _written(
    monitor: Monitor, watch: Watch, probes: Probes, asked: Asked, known: Mapping[str, Recorded], *, now: datetime
) -> list[Finding]:
    held = {digest: one for digest, one in known.items() if one.version == asked.version and digest in asked.answers}
    new = {digest: answer for digest, answer in asked.answers.items() if digest not in held}
    with monitor.database.write() as connection:
        write_cursors(connection, watch.probes_source, {ASKED: {"at": now.isoformat()}})
        record_answers(connection, watch.name, new, version=asked.version, now=now)
        alerts = read_alerts(connection, watch.name)
        stepped = list(_stepped(watch, measured(asked, held, probes), alerts, now=now))
        noted = map(read_quieted(connection, now=now).noted, stepped)
        findings = inhibited(noted, alert_rows(connection, model=watch.name)) if stepped else []
        findings = addressed(findings, monitor)
        if findings:
            write_findings(connection, findings, alerts, now=now)
            tell(connection, monitor, findings, now=now)
    return findings


def measured(asked: Asked, held: Mapping[str, Recorded], probes: Probes) -> Measurement:
    """Compare a round's answers with the recorded ones; what has just been recorded is as it was."""
    recorded = [json.loads(held[digest].answer if digest in held else text) for digest, text in asked.answers.items()]
    given: Sequence[object] = [json.loads(text) for text in asked.answers.values()]
    return next(probe.compare(recorded, given, probes.tolerance, ignore=probes.ignore))


def _stepped(
    watch: Watch, measurement: Measurement, alerts: Mapping[str, Alert], *, now: datetime
) -> Iterator[Finding]:
    setting = setting_of(watch.settings.thresholds, detector=probe.NAME, kind=KIND)
    mark = fingerprint(watch.name, KIND, probe.NAME)
    before = alerts.get(mark)
    least = setting.value if isinstance(setting.value, float) else 0.0
    breached = setting.value != "off" and bool(measurement.note) and (measurement.value or 0.0) >= least
    if before is None and not breached:
        return
    after, transition = step(
        before or Alert(mark), outcome="breach" if breached else "clear", window_end=now, rule=AT_ONCE
    )
    yield Finding(
        alert=after,
        model=watch.name,
        kind=KIND,
        detector=probe.NAME,
        window=Window(now, now),
        severity=watch.settings.severity.get(KIND, "warning"),
        origin="model_change",
        transition=transition,
        value=measurement.value,
        unit=probe.DETECTOR.unit,
        effect=measurement.effect,
        p_value=measurement.p_value,
        n=measurement.n,
        note=measurement.note,
    )
