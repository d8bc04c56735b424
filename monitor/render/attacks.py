"""The attacks of a model's page: clients by suspicion, what was seen of each, when, and how near-copies differ."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, select

from monitor.alerts.attack_advice import TO_DO, to_do, to_limit
from monitor.alerts.attack_names import EVERYONE, attack_named
from monitor.alerts.attack_wording import flipped, is_often, senders
from monitor.alerts.taxonomy import is_attack
from monitor.detectors.attack.indicators import ALL_BY_NAME
from monitor.detectors.attack.sighting import CLUSTER, sign_of
from monitor.detectors.suspicion.gathering import kind_of
from monitor.detectors.suspicion.severity import flips_of, is_shared
from monitor.detectors.suspicion.suspects import CLIENT
from monitor.render.frame import cut, times
from monitor.render.svg import LEFT, RIGHT, WIDTH, TimeScale, drawing, read_time, tag
from monitor.store.schema import sighting

MOST_ROWS, MOST_CLIENTS, MOST_RECORDS, DETAILED = 5_000, 12, 6, 4
ALARM = math.log(1e6)
LANE = 22


def attacks_of(
    connection: Connection, name: str, seen: Sequence[Mapping[str, Any]], firing: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give the clients that are most suspected of an attack in the windows shown, the surest first."""
    s = sighting.c
    within = (s.model == name, s.start >= seen[0]["start"], s.start < seen[-1]["end"], s.total.is_(False))
    rows = connection.execute(select(sighting).where(*within).order_by(s.log_e.desc()).limit(MOST_ROWS)).mappings()
    by_client: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_client.setdefault(row["client"], []).append(dict(row))
    alarmed = {row["segment"]: row for row in firing if is_attack(row["kind"])}
    ranked = sorted(by_client, key=lambda client: (CLIENT + client not in alarmed, -by_client[client][0]["log_e"]))
    return [_client(name, client, by_client[client], alarmed.get(CLIENT + client)) for client in ranked[:MOST_CLIENTS]]


def _client(
    model: str, client: str, rows: Sequence[Mapping[str, Any]], alert: Mapping[str, Any] | None
) -> dict[str, Any]:
    signs: dict[str, Mapping[str, Any]] = {}
    slices: dict[Any, float] = {}
    for row in rows:
        signs.setdefault(row["detector"], row)
        slices[row["start"]] = max(slices.get(row["start"], 0.0), row["log_e"])
    clusters = [row["evidence"]["cluster"] for row in rows if row["evidence"].get("cluster")]
    kind = str(alert["kind"]) if alert else kind_of(rows[0]["detector"]) or ""
    told = rows[0]["evidence"]
    return {
        "client": client or EVERYONE,
        "kind": kind,
        "attack": attack_named(kind, made_up=not clusters, malformed=any(map(_is_malformed, rows))),
        "log_e": rows[0]["log_e"],
        "chance": chance_of(rows[0]["log_e"]),
        "sure": rows[0]["log_e"] >= ALARM,
        "alert": alert,
        "first": min(((row["first_at"], row["first_id"]) for row in rows if row["first_at"]), default=None),
        "signs": [_sign(row) for row in signs.values() if _speaks(row)],
        "cluster": _cluster(clusters, client, alert),
        "records": list(dict.fromkeys(one for row in rows for one in row["ids"]))[:MOST_RECORDS],
        "slices": slices,
        "senders": " ".join(senders(told)),
        "to_do": to_do(kind, to_limit(client, told), model, _told(alert, rows)) if kind in TO_DO else "",
    }


def _told(alert: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the alert's evidence, with what was malformed in any of the windows shown."""
    if not any(map(_is_malformed, rows)):
        return [alert["evidence"]] if alert else []
    malformed = {"name": "malformed", "log_e": ALARM, "threshold": ALARM}
    evidence = alert["evidence"] if alert else {}
    return [{**evidence, "detectors": [*evidence.get("detectors", ()), malformed]}]


def _is_malformed(row: Mapping[str, Any]) -> bool:
    return bool(row["detector"] == "malformed" and row["log_e"] >= ALARM)


def _cluster(
    clusters: Sequence[Mapping[str, Any]], client: str, alert: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Give the near-copies to show: those of the alert, with a pair of the client's own, else the most flipped."""
    told = (alert["evidence"] if alert else {}).get("cluster")
    found = told or max(clusters, key=lambda one: (one.get("flips") or 0, one["size"]), default=None)
    if found is None:
        return None
    others = bool(client) and is_shared(found)
    own = (found.get("own") if client else None) or ({} if others else found)
    return {
        **found,
        "size": own.get("size", 0),
        "flipped": flipped(flips_of(found, client)),
        "labels": {} if others else found["labels"],
        "pair": [] if others and not told else found["pair"],
    }


def _speaks(row: Mapping[str, Any]) -> bool:
    return is_often(row["hits"], row["rows"], row["rate"]) or bool(row["log_e"] >= ALARM)


def _sign(row: Mapping[str, Any]) -> dict[str, Any]:
    known = ALL_BY_NAME.get(sign_of(row["detector"]))
    says = "near-copies of one row, from many clients" if row["detector"] == CLUSTER else known.says if known else ""
    return {key: row[key] for key in ("detector", "hits", "rows", "rate", "log_e", "start")} | {
        "says": says,
        "chance": chance_of(row["log_e"]),
        "columns": [str(one["column"]) for one in row["evidence"].get("columns", ())],
    }


def chance_of(log_e: float) -> str:
    """Say how likely so much evidence is from an honest client.

    >>> chance_of(math.log(2e6)), chance_of(1.0)
    ('1 in 10^6', 'may well be chance')
    """
    power = math.floor(log_e / math.log(10))
    return f"1 in 10^{power}" if power >= 2 else "may well be chance"


def suspicion_lanes(clients: Sequence[Mapping[str, Any]], scale: TimeScale) -> Markup:
    """Draw a lane for each client, a mark for every hour or day in which its queries looked like an attack."""
    parts: list[Markup] = []
    for place, client in enumerate(clients):
        y = 4.0 + LANE * place
        label = cut(client["client"], 24)
        parts.append(tag("text", tag("title", client["client"]), label, x=LEFT - 12, y=y + 14, class_="label"))
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y + LANE / 2, y2=y + LANE / 2, class_="grid"))
        parts += [_mark(scale, start, log_e, y) for start, log_e in sorted(client["slices"].items())]
    height = 4.0 + LANE * len(clients) + 30
    return drawing(*times(scale, height), *parts, height=height, title="Suspicion of clients over time")


def _mark(scale: TimeScale, start: Any, log_e: float, y: float) -> Markup:  # noqa: ANN401  # an instant
    radius = 3.0 + min(log_e / ALARM, 2.0) * 2
    told = tag("title", f"{read_time(start)}: {chance_of(log_e)}")
    name = "breach" if log_e >= ALARM else "dot"
    return tag("circle", told, cx=scale.x(start) + 2, cy=y + LANE / 2, r=radius, class_=name)
