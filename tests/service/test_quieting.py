"""People quiet alerts by the command line, a process each time; what is told arrives in a file and over HTTP."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from monitor.steps.silences import end_by_hand
from monitor.store.alerts import alert_rows, find_alerts
from monitor.store.measurements import read_measurements
from tests.commanding import monitor
from tests.service.scene import DAY, START, Scene, begun, made
from tests.service.test_cli import CONFIG, laid_out, lines
from tests.serving import reply, serving

WHY = "the feed <b>is</b> mended"


@dataclass
class Site:
    """An HTTP server that takes everything."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        site.got.append(json.loads(body))
        reply(handler)

    with serving(answer) as address:
        site.url = f"{address}/hook"
        yield site


@pytest.fixture
def folder(tmp_path: Path, site: Site) -> Path:
    """Give a folder where nothing was judged yet; everything goes to a file and to the site."""
    laid_out(tmp_path)
    text = CONFIG.partition("  nowhere:")[0] + f"  hook: {{webhook: '{site.url}', private: true}}\n"
    (tmp_path / "monitor.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where one pass was made."""
    made = laid_out(tmp_path_factory.mktemp("told"))
    done = monitor(made, "once", "monitor.yaml")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def judged(told: Path, tmp_path: Path) -> Path:
    """Give such a folder to change."""
    return Path(shutil.copytree(told, tmp_path / "judged"))


def done(folder: Path, *words: str, code: int = 0) -> str:
    """Give what a command says; it ends with this code."""
    ended = monitor(folder, words[0], "monitor.yaml", *words[1:])
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout if code == 0 else ended.stderr


def heard(folder: Path) -> list[tuple[str, str]]:
    """Give kind and reason of every message in the file."""
    path = folder / "alerts.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [(notice["kind"], notice["reason"]) for notice in map(json.loads, text.splitlines())]


def alerts(folder: Path, state: str = "firing") -> list[dict[str, Any]]:
    return lines(monitor(folder, "alerts", "monitor.yaml", "--state", state, "--json"))


def quality(folder: Path, state: str = "firing") -> dict[str, Any]:
    return next(row for row in alerts(folder, state) if row["detector"] == "missing_share")


def test_a_silenced_alert_is_judged_and_shown_and_told_once_after_its_silence(folder: Path, site: Site) -> None:
    said = done(folder, "silence", "--kind", "quality", "--for", "8h", "--why", WHY)
    assert re.fullmatch(r"silence 1 until \d{4}-\d\d-\d\d \d\d:\d\d UTC; 0 alerts of now are covered\n", said)
    counted = done(folder, "once")
    assert [one for one in heard(folder) if one[0] == "quality"] == []
    assert " quality: " not in counted
    row = quality(folder)
    left = datetime.fromisoformat(row["silenced_until"]) - datetime.now(UTC)
    assert timedelta(hours=7) < left < timedelta(hours=8)
    assert row["evidence"]["silenced"] is True
    until = f"{datetime.fromisoformat(row['silenced_until']):%Y-%m-%d %H:%M} UTC"
    listed = monitor(folder, "alerts", "monitor.yaml").stdout
    assert f"[silenced until {until}] fare: missing share" in listed
    assert "1 of them silenced" in listed
    done(folder, "dashboard", "-o", "site")
    for page in ("index.html", "model/fares.html"):
        assert f'<span class="quieted">silenced until {until}</span>' in (folder / "site" / page).read_text()
    (running,) = lines(monitor(folder, "silence", "monitor.yaml", "--json"))
    assert {key: running[key] for key in ("number", "alert", "kind", "why")} == {
        "number": 1,
        "alert": "",
        "kind": "quality",
        "why": WHY,
    }
    assert WHY in done(folder, "silence")
    ids = [row["id"] for row in alerts(folder) if row["state"] == "firing"]
    done(folder, "silence", *ids, "--for", "1h")
    assert done(folder, "unsilence", *ids).startswith(f"{len(ids)} silence")
    assert f"no running silence {ids[0]}; running are 1" in done(folder, "unsilence", ids[0], code=2)
    assert done(folder, "unsilence", "1").startswith("1 silence ended")
    assert done(folder, "silence") == "no silences\n"
    for _ in range(2):
        done(folder, "once")
    assert [one for one in heard(folder) if one[0] == "quality"] == [("quality", "unsilenced")]
    (sent,) = [one for one in site.got if one["data"]["kind"] == "quality"]
    assert (sent["type"], sent["data"]["reason"]) == ("alert.fired", "unsilenced")
    assert sent["data"]["title"].startswith("fares: after a silence: ")
    assert quality(folder)["silenced_until"] is None


def test_who_asks_for_it_is_told_again_of_what_still_fires(folder: Path, site: Site) -> None:
    path = folder / "monitor.yaml"
    path.write_text(path.read_text().replace("private: true", "private: true, repeat: 1s"), encoding="utf-8")
    for _ in range(2):
        done(folder, "once")
    rows, again = alerts(folder), site.got[-1]
    told = {row["id"] for row in rows if row["evidence"].get("told")}
    assert (again["type"], again["data"]["reason"]) == ("alert.repeated", "repeat")
    assert {one["id"] for one in again["data"]["alerts"]} == told
    assert all(reason == "first" for _, reason in heard(folder)), "the file did not ask for it"
    done(folder, "ack", *told)
    before = len(site.got)
    done(folder, "once")
    assert len(site.got) == before


def test_an_alert_is_silenced_acknowledged_and_resolved_by_its_id(judged: Path) -> None:
    row = quality(judged)
    before = heard(judged)
    assert "1 alert of now is covered" in done(judged, "silence", row["id"][:8], "--for", "7d")
    assert done(judged, "ack", row["id"], "--why", WHY).startswith(f"{row['id']}: acknowledged 2")
    again = quality(judged)
    assert again["silenced_until"]
    assert again["acknowledged_at"]
    assert again["acknowledged_why"] == WHY
    done(judged, "dashboard", "-o", "site")
    assert " UTC: the feed &lt;b&gt;is&lt;/b&gt; mended</span>" in (judged / "site" / "index.html").read_text()
    others = [one for one in alerts(judged) if one["id"] != row["id"]]
    assert {one["silenced_until"] for one in others} <= {None}
    # it was told before the silence: its end is told within
    ended = done(judged, "resolve", row["id"][:8], "--why", WHY)
    assert ended == f"{row['id']}: resolved; the next delivery tells those who heard of it\n"
    done(judged, "once")
    over = quality(judged, "resolved")
    assert over["text"].endswith(f"; resolved by hand: {WHY}")
    assert [one for one in heard(judged) if one not in before] == [("quality", "resolved")]
    last = json.loads((judged / "alerts.jsonl").read_text().splitlines()[-1])
    assert last["alerts"][0]["id"] == row["id"]
    done(judged, "dashboard", "-o", "site")
    page = (judged / "site" / "model" / "fares.html").read_text()
    assert "resolved by hand: the feed &lt;b&gt;is&lt;/b&gt; mended" in page
    said = done(judged, "ack", row["id"], code=2)
    assert f"'{row['id']}' is resolved since " in said


def test_a_pattern_that_takes_in_attacks_says_so(judged: Path) -> None:
    assert "attacks are covered, too" in done(judged, "silence", "--model", "fares", "--for", "1h")
    assert "attacks are covered, too" in done(judged, "silence", "--kind", "attack.ev*", "--for", "1h")
    assert "attacks are covered, too" in done(judged, "silence", "--segment", "client=e*", "--for", "1h")
    assert "attacks" not in done(judged, "silence", "--segment", "origin=JFK", "--for", "1h")
    assert "attacks" not in done(judged, "silence", "--kind", "drift.*", "--segment", "", "--for", "1h")
    assert '""' in done(judged, "silence")


def test_late_rows_do_not_bring_back_what_was_ended_by_hand(tmp_path: Path) -> None:
    scene = begun(tmp_path)
    scene.log(0, made(0, 40))
    assert scene.once(39) == []
    scene.log(1, made(40, 2, rows=10))
    assert scene.once(41) == [("quality", "fired")]
    row = volume(scene)
    with scene.monitor.database.read() as connection:
        (found,) = find_alerts(connection, row["id"][:12])
    end_by_hand(scene.monitor, found["fingerprint"], why="a holiday", now=START + 42 * DAY)
    assert scene.once(41) == [("quality", "resolved")]
    over = volume(scene)
    assert over["text"].endswith("; resolved by hand: a holiday")
    scene.log(2, made(41, 1, rows=5))  # of the day that was judged last: it is told anew how many it holds
    assert scene.once(41) == []
    with scene.monitor.database.read() as connection:
        judged = [one for one in read_measurements(connection, model="fares") if one["detector"] == "volume"]
    assert (judged[-1]["value"], judged[-1]["outcome"]) == (15, "breach")
    assert volume(scene) == over


def volume(scene: Scene) -> dict[str, Any]:
    with scene.monitor.database.read() as connection:
        (row,) = [row for row in alert_rows(connection) if row["detector"] == "volume"]
    return row


@pytest.mark.parametrize(
    ("words", "said"),
    [
        # nothing to silence, or no length
        (["silence", "--for", "8h"], "nothing to silence; name ids of alerts, --model"),
        (["silence", "--kind", "quality"], "--for: it is not said for how long; write for example --for 8h"),
        (
            ["silence", "--kind", "quality", "--for", "8 hours"],
            "--for: '8 hours' is no duration; write for example",
        ),
        (["silence", "--kind", "quality", "--for", "0s"], "--for: '0s' is no length of a silence; write 1s to 90d"),
        (["silence", "--kind", "quality", "--for", "91d"], "--for: '91d' is no length of a silence; write 1s to 90d"),
        # what fits nothing there is
        (["silence", "--model", "fars", "--for", "8h"], "no model 'fars'; did you mean 'fares'?"),
        (["silence", "--kind", "qality", "--for", "8h"], "no kind of alert 'qality'; did you mean 'quality'?"),
        (["silence", "abcdef12", "--kind", "quality", "--for", "8h"], "ids and patterns exclude each other"),
        # ids
        (["silence", "abcdef012345-1", "--for", "8h"], "no alert 'abcdef012345-1'; `monitor alerts monitor.yaml"),
        (["ack", "abcdef012345-1"], "no alert 'abcdef012345-1'; `monitor alerts monitor.yaml --state all` lists ids"),
        (["resolve", "abc"], "'abc' is too short for an id; write 6 characters or more"),
        (["unsilence", "7"], "no running silence 7; none is running"),
    ],
)
def test_what_cannot_be_meant_is_told_with_the_mend(told: Path, words: list[str], said: str) -> None:
    assert said in done(told, *words, code=2)


def test_the_id_of_an_episode_that_is_over_names_the_present_one(told: Path) -> None:
    row = quality(told)
    past = row["id"].rpartition("-")[0] + "-9"
    said = done(told, "resolve", past, code=2)
    assert f"{past!r} is no present alert; that one is {row['id']!r} now" in said


def test_who_looks_or_quiets_needs_no_secret_and_who_sends_does(told: Path) -> None:
    path = told / "monitor.yaml"
    config = path.read_text(encoding="utf-8")
    begun, receivers = config.partition("receivers:\n")[::2]
    secret = f'{begun}receivers:\n  team: {{slack: "${{SLACK_URL_THAT_NOBODY_SET}}"}}\n{receivers}'
    (told / "secret.yaml").write_text(secret, encoding="utf-8")
    assert [row["id"] for row in lines(monitor(told, "alerts", "secret.yaml", "--json"))]
    assert monitor(told, "silence", "secret.yaml").returncode == 0
    sent = monitor(told, "once", "secret.yaml")
    assert (sent.returncode, "SLACK_URL_THAT_NOBODY_SET is not set" in sent.stderr) == (2, True)
    (told / "wrong.yaml").write_text(secret.replace("window:", "windw:"), encoding="utf-8")
    assert monitor(told, "alerts", "wrong.yaml").returncode == 2
