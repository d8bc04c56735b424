"""Which clients are suspected of which attack, by what their queries showed in a window."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.detectors.attack.indicators import ALL_BY_NAME, HIDING, VOLUME
from monitor.detectors.attack.sighting import MOST_IDS, Sighting, sign_of
from monitor.detectors.detector import Detector
from monitor.detectors.suspicion.gathering import gathered
from monitor.detectors.suspicion.severity import BY_HAND, flips_of, severity_of
from monitor.types import Measurement

MOST_CLIENTS = 20
"""More clients of one kind than these are told of as one."""
CLIENT, MANY = "client=", "many clients"
SHOWN = math.log(1_000)


def compare(
    seen: Sequence[Sighting], *, alpha: float, standing: Collection[tuple[str, str]] = ()
) -> Iterator[Measurement]:
    """Say of each client what it is suspected of, by kind of attack, the strongest first.

    seen: of one window. standing: (kind, segment) that alerts fire for, which are measured even where nothing more is
    seen. The value is the strongest evidence against chance that any of the kind's detectors gathered, in nats, from 0,
    worse when higher; the p-value bounds by e^-value the chance that an honest client's rows gather so much (Ville
    1939; Shin, Ramdas & Rinaldo 2022); the effect is the rate of suspicious rows. Only what has a p-value of 0.001 or
    less is given, and clients of whom there are too many together. Blind to whatever the detectors of queries are blind
    to, and to clients that act as one under many names.
    """
    by_place = gathered(seen)
    alarmed = {place for place, found in by_place.items() if _log_e(found) >= -math.log(alpha)}
    for kind in sorted({kind for kind, _ in by_place} | {kind for kind, _ in standing}):
        places = {client: found for (of, client), found in by_place.items() if of == kind}
        many = [client for client in places if client and (kind, client) in alarmed]
        known = {segment for of, segment in standing if of == kind}
        crowded = len(many) > MOST_CLIENTS
        if crowded or MANY in known:
            yield _crowd(kind, {client: places[client] for client in many} if crowded else {})
        ranked = sorted(places, key=lambda client: (-_log_e(places[client]), client))
        told = [c for c in ranked if _segment(c) in known or (_log_e(places[c]) >= SHOWN and not (crowded and c))]
        for client in told[: MOST_CLIENTS + len(known)]:
            others = _others(client, by_place, alarmed, kind)
            yield _measured(kind, client, places[client], alpha=alpha, others=others)
        for segment in sorted(known - {MANY} - {_segment(client) for client in told}):
            yield Measurement(name_of(kind), 0.0, segment=segment, p_value=1.0, effect=0.0)


def name_of(kind: str) -> str:
    """Name the detector of a kind of attack.

    >>> name_of("attack.evasion")
    'suspected_evasion'
    """
    return "suspected_" + kind.partition(".")[2]


def client_of(segment: str) -> str | None:
    """Name the client that an alert's segment speaks of; None where it speaks of none."""
    return segment.removeprefix(CLIENT) if segment.startswith(CLIENT) else None


def asks_much_only(evidence: Mapping[str, Any]) -> bool:
    """Say whether a client is suspected for the number of its different rows alone: none of them is odd by itself.

    >>> asks_much_only({"detectors": [{"name": "volume"}]}), asks_much_only({"detectors": []})
    (True, False)
    """
    names = {one["name"] for one in evidence.get("detectors", ())}
    return names == {VOLUME}


def may_be_honest(evidence: Mapping[str, Any], severity: str) -> bool:
    """Say whether what a client shows is what honest ones may, with rows that are not odd: many alike, or many at all.

    >>> copies, odd = ({"name": name, "log_e": 20.0, "threshold": 14.0} for name in ("near_duplicates", "doubtful"))
    >>> may_be_honest({"detectors": [copies]}, "info"), may_be_honest({"detectors": [copies, odd]}, "info")
    (True, False)
    """
    sure = {one["name"] for one in evidence.get("detectors", ()) if one["log_e"] >= one["threshold"]}
    return asks_much_only(evidence) or (severity == "info" and BY_HAND.isdisjoint(sure))


def still_shows(evidence: Mapping[str, Any]) -> bool:
    """Say whether a window shows of a client who is suspected what would be worth telling, if of less than an alarm.

    That is evidence of a thousand to one, by a sign that more of its rows show than honest ones do at most: what was
    gathered in windows before is none.

    >>> sign = {"log_e": 7.1, "hits": 9, "rows": 10, "p0": 0.3}
    >>> still_shows({"detectors": [sign]}), still_shows({"detectors": [{**sign, "hits": 2}]}), still_shows({})
    (True, False, False)
    """
    told = evidence.get("detectors", ())
    return any(one["log_e"] >= SHOWN and one["hits"] > one["p0"] * one["rows"] for one in told)


OF_ONE_SIGN = ("worst", "log_e_before")
"""What a sighting's evidence tells of its own sign."""


def _log_e(found: Sequence[Sighting]) -> float:
    return max((one.log_e for one in found), default=0.0)


def _segment(client: str) -> str:
    return CLIENT + client if client else ""


def _others(
    client: str, by_place: Mapping[tuple[str, str], Sequence[Sighting]], alarmed: Collection[tuple[str, str]], kind: str
) -> list[Sighting]:
    """Give what detectors of other kinds are sure of about the same client."""
    elsewhere = [(of, who) for of, who in by_place if who == client and of != kind and (of, who) in alarmed]
    return [one for place in elsewhere for one in by_place[place]]


def _measured(
    kind: str, client: str, found: Sequence[Sighting], *, alpha: float, others: Sequence[Sighting]
) -> Measurement:
    strongest, limit = found[0], -math.log(alpha)
    begun = min((one for one in found if one.first_at), key=lambda one: one.first_at, default=strongest)
    ids = [name for name in dict.fromkeys([begun.first_id, *(i for one in found for i in one.ids)]) if name]
    evidence: dict[str, Any] = {}
    for one in reversed((*found, *others)):
        evidence |= {key: part for key, part in one.evidence.items() if key not in OF_ONE_SIGN}
    evidence |= {
        "severity": severity_of(found, others, client=client, limit=limit),
        "detectors": [_told(one, limit) for one in (*found, *others) if one.log_e >= SHOWN or one is strongest],
        "first_suspicious_record": {"id": begun.first_id, "time": _time(begun.first_at)},
        "record_ids": ids[:MOST_IDS],
    }
    if evidence.get("cluster"):
        evidence["flips"] = flips_of(evidence["cluster"], client)
    elif kind == "attack.evasion":
        evidence["pattern"] = "off_manifold"
    return Measurement(
        name_of(kind),
        strongest.log_e,
        segment=_segment(client),
        n=strongest.rows,
        p_value=min(1.0, math.exp(-strongest.log_e)),
        effect=strongest.hits / strongest.rows if strongest.rows else 0.0,
        evidence=evidence | ({"client": client} if client else {}),
    )


def _time(micros: int) -> str | None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if micros else None


def _told(one: Sighting, limit: float) -> dict[str, Any]:
    known = ALL_BY_NAME.get(sign_of(one.detector))
    numbers = {"hits": one.hits, "rows": one.rows, "p0": one.rate, "rate": one.hits / one.rows if one.rows else None}
    sure = {"log_e": round(one.log_e, 2), "threshold": round(limit, 2)}
    more = {key: one.evidence[key] for key in OF_ONE_SIGN if key in one.evidence}
    hides = any(column.get("hides") for column in (one.evidence.get("columns") or ())[:1])
    return {"name": one.detector, **numbers, **sure, **more, "says": HIDING if hides else known.says if known else ""}


def _crowd(kind: str, places: Mapping[str, Sequence[Sighting]]) -> Measurement:
    if not places:
        return Measurement(name_of(kind), 0.0, segment=MANY, p_value=1.0, effect=0.0)
    log_e = max(map(_log_e, places.values()))
    ranked = sorted(places, key=lambda client: (-_log_e(places[client]), client))
    rows = sum(max(one.rows for one in found) for found in places.values())
    hits = sum(max(one.hits for one in found) for found in places.values())
    if kind == "attack.privacy":
        note = f"the log repeats the reference: {len(places)} clients ask for its rows"
        return Measurement(name_of(kind), log_e, segment=MANY, n=rows, p_value=1.0, effect=0.0, note=note)
    evidence = {"severity": "critical", "clients": ranked[:MOST_CLIENTS], "count": len(places)}
    p_value, rate = min(1.0, math.exp(-log_e)), hits / rows
    return Measurement(name_of(kind), log_e, segment=MANY, n=rows, p_value=p_value, effect=rate, evidence=evidence)


KINDS = ("attack.evasion", "attack.extraction", "attack.privacy", "attack.probing", "attack.flood")
DETECTORS = tuple(
    Detector(name_of(kind), kind, "nats of evidence", compare, armed=True, at_once=True, weight=0.0) for kind in KINDS
)
"""One a kind of attack."""
BY_KIND: Mapping[str, Detector] = {detector.kind: detector for detector in DETECTORS}
BY_NAME: Mapping[str, Detector] = {detector.name: detector for detector in DETECTORS}
"""The same by their names."""
