"""A real HTTP server for the tests that need somebody to answer a POST."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

EMPTY: Mapping[str, str] = MappingProxyType({})


@contextmanager
def serving(
    answer: Callable[[BaseHTTPRequestHandler, bytes], None], *, connected: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """Serve on a thread of its own, and give the server's address.

    answer: is given each POST's handler and body, and writes what goes back. connected: is called for each connection.
    """

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            super().setup()
            connected()

        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def reply(
    handler: BaseHTTPRequestHandler, status: int = 200, headers: Mapping[str, str] = EMPTY, body: bytes = b""
) -> None:
    """Write an answer."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
