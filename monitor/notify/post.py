"""The only way out to the network: one POST, one attempt, bounded in time and size."""

import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from monitor.errors import DeliveryError

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
TOTAL = timedelta(seconds=30)
ANSWER_BYTES = 64 * 1024
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)

PAYLOAD = {400, 413, 422}
PERMANENT = {401, 403, 404, 410}
PERMANENT_BODIES = {b"no_service", b"invalid_token"}

NAT64 = ip_network("64:ff9b::/96")
# Metadata services outside the link-local range: AWS over IPv6, Alibaba, Azure, Oracle.
METADATA = {ip_address(a) for a in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")}


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    now: datetime,
    private: bool = False,
    total: timedelta = TOTAL,
) -> bytes:
    """Send `body` once and give at most 64 KB of the answer's body; an answer cut short gives an empty one.

    Raises `DeliveryError` as `outcome` says, and a transient one when no answer came within `total`.
    """
    guard = _Guard(private=private, total=total)
    try:
        status, retry_after, answer = _exchange(url, body, headers, guard)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        # The cause is left out because it quotes the URL, which may be the secret.
        raise _unanswered(error, guard) from None
    finally:
        guard.close()
    if refused := outcome(status, retry_after, answer, now):
        raise refused
    return answer


def outcome(status: int, retry_after_header: str | None, body: bytes, now: datetime) -> DeliveryError | None:
    """Say what an answer means; `None` is delivered.

    >>> from datetime import UTC, datetime
    >>> outcome(429, "60", b"", datetime(2025, 1, 1, tzinfo=UTC)).retry_after
    datetime.timedelta(seconds=60)
    """
    message = f"the receiver answered {status}"
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return DeliveryError(f"{message}; redirects are not followed, configure the final address")
    if status in PERMANENT or body.strip() in PERMANENT_BODIES:
        return DeliveryError(message, permanent=True)
    if status in PAYLOAD:
        return DeliveryError(message, payload_refused=True)
    if status in {429, 503}:
        return DeliveryError(message, retry_after=_pause(retry_after_header, now))
    return DeliveryError(message)


def refusal(address: str, *, private: bool) -> str | None:
    """Say why no byte may go to this IP address; `None` is allowed. Loopback counts as private."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        nat64 = ip_address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
        ip = ip.ipv4_mapped or ip.sixtofour or nat64 or ip
    if ip.is_link_local or ip.is_multicast or ip in METADATA:
        return "is link-local, multicast or a metadata service"
    if not ip.is_global and not private:
        return "is private; set private: true on the receiver if it is meant"
    return None


def _pause(header: str | None, now: datetime) -> timedelta | None:
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are beyond the cap; more could overflow.
        return _bounded(timedelta(seconds=int(text[:9])))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return _bounded((until if until.tzinfo else until.replace(tzinfo=UTC)) - now)


def _bounded(pause: timedelta) -> timedelta:
    # A pause does not count as an attempt, so one of nothing would loop for ever.
    return min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)


def _exchange(url: str, body: bytes, headers: Mapping[str, str], guard: "_Guard") -> tuple[int, str | None, bytes]:
    sent = {"User-Agent": "ml-monitor", "Accept-Encoding": "identity", "Connection": "close", **headers}
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, _GuardedAdapter(guard))
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with session.post(
            url, data=body, headers=sent, timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            return response.status_code, response.headers.get("Retry-After"), _beginning(response)


def _beginning(response: requests.Response) -> bytes:
    try:
        return bytes(response.raw.read(ANSWER_BYTES, decode_content=False))
    except (HTTPError, OSError):
        return b""


def _unanswered(error: Exception, guard: "_Guard") -> DeliveryError:
    if guard.expired:
        return DeliveryError(f"no answer within {guard.total.total_seconds():g} s")
    # requests marks an unusable URL or header as a ValueError.
    return DeliveryError(f"no answer: {type(error).__name__}", permanent=isinstance(error, ValueError))


class _Guard:
    """Watches one exchange: refuses forbidden peers and ends the connection at the deadline.

    Timeouts of a socket hold for one read each, so that a slow drip would pass them.
    """

    def __init__(self, *, private: bool, total: timedelta) -> None:
        self.private, self.total, self.expired = private, total, False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(total.total_seconds(), self._expire)
        self._timer.daemon = True
        self._timer.start()

    def admit(self, connected: socket.socket) -> None:
        peer = connected.getpeername()[0]
        if why := refusal(peer, private=self.private):
            raise DeliveryError(f"the receiver's address {peer} {why}", permanent=True)
        with self._lock:
            if self.expired:
                raise TimeoutError
            # TLS detaches the socket it wraps; a duplicate can still end the connection.
            self._socket = connected.dup()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket:
                _shut(self._socket)


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # The peer was faster.


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _guarded(pool.ConnectionCls, self._guard)
        return pool


def _guarded(connection: Any, guard: _Guard) -> Any:  # noqa: ANN401
    class Guarded(connection):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            connected: socket.socket = super()._new_conn()
            try:
                guard.admit(connected)
            except BaseException:
                connected.close()
                raise
            return connected

    return Guarded
