"""A replay suspects whom the daemon did: it takes the deployment's secret, and writes nothing."""

from pathlib import Path

import pytest

from monitor.commands.opening import configured
from monitor.commands.replay import secret_of
from monitor.store.attacks import read_seed
from monitor.wiring import opened
from tests.service.scene import CONFIG


def test_the_secret_of_a_replay_is_the_deployments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "monitor.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    setup = configured(path)
    assert secret_of(setup) == b""
    assert not (tmp_path / "monitor.db").exists()
    monitor = opened(setup.config, root=tmp_path)
    with monitor.database.read() as connection:
        kept = read_seed(connection)
    monitor.database.close()
    assert kept
    assert secret_of(setup) == kept


def test_a_replay_needs_no_database(tmp_path: Path) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text(CONFIG.replace("sqlite:///monitor.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"), "utf-8")
    assert secret_of(configured(path)) == b""
