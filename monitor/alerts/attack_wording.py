"""What a message about an attack says: which client, what was seen, how sure that is, since when, and what to do."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.attack_advice import not_broken, to_do_about
from monitor.alerts.attack_names import ATTACKS, CLIENTS, MANY, is_sure, who
from monitor.alerts.finding import Finding, Group
from monitor.alerts.phrasing import chance, clock, counted, first_of, listed, number, said, shown
from monitor.alerts.taxonomy import is_of_broken_data
from monitor.types import Window

SUSPECTED = "suspected_"
"""Begins the names of the detectors that this is about."""
NEWCOMERS, VOLUME, SWEEP = "newcomers_", "volume", "one_column_sweep"
SWEPT = "like one that the client sent just before in all but {columns}"
NAMED, RECORDS, COLUMNS, FAR_PART = 3, 3, 4, 1 / 3
FIRST = 10
"""So many rows of a cluster at most came before one was a near-copy of them."""
ALIKE = 0.75
"""Where signs were sought in less than this part of a client's rows, it is said why."""
MOST_COUNTED = 255
"""So many of a client's rows among the worst are counted."""


def is_suspicion(finding: Finding) -> bool:
    """Say whether a finding is about clients whose queries look like an attack."""
    return is_of_clients(finding.detector)


def is_of_clients(detector: str) -> bool:
    """Say whether a detector suspects clients.

    >>> is_of_clients("suspected_evasion"), is_of_clients("psi")
    (True, False)
    """
    return detector.startswith(SUSPECTED)


def suspicion(finding: Finding) -> str:
    """Give one sentence about one alert: who, what was seen, how sure that is, and since when."""
    told, alert = finding.evidence, finding.alert
    about = f"{shown(finding.model)} ({who(finding)}): {_no_attack(finding)}"
    if alert.state not in ("pending", "firing"):
        began = [f"began {clock(finding.since)}"] if finding.since else []
        ended = [f"resolved {clock(alert.resolved_at)}"] if alert.state == "resolved" and alert.resolved_at else []
        return f"{about}{', '.join([no_more_signs(told), *began, *ended])}"
    began = [f"since {clock(finding.since)}"] if finding.since else []
    seen = _crowd(finding) if finding.segment == MANY else "; ".join(_seen(told)) or "suspicious queries"
    return f"{about}{', '.join([seen, *began])}{_how_sure(finding)}"


def _no_attack(finding: Finding) -> str:
    """Say what a client's broken data are, which look like an attack; nothing of any other."""
    if not is_of_broken_data(finding.evidence):
        return ""
    what = said("; ".join(finding.evidence["origin"]["for"]))
    return f"broken data, no {ATTACKS.get(finding.kind, 'attack')}: {what}; "


def no_more_signs(told: Mapping[str, Any]) -> str:
    """Say that no more is seen, and whether the client has gone or goes on: a search so slow is not seen.

    >>> no_more_signs({"sent": 0}), no_more_signs({"sent": 20})
    ('no more signs, and no more rows of it', 'no more signs, but it goes on: 20 rows in the last window')
    """
    sent = told.get("sent")
    if sent is None:
        return "no more signs"
    return (
        f"no more signs, but it goes on: {counted(sent, 'row')} in the last window"
        if sent
        else "no more signs, and no more rows of it"
    )


def suspicion_lines(group: Group) -> tuple[str, ...]:
    """Give the body of a message about clients, the surest first; details of the first three."""
    sentences = [finding.said or suspicion(finding) for finding in group.findings[:CLIENTS]]
    rest = len(group.findings) - CLIENTS
    more = [f"and {rest} more"] if rest > 0 else []
    if group.transition == "resolved":
        return (*sentences, *more, *_no_all_clear(group))
    several, first = len(group.findings) > 1, group.findings[0].evidence
    details = [line for one in group.findings[:NAMED] for line in _details(one, several=several)]
    return (*sentences, *more, *details, *_names(first), *_mild(first), f"To do: {to_do_about(group)}.")


def _details(finding: Finding, *, several: bool) -> tuple[str, ...]:
    """Say how one client's near-copies differ, who it is, which records speak against it and how much it sent."""
    told, of = finding.evidence, f" of {who(finding)}" if several else ""
    profile = _client(told, finding.window)
    return (*_pair(told, of), *senders(told), *_copied(told), *_records(told, of), *profile)


def going_on(group: Group) -> list[str]:
    """Name the clients who are suspected, and still sent rows in the last window."""
    return [who(finding) for finding in not_broken(group) if finding.segment and finding.evidence.get("sent")]


def _no_all_clear(group: Group) -> list[str]:
    """Say of those who go on that this is no all-clear."""
    names = going_on(group)
    if not names or group.by_hand:
        return []
    goes = "goes" if len(names) == 1 else "go"
    how = "without signs, as who searches slowly or otherwise does"
    return [f"No all-clear: {first_of(names, CLIENTS)} {goes} on {how}. Look at the records before a limit is lifted."]


def senders(told: Mapping[str, Any]) -> list[str]:
    """Say which clients sent what no single one is accused of."""
    sent = told.get("senders") or ()
    if not sent:
        return []
    named = [f"{shown(str(one['client']))} ({one['rows']:,})" for one in sent[:CLIENTS]]
    more, rows = told["sent_by"] - len(named), sum(one["rows"] for one in sent)
    seen = f"Of these rows, the {rows:,} last seen were sent" if rows < _size(told) else "Sent"
    return [f"{seen} by {', '.join(named)}" + (f" and {more:,} more clients." if more > 0 else ".")]


def _size(told: Mapping[str, Any]) -> int:
    return int((told.get("cluster") or {}).get("size") or 0)


def _mild(told: Mapping[str, Any]) -> list[str]:
    """Say why an alert about a client is one of low severity."""
    mild = told.get("severity") == "info" and told.get("client") and not is_of_broken_data(told)
    return ["Low severity: people who try out some rows, or have much to ask, look like this, too."] if mild else []


def _crowd(finding: Finding) -> str:
    names = [str(client) for client in finding.evidence.get("clients", ())]
    return f"more clients than can be told one by one, {', '.join(map(shown, names[:CLIENTS]))} first"


def _seen(told: Mapping[str, Any]) -> list[str]:
    """Say what was seen: near-copies in the words of their cluster, every other sign by its rows."""
    # an alert may linger in a window in which a sign was looked for and not seen
    detectors = [one for one in told.get("detectors", ()) if one["hits"] and (_is_often(one) or is_sure(one))]
    detectors.sort(key=_evidence_of, reverse=True)
    similar = [one for one in detectors if _is_similar(str(one["name"]))]
    similar.sort(key=lambda one: -one["hits"])
    copies = [_copies(told, similar[0])] if told.get("cluster") and similar else []
    others = [one for one in detectors if one.get("says") and not (copies and one in similar)]
    return [*copies, *(_sign(one, told) for one in others)][:NAMED]


def is_often(hits: int, rows: int, usual: float) -> bool:
    """Say whether more rows show a sign than the usual share of them: else it speaks for an attack only if it is sure.

    >>> is_often(4, 112, 0.0983), is_often(40, 112, 0.0983)
    (False, True)
    """
    return hits > usual * rows


def _is_often(one: Mapping[str, Any]) -> bool:
    return is_often(one["hits"], one["rows"], one["p0"])


def _is_similar(name: str) -> bool:
    return name.startswith("near_duplicate") or name == "cluster"


def _sign(one: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    if one["name"] == VOLUME:
        volume = told["volume"]
        rows = f"{volume['rows']:,} different rows in one {volume['span']}"
        beside = f"{rows}, where no client's {volume['span']} held more than {volume['busiest']:,}"
        return beside + _and_doubtful(volume.get("doubtful"))
    # a burst may be rare among all rows of a window
    usual = f" (usual: at most {100 * one['p0']:.3g} %)" if _is_often(one) else ", many of them at once"
    if worst := one.get("worst"):
        most = f"{worst['hits']:,}" + (" or more" if worst["hits"] >= MOST_COUNTED else "")
        usual += f", {most} of them more than 99 of 100 honest rows (usual: at most {100 * worst['rate']:.3g} %)"
    rows = "of the first hundred rows of clients" if str(one["name"]).startswith(NEWCOMERS) else "rows"
    return f"{one['hits']:,} of {one['rows']:,} {rows} {_says(one, told)}{usual}"


def _and_doubtful(counted: Mapping[str, Any] | None) -> str:
    """Say how many of the rows that a client asks are doubtful, where that tells as much as how many they are."""
    if not counted:
        return ""
    share = f"{counted['hits']:,} of {counted['rows']:,} among the more doubtful"
    return f", {share} (of honest rows {100 * counted['usual']:.3g} %)"


def _says(one: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """Say in words what a sign is; of a sweep, of which columns, and how often the answer flipped meanwhile."""
    if one["name"] != SWEEP:
        return said(one["says"])
    columns = ", ".join(map(shown, told.get("swept") or ()))
    steps = int(told.get("swept_steps") or 0)
    flips = flipped(int(told.get("swept_flips") or 0), to=f" to {steps:,} rows varied step by step" if steps else "")
    return said(SWEPT.format(columns=columns) if columns else one["says"]) + flips


def _copies(told: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """Say how many near-copies there are; of one row only where the cluster that is shown holds just these.

    Another one holds those of other windows, too, or these are of several: then flips are those of the one shown.
    """
    cluster = told["cluster"]
    clients, flips = int(cluster.get("clients") or 0), int(told.get("flips") or 0)
    if not told.get("client"):
        among = f" from {clients:,} clients" if clients > 1 else ""
        return f"{_near_copies(cluster['size'])} of one row{among}{flipped(flips)}"
    own = cluster.get("own") or (cluster if clients <= 1 else {"size": 0})
    among = f" in {one['rows']:,} different queries"
    if one["hits"] <= own["size"] <= one["hits"] + FIRST:
        return f"{_near_copies(one['hits'])} of one row{among}{flipped(flips)}"
    those = f" to the {own['size']:,} of one row" if own["size"] else " to those of one row"
    return f"{_near_copies(one['hits'])} of earlier rows of its own{among}{flipped(flips, to=those)}"


def _near_copies(size: int) -> str:
    return f"{size:,} near-{'copy' if size == 1 else 'copies'}"


def flipped(flips: int, *, to: str = "") -> str:
    """Say how often the answer to near-copies flipped; nothing where it did not.

    >>> flipped(9), flipped(1, to=" to those of one row"), flipped(0)
    (', the answer flipped 9 times', ', the answer to those of one row flipped 1 time', '')
    """
    return f", the answer{to} flipped {_times(flips)}" if flips else ""


def _times(count: int) -> str:
    return f"{count:,} time" if count == 1 else f"{count:,} times"


def _how_sure(finding: Finding) -> str:
    """Say by how little chance honest rows show as much as the surest of the signs, whatever it is a sign of."""
    if finding.p_value is None:
        return ""
    surest: Mapping[str, Any] = max(finding.evidence.get("detectors") or [{}], key=_evidence_of)
    before = " with what it showed in windows before" if "log_e_before" in surest else ""
    limit = f" (threshold ≤ {number(finding.alpha)})" if finding.alpha else ""
    return f"; {chance(min(finding.p_value, math.exp(-_evidence_of(surest))), '≤')}{before}{limit}"


def _evidence_of(sign: Mapping[str, Any]) -> float:
    return float(sign.get("log_e", 0.0))


def _pair(told: Mapping[str, Any], of: str) -> list[str]:
    """Say in which columns the first and the last of the near-copies differ, or which columns are odd."""
    pair = (told.get("cluster") or {}).get("pair") or ()
    if pair:
        apart = [f"{shown(str(o['column']))} {_value(o['from'])} → {_value(o['to'])}" for o in pair[:COLUMNS]]
        return [f"First and last copy{of} differ in {', '.join(apart)}."]
    columns = _odd_columns(told.get("columns") or ())
    return [f"Odd columns{of}: {listed(columns, COLUMNS)}."] if columns else []


def _odd_columns(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the columns that make rows odd: those that break the contract, or lie a third as far off as the first.

    >>> away = [{"column": name, "deviations": by} for name, by in [("text", 9.0), ("age", 4.0), ("amount", 0.9)]]
    >>> _odd_columns(away), _odd_columns([{"column": "age", "share": 0.1}])
    (['text', 'age'], ['age'])
    """
    least = FAR_PART * ((columns[0].get("deviations") or 0.0) if columns else 0.0)
    return [str(one["column"]) for one in columns if "share" in one or (one.get("deviations") or 0.0) >= least]


def _copied(told: Mapping[str, Any]) -> list[str]:
    """Say how much a client has asked in all, beside what is enough to copy the model."""
    if "asked" not in told:
        return []
    budget = told.get("model_budget")
    enough = f", and about {budget:,} are enough for a copy that gives nine answers of ten" if budget else ""
    who = shown(str(told.get("client") or "It"))
    return [f"{who} has asked {told['asked']:,} different rows in all{enough}."]


def _value(value: object) -> str:
    return "nothing" if value is None else f"{value:.4g}" if isinstance(value, float) else shown(str(value))


def _records(told: Mapping[str, Any], of: str) -> list[str]:
    first = told.get("first_suspicious_record") or {}
    ids = [str(one) for one in told.get("record_ids") or () if one != first.get("id")]
    if not first.get("id"):
        return [f"First suspicious record{of} at {first['time']}."] if first.get("time") else []
    more = f"; also {listed(ids, RECORDS)}" if ids else ""
    return [f"First suspicious record{of}: {shown(str(first['id']))} at {first['time']}{more}."]


def _client(told: Mapping[str, Any], window: Window) -> list[str]:
    profile = told.get("client_profile")
    if not profile:
        return []
    share = "" if profile["share"] is None else f", {100 * profile['share']:.3g} % of the traffic"
    usual = "" if profile["usual_rows"] is None else f"; half of the clients sent {profile['usual_rows']:,.0f} or fewer"
    who = shown(str(told.get("client") or "The client"))
    when = f"from {clock(window.start)} to {clock(window.end)}"
    judged = max((one["rows"] for one in told.get("detectors", ()) if one.get("hits")), default=profile["rows"])
    alike = "; of rows that are alike one is judged" if judged < ALIKE * profile["rows"] else ""
    return [f"{who} sent {profile['rows']:,} rows {when}{share}{usual}{alike}."]


def _names(told: Mapping[str, Any]) -> list[str]:
    names = told.get("names")
    if not names:
        return []
    techniques = ", ".join(f"{code} ({name})" for code, name in names["atlas"]["techniques"].items())
    return [f"MITRE ATLAS {names['atlas']['version']}: {techniques}."]
