"""Messages that a person can read."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.advice import to_do
from monitor.alerts.causes import ASIDE
from monitor.alerts.finding import Finding, Group
from monitor.alerts.lifecycle import Alert
from monitor.alerts.phrasing import shown
from monitor.alerts.titles import title_of
from monitor.alerts.wording import lines_of, text_of
from monitor.detectors import DETECTORS
from monitor.types import Window

MIDNIGHT = datetime(2013, 5, 14, tzinfo=UTC)
DAY = timedelta(days=1)
FIRING = Alert("f" * 64, "firing", 1, since=MIDNIGHT, fired_at=MIDNIGHT, window_end=MIDNIGHT)
WINDOW = Window(MIDNIGHT - DAY, MIDNIGHT)


def finding(detector: str, value: float | None, **rest: Any) -> Finding:  # noqa: ANN401 (any field)
    return Finding(
        **{
            "alert": FIRING,
            "model": "flights",
            "kind": "quality",
            "detector": detector,
            "window": WINDOW,
            "column": "visib",
            "value": value,
            "n": 412,
            **rest,
        }
    )


def test_who_sends_fewer_rows_is_named_beside_how_many_there_are() -> None:
    told = [{"client": f"shop {i}", "rows": i, "usual": 120 + i} for i in range(5)]
    fewer = finding("volume", 300.0, reference_value=905.0, column="", evidence={"whose_rows": told})
    names = "shop 0 (0, usually 120), shop 1 (1, usually 121), shop 2 (2, usually 122) and 2 more"
    assert f"Fewer rows than usual came from {names}." in lines_of(Group("flights", "quality", "fired", (fewer,)))
    more = replace(fewer, evidence={"whose_rows": [{"client": "eve", "rows": 900, "usual": 0}]})
    said = lines_of(Group("flights", "quality", "fired", (more,)))
    assert "More rows than usual came from eve (900, usually 0)." in said
    over = replace(more, alert=RESOLVED)
    assert not any("eve" in line for line in lines_of(Group("flights", "quality", "resolved", (over,))))


RESOLVED = replace(FIRING, state="resolved", resolved_at=MIDNIGHT + DAY)
OF_CLASS = {"of": "share_of_decisions", "class": "big\n_cat", "rows": "decisions", "pair": ["north", "south"]}
GROUPS = [
    {"value": "north", "rows": 309, "positives": 102, "rate": 102 / 309, "reference": 0.331},
    {"value": "south", "rows": 300, "positives": 36, "rate": 0.12, "reference": 0.33},
]
OF_ERRORS = {"of": "mean_error", "rows": "labelled rows", "pair": ["north", "south"]}
ERRORS = [
    {"value": "north", "rows": 309, "rate": 0.19, "reference": -0.07},
    {"value": "south", "rows": 300, "rate": -9.17, "reference": 0.0},
]
HITS = {"hits": {"share": 0.41, "expected": 0.262, "label": "late"}}
SENTENCES = [
    (
        finding("label_given_score", 0.275, kind="drift.concept", column="", unit="share", evidence=HITS),
        (
            "flights: share of labels that differ from the reference's at equal score is 27.5 %: label late in 41 % of "
            "the rows, where rows scored so had it in 26.2 %, 412 rows, since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding("smooth_test", 0.02, alert=RESOLVED, n=0, p_value=1e-10, alpha=0.01, effect=0.02, threshold=0.03),
        (
            "visib: distribution is hardly different from the reference's, change of shape 0.02, "
            "began 2013-05-14 00:00 UTC, resolved 2013-05-15 00:00 UTC; effect 0.02 (threshold ≥ 0.03)"
        ),
    ),
    # a change of three quarters of a deviation is not near, though no test is sure of it
    (
        finding("smooth_test", 0.751, unit="rank sd", alert=RESOLVED, n=0),
        (
            "visib: distribution is no longer surely different from the reference's, change of shape 0.751 standard "
            "deviations in rank, began 2013-05-14 00:00 UTC, resolved 2013-05-15 00:00 UTC"
        ),
    ),
    (
        finding("smooth_test", 0.5, alert=RESOLVED, n=0, evidence={"beside": "the windows before"}),
        (
            "visib: distribution is no longer surely different from that of the windows before, change of shape 0.5, "
            "began 2013-05-14 00:00 UTC, resolved 2013-05-15 00:00 UTC"
        ),
    ),
    (
        finding("out_of_range_share", 0.02, reference_value=0.0, n=0, evidence={"beside": "the windows before"}),
        (
            "visib: share outside the range of the windows before rose to 0.02 (the windows before 0), "
            "since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding("out_of_range_share", 0.02, unit="share", reference_value=0.0, n=0, evidence={"measure": "length"}),
        "length of visib: share outside the reference's range rose to 2 % (reference 0 %), since 2013-05-14 00:00 UTC",
    ),
    (
        finding(
            "demographic_parity_difference", 0.21, column="region", unit="share", evidence=OF_CLASS | {"groups": GROUPS}
        ),
        (
            'region: demographic parity difference is 21 %; share of decisions "big␊_cat" 33 % of north (102 of 309 '
            "decisions, in the reference 33.1 %) against 12 % of south (36 of 300 decisions, in the reference 33 %), "
            "412 rows, since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding(
            "group_error_difference",
            9.36,
            column="region",
            unit="label's unit",
            effect=1.9,
            p_value=1.9e-21,
            alpha=0.001,
            threshold=0.1,
            reference_value=0.07,
            evidence=OF_ERRORS | {"groups": ERRORS},
        ),
        (
            "region: mean error difference between groups rose to 9.36 (reference 0.07); mean error 0.19 of north (309 "
            "labelled rows, in the reference -0.07) against -9.17 of south (300 labelled rows, in the reference 0), "
            "412 rows, since 2013-05-14 00:00 UTC; p = 1.9e-21 (threshold ≤ 0.001), effect 1.9 (threshold ≥ 0.1)"
        ),
    ),
    (
        finding("missing_share", 0.3123, unit="share", reference_value=0.001, p_value=2e-16),
        "visib: missing share rose to 31.2 % (reference 0.1 %), 412 rows, since 2013-05-14 00:00 UTC; p = 2e-16",
    ),
    (
        finding("missing_share", 0.001, unit="share", reference_value=0.001, p_value=0.5, alert=RESOLVED),
        (
            "visib: missing share is 0.1 % (reference 0.1 %), 412 rows, began 2013-05-14 00:00 UTC, "
            "resolved 2013-05-15 00:00 UTC; p = 0.5"
        ),
    ),
    (
        finding("near_certain_share", 0.04, unit="share", reference_value=0.01, column="", evidence={"least": 0.93}),
        (
            "flights: share of near-certain predictions (0.93 or more) rose to 4 % (reference 1 %), 412 rows, "
            "since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding("constant_column", 1.0, effect=1.0),
        "visib: holds a single value, 412 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding("psi", 0.31, effect=0.31, threshold=0.05, alpha=0.00565, p_value=0.0, segment="origin=JFK", n=1),
        (
            "visib (origin=JFK): distribution moved from the reference's, population stability index 0.31, "
            "1 row, since 2013-05-14 00:00 UTC; p < 1e-300 (threshold ≤ 0.00565), effect 0.31 (threshold ≥ 0.05)"
        ),
    ),
    (
        finding("wasserstein", 1.2, evidence={"change": {"of": "mean", "before": 9.5, "after": 3.25}}),
        "visib: distribution moved: mean 9.5 → 3.25, Wasserstein distance 1.2, 412 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding(
            "smooth_test",
            0.5,
            unit="rank sd",
            effect=0.47,
            p_value=0.001,
            alpha=0.004,
            threshold=0.03,
            evidence={"change": {"of": "mean", "before": 1017.93, "after": 1035.64}},
        ),
        (
            "visib: distribution moved: mean 1,018 → 1,036, change of shape 0.5 standard deviations in rank, "
            "412 rows, since 2013-05-14 00:00 UTC; p = 0.001 (threshold ≤ 0.004), effect 0.47 (threshold ≥ 0.03)"
        ),
    ),
    (
        finding(
            "jensen_shannon_distance",
            0.4,
            evidence={"change": {"of": "share", "category": "fo\ng", "before": 0.1, "after": 0.62}},
        ),
        (
            "visib: distribution moved: share of fo␊g 10 % → 62 %, Jensen-Shannon distance 0.4, 412 rows, "
            "since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding("mean_shift", 1.204, effect=-1.204, unit="reference sd", n=12345),
        "visib: mean fell by 1.2 reference standard deviations, 12,345 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding(
            "accuracy", 0.71, effect=0.1, reference_value=0.81, unit="share", column="", evidence={"weighed_as": 4000}
        ),
        (
            "flights: accuracy fell to 71 % (reference 81 %), 412 labelled rows weighed as all 4,000, "
            "since 2013-05-14 00:00 UTC"
        ),
    ),
    (
        finding("balanced_accuracy", 0.71, effect=-0.1, reference_value=0.81, unit="share", column=""),
        "flights: balanced accuracy fell to 71 % (reference 81 %), 412 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding("confidence_level", 0.7, effect=0.4, reference_value=0.8, unit="share"),
        "visib: mean confidence fell to 70 % (reference 80 %), 412 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding("volume", 40.0, effect=-3.3, p_value=1e-5, alpha=0.01, threshold=0.5, unit="rows", column=""),
        "flights: 40 rows, since 2013-05-14 00:00 UTC; p = 1e-5 (threshold ≤ 0.01), effect 3.3 (threshold ≥ 0.5)",
    ),
    (
        finding("volume", 1.0, effect=9.3, threshold=50.0, unit="rows", column="", reference_value=1_003.6),
        (
            "flights: 1 row, where comparable windows held 1,004 on average, since 2013-05-14 00:00 UTC; "
            "below the threshold of 50"
        ),
    ),
    # nearer to the user's own threshold than the reference, and still on the wrong side of it
    (
        finding("accuracy", 0.816, threshold=0.99, unit="share", column="", reference_value=0.8),
        (
            "flights: accuracy is 81.6 % (reference 80 %), 412 rows, since 2013-05-14 00:00 UTC; "
            "below the threshold of 99 %"
        ),
    ),
    (
        finding("missing_share", 0.3, threshold=0.05, unit="share", reference_value=0.02),
        (
            "visib: missing share rose to 30 % (reference 2 %), 412 rows, since 2013-05-14 00:00 UTC; "
            "above the threshold of 5 %"
        ),
    ),
    (
        finding("dropped_column", 1.0),
        "visib: is missing from the records, 412 rows, since 2013-05-14 00:00 UTC",
    ),
    (
        finding("anything_new", None, note="no labels yet", n=0),
        "visib: anything new has no answer (no labels yet), since 2013-05-14 00:00 UTC",
    ),
]


@pytest.mark.parametrize(("found", "sentence"), SENTENCES, ids=[found.detector for found, _ in SENTENCES])
def test_one_alert_is_one_sentence(found: Finding, sentence: str) -> None:
    assert text_of(found) == sentence


@pytest.mark.parametrize("detector", [detector.name for detector in DETECTORS])
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.5, 1.0, 1e12, None])
def test_every_detector_has_words_in_every_state(detector: str, value: float | None) -> None:
    for alert in (Alert("f"), FIRING, RESOLVED, replace(FIRING, state="recovering")):
        text = text_of(finding(detector, value, alert=alert, effect=value, p_value=value))
        assert text.startswith("visib: ")
        assert "None" not in text


STORY = {
    "since": "2013-05-13T00:00:00Z",
    "metric": "accuracy",
    "column": "",
    "before": 0.8,
    "after": 0.61,
    "moved": [],
    "recurring": None,
    "retrain_from": "2013-05-13T00:00:00Z",
    "reference": None,
    "per_30_days": None,
    "reaches": None,
}


@pytest.mark.parametrize(
    ("windows", "title", "words", "to_do"),
    [
        (1, "flights: a sudden change in accuracy", "too new to say whether it lasts", "retrain only if it lasts"),
        (2, "flights: a sudden change in accuracy", "too new to say whether it lasts", "retrain only if it lasts"),
        (
            3,
            "flights: the model ages (lasting fall in performance)",
            "for 3 windows, retrain with data",
            "retrain with",
        ),
    ],
)
def test_a_change_is_called_lasting_only_once_it_has_lasted(windows: int, title: str, words: str, to_do: str) -> None:
    told = {**STORY, "windows": windows}
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", effect=0.19, evidence=told)
    one = group(fall, kind="bias.temporal")
    assert title_of(one) == title
    assert words in text_of(fall)
    assert ("retrain with data" in text_of(fall)) == (windows > 2)
    assert to_do in lines_of(one)[-1]


def test_a_change_over_windows_is_dated_once_by_the_day_it_began() -> None:
    told = {**STORY, "windows": 9, "since": "2013-04-02T00:00:00Z", "retrain_from": "2013-04-02T00:00:00Z"}
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", evidence=told)
    first, when, *_ = lines_of(group(fall, kind="bias.temporal"))
    assert "since 2013-04-02 (reference 0.8)" in first
    assert "2013-05-14" not in first
    assert when == "Since 2013-04-02 00:00 UTC; window 2013-05-13 00:00 UTC to 2013-05-14 00:00 UTC."
    # how it ended is dated by the alert
    assert "began 2013-05-14 00:00 UTC" in text_of(replace(fall, alert=RESOLVED))


def test_a_change_measured_in_some_windows_only_is_not_said_to_last_for_so_many() -> None:
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", evidence={**STORY, "windows": 6, "gaps": True})
    assert "since 2013-05-13 (reference 0.8), in 6 windows, retrain" in text_of(fall)


def test_two_detectors_that_tell_of_one_columns_drift_are_one_sentence() -> None:
    moved = [finding(name, 0.4, kind="drift.data", effect=0.4) for name in ("smooth_test", "scan_test")]
    elsewhere = finding("smooth_test", 0.3, kind="drift.data", effect=0.3, segment="origin=JFK")
    lines = lines_of(group(*moved, elsewhere, kind="drift.data"))
    assert [line.partition(":")[0] for line in lines[:2]] == ["visib", "visib (origin=JFK)"]
    broken = [finding(name, 1.0, effect=1.0) for name in ("constant_column", "missing_share")]
    assert [line.partition(":")[0] for line in lines_of(group(*broken))[:2]] == ["visib", "visib"]


def test_a_fall_beside_a_version_that_answers_otherwise_does_not_ask_to_retrain_first() -> None:
    told = {**STORY, "windows": 9, "version": "v2"}
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", effect=0.19, evidence=told)
    assert "version v2 answers otherwise than the older one: see first whether it is the reason" in text_of(fall)
    assert "retrain with data" not in text_of(fall)
    assert "roll the new one back" in lines_of(group(fall, kind="bias.temporal"))[-1]


def test_a_fall_beside_answers_that_changed_by_themselves_does_not_ask_to_retrain() -> None:
    told = {**STORY, "windows": 9, "answers": ["p"]}
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", effect=0.19, evidence=told)
    assert "p changed by itself about then: see first whether that is the reason" in text_of(fall)
    assert "retrain with data" not in text_of(fall)
    assert "calibrate it anew, and do not retrain" in lines_of(group(fall, kind="bias.temporal"))[-1]


def test_a_speed_says_of_which_windows_it_is_where_they_are_not_those_since_the_change() -> None:
    speed = {"slope": 0.035, "windows": 120, "from": "2013-08-01T00:00:00Z"}
    told = {**STORY, "windows": 150, "per_30_days": speed}
    fall = finding("ageing", 0.19, kind="bias.temporal", column="", evidence=told)
    assert "since 2013-05-13 (reference 0.8), rising by 0.035 in 30 days over the last 120 windows, for 150" in text_of(
        fall
    )
    since = finding("ageing", 0.19, kind="bias.temporal", column="", evidence={**told, "windows": 120})
    assert "rising by 0.035 in 30 days, for 120 windows" in text_of(since)


def test_a_lasting_drift_tells_how_far_the_column_that_it_names_moved() -> None:
    moved = [
        {"metric": "mean_shift", "column": "age", "effect": -0.4},
        {"metric": "mean_shift", "column": "id", "effect": 3.0},
    ]
    told = {**STORY, "metric": "mean_shift", "column": "age", "moved": moved, "windows": 9}
    drift = finding("lasting_drift", 3.0, kind="drift.data", column="", unit="reference sd", evidence=told)
    assert "age, id moved since 2013-05-13, age by 0.4" in text_of(drift)


def group(*findings: Finding, kind: str = "quality") -> Group:
    return Group("flights", kind, "fired", findings)


def test_a_message_answers_in_order() -> None:
    found = group(
        finding("missing_share", 0.3, unit="share"), finding("missing_share", 0.2, unit="share", column="wind")
    )
    assert title_of(found) == "flights: data quality in visib, wind"
    assert lines_of(found) == (
        "visib: missing share is 30 %, 412 rows, since 2013-05-14 00:00 UTC",
        "wind: missing share is 20 %, 412 rows, since 2013-05-14 00:00 UTC",
        "Since 2013-05-14 00:00 UTC; window 2013-05-13 00:00 UTC to 2013-05-14 00:00 UTC.",
        "Columns: visib, wind",
        "To do: look at the feed of visib, wind: values stopped arriving, or a join lost its partner.",
    )


def test_a_message_says_since_when_rows_were_judged_together_and_names_no_column_twice() -> None:
    found = finding("smooth_test", 0.3, kind="drift.data", evidence={"columns": ["visib", "wind"]})
    span = Window(found.window.start - timedelta(days=1), found.window.end)
    told = lines_of(group(replace(found, span=span), kind="drift.data"))
    window = "window 2013-05-13 00:00 UTC to 2013-05-14 00:00 UTC"
    assert f"Since 2013-05-14 00:00 UTC; {window}, judged with all rows since 2013-05-12 00:00 UTC." in told
    assert "Moved with them: wind" in told


def test_a_message_about_labels_names_the_records_and_who_sent_most_of_them() -> None:
    told = {"record_ids": [f"r{n}" for n in range(20)], "clients": [{"client": "shop-02", "rows": 12}]}
    found = finding("label_contradiction", -0.008, kind="attack.poisoning", column="labelled good", evidence=told)
    sentence, *lines = lines_of(group(found, kind="attack.poisoning"))
    assert sentence.startswith("labelled good: share of labels that look flipped is 0, 412 rows")
    named = [line for line in lines if line.startswith(("Records", "Columns"))]
    assert named == ["Records: r0, r1, r2, r3, r4, r5, r6, r7 and 12 more; most sent by shop-02 (12)"]


def test_a_resolution_says_so_in_its_title() -> None:
    found = replace(group(finding("missing_share", 0.0, alert=RESOLVED)), transition="resolved")
    assert title_of(found) == "flights: resolved: data quality in visib"


@pytest.mark.parametrize(
    ("p_value", "effect", "told"),
    [
        (0.2, 21.0, "p = 0.2 (threshold ≤ 0.01)"),
        (0.001, 0.02, "effect 0.02 (threshold ≥ 0.05)"),
        (0.2, 0.02, "p = 0.2 (threshold ≤ 0.01), effect 0.02 (threshold ≥ 0.05)"),
    ],
)
def test_a_resolution_tells_of_what_no_longer_reaches_its_threshold(p_value: float, effect: float, told: str) -> None:
    over = finding("psi", 0.1, effect=effect, threshold=0.05, alpha=0.01, p_value=p_value, alert=RESOLVED)
    assert text_of(over).endswith(f"resolved 2013-05-15 00:00 UTC; {told}")


def test_a_long_list_is_cut_and_counted() -> None:
    found = group(*(finding("psi", 0.3, column=f"c{i}") for i in range(22)))
    assert title_of(found) == "flights: data quality in c0, c1, c2 and 19 more"
    lines = lines_of(found)
    assert "and 14 more" in lines
    assert "Columns: c0, c1, c2, c3, c4, c5, c6, c7 and 14 more" in lines


def test_a_brace_in_a_name_is_only_a_character() -> None:
    assert "{0}" in lines_of(group(finding("missing_share", 0.3, column="{0}")))[-1]


BROKEN = {"for": ["dest: 65% of the rows hold nothing that can be right"], "against": [], "broken": ["dest"]}


def test_a_message_about_what_comes_of_a_broken_column_begins_with_that_column_and_advises_no_training() -> None:
    found = finding(
        "smooth_test",
        3.1,
        column="anomaly(features)",
        origin="data_quality",
        evidence={"origin": BROKEN, "role": "derived"},
    )
    told = group(replace(found, kind="drift.data"), kind="drift.data")
    assert title_of(told) == "flights: data drift in dest, anomaly(features)"
    assert lines_of(told)[-1] == "To do: mend what produces dest first; do not retrain on these rows."
    elsewhere = replace(told, findings=(replace(told.findings[0], origin="temporal"),))
    assert title_of(elsewhere) == "flights: data drift in anomaly(features)"
    assert "retrain if it falls" in lines_of(elsewhere)[-1]


def test_an_unknown_kind_still_makes_a_message() -> None:
    found = group(finding("invented", 0.3, column=""), kind="bias.some_thing")
    assert title_of(found) == "flights: bias: some thing (invented)"
    assert lines_of(found)[-1].startswith("To do: compare the segments")


@given(st.text())
def test_a_name_stays_on_one_short_line_that_can_be_sent(name: str) -> None:
    cut = shown(name)
    assert len(cut) <= 80
    cut.encode()
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in cut)


def test_a_message_about_a_column_that_only_grows_says_where_it_belongs() -> None:
    why = {"for": ["it grows with time"], "against": [], "crept": ["no"], "grows": ["no"]}

    def told(*columns: str) -> str:
        found = [finding("psi", 4.0, column=column, kind="drift.data", origin="temporal") for column in columns]
        return lines_of(group(*(replace(one, evidence={"origin": why, "columns": ["no"]}) for one in found)))[-1]

    assert told("no").startswith("To do: put no into `columns.ignore`: it grows with time")
    assert told("no", "anomaly(features)").startswith("To do: put no into `columns.ignore`")
    assert "columns.ignore" not in told("no", "age")
    moved = [{"column": "no"}, {"column": "age"}]
    for names, belongs in ((moved[:1], True), (moved, False)):
        found = finding("lasting_drift", 2.0, column="", kind="drift.data", origin="temporal")
        said = lines_of(group(replace(found, evidence={"origin": why, "moved": names})))[-1]
        assert ("columns.ignore" in said) == belongs


def test_figures_without_some_clients_rows_say_so_and_no_category_is_called_gone() -> None:
    change = {"of": "share", "category": "D01", "before": 0.149, "after": 0.0, "vanished": True}
    told = {"change": change, ASIDE: {"clients": ["gw-01", "gw-02"], "rows": 1_200}}
    found = finding("chi_square", 40.0, kind="drift.data", column="depot", unit="statistic", evidence=told)
    lines = "\n".join(lines_of(group(found)))
    assert "without 1,200 rows of clients under an attack alarm: gw-01, gw-02." in lines
    assert "share of D01 14.9 % → 0 %" in lines
    assert "no row holds" not in lines
    gone = finding("chi_square", 40.0, kind="drift.data", column="depot", evidence={"change": change})
    assert "no row holds D01" in text_of(gone)


def test_poisoned_labels_are_no_ground_to_retrain_nor_over_when_they_are_less_sure() -> None:
    aged = finding("ageing", 0.19, kind="bias.temporal", column="", evidence={**STORY, "poisoned": True})
    assert "labels of that time look poisoned" in text_of(aged)
    assert "keep these rows out of training" in to_do(group(aged))
    over = finding("poisoned_labels", 0.12, kind="attack.poisoning", column="")
    over = replace(over, alert=replace(over.alert, state="resolved", resolved_at=over.window.end))
    assert "no all-clear" in to_do(Group(over.model, over.kind, "resolved", (over,)))
