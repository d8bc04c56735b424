from dataclasses import replace

import pytest

from monitor.alerts.attack_names import EVERYONE
from monitor.alerts.courses import lasting
from monitor.alerts.origin import Origin, origin_of
from monitor.alerts.symptoms import Apart, Excess, Gone, Symptoms

MANY = Excess(rows=400, clients=80, top_share=0.08, top_traffic=0.07)
FEW = Excess(rows=400, clients=2, top_share=0.97, top_traffic=0.05)
FORTY = tuple(f"c{n:02}" for n in range(40))
DRIFT = Symptoms(moved={"age": 0.4, "fare": 0.2}, features=20, drift=MANY)
ATTACK = Symptoms(alarmed=("mallory",), attack=FEW, features=20)


@pytest.mark.parametrize(
    ("symptoms", "name"),
    [
        (Symptoms(), "undetermined"),
        # broken data comes first, whatever else is seen: it explains the rest
        (Symptoms(broken={"age": 0.05}, features=20), "data_quality"),
        (Symptoms(broken={"age": 0.04}, features=20), "undetermined"),
        (replace(DRIFT, broken={"fare": 1.0}), "data_quality"),
        (replace(ATTACK, broken={"fare": 1.0}), "data_quality"),
        # but another model may give one answer to all
        (Symptoms(broken={"answer": 1.0}, turned=("answer", "score"), features=20), "model_change"),
        (Symptoms(broken={"answer": 1.0, "fare": 0.3}, turned=("answer",), features=20), "data_quality"),
        # a unit that changed: one column lies wholly elsewhere
        (replace(DRIFT, moved={"age": 6.0}), "data_quality"),
        (replace(DRIFT, moved={"age": 6.0, "fare": 0.2}), "data_quality"),
        (replace(DRIFT, moved=dict.fromkeys("abcdef", 6.0)), "undetermined"),
        # or to where its usual values are in another unit, though these overlap
        (replace(DRIFT, moved={"age": 0.9}, units={"age": "as feet are of metres"}), "data_quality"),
        (replace(DRIFT, moved={"age": 0.9, "fare": 0.4}, units={"age": "as feet are of metres"}), "data_quality"),
        (replace(DRIFT, moved=dict.fromkeys("abcdef", 0.9), units=dict.fromkeys("abcdef", "")), "temporal"),
        # a category is gone, and just its rows are missing: what else moved comes of that
        (replace(DRIFT, gone={"port": Gone("Ayr", 0.3)}), "data_quality"),
        (replace(DRIFT, moved={"age": 6.0}, gone={"port": Gone("Ayr", 0.3)}), "data_quality"),
        # what came there step by step is a season
        (replace(DRIFT, moved={"age": 6.0}, crept=frozenset({"age"})), "temporal"),
        (replace(DRIFT, moved={"age": 0.9, "fare": 0.4}, swapped={"age": "fare", "fare": "age"}), "data_quality"),
        (replace(DRIFT, moved={"age": 6.0}, known=frozenset({"age"})), "temporal"),
        (replace(DRIFT, moved={"age": 6.0}, known=frozenset({"age"}), units={"age": "months"}), "data_quality"),
        (replace(DRIFT, moved={"age": 6.0, "fare": 9.0}, crept=frozenset({"age"})), "data_quality"),
        # what grew from window to window in the reference already, as the number of an order, is in order
        (replace(DRIFT, moved={"no": 6.0}, crept=frozenset({"no"}), grows=frozenset({"no"})), "temporal"),
        # and everybody sends it so, though it makes some of them look like attackers
        (replace(DRIFT, moved={"age": 6.0}, alarmed=FORTY, attack=MANY), "data_quality"),
        # but few who hold what is suspicious attack, whatever the season does
        (replace(DRIFT, moved={"age": 6.0}, alarmed=("eve", "mallory"), attack=FEW), "attack_like"),
        # few clients hold what is suspicious
        (ATTACK, "attack_like"),
        (replace(ATTACK, attack=Excess()), "attack_like"),
        (replace(ATTACK, moved={"age": 8.0}, drift=FEW), "attack_like"),
        (replace(ATTACK, alarmed=FORTY, attack=Excess()), "undetermined"),
        (replace(DRIFT, alarmed=FORTY, attack=MANY), "temporal"),
        # another model answers otherwise to the same inputs
        (Symptoms(version="v2", outputs=True, features=20), "model_change"),
        (Symptoms(version="v2", features=20), "undetermined"),
        (replace(DRIFT, version="v2", outputs=True), "temporal"),
        # and goes on doing so when it is no longer new
        (Symptoms(differs="v2", outputs=True, features=20), "model_change"),
        (Symptoms(differs="v2", outcomes=True, features=20), "model_change"),
        (Symptoms(differs="v2", features=20), "model_change"),
        (replace(DRIFT, differs="v2", outputs=True), "temporal"),
        # time moves everybody
        (DRIFT, "temporal"),
        (replace(DRIFT, drift=Excess(rows=300)), "temporal"),
        (replace(DRIFT, drift=FEW), "undetermined"),
        # a client that always sent most rows sends most of those that moved
        (replace(DRIFT, drift=Excess(rows=300, clients=9, top_share=0.8, top_traffic=0.75)), "temporal"),
        # of a third of the rows the others sent but a hundredth of what moved
        (replace(DRIFT, drift=Excess(rows=300, clients=4, top_share=0.99, top_traffic=0.67)), "undetermined"),
        # shares of a handful of rows mean nothing
        (replace(DRIFT, drift=Excess(rows=19, clients=1, top_share=1.0, top_traffic=0.1)), "temporal"),
        (replace(DRIFT, moved={"age": 0.05}), "undetermined"),
        (Symptoms(outcomes=True, features=20), "temporal"),
        # but where the answers move by themselves, it is not the labels that changed
        (Symptoms(outcomes=True, outputs=True, features=20), "undetermined"),
        # answers that moved at once, and that labels meet otherwise which stayed, are made otherwise
        (Symptoms(outcomes=True, outputs=True, turned=("p",), features=20), "model_change"),
        (Symptoms(outcomes=True, outputs=True, turned=("p",), moved={"age": 0.3}, features=20), "temporal"),
        (Symptoms(outcomes=True, outputs=True, turned=("p",), joint=True, features=20), "undetermined"),
        (replace(ATTACK, turned=("p",), outputs=True), "attack_like"),
        # labels that answers tell nothing of at once, while all else is as it was, are those of other rows
        (Symptoms(outcomes=True, apart=Apart(), features=20), "data_quality"),
        (Symptoms(outcomes=True, apart=Apart(labels=("of=b",)), features=20), "data_quality"),
        (Symptoms(outcomes=True, apart=Apart(("of=a",), ("of=b",)), features=20), "data_quality"),
        (Symptoms(outcomes=True, apart=Apart(), version="v2", features=20), "model_change"),
        # or answers to other rows, where these moved within groups
        (Symptoms(outcomes=True, apart=Apart(("of=a",)), features=20), "model_change"),
        (Symptoms(outcomes=True, outputs=True, apart=Apart(), features=20), "undetermined"),
        (replace(DRIFT, outcomes=True, apart=Apart()), "temporal"),
        # nor where some feature may have moved
        (Symptoms(outcomes=True, leaning=("age",), features=20), "undetermined"),
        (Symptoms(outcomes=True, outputs=True, turned=("p",), leaning=("age",), features=20), "undetermined"),
        # what all features show together is no standing still
        (Symptoms(outcomes=True, joint=True, features=20), "undetermined"),
        # texts and vectors leap where what makes them is changed
        (replace(DRIFT, moved={"words": 0.4}, leapt=frozenset({"words"})), "undetermined"),
        (replace(DRIFT, moved={"words": 0.4, "age": 0.4}, leapt=frozenset({"words"})), "temporal"),
    ],
)
def test_who_and_where_tell_why(symptoms: Symptoms, name: str) -> None:
    assert origin_of(symptoms).name == name


def test_what_speaks_for_and_against_is_said() -> None:
    found = origin_of(replace(DRIFT, version="v2"))
    assert found == Origin(
        "temporal",
        ("2 of 20 features moved (age, fare)", "80 clients sent the rows that moved"),
        ("version v2 is new",),
    )


def test_labels_that_meet_the_answers_otherwise_at_once_may_do_so_by_another_model() -> None:
    slowly, at_once = (origin_of(Symptoms(outcomes=True, sudden=so, features=20)) for so in (False, True))
    assert (slowly.name, at_once.name) == ("temporal", "undetermined")
    assert at_once.speaks_for == ("labels met the answers otherwise, at once, while no feature moved",)


def test_what_a_new_version_brings_does_not_speak_against_it() -> None:
    found = origin_of(Symptoms(differs="v2", outcomes=True, features=20))
    assert found.speaks_for == (
        "version v2 answers otherwise than the older one did in the same windows",
        "labels met the answers otherwise while no feature moved",
    )
    assert not found.speaks_against


@pytest.mark.parametrize(
    ("effects", "windows", "sentence"),
    [
        ([0.0, 0.1, 0.0, 0.9, 1.1, 1.0], 3, "it came at once and has lasted 3 windows"),
        # the first window may hold both
        ([0.0, 0.1, 0.0, 0.3, 1.1, 1.0], 3, "it came at once and has lasted 3 windows"),
        ([0.1, 0.4, 0.6, 0.9, 1.1, 1.0], 3, "it has lasted 3 windows"),
        ([0.0, 0.1, 0.0, 0.3, 0.6, 0.9, 1.2, 1.5], 5, "it has lasted 5 windows"),
        # nothing is known of before
        ([0.9, 1.1, 1.0], 3, "it has lasted 3 windows"),
        ([], 4, "it has lasted 4 windows"),
        ([0.0, 0.0, 0.0, 1.0, 1.0], 2, ""),
    ],
)
def test_how_it_came_is_said_where_it_is_seen(effects: list[float], windows: int, sentence: str) -> None:
    assert lasting(effects, windows) == sentence


def test_what_leapt_and_answers_that_move_alone_are_said() -> None:
    leapt = origin_of(replace(DRIFT, moved={"words": 0.4}, leapt=frozenset({"words"})))
    assert (
        "words came there from one window to the next, as after a new release of what computes it" in leapt.speaks_for
    )
    assert origin_of(Symptoms(outcomes=True, outputs=True, features=20)).speaks_for == (
        "the answers moved while no feature did",
    )


def test_answers_that_changed_by_themselves_are_named() -> None:
    found = origin_of(Symptoms(outcomes=True, outputs=True, turned=("p",), features=20))
    assert found.columns == ("p",)
    assert found.speaks_for == (
        "p moved at once, and labels that stayed as they were met it otherwise, while no feature moved",
    )


def test_labels_that_only_moved_did_not_meet_the_answers_otherwise() -> None:
    found = origin_of(Symptoms(outcomes=True, only_labels=True, features=20))
    assert found.speaks_for == ("the labels moved while no feature moved",)


@pytest.mark.parametrize(
    ("symptoms", "name"),
    [
        (Symptoms(outcomes=True, features=20), "undetermined"),
        (Symptoms(outputs=True, outcomes=True, turned=("p",), features=20), "undetermined"),
        (Symptoms(version="v2", outputs=True, features=20), "model_change"),
        (DRIFT, "temporal"),
        (replace(DRIFT, broken={"fare": 1.0}), "data_quality"),
    ],
)
def test_that_no_feature_moved_is_no_reason_why_one_did(symptoms: Symptoms, name: str) -> None:
    found = origin_of(symptoms).of_features()
    assert found.name == name
    assert not [one for one in (*found.speaks_for, *found.speaks_against) if "no feature" in one]


def test_an_undetermined_origin_shows_all_that_was_seen() -> None:
    found = origin_of(replace(DRIFT, drift=FEW))
    assert found.speaks_for == (
        "at most 3 clients sent 97% of the rows that moved",
        "2 of 20 features moved (age, fare)",
    )
    assert not found.speaks_against


def test_who_is_under_an_attack_alarm_is_named() -> None:
    assert origin_of(ATTACK).speaks_for[0] == "mallory is under an attack alarm"
    both = origin_of(replace(ATTACK, alarmed=("eve", "mallory")))
    assert both.speaks_for[0] == "eve, mallory are under an attack alarm"
    assert "c09 and 30 more are under" in origin_of(replace(ATTACK, alarmed=FORTY, attack=FEW)).speaks_for[0]


def test_a_column_that_grows_is_named_as_that_and_not_as_one_that_crept() -> None:
    found = origin_of(Symptoms(moved={"no": 6.0}, crept=frozenset({"no"}), grows=frozenset({"no"}), features=20))
    assert (found.name, found.grows) == ("temporal", ("no",))
    assert found.speaks_for[-1] == "it grows with time, in the reference already (no)"
    slowly = origin_of(Symptoms(grows=frozenset({"no"}), features=20))
    assert (slowly.name, slowly.grows) == ("temporal", ("no",))
    both = origin_of(replace(DRIFT, broken={"fare": 1.0}, crept=frozenset({"no"}), grows=frozenset({"no"})))
    assert (both.name, both.grows) == ("data_quality", ())


def test_rows_that_are_missing_are_what_the_rest_comes_of_and_the_rest_is_told_with_it() -> None:
    found = origin_of(replace(DRIFT, moved={"port": 2.6, "fare": 0.2}, gone={"port": Gone("Ayr", 0.337)}))
    assert (found.columns, found.missing) == ((), ("port",))
    assert found.speaks_for[:2] == (
        "no row holds Ayr as port, of 33.7 % before; the others are as many",
        "2 of 20 features moved (port, fare)",
    )
    assert origin_of(Symptoms(broken={"fare": 1.0}, gone={"port": Gone("Ayr", 0.3)}, features=20)).missing == ()


def test_a_category_that_comes_under_another_name_is_a_broken_column() -> None:
    recoded = {"port": Gone("Ayr", 0.337, into="Oban")}
    found = origin_of(replace(DRIFT, moved={"port": 2.6, "fare": 0.2}, gone=recoded))
    assert (found.name, found.columns, found.missing) == ("data_quality", ("port",), ())
    assert found.speaks_for == (
        "no row holds Ayr as port, of 33.7 % before; Oban has as many more, and all else is as before",
    )
    assert origin_of(replace(ATTACK, moved={"port": 2.6}, gone=recoded)).name == "attack_like"


def test_answers_that_moved_while_a_feature_may_have_are_not_said_to_have_moved_alone() -> None:
    found = origin_of(Symptoms(outputs=True, leaning=("age",), features=20))
    assert found.speaks_for == (
        "the answers moved while no feature surely did",
        "age may have moved, which is not sure",
    )
    assert origin_of(Symptoms(outputs=True, features=20)).speaks_for == ("the answers moved while no feature did",)


def test_a_broken_column_is_the_reason_of_answers_that_tell_nothing() -> None:
    found = origin_of(Symptoms(outcomes=True, apart=Apart(), broken={"fare": 0.9}, features=20))
    assert (found.name, found.columns, found.unrelated) == ("data_quality", ("fare",), "")
    assert origin_of(Symptoms(outcomes=True, apart=Apart(), features=20)).unrelated == "either"


def test_that_a_version_answers_otherwise_says_nothing_of_why_a_feature_moved() -> None:
    found = origin_of(Symptoms(differs="v2", outputs=True, features=20))
    assert found.of_features().name == "undetermined"
    assert not found.of_features().speaks_for


def test_labels_that_contradict_another_model_are_no_attack() -> None:
    poisoned = Symptoms(alarmed=(EVERYONE,), outcomes=True, outputs=True, features=20)
    assert origin_of(poisoned).name == "attack_like"
    for replaced in ({"version": "v2"}, {"differs": "v2"}):
        assert origin_of(replace(poisoned, **replaced)).name == "model_change"
    assert origin_of(replace(poisoned, alarmed=("eve",), version="v2")).name == "attack_like"
