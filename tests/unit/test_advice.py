"""What is to be done fits what the column is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.advice import to_do
from monitor.alerts.attack_advice import to_do_about
from monitor.alerts.attack_wording import senders
from monitor.alerts.finding import Finding, Group
from monitor.alerts.lifecycle import Alert
from monitor.alerts.wording import text_of
from monitor.types import Window

NOON = datetime(2013, 5, 14, 12, tzinfo=UTC)
FIRING = Alert("f", "firing", 1, since=NOON, fired_at=NOON)
WINDOW = Window(NOON - timedelta(days=1), NOON)


def found(kind: str, column: str, detector: str = "smooth_test", **evidence: Any) -> Finding:  # noqa: ANN401 (JSON)
    return Finding(FIRING, "loans", kind, detector, WINDOW, column=column, effect=0.3, evidence=evidence)


def said(*findings: Finding) -> str:
    return to_do(Group("loans", findings[0].kind, "fired", findings))


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (found("drift.data", "age"), "what feeds age: a source, a unit, a release"),
        (found("drift.prediction", "p", role="score", columns=["age"]), "see to age first, of which the model makes p"),
        (found("drift.prediction", "p", role="score"), "no feature moved with p, which the model makes"),
        (found("confidence", "confidence(scores)", role="confidence"), "its version, a release or its calibration"),
        (found("drift.label", "y", role="label", columns=["age"]), "see to age first, which labels may follow"),
        (found("drift.data", "anomaly(features)", role="derived"), "none moved surely by itself: several did a little"),
        (found("drift.data", "anomaly(features)", role="derived", columns=["age"]), "see to age first"),
        (found("drift.data", "unseen_words(note)", role="derived", of="note"), "is made of note: lay records"),
        (found("quality", "age", "out_of_range_share"), "check the unit and the limits of age"),
        (found("quality", "pred", "out_of_range_share", role="prediction"), "pred is its own answer"),
        (found("quality", "y", "out_of_range_share", role="label"), "who makes the labels y"),
        (found("quality", "p", "missing_share", role="score"), "what serves the model and logs p"),
        # what is not told otherwise is the same whatever the column is
        (found("quality", "p", "retyped_column", role="score"), "look at what writes p"),
    ],
)
def test_what_is_to_be_done_fits_what_the_column_is(finding: Finding, words: str) -> None:
    assert words in said(finding)


@pytest.mark.parametrize("role", ["prediction", "score", "confidence", "label", "derived"])
def test_nothing_but_a_feature_is_said_to_have_a_feed(role: str) -> None:
    kinds = {"prediction": "drift.prediction", "score": "drift.prediction", "label": "drift.label"}
    name = "anomaly(features)" if role == "derived" else "p"
    told = said(found(kinds.get(role, "confidence" if role == "confidence" else "drift.data"), name, role=role))
    assert "feed" not in told


def test_a_command_that_a_message_names_is_whole() -> None:
    group = Group("loans", "model_change", "fired", (found("model_change", "", "probe"),), config="conf/monitor.yaml")
    assert "`monitor accept conf/monitor.yaml loans`" in to_do(group)


def test_what_is_made_of_all_features_follows_the_one_that_moved() -> None:
    told = said(found("drift.data", "age"), found("drift.data", "anomaly(features)", role="derived"))
    assert "what feeds age:" in told
    assert "anomaly" not in told


def test_a_message_about_a_feature_and_an_answer_says_what_to_do_about_both() -> None:
    told = said(
        found("quality", "pred", "out_of_range_share", role="prediction"), found("quality", "age", "out_of_range_share")
    )
    assert "the limits of age; if the values are right" in told
    assert "pred is its own answer" in told


SURER = found("confidence", "overconfidence(features)", "overconfident_share", role="confidence")


def test_crafted_inputs_are_told_of_only_where_somebody_is_suspected() -> None:
    suspected = replace(SURER, evidence={**SURER.evidence, "origin": {"for": [], "against": [], "suspected": True}})
    assert "crafted inputs" in said(suspected)
    assert "crafted inputs" in said(replace(SURER, origin="attack_like"))
    assert "crafted" not in said(SURER)
    assert "as after a release or another calibration" in said(SURER)
    drifted = replace(SURER, evidence={**SURER.evidence, "columns": ["age"]})
    assert "see to age first, and get labels" in said(drifted)


TURNED = {"for": ["p moved at once"], "against": [], "answers": ["p"]}


@pytest.mark.parametrize("kind", ["drift.concept", "drift.prediction", "confidence", "performance.realised"])
def test_where_the_answers_changed_by_themselves_nobody_is_asked_to_retrain(kind: str) -> None:
    told = said(replace(found(kind, "", origin=TURNED), origin="model_change"))
    assert "what is logged as p" in told
    assert "calibrate it anew, and do not retrain" in told


def test_errors_that_are_smaller_are_no_reason_to_retrain() -> None:
    told = said(found("drift.concept", "", "residual_distribution", smaller={"now": 28.9, "before": 311.2}))
    assert told.startswith("nothing to retrain: errors are of 28.9 on average, where the reference's are of 311")


@pytest.mark.parametrize("kind", ["drift.concept", "drift.label", "performance.realised", "bias.temporal"])
def test_what_labels_show_under_an_attack_asks_nobody_to_retrain_on_them(kind: str) -> None:
    told = said(replace(found(kind, "", origin={"for": [], "against": []}), origin="attack_like"))
    assert "see to the attack first; do not retrain on these rows, nor on their labels" in told
    assert "retrain" in said(found(kind, ""))


def suspected(kind: str, **evidence: Any) -> str:  # noqa: ANN401 (JSON)
    finding = replace(found(kind, "", "suspected_x", **evidence), segment="client=eve")
    return to_do_about(Group("loans", kind, "fired", (finding,)))


def test_who_may_be_honest_is_asked_before_being_limited_and_only_malformed_requests_are_to_be_refused() -> None:
    assert suspected("attack.evasion", severity="info") == "ask what these queries are for before you limit eve"
    assert suspected("attack.evasion", severity="critical").startswith("limit or block eve, and check")
    malformed = {"detectors": [{"name": "malformed", "log_e": 20.0, "threshold": 13.8}]}
    assert suspected("attack.probing", **malformed).startswith("refuse malformed requests")
    assert suspected("attack.probing", detectors=[]).startswith("limit the queries of eve; answer with decisions")


def test_senders_are_counted_as_what_they_are_of() -> None:
    told = {"senders": [{"client": "a", "rows": 8}, {"client": "b", "rows": 2}], "sent_by": 2}
    assert senders({**told, "cluster": {"size": 10}}) == ["Sent by a (8), b (2)."]
    assert senders({**told, "cluster": {"size": 14}}) == ["Of these rows, the 10 last seen were sent by a (8), b (2)."]


@pytest.mark.parametrize(("rows", "still"), [(135.0, True), (300.0, False), (230.0, False)])
def test_few_rows_that_have_become_usual_are_not_said_to_be_in_order(rows: float, still: bool) -> None:  # noqa: FBT001  # a case
    over = replace(FIRING, state="resolved", resolved_at=WINDOW.end)
    told_then = found("quality", "", "volume", told_usual=341.0, told_rows=150.0)
    one = replace(told_then, alert=over, value=rows, reference_value=211.0)
    told = to_do(Group("loans", "quality", "resolved", (one,)))
    assert ("see that the number of rows is meant" in told) is still
    assert (
        "where comparable windows held 211 on average: that has become usual, of 341 before" in text_of(one)
    ) is still
