"""From what was seen of clients to one measurement a client and kind of attack."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.alerts.finding import Finding, Group
from monitor.alerts.lifecycle import Alert
from monitor.alerts.phrasing import SAID_LENGTH
from monitor.alerts.public import as_json, mark_of
from monitor.alerts.symptoms import Excess
from monitor.alerts.taxonomy import names_of
from monitor.alerts.titles import title_of
from monitor.alerts.wording import lines_of, text_of
from monitor.detectors.attack import Sighting
from monitor.detectors.suspicion.gathering import together
from monitor.detectors.suspicion.severity import severity_of
from monitor.detectors.suspicion.suspects import MANY, MOST_CLIENTS, compare
from monitor.steps.attack_evidence import _carried
from monitor.steps.origins import _of_faulty
from monitor.steps.suspicions import alarmed_clients, suspicious_excess
from monitor.types import Measurement, Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST = int((NOON + timedelta(minutes=37, seconds=5)).timestamp()) * 1_000_000
ALPHA = 1e-6
LIMIT = -math.log(ALPHA)
UNIT = [{"column": "nights", "deviations": 55.3}, {"column": "age", "deviations": 0.7}]
SPREAD = [*({"column": name, "deviations": by} for name, by in (("nights", 55.3), ("age", 20.0), ("rate", 18.0)))]
CLUSTER = {"size": 37, "clients": 1, "top_client_share": 1.0, "flips": 9, "pair": [], "labels": {}}
QUOTES = {**CLUSTER, "varied": ["amount", "plan", "rate"]}

FOREIGN = {**CLUSTER, "size": 579, "clients": 3, "flips": 141, "own": {"size": 278, "flips": 0, "ids": []}}


def seen(client: str = "c1", log_e: float = 20.0, detector: str = "near_duplicates", **rest: Any) -> Sighting:  # noqa: ANN401
    plain = {"rows": 41, "hits": 30, "rate": 0.02, "first_at": 1, "first_id": "r1", "ids": ("r1", "r2")}
    return Sighting(detector, client, rest.pop("start", NOON), log_e=log_e, **{**plain, **rest})


def odd_in(*columns: list[dict[str, Any]]) -> list[Sighting]:
    """Give two families' signs that are sure, each odd in some columns."""
    signs = zip(("off_contract", "far_from_population"), columns, strict=True)
    return [seen(log_e=2 * LIMIT, detector=name, evidence={"columns": by}) for name, by in signs]


def measured(*found: Sighting, standing: Any = ()) -> list[Measurement]:  # noqa: ANN401
    return list(compare(found, alpha=ALPHA, standing=standing))


def test_signs_of_one_kind_are_one_measurement_with_the_strongest_evidence() -> None:
    (one,) = measured(seen(log_e=20), seen(log_e=30, detector="off_contract"), seen(log_e=25, detector="distrusted"))
    assert (one.detector, one.segment, one.value, one.n) == ("suspected_evasion", "client=c1", 30.0, 41)
    assert one.p_value == pytest.approx(math.exp(-30))
    assert [told["name"] for told in one.evidence["detectors"]] == ["off_contract", "distrusted", "near_duplicates"]


def test_hours_of_a_window_add_up_and_the_first_record_is_the_earliest() -> None:
    later = seen(start=NOON + HOUR, log_e=30, hits=5, first_at=7, first_id="r7", ids=("r7",))
    both = together([later, seen(log_e=20)])
    assert (both.rows, both.hits, both.log_e, both.first_id, both.ids) == (82, 35, 30, "r1", ("r7", "r1", "r2"))


def test_a_window_is_compared_without_those_who_are_odd_and_with_those_who_only_ask_much() -> None:
    much = seen("busy", detector="volume")
    assert alarmed_clients([much, seen("odd"), seen("quiet", log_e=10)], alpha=1e-6) == {"odd"}
    assert alarmed_clients([much, seen("busy", detector="far_from_class")], alpha=1e-6) == {"busy"}


@pytest.mark.parametrize(
    ("detector", "rows", "client", "severity"),
    [
        ("far_from_class", 15, "qa", "info"),
        ("far_from_class", 16, "qa", "warning"),
        ("odd_all_round", 15, "qa", "warning"),
        ("malformed", 15, "qa", "warning"),
        ("near_duplicates", 15, "qa", "warning"),
    ],
)
def test_a_handful_of_odd_rows_is_told_at_low_severity(detector: str, rows: int, client: str, severity: str) -> None:
    shown = seen(client, detector=detector, rows=rows, hits=rows)
    assert severity_of([shown], [], client=client, limit=LIMIT) == severity
    assert (
        severity_of([shown], [seen(client, detector="odd_combination", rows=rows)], client=client, limit=LIMIT)
        == severity
    )


def test_weak_evidence_is_not_shown_and_totals_are_none() -> None:
    assert measured(seen(log_e=5), seen("", 0.0, total=True)) == []


def test_a_client_under_alarm_that_is_quiet_is_measured_so_that_its_alert_can_end() -> None:
    (one,) = measured(standing={("attack.evasion", "client=c9")})
    assert (one.segment, one.value, one.p_value) == ("client=c9", 0.0, 1.0)


def test_more_clients_than_can_be_told_are_one_measurement() -> None:
    crowd = [seen(f"c{i}", 20.0 + i / 1000) for i in range(10_000)]
    (one,) = measured(*crowd)
    assert one.segment == MANY
    assert one.evidence["count"] == 10_000
    assert len(one.evidence["clients"]) == MOST_CLIENTS
    known = measured(*crowd, standing={("attack.evasion", "client=c5")})
    assert [found.segment for found in known] == [MANY, "client=c5"]


def test_a_log_that_repeats_the_reference_accuses_nobody() -> None:
    (one,) = measured(*(seen(f"c{i}", detector="training_rows") for i in range(50)))
    assert one.p_value == 1.0
    assert "repeats the reference" in one.note


@pytest.mark.parametrize(
    ("found", "client", "severity"),
    [
        ([seen()], "c1", "warning"),  # one family
        ([seen(evidence={"cluster": CLUSTER})], "c1", "critical"),  # answers that flip
        ([seen(evidence={"cluster": QUOTES})], "c1", "warning"),
        ([seen(evidence={"cluster": CLUSTER | {"varied": ["amount", "plan", "rate", "age"]}})], "c1", "critical"),
        ([seen(evidence={"cluster": FOREIGN})], "c1", "info"),  # those to another client's copies of the row
        ([seen(evidence={"cluster": {**CLUSTER, "flips": 1}})], "c1", "info"),  # as who sells a hundred shirts
        ([seen(evidence={"cluster": {**CLUSTER, "flips": 2}})], "c1", "warning"),
        ([seen(evidence={"cluster": {**CLUSTER, "flips": 1}}), seen(detector="off_contract")], "c1", "warning"),
        ([seen("", evidence={"cluster": FOREIGN})], "", "warning"),  # to anyone's, where no client is meant
        ([seen(evidence={"cluster": {**FOREIGN, "own": {}}})], "c1", "warning"),  # not known whose
        (
            [seen(log_e=2 * LIMIT), seen(log_e=2 * LIMIT, detector="off_contract")],
            "c1",
            "critical",
        ),  # two sure families
        ([seen(log_e=2 * LIMIT), seen(log_e=2 * LIMIT, detector="near_duplicate_starts")], "c1", "warning"),  # the same
        ([seen(log_e=2 * LIMIT, detector=name) for name in ("doubtful", "odd_combination")], "c1", "warning"),  # a part
        (odd_in([{"column": "nights", "share": 1.0}], UNIT), "c1", "warning"),  # a column in another unit
        (odd_in([{"column": "nights", "share": 1.0}, {"column": "age", "share": 0.4}], UNIT), "c1", "warning"),
        (odd_in([{"column": "nights", "share": 1.0}], SPREAD), "c1", "critical"),  # and off in others, too
        (odd_in([{"column": name, "share": 1.0} for name in ("nights", "age", "rate")], UNIT), "c1", "critical"),
        ([seen(evidence={"cluster": QUOTES, "what_if": 0.8})], "c1", "info"),  # few values of a row were varied
        ([seen(evidence={"cluster": CLUSTER, "what_if": 0.8})], "c1", "warning"),  # many values, few at a time
        ([seen(evidence={"what_if": 0.8}), seen(detector="off_contract")], "c1", "warning"),  # and something else seen
        ([seen("", detector="pooled_distrusted")], "", "info"),  # nobody in particular
    ],
)
def test_severity_goes_by_what_is_independent(found: list[Sighting], client: str, severity: str) -> None:
    assert severity_of(found, [], client=client, limit=LIMIT) == severity


def test_few_clients_hold_the_excess_of_an_attack_and_many_share_that_of_a_changed_world() -> None:
    total = {"total": True, "rows": 10_000, "hits": 300}
    few = suspicious_excess([seen("", 0.0, **total), seen("c1", rows=100, hits=98)], alpha=ALPHA)
    assert few.held
    crowd = [seen(f"c{i}", rows=100, hits=90) for i in range(90)]
    many = suspicious_excess([seen("", 0.0, total=True, rows=10_000, hits=9_000), *crowd], alpha=ALPHA)
    assert not many.held
    assert many.spread
    assert suspicious_excess([seen(log_e=5)], alpha=ALPHA) == Excess()


def test_what_everyone_shows_accuses_nobody() -> None:
    everyone = [seen(f"c{i}", 25.0, "far_from_population", rows=10, hits=9, rate=0.5) for i in range(30)]
    assert measured(*everyone) != []
    total = seen("", 0.0, "far_from_population", rows=300, hits=270, total=True)
    assert measured(total, *everyone) == []
    attacker = seen("mallory", 60.0, "far_from_population", rows=100, hits=100, rate=0.5)
    quiet = seen("", 0.0, "far_from_population", rows=2_100, hits=400, total=True)
    assert [one.segment for one in measured(quiet, attacker)] == ["client=mallory"]


def finding(one: Measurement, **rest: Any) -> Finding:  # noqa: ANN401
    alert = Alert("f" * 64, rest.pop("state", "firing"), 1, since=NOON, fired_at=NOON + HOUR, window_end=NOON + HOUR)
    numbers = {"value": one.value, "p_value": one.p_value, "n": one.n, "alpha": ALPHA, "evidence": one.evidence}
    labels = {"model": "loans", "kind": "attack.evasion", "detector": one.detector, "segment": one.segment}
    return Finding(alert, window=Window(NOON, NOON + HOUR), transition="fired", **labels, **numbers, **rest)


def test_the_sentence_says_who_what_how_sure_and_since_when() -> None:
    (one,) = measured(seen("mallory", 27.7, evidence={"cluster": CLUSTER}, first_at=FIRST))
    assert text_of(finding(one)) == (
        "loans (mallory): 30 near-copies of one row in 41 different queries, the answer flipped 9 times, "
        "since 2026-03-01 12:37 UTC; p ≤ 9.33e-13 (threshold ≤ 1e-6)"
    )
    quiet = "loans (mallory): no more signs, began 2026-03-01 12:37 UTC"
    assert text_of(finding(one, state="recovering")) == quiet


def test_an_attack_began_with_its_first_suspicious_record_also_where_it_had_to_wait() -> None:
    (one,) = measured(seen("mallory", 27.7, first_at=FIRST))
    assert as_json(finding(one))["since"] == "2026-03-01T12:37:05Z"
    (unknown,) = measured(seen("mallory", 27.7, first_at=0))
    assert as_json(finding(unknown))["since"] == "2026-03-01T12:00:00Z"
    waits = as_json(finding(one, state="pending"))
    (later,) = measured(seen("mallory", 30.0, first_at=FIRST + 3_600_000_000))
    assert as_json(_carried(finding(later), {mark_of(waits["id"]): waits}))["since"] == "2026-03-01T12:37:05Z"


def test_a_client_who_goes_on_without_signs_gets_no_all_clear() -> None:
    (one,) = measured(standing=[("attack.evasion", "client=mallory")])
    gone, goes_on = (finding(replace(one, evidence={"sent": sent}), state="resolved") for sent in (0, 60))
    group = Group("loans", "attack.evasion", "resolved", (gone,))
    assert title_of(group) == "loans: resolved: signs of evasion by mallory"
    assert len(lines_of(group)) == 1
    group = replace(group, findings=(goes_on,))
    assert title_of(group) == "loans: no more signs of evasion by mallory"
    assert "No all-clear: mallory goes on without signs" in lines_of(group)[1]


def test_broken_data_are_told_as_such_and_as_no_attack() -> None:
    (one,) = measured(seen("feed", 27.7, "malformed"))
    broken = _of_faulty(finding(one, severity="warning"), "feed sends no value in debt", ["debt"], "feed")
    public = as_json(broken)
    assert public["text"].startswith(
        "loans (feed): broken data, no evasion: feed sends no value in debt; 30 of 41 rows"
    )
    assert (public["severity"], public["origin"], public["atlas"]) == ("info", "data_quality", [])
    assert title_of(evaded(broken)) == "loans: broken data from feed"
    assert lines_of(evaded(broken))[-1] == "To do: ask feed to mend what they send."
    assert not any("ATLAS" in line or "people who try" in line for line in lines_of(evaded(broken)))
    (other,) = measured(seen("mallory", 27.7, evidence={"cluster": CLUSTER}))
    assert title_of(evaded(broken, finding(other))) == "loans: signs of evasion by mallory"
    assert lines_of(evaded(broken, finding(other)))[-1].startswith("To do: limit or block mallory,")


def test_an_alert_that_lingers_is_as_grave_as_it_was() -> None:
    (weak,) = measured(seen(log_e=9.0))
    lingering = finding(weak, state="recovering", severity="warning")
    stood = {mark_of(as_json(lingering)["id"]): {**as_json(lingering), "severity": "info"}}
    assert _carried(lingering, stood).severity == "info"
    (sure,) = measured(seen(log_e=20.0))
    assert _carried(finding(sure, severity="warning"), stood).severity == "warning"


def test_an_alert_keeps_its_first_suspicious_record_and_records_of_each_time() -> None:
    (one,) = measured(seen(log_e=20.0, ids=tuple(f"r{n}" for n in range(1, 20))))
    stood = {mark_of(as_json(finding(one))["id"]): as_json(finding(one))}
    (later,) = measured(seen(log_e=30.0, first_at=9_000_000, first_id="s1", ids=("s1", "s2")))
    kept = _carried(finding(later), stood).evidence
    assert kept["first_suspicious_record"] == {"id": "r1", "time": "1970-01-01T00:00:00Z"}
    assert kept["record_ids"][:10] == [f"r{n}" for n in range(1, 11)]
    assert {"r11", "s2"} <= set(kept["record_ids"][10:])
    assert len(kept["record_ids"]) == 20


def test_an_alert_that_lingers_tells_no_sign_of_which_no_row_came() -> None:
    lingers, shown = seen("mallory", 20.0, "off_contract", rows=0, hits=0), seen("mallory", 25.0, hits=4)
    (one,) = measured(lingers, shown)
    assert len(one.evidence["detectors"]) == 2
    assert "0 of 0" not in text_of(finding(one))
    (copy,) = measured(seen("mallory", 27.7, hits=1, evidence={"cluster": CLUSTER}))
    said = "1 near-copy of earlier rows of its own in 41 different queries, the answer to the 37 of one row flipped 9"
    assert said in text_of(finding(copy)), "the others are of windows before"


def test_the_flips_of_another_client_are_not_told_of_this_one() -> None:
    (one,) = measured(seen("mallory", hits=278, rows=284, evidence={"cluster": FOREIGN}))
    assert "278 near-copies of one row in 284 different queries, since" in text_of(finding(one))
    assert as_json(finding(one))["atlas"] == ["AML.T0043.001", "AML.T0042"]


def test_near_copies_of_many_rows_are_not_said_to_be_of_one() -> None:
    line = {**CLUSTER, "size": 10, "flips": 7, "own": {"size": 11, "flips": 7, "ids": []}}
    (one,) = measured(seen("mallory", hits=186, rows=392, evidence={"cluster": line}))
    said = text_of(finding(one))
    assert "186 near-copies of earlier rows of its own in 392 different queries" in said
    assert "the answer to the 11 of one row flipped 7 times" in said


def test_a_sign_that_no_more_rows_show_than_is_usual_is_not_told_unless_they_came_at_once() -> None:
    usual = seen("mallory", 8.0, "doubtful", rows=112, hits=4, rate=0.0983)
    (one,) = measured(seen("mallory", 30.0), usual)
    assert [told["name"] for told in one.evidence["detectors"]] == ["near_duplicates", "doubtful"]
    assert "of 112 rows" not in text_of(finding(one))
    (sure,) = measured(seen("mallory", 30.0), replace(usual, log_e=20.0))
    assert "of values that do not go together, many of them at once" in text_of(finding(sure))


def test_a_message_tells_what_its_chance_is_made_of_where_the_counts_alone_do_not() -> None:
    rarer = {"worst": {"hits": 18, "rate": 0.055}, "log_e_before": 9.0}
    found = seen(detector="far_from_population", hits=34, rows=138, rate=0.219, evidence=rarer)
    text = text_of(finding(*measured(found)))
    assert "34 of 138 rows far from all rows of the reference (usual: at most 21.9 %), 18 of them more than" in text
    assert "99 of 100 honest rows (usual: at most 5.5 %)" in text
    assert "p ≤ 2.06e-9 with what it showed in windows before (threshold ≤ 1e-6)" in text
    assert "in windows before" not in text_of(finding(*measured(replace(found, evidence={}))))


def test_a_message_begins_with_the_surest_sign_whatever_it_is_a_sign_of() -> None:
    doubt = seen("mallory", 40.0, "doubtful", hits=234, rows=398)
    far = seen("mallory", 982.0, "far_from_population", hits=375, rows=398)
    (evasion,) = (one for one in measured(doubt, far) if one.detector == "suspected_evasion")
    text = text_of(finding(evasion))
    assert text.index("375 of 398 rows far from all rows") < text.index("234 of 398 rows doubtful")
    assert "p < 1e-300" in text


def test_odd_queries_that_vary_no_row_may_be_there_to_copy_the_model() -> None:
    (odd,) = (one for one in measured(*uniform()) if one.detector == "suspected_evasion")
    (copies,) = measured(seen("mallory", evidence={"cluster": CLUSTER}))
    assert title_of(evaded(finding(odd))) == "loans: signs of evasion or model extraction by mallory"
    sign = {
        "name": "malformed",
        "hits": 60,
        "rows": 150,
        "p0": 0.01,
        "log_e": 30.0,
        "threshold": LIMIT,
        "says": "malformed",
    }
    tried = replace(odd, evidence={**odd.evidence, "detectors": [*odd.evidence.get("detectors", ()), sign]})
    assert title_of(evaded(finding(tried))) == "loans: signs of probing or evasion by mallory"
    assert title_of(evaded(finding(copies))) == "loans: signs of evasion by mallory"


def uniform() -> list[Sighting]:
    return [seen("mallory", 40.0, name) for name in ("doubtful", "far_from_population", "odd_combination")]


def test_much_asked_is_told_at_low_severity_with_what_copies_the_model() -> None:
    told = {"volume": {"span": "day", "rows": 4120, "busiest": 900}, "asked": 12_345, "model_budget": 800}
    (one,) = measured(seen(detector="volume", rows=4120, hits=4120, rate=0.0, evidence=told))
    assert (one.detector, one.evidence["severity"]) == ("suspected_extraction", "info")
    assert "4,120 different rows in one day, where no client's day held more than 900" in text_of(finding(one))
    group = Group("loans", "attack.extraction", "fired", (finding(one),))
    said = (
        "c1 has asked 12,345 different rows in all, and about 800 are enough for a copy that gives nine answers of ten."
    )
    assert said in lines_of(group)
    assert lines_of(group)[-2].startswith("Low severity: people who try out some rows")


def test_who_asks_much_of_what_is_doubtful_is_told_to_do_both() -> None:
    doubtful = {"rows": 280, "hits": 119, "usual": 0.25}
    told = {"volume": {"span": "hour", "rows": 282, "busiest": 117, "doubtful": doubtful}}
    (one,) = measured(seen(detector="volume", rows=282, hits=282, rate=0.0, evidence=told))
    assert one.evidence["severity"] == "info"
    said = "no client's hour held more than 117, 119 of 280 among the more doubtful (of honest rows 25 %)"
    assert said in text_of(finding(one))


def test_the_message_of_hostile_names_stays_on_its_lines() -> None:
    hostile = "c\n*bold* <!channel> \u202e" + "x" * 500
    (one,) = measured(seen(hostile, evidence={"columns": [{"column": hostile, "share": 1.0}]}, first_id=hostile))
    group = Group("loans", "attack.evasion", "fired", (finding(one),))
    for line in (title_of(group), *lines_of(group)):
        assert "\n" not in line
        assert "\u202e" not in line
        assert len(line) < 3 * SAID_LENGTH


def test_an_alert_names_what_it_is_called_elsewhere() -> None:
    (one,) = measured(seen(evidence={"cluster": CLUSTER}))
    assert as_json(finding(one))["atlas"] == ["AML.T0043.001", "AML.T0042", "AML.T0015"]
    (other,) = measured(seen(detector="distrusted", evidence={"columns": []}))
    assert as_json(finding(other))["atlas"] == ["AML.T0015", "AML.T0043.000", "AML.T0043.002"]


@pytest.mark.parametrize(("others", "shown", "accused"), [(5, 5, False), (40, 3, False), (40, 0, True), (0, 0, True)])
def test_few_rows_of_others_that_show_the_same_take_an_accusation_back(others: int, shown: int, accused: bool) -> None:  # noqa: FBT001
    mine = seen(log_e=16.0, detector="off_contract", rows=3, hits=3, rate=0.005)
    everybody = seen(client="", log_e=0.0, detector="off_contract", rows=3 + others, hits=3 + shown, total=True)
    told = [one for one in measured(mine, everybody) if one.p_value is not None and one.p_value <= ALPHA]
    assert bool(told) is accused


def test_accomplices_do_not_excuse_each_other_but_a_changed_world_does() -> None:
    # three accounts send two thirds of a day's rows, and are all that show the sign
    three = [seen(f"thief{i}", 30.0, "odd_combination", rows=500, hits=160, rate=0.13) for i in range(3)]
    total = seen("", 0.0, "odd_combination", rows=2_200, hits=480 + 70, total=True)
    assert {one.segment for one in measured(total, *three)} == {f"client=thief{i}" for i in range(3)}
    many = [seen(f"c{i}", 30.0, "odd_combination", rows=100, hits=32, rate=0.13) for i in range(22)]
    whole = seen("", 0.0, "odd_combination", rows=2_200, hits=704, total=True)
    assert not [one for one in measured(whole, *many) if one.p_value < ALPHA]


def test_where_few_rows_are_left_all_others_count() -> None:
    loud = seen("c0", 25.0, "odd_combination", rows=20, hits=18, rate=0.13)
    others = [seen(f"c{i}", 20.0, "odd_combination", rows=15, hits=13, rate=0.13) for i in range(1, 4)]
    total = seen("", 0.0, "odd_combination", rows=75, hits=68, total=True)
    assert not [one for one in measured(total, loud, *others) if one.p_value < ALPHA]


def evaded(*found: Finding) -> Group:
    return Group("loans", "attack.evasion", "fired", found)


def test_what_clients_do_together_names_them_and_never_asks_to_block_all_traffic() -> None:
    sent = {"sent_by": 12, "senders": [{"client": f"new-{n:02}", "rows": 3} for n in range(12)]}
    (one,) = measured(seen("", detector="newcomers_narrow_margin", evidence=sent))
    told = evaded(finding(one))
    assert title_of(told) == "loans: signs of evasion or model extraction by 12 clients together"
    assert "new-09 (3) and 2 more clients." in " ".join(lines_of(told))
    whom = "those of the clients named here that belong together ("
    assert lines_of(told)[-1].startswith(f"To do: ask what these queries are for before you limit {whom}")
    grave = evaded(replace(told.findings[0], evidence={**told.findings[0].evidence, "severity": "critical"}))
    assert lines_of(grave)[-1].startswith(f"To do: limit or block {whom}")
    (nobody,) = measured(seen("", detector="pooled_narrow_margin"))
    told = evaded(finding(nobody))
    assert title_of(told) == "loans: signs of evasion or model extraction in all traffic"
    assert lines_of(told)[-1].endswith("before you limit whoever sent these records.")


def test_a_message_about_several_clients_names_up_to_ten_and_says_of_whom_each_line_is() -> None:
    profile = {"rows": 60, "share": None, "usual_rows": None}
    found = [finding(one) for one in measured(*(seen(f"c{n:02}", evidence={"cluster": CLUSTER}) for n in range(11)))]
    found = [replace(one, evidence={**one.evidence, "client_profile": profile}) for one in found]
    ten = lines_of(evaded(*found[:10]))
    assert [line[6:11] for line in ten[:10]] == [f"(c{n:02})" for n in range(10)]
    assert "First suspicious record of c00: r1 at 1970-01-01T00:00:00Z; also r2." in ten
    assert "First suspicious record of c02: r1 at 1970-01-01T00:00:00Z; also r2." in ten
    assert (
        "c00 sent 60 rows from 2026-03-01 12:00 UTC to 2026-03-01 13:00 UTC; of rows that are alike one is judged."
        in ten
    )
    assert "block c00, c01, c02, c03, c04, c05, c06, c07, c08 and c09, and" in ten[-1]
    assert not any("more" in line for line in ten)
    eleven = lines_of(evaded(*found))
    assert eleven[10] == "and 1 more"
    assert "c08, c09 and 1 more, and" in eleven[-1]


def test_a_crowd_is_named_as_far_as_it_is_known() -> None:
    (one,) = measured(*(seen(f"c{n:02}") for n in range(MOST_CLIENTS + 1)))
    told = lines_of(evaded(finding(one)))
    assert "c08, c09 first" in told[0]
    assert "limit or block c00, c01" in told[-1]
    assert "c09 and 11 more, and" in told[-1]


def test_a_message_gives_techniques_by_code_and_name_and_the_whole_command() -> None:
    (one,) = measured(seen("mallory", evidence={"cluster": CLUSTER}))
    names = {"names": names_of("attack.evasion", "flips").as_json()}
    accused = replace(finding(one), evidence={**one.evidence, **names})
    group = Group("loans to be", "attack.evasion", "fired", (accused,), config="/etc/monitor.yaml")
    *_, techniques, to_do = lines_of(group)
    assert techniques.endswith("AML.T0042 (Verify Attack), AML.T0015 (Evade AI Model).")
    assert "`monitor export /etc/monitor.yaml 'loans to be' --hard-examples -o hard.parquet`" in to_do


def test_what_a_sign_says_is_not_cut() -> None:
    (one,) = measured(seen(detector="one_column_sweep"))
    assert "…" not in text_of(finding(one))


def test_the_public_threshold_of_a_suspicion_is_what_its_value_had_to_reach() -> None:
    (one,) = measured(seen(log_e=20.0))
    public = as_json(finding(one))
    assert (public["value"], public["threshold"]) == (20.0, pytest.approx(LIMIT))
    assert public["p_value"] == pytest.approx(math.exp(-20))


def test_what_a_client_sweeps_is_named_and_the_answers_to_its_own_copies_are_counted_apart() -> None:
    shared = {**CLUSTER, "clients": 8, "flips": 70, "own": {"size": 54, "flips": 9, "ids": ["r1", "r2"]}}
    (one,) = measured(seen(detector="near_duplicates", evidence={"cluster": shared}))
    said = (
        "30 near-copies of earlier rows of its own in 41 different queries, the answer to the 54 of one row flipped 9"
    )
    assert said in text_of(finding(one))
    (one,) = measured(seen(evidence={"cluster": {**shared, "own": {}}}))
    assert "30 near-copies of earlier rows of its own in 41 different queries, since" in text_of(finding(one))
    (all_of_them,) = measured(seen("", evidence={"cluster": shared}))
    assert "37 near-copies of one row from 8 clients, the answer flipped 70 times" in text_of(finding(all_of_them))
    (one,) = measured(seen(detector="one_column_sweep"))
    told = finding(replace(one, evidence={**one.evidence, "swept": ["amount"], "swept_steps": 118, "swept_flips": 41}))
    steps = "just before in all but amount, the answer to 118 rows varied step by step flipped 41 times ("
    assert steps in text_of(told)


def test_a_quarter_of_the_clients_are_no_measure_of_what_all_show() -> None:
    gang = [seen(f"g{i}", log_e=20, detector="odd_combination", rows=60, hits=24, rate=0.125) for i in range(6)]
    for clients, told in ((36, 6), (8, 0)):
        total = seen("", 0.0, detector="odd_combination", total=True, rows=610, hits=156, evidence={"clients": clients})
        assert len([one for one in measured(*gang, total) if one.value >= LIMIT]) == told
