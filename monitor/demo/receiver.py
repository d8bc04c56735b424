"""A receiver of the demo's own: it takes what Slack would take, on loopback, and answers as Slack does."""

import html
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any


@dataclass(frozen=True)
class Message:
    """A message as people read it: escapes are undone, and nothing in it is markup."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Inbox:
    """Where messages are sent to, and those that have come and were not taken out yet."""

    url: str
    payloads: SimpleQueue[Mapping[str, Any]]

    def taken(self) -> Iterator[Message]:
        """Take out every message that has come, the oldest first."""
        while not self.payloads.empty():
            yield message_of(self.payloads.get())


@contextmanager
def receiving() -> Iterator[Inbox]:
    """Listen on any free port of loopback until the block is left."""
    payloads = SimpleQueue[Mapping[str, Any]]()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, payloads)) as server:
        inbox = Inbox(f"http://127.0.0.1:{server.server_port}/services/demo", payloads)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="receiver")
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join()


def message_of(payload: Mapping[str, Any]) -> Message:
    r"""Give a payload of Slack's as its reader sees it; the link is left out.

    >>> message_of({"blocks": [{"text": {"text": "a &lt;b&gt;"}}, {"text": {"text": "one\ntwo"}}]})
    Message(title='a <b>', lines=('one', 'two'))
    """
    title, *bodies = (_plain(block["text"]["text"]) for block in payload["blocks"] if not _is_link(block))
    return Message(title, tuple(line for body in bodies for line in body.split("\n")))


def _is_link(block: Mapping[str, Any]) -> bool:
    return str(block["text"]["text"]).startswith("<")  # what comes from data has its < escaped


def _plain(text: str) -> str:
    shown = html.unescape(text)
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in shown)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, payloads: SimpleQueue[Mapping[str, Any]], *connection: Any) -> None:  # noqa: ANN401  # the server's
        self.payloads = payloads
        super().__init__(*connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.payloads.put(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing: the messages are shown."""
