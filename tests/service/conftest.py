"""One secret for all deployments of these tests: what is found of an attack differs a little from one to the next."""

import secrets

import pytest


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is random in a deployment be the same in every run."""
    monkeypatch.setattr(secrets, "token_bytes", lambda size: bytes(range(size)))
