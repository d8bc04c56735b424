"""Alerts that are over, as a page lists them: where the link of an old message leads."""

from typing import Any

from sqlalchemy import Connection, select

from monitor.alerts.public import alert_id
from monitor.store.schema import alert, alert_event

MOST = 100
READ = 20 * MOST


def past_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Give the last hundred episodes of a model's alerts that are over, those that ended last first.

    `id`, the labels, `fired_at`, `resolved_at`, and value, effect, p-value and n of the window in which it fired;
    `text` is what was said last, where the alert has not breached again since. What is known to have been told to
    nobody, since a weightier alert stood for it, is left out.
    """
    e = alert_event.c
    labels = (e.kind, e.detector, e.column, e.segment)
    told = select(e.fingerprint, e.episode, e.state, *labels, e.window_end, e.value, e.effect, e.p_value, e.n)
    told = told.where(e.model == name, e.state.in_(("firing", "resolved"))).order_by(e.id.desc()).limit(READ)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in connection.execute(told):
        plain = dict(row._mapping)  # noqa: SLF001  # its public name
        key = plain.pop("fingerprint"), plain.pop("episode")
        end, state = plain.pop("window_end"), plain.pop("state")
        if state == "resolved":
            found[key] = {"id": alert_id(*key), "resolved_at": end, "fired_at": None, "text": ""}
        elif key in found:
            found[key] |= plain | {"fired_at": end}
    a = alert.c
    last = select(a.fingerprint, a.episode, a.text, a.evidence).where(a.model == name, a.state == "resolved")
    said = {(row.fingerprint, row.episode): row for row in connection.execute(last)}
    over = [
        one | {"text": said[key].text if key in said else ""}
        for key, one in found.items()
        if one["fired_at"] is not None and (key not in said or said[key].evidence.get("told"))
    ]
    return over[:MOST]
