"""Every receiver against a real HTTP server on loopback."""

import base64
import hashlib
import hmac
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from monitor.errors import DeliveryError
from monitor.notify import Receiver
from monitor.notify.log import Log
from monitor.notify.post import ANSWER_BYTES, outcome, post, refusal
from monitor.notify.slack import Slack
from monitor.notify.slack import payload as slack_payload
from monitor.notify.webhook import Webhook
from monitor.types import Notice
from tests.serving import reply, serving

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
NOTICE = Notice(
    id="n-1",
    model="flights",
    kind="drift.data",
    transition="fired",
    reason="first",
    title="flights drifts",
    lines=("delay: 0.4", "carrier: 0.3"),
    alerts=({"column": "delay", "value": 0.4},),
    link="http://monitor.example/models/flights?a=1&b=2",
)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@dataclass
class Site:
    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    act: Callable[[BaseHTTPRequestHandler], None] | None = None
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    def connected() -> None:
        site.connections += 1

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        site.got.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}, body))
        with suppress(OSError):
            if site.act:
                site.act(handler)
            else:
                reply(handler, site.status, site.headers, site.body)

    with serving(answer, connected=connected) as address:
        site.url = f"{address}/hook/secret"
        yield site


def meaning(error: DeliveryError | None) -> object:
    if error is None:
        return "delivered"
    if error.retry_after is not None:
        return error.retry_after
    return "permanent" if error.permanent else "payload" if error.payload_refused else "transient"


OUTCOMES: list[tuple[int, str | None, bytes, object]] = [
    (200, None, b"", "delivered"),  # plain success
    (204, "60", b"", "delivered"),  # a pause after success is no refusal
    (301, None, b"", "transient"),  # redirects are failures
    (400, None, b"", "payload"),  # the message, not us
    (413, None, b"", "payload"),  # too long
    (422, None, b"", "payload"),  # not understood
    (401, None, b"", "permanent"),  # not allowed
    (403, None, b"", "permanent"),  # not allowed
    (404, None, b"", "permanent"),  # no such hook
    (410, None, b"", "permanent"),  # gone for good
    (400, None, b"invalid_token\n", "permanent"),  # Slack's word outweighs its status
    (500, None, b"no_service", "permanent"),  # Slack's word outweighs its status
    (408, None, b"", "transient"),  # a timeout over there
    (425, None, b"", "transient"),  # too early
    (500, "60", b"", "transient"),  # only 429 and 503 may ask for a pause
    (418, None, b"", "transient"),  # an unknown refusal is tried again rather than lost
    (429, "60", b"", timedelta(seconds=60)),  # seconds
    (503, " 60 ", b"", timedelta(seconds=60)),  # spaces around
    (429, "0", b"", SECOND),  # no loop without a pause
    (429, "86400", b"", HOUR),  # at most an hour
    (429, "9" * 5000, b"", HOUR),  # a number beyond every integer limit
    (429, "Sat, 01 Mar 2025 12:05:00 GMT", b"", timedelta(minutes=5)),  # a date
    (429, "Sat, 01 Mar 2025 11:00:00 GMT", b"", SECOND),  # a date that has passed
    (503, "Sun, 02 Mar 2025 12:00:00 GMT", b"", HOUR),  # a date too far away
    (429, "Sat, 01 Mar 2025 12:05:00 -0000", b"", timedelta(minutes=5)),  # a date without a zone
    (429, None, b"", "transient"),  # no pause given
    (503, "", b"", "transient"),  # empty
    (429, "-5", b"", "transient"),  # negative
    (429, "1.5e3", b"", "transient"),  # no integer
    (429, "\u0661\u0662", b"", "transient"),  # digits of another script
    (429, "soon", b"", "transient"),  # words
]


@pytest.mark.parametrize(("status", "header", "body", "expected"), OUTCOMES)
def test_an_answer_means_what_the_table_says(status: int, header: str | None, body: bytes, expected: object) -> None:
    assert meaning(outcome(status, header, body, NOW)) == expected


ADDRESSES = [
    ("93.184.215.14", True, True),  # public
    ("2606:4700::1111", True, True),  # public, IPv6
    ("127.0.0.1", False, True),  # loopback
    ("::1", False, True),  # loopback, IPv6
    ("::ffff:127.0.0.1", False, True),  # loopback, mapped
    ("10.1.2.3", False, True),  # private
    ("192.168.0.1", False, True),  # private
    ("100.64.0.1", False, True),  # carrier-grade NAT
    ("fd00::1", False, True),  # unique local
    ("64:ff9b::a00:1", False, True),  # 10.0.0.1 behind NAT64
    ("169.254.169.254", False, False),  # metadata
    ("::ffff:169.254.169.254", False, False),  # metadata, mapped
    ("64:ff9b::a9fe:a9fe", False, False),  # metadata behind NAT64
    ("2002:a9fe:a9fe::", False, False),  # metadata behind 6to4
    ("fe80::1%eth0", False, False),  # link-local with a zone
    ("fd00:ec2::254", False, False),  # metadata over IPv6
    ("100.100.100.200", False, False),  # metadata in the NAT range
    ("168.63.129.16", False, False),  # metadata at a public address
    ("224.0.0.1", False, False),  # multicast
]


@pytest.mark.parametrize(("address", "public_only", "with_private"), ADDRESSES)
def test_an_address_is_allowed_or_refused(address: str, public_only: bool, with_private: bool) -> None:  # noqa: FBT001
    allowed = (refusal(address, private=False) is None, refusal(address, private=True) is None)
    assert allowed == (public_only, with_private)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0"])
def test_no_byte_reaches_a_private_peer_unless_allowed(site: Site, host: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        Webhook(site.url.replace("127.0.0.1", host)).send(NOTICE, now=NOW)
    assert (caught.value.permanent, site.got) == (True, [])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_peer_sees_the_connection_end_without_a_byte(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(DeliveryError, match="is private"):
            Webhook(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/").send(NOTICE, now=NOW)
        connected, _ = server.accept()
        with connected:
            assert connected.recv(1) == b""


def receivers(url: str) -> list[Receiver]:
    return [Webhook(url, private=True), Slack(url, private=True)]


ANSWERS: list[tuple[int, dict[str, str], object]] = [
    (500, {}, "transient"),  # broken
    (429, {"Retry-After": "7"}, timedelta(seconds=7)),  # throttled
    (302, {"Location": "/elsewhere"}, "transient"),  # a redirect
    (400, {}, "payload"),  # the message is disliked
    (410, {}, "permanent"),  # gone
]


@pytest.mark.parametrize(("status", "headers", "expected"), ANSWERS)
@pytest.mark.parametrize("which", [0, 1])
def test_a_refusal_is_one_attempt(
    site: Site, which: int, status: int, headers: dict[str, str], expected: object
) -> None:
    site.status, site.headers = status, headers
    with pytest.raises(DeliveryError) as caught:
        receivers(site.url)[which].send(NOTICE, now=NOW)
    assert (meaning(caught.value), len(site.got)) == (expected, 1)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


@pytest.mark.parametrize("which", [0, 1])
def test_a_reset_connection_is_transient_and_keeps_the_url_secret(site: Site, which: int) -> None:
    site.act = reset
    with pytest.raises(DeliveryError) as caught:
        receivers(site.url)[which].send(NOTICE, now=NOW)
    assert (meaning(caught.value), len(site.got), "secret" in str(caught.value)) == ("transient", 1, False)


def test_a_closed_port_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DeliveryError) as caught:
        Webhook(f"http://127.0.0.1:{port}/", private=True).send(NOTICE, now=NOW)
    assert meaning(caught.value) == "transient"


@pytest.mark.parametrize("url", ["", "nowhere", "ftp://127.0.0.1/", "http://"])
def test_an_unusable_url_is_permanent(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        Webhook(url, private=True).send(NOTICE, now=NOW)
    assert meaning(caught.value) == "permanent"


def test_bad_tls_is_transient(site: Site) -> None:
    with pytest.raises(DeliveryError) as caught:
        Webhook(site.url.replace("http:", "https:"), private=True).send(NOTICE, now=NOW)
    assert (meaning(caught.value), site.got) == ("transient", [])


def test_a_big_answer_is_read_no_further_than_the_limit(site: Site) -> None:
    site.body = b"x" * 20_000_000
    assert len(post(site.url, b"{}", headers={}, now=NOW, private=True)) == ANSWER_BYTES


def drip_head(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(40):
        handler.wfile.write(b"H")
        time.sleep(0.05)


def test_a_head_that_drips_ends_at_the_deadline(site: Site) -> None:
    site.act = drip_head
    began = time.monotonic()
    with pytest.raises(DeliveryError, match=r"within 0\.3 s"):
        post(site.url, b"{}", headers={}, now=NOW, private=True, total=timedelta(seconds=0.3))
    assert time.monotonic() - began < 1


def test_proxies_of_the_environment_are_ignored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    Webhook(site.url, private=True).send(NOTICE, now=NOW)
    assert len(site.got) == 1


def test_every_secret_signs_what_was_sent(site: Site) -> None:
    key = b"\x00new key\xff"
    secrets = ("old", "whsec_" + base64.b64encode(key).decode())
    Webhook(site.url, secrets=secrets, private=True).send(NOTICE, now=NOW)
    _, headers, body = site.got[0]
    content = b".".join([b"n-1", str(int(NOW.timestamp())).encode(), body])
    signatures = [base64.b64encode(hmac.new(k, content, hashlib.sha256).digest()).decode() for k in (b"old", key)]
    assert headers["webhook-signature"] == " ".join(f"v1,{s}" for s in signatures)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("n-1", "1740830400")
    assert json.loads(body)["data"]["alerts"] == [{"column": "delay", "value": 0.4}]


def test_a_repeat_has_the_same_body_and_id(site: Site) -> None:
    for now in (NOW, NOW + HOUR):
        Webhook(site.url, private=True).send(NOTICE, now=now)
    (_, first, one), (_, second, two) = site.got
    assert (first["webhook-id"], one) == (second["webhook-id"], two)


def test_a_notice_that_is_no_json_is_refused_before_sending(site: Site) -> None:
    with pytest.raises(DeliveryError) as caught:
        Webhook(site.url, private=True).send(replace(NOTICE, alerts=({"value": float("nan")},)), now=NOW)
    assert (meaning(caught.value), site.got) == ("payload", [])


def test_no_secret_shows_in_a_receivers_repr() -> None:
    shown = repr([Webhook("http://h/secret", secrets=("secret",)), Slack("http://h/secret")])
    assert "secret" not in shown


HOSTILE = [
    ("<!channel> <@U1> <#C1>",),  # mentions
    ("<http://evil.example|click>",),  # links
    ("&lt;!here&gt;",),  # escaped already
    ("&" * 20_000,),  # grows fivefold
    ("x" * 20_000,) * 3,  # too long
    tuple(f"line {i}" for i in range(5000)),  # too many
    ("x" * 2999,) * 50,  # one section each
    ("",) * 60,  # nothing to say
    ("\ud800 \x00 \U0001f600",),  # half a surrogate, NUL
    (),  # no lines
]


@pytest.mark.parametrize("lines", HOSTILE)
def test_slack_gets_no_mention_and_stays_within_its_limits(site: Site, lines: tuple[str, ...]) -> None:
    title = lines[0] if lines else ""
    Slack(site.url, private=True).send(replace(NOTICE, title=title, lines=lines, link=""), now=NOW)
    message = json.loads(site.got[0][2])
    texts = [block["text"]["text"] for block in message["blocks"]]
    assert not any(c in text for text in [*texts, message["text"]] for c in "<>")
    assert len(message["blocks"]) <= 40
    assert sum(map(len, [*texts, message["text"]])) <= 9000
    assert len(texts[0]) <= 150
    assert all(0 < len(text) <= 3000 for text in texts)


def test_slack_says_last_how_grave_it_is_and_of_which_alerts_however_long_the_message() -> None:
    alerts = tuple({"id": f"a{n}-1", "severity": "critical" if n == 3 else "info"} for n in range(8))
    blocks = slack_payload(replace(NOTICE, lines=("x" * 2999,) * 50, alerts=alerts, link="https://h/"))["blocks"]
    assert blocks[-2]["text"]["text"] == "Severity critical, info; alerts a0-1, a1-1, a2-1, a3-1, a4-1 and 3 more."
    assert blocks[-3]["text"]["text"].endswith("more lines")


LINKS = [
    ("https://h/a?b=1&c=2", "<https://h/a?b=1&amp;c=2|Open>"),  # a plain link
    ("https://h/a|b>c<!here>", "<https://h/a%7Cb%3Ec%3C!here%3E|Open>"),  # markup in a link
    ("!channel", None),  # no link at all
    ("javascript:alert(1)", None),  # no web address
]


@pytest.mark.parametrize(("link", "expected"), LINKS)
def test_a_link_cannot_break_out(link: str, expected: str | None) -> None:
    blocks = slack_payload(replace(NOTICE, lines=(), link=link))["blocks"]
    assert [block["text"]["text"] for block in blocks[1:]] == ([expected] if expected else [])


SLACK_WORDS = [
    (b"ok", "delivered"),  # what Slack says
    (b"ok\n", "delivered"),  # with a line end
    (b"<html>", "transient"),  # a captive portal
    (b"invalid_token", "permanent"),  # a revoked hook
]


@pytest.mark.parametrize(("body", "expected"), SLACK_WORDS)
def test_slack_has_delivered_only_when_it_says_ok(site: Site, body: bytes, expected: str) -> None:
    site.body, error = body, None
    try:
        Slack(site.url, private=True).send(NOTICE, now=NOW)
    except DeliveryError as raised:
        error = raised
    assert meaning(error) == expected


def test_the_log_appends_one_line_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    for title in ("one\ntwo", "\ud800"):
        Log(str(path)).send(replace(NOTICE, title=title), now=NOW)
    assert [json.loads(line)["title"] for line in path.read_text().splitlines()] == ["one\ntwo", "\ud800"]


def test_the_log_writes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Log().send(NOTICE, now=NOW)
    assert json.loads(capsys.readouterr().err)["id"] == "n-1"


def test_a_log_that_cannot_be_written_is_transient(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        Log(str(tmp_path)).send(NOTICE, now=NOW)
    assert meaning(caught.value) == "transient"
