"""Cards of alerts: what comes first, and what is folded into what."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.render.cards import cards

NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)


def alert(**given: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of all types
    labels = {"model": "flights", "kind": "drift.data", "detector": "psi", "column": "age", "segment": ""}
    state = {"state": "firing", "severity": "warning", "fired_at": NOON, "p_value": 1e-4, "effect": 0.2}
    return labels | state | given


def test_firing_comes_before_recovering_then_severity_then_attacks_then_all_traffic_then_the_newest() -> None:
    wanted = [
        alert(column="a", severity="critical", segment="origin=JFK"),
        alert(kind="attack.evasion", column="", segment="client=acme"),
        alert(column="b", fired_at=NOON + timedelta(days=1)),
        alert(column="c"),
        alert(column="d", segment="origin=JFK", fired_at=NOON + timedelta(days=2)),
        alert(column="e", severity="info", fired_at=None),
        alert(column="f", severity="critical", state="recovering"),
    ]
    assert [card.alerts[0] for card in cards(wanted[::-1])] == wanted


def test_segments_are_folded_under_all_traffic_of_the_same_kind_detector_and_column() -> None:
    jfk, lga = alert(segment="origin=JFK"), alert(segment="origin=LGA", state="recovering")
    (card, other) = cards([lga, jfk, alert(), alert(segment="origin=JFK", column="wind")])
    assert (card.alerts, card.also) == ((alert(),), ((jfk, lga),))
    assert other.alerts[0]["column"] == "wind"


def test_a_segment_that_is_worse_off_than_all_traffic_has_its_own_card() -> None:
    jfk, lga = alert(segment="origin=JFK", severity="critical"), alert(segment="origin=LGA")
    found = cards([alert(state="recovering"), jfk, lga])
    assert [card.alerts[0]["segment"] for card in found] == ["origin=JFK", "origin=LGA", ""]
    assert not any(any(card.also) for card in found)


def test_detectors_that_say_the_same_share_a_card_the_surer_one_first() -> None:
    sure, less, unknown = alert(p_value=1e-9, detector="ks"), alert(), alert(p_value=None, detector="mmd")
    part = alert(segment="origin=JFK")
    (card,) = cards([unknown, less, part, sure])
    assert (card.alerts, card.also) == ((sure, less, unknown), ((), (part,), ()))


def test_models_do_not_share_cards() -> None:
    assert len(cards([alert(), alert(model="other"), alert(model="third", segment="origin=JFK")])) == 3
