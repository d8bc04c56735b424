"""The web service over a real socket: pages, numbers, pushed records, and who is let in."""

import gzip
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from monitor.errors import MonitorError
from monitor.refusals import Patience
from monitor.store.database import Database
from monitor.store.records import register_model
from monitor.web import Served, create_app, serve

Fill = Callable[..., None]
TOKEN = "correct horse"  # noqa: S105  # of this test alone
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def taken(model: str, body: bytes, content_type: str) -> dict[str, Any]:
    if body == b"{":
        raise MonitorError("the body is no JSON: it ends too early")
    return {"model": model, "read": len(body), "type": content_type}


@pytest.fixture
def url(sqlite: str) -> str:
    return sqlite


@pytest.fixture
def start(database: Database) -> Iterator[Callable[..., str]]:
    running: list[Served] = []

    def begin(**options: Any) -> str:  # noqa: ANN401  # whatever the service takes
        app = create_app(database, now=lambda: NOW, **({"push": taken, "token": TOKEN} | options))
        running.append(serve(app, "127.0.0.1", 0))
        return running[-1].address

    yield begin
    for served in running:
        served.stop()
        assert not served.thread.is_alive()


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/model/flight-delays", "/model/flight-delays.html?until=2013-03-01T05:00:00Z&last=3"],
)
def test_pages_are_served_with_a_policy_that_forbids_inline_script(
    database: Database, fill: Fill, start: Callable[..., str], path: str
) -> None:
    fill(database, windows=10)
    answer = requests.get(start() + path, timeout=10)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"style=" not in answer.content
    assert b"<style" not in answer.content


@pytest.mark.parametrize("name", ["a/b", "a b", "..", "<script>", "x?y#z", "é"])
def test_a_model_of_any_name_has_a_page(database: Database, fill: Fill, start: Callable[..., str], name: str) -> None:
    fill(database, windows=5, name=name)
    address = start()
    link = requests.get(address, timeout=10).text.split('class="name" href="')[1].split('"')[0]
    assert requests.get(f"{address}/{link}", timeout=10).status_code == 200


# path, status
REFUSED = [
    ("/model/nobody", 404),
    ("/static/../../pyproject.toml", 404),
    ("/static/%2e%2e%2f%2e%2e%2fpyproject.toml", 404),
    ("/static/templates", 404),
    ("/model/..%2f..%2fetc%2fpasswd", 404),
    ("/schema/swagger", 404),
    ("/model/flight-delays?until=yesterday", 400),
    ("/model/flight-delays?last=many", 400),
    ("/api/measurements", 400),
]


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_what_is_not_there_is_refused_with_the_same_policy(start: Callable[..., str], path: str, status: int) -> None:
    answer = requests.get(start() + path, timeout=10)
    assert answer.status_code == status
    assert "content-security-policy" in answer.headers


def test_the_api_gives_alerts_and_measurements(database: Database, fill: Fill, start: Callable[..., str]) -> None:
    fill(database, windows=10)
    address = start()
    fired = requests.get(f"{address}/api/alerts?state=firing", timeout=10).json()
    assert {row["state"] for row in fired} == {"firing"}
    assert fired[0]["fired_at"].endswith("Z")
    found = requests.get(f"{address}/api/measurements?model=flight-delays&detector=roc_auc&limit=3", timeout=10).json()
    assert len(found) == 3
    assert found[0]["window_end"] == "2013-03-01T10:00:00Z"


def test_readiness_says_what_is_wrong_and_liveness_does_not_mind(start: Callable[..., str]) -> None:
    address = start(ready=lambda: ["the database is locked"])
    answer = requests.get(f"{address}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the database is locked"])
    assert requests.get(f"{address}/livez", timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz"])
def test_who_only_looks_whether_a_page_is_there_is_answered(path: str, start: Callable[..., str]) -> None:
    answer = requests.head(f"{start()}{path}", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")


def test_metrics_are_prometheus_text(database: Database, fill: Fill, start: Callable[..., str]) -> None:
    fill(database, windows=10)
    answer = requests.get(f"{start()}/metrics", timeout=10)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'monitor_alerts{model="flight-delays",kind="drift.data",state="firing"} 1\n' in answer.text


def test_pushed_records_are_taken_and_counted(start: Callable[..., str]) -> None:
    headers = BEARER | {"Content-Type": "application/json"}
    answer = requests.post(f"{start()}/v1/records?model=m", data=b"[{}]", headers=headers, timeout=10)
    assert answer.status_code == 202
    assert answer.json() == {"model": "m", "read": 4, "type": "application/json"}


# what is sent, status
DENIED: list[tuple[dict[str, Any], int]] = [
    # no token, a wrong one, another way of sending it
    ({"headers": {}}, 401),
    ({"headers": {"Authorization": "Bearer wrong"}}, 401),
    ({"headers": {"Authorization": "Bearer"}}, 401),
    ({"headers": {"Authorization": "Basic !!!"}}, 401),
    # from another site's page
    ({"headers": BEARER | {"Origin": "http://evil.example"}}, 403),
    ({"headers": BEARER | {"Origin": "null"}}, 403),
    ({"headers": BEARER | {"Sec-Fetch-Site": "cross-site"}}, 403),
    # by a name that a stranger's DNS gave us
    ({"headers": BEARER | {"Host": "evil.example"}}, 400),
    # a body that cannot be read, one that is too long
    ({"headers": BEARER, "data": b"{"}, 400),
    ({"headers": BEARER, "data": b" " * (16 * 1024 * 1024 + 1)}, 413),
]


@pytest.mark.parametrize(("sent", "status"), DENIED, ids=range(len(DENIED)))
def test_records_are_refused(start: Callable[..., str], sent: dict[str, Any], status: int) -> None:
    heard: list[str] = []

    def hearing(model: str, body: bytes, content_type: str) -> dict[str, Any]:
        heard.append(model)
        return taken(model, body, content_type)

    answer = requests.post(f"{start(push=hearing)}/v1/records?model=m", **({"data": b"[]"} | sent), timeout=30)
    assert answer.status_code == status
    assert (answer.json()["error"] == "the body is larger than 16 MB; send it in parts") == (status == 413)
    assert TOKEN not in answer.text
    assert heard == (["m"] if sent.get("data") == b"{" else [])


def test_a_private_service_shows_its_pages_only_for_the_token(start: Callable[..., str]) -> None:
    address = start(private=True)
    assert requests.get(address, timeout=10).status_code == 401
    assert requests.get(address, headers=BEARER, timeout=10).status_code == 200
    assert requests.get(address, auth=("any", TOKEN), timeout=10).status_code == 200
    assert requests.get(f"{address}/livez", timeout=10).status_code == 200


def test_a_name_that_is_not_allowed_sees_nothing(start: Callable[..., str]) -> None:
    address = start()
    assert requests.get(address, headers={"Host": "evil.example"}, timeout=10).status_code == 400
    assert requests.get(address, headers={"Host": "localhost:1234"}, timeout=10).status_code == 200


def test_a_port_that_is_taken_is_said_at_once(database: Database, start: Callable[..., str]) -> None:
    port = int(start().rpartition(":")[2])
    with pytest.raises(MonitorError, match="choose another port"):
        serve(create_app(database, now=lambda: NOW), "127.0.0.1", port)


def test_while_the_database_is_away_callers_are_told_to_come_again_and_the_log_hears_of_it_once(
    tmp_path: Path, start: Callable[..., str], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def push(_model: str, _body: bytes, _content_type: str) -> dict[str, Any]:
        with database.write() as connection:
            register_model(connection, "m", now=NOW)
        return {}

    address, file = start(push=push), tmp_path / "monitor.db"
    database.close()
    file.rename(tmp_path / "away.db")
    file.mkdir()
    asked = [requests.get(f"{address}{path}", timeout=10) for path in ("/", "/metrics", "/api/alerts") * 2]
    asked.append(requests.post(f"{address}/v1/records?model=m", data=b"[]", headers=BEARER, timeout=10))
    assert {(one.status_code, one.headers["retry-after"]) for one in asked} == {(503, "10")}
    assert {one.json()["error"] for one in asked} == {"the database cannot be reached; ask again later"}
    assert len([one for one in caplog.records if one.name == "monitor.web"]) == 1
    file.rmdir()
    (tmp_path / "away.db").rename(file)
    assert requests.get(address, timeout=10).status_code == 200


def test_a_failure_is_told_in_the_form_of_all_errors_and_logged_again_after_it_went_well(
    start: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    def push(_model: str, body: bytes, _content_type: str) -> dict[str, Any]:
        return {"half": 1 // len(body.strip(b"[]"))}

    address = start(push=push)
    answers = [
        requests.post(f"{address}/v1/records?model=m", data=body, headers=BEARER, timeout=10)
        for body in (b"[]", b"[]", b"[1]", b"[]")
    ]
    assert [one.status_code for one in answers] == [500, 500, 202, 500]
    assert answers[0].json() == {"error": "the service failed; its log says why"}
    assert [one.levelname for one in caplog.records if one.name == "monitor.web"].count("ERROR") == 2


def test_a_body_that_does_not_come_is_answered_and_the_connection_closed(start: Callable[..., str]) -> None:
    address = start(patience=Patience(timedelta(milliseconds=200)))
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sender:
        head = f"POST /v1/records?model=m HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        sender.sendall(f"{head}Content-Length: 10\r\n\r\n[".encode())
        answer = b"".join(iter(lambda: sender.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"error":"the body did not come within 0.2 s' in answer


def test_a_packed_body_is_refused_by_its_encoding(start: Callable[..., str]) -> None:
    sent = {"data": gzip.compress(b"[]"), "headers": BEARER | {"Content-Encoding": "gzip"}}
    answer = requests.post(f"{start()}/v1/records?model=m", timeout=10, **sent)
    assert (answer.status_code, answer.json()) == (
        415,
        {"error": "content encoding 'gzip' is not taken; send the body as it is"},
    )
