"""What a silence covers, and what is told of an alert that is silenced or was taken over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.finding import Acknowledgement, Finding, Group
from monitor.alerts.grouping import grouped, notice_of
from monitor.alerts.inhibition import inhibited
from monitor.alerts.lifecycle import Alert, Outcome, Rule, State, corrected, ended, fingerprint, step
from monitor.alerts.phrasing import quieted, under_alarm
from monitor.alerts.public import alert_id, as_json
from monitor.alerts.silence import SILENCED, Labels, Quieted, Silence, is_news
from monitor.alerts.telling import unsilenced
from monitor.types import Window

HOUR = timedelta(hours=1)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = NOON + 8 * HOUR
FARE = Labels("3f2a90cc41d8", "fares", "drift.data", "fare", "carrier=UA")
SCAN = Labels("77aa77aa77aa", "loans", "attack.evasion", "", "client=a*")


@pytest.mark.parametrize(
    ("said", "fare", "scan"),
    [
        # by what the ids of the alert begin with, whatever else it is
        ({"mark": "3f2a90cc41d8"}, True, False),
        # patterns in the shell's manner, as in routes
        ({"model": "fares"}, True, False),
        ({"model": "*a*s"}, True, True),
        ({"kind": "drift.*"}, True, False),
        ({"kind": "attack.*"}, False, True),
        # all that is said has to fit
        ({"kind": "drift.*", "column": "fare"}, True, False),
        ({"kind": "drift.*", "column": "age"}, False, False),
        # the empty pattern is all traffic, or no column
        ({"column": ""}, False, True),
        ({"segment": ""}, False, False),
        ({"segment": "carrier=*"}, True, False),
        # case counts, and nothing of a name is a pattern by itself
        ({"model": "Fares"}, False, False),
        ({"segment": "client=a[*]"}, False, True),
    ],
)
def test_a_silence_covers_what_fits(said: dict[str, str], *, fare: bool, scan: bool) -> None:
    silence = Silence(NOON, LATER, **said)
    assert (silence.covers(FARE), silence.covers(SCAN)) == (fare, scan)


def test_the_last_silence_to_end_counts() -> None:
    three = (
        Silence(NOON, LATER, model="fares"),
        Silence(NOON, LATER + HOUR),
        Silence(NOON, NOON + 90 * HOUR, kind="x"),
    )
    assert Quieted(three).until(FARE) == LATER + HOUR
    assert Quieted().until(FARE) is None


class Told:
    """One alert through windows as the watch steps it: `F`ired, `R`esolved, `W`orse, `U`nsilenced, or `-`."""

    def __init__(self, kind: str = "performance.realised", column: str = "") -> None:
        self.kind, self.column, self.rule = kind, column, Rule(k=1, m=1, clear=2)
        self.finding: Finding | None = None
        self.windows = 0
        self.beside: list[Finding] = []

    def window(self, mark: str, *, silenced: datetime | None = None, taken: Acknowledgement | None = None) -> str:
        self.windows += 1
        end, before = NOON + self.windows * HOUR, self.finding
        alert = before.alert if before else Alert(fingerprint("m", self.kind, "accuracy", self.column))
        outcome: Outcome = "clear" if mark == "." else "breach"
        alert, transition = step(alert, outcome=outcome, window_end=end, rule=self.rule, window_start=end - HOUR)
        effect = {".": 0.0, "!": 0.1, "2": 0.3}[mark]
        window = Window(end - HOUR, end)
        found = Finding(alert, "m", self.kind, "accuracy", window, self.column, transition=transition, value=effect)
        found = replace(found, effect=effect, breaches=outcome == "breach")
        found = replace(found, silenced_until=silenced, acknowledged=taken)
        rows = [as_json(one) for one in (before, *self.beside) if one]
        (self.finding,) = inhibited([found], rows)
        return self._heard(self.finding)

    def after(self) -> str:
        """Tell what a silence that has ended hid."""
        assert self.finding
        if self.finding.alert.state != "firing" or not self.finding.evidence.get(SILENCED):
            return "-"
        self.finding = unsilenced(replace(self.finding, silenced_until=None))
        return self._heard(self.finding)

    def _heard(self, finding: Finding) -> str:
        words = {"first": "F", "resolved": "R", "worsened": "W", "unsilenced": "U"}
        return "".join(words[notice_of(group, "team").reason] for group in grouped([finding])) or "-"


TAKEN = Acknowledgement(NOON, "Ada")


@pytest.mark.parametrize(
    ("windows", "heard"),
    [
        # before a window, `s` is a silence and `a` that it was taken over; `u` looks what silences have ended
        (["!", ".", "."], "F-R"),
        # fired and resolved within a silence sends nothing
        (["s!", "s!", "s.", "s."], "----"),
        # told before, resolved within
        (["!", "s!", "s.", "s."], "F--R"),
        # a silence that ends over what fires is told once; its end too
        (["s!", "s!", "u", "!", "u", ".", "."], "--U---R"),
        # it ends while the alert waits to clear: told if that comes to nothing
        (["s!", "s.", "u", "!", "u", ".", "."], "----U-R"),
        (["s!", "s.", "u", ".", "u"], "-----"),
        # nobody has looked between the end of the silence and that of the alert
        (["s!", "s!", ".", "."], "----"),
        # a second silence changes nothing of what was told
        (["s!", "u", "s!", "s!", "u", ".", "."], "-U----R"),
        # it worsens within a silence, and is told afterwards where it is still so
        (["!", "s2", "s2", "s2", "2", "."], "F---W-"),
        (["!", "s2", "s2", "!", "!"], "F----"),
        # what nobody has heard of does not worsen before it is told
        (["s!", "2", "2", "u", "2", "2"], "---U--"),
        # who has taken it over hears of its end only; the next episode is told again
        (["!", "a2", "a2", "a2", "a.", "a.", "!"], "F----RF"),
        (["!", "2", "2"], "F-W"),
        # to take over what nobody heard of does not hide it
        (["s!", "as!", "u"], "--U"),
    ],
)
def test_what_is_told_of_an_alert(windows: list[str], heard: str) -> None:
    told = Told()
    said = ""
    for one in windows:
        silenced, taken = (LATER if "s" in one else None), (TAKEN if "a" in one else None)
        said += told.after() if one == "u" else told.window(one[-1], silenced=silenced, taken=taken)
    assert said == heard


def test_what_is_silenced_holds_others_back_as_if_it_were_told() -> None:
    quality, drift = Told("quality", "fare"), Told("drift.data", "fare")
    assert quality.window("!", silenced=LATER) == "-"
    assert quality.finding
    assert quality.finding.evidence == {"told": True, SILENCED: True}
    drift.beside = [quality.finding]
    assert drift.window("!") == "-"
    assert drift.finding
    assert drift.finding.evidence["inhibited_by"] == alert_id(quality.finding.fingerprint, 1)
    quality.window(".", silenced=LATER)
    assert quality.window(".", silenced=LATER) == "-"
    drift.beside = [quality.finding]
    assert drift.window("!") == "F"


def test_the_message_after_a_silence_is_the_first_one_with_its_reason() -> None:
    told = Told("quality", "fare")
    told.window("!", silenced=LATER)
    assert told.finding
    found = unsilenced(replace(told.finding, silenced_until=None))
    (group,) = grouped([found])
    notice = notice_of(group, "team")
    assert (notice.transition, notice.reason) == ("fired", "unsilenced")
    assert notice.title == "m: after a silence: data quality in fare"
    # with the key of the message that it stands for: the two cannot both be queued
    first = replace(found, reason="")
    assert notice.id == notice_of(Group("m", "quality", "fired", (first,)), "team").id


def test_attacks_after_a_silence_are_called_so() -> None:
    labels = ("m", "attack.evasion", "suspected_evasion")
    alert = Alert(fingerprint(*labels, segment="client=a"), "firing", 1, NOON, NOON, window_end=NOON)
    found = Finding(alert, *labels, Window(NOON - HOUR, NOON), segment="client=a", value=30.0, said="m: as it was")
    sent = unsilenced(replace(found, evidence={"told": True, SILENCED: True, "sent": 9}))
    (group,) = grouped([sent])
    notice = notice_of(group, "team")
    assert notice.title.startswith("m: after a silence: signs of evasion by a")
    assert notice.lines[0] == "m: as it was"


@pytest.mark.parametrize(
    ("state", "transition"),
    [("firing", "resolved"), ("recovering", "resolved"), ("pending", None), ("resolved", None), ("ok", None)],
)
def test_only_what_is_under_alarm_is_ended_by_hand(state: State, transition: str | None) -> None:
    alert = Alert("f", state, 3, NOON, NOON, breaches=(NOON, NOON), clears=1, window_end=NOON + HOUR)
    after, told = ended(alert)
    assert told == transition
    assert (after == alert) is (transition is None)


def test_what_was_ended_by_hand_starts_afresh_with_the_windows_after_it() -> None:
    rule = Rule(k=2, m=3, clear=2)
    alert = Alert("f", "firing", 1, NOON - HOUR, NOON, breaches=(NOON - HOUR, NOON), window_end=NOON)
    alert, _ = ended(alert)
    assert (alert.state, alert.resolved_at, alert.breaches) == ("resolved", NOON, ())
    # late rows judge its window anew: neither a breach nor a clear window moves it
    assert corrected(alert, window_end=NOON) == (alert, None)
    assert step(alert, outcome="breach", window_end=NOON, rule=rule) == (alert, None)
    heard = []
    for hours in (1, 2):
        alert, told = step(alert, outcome="breach", window_end=NOON + hours * HOUR, rule=rule)
        heard.append(told)
    assert (heard, alert.episode, alert.since) == ([None, "fired"], 2, NOON + HOUR)


def test_lists_say_what_is_silenced_and_acknowledged() -> None:
    fires = {"state": "firing", "evidence": {"told": True}}
    one = {**fires, "silenced_until": "2024-05-01T20:00:00Z", "acknowledged_at": NOON}
    assert quieted(one) == ["silenced until 2024-05-01 20:00 UTC", "acknowledged 2024-05-01 12:00 UTC"]
    assert quieted(one | {"acknowledged_why": "Ada\x1b"})[1] == "acknowledged 2024-05-01 12:00 UTC: Ada␛"
    assert quieted(fires) == []
    assert under_alarm([one, fires]) == "2 firing; 1 of them silenced; 1 of them acknowledged"


def test_a_public_alert_that_is_over_is_not_silenced() -> None:
    told = Told("quality", "fare")
    told.window("!")
    assert told.finding
    row = as_json(told.finding)
    kept = Quieted((Silence(NOON, LATER),), {row["id"]: TAKEN})
    assert kept.shown(row) == {**row, "silenced_until": LATER, "acknowledged_at": NOON, "acknowledged_why": "Ada"}
    assert kept.shown({**row, "state": "resolved"})["silenced_until"] is None
    noted = kept.noted(told.finding)
    assert (noted.silenced_until, noted.acknowledged) == (LATER, TAKEN)
    assert (as_json(noted)["silenced_until"], row["silenced_until"]) == ("2024-05-01T20:00:00Z", None)
    assert is_news(told.finding)
