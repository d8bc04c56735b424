"""What the web service answers where it cannot do what was asked: always in one form, and logged once."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

LOG = logging.getLogger("monitor.web")

AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""What the database's driver raises where the database cannot be reached, is locked or is full."""
WAIT: Final[Mapping[str, str]] = {"Retry-After": "10"}
"""Seconds until it may be asked again."""


MAX_BODY: Final = 16 * 1024 * 1024


def said(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer with what an HTTPException says; of a body that is too large, with how much is taken."""
    if error.status_code == 413:
        return _answer(f"the body is larger than {MAX_BODY >> 20} MB; send it in parts", 413, error.headers)
    return _answer(error.detail, error.status_code, error.headers)


def away(_request: Request[Any, Any, Any], _error: Exception) -> Response[Any]:
    """Answer while the database is away, with when to ask again."""
    return _answer("the database cannot be reached; ask again later", 503, WAIT)


def broken(_request: Request[Any, Any, Any], _error: Exception) -> Response[Any]:
    """Answer where something else failed, without a word of what may not be for everybody."""
    return _answer("the service failed; its log says why", 500)


@dataclass
class Failures:
    """What last failed, by route, so that the same failure is not logged again before that route has done well."""

    last: dict[str, str] = field(default_factory=dict)

    def failed(self, error: Exception, scope: Scope) -> None:
        """Log an error with its traceback, unless it is no failure or the same as the last one of any route."""
        if isinstance(error, HTTPException):
            return
        told = _described(error)
        known = told in self.last.values()
        self.last[_route(scope)] = told
        if not known:
            LOG.error("request failed path=%r error=%r", scope["path"], told, exc_info=error)

    async def well(self, message: Message, scope: Scope) -> None:
        """Log that a route does well again, if it did not."""
        if message["type"] == "http.response.start" and message["status"] < 400 and self.last.pop(_route(scope), ""):
            LOG.info("recovered path=%r", scope["path"])


@dataclass(frozen=True)
class Patience:
    """How long a request's body may take; who is slower is answered 408, and the connection is closed."""

    body: timedelta = timedelta(seconds=30)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Give the application with this patience."""

        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            end = asyncio.get_running_loop().time() + self.body.total_seconds()
            await app(
                scope, _until(end, receive, f"the body did not come within {self.body.total_seconds():g} s"), send
            )

        return asked


PATIENCE = Patience()


def _until(end: float, receive: Receive, late: str) -> Receive:
    whole = False

    async def received() -> ReceiveMessage:
        nonlocal whole
        try:
            async with asyncio.timeout_at(None if whole else end):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(late, status_code=408, headers={"Connection": "close"}) from error
        whole = not message.get("more_body", False)
        return message

    return received


def _answer(error: str, status: int, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return Response({"error": error}, status_code=status, headers=dict(headers or {}), media_type="application/json")


def _described(error: Exception) -> str:
    told = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(error).__name__}: {str(told).strip().partition(chr(10))[0]}"


def _route(scope: Scope) -> str:
    return str(scope.get("path_template", ""))
