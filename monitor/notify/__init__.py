"""Receivers: one channel, one file; `post` is the only way out to the network."""

from datetime import datetime
from typing import Protocol

from monitor.types import Notice


class Receiver(Protocol):
    """Takes one notice per call; `now` is the time of the attempt. Raises `DeliveryError` when it did not take it."""

    def send(self, notice: Notice, *, now: datetime) -> None: ...
