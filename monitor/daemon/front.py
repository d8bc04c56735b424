"""The daemon's web page: where it listens, when it is ready, and what is pushed to it."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.config import Web
from monitor.daemon.hints import Hints
from monitor.errors import MonitorError, SourceError
from monitor.guard import Guard
from monitor.sources.push import admitted_labels, admitted_records, parse
from monitor.store.pushed import Holds, add_pushed
from monitor.store.records import register_model
from monitor.watch import Monitor

if TYPE_CHECKING:
    from monitor.posted import Take
    from monitor.web import Served

MOST_REASONS = 5
_LOG = logging.getLogger(__name__)


def opened_page(
    monitor: Monitor,
    web: Web | None,
    *,
    clock: Callable[[], datetime],
    ready: Callable[[], list[str]],
    on_started: Callable[[str], None] | None = None,
) -> "Served | None":
    """Serve the page where the configuration says; None without one.

    Raises MonitorError when the address cannot be had, or would let others in without a token.
    """
    if web is None:
        return None
    from monitor.web import create_app, serve  # noqa: PLC0415  # a web server is slow to import

    token = web.token.get_secret_value() if web.token else None
    local = is_loopback(web.host)
    if not local and token is None:
        raise MonitorError(f"web: {web.host} lets others in without a token; set token, or host: 127.0.0.1")
    watched = {watch.name: watch.settings.watches_attacks for watch in monitor.watches}
    app = create_app(
        monitor.database,
        token=token,
        allowed_hosts=allowed_hosts(web),
        now=clock,
        ready=ready,
        push=pushing(monitor, "records", clock=clock),
        label=pushing(monitor, "labels", clock=clock),
        validate=Guard(monitor.database, clock=clock, models=watched).validate,
        private=token is not None,
        watched=list(watched),
    )

    def started(address: str) -> None:
        _LOG.info("listening address=%s", address)
        if on_started is not None:
            on_started(address)

    return serve(app, web.host, web.port, started)


def pushing(monitor: Monitor, holds: Holds, *, clock: Callable[[], datetime]) -> "Take | None":
    """Give what takes a pushed body of records or labels; None when no model takes any."""
    roles = {watch.name: watch.roles for watch in monitor.watches if holds in watch.pushed}
    hints = Hints(monitor.database, clock)

    def push(name: str, body: bytes, content_type: str) -> Mapping[str, Any]:
        if name not in roles:
            raise MonitorError(f"no model {name!r} takes pushed {holds}, only {', '.join(roles)}")
        try:
            sent = parse(body, content_type)
            if holds == "labels":
                taken = admitted_labels(sent, roles[name])
            else:
                taken = admitted_records(sent, roles[name], now=clock())
        except ValueError as error:
            raise SourceError(str(error)) from error
        with monitor.database.write() as connection:
            register_model(connection, name, now=clock())
            add_pushed(connection, name, body, content_type, now=clock(), holds=holds)
        told = {"reasons": [f"{one.position}: {one.reason}" for one in taken.rejected]}
        told["hints"] = hints.of(name, sent[0], taken.rows, roles[name])
        counts = {holds: taken.rows.num_rows, "rejected": len(taken.rejected)}
        return {**counts, **{key: _first(said) for key, said in told.items() if said}}

    return push if roles else None


def _first(said: list[str]) -> list[str]:
    return said[:MOST_REASONS] + [f"and {len(said) - MOST_REASONS} more"] * (len(said) > MOST_REASONS)


def allowed_hosts(web: Web) -> tuple[str, ...]:
    """Name the hosts that requests may be for; behind an address of every network only a configured URL says which."""
    named = urlsplit(web.url).hostname if web.url else None
    if web.host.strip("[]") in ("0.0.0.0", "::") and named is None:  # noqa: S104 (compared, not bound)
        return ("*",)
    return ("127.0.0.1", "localhost", "[::1]", web.host, *([named] if named else []))


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host's address."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
