"""What attacks are called elsewhere: MITRE ATLAS, NIST AI 100-2 and OWASP AISVS, by the pattern that was seen.

Names and numbers are those of the versions named here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ATLAS_VERSION, NIST_VERSION, AISVS_VERSION = "5.6.0", "AI 100-2e2025", "1.0"

TECHNIQUES: Mapping[str, str] = {
    "AML.T0005.001": "Train Proxy via Replication",
    "AML.T0013": "Discover AI Model Ontology",
    "AML.T0015": "Evade AI Model",
    "AML.T0020": "Poison Training Data",
    "AML.T0024.000": "Infer Training Data Membership",
    "AML.T0024.001": "Invert AI Model",
    "AML.T0024.002": "Extract AI Model",
    "AML.T0029": "Denial of AI Service",
    "AML.T0031": "Erode AI Model Integrity",
    "AML.T0034.000": "Excessive Queries",
    "AML.T0042": "Verify Attack",
    "AML.T0043.000": "White-Box Optimization",
    "AML.T0043.001": "Black-Box Optimization",
    "AML.T0043.002": "Black-Box Transfer",
    "AML.T0043.004": "Insert Backdoor Trigger",
    "AML.T0059": "Erode Dataset Integrity",
    "AML.T0063": "Discover AI Model Outputs",
}

MITIGATIONS: Mapping[str, str] = {
    "AML.M0002": "Passive AI Output Obfuscation",
    "AML.M0004": "Restrict Number of AI Model Queries",
    "AML.M0007": "Sanitize Training Data",
    "AML.M0015": "Adversarial Input Detection",
    "AML.M0024": "AI Telemetry Logging",
    "AML.M0025": "Maintain AI Dataset Provenance",
}

AISVS = ("11.3.1", "11.3.4", "11.4.1", "12.2.2", "12.2.4", "12.3.1", "12.3.4")
"""The requirements that ask for attacks on a model to be noticed and told."""

QUERIES, SYNTHETIC, FLIPS = "cluster", "off_manifold", "flips"


@dataclass(frozen=True)
class Names:
    """What a pattern is called: ATLAS techniques, NIST attack ids, ATLAS mitigations."""

    atlas: tuple[str, ...]
    nist: tuple[str, ...] = ()
    mitigations: tuple[str, ...] = ("AML.M0004", "AML.M0024")

    def as_json(self) -> dict[str, Any]:
        """Give them with their names and versions."""
        return {
            "atlas": {"version": ATLAS_VERSION, "techniques": {one: TECHNIQUES[one] for one in self.atlas}},
            "mitigations": {one: MITIGATIONS[one] for one in self.mitigations},
            "nist": {"version": NIST_VERSION, "attacks": list(self.nist)},
            "aisvs": {"version": AISVS_VERSION, "requirements": list(AISVS)},
        }


_INPUTS = ("AML.M0004", "AML.M0015", "AML.M0002", "AML.M0024")
_BY_PATTERN: Mapping[tuple[str, str], Names] = {
    ("attack.evasion", FLIPS): Names(
        ("AML.T0043.001", "AML.T0042", "AML.T0015"), ("NISTAML.025", "NISTAML.022"), _INPUTS
    ),
    ("attack.evasion", QUERIES): Names(("AML.T0043.001", "AML.T0042"), ("NISTAML.025", "NISTAML.022"), _INPUTS),
    ("attack.evasion", SYNTHETIC): Names(("AML.T0015", "AML.T0043.000", "AML.T0043.002"), ("NISTAML.022",), _INPUTS),
}
_BY_KIND: Mapping[str, Names] = {
    "attack.evasion": _BY_PATTERN["attack.evasion", QUERIES],
    "attack.extraction": Names(
        ("AML.T0024.002", "AML.T0005.001"),
        ("NISTAML.031",),
        ("AML.M0004", "AML.M0002", "AML.M0024"),
    ),
    "attack.privacy": Names(
        ("AML.T0024.000", "AML.T0024.001"),
        ("NISTAML.033", "NISTAML.032"),
        ("AML.M0002", "AML.M0004", "AML.M0024"),
    ),
    "attack.probing": Names(("AML.T0013", "AML.T0063"), (), ("AML.M0004", "AML.M0024")),
    "attack.poisoning": Names(
        ("AML.T0020", "AML.T0059", "AML.T0043.004"),
        ("NISTAML.013", "NISTAML.023", "NISTAML.024"),
        ("AML.M0007", "AML.M0025"),
    ),
    "attack.flood": Names(("AML.T0029", "AML.T0034.000"), ("NISTAML.01",), ("AML.M0004", "AML.M0024")),
}
_EROSION = Names(("AML.T0031",), ("NISTAML.02",), ("AML.M0024",))


ATTACK = "attack."
"""Begins the kinds of alerts about attacks."""


def is_attack(kind: str) -> bool:
    """Say whether alerts of this kind are about an attack.

    >>> is_attack("attack.poisoning"), is_attack("quality")
    (True, False)
    """
    return kind.startswith(ATTACK)


def names_of(kind: str, pattern: str = "") -> Names:
    """Give what an attack is called; of a kind that is none, what eroding a model is called.

    pattern: "cluster" for many near-copies, "flips" where their answers changed, "off_manifold" for made-up inputs.

    >>> names_of("attack.evasion", "flips").atlas[-1], names_of("attack.extraction").nist
    ('AML.T0015', ('NISTAML.031',))
    """
    return _BY_PATTERN.get((kind, pattern)) or _BY_KIND.get(kind) or _EROSION


def atlas_of(kind: str, evidence: object) -> list[str]:
    """Give the ATLAS techniques of an alert of this kind; none where it is not about an attack, but broken data.

    >>> atlas_of("attack.flood", {}), atlas_of("quality", {}), atlas_of("attack.flood", {"origin": {"broken_by": "c"}})
    (['AML.T0029', 'AML.T0034.000'], [], [])
    """
    if not is_attack(kind) or is_of_broken_data(evidence):
        return []
    return list(names_of(kind, pattern_of(evidence)).atlas)


def is_of_broken_data(evidence: object) -> bool:
    """Say whether an alert about a client comes of nothing but the data that it breaks."""
    why = evidence.get("origin") if isinstance(evidence, Mapping) else None
    return isinstance(why, Mapping) and "broken_by" in why


def pattern_of(evidence: object) -> str:
    """Say which pattern an alert's evidence shows; the empty text where it shows none in particular."""
    if not isinstance(evidence, Mapping):
        return ""
    if evidence.get("pattern"):
        return str(evidence["pattern"])
    cluster = evidence.get("cluster")
    return "" if not isinstance(cluster, Mapping) else FLIPS if evidence.get("flips") else QUERIES
