"""Which clients are suspected of which attack, by what their queries showed in a window."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from scipy.special import bdtrc

from monitor.detectors.attack.indicators import ALL_BY_NAME, DOUBT, HIDING, VOLUME
from monitor.detectors.attack.sighting import CLUSTER, MOST_IDS, Sighting, sign_of
from monitor.detectors.detector import Detector
from monitor.stats.evidence import is_sure
from monitor.types import Measurement

MOST_CLIENTS = 20
"""More clients of one kind than these are told of as one."""
CLIENT, MANY = "client=", "many clients"
SHOWN = math.log(1_000)
FLIPS, WHAT_IF, FEW_VARIED = 5, 0.5, 3
CARRIERS, FAR, APART, SOME = 2, 8.0, 4.0, 0.1
"""Two columns carry all that is odd, where they lie eight robust deviations off and four times as far as any other."""
BESIDE, SLACK = 10, 1.25
"""A client is laid beside the rate of the others, times the slack, as if so many rows of theirs had shown nothing."""
ACCOMPLICES, FOURTH, LEFT = 3, 4, 20
"""So many others, or one in four clients, those with the most evidence, are no measure of what all show, if that leaves
so many rows."""

Severity = Literal["critical", "warning", "info"]


class Total(NamedTuple):
    """What a detector saw of all clients in a window: rows, those that showed its sign, and clients at least."""

    rows: int
    hits: int
    clients: int = 0


def compare(
    seen: Sequence[Sighting], *, alpha: float, standing: Collection[tuple[str, str]] = ()
) -> Iterator[Measurement]:
    """Say of each client what it is suspected of, by kind of attack, the strongest first.

    seen: of one window. standing: (kind, segment) that
    alerts fire for, which are measured even where nothing more is seen. The value is the strongest evidence against
    chance that any of the kind's detectors gathered, in nats, from 0, worse when higher; the p-value bounds by e^-value
    the chance that an honest client's rows gather so much (Ville 1939; Shin, Ramdas & Rinaldo 2022); the effect is the
    rate of suspicious rows. Only what has a p-value of 0.001 or less is given, and clients of whom there are too many
    together. Blind to whatever the detectors of queries are blind to, and to clients that act as one under many names.
    """
    by_place = _gathered(seen)
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


def kind_of(detector: str) -> str | None:
    """Say what kind of attack a detector of queries is a sign of.

    >>> kind_of("near_duplicates"), kind_of("pooled_malformed")
    ('attack.evasion', 'attack.probing')
    """
    known = ALL_BY_NAME.get(sign_of(detector))
    return "attack.evasion" if detector == CLUSTER else known.kind if known else None


def _gathered(seen: Sequence[Sighting]) -> dict[tuple[str, str], list[Sighting]]:
    found: dict[str, dict[str, list[Sighting]]] = {}
    totals: dict[str, Total] = {}
    for one in seen:
        if one.total:
            before, asked = totals.get(one.detector, Total(0, 0)), int(one.evidence.get("clients", 0))
            totals[one.detector] = Total(before.rows + one.rows, before.hits + one.hits, max(before.clients, asked))
        else:
            found.setdefault(one.detector, {}).setdefault(one.client, []).append(one)
    by_place: dict[tuple[str, str], list[Sighting]] = {}
    for detector, clients in found.items():
        if not (kind := kind_of(detector)):
            continue
        shown = sorted(map(together, clients.values()), key=lambda one: -one.log_e)
        for one in shown:
            told = beside_others(one, totals.get(detector), strongest=shown)
            by_place.setdefault((kind, one.client), []).append(told)
    for parts in by_place.values():
        parts.sort(key=lambda one: (-one.log_e, one.detector))
    return by_place


def beside_others(one: Sighting, total: Total | None, *, strongest: Sequence[Sighting] = ()) -> Sighting:
    """Give a sighting with no more evidence than there is against the rate that everyone else shows in this window.

    What all clients show alike is a changed world, or broken data, and accuses none of them. The other clients' rate is
    taken a quarter higher than it was, and lower where few rows tell. total: of all clients, this one among them.
    strongest: the clients that show the same, one of whom may be this one, those with the most evidence first: a few do
    not speak for all, and may be accomplices, so that three others, or a quarter of the clients where that is more, are
    left out where enough rows are left.

    >>> from datetime import UTC, datetime
    >>> odd = Sighting("distrusted", "c", datetime(2026, 3, 1, tzinfo=UTC), 8, 8, 0.125, log_e=16.0)
    >>> beside_others(odd, Total(1008, 108)).log_e, round(beside_others(odd, Total(1008, 708)).log_e, 1)
    (16.0, 1.1)
    """
    if total is None or not one.client:
        return one
    rows, hits = max(total.rows - one.rows, 0), max(total.hits - one.hits, 0)
    many = max(ACCOMPLICES, total.clients // FOURTH)
    apart = [other for other in strongest if other.client != one.client][:many]
    left = rows - sum(other.rows for other in apart)
    if left >= LEFT:
        rows, hits = left, max(hits - sum(other.hits for other in apart), 0)
    usual = min(SLACK * hits / (rows + BESIDE), 1.0)
    if usual <= one.rate:
        return one
    chance = float(bdtrc(one.hits - 1, one.rows, usual)) if one.hits else 1.0
    return replace(one, log_e=min(one.log_e, -math.log(max(chance, 1e-300))))


def together(parts: Sequence[Sighting]) -> Sighting:
    """Put together what a detector saw of a client in several hours or days: rows add up, the strongest is shown."""
    strongest = max(parts, key=lambda one: (one.log_e, one.start))
    begun = min((one for one in parts if one.first_at), key=lambda one: one.first_at, default=strongest)
    ids = dict.fromkeys(i for one in sorted(parts, key=lambda one: -one.log_e) for i in one.ids)
    return replace(
        strongest,
        rows=sum(one.rows for one in parts),
        hits=sum(one.hits for one in parts),
        first_at=begun.first_at,
        first_id=begun.first_id,
        ids=tuple(ids)[:MOST_IDS],
    )


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
        evidence |= one.evidence
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
    hides = any(column.get("hides") for column in (one.evidence.get("columns") or ())[:1])
    return {"name": one.detector, **numbers, **sure, "says": HIDING if hides else known.says if known else ""}


def severity_of(found: Sequence[Sighting], others: Sequence[Sighting], *, client: str, limit: float) -> Severity:
    """Say how grave it is: critical, warning or info.

    Critical are near-copies whose answer flipped five times or more, a client's own where it is one's, if more than
    three columns are varied, and signs of two families that are sure; a warning is one family, or more of them that two
    columns carry alone, as those of a changed unit do; what is known of no client in particular is one step less. What
    honest people may do, to vary few values of a row again and again or to ask much, is info; a warning, though, if the
    answer flipped five times while more than three columns were varied, if few at a time.
    """
    alarming = [one for one in (*found, *others) if one.log_e >= limit]
    if alarming and all(map(_maybe_honest, alarming)):
        return "info"
    flips = max((_flips(one) for one in (*found, *others) if not _compares_few(one) and not _varies(one)), default=0)
    # what is doubtful, all told, repeats what its parts say
    sure = [one for one in (*found, *others) if is_sure(one.log_e, limit) and _family(one.detector) != DOUBT]
    several = len({_family(one.detector) for one in sure}) > 1 and not _of_few_columns(sure)
    words: tuple[Severity, ...] = ("critical", "warning", "info")
    return words[(0 if flips >= FLIPS or several else 1) + (0 if client else 1)]


def _of_few_columns(signs: Iterable[Sighting]) -> bool:
    """Say whether the same two columns, at most, carry all that is odd of rows."""
    columns = [_carriers(one.evidence.get("columns") or ()) for one in signs]
    return all(columns) and len(frozenset[str]().union(*columns)) <= CARRIERS


def _carriers(columns: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Name the columns that carry what is odd of rows, of those that are odd in some part of them, or lie far off."""
    if columns and "share" in columns[0]:
        return frozenset(one["column"] for one in columns if one["share"] >= SOME)
    away = {one["column"]: one["deviations"] or 0.0 for one in columns}
    far = frozenset(name for name, by in away.items() if by >= FAR)
    rest = max((by for name, by in away.items() if name not in far), default=0.0)
    return far if min((away[name] for name in far), default=0.0) >= APART * rest else frozenset()


def flips_of(cluster: Mapping[str, Any], client: str) -> int:
    """Count how often the answer to near-copies flipped: to a client's own, or to all where no client is meant.

    0 where others sent some, too, and the client's are not known.

    >>> shared = {"flips": 141, "clients": 3, "own": {"size": 278, "flips": 0}}
    >>> flips_of(shared, "mallory"), flips_of(shared, ""), flips_of({"flips": 9, "clients": 1}, "mallory")
    (0, 141, 9)
    """
    alone = not client or cluster.get("clients", 1) <= 1
    own = cluster.get("own") or ({"flips": cluster.get("flips")} if alone else {})
    return int((own if client else cluster).get("flips") or 0)


def is_shared(cluster: Mapping[str, Any]) -> bool:
    """Say whether a cluster of a client's near-copies holds rows of others, or may: what is said of it is not of one.

    >>> [is_shared({"size": 9, "clients": 1, "own": {"size": own}}) for own in (9, 8)]
    [False, True]
    """
    own = (cluster.get("own") or {}).get("size")
    return cluster.get("clients", 1) > 1 or (own is not None and own < cluster.get("size", 0))


def _flips(one: Sighting) -> int:
    return flips_of(one.evidence.get("cluster") or {}, one.client)


def _compares_few(one: Sighting) -> bool:
    """Say whether near-copies differ in few columns only, as those of who compares the quotes for one person do."""
    varied = (one.evidence.get("cluster") or {}).get("varied")
    return varied is not None and len(varied) <= FEW_VARIED


def _maybe_honest(one: Sighting) -> bool:
    """Say whether honest clients may show it: those who ask "what if", and those who have much to ask."""
    family = _family(one.detector)
    if _varies(one):
        return _flips(one) < FLIPS or _compares_few(one)
    return family == "volume" or (family == "sweep" and _flips(one) < FLIPS)


def _varies(one: Sighting) -> bool:
    """Say whether near-copies mostly differ in few values from one that was sent shortly before."""
    return _family(one.detector) == "similar" and one.evidence.get("what_if", 0.0) > WHAT_IF


def _family(detector: str) -> str:
    known = ALL_BY_NAME.get(sign_of(detector))
    return known.family if known else detector


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
