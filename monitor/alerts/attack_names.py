"""What attacks, and those who are suspected of them, are called."""

from collections.abc import Mapping
from typing import Any

from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import shown

CLIENT, MANY, EVERYONE = "client=", "many clients", "all traffic"
CLIENTS = 10
"""So many are named."""
EVASION, EXTRACTION, PROBING = "attack.evasion", "attack.extraction", "attack.probing"
POISONING = "attack.poisoning"
ATTACKS = {
    EVASION: "evasion",
    EXTRACTION: "model extraction",
    "attack.privacy": "an attack on privacy",
    PROBING: "probing",
    "attack.flood": "flooding",
    POISONING: "poisoning",
}


def attack_named(kind: str, *, made_up: bool, malformed: bool = False) -> str:
    """Name what is suspected.

    made_up: of queries that are odd and vary no row, as those that copy a model are, too. malformed: of queries many of
    which no model takes, whatever the others are.

    >>> attack_named("attack.evasion", made_up=True), attack_named("attack.evasion", made_up=False)
    ('evasion or model extraction', 'evasion')
    >>> attack_named("attack.evasion", made_up=True, malformed=True)
    'probing or evasion'
    """
    before = [PROBING] if malformed and kind != PROBING else []
    behind = [EXTRACTION] if made_up and kind == EVASION and not before else []
    return " or ".join(ATTACKS.get(one, one) for one in (*before, kind, *behind))


def shows_malformed(told: Mapping[str, Any]) -> bool:
    """Say whether many of a client's queries are surely malformed."""
    return any(one["name"] == "malformed" and is_sure(one) for one in told.get("detectors") or ())


def is_sure(one: Mapping[str, Any]) -> bool:
    """Say whether a sign in an alert's evidence is an alarm by itself."""
    return bool(one["log_e"] >= one["threshold"])


def who(finding: Finding) -> str:
    """Name whom an alert suspects."""
    if finding.segment == MANY:
        return f"{finding.evidence.get('count', 0) or 'many':,} clients" if finding.evidence.get("count") else MANY
    if finding.segment:
        return shown(finding.segment.removeprefix(CLIENT))
    sent, count = finding.evidence.get("senders") or (), finding.evidence.get("sent_by", 0)
    return EVERYONE if not sent else shown(str(sent[0]["client"])) if count == 1 else f"{count:,} clients together"
