"""A digest lists every message in it, fits where it goes, and says first what is gravest."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.digest import LINE, MEMBERS, Queued, digest_of, fitting, is_pressing
from monitor.notify.slack import payload
from monitor.types import Notice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(
    number: int, model: str = "fares", kind: str = "quality", transition: str = "fired", severity: str = "warning"
) -> Queued:
    alert = {"id": f"a{number}", "severity": severity}
    title = f"{model}: {kind} {number}"
    one = Notice(f"n{number}", model, kind, transition, "first", title, ("line",), (alert,), f"https://x/{number}")
    return one, NOON + number * MINUTE


def test_it_says_how_many_of_what_and_lists_every_message_with_its_time_the_gravest_models_first() -> None:
    members = [
        told(1),
        told(2, "loans", "drift.data"),
        told(3, transition="resolved"),
        told(4, "loans", "performance.realised", severity="critical"),
        told(5, "loans", "drift.data", transition="resolved", severity="info"),
        told(6, "loans", "drift.data", transition="worsened"),
    ]
    digest = digest_of(members)
    assert digest.title == ("6 messages about 2 models in one: 3 alerts began, 1 alert got much worse, 2 alerts ended")
    assert digest.lines == (
        "2026-03-01 12:04 UTC: loans: performance.realised 4",
        "2026-03-01 12:02 UTC: loans: drift.data 2",
        "2026-03-01 12:05 UTC: loans: drift.data 5",
        "2026-03-01 12:06 UTC: loans: drift.data 6",
        "2026-03-01 12:01 UTC: fares: quality 1",
        "2026-03-01 12:03 UTC: fares: quality 3",
    )
    assert [alert["id"] for alert in digest.alerts] == [f"a{number}" for number in range(1, 7)]
    assert (digest.transition, digest.reason, digest.link) == ("digest", "digest", "https://x/4")
    assert (digest.model, digest.kind) == ("", "")


def test_of_one_model_and_kind_it_names_both() -> None:
    digest = digest_of([told(1), told(2)])
    assert (digest.model, digest.kind) == ("fares", "quality")
    assert digest.title == "2 messages about fares in one: 2 alerts began"


def test_a_word_about_monitor_itself_has_no_model_and_no_alerts() -> None:
    gone = Notice("n9", "", "health", "fired", "first", "The receiver audit refused a message for good")
    digest = digest_of([(gone, NOON), (gone, NOON)])
    assert digest.title == "2 messages in one"
    assert digest.lines[0] == "2026-03-01 12:00 UTC: The receiver audit refused a message for good"


def test_its_id_is_that_of_its_members() -> None:
    same, other = digest_of([told(1), told(2)]).id, digest_of([told(1), told(3)]).id
    assert digest_of([told(1), told(2)]).id == same != other
    assert len(same) == 64


@pytest.mark.parametrize(
    ("title", "most"),
    [
        ("short", MEMBERS),
        ("a title that is much longer than what stands in a line " * 9, MEMBERS),
        ("<&>" * 200, 13),  # escaped they take four times the room
    ],
)
def test_whatever_it_holds_slack_shows_every_line_of_it(title: str, most: int) -> None:
    members = [(Notice(f"n{n}", "m", "k", "fired", "first", title), NOON) for n in range(80)]
    held = fitting(members)
    assert held == most
    digest = digest_of(members[:held])
    assert len(digest.lines) == held
    assert max(map(len, digest.lines)) <= LINE
    blocks = payload(digest)["blocks"]
    shown = "\n".join(block["text"]["text"] for block in blocks[1:])
    assert shown.count("2026-03-01 12:00 UTC") == held
    assert "more lines" not in shown
    assert sum(len(block["text"]["text"]) for block in blocks) < 9000
    assert len(blocks) <= 40


def test_a_line_break_in_a_title_makes_no_second_line() -> None:
    (line, _) = digest_of([(Notice("n", "m", "k", "fired", "first", "a\nb"), NOON), told(1)]).lines
    assert "\n" not in line


@pytest.mark.parametrize(
    ("member", "presses"),
    [
        (told(1), False),
        (told(1, severity="critical"), True),
        (told(1, severity="critical", transition="worsened"), True),
        (told(1, severity="critical", transition="resolved"), False),
        (told(1, kind="attack.extraction"), True),
        (told(1, kind="attack.extraction", transition="resolved"), False),
        ((Notice("n", "", "health", "fired", "first", "a receiver is gone"), NOON), True),
    ],
)
def test_attacks_and_what_is_critical_do_not_wait(member: Queued, *, presses: bool) -> None:
    assert is_pressing(member[0]) is presses


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        (["shop=a"], "2026-03-01 13:00 UTC: m: drift (shop=a)"),
        (["shop=a", "shop=b", "shop=c"], "2026-03-01 13:00 UTC: m: drift (shop=a, shop=b and 1 more)"),
        (["", "shop=a"], "2026-03-01 13:00 UTC: m: drift"),
        (["client=eve"], "2026-03-01 13:00 UTC: m: drift"),
    ],
)
def test_a_line_says_when_its_window_ended_and_of_which_segments_it_is(segments: list[str], said: str) -> None:
    ends = [f"2026-03-01T{13 - place:02d}:00:00Z" for place in range(len(segments))]
    alerts = tuple({"segment": one, "window_end": end} for one, end in zip(segments, ends, strict=True))
    notice = Notice("n", "m", "k", "fired", "first", "m: drift", (), alerts)
    assert digest_of([(notice, NOON), (notice, NOON)]).lines[0] == said
