"""A model's endpoint that is asked the same questions again and again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.errors import DeliveryError, ProbeError
from monitor.notify.post import ANSWER_BYTES, post

TOTAL = timedelta(seconds=10)


@dataclass(frozen=True)
class HttpEndpoint:
    """Posts a JSON value and reads one back; address and headers may hold secrets and are never shown."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    private: bool = False

    def ask(self, question: object, *, now: datetime) -> str:
        """Give the text of the answer, which is JSON. Raises ProbeError where there is none, or none that is."""
        body = json.dumps(question).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self.headers}
        try:
            answer = post(self.url, body, headers=headers, now=now, private=self.private, total=TOTAL)
        except DeliveryError as error:
            raise ProbeError(_said(error)) from None
        try:
            json.loads(answer)
            return answer.decode()
        except (ValueError, RecursionError):
            most = f"; at most {ANSWER_BYTES // 1024} KB are read" if len(answer) >= ANSWER_BYTES else ""
            raise ProbeError(f"the endpoint's answer is no JSON{most}") from None


def _said(error: DeliveryError) -> str:
    return str(error).replace("on the receiver", "in probes").replace("the receiver", "the endpoint")
