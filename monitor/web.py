"""The web service: pages, a JSON API, pushed records, health and metrics."""

import hashlib
import hmac
import socket
import threading
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import uvicorn
from litestar import Litestar, Response, get, route
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import (
    ClientException,
    HTTPException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import Message, Scope

from monitor.alerts.public import instant
from monitor.errors import MonitorError
from monitor.posted import Take, labels_of, records_of, validation_of
from monitor.refusals import AWAY, MAX_BODY, PATIENCE, Failures, Patience, away, broken, said
from monitor.render import html, views
from monitor.render.metrics import exposition
from monitor.store.alerts import alert_rows
from monitor.store.database import Database
from monitor.store.silences import read_quieted

# An argument called `state` would be given the application's.
State = Annotated[str | None, QueryParameter(name="state")]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OPEN = ("/livez", "/readyz", "/static/")


def create_app(
    database: Database,
    *,
    token: str | None = None,
    allowed_hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    now: Callable[[], datetime],
    ready: Callable[[], list[str]] = list,
    push: Take | None = None,
    label: Take | None = None,
    validate: Take | None = None,
    private: bool = False,
    patience: Patience = PATIENCE,
    watched: Collection[str] | None = None,
) -> Litestar:
    """Give the service on a database.

    token: what changes need, as `Authorization: Bearer`; `private`: pages and numbers need it too, where a browser
        may also send it as the password of Basic.
    allowed_hosts: names this service answers to; "*" is every name.
    ready: the reasons why the service cannot do its work; none when it can.
    push: takes (model, body, content type) of records and gives counts; raises MonitorError when the body cannot be
        read. label: the same of labels.
    validate: takes the same and gives for each record whether it belongs; raises MonitorError likewise.
    patience: how long a body may take.
    watched: the models of the configuration; None is every model that the database knows.
    """
    door = Door(hashlib.sha256(token.encode()).digest() if token else None, tuple(allowed_hosts), private=private)
    failures = Failures()
    handlers = [*_pages(database, watched, now), *_numbers(database, now, ready)]
    handlers += [records_of(push), labels_of(label), validation_of(validate)]
    schema = OpenAPIConfig("monitor", "1", path="/schema", render_plugins=[JsonRenderPlugin(path="/openapi.json")])
    return Litestar(
        handlers,
        guards=[door.check],
        before_send=[_with_headers, failures.well],
        exception_handlers={HTTPException: said, **dict.fromkeys(AWAY, away), Exception: broken},
        after_exception=[failures.failed],
        middleware=[patience],
        openapi_config=schema,
        logging_config=None,
        request_max_body_size=MAX_BODY,
    )


@dataclass(frozen=True)
class Door:
    """Who is let in: by the name they ask for, by where the request comes from, and by token."""

    digest: bytes | None
    hosts: tuple[str, ...]
    private: bool = False

    def check(self, request: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        """Raise an HTTPException for who is not let in."""
        host = request.headers.get("host", "")
        if "*" not in self.hosts and _without_port(host) not in self.hosts:
            raise ClientException(f"this service does not answer to the name {host!r}; add it to the allowed hosts")
        changes = request.scope.get("method") not in ("GET", "HEAD", "OPTIONS")
        if changes and _from_elsewhere(request, host):
            raise PermissionDeniedException("changes are not taken from the pages of other sites")
        locked = changes or (self.private and not request.url.path.startswith(OPEN))
        if locked and self.digest is not None and not self.knows(request.headers.get("authorization", "")):
            wanted = "Bearer" if changes else 'Basic realm="monitor"'
            raise NotAuthorizedException("a valid token is needed", headers={"WWW-Authenticate": wanted})

    def knows(self, authorization: str) -> bool:
        """Say whether the header holds the token, in a time that tells nothing of it."""
        way, _, given = authorization.partition(" ")
        if way.lower() == "basic":
            try:
                given = b64decode(given, validate=True).decode().partition(":")[2]
            except ValueError:
                return False
        elif way.lower() != "bearer":
            return False
        digest = hashlib.sha256(given.strip().encode(errors="replace")).digest()
        return self.digest is not None and hmac.compare_digest(digest, self.digest)


@dataclass(frozen=True)
class Served:
    """A service that runs in its own thread."""

    address: str
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self, timeout: float = 10.0) -> None:
        """Let running requests finish and close."""
        self.server.should_exit = True
        self.thread.join(timeout)


def serve(app: Litestar, host: str, port: int, on_started: Callable[[str], None] | None = None) -> Served:
    """Serve from a background thread and give back how to stop; `on_started` hears the address. Port 0 is any.

    Raises MonitorError when the address cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise MonitorError(f"{host}:{port} cannot be listened on: {error.strerror}; choose another port") from error
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", server_header=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, args=([listening],), name="web", daemon=True)
    name = f"[{host}]" if ":" in host else host
    served = Served(f"http://{name}:{listening.getsockname()[1]}", server, thread)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    if not server.started:
        raise MonitorError(f"the web service at {served.address} did not start")
    if on_started is not None:
        on_started(served.address)
    return served


def _pages(database: Database, watched: Collection[str] | None, now: Callable[[], datetime]) -> list[Any]:
    def overview() -> Response[bytes]:
        return _html(html.overview_page(database, now=now(), watched=watched, live=True))

    overviews = [
        route(path, http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)(overview)
        for path in ("/", "/index.html")
    ]

    @get("/model/{name:path}", sync_to_thread=True, include_in_schema=False)
    def model(
        name: FromPath[str], until: FromQuery[str | None] = None, last: FromQuery[int] = views.WINDOWS
    ) -> Response[bytes]:
        asked = str(name).removeprefix("/")
        last = max(1, min(last, views.MOST_WINDOWS))
        for page in dict.fromkeys((asked.removesuffix(".html"), asked)):
            found = html.model_page(database, page, now=now(), until=_instant(until), last=last, live=True)
            if found is not None:
                return _html(found)
        raise NotFoundException(f"no model {asked!r}")

    @get("/static/{name:str}", sync_to_thread=True, include_in_schema=False)
    def static(name: FromPath[str]) -> Response[bytes]:
        content = html.static_file(name)
        if content is None:
            raise NotFoundException(f"no file {name!r}")
        return Response(content, media_type=html.STATIC[name], headers={"Cache-Control": "max-age=300"})

    return [*overviews, model, static]


def _numbers(database: Database, now: Callable[[], datetime], ready: Callable[[], list[str]]) -> list[Any]:
    @route("/livez", http_method=["GET", "HEAD"], sync_to_thread=False)
    def livez() -> dict[str, str | None]:
        return {"status": "alive", "at": instant(now())}

    @route("/readyz", http_method=["GET", "HEAD"], sync_to_thread=True)
    def readyz() -> Response[dict[str, Any]]:
        reasons = ready()
        return Response({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

    @get("/metrics", sync_to_thread=True)
    def metrics() -> Response[str]:
        with database.read() as connection:
            return Response(exposition(connection), media_type="text/plain; version=0.0.4")

    @get("/api/alerts", sync_to_thread=True)
    def alerts(model: FromQuery[str | None] = None, of_state: State = None) -> list[dict[str, Any]]:
        with database.read() as connection:
            rows = alert_rows(connection, model=model, quieted=read_quieted(connection, now=now()))
        return [row for row in rows if row["state"] == (of_state or row["state"]) != "ok"]

    @get("/api/measurements", sync_to_thread=True)
    def measurements(
        model: FromQuery[str],
        detector: FromQuery[str | None] = None,
        until: FromQuery[str | None] = None,
        limit: FromQuery[int] = 10_000,
    ) -> list[dict[str, Any]]:
        at, limit = _instant(until), max(0, min(limit, 100_000))
        with database.read() as connection:
            rows = views.measurements(connection, model, detector=detector, until=at, limit=limit)
        return [_plain(row) for row in rows]

    return [livez, readyz, metrics, alerts, measurements]


def _html(page: bytes) -> Response[bytes]:
    return Response(page, media_type="text/html", headers={"Cache-Control": "no-store"})


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in row.items() if key != "page"}
    return {key: instant(value) if isinstance(value, datetime) else value for key, value in shown.items()}


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ClientException(f"{text!r} is no time; write it like 2013-03-01T00:00:00Z") from error


def _without_port(host: str) -> str:
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _from_elsewhere(request: ASGIConnection[Any, Any, Any, Any], host: str) -> bool:
    """Say whether a browser sent this from another site's page; other clients send neither header."""
    site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin")
    return site not in ("same-origin", "none") or (origin is not None and urlsplit(origin).netloc != host)


async def _with_headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers[name] = value
