"""The guard over a real socket: an application asks before the model answers."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import requests

from monitor.config import load
from monitor.errors import MonitorError, NotReady
from monitor.guard import Guard
from monitor.pipeline import once
from monitor.store.database import Database
from monitor.web import create_app, serve
from monitor.wiring import opened
from tests.service.attackers import CONFIG, START, home

NOW = START + timedelta(days=30)
HONEST = {"income": 21_000.5, "amount": 8_000.25, "age": 40, "debt": 2_500.75, "home": "rent"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("guard")
    home(folder)
    text = CONFIG.format(database="sqlite:///monitor.db", more="")
    monitor = opened(load(text, place="monitor.yaml", environ={}, read=str), root=folder)
    once(monitor, clock=lambda: NOW, rng=Random(1))
    yield monitor.database
    monitor.database.close()


@pytest.fixture(scope="module")
def guard(database: Database) -> Guard:
    return Guard(database, clock=lambda: NOW)


@pytest.fixture(scope="module")
def address(database: Database, guard: Guard) -> Iterator[str]:
    served = serve(create_app(database, now=lambda: NOW, validate=guard.validate), "127.0.0.1", 0)
    yield served.address
    served.stop()


def asked(address: str, *records: dict[str, Any], model: str = "loans") -> requests.Response:
    return requests.post(f"{address}/v1/validate?model={model}", json={"records": list(records)}, timeout=10)


def test_records_are_answered_in_their_order_with_reasons(address: str) -> None:
    answer = asked(address, HONEST, HONEST | {"age": 40.5}, HONEST | {"income": None})
    assert answer.status_code == 200
    honest, fraction, missing = answer.json()["results"]
    assert (honest["belongs"], honest["contract"], honest["reasons"]) == (True, True, [])
    assert 0 < honest["p_value"] <= 1
    assert fraction["reasons"] == ["age has more decimals than any value of the reference"]
    assert missing["reasons"] == ["income has no value"]


def test_what_was_misspelt_or_is_no_number_is_named(address: str) -> None:
    misspelt = {name: value for name, value in HONEST.items() if name != "age"} | {"agee": 40}
    (result,) = asked(address, misspelt | {"income": "much"}).json()["results"]
    assert result["reasons"][:3] == [
        "income is 'much', which is no number",
        "age has no value",
        "agee is no column of the reference; did you mean age?",
    ]


def test_a_name_that_no_model_has_is_not_remembered(address: str, guard: Guard) -> None:
    assert {asked(address, HONEST, model=f"nobody-{n}").status_code for n in range(3)} == {400}
    assert asked(address, HONEST).status_code == 200
    assert set(guard._known) == {"loans"}  # noqa: SLF001  # that it does not grow is not to be seen from outside


def test_a_body_that_would_unpack_to_far_more_than_was_sent_is_refused(address: str) -> None:
    zeros = pa.table({f"x{i}": pa.array(np.zeros(2**20)) for i in range(33)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, zeros.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(zeros)
    kind = {"content-type": "application/vnd.apache.arrow.stream"}
    answer = requests.post(f"{address}/v1/validate?model=loans", data=bytes(sink.getvalue()), headers=kind, timeout=10)
    assert (answer.status_code, "unpacked it has" in answer.text) == (400, True)


def test_a_sign_that_no_reference_row_has_is_named_with_the_value(address: str) -> None:
    (result,) = asked(address, HONEST | {"amount": -5.25}).json()["results"]
    assert (result["belongs"], result["contract"]) == (False, False)
    assert result["reasons"][0] == "amount is -5.25, and no value of the reference is below 0"


def test_nothing_of_alerts_or_clients_is_told(address: str) -> None:
    (result,) = asked(address, HONEST).json()["results"]
    assert set(result) == {"belongs", "contract", "p_value", "near_duplicate", "repeated", "reasons"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [(b"{", "JSON"), (b'{"records": [1]}', "nothing was validated"), (b"", "the body is empty")],
)
def test_a_body_that_cannot_be_read_is_refused(address: str, body: bytes, problem: str) -> None:
    sent = {"Content-Type": "application/json"}
    answer = requests.post(f"{address}/v1/validate?model=loans", data=body, headers=sent, timeout=10)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


@pytest.mark.parametrize("record", [HONEST, {}])
def test_a_model_of_which_nothing_is_known_is_said_to_be_so(address: str, record: dict[str, Any]) -> None:
    answer = asked(address, record, model="nobody")
    assert answer.status_code == 400
    assert answer.json()["error"] == (
        "model: no model 'nobody' whose queries are watched has a reference, only loans; set columns.client or "
        "attacks: on, and name a reference of 200 rows or more"
    )


def test_a_misspelt_model_is_told_which_ones_there_are(database: Database) -> None:
    guard = Guard(database, clock=lambda: NOW, models={"loans": True, "fares": False})
    with pytest.raises(MonitorError, match=r"^model: no model 'laons', only loans, fares$"):
        guard.validate("laons", b"[{}]", "application/json")
    with pytest.raises(MonitorError, match=r"no model 'fares' whose .* reference, only loans;"):
        guard.validate("fares", b"[{}]", "application/json")


def test_a_model_whose_reference_is_still_to_be_read_is_not_ready_and_is_asked_again(database: Database) -> None:
    guard = Guard(database, clock=lambda: NOW, models={"loans": True, "new": True})
    with pytest.raises(NotReady, match=r"^model: the reference of 'new' is not known yet: the first pass reads it"):
        guard.validate("new", b"[{}]", "application/json")
    served = serve(create_app(database, now=lambda: NOW, validate=guard.validate), "127.0.0.1", 0)
    answer = asked(served.address, HONEST, model="new")
    served.stop()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
