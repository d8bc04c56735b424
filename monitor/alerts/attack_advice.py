"""What to do about an attack, and about whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.attack_names import CLIENTS, EXTRACTION, MANY, PROBING, shows_malformed, who
from monitor.alerts.finding import CONFIG, Finding, Group
from monitor.alerts.phrasing import first_of, pasted, shown
from monitor.alerts.taxonomy import is_of_broken_data

TO_DO = {
    "attack.evasion": "limit or block {who}, and check what was done on the answers to these records; "
    "label them (`monitor export {model} --hard-examples -o hard.parquet`) and train against them",
    "attack.extraction": "limit the queries of {who}; answer with decisions or rounded scores, and ask what the rows "
    "were for",
    "attack.privacy": "limit {who}; answer with rounded scores, and find out how they came by training rows",
    "attack.probing": "refuse malformed requests before they reach the model, and limit {who}",
    "attack.flood": "limit the rate of {who}; see whether the queries are meant",
}

TOGETHER = "those of the clients named here that belong together (opened at one time, from one address, paid for alike)"


def to_do(kind: str, whom: str, model: str, told: Sequence[Mapping[str, Any]], *, config: str = CONFIG) -> str:
    """Say what to do about a kind of attack and whom, by the evidence of every alert about it.

    config: the file that a command is given with the model.
    """
    if told and all(one.get("severity") == "info" for one in told):
        return f"ask what these queries are for before you limit {whom}"
    meant = EXTRACTION if kind == PROBING and not any(map(shows_malformed, told)) else kind
    advice = TO_DO.get(meant, "look at the clients and records named here, and keep the records as evidence")
    return advice.format(who=whom, model=pasted(config, model))


def to_limit(client: str, told: Mapping[str, Any]) -> str:
    """Say whom to limit: a client, or of those who sent what no single one is accused of the ones that act as one."""
    if client:
        return shown(client)
    return TOGETHER if told.get("senders") else "whoever sent these records"


def to_do_about(group: Group) -> str:
    """Say what to do about those whom a message suspects."""
    found = not_broken(group)
    if not found:
        return f"ask {first_of([who(one) for one in group.findings], CLIENTS)} to mend what they send"
    clients = [client for one in found for client in _accused(one)]
    crowds = [to_limit("", one.evidence) for one in found if not one.segment]
    counted = sum(int(one.evidence.get("count", 0)) for one in found if one.segment == MANY)
    more = max(counted, len(clients)) - CLIENTS
    named = [*clients[:CLIENTS], *([f"{more:,} more"] if more > 0 else []), *dict.fromkeys(crowds)]
    whom = " and ".join(part for part in (", ".join(named[:-1]), *named[-1:]) if part)
    return to_do(group.kind, whom, group.model, [one.evidence for one in found], config=group.config)


def not_broken(group: Group) -> list[Finding]:
    """Give what is found of clients whose data are not merely broken."""
    return [finding for finding in group.findings if not is_of_broken_data(finding.evidence)]


def _accused(finding: Finding) -> list[str]:
    if finding.segment == MANY:
        return [shown(str(client)) for client in finding.evidence.get("clients", ())]
    return [who(finding)] if finding.segment else []
