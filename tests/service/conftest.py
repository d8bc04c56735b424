"""One secret for all deployments of these tests, as what is found of an attack hangs on it, and no waits."""

import secrets

import pytest

from monitor import delivery


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is random in a deployment be the same in every run."""
    monkeypatch.setattr(secrets, "token_bytes", lambda size: bytes(range(size)))


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages follow each other at once; how long they wait is asked apart."""
    monkeypatch.setattr(delivery, "PACE_SECONDS", 0.0)
