"""What attacks are called."""

from collections.abc import Mapping
from typing import Any

EVASION, EXTRACTION, PROBING = "attack.evasion", "attack.extraction", "attack.probing"
ATTACKS = {
    EVASION: "evasion",
    EXTRACTION: "model extraction",
    "attack.privacy": "an attack on privacy",
    PROBING: "probing",
    "attack.flood": "flooding",
    "attack.poisoning": "poisoning",
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
