"""What is told beside an alert that fires, and what waits for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import ndtr

from monitor.alerts.finding import Finding
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.alerts.public import as_json, instant
from monitor.alerts.wording import text_of
from monitor.detectors.quality import out_of_range_share
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.stats.setting_in import has_set_in
from monitor.types import Roles, Window

DAY = timedelta(days=1)
START = datetime(2024, 5, 1, tzinfo=UTC)
SLIGHT: dict[str, Any] = {"detector": "out_of_range_share", "effect": 0.008, "evidence": {"beyond": 0.4}}


def firing(kind: str, column: str = "", *, day: int = 20, **rest: Any) -> Finding:  # noqa: ANN401 (any field)
    detector = rest.pop("detector", "smooth_test")
    name = fingerprint("m", kind, detector, column, rest.get("segment", ""))
    window = Window(START + (day - 1) * DAY, START + day * DAY)
    alert = Alert(name, "firing", 1, since=window.start, fired_at=window.end, window_end=window.end)
    rest = {"transition": "fired", "value": 0.4, "alpha": 0.01, "effect": 0.4, "threshold": 0.03} | rest
    return Finding(alert, "m", kind, detector, window, column=column, **rest)


def standing(finding: Finding, **told: Any) -> dict[str, Any]:  # noqa: ANN401 (any evidence)
    return as_json(replace(finding, evidence={**finding.evidence, "told": True, **told}))


def told(found: Finding, *rows: dict[str, Any]) -> bool:
    (settled,) = inhibited([found], rows)
    return bool(settled.evidence["told"])


def quiet_from(day: int) -> dict[str, Any]:
    return {"quiet_since": instant(START + day * DAY)}


FALL = standing(firing("performance.estimated", day=5))
DRIFT = standing(firing("drift.data", "a", day=5))


@pytest.mark.parametrize(
    ("found", "news"),
    [
        # quiet from the fall's window on, and then it set in: no reason of that fall
        (firing("drift.data", "b", evidence=quiet_from(5)), True),
        (firing("drift.data", "b", evidence=quiet_from(9)), True),
        # quiet only until the fall, or not at all: one cause may show here and there
        (firing("drift.data", "b", evidence=quiet_from(4)), False),
        (firing("drift.data", "b"), False),
        # what all features show together, and the answers, come of a column that is told itself
        (firing("drift.data", "anomaly(features)", evidence=quiet_from(9)), False),
        (firing("drift.prediction", "p", evidence=quiet_from(9)), False),
        # a class that is not given any more is told beside a fall
        (firing("drift.label", "y", evidence={"change": {"of": "share", "vanished": True}}), True),
        (firing("drift.label", "y", evidence={"change": {"of": "share"}}), False),
    ],
)
def test_drift_that_began_clearly_after_a_fall_of_performance_is_told_beside_it(found: Finding, news: bool) -> None:  # noqa: FBT001  # a case
    assert told(found, FALL) == news
    assert told(found)


def test_a_difference_has_set_in_where_five_windows_before_hardly_show_it() -> None:
    before, since = [0.4, 0.7, 0.2, 0.9, 0.5], [1e-6, 1e-9]
    assert has_set_in(before, since)
    assert has_set_in([1e-12, *before], since)
    assert has_set_in(before, [0.0])
    assert not has_set_in(before[1:], since)
    assert not has_set_in(before, [])
    assert not has_set_in([1.0] * 5, [0.6])
    # ten million rows: all is sure, and what shows now showed before
    assert not has_set_in([1e-40] * 5, [1e-60, 1e-60])


def test_a_step_has_set_in_and_neither_a_slow_rise_nor_what_was_always_there_has() -> None:
    rng = np.random.default_rng(1)

    def found(shifts: list[float]) -> float:
        chances = 2 * ndtr(-np.abs(rng.normal(size=(2000, 7)) + shifts))
        sure = chances[(chances[:, 5:] < 0.002).all(axis=1)]
        return float(np.mean([has_set_in(list(row[:5]), list(row[5:])) for row in sure]))

    assert found([0.0] * 5 + [5.0] * 2) > 0.97
    assert found([2.0, 2.2, 2.4, 2.6, 2.8, 3.2, 3.4]) < 0.02
    assert found([2.5] * 7) < 0.02


def _groups(pair: list[str], moved: str) -> dict[str, Any]:
    now = {"rows": 99, "rate": 0.2, "low": 0.15, "high": 0.25}
    groups = [{"value": name, **now, "reference": 0.4 if name == moved else 0.21} for name in pair]
    return {"of": "selection_rate", "rows": "rows", "pair": pair, "groups": groups}


def test_a_group_that_was_not_told_of_is_news_beside_an_alert_about_another_one() -> None:
    parity = firing(
        "bias.stereotyping", "g", detector="demographic_parity_difference", evidence=_groups(["a", "b"], "b")
    )
    (first,) = inhibited([parity], [])
    assert first.evidence["told_group"] == "b"
    # who is sampled is told of one group, without an interval
    made_up = {
        "pair": ["a"],
        "groups": [{"value": "a", "rows": 99, "of": 200, "rate": 0.5}],
        "rows": "rows",
        "of": "share",
    }
    (sampled,) = inhibited([firing("bias.sampling", "g", detector="representation_distance", evidence=made_up)], [])
    assert sampled.evidence["told_group"] == "a"
    row = as_json(first)
    for segment in ("", "g=c"):
        odds = firing("bias.stereotyping", "g", detector="equalized_odds_difference", segment=segment)
        assert told(replace(odds, evidence=_groups(["a", "c"], "c")), row)
        assert not told(replace(odds, evidence=_groups(["c", "b"], "c")), row)


@pytest.mark.parametrize(
    ("changed", "news"),
    [
        ({}, False),
        # a unit error: a tenth of the rows
        ({"effect": 0.1}, True),
        # 0.8 % of -999: far off, or beyond the other end
        ({"evidence": {"beyond": 900.0}}, True),
        ({"evidence": {}}, True),
        ({"column": "b"}, True),
        ({"detector": "missing_share"}, True),
        # the user's own number
        ({"alpha": None}, True),
    ],
)
def test_few_values_a_little_outside_of_the_range_are_no_news_while_drift_of_their_column_is_told(
    changed: dict[str, Any],
    news: bool,  # noqa: FBT001  # a case
) -> None:
    rest = SLIGHT | {"column": "a"} | changed
    found = firing("quality", **rest)
    assert told(found, DRIFT) == news
    assert told(found)


def test_few_values_outside_of_the_range_wait_with_the_drift_that_a_fall_holds_back_and_hold_none_back() -> None:
    few, drift = firing("quality", "a", **SLIGHT), firing("drift.data", "a")
    assert [f.evidence["told"] for f in inhibited([few, drift], [FALL])] == [False, False]
    assert [f.evidence["told"] for f in inhibited([few, drift], [])] == [False, True]
    assert told(drift, standing(few))
    assert not told(drift, standing(replace(few, effect=0.3)))


def test_values_beyond_the_end_that_the_mean_moved_towards_are_counted_in_tails() -> None:
    usual = np.linspace(0, 100, 1001)
    roles, table = Roles(timestamp="at"), pa.table({"at": np.zeros(1001), "x": usual})
    layout = layout_of(table, roles)

    def beyond(values: list[float]) -> float | None:
        one = profile_table(pa.table({"x": values}), layout)
        (found,) = out_of_range_share.compare(profile_table(table, layout), one)
        return found.evidence.get("beyond")

    high = [*usual[500:].tolist(), 101.0]
    assert beyond(high) == pytest.approx(1.0 / 0.7, rel=0.01)
    assert beyond([*usual.tolist(), -999.0]) > 1000  # type: ignore[operator]
    assert beyond([*high, -1.0]) is None
    assert beyond([*high, float("inf")]) is None


def test_what_all_features_show_of_a_column_whose_drift_was_told_waits_unless_it_sets_in_later() -> None:
    found = firing("drift.data", "anomaly(features)", evidence={"columns": ["a", "b"]})
    assert not told(found, DRIFT)
    assert told(replace(found, evidence={"columns": ["b", "a"]}), DRIFT)
    assert told(replace(found, evidence={"columns": []}), DRIFT)
    assert told(replace(found, evidence={"columns": ["a"], **quiet_from(9)}), DRIFT)


def test_another_column_of_the_answers_is_no_news_unless_it_sets_in_later() -> None:
    before = standing(firing("drift.prediction", "p", day=5))
    found = firing("drift.prediction", "pred")
    assert not told(found, before)
    assert told(replace(found, evidence=quiet_from(9)), before)
    assert told(replace(found, alpha=None), before)
    assert told(firing("confidence", "margin(scores)"), before)
    assert [f.evidence["told"] for f in inhibited([found, firing("drift.prediction", "q")], [])] == [True, True]


def test_what_follows_from_a_label_that_is_gone_waits_for_the_message_about_it() -> None:
    gone = {"change": {"of": "share", "category": "high", "before": 0.24, "after": 0.0, "vanished": True}}
    labels, meaning = firing("drift.label", "y", evidence=gone), firing("drift.concept")
    assert [f.evidence["told"] for f in inhibited([meaning, labels], [])] == [False, True]
    assert [f.evidence["told"] for f in inhibited([meaning, replace(labels, evidence={})], [])] == [True, True]
    assert "no label is high, of 24 % before" in text_of(labels)
    answers = firing("drift.prediction", "pred", evidence=gone)
    assert "no row is answered high, of 24 % before" in text_of(answers)
    scores, sure = firing("drift.prediction", "p"), firing("confidence", "margin(scores)")
    assert [f.evidence["told"] for f in inhibited([scores, sure, answers], [])] == [False, False, True]
    # though the scores were told before
    assert told(answers, standing(scores))


NAMED = {"words": "lasting data drift", "columns": ["a", "b"]}
MOVED_LONG = standing(firing("drift.data", detector="lasting_drift", day=5), told_as=NAMED, still_moved=["a", "b"])


@pytest.mark.parametrize(
    ("found", "news"),
    [
        (firing("drift.data", "a"), False),
        (firing("drift.data", "b", segment="s=1", origin="temporal"), False),
        (firing("drift.data", "c"), True),
        (firing("drift.data", "a", origin="data_quality"), True),
        (firing("drift.data", "a", evidence={"change": {"of": "share", "category": "x", "vanished": True}}), True),
        (firing("quality", "a"), True),
    ],
)
def test_a_column_that_is_told_to_have_moved_for_long_is_no_news_by_itself(found: Finding, *, news: bool) -> None:
    assert told(found, MOVED_LONG) is news


def moved(*columns: str, more: int = 0, day: int = 5) -> Finding:
    shown = [{"metric": "mean_shift", "column": column, "effect": 0.2} for column in columns]
    told_of = {"moved": shown, "more": more, "windows": 9, "column": columns[0]}
    return firing("drift.data", detector="lasting_drift", day=day, evidence=told_of)


def test_a_column_that_came_back_while_others_moved_lastingly_is_news_when_it_moves_again() -> None:
    row = already(moved("a", "b"))
    assert not told(firing("drift.data", "a"), row)
    # of six that have moved five are listed
    row = as_json(inhibited([moved("b", "c", "d", "e", "f", more=1, day=6)], [row])[0])
    assert not told(firing("drift.data", "a"), row)
    row = as_json(inhibited([moved("b", "c", day=7)], [row])[0])
    row = as_json(inhibited([moved("a", "b", day=8)], [row])[0])
    assert [told(firing("drift.data", column), row) for column in "abc"] == [True, False, True]


WORDS = standing(firing("drift.data", "unseen_words(note)", day=5, evidence={"of": "note"}))
LENGTH = standing(firing("drift.data", "note", day=5))


@pytest.mark.parametrize(
    ("found", "news"),
    [
        (firing("drift.data", "component_2(note)", evidence={"of": "note"}), False),
        (firing("drift.data", "component_2(note)", evidence={"of": "note", **quiet_from(9)}), True),
        (firing("drift.data", "component_2(note)", evidence={"of": "note"}, segment="shop=a"), False),
        (firing("drift.data", "component_2(note)", evidence={"of": "note", **quiet_from(9)}, segment="shop=a"), True),
        (firing("drift.data", "component_2(reply)", evidence={"of": "reply"}), True),
        (firing("drift.data", "reply"), True),
        (firing("quality", "component_2(note)", evidence={"of": "note"}), True),
        # words that are hidden are no topic
        (firing("drift.data", "lookalike_letters(note)", evidence={"of": "note"}), True),
        (firing("drift.data", "invisible(note)", evidence={"of": "note"}), True),
    ],
)
def test_parts_of_one_text_are_told_once(found: Finding, *, news: bool) -> None:
    assert [told(found, row) for row in (WORDS, LENGTH)] == [news, news]
    assert not told(firing("drift.data", "note"), WORDS)
    both = inhibited([firing("drift.data", "note"), found], [])
    assert [one.evidence["told"] for one in both] == [True, not found.segment]


def broken(*columns: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 (any evidence)
    return {"origin": "data_quality", "evidence": {"origin": {"for": [], "against": [], "broken": [*columns]}, **rest}}


def already(told_of: Finding) -> dict[str, Any]:
    return as_json(inhibited([told_of], [])[0])


AGEING = already(firing("bias.temporal", detector="ageing", day=5, **broken("a")))
ANSWERS = already(firing("drift.prediction", "p", day=5, **broken("a")))


GONE = {"change": {"of": "share", "category": "x", "before": 0.2, "vanished": True}}
OF_THE_FAULT = [
    # what the answers, all features and the column itself show of the column that was named
    firing("confidence", "c", **broken("a")),
    firing("confidence", "c", detector="near_certain_share", **broken("a")),
    firing("disagreement", "d", **broken("a")),
    firing("drift.data", "anomaly(features)", **broken("a")),
    firing("drift.data", "a", **broken("a")),
    firing("drift.data", detector="lasting_drift", **broken("a", moved=[{"column": "a"}])),
    firing("confidence", "c", segment="s=1", **broken("a")),
]
NEWS_BESIDE_IT = [
    # another column that drifts or is broken, quality, performance
    firing("drift.data", "b", **broken("a")),
    firing("drift.data", detector="lasting_drift", **broken("a", moved=[{"column": "a"}, {"column": "b"}])),
    firing("confidence", "c", **broken("a", "b")),
    firing("quality", "a", **broken("a")),
    firing("performance.estimated", **broken("a")),
    # what nobody has explained, what set in later, an answer that is gone, a limit of the user's own
    firing("confidence", "c"),
    firing("confidence", "c", **broken("a", **quiet_from(9))),
    firing("drift.prediction", "q", **broken("a", **GONE)),
    firing("confidence", "c", alpha=None, **broken("a")),
    firing("confidence", "c", severity="critical", **broken("a")),
]


@pytest.mark.parametrize("first", [AGEING, ANSWERS], ids=["ageing", "answers"])
@pytest.mark.parametrize("found", OF_THE_FAULT)
def test_what_shows_a_broken_column_that_a_message_named_waits_for_that(found: Finding, first: dict[str, Any]) -> None:
    assert not told(found, first)
    assert told(found)
    assert told(found, {**first, "state": "resolved", "resolved_at": instant(START + 10 * DAY)})


@pytest.mark.parametrize("first", [AGEING, ANSWERS], ids=["ageing", "answers"])
@pytest.mark.parametrize("found", NEWS_BESIDE_IT)
def test_what_a_broken_column_does_not_explain_is_told_beside_it(found: Finding, first: dict[str, Any]) -> None:
    assert told(found, first)


def test_of_one_window_the_first_message_names_the_broken_column_for_all_others() -> None:
    scores, answers = (firing("drift.prediction", name, **broken("a")) for name in ("p", "q"))
    confidence, others = firing("confidence", "c", **broken("a")), firing("drift.data", "b", **broken("a"))
    settled = inhibited([scores, answers, confidence, others], [])
    assert [f.evidence["told"] for f in settled] == [True, True, False, True]
    # where its quality is told, it is that which they wait for
    quality = firing("quality", "a", detector="missing_share")
    settled = inhibited([scores, confidence, quality], [])
    assert [f.evidence["told"] for f in settled] == [False, False, True]


def without_rows(*columns: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 (any evidence)
    told_of = {"for": [], "against": [], "missing_rows_of": [*columns]}
    return {"origin": "data_quality", "evidence": {"origin": told_of, **rest}}


FEWER = already(firing("quality", detector="volume", day=5, **without_rows("port")))


@pytest.mark.parametrize(
    ("found", "news"),
    [
        # whatever drifts with the rows that are missing
        (firing("drift.data", "fare", **without_rows("port")), False),
        (firing("drift.data", detector="lasting_drift", **without_rows("port", moved=[{"column": "fare"}])), False),
        (firing("drift.label", "y", **without_rows("port")), False),
        (firing("confidence", "c", **without_rows("port")), False),
        # but neither what else is missing, nor how good the model is on those that are left, nor what set in later
        (firing("drift.data", "fare", **without_rows("port", "ship")), True),
        (firing("performance.realised", **without_rows("port")), True),
        (firing("drift.data", "fare", **without_rows("port", **quiet_from(9))), True),
        (firing("drift.data", "fare"), True),
    ],
)
def test_what_drifts_where_rows_are_missing_waits_for_the_message_that_they_are(found: Finding, news: bool) -> None:  # noqa: FBT001  # a case
    assert told(found, FEWER) is news
    assert told(found)


def test_what_all_features_show_waits_for_the_quality_of_one_that_moved_with_them() -> None:
    found = firing("drift.data", "anomaly(features)", evidence={"columns": ["b", "a"]})
    quality = firing("quality", "a", detector="out_of_range_share", day=5, evidence={"beyond": 90.0}, effect=0.1)
    assert not told(found, standing(quality))
    assert told(found, standing(replace(quality, evidence={"beyond": 0.5}, effect=0.01)))
    assert told(replace(found, evidence={"columns": ["b"]}), standing(quality))


@pytest.mark.parametrize(
    ("kind", "segment", "broken", "news"),
    [
        ("drift.data", "port=Oban", ["port"], False),
        ("performance.realised", "port=Oban", ["port"], False),
        # what is broken there is a fault of its own, and so is what differs elsewhere, or before it is told
        ("quality", "port=Oban", ["port"], True),
        ("drift.data", "line=red", ["port"], True),
        ("drift.data", "port=Oban", [], True),
    ],
)
def test_what_differs_in_a_segment_of_a_broken_column_waits_for_it(
    kind: str, segment: str, broken: list[str], *, news: bool
) -> None:
    told_of_port = standing(firing("drift.data", "port", day=5), told_broken=broken)
    origin = {"for": [], "against": [], "broken": ["port"]}
    found = firing(kind, "fare", segment=segment, origin="data_quality", evidence={"origin": origin})
    assert told(found, told_of_port) is news


@pytest.mark.parametrize(
    ("rows", "sent", "day", "news"),
    [(1133.0, 600, 20, False), (1133.0, 200, 20, True), (300.0, 600, 20, True), (1133.0, 600, 19, True)],
)
def test_more_rows_than_usual_wait_for_the_attack_whose_client_sent_them(
    rows: float, sent: int, day: int, *, news: bool
) -> None:
    attack = standing(firing("attack.evasion", day=day, segment="client=eve", evidence={"sent": sent}))
    many = firing("quality", detector="volume", value=rows, reference_value=508.0, effect=1.1)
    assert told(many, attack) is news
    if day == 20:
        # also of one window
        eve = firing("attack.evasion", segment="client=eve", evidence={"sent": sent})
        found = {one.detector: one for one in inhibited([many, replace(eve, detector="suspected_evasion")], [])}
        assert bool(found["volume"].evidence["told"]) is news
        assert found["suspected_evasion"].evidence["told"]


@pytest.mark.parametrize(
    "stands",
    [
        standing(firing("drift.data", "a", day=5)),
        standing(firing("quality", "a", day=5, detector="out_of_range_share")),
        MOVED_LONG,
        standing(firing("performance.realised", day=5, detector="roc_auc")),
    ],
)
def test_a_column_that_leapt_after_an_alert_had_told_of_it_is_news(stands: dict[str, Any]) -> None:
    assert told(firing("drift.data", "a", detector="step_change", evidence=quiet_from(9)), stands)


def test_a_leap_that_another_alert_tells_of_is_no_news_and_nor_is_drift_beside_one_that_is_told() -> None:
    leap = firing("drift.data", "a", detector="step_change", evidence=quiet_from(19))
    assert not told(leap, standing(firing("quality", "a", detector="out_of_range_share")))
    heard = {f.detector: f.evidence["told"] for f in inhibited([firing("drift.data", "a"), leap], [])}
    assert heard == {"smooth_test": False, "step_change": True}
    assert not told(firing("drift.data", "a", day=21), standing(leap))
    assert told(firing("drift.data", "b", day=21), standing(leap))


@pytest.mark.parametrize(("evidence", "news"), [(quiet_from(9), True), (quiet_from(3), False), ({}, False)])
def test_another_metric_that_falls_clearly_later_is_news(evidence: dict[str, Any], *, news: bool) -> None:
    fell = standing(firing("performance.realised", day=5, detector="roc_auc"))
    assert told(firing("performance.realised", detector="accuracy", evidence=evidence), fell) is news
    assert not told(firing("performance.estimated", detector="estimated_roc_auc", evidence=evidence), fell)
