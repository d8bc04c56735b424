"""From the alerts that stand to the cards of a page: the gravest first, and what belongs together on one card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.alerts.finding import gravity_of
from monitor.alerts.taxonomy import is_attack

Alert = Mapping[str, Any]

STATES = ("firing", "recovering")


@dataclass(frozen=True)
class Card:
    """What alerts of one kind say of one column and segment.

    alerts: one a detector, the gravest first and of equals the surest; never empty.
    also: for each of them the alerts of segments that say the same of less traffic.
    """

    alerts: tuple[Alert, ...]
    also: tuple[tuple[Alert, ...], ...]


def cards(alerts: Sequence[Alert]) -> list[Card]:
    """Arrange alerts: firing before recovering, then by severity, then attacks, all traffic, the newest first."""
    whole = {_place(row): row for row in alerts if not row["segment"]}
    parts: dict[tuple[str, ...], list[Alert]] = {}
    apart: dict[tuple[str, ...], list[Alert]] = {}
    for row in alerts:
        above = whole.get(_place(row)) if row["segment"] else None
        # A segment that is worse off than all traffic must not be hidden below it.
        if above is not None and _gravity(above) <= _gravity(row):
            parts.setdefault(_place(row), []).append(row)
        else:
            apart.setdefault((row["model"], row["kind"], row["column"], row["segment"]), []).append(row)
    return sorted((_card(rows, parts) for rows in apart.values()), key=_order)


def _card(rows: Sequence[Alert], parts: Mapping[tuple[str, ...], Sequence[Alert]]) -> Card:
    ranked = tuple(sorted(rows, key=lambda row: (_gravity(row), _sureness(row))))
    below = (() if row["segment"] else parts.get(_place(row), ()) for row in ranked)
    return Card(ranked, tuple(tuple(sorted(own, key=lambda row: str(row["segment"]))) for own in below))


def _place(row: Alert) -> tuple[str, ...]:
    return row["model"], row["kind"], row["detector"], row["column"]


def _gravity(row: Alert) -> tuple[int, int]:
    return STATES.index(row["state"]) if row["state"] in STATES else len(STATES), gravity_of(row["severity"])


def _sureness(row: Alert) -> tuple[float, float, str]:
    surest = 1.0 if row["p_value"] is None else row["p_value"]
    return surest, -abs(row["effect"] or 0.0), row["detector"]


def _order(card: Card) -> tuple[Any, ...]:
    lead, fired = card.alerts[0], [row["fired_at"].timestamp() for row in card.alerts if row["fired_at"] is not None]
    newest = -max(fired, default=0.0)
    first = *_gravity(lead), not is_attack(lead["kind"]), bool(lead["segment"]), newest
    return *first, lead["model"], lead["kind"], lead["column"], lead["segment"]
