"""Alerts: one row each with its present state, and every change of it as an event."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, RowMapping, Select, bindparam, func, insert, select, update

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM, Alert, State
from monitor.alerts.public import alert_id, as_json, in_text, plain, public_of
from monitor.alerts.silence import NOTHING, SILENCED, Quieted
from monitor.store.schema import alert, alert_event
from monitor.types import Window

_LABELS = ("model", "kind", "detector", "column", "segment")
_NUMBERS = ("value", "threshold", "p_value", "effect")
_STEPPED = ("fingerprint", "state", "episode", "breaches", "clears", "window_start", "window_end")
_PLAIN = ("model", "kind", "origin", "detector", "column", "segment", "severity", "state")


def read_alerts(connection: Connection, model: str) -> dict[str, Alert]:
    """Give the state of every known alert of a model, by fingerprint; what is absent has never breached."""
    columns = (getattr(alert.c, name) for name in Alert.__dataclass_fields__)
    rows = connection.execute(select(*columns).where(alert.c.model == model)).mappings()
    return {row["fingerprint"]: _alert(row) for row in rows}


def held_findings(connection: Connection, model: str, *, by: Collection[str]) -> list[Finding]:
    """Give a model's alerts that fire and breach in their newest window, and were not told because of one of `by`.

    by: ids of alerts. Of what was measured an alert keeps the sentence and the public numbers.
    """
    rows = connection.execute(_standing(model, "firing")).mappings()
    return [
        _finding(row) for row in rows if not row["evidence"].get("told") and row["evidence"].get("inhibited_by") in by
    ]


def silenced_findings(connection: Connection, model: str, *, locked: bool = False) -> list[Finding]:
    """Give a model's alerts that fire and of which nobody has heard because of a silence, ended or not.

    locked: nobody else can tell them before this transaction ends. Of what was measured an alert keeps the sentence
    and the public numbers.
    """
    chosen = _standing(model, "firing").with_for_update() if locked else _standing(model, "firing")
    rows = connection.execute(chosen).mappings()
    return [_finding(row) for row in rows if row["evidence"].get(SILENCED)]


def alarmed_findings(connection: Connection, model: str) -> list[Finding]:
    """Give a model's alerts that are firing or recovering, told or not, with their sentences and public numbers."""
    return [_finding(row) for row in connection.execute(_standing(model, *UNDER_ALARM)).mappings()]


def finding_of(connection: Connection, fingerprint: str) -> Finding:
    """Give an alert as it stands, with the sentence and the public numbers; nobody else can change it meanwhile."""
    chosen = select(alert).where(alert.c.fingerprint == fingerprint).with_for_update()
    return _finding(connection.execute(chosen).mappings().one())


def find_alerts(connection: Connection, beginning: str) -> list[dict[str, Any]]:
    """Give the alerts whose fingerprint begins so, in any state: `fingerprint` beside the public keys."""
    begins = alert.c.fingerprint.startswith(beginning, autoescape=True)
    rows = connection.execute(select(alert).where(begins).order_by(alert.c.fingerprint)).mappings()
    return [in_text(public_of(dict(row))) | {"fingerprint": row["fingerprint"]} for row in rows]


def write_findings(
    connection: Connection, findings: Iterable[Finding], before: Mapping[str, Alert], *, now: datetime
) -> None:
    """Store every finding's alert, and an event for each whose state changed; `now` is the time of recording.

    before: the alerts as they are stored, by fingerprint. Belongs into the transaction that stores the measurements
    and the messages.
    """
    found = list(findings)
    write_alerts(connection, found, before)
    for finding in found:
        known = before.get(finding.fingerprint, Alert(finding.fingerprint))
        if (known.state, known.episode) != (finding.alert.state, finding.alert.episode):
            append_event(connection, finding, now=now)


def write_alerts(connection: Connection, findings: Iterable[Finding], before: Mapping[str, Alert]) -> None:
    """Store alerts with what their newest window showed; belongs into the transaction that stores the measurements.

    An alert that never breached needs no row. A finding of a window older than the alert's newest changes nothing.
    Where a window tells nothing, one that fires keeps what was seen last.
    """
    newest = [f for f in findings if f.alert.window_end is None or f.window.end >= f.alert.window_end]
    known = [f for f in newest if f.fingerprint in before]
    _update(connection, [_row(f) for f in known if not _tells_nothing(f)])
    blind = map(_row, filter(_tells_nothing, known))
    _update(connection, [{name: row[name] for name in _STEPPED} for row in blind])
    new = [_row(f) for f in newest if f.fingerprint not in before]
    if begun := [row for row in new if row["state"] != "ok" or row["episode"]]:
        connection.execute(insert(alert), begun)


def _tells_nothing(finding: Finding) -> bool:
    return finding.value is None and finding.alert.state in UNDER_ALARM and not finding.said


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        columns: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in rows[0] if name != "fingerprint"}
        marked = [{"mark": row["fingerprint"]} | {name: row[name] for name in columns} for row in rows]
        connection.execute(update(alert).where(alert.c.fingerprint == bindparam("mark")).values(columns), marked)


def count_fired(connection: Connection, model: str, *, since: datetime) -> dict[tuple[str, str, str], int]:
    """Count how often each (detector, column, segment) of a model began to fire in windows that end after `since`."""
    labels = [alert_event.c[name] for name in ("detector", "column", "segment")]
    here = (alert_event.c.model == model, alert_event.c.window_end > since, alert_event.c.state == "firing")
    episodes = func.count(alert_event.c.episode.distinct())
    rows = connection.execute(select(*labels, episodes).where(*here).group_by(*labels)).all()
    return {(row[0], row[1], row[2]): int(row[3]) for row in rows}


@dataclass(frozen=True)
class Episode:
    """One time that an alert fired: in the window that ends at `fired_at`, until `resolved_at`; None while it lasts.

    begun: the end of the window with whose breach it began; None where that is the one in which it fired.
    severity, origin: of the alert as it stands now.
    """

    id: str
    kind: str
    segment: str
    fired_at: datetime
    resolved_at: datetime | None = None
    detector: str = ""
    column: str = ""
    begun: datetime | None = None
    severity: str = ""
    origin: str = ""

    def holds(self, window_end: datetime) -> bool:
        """Say whether a window belongs to it, from its first breach until it is over."""
        return (self.begun or self.fired_at) <= window_end and (
            self.resolved_at is None or window_end <= self.resolved_at
        )

    def lasted_at(self, window_end: datetime) -> bool:
        """Say whether it had fired before a window's end, and was not over before it."""
        return self.fired_at < window_end and (self.resolved_at is None or window_end <= self.resolved_at)


def read_episodes(connection: Connection, model: str, *, kinds: str = "") -> list[Episode]:
    """Give every episode of a model's alerts whose kind begins so, in the order in which they fired."""
    here = (alert_event.c.model == model, alert_event.c.kind.startswith(kinds, autoescape=True))
    chosen = select(alert_event, alert.c.severity, alert.c.origin).join(alert).where(*here)
    chosen = chosen.order_by(alert_event.c.window_end, alert_event.c.id)
    found: dict[str, Episode] = {}
    pending: dict[str, datetime] = {}
    for row in connection.execute(chosen):
        name = alert_id(row.fingerprint, row.episode)
        if row.state == "firing" and name not in found:
            labels = {key: getattr(row, key) for key in ("detector", "column", "severity", "origin")}
            begun = pending.get(row.fingerprint)
            found[name] = Episode(name, row.kind, row.segment, row.window_end, begun=begun, **labels)
        elif row.state == "resolved" and name in found:
            found[name] = replace(found[name], resolved_at=row.window_end)
        if row.state == "pending":
            pending[row.fingerprint] = row.window_end
        else:
            pending.pop(row.fingerprint, None)
    return list(found.values())


def append_event(connection: Connection, finding: Finding, *, now: datetime, why: str = "") -> None:
    """Record that an alert's state changed in this window; the alert must be stored already.

    why: what was said by who changed it by hand.
    """
    connection.execute(
        insert(alert_event).values(
            fingerprint=finding.fingerprint,
            episode=finding.alert.episode,
            state=finding.alert.state,
            window_end=finding.window.end,
            n=finding.n,
            at=now,
            why=why,
            **{name: getattr(finding, name) for name in _LABELS},
            **{name: plain(getattr(finding, name)) for name in _NUMBERS},
        )
    )


def alert_rows(
    connection: Connection, *, model: str | None = None, state: State | None = None, quieted: Quieted = NOTHING
) -> list[dict[str, Any]]:
    """Give alerts with the keys of the public alert JSON, the latest to change first.

    quieted: what people have quieted, where that is asked for.
    """
    chosen = select(alert).order_by(alert.c.since.is_(None), alert.c.since.desc(), alert.c.fingerprint)
    if model is not None:
        chosen = chosen.where(alert.c.model == model)
    if state is not None:
        chosen = chosen.where(alert.c.state == state)
    return [in_text(quieted.shown(public_of(dict(row)))) for row in connection.execute(chosen).mappings()]


def _standing(model: str, *states: str) -> Select[Any]:
    return select(alert).where(alert.c.model == model, alert.c.state.in_(states)).order_by(alert.c.fingerprint)


def _row(finding: Finding) -> dict[str, Any]:
    known, public = finding.alert, as_json(finding)
    same = (*_PLAIN, *_NUMBERS, "n", "evidence", "text")
    times = {name: getattr(known, name) for name in ("since", "fired_at", "resolved_at")}
    return {
        "fingerprint": finding.fingerprint,
        **{name: public[name] for name in same},
        **times,
        "episode": known.episode,
        "breaches": [start and start.isoformat() for start in known.breaches],
        "clears": known.clears,
        "window_start": finding.window.start,
        "window_end": finding.window.end,
    }


def _alert(row: RowMapping) -> Alert:
    known = {name: row[name] for name in Alert.__dataclass_fields__}
    return Alert(**{**known, "breaches": tuple(_start(kept, row["since"]) for kept in row["breaches"])})


def _start(kept: object, since: datetime) -> datetime | None:
    """Give where a window that breached began; of one that was kept as true, where the alert did."""
    return (since if kept is True else datetime.fromisoformat(str(kept))) if kept else None


def _finding(row: RowMapping) -> Finding:
    same = (*(name for name in _PLAIN if name != "state"), *_NUMBERS, "n", "evidence")
    return Finding(
        _alert(row),
        window=Window(row["window_start"], row["window_end"]),
        said=row["text"],
        **{name: row[name] for name in same},
    )
