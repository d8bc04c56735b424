"""The service's own numbers, from the tables to Prometheus' text."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, func, select

from monitor.render import views
from monitor.store.cursors import source_rows
from monitor.store.schema import alert, judgement, model

Sample = tuple[dict[str, str], float]


def exposition(connection: Connection) -> str:
    """Give the numbers in Prometheus' text format, version 0.0.4."""
    return "".join((*_of_models(connection), *_of_sources(connection), *_of_receivers(connection)))


def label(value: str) -> str:
    r"""Escape a label's value.

    >>> print(label('a"b\\c'))
    a\"b\\c
    """
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _of_models(connection: Connection) -> Iterator[str]:
    labels = (alert.c.model, alert.c.kind, alert.c.state)
    counted = select(*labels, func.count()).where(alert.c.state.in_(views.TOLD)).group_by(*labels).order_by(*labels)
    standing = [({"model": m, "kind": k, "state": s}, n) for m, k, s, n in connection.execute(counted)]
    yield _family("alerts", "gauge", "Alerts that fire, and those that wait to clear (recovering).", standing)
    names = connection.scalars(select(model.c.name).order_by(model.c.name)).all()
    last = [({"model": name}, window) for name in names for window in views.windows(connection, name, last=1)]
    yield _family("window_rows", "gauge", "Rows of the last judged window.", ((of, w["rows"]) for of, w in last))
    ends = ((of, w["end"].timestamp()) for of, w in last)
    yield _family("last_window_end_timestamp_seconds", "gauge", "End of the last judged window.", ends)
    judged = connection.execute(select(judgement.c.model, func.count()).group_by("model").order_by("model"))
    yield _family("windows_judged", "gauge", "Windows judged so far.", (({"model": m}, n) for m, n in judged))


def _of_sources(connection: Connection) -> Iterator[str]:
    each = [({"source": one["source"]}, one) for one in source_rows(connection)]
    yield _family("records_total", "counter", "Rows stored.", ((of, one["stored"]) for of, one in each))
    yield _family("quarantined_total", "counter", "Rows not taken.", ((of, one["quarantined"]) for of, one in each))
    still = ((of, bool(one["problem"])) for of, one in each)
    yield _family("source_stands_still", "gauge", "1 while a source cannot be read.", still)


def _of_receivers(connection: Connection) -> Iterator[str]:
    each = [({"receiver": one["name"]}, one) for one in views.receivers(connection)]
    yield _family("outbox_pending", "gauge", "Messages waiting.", ((of, one["pending"]) for of, one in each))
    yield _family("dead_letters", "gauge", "Messages never delivered.", ((of, one["dead"]) for of, one in each))
    yield _family("receiver_off", "gauge", "1 while a receiver is off.", ((of, one["off"]) for of, one in each))


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP monitor_{name} {told}", f"# TYPE monitor_{name} {kind}"]
    for labels, value in samples:
        written = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
        lines.append(f"monitor_{name}{{{written}}} {float(value):.15g}")
    return "\n".join(lines) + "\n"
