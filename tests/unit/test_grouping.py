"""What is told, what is held back, and what one message holds."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.finding import Finding
from monitor.alerts.grouping import grouped, notice_of
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, Rule, fingerprint, step
from monitor.alerts.public import as_json, instant
from monitor.alerts.titles import title_of
from monitor.types import Window

MIDNIGHT = datetime(2013, 5, 14, tzinfo=UTC)
DAY = timedelta(days=1)
DRIFT, QUALITY = ("drift.data", "psi", "visib"), ("quality", "missing_share", "visib")
HEALTH, PERFORMANCE = ("health", "source", ""), ("performance.realised", "accuracy", "")
KEYS = [
    *("id", "model", "kind", "origin", "detector", "column", "segment", "severity", "state", "since", "fired_at"),
    *("resolved_at", "window_start", "window_end", "value", "threshold", "p_value", "effect", "n", "evidence"),
    *("atlas", "text", "silenced_until", "acknowledged_at", "acknowledged_why"),
]


class History:
    """Feeds windows through alerts as the watch does: step, inhibit, group, keep."""

    def __init__(self) -> None:
        self.findings: dict[tuple[str, str, str], Finding] = {}
        self.lingering: set[str] = set()
        self.effect: float | None = None
        self.windows = 0

    def window(self, outcomes: dict[tuple[str, str, str], str]) -> list[tuple[str, str]]:
        start = MIDNIGHT + self.windows * DAY
        self.windows += 1
        standing = [as_json(finding) for finding in self.findings.values()]
        found = [self._finding(labels, outcome, Window(start, start + DAY)) for labels, outcome in outcomes.items()]
        settled = inhibited(found, standing)
        self.findings |= dict(zip(outcomes, settled, strict=True))
        return [(group.kind, group.transition) for group in grouped(settled)]

    def _finding(self, labels: tuple[str, str, str], outcome: str, window: Window) -> Finding:
        kind, detector, column = labels
        before = self.findings.get(labels)
        alert = before.alert if before else Alert(fingerprint("flights", kind, detector, column))
        rule = Rule(k=1, m=1, clear=2)
        alert, told = step(alert, outcome=outcome, window_end=window.end, rule=rule)  # type: ignore[arg-type]
        value = None if outcome == "insufficient" else 0.4
        breaches, labels_of = outcome == "breach" and detector not in self.lingering, ("flights", kind, detector)
        rest = {"column": column, "transition": told, "effect": self.effect, "n": 100, "breaches": breaches}
        return Finding(alert, *labels_of, window, value=value, **rest)  # type: ignore[arg-type]


def fired(kind: str = "drift.data", column: str = "visib", model: str = "flights", **rest: Any) -> Finding:  # noqa: ANN401 (any field)
    detector = "source" if kind == "health" else "psi"
    name = fingerprint(model, kind, detector, column)
    alert = Alert(name, "firing", 1, since=MIDNIGHT, fired_at=MIDNIGHT, window_end=MIDNIGHT + DAY)
    window = Window(MIDNIGHT, MIDNIGHT + DAY)
    return Finding(alert, model, kind, detector, window, column=column, transition="fired", value=0.4, **rest)


def told(findings: Iterable[Finding]) -> list[Finding]:
    return inhibited(findings, [])


def test_alerts_of_one_model_and_kind_make_one_message_per_transition() -> None:
    ended = fired(column="wind")
    ended = replace(ended, transition="resolved", alert=replace(ended.alert, state="resolved", resolved_at=MIDNIGHT))
    findings = [fired(), fired(column="temp"), fired("quality", "wind"), fired(model="m"), replace(ended, evidence={})]
    standing = [{**as_json(ended), "state": "firing", "evidence": {"told": True}}]
    groups = grouped(inhibited(findings, standing))
    assert [(g.model, g.kind, g.transition, len(g.findings)) for g in groups] == [
        ("flights", "drift.data", "resolved", 1),
        ("flights", "drift.data", "fired", 2),
        ("flights", "quality", "fired", 1),
        ("m", "drift.data", "fired", 1),
    ]


def test_the_gravest_message_comes_first_of_equals_that_about_an_attack_and_so_do_alerts_in_one() -> None:
    found = [
        fired("bias.temporal", "a"),
        fired("attack.extraction", "b"),
        fired("attack.evasion", "c", severity="info"),
        fired("attack.extraction", "d", severity="critical"),
        fired("performance.realised", "e", severity="critical"),
    ]
    groups = grouped([replace(one, evidence={"told": True}) for one in found])
    assert [[one.column for one in group.findings] for group in groups] == [["d", "b"], ["e"], ["a"], ["c"]]


BROKEN = {"for": [], "against": [], "broken": ["temp"]}
LATER = {"origin": {"for": [], "against": [], "broken": ["wind"]}}
BEGUN = {"windows": 1, "column": "temp", "metric": "mean_shift"}
ATTACK = {"kind": "attack.evasion", "detector": "suspected_evasion", "segment": "client=eve"}
TITLED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    # a change over windows that lasted in the end, and of which another column showed most
    (
        {"kind": "drift.data", "detector": "lasting_drift", "column": "", "evidence": BEGUN},
        {"windows": 9, "column": "wind"},
        "a sudden change in temp",
    ),
    # what came of a broken column, and another one that broke later
    (
        {"origin": "data_quality", "evidence": {"origin": BROKEN, "role": "derived"}},
        LATER,
        "data drift in temp, visib",
    ),
    # what is not made of a broken column does not drift in it
    ({"origin": "data_quality", "evidence": {"origin": BROKEN}}, LATER, "data drift in visib"),
    # nothing was known of why, and something is now
    ({}, LATER, "data drift in visib"),
    # an attack whose pattern was seen later; one that was none
    (ATTACK | {"evidence": {"pattern": "off_manifold"}}, {}, "signs of evasion or model extraction by eve"),
    (
        ATTACK,
        {"origin": {"broken_by": "eve", "for": [], "against": []}},
        "signs of evasion by eve, which were broken data",
    ),
]


@pytest.mark.parametrize(("told_of", "later", "title"), TITLED)
def test_a_message_is_called_the_same_when_it_is_told_and_when_it_is_over(
    told_of: dict[str, Any], later: dict[str, Any], title: str
) -> None:
    fires = replace(fired(), **told_of)
    (first,) = inhibited([fires], [])
    ended = replace(fires.alert, state="resolved", resolved_at=MIDNIGHT + DAY)
    over = replace(fires, alert=ended, transition="resolved", origin="data_quality", evidence=later)
    (last,) = inhibited([over], [as_json(first)])
    (begun,), (resolved,) = grouped([first]), grouped([last])
    assert title_of(resolved) == f"flights: resolved: {title}"
    assert title_of(begun) == f"flights: {title.partition(', which')[0]}"


def test_what_has_only_begun_and_what_else_drifts_are_both_in_the_title() -> None:
    begun = replace(fired(column=""), detector="lasting_drift", evidence=BEGUN)
    (group,) = grouped(told([begun, fired(column="wind", p_value=1e-9)]))
    assert title_of(group) == "flights: data drift in wind; a sudden change in temp"


def test_a_notice_is_the_same_whatever_the_order_of_its_alerts() -> None:
    findings = [fired(), fired(column="temp")]
    (one,), (other,) = grouped(told(findings)), grouped(told(reversed(findings)))
    assert notice_of(one, "team", "https://x.example/") == notice_of(other, "team", "https://x.example/")
    assert notice_of(one, "team").id != notice_of(one, "audit").id
    assert notice_of(one, "team").link == ""


def test_a_notice_links_to_the_card_of_the_first_alert_that_it_tells() -> None:
    (group,) = grouped(told([fired(model="a/b", p_value=0.01), fired(model="a/b", column="temp", p_value=1e-9)]))
    said = notice_of(group, "team", "https://x.example/")
    assert said.alerts[0]["column"] == "temp"
    assert said.link == f"https://x.example/model/a%2Fb#{said.alerts[0]['id']}"


def test_an_alert_has_the_public_keys_in_order_and_strict_json() -> None:
    public = as_json(fired(p_value=float("nan"), effect=float("inf"), evidence={"shares": [1.0, float("nan")]}))
    assert list(public) == KEYS
    assert (public["p_value"], public["effect"], public["evidence"]) == (None, None, {"shares": [1.0, None]})
    assert public["since"] == "2013-05-14T00:00:00Z"
    assert public["id"] == fingerprint("flights", "drift.data", "psi", "visib")[:12] + "-1"


def test_drift_of_a_column_with_a_quality_alert_is_recorded_but_not_told() -> None:
    history = History()
    assert history.window({DRIFT: "breach", QUALITY: "breach"}) == [("quality", "fired")]
    drift = history.findings[DRIFT]
    assert drift.alert.state == "firing"
    assert drift.evidence == {"told": False, "inhibited_by": as_json(history.findings[QUALITY])["id"]}
    assert history.window({DRIFT: "clear", QUALITY: "clear"}) == []
    assert history.window({DRIFT: "clear", QUALITY: "clear"}) == [("quality", "resolved")]


def test_a_suspicion_that_comes_of_a_broken_column_is_recorded_but_not_told() -> None:
    watched = History()
    watched.window({QUALITY: "breach"})
    start = MIDNIGHT + DAY
    mark = fingerprint("flights", "attack.extraction", "suspected_extraction", "", "client=a")
    rule = Rule(k=1, m=1, clear=2)
    alert, told = step(Alert(mark), outcome="breach", window_end=start + DAY, rule=rule)
    found = Finding(
        alert,
        "flights",
        "attack.extraction",
        "suspected_extraction",
        Window(start, start + DAY),
        transition=told,
        value=20.0,
    )
    standing = [as_json(finding) for finding in watched.findings.values()]
    (broken,) = inhibited([replace(found, origin="data_quality", segment="client=a")], standing)
    (true,) = inhibited([replace(found, origin="attack_like", segment="client=a")], standing)
    assert broken.transition is None
    assert broken.evidence["inhibited_by"] == standing[0]["id"]
    assert true.transition == "fired"
    sure = replace(found, origin="data_quality", segment="client=a", alpha=1e-6, value=28.0)
    (far,) = inhibited([sure], standing)
    (own,) = inhibited([replace(sure, evidence={"origin": {"broken_by": "a"}})], standing)
    assert (far.transition, own.transition) == ("fired", None)


def suspected(kind: str, severity: str, **rest: Any) -> Finding:  # noqa: ANN401 (any field)
    detector = "suspected_" + kind.partition(".")[2]
    mark = fingerprint("flights", kind, detector, "", "client=a")
    alert = Alert(mark, "firing", 1, since=MIDNIGHT, fired_at=MIDNIGHT, window_end=MIDNIGHT + DAY)
    found = Finding(alert, "flights", kind, detector, Window(MIDNIGHT, MIDNIGHT + DAY), value=30.0, **rest)
    return replace(found, segment="client=a", severity=severity)


def test_that_a_client_is_broken_is_told_once_whatever_it_looks_like() -> None:
    looks = [suspected(kind, "info", origin="data_quality") for kind in ("attack.probing", "attack.extraction")]
    assert [one.evidence["told"] for one in told(looks)] == [False, True]


@pytest.mark.parametrize(("beside", "retold"), [("critical", None), ("warning", "worsened"), ("", "worsened")])
def test_a_suspicion_that_has_become_graver_is_not_retold_beside_one_as_grave(beside: str, retold: str | None) -> None:
    before = replace(suspected("attack.probing", "warning"), evidence={"told": True, "told_severity": "warning"})
    found = [suspected("attack.probing", "critical"), *([suspected("attack.evasion", beside)] if beside else [])]
    probing, *_ = inhibited(found, [as_json(before)])
    assert (probing.transition, probing.evidence["told_severity"]) == (retold, "critical")


@pytest.mark.parametrize(
    ("kind", "column", "rest", "told"),
    [
        ("drift.data", "anomaly(features)", {}, False),
        ("drift.prediction", "p_late", {}, False),
        ("confidence", "", {}, False),
        ("confidence", "", {"segment": "origin=JFK"}, False),
        ("drift.data", "dist", {}, True),
        ("performance.realised", "", {}, True),
        ("drift.prediction", "p_late", {"severity": "critical"}, True),
        ("drift.prediction", "p_late", {"origin": "temporal", "evidence": {"origin": {"for": []}}}, True),
        ("drift.prediction", "p_late", {"origin": "temporal", "evidence": {"origin": {"crept": ["visib"]}}}, False),
        ("drift.prediction", "p_late", {"evidence": {"origin": {"broken": ["dist"]}}}, True),
    ],
)
def test_what_the_answers_make_of_a_broken_column_or_one_that_crept_away_waits_behind_its_alert(
    kind: str,
    column: str,
    rest: dict[str, Any],
    told: bool,  # noqa: FBT001  # a case
) -> None:
    broken = {**as_json(fired("quality", "visib")), "evidence": {"told": True}}
    found = replace(fired(kind, column, origin="data_quality", evidence={"origin": {"broken": ["visib"]}}), **rest)
    (settled,) = inhibited([found], [broken])
    assert settled.transition == ("fired" if told else None)
    assert settled.evidence.get("inhibited_by") == (None if told else broken["id"])


def test_an_alert_that_fired_before_the_weightier_one_is_told_to_its_end() -> None:
    history = History()
    assert history.window({DRIFT: "breach", QUALITY: "clear"}) == [("drift.data", "fired")]
    assert history.window({DRIFT: "breach", QUALITY: "breach"}) == [("quality", "fired")]
    history.window({DRIFT: "clear", QUALITY: "breach"})
    assert history.window({DRIFT: "clear", QUALITY: "breach"}) == [("drift.data", "resolved")]


def test_drift_that_outlasts_the_quality_alert_is_told_then() -> None:
    history = History()
    history.window({DRIFT: "breach", QUALITY: "breach"})
    history.window({DRIFT: "breach", QUALITY: "clear"})
    assert history.window({DRIFT: "insufficient", QUALITY: "clear"}) == [("quality", "resolved")]
    assert history.window({DRIFT: "breach", QUALITY: "clear"}) == [("drift.data", "fired")]
    assert history.window({DRIFT: "breach", QUALITY: "clear"}) == []
    history.window({DRIFT: "clear"})
    assert history.window({DRIFT: "clear"}) == [("drift.data", "resolved")]


def test_what_only_lingers_when_the_weightier_alert_ends_is_told_when_it_breaches_again() -> None:
    history = History()
    history.window({DRIFT: "breach", QUALITY: "breach"})
    history.window({DRIFT: "breach", QUALITY: "clear"})
    history.lingering = {"psi"}
    assert history.window({DRIFT: "breach", QUALITY: "clear"}) == [("quality", "resolved")]
    assert history.window({DRIFT: "breach"}) == []
    assert history.findings[DRIFT].alert.state == "firing"
    assert history.findings[DRIFT].evidence == {"told": False}
    history.lingering = set()
    assert history.window({DRIFT: "breach"}) == [("drift.data", "fired")]


def test_what_only_lingers_and_ends_is_never_heard_of() -> None:
    history = History()
    history.window({DRIFT: "breach", QUALITY: "breach"})
    history.lingering = {"psi"}
    heard = [history.window({DRIFT: "breach", QUALITY: "clear"}) for _ in range(3)]
    heard += [history.window({DRIFT: "clear"}) for _ in range(3)]
    assert [one for one in heard if one] == [[("quality", "resolved")]]


def test_an_alert_that_nobody_has_heard_of_holds_nothing_back() -> None:
    history = History()
    history.window({HEALTH: "breach", PERFORMANCE: "breach"})
    history.window({HEALTH: "clear", PERFORMANCE: "breach"})
    history.lingering = {"accuracy"}
    assert history.window({HEALTH: "clear", PERFORMANCE: "breach"}) == [("health", "resolved")]
    assert history.window({PERFORMANCE: "breach", DRIFT: "breach"}) == [("drift.data", "fired")]


OUTAGES = [
    ("source", "drift.data", "psi", DAY, True),  # within the outage
    ("source", "drift.data", "psi", timedelta(0), False),  # over when it began
    ("labels", "performance.realised", "accuracy", timedelta(0), True),  # labels of earlier windows are missing, too
    ("labels", "performance.estimated", "roc_auc", DAY, False),  # needs none
    ("labels", "quality", "missing_share", DAY, False),
    ("freshness", "quality", "volume", DAY, True),  # no rows in the silence
    ("freshness", "quality", "volume", timedelta(0), False),
    ("freshness", "drift.data", "psi", DAY, False),  # rows that came are what they are
    ("pass", "drift.data", "psi", DAY, False),  # what was not judged then is judged whole
    ("probes", "drift.data", "psi", DAY, False),
    ("reference", "drift.data", "psi", DAY, False),  # the one that was read before serves
]


def test_an_outage_holds_back_what_it_explains_and_nothing_else() -> None:
    for outage, kind, detector, later, expected in OUTAGES:
        began = MIDNIGHT + DAY
        down = replace(fired("health", ""), detector=outage, window=Window(began, began + 3 * DAY))
        window = Window(MIDNIGHT + later, MIDNIGHT + DAY + later)
        other = replace(fired(kind, ""), detector=detector, window=window)
        assert [one.evidence["told"] for one in told([other, down])] == [not expected, True], (outage, kind, later)


def test_a_quality_alert_of_another_window_still_holds_drift_back() -> None:
    history = History()
    history.window({QUALITY: "breach"})
    assert history.window({DRIFT: "breach"}) == []


INHIBITION = [
    (("quality", "visib", ""), ("drift.data", "visib", ""), True),  # a broken column drifts
    (("quality", "visib", ""), ("drift.data", "visib", "origin=JFK"), True),  # everywhere is also there
    (("quality", "visib", "origin=JFK"), ("drift.data", "visib", ""), False),  # there is not everywhere
    (("quality", "visib", ""), ("drift.data", "wind", ""), False),  # another column
    (("quality", "", ""), ("performance.realised", "", ""), False),  # no column is not the same column
    (("health", "", ""), ("quality", "visib", ""), True),  # a broken source
    (("health", "", ""), ("performance.realised", "", ""), True),  # a broken source
    (("health", "", ""), ("attack.flood", "", ""), False),  # an attack is always heard of
    (("performance.realised", "", ""), ("drift.data", "visib", ""), True),  # drift only explains it
    (("performance.realised", "", ""), ("performance.estimated", "", ""), True),  # known over estimated
    (("performance.realised", "", ""), ("quality", "visib", ""), False),  # quality outweighs it
    (("drift.data", "visib", ""), ("confidence", "visib", ""), False),  # equals
]


def test_weightier_alerts_hold_back_lighter_ones() -> None:
    for one, other, expected in INHIBITION:
        pair = [fired(kind, column, segment=segment) for kind, column, segment in (one, other)]
        pair[1] = replace(pair[1], alert=replace(pair[1].alert, fingerprint="f" * 64))
        assert [finding.evidence["told"] for finding in told(pair)] == [True, not expected], (one, other)


@pytest.mark.parametrize(
    ("evasion", "probing", "expected"),
    [
        ("critical", "critical", [True, False]),
        ("warning", "warning", [True, False]),
        ("info", "critical", [False, True]),
        ("info", "warning", [False, True]),
        ("warning", "info", [True, False]),
    ],
)
def test_of_suspicions_of_one_client_the_most_severe_is_told(evasion: str, probing: str, expected: list[bool]) -> None:
    pair = [
        fired("attack.evasion", "", segment="client=a", severity=evasion),
        fired("attack.probing", "", segment="client=a", severity=probing),
    ]
    assert [finding.evidence["told"] for finding in told(pair)] == expected


def test_what_answers_show_of_a_version_that_was_told_to_answer_otherwise_waits() -> None:
    version = replace(fired("model_change", "p", segment="version=v2"), detector="version_predictions")
    whole = fired("drift.prediction", "p", origin="model_change")
    others = [fired("drift.prediction", "q", origin="temporal"), fired("drift.data", origin="model_change")]
    assert [f.evidence["told"] for f in told([version, whole])] == [True, False]
    assert [f.evidence["told"] for f in told([version, *others])] == [True, True, True]
    assert [f.evidence["told"] for f in told([whole])] == [True]
    # in a segment it is the same news
    part = fired("drift.prediction", "q", segment="place=a", origin="model_change")
    assert [f.evidence["told"] for f in told([whole, part])] == [True, False]
    assert [f.evidence["told"] for f in told([whole, replace(part, origin="temporal")])] == [True, True]
    assert [f.evidence["told"] for f in told([replace(whole, origin="temporal"), part])] == [True, True]


def test_a_limit_of_the_users_own_that_is_passed_is_told_beside_another_detector() -> None:
    fell = replace(fired("performance.realised", ""), detector="root_mean_squared_error", alpha=0.001, threshold=0.05)
    standing = [as_json(replace(fell, evidence={"told": True}))]
    own = replace(fired("performance.realised", ""), detector="mean_absolute_error", threshold=8.0)
    own = replace(own, alert=replace(own.alert, fingerprint="f" * 64))
    told_of = [inhibited([replace(own, alpha=alpha)], standing)[0].evidence["told"] for alpha in (None, 0.001)]
    assert told_of == [True, False]


def test_a_small_segment_does_not_tell_of_days_whose_fault_was_told_and_is_over() -> None:
    over = as_json(replace(fired("quality", "visib"), evidence={"told": True}))
    over |= {"state": "resolved", "resolved_at": instant(MIDNIGHT + 6 * DAY)}
    for first, kind, expected in ((0, "quality", False), (6, "quality", True), (0, "missing", True)):
        span = Window(MIDNIGHT + first * DAY, MIDNIGHT + 8 * DAY)
        late = fired(kind, "visib", segment="origin=JFK", span=span)
        late = replace(late, alert=replace(late.alert, fingerprint="f" * 64))
        assert inhibited([late], [over])[0].evidence["told"] == expected, (first, kind)


def test_answers_that_are_surer_than_before_are_told_beside_a_fall_of_performance() -> None:
    fell, heard = fired("performance.realised", ""), list[bool]()
    for detector in ("confidence_level", "near_certain_share", "overconfident_share"):
        sure = replace(fired("confidence", "confidence(scores)"), detector=detector)
        heard.append(told([fell, sure])[1].evidence["told"])
    assert heard == [False, True, True]


def test_a_fall_of_performance_is_told_once_more_when_it_is_known_to_last() -> None:
    fell, heard = fired("performance.realised", ""), list[bool]()
    for windows in (1, 6, 7):
        ages = replace(fired("bias.temporal", "", evidence={"windows": windows}), detector="ageing")
        heard.append(told([ages, fell])[0].evidence["told"])
    assert heard == [False, False, True]


def test_a_fall_of_performance_that_only_ageing_sees_is_told_at_once() -> None:
    ages = replace(fired("bias.temporal", "", evidence={"windows": 1}), detector="ageing")
    assert told([ages])[0].evidence["told"]
    assert told([ages, fired("performance.realised", "", segment="origin=JFK")])[0].evidence["told"]


def test_what_labels_show_beside_ageing_waits_and_what_features_show_does_not() -> None:
    ages = replace(fired("bias.temporal", "", evidence={"windows": 9}), detector="ageing")
    old = replace(fired("bias.temporal", ""), detector="model_age")
    kinds = ("drift.label", "drift.concept", "drift.data", "drift.prediction", "performance.realised")
    heard = {kind: told([fired(kind, "x"), ages])[0].evidence["told"] for kind in kinds}
    assert [kind for kind in kinds if not heard[kind]] == ["drift.label", "drift.concept"]
    assert told([fired("drift.label", "x"), old])[0].evidence["told"]


outcomes = st.sampled_from(["breach", "clear", "insufficient"])
windows = st.fixed_dictionaries({}, optional=dict.fromkeys((DRIFT, QUALITY, HEALTH, PERFORMANCE), outcomes))


@given(st.lists(windows, max_size=25))
def test_messages_of_one_kind_alternate_and_begin_with_fired(days: list[dict[tuple[str, str, str], str]]) -> None:
    history, heard = History(), {}
    for day in days:
        for kind, transition in history.window(day):
            assert (heard.get(kind, "resolved"), transition) in {("resolved", "fired"), ("fired", "resolved")}
            heard[kind] = transition
    for finding in history.findings.values():
        if finding.alert.state == "resolved":
            assert heard.get(finding.kind) != "fired"


def test_performance_that_becomes_twice_as_bad_for_two_windows_is_told_once_more() -> None:
    history, told = History(), list[list[tuple[str, str]]]()
    for effect in (0.1, 0.25, 0.1, 0.25, 0.3, 0.3, 0.5, 0.7, 0.7, 0.7):
        history.effect = effect
        told.append(history.window({PERFORMANCE: "breach", DRIFT: "breach"}))
    fell = ("performance.realised", "worsened")
    assert [fell in one for one in told] == [False, False, False, False, True, False, False, False, True, False]
    assert told[0] == [("performance.realised", "fired")]
    assert [one for one in told[1:] if one and one != [fell]] == []


def test_a_fall_that_lasts_is_told_once_more_where_it_is_twice_as_bad_and_not_too_new() -> None:
    before, heard = [], list[str | None]()
    for effect, count in ((0.05, 9), (0.2, 1), (0.2, 2), (0.2, 3), (0.2, 4), (0.2, 5)):
        found = replace(fired("bias.temporal", "", evidence={"windows": count}), detector="ageing", effect=effect)
        (found,) = inhibited([replace(found, transition=None)], before)
        before, heard = [as_json(found)], [*heard, found.transition]
    assert heard == ["fired", None, None, None, "worsened", None]
    old = replace(fired("bias.temporal", ""), detector="model_age", effect=0.2)
    assert "told_effect" not in inhibited([old], [])[0].evidence


def test_a_share_of_broken_rows_that_becomes_far_larger_is_told_once_more() -> None:
    def heard(effects: tuple[float, ...], **rest: Any) -> list[str | None]:  # noqa: ANN401 (any field)
        before, told = [], list[str | None]()
        for effect in effects:
            found = replace(fired("quality", "dest", unit="share"), effect=effect, transition=None, **rest)
            (found,) = inhibited([found], before)
            before, told = [as_json(found)], [*told, found.transition]
        return told

    assert heard((0.005, 0.12, 0.12, 0.12)) == ["fired", None, "worsened", None]
    assert heard((0.005, 0.04, 0.04)) == heard((0.2, 0.5, 0.5)) == ["fired", None, None]
    assert heard((0.005, 0.12, 0.12), unit="rows") == ["fired", None, None]


def test_windows_of_too_few_rows_between_break_no_row_of_worse_ones() -> None:
    before, heard = [], list[str | None]()
    for effect, answered in ((0.1, True), (0.9, False), (0.3, True), (0.1, False), (0.3, True), (0.9, False)):
        found = replace(fired("performance.realised", ""), effect=effect, transition=None)
        (found,) = inhibited([replace(found, breaches=answered, answered=answered)], before)
        before, heard = [as_json(found)], [*heard, found.transition]
    assert heard == ["fired", None, None, None, "worsened", None]


def test_an_alert_that_goes_the_other_way_for_two_windows_is_told_once_more() -> None:
    before, heard = [], list[tuple[str | None, str]]()
    for way in ("higher", "higher", "lower", "", "lower", "lower", "lower"):
        found = replace(fired(column="temp"), transition=None, evidence={"direction": way} if way else {})
        (found,) = inhibited([found], before)
        before, heard = [as_json(found)], [*heard, (found.transition, found.reason)]
    assert heard == [("fired", ""), *[(None, "")] * 4, ("worsened", "turned"), (None, "")]
    broken = fired("quality", "temp")
    other = [replace(fired(column="temp"), transition=None, evidence={"direction": "higher"}), broken]
    for _ in range(3):
        beside, _ = inhibited(other, before)
        assert beside.transition is None
        before = [as_json(beside)]
    turned = replace(found, transition="worsened", reason="turned")
    assert notice_of(grouped([turned])[0], "team").title == "flights: the other way: data drift in temp"


def test_each_worsening_is_a_message_of_its_own() -> None:
    history, ids = History(), list[str]()
    for effect in (0.1, 0.3, 0.3, 0.9, 0.9):
        history.effect = effect
        history.window({PERFORMANCE: "breach"})
        for group in grouped([history.findings[PERFORMANCE]]):
            notice = notice_of(group, "team")
            ids.append(notice.id)
            assert (notice.title.startswith("flights: much worse: "), notice.reason == "worsened") in {
                (True, True),
                (False, False),
            }
    assert len(ids) == len(set(ids)) == 3
