"""A model's endpoint over real HTTP: answers that change are told, an endpoint that is gone is a matter of health."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.commands.accept import accept
from monitor.commands.replay import Span, replay
from monitor.config import load
from monitor.errors import ProbeError
from monitor.notify.endpoint import HttpEndpoint
from monitor.pipeline import Pass, once
from monitor.store.schema import alert_event, probe
from monitor.wiring import opened

if TYPE_CHECKING:
    from monitor.watch import Monitor

NOON, HOUR = datetime(2024, 1, 12, 12, tzinfo=UTC), timedelta(hours=1)


class Model(HTTPServer):
    """An endpoint that answers `weight` times the input; it keeps what it was asked."""

    weight, status, body = 2.0, 200, b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[Any, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/predict"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def gone(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((question, self.headers.get("X-Key")))
        answer = {"score": self.server.weight * question["x"], "id": None}
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.body or json.dumps(answer).encode())

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def model() -> Iterator[Model]:
    served = Model()
    yield served
    if served.thread.is_alive():
        served.gone()


CONFIG = """
database: sqlite:///monitor.db
models:
  fares:
    source: {{files: "logs/*"}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, version: build}}
    window: 1d
    probes: {{url: "${{MODEL_URL}}", inputs: probes.jsonl, every: 1h, headers: {{X-Key: "${{KEY}}"}}, private: true}}
"""


def rows(first: int, days: int, build: str) -> pa.Table:
    at = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=first, hours=h) for h in range(24 * days)]
    x = np.random.default_rng(first + 100).normal(size=len(at))
    return pa.table({"at": pa.array(at), "x": x, "build": [build] * len(at)})


class Loop:
    def __init__(self, folder: Path, url: str) -> None:
        (folder / "logs").mkdir()
        pq.write_table(rows(-60, 40, "v1"), folder / "reference.parquet")
        pq.write_table(rows(0, 10, "v1"), folder / "logs" / "1.parquet")
        (folder / "probes.jsonl").write_text('{"x": 1}\n\n{"x": 2.5}\n')
        (folder / "monitor.yaml").write_text(CONFIG.format())
        self.folder, self.environ = folder, {"MODEL_URL": url, "KEY": "hunter2"}
        config = load(CONFIG.format(), place="monitor.yaml", environ=self.environ, read=str)
        self.monitor: Monitor = opened(config, root=folder)
        self.now = NOON

    def once(self, later: timedelta = HOUR) -> Pass:
        self.now += later
        return once(self.monitor, clock=lambda: self.now, rng=Random(1))

    def events(self, kind: str, detector: str) -> list[str]:
        with self.monitor.database.read() as connection:
            chosen = select(alert_event.c.state).where(alert_event.c.kind == kind, alert_event.c.detector == detector)
            return list(connection.scalars(chosen.order_by(alert_event.c.id)))

    def silent_change(self) -> list[str]:
        return self.events("model_change", "probe")

    def health(self) -> list[str]:
        return self.events("health", "probes")


@pytest.fixture
def loop(tmp_path: Path, model: Model) -> Iterator[Loop]:
    begun = Loop(tmp_path, model.url)
    yield begun
    begun.monitor.database.close()


def told(done: Pass) -> list[str]:
    return [finding.note for finding in done.findings if finding.detector == "probe" and finding.transition]


def test_an_answer_that_changes_under_the_same_version_is_told_once(loop: Loop, model: Model) -> None:
    assert told(loop.once()) == []
    assert model.asked == [({"x": 1}, "hunter2"), ({"x": 2.5}, "hunter2")]
    assert told(loop.once()) == []
    model.weight = 2.1
    assert told(loop.once()) == ["input 1: $.score 2.0 → 2.1"]
    assert told(loop.once()) == []
    assert loop.silent_change() == ["firing"]
    model.weight = 2.0 + 1e-9
    loop.once()
    assert loop.silent_change() == ["firing", "resolved"]
    assert loop.health() == []


def test_a_key_that_differs_in_every_answer_is_told_of_until_it_is_ignored(loop: Loop, model: Model) -> None:
    loop.once()
    model.body = b'{"score": 2.0, "id": 7}'
    assert any("$.id None" in note for note in told(loop.once()))
    ignoring = CONFIG.format().replace("every: 1h", "every: 1h, ignore: [id, score]")
    loop.monitor.database.close()
    loop.monitor = opened(load(ignoring, place="monitor.yaml", environ=loop.environ, read=str), root=loop.folder)
    loop.once()
    assert loop.silent_change()[-1] == "resolved"


def test_it_is_asked_only_when_it_is_due(loop: Loop, model: Model) -> None:
    loop.once()
    loop.once(timedelta(minutes=30))
    assert len(model.asked) == 2
    loop.once(timedelta(minutes=30))
    assert len(model.asked) == 4


def test_a_new_version_may_answer_otherwise(loop: Loop, model: Model) -> None:
    loop.once()
    model.weight = 3.0
    pq.write_table(rows(10, 3, "v2"), loop.folder / "logs" / "2.parquet")
    loop.once(timedelta(days=2))
    assert loop.silent_change() == []
    model.weight = 4.0
    loop.once()
    assert loop.silent_change() == ["firing"]


def test_an_endpoint_that_is_gone_is_health_and_no_change(loop: Loop, model: Model) -> None:
    loop.once()
    model.gone()
    done = loop.once()
    assert done.problems["fares: probes"].startswith("no answer: ")
    assert (loop.health(), loop.silent_change()) == (["firing"], [])
    loop.once(timedelta(minutes=10))
    assert loop.health() == ["firing"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"", "the endpoint answered 500"),
        (302, b"", "the endpoint answered 302; redirects are not followed, configure the final address"),
        (200, b"<html>", "the endpoint's answer is no JSON"),
        (200, b"[" * 100_000, "the endpoint's answer is no JSON; at most 64 KB are read"),
    ],
)
def test_an_answer_that_is_none_is_health_until_it_is_mended(
    loop: Loop, model: Model, status: int, body: bytes, why: str
) -> None:
    model.status, model.body = status, body
    assert loop.once().problems["fares: probes"] == why
    model.status, model.body = 200, b""
    assert not loop.once().problems
    assert loop.health() == ["firing", "resolved"]
    assert loop.silent_change() == []


def test_inputs_that_cannot_be_read_are_health(loop: Loop) -> None:
    (loop.folder / "probes.jsonl").write_text("{\n")
    assert loop.once().problems["fares: probes"] == "the inputs probes.jsonl, line 1: no JSON; write one value a line"
    (loop.folder / "probes.jsonl").write_text("1\n" * 51)
    assert "are 51; write from 1 to 50" in loop.once().problems["fares: probes"]
    (loop.folder / "probes.jsonl").unlink()
    assert "cannot be read: FileNotFoundError" in loop.once().problems["fares: probes"]


def test_a_private_address_is_refused_unless_it_is_asked_for_and_no_secret_is_shown(model: Model) -> None:
    endpoint = HttpEndpoint(model.url + "?key=hunter2", {"X-Key": "hunter2"})
    with pytest.raises(ProbeError, match="is private; set private: true in probes if it is meant") as caught:
        endpoint.ask({"x": 1}, now=NOON)
    assert "hunter2" not in str(caught.value) + repr(endpoint)
    assert model.asked == []


def test_a_replay_asks_nothing(loop: Loop, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in loop.environ.items():
        monkeypatch.setenv(name, value)
    replay(loop.folder / "monitor.yaml", span=Span(), model=None, as_lines=True)
    assert model.asked == []


def test_an_input_that_is_added_is_recorded(loop: Loop, model: Model) -> None:
    loop.once()
    (loop.folder / "probes.jsonl").write_text('{"x": 1}\n{"x": 2.5}\n{"x": 7}\n')
    assert told(loop.once()) == []
    with loop.monitor.database.read() as connection:
        assert len(connection.execute(select(probe)).all()) == 3
    assert len(model.asked) == 5


def test_new_answers_that_are_accepted_count_as_right(
    loop: Loop, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in loop.environ.items():
        monkeypatch.setenv(name, value)
    loop.once()
    model.weight = 3.0
    loop.once()
    assert accept(loop.folder / "monitor.yaml", "fares") == 0
    loop.once(timedelta(minutes=1))
    assert loop.silent_change() == ["firing", "resolved"]
    loop.once()
    assert loop.silent_change() == ["firing", "resolved"]
