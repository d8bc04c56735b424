"""The service's own numbers, from the tables to Prometheus' text."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, select

from monitor.render import views
from monitor.store.schema import alert, judgement, model, source_state

Sample = tuple[dict[str, str], float]


def exposition(connection: Connection) -> str:
    """Give the numbers in Prometheus' text format, version 0.0.4."""
    counted = select(alert.c.model, alert.c.kind, func.count()).where(alert.c.state.in_(views.TOLD))
    firing = connection.execute(counted.group_by(alert.c.model, alert.c.kind).order_by(alert.c.model, alert.c.kind))
    sources = connection.execute(select(source_state).order_by("source")).all()
    receivers = views.receivers(connection)
    names = connection.scalars(select(model.c.name).order_by(model.c.name)).all()
    last = {name: views.windows(connection, name, last=1) for name in names}
    judged = connection.execute(select(judgement.c.model, func.count()).group_by("model").order_by("model"))
    families = [
        _family("alerts_firing", "gauge", "Alerts that fire.", (({"model": m, "kind": k}, n) for m, k, n in firing)),
        _family(
            "window_rows",
            "gauge",
            "Rows of the last judged window.",
            (({"model": m}, w["rows"]) for m, (w,) in _known(last)),
        ),
        _family(
            "last_window_end_timestamp_seconds",
            "gauge",
            "End of the last judged window.",
            (({"model": m}, w["end"].timestamp()) for m, (w,) in _known(last)),
        ),
        _family("windows_judged", "gauge", "Windows judged so far.", (({"model": m}, n) for m, n in judged)),
        _family("records_total", "counter", "Rows stored.", (({"source": s.source}, s.stored) for s in sources)),
        _family(
            "quarantined_total", "counter", "Rows not taken.", (({"source": s.source}, s.quarantined) for s in sources)
        ),
        _family(
            "source_stands_still",
            "gauge",
            "1 while a source cannot be read.",
            (({"source": s.source}, bool(s.problem)) for s in sources),
        ),
        _family(
            "outbox_pending", "gauge", "Messages waiting.", (({"receiver": r["name"]}, r["pending"]) for r in receivers)
        ),
        _family(
            "dead_letters",
            "gauge",
            "Messages never delivered.",
            (({"receiver": r["name"]}, r["dead"]) for r in receivers),
        ),
        _family(
            "receiver_off",
            "gauge",
            "1 while a receiver is off.",
            (({"receiver": r["name"]}, r["off"]) for r in receivers),
        ),
    ]
    return "".join(families)


def label(value: str) -> str:
    r"""Escape a label's value.

    >>> print(label('a"b\\c'))
    a\"b\\c
    """
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _known(last: dict[str, list[dict[str, Any]]]) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    return [(name, seen) for name, seen in last.items() if seen]


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP monitor_{name} {told}", f"# TYPE monitor_{name} {kind}"]
    for labels, value in samples:
        written = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
        lines.append(f"monitor_{name}{{{written}}} {float(value):.15g}")
    return "\n".join(lines) + "\n"
