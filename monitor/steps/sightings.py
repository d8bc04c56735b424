"""Sightings as the store keeps them: names that fit into any database, and values hidden where that is asked for."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.detectors.attack import Sighting
from monitor.names import short_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seen(row: Mapping[str, Any]) -> Sighting:
    """Give a sighting from what the store keeps of it."""
    first = row["first_at"]
    return Sighting(
        row["detector"],
        row["client"],
        row["start"],
        row["rows"],
        row["hits"],
        row["rate"],
        row["log_e"],
        total=row["total"],
        first_at=0 if first is None else (first - _EPOCH) // timedelta(microseconds=1),
        first_id=row["first_id"],
        ids=tuple(row["ids"]),
        evidence=row["evidence"],
    )


def row_of(version: str, one: Sighting) -> dict[str, Any]:
    """Give a sighting as the store keeps it."""
    first = _EPOCH + timedelta(microseconds=one.first_at) if one.first_at else None
    numbers = {"rows": one.rows, "hits": one.hits, "rate": one.rate, "log_e": one.log_e, "total": one.total}
    labels = {"start": one.start, "version": version, "detector": one.detector, "client": one.client}
    return (
        labels
        | numbers
        | {
            "first_at": first,
            "first_id": one.first_id,
            "ids": list(one.ids),
            "evidence": dict(one.evidence),
        }
    )


def storable(one: Sighting, seed: bytes | None) -> Sighting:
    """Give a sighting whose names fit into any database; with a seed, feature values are marks that only repeat.

    >>> from datetime import UTC, datetime
    >>> len(storable(Sighting("d", "c" * 1000, datetime(2026, 3, 1, tzinfo=UTC), 1, 1, 0.1), None).client)
    200
    """
    evidence = _named(one.evidence if seed is None else _hidden(one.evidence, seed))
    ids = tuple(map(short_name, one.ids))
    return replace(one, client=short_name(one.client), first_id=short_name(one.first_id), ids=ids, evidence=evidence)


def _named(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    named = dict(evidence)
    if "senders" in evidence:
        named["senders"] = [{**sender, "client": short_name(sender["client"])} for sender in evidence["senders"]]
    if own := (evidence.get("cluster") or {}).get("own"):
        named["cluster"] = {**evidence["cluster"], "own": {**own, "ids": list(map(short_name, own["ids"]))}}
    return named


def _hidden(evidence: Mapping[str, Any], seed: bytes) -> dict[str, Any]:
    cluster = evidence.get("cluster")
    if not cluster or "pair" not in cluster:
        return dict(evidence)
    pair = [
        {**one, "from": hidden_value(one["from"], seed), "to": hidden_value(one["to"], seed)} for one in cluster["pair"]
    ]
    return {**evidence, "cluster": {**cluster, "pair": pair}}


def hidden_value(value: object, seed: bytes) -> str | None:
    """Give a mark in the place of a value, the same for the same one; None stays."""
    digest = hashlib.blake2b(str(value).encode(errors="replace"), digest_size=4, key=seed).hexdigest()
    return None if value is None else f"#{digest}"
