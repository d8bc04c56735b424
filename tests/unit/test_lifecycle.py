"""The alert machine in a small language: '!!!.' gives '--FR'.

Windows: '!' breach, '.' clear, '?' insufficient. Notices: '-' nothing, 'F' fired, 'R' resolved.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.lifecycle import Alert, Outcome, Rule, Transition, fingerprint, notice_id, step, times_again

START = datetime(2024, 5, 1, tzinfo=UTC)
OUTCOMES: dict[str, Outcome] = {"!": "breach", ".": "clear", "?": "insufficient"}
MARKS: dict[Transition | None, str] = {None: "-", "fired": "F", "resolved": "R"}

rules = st.integers(1, 6).flatmap(
    lambda m: st.builds(Rule, k=st.integers(1, m), m=st.just(m), clear=st.integers(1, 4)),
)
stories = st.text(alphabet="!.?", max_size=60)


def history(windows: str, rule: Rule) -> list[tuple[Alert, Transition | None]]:
    alert, steps = Alert("f"), []
    for i, mark in enumerate(windows):
        alert, told = step(alert, outcome=OUTCOMES[mark], window_end=START + i * timedelta(hours=1), rule=rule)
        steps.append((alert, told))
    return steps


def told(windows: str, rule: Rule) -> str:
    return "".join(MARKS[transition] for _, transition in history(windows, rule))


@pytest.mark.parametrize(
    ("rule", "windows", "notices"),
    [
        # the simplest rule: every breach fires, every clear window resolves
        (Rule(1, 1, 1), "!.!.", "FRFR"),
        # clear windows alone are never heard of
        (Rule(1, 1, 1), "....", "----"),
        # three in a row fire at the third, one clear window resolves
        (Rule(3, 3, 1), "!!!.", "--FR"),
        # a breach that goes on is told once
        (Rule(1, 1, 1), "!!!!", "F---"),
        # a pending alert whose breach ends is never heard of
        (Rule(3, 3, 1), "!!..!!..", "--------"),
        # two of three need not be neighbours
        (Rule(2, 3, 1), "!.!", "--F"),
        # two breaches too far apart do not add up
        (Rule(2, 3, 1), "!..!", "----"),
        # recovery takes clear windows in a row
        (Rule(1, 1, 3), "!..!...", "F-----R"),
        # while recovering, a new breach is not told again
        (Rule(1, 1, 2), "!.!.!..", "F-----R"),
        # insufficient windows do not break a run of breaches
        (Rule(3, 3, 1), "!?!?!", "----F"),
        # insufficient windows never resolve
        (Rule(1, 1, 1), "!????", "F----"),
        # insufficient windows do not break a recovery
        (Rule(1, 1, 2), "!.?.", "F--R"),
        # insufficient windows push no breach out of sight
        (Rule(2, 2, 1), "!????!", "-----F"),
        # breaches of a resolved episode do not help to fire the next
        (Rule(2, 5, 1), "!!.!.!", "-FR--F"),
        # after a resolution the same number of breaches is needed again
        (Rule(2, 2, 1), "!!.!!", "-FR-F"),
    ],
)
def test_notices_follow_the_windows(rule: Rule, windows: str, notices: str) -> None:
    assert told(windows, rule) == notices


@pytest.mark.parametrize(
    ("windows", "state"),
    [
        # nothing has happened
        ("..", "ok"),
        # one breach of two
        ("!", "pending"),
        # the breach is still among the last three
        ("!..", "pending"),
        # the breach has left the last three
        ("!...", "ok"),
        # two of three
        ("!!", "firing"),
        # the first clear window
        ("!!.", "recovering"),
        # a relapse
        ("!!.!", "firing"),
        # two clear windows in a row
        ("!!..", "resolved"),
        # clear windows after that change nothing
        ("!!.....", "resolved"),
        # insufficient data hold a recovery
        ("!!.???", "recovering"),
        # the next trouble begins
        ("!!..!", "pending"),
    ],
)
def test_states_follow_the_windows(windows: str, state: str) -> None:
    assert history(windows, Rule(2, 3, 2))[-1][0].state == state


def test_an_episode_carries_its_times() -> None:
    alert = history("..!!..", Rule(2, 2, 2))[-1][0]
    hours = [(t - START) / timedelta(hours=1) for t in (alert.since, alert.fired_at, alert.resolved_at) if t]
    assert (alert.episode, hours) == (1, [2, 3, 5])


@pytest.mark.parametrize(
    ("windows", "since"),
    [
        ("!.!", 0),  # both are among the last three
        ("!..!!", 3),  # a lone breach is gone before the one by which it fires comes
        ("!..!..!!", 6),
        ("!??!", 0),
        ("!..!", 3),  # pending
        ("!!...!!", 5),  # a new episode
        ("!!!!", 0),
    ],
)
def test_an_alert_began_with_the_first_of_the_breaches_that_made_it_fire(windows: str, since: int) -> None:
    assert history(windows, Rule(2, 3, 2))[-1][0].since == START + since * timedelta(hours=1)


def test_a_relaxed_rule_never_fires_at_a_clear_window() -> None:
    pending = history("!!", Rule(3, 3, 1))[-1][0]
    end = START + timedelta(days=1)
    assert step(pending, outcome="clear", window_end=end, rule=Rule(1, 3, 1))[1] is None


@given(stories, rules)
def test_notices_alternate_beginning_with_fired(windows: str, rule: Rule) -> None:
    notices = told(windows, rule).replace("-", "")
    assert notices == ("FR" * len(notices))[: len(notices)]


@given(stories, rules)
def test_every_firing_is_an_episode(windows: str, rule: Rule) -> None:
    fired = 0
    for alert, transition in history(windows, rule):
        fired += transition == "fired"
        assert alert.episode == fired


@given(stories, rules)
def test_fired_needs_a_breach_and_resolved_a_clear_window(windows: str, rule: Rule) -> None:
    pairs = set(zip(windows, told(windows, rule), strict=True))
    assert not pairs & {(".", "F"), ("?", "F"), ("!", "R"), ("?", "R")}


@given(stories, rules, st.sampled_from(sorted(OUTCOMES)), st.integers(0, 5))
def test_a_repeated_or_older_window_changes_nothing(windows: str, rule: Rule, mark: str, back: int) -> None:
    for alert, _ in history(windows, rule):
        assert alert.window_end is not None
        end = alert.window_end - back * timedelta(hours=1)
        assert step(alert, outcome=OUTCOMES[mark], window_end=end, rule=rule) == (alert, None)


@given(stories, rules)
def test_insufficient_windows_move_nothing_but_the_window(windows: str, rule: Rule) -> None:
    for alert, _ in history(windows, rule):
        end = START + timedelta(days=365)
        after = step(alert, outcome="insufficient", window_end=end, rule=rule)
        assert after == (replace(alert, window_end=end), None)


@pytest.mark.parametrize(
    ("k", "m", "clear"),
    [
        # nothing to count
        (0, 1, 1),
        # more breaches than windows
        (3, 2, 1),
        # would resolve at once
        (1, 1, 0),
    ],
)
def test_an_impossible_rule_is_refused(k: int, m: int, clear: int) -> None:
    with pytest.raises(ValueError, match="="):
        Rule(k, m, clear)


def test_a_fingerprint_keeps_its_labels_apart() -> None:
    assert fingerprint("m", "drift.data", "psi", "ab", "c") != fingerprint("m", "drift.data", "psi", "a", "bc")
    assert fingerprint("m", "drift.data", "psi", "a") != fingerprint("m", "drift.data", "psi", "", "a")


def test_a_fingerprint_stays_the_same_across_releases() -> None:
    expected = "8f9cbcafa613b105fe04786dd2d2fa6bb4d9ae7f89ce1c7630da4ba0868d42f8"
    assert fingerprint("flights", "drift.data", "psi", "dep_delay", "carrier=AA") == expected


def test_a_notice_id_depends_on_content_only() -> None:
    one = notice_id([("a", 1), ("b", 2)], "fired", "mail")
    assert one == notice_id([("b", 2), ("a", 1)], "fired", "mail")
    others = {
        notice_id([("a", 2), ("b", 2)], "fired", "mail"),
        notice_id([("a", 1)], "fired", "mail"),
        notice_id([("a", 1), ("b", 2)], "resolved", "mail"),
        notice_id([("a", 1), ("b", 2)], "fired", "chat"),
    }
    assert len(others | {one}) == 5


def flapping(windows: str, *, clear: int) -> str:
    alert, times, heard = Alert("f"), 0, ""
    for i, mark in enumerate(windows):
        before, rule = alert, Rule(1, 1, clear).doubled(times)
        alert, told = step(alert, outcome=OUTCOMES[mark], window_end=START + i * timedelta(hours=1), rule=rule)
        times = times_again(before, alert, rule, window=timedelta(hours=1), times=times)
        heard += MARKS[told]
    return heard


@pytest.mark.parametrize(
    ("windows", "notices"),
    [
        # it has ended and fires again in the fourth window after: from then on two clear windows end it
        ("!....!.!..", "FR---F---R"),
        # and then, again within eight windows, four, and never more than that
        ("!.!..!...!....!....", "FRF-RF------" + "-R" + "F---R"),
        # an incident after a longer quiet is another one: one clear window ends it
        ("!.....!.!.", "FR----FRF-"),
        ("!.!..........!.", "FRF-R--------FR"),
    ],
)
def test_an_alert_that_fires_again_soon_after_its_end_takes_longer_to_end(windows: str, notices: str) -> None:
    assert flapping(windows, clear=1) == notices
