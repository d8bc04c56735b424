"""What a message about an attack says: which client, what was seen, how sure that is, since when, and what to do."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitor.alerts.phrasing import chance, clock, listed, number, shown

if TYPE_CHECKING:
    from monitor.alerts.grouping import Finding, Group

SUSPECTED = "suspected_"
"""Begins the names of the detectors that this is about."""
CLIENT, MANY, NEWCOMERS, VOLUME = "client=", "many clients", "newcomers_", "volume"
NAMED, RECORDS, COLUMNS, SENDERS = 3, 3, 4, 5

ATTACKS = {
    "attack.evasion": "evasion",
    "attack.extraction": "model extraction",
    "attack.privacy": "an attack on privacy",
    "attack.probing": "probing",
    "attack.flood": "flooding",
    "attack.poisoning": "poisoning",
}
TO_DO = {
    "attack.evasion": "limit or block {who}, and check what was done on the answers to these records; "
    "label them (`monitor export --hard-examples`) and train against them",
    "attack.extraction": "limit the queries of {who}; answer with decisions or rounded scores, and ask what the rows "
    "were for",
    "attack.privacy": "limit {who}; answer with rounded scores, and find out how they came by training rows",
    "attack.probing": "refuse malformed requests before they reach the model, and limit {who}",
    "attack.flood": "limit the rate of {who}; see whether the queries are meant",
}


def is_suspicion(finding: "Finding") -> bool:
    """Say whether a finding is about clients whose queries look like an attack."""
    return finding.detector.startswith(SUSPECTED)


def suspicion(finding: "Finding") -> str:
    """Give one sentence about one alert: who, what was seen, how sure that is, and since when."""
    told, alert = finding.evidence, finding.alert
    began = [f"since {clock(alert.since)}"] if alert.since else []
    if alert.state not in ("pending", "firing"):
        ended = [f"resolved {clock(alert.resolved_at)}"] if alert.state == "resolved" and alert.resolved_at else []
        return f"{shown(finding.model)} ({_who(finding)}): {', '.join(['nothing suspicious any more', *began, *ended])}"
    seen = _crowd(finding) if finding.segment == MANY else "; ".join(_seen(told)) or "suspicious queries"
    return f"{shown(finding.model)} ({_who(finding)}): {', '.join([seen, *began])}{_how_sure(finding)}"


def suspicion_title(group: "Group") -> str:
    """Say what is suspected of whom."""
    ended = "resolved: " if group.transition == "resolved" else ""
    attack = ATTACKS.get(group.kind, group.kind)
    return f"{shown(group.model)}: {ended}signs of {attack} by {_whom(group.findings)}"


def suspicion_lines(group: "Group", *, most: int) -> tuple[str, ...]:
    """Give the body of a message about clients, the surest first; details of the first alone."""
    sentences = [suspicion(finding) for finding in group.findings[:most]]
    rest = len(group.findings) - most
    more = [f"and {rest} more"] if rest > 0 else []
    if group.transition == "resolved":
        return (*sentences, *more)
    first = group.findings[0].evidence
    details = (*_pair(first), *_senders(first), *_copied(first), *_records(first), *_client(first), *_names(first))
    return (*sentences, *more, *details, *_mild(first), f"To do: {_to_do(group)}.")


def _mild(told: Mapping[str, Any]) -> list[str]:
    """Say why an alert about a client is one of low severity."""
    mild = told.get("severity") == "info" and told.get("client")
    return ["Low severity: people who try out one row, or have much to ask, look like this, too."] if mild else []


def _who(finding: "Finding") -> str:
    if finding.segment == MANY:
        return f"{finding.evidence.get('count', 0) or 'many':,} clients" if finding.evidence.get("count") else MANY
    return shown(finding.segment.removeprefix(CLIENT)) if finding.segment else "all traffic"


def _whom(findings: Sequence["Finding"]) -> str:
    names = list(dict.fromkeys(map(_who, findings)))
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _crowd(finding: "Finding") -> str:
    told = finding.evidence
    return f"more clients than can be told one by one, {listed([str(c) for c in told.get('clients', ())], NAMED)} first"


def _seen(told: Mapping[str, Any]) -> list[str]:
    """Say what was seen: near-copies in the words of their cluster, every other sign by its rows."""
    cluster, detectors = told.get("cluster"), told.get("detectors", ())
    similar = [one for one in detectors if _is_similar(str(one["name"]))]
    similar.sort(key=lambda one: -one["hits"])
    copies = [_copies(cluster, similar[0], alone=bool(told.get("client")))] if cluster and similar else []
    others = [one for one in detectors if one.get("says") and not (copies and one in similar)]
    return [*copies, *(_sign(one, told) for one in others)][:NAMED]


def _is_similar(name: str) -> bool:
    return name.startswith("near_duplicate") or name == "cluster"


def _sign(one: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    if one["name"] == VOLUME:
        volume = told["volume"]
        rows = f"{volume['rows']:,} different rows in one {volume['span']}"
        return f"{rows}, where no client's {volume['span']} held more than {volume['busiest']:,}"
    usual = f" (usual: at most {100 * one['p0']:.3g} %)"
    rows = "first rows of new clients" if str(one["name"]).startswith(NEWCOMERS) else "rows"
    return f"{one['hits']:,} of {one['rows']:,} {rows} {shown(str(one['says']))}{usual}"


def _copies(cluster: Mapping[str, Any], one: Mapping[str, Any], *, alone: bool) -> str:
    flips, clients = int(cluster.get("flips") or 0), int(cluster.get("clients") or 0)
    size = one["hits"] if alone else cluster["size"]
    among = f" in {one['rows']:,} queries" if alone else f" from {clients:,} clients" if clients > 1 else ""
    told = f"{size:,} near-copies of one row{among}"
    return told + (f", the answer flipped {flips:,} {'time' if flips == 1 else 'times'}" if flips else "")


def _how_sure(finding: "Finding") -> str:
    if finding.p_value is None:
        return ""
    return f"; {chance(finding.p_value, '≤')}" + (f" (threshold ≤ {number(finding.alpha)})" if finding.alpha else "")


def _pair(told: Mapping[str, Any]) -> list[str]:
    """Say in which columns the first and the last of the near-copies differ, or which columns are odd."""
    pair = (told.get("cluster") or {}).get("pair") or ()
    if pair:
        said = [f"{shown(str(o['column']))} {_value(o['from'])} → {_value(o['to'])}" for o in pair[:COLUMNS]]
        return [f"First and last copy differ in {', '.join(said)}."]
    columns = [str(one["column"]) for one in told.get("columns") or ()]
    return [f"Odd columns: {listed(columns, COLUMNS)}."] if columns else []


def _senders(told: Mapping[str, Any]) -> list[str]:
    """Say which clients sent what no single one is accused of."""
    senders = told.get("senders") or ()
    if not senders:
        return []
    named = [f"{shown(str(one['client']))} ({one['rows']:,})" for one in senders[:SENDERS]]
    more = told["sent_by"] - len(named)
    return [f"Sent by {', '.join(named)}" + (f" and {more:,} more clients." if more > 0 else ".")]


def _copied(told: Mapping[str, Any]) -> list[str]:
    """Say how much a client has asked in all, beside what is enough to copy the model."""
    if "asked" not in told:
        return []
    budget = told.get("model_budget")
    enough = f", and about {budget:,} are enough for a copy that gives nine answers of ten" if budget else ""
    return [f"It has asked {told['asked']:,} different rows in all{enough}."]


def _value(value: object) -> str:
    return "nothing" if value is None else f"{value:.4g}" if isinstance(value, float) else shown(str(value))


def _records(told: Mapping[str, Any]) -> list[str]:
    first = told.get("first_suspicious_record") or {}
    ids = [str(one) for one in told.get("record_ids") or () if one != first.get("id")]
    if not first.get("id"):
        return [f"First suspicious record at {first['time']}."] if first.get("time") else []
    more = f"; also {listed(ids, RECORDS)}" if ids else ""
    return [f"First suspicious record: {shown(str(first['id']))} at {first['time']}{more}."]


def _client(told: Mapping[str, Any]) -> list[str]:
    profile = told.get("client_profile")
    if not profile:
        return []
    share = "" if profile["share"] is None else f", {100 * profile['share']:.3g} % of the traffic"
    usual = "" if profile["usual_rows"] is None else f"; half of the clients sent {profile['usual_rows']:,.0f} or fewer"
    return [f"The client sent {profile['rows']:,} rows in the window{share}{usual}."]


def _names(told: Mapping[str, Any]) -> list[str]:
    names = told.get("names")
    if not names:
        return []
    return [f"MITRE ATLAS {names['atlas']['version']}: {', '.join(names['atlas']['techniques'])}."]


def _to_do(group: "Group") -> str:
    advice = TO_DO.get(group.kind, "look at the clients and records named here, and keep the records as evidence")
    return advice.format(who=_whom(group.findings))
