"""Generic webhook, signed as Standard Webhooks (standardwebhooks.com) asks."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime

from monitor.errors import DeliveryError
from monitor.notify.post import post
from monitor.types import Notice


@dataclass(frozen=True)
class Webhook:
    """Posts a notice as JSON. Two secrets sign during a rotation; none leaves the message unsigned."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    private: bool = False

    def send(self, notice: Notice, *, now: datetime) -> None:
        body = payload(notice)
        headers = {"Content-Type": "application/json", **signed(notice.id, body, secrets=self.secrets, now=now)}
        post(self.url, body, headers=headers, now=now, private=self.private)


def payload(notice: Notice) -> bytes:
    """Give the JSON body; it depends on the notice only, so that repeats are equal byte for byte."""
    data = {**vars(notice), "alerts": [dict(alert) for alert in notice.alerts]}
    try:
        return json.dumps({"type": f"alert.{notice.transition}", "data": data}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise DeliveryError(f"notice {notice.id} is not JSON: {error}", payload_refused=True) from error


def signed(identity: str, body: bytes, *, secrets: tuple[str, ...], now: datetime) -> dict[str, str]:
    """Give the headers of a message; without secrets there is no signature."""
    timestamp = str(int(now.timestamp()))
    content = f"{identity}.{timestamp}.".encode() + body
    headers = {"webhook-id": identity, "webhook-timestamp": timestamp}
    if secrets:
        headers["webhook-signature"] = " ".join(_signature(secret, content) for secret in secrets)
    return headers


def _signature(secret: str, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise DeliveryError("the webhook's secret is not base64 after whsec_", permanent=True) from None
