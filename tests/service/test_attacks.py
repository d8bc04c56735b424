"""From the queries of a client who attacks to the one message about it, through files, both databases and kills."""

import json
import multiprocessing
import os
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select
from typer.testing import CliRunner

from monitor.cli import app
from monitor.config import load
from monitor.daemon import chores
from monitor.daemon.limits import Limits
from monitor.daemon.passes import Passes
from monitor.detectors.attack.indicators import NAMES
from monitor.errors import MonitorError
from monitor.pipeline import once
from monitor.steps import tracking
from monitor.steps.baselines import unpacked
from monitor.store.alerts import alert_rows
from monitor.store.attacks import read_baselines, read_followed
from monitor.store.database import Database
from monitor.store.schema import attack_baseline, attack_tracking, reference, secret, sighting
from monitor.watch import Monitor
from monitor.wiring import opened
from tests.service.attackers import ATTACKER, START, attack, home, honest

NOW = START + timedelta(days=1)


def watched(config: Path) -> Monitor:
    return opened(load(config.read_text(), place="monitor.yaml", environ={}, read=str), root=config.parent)


def passed(config: Path) -> list[dict[str, Any]]:
    """Make a pass and give the alerts that fired."""
    monitor = watched(config)
    done = once(monitor, clock=lambda: NOW, rng=Random(1))
    found = alerts(monitor.database)
    monitor.database.close()
    assert not done.problems
    return found


def alerts(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [row for row in alert_rows(connection, model="loans") if row["fired_at"]]


def told(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give those that a message was sent about: the gravest of a client's."""
    return [row for row in found if row["evidence"].get("told")]


def known(config: Path) -> dict[str, Any]:
    """Give all that is stored of queries, without the random seed and what it leads to."""
    monitor = watched(config)
    with monitor.database.read() as connection:
        columns = [column for column in sighting.columns if column.name != "evidence"]
        rows = connection.execute(select(*columns).order_by("start", "detector", "client")).all()
        followed = read_followed(connection, "loans", "")
    monitor.database.close()
    arrays = {name: array.tobytes() for name, array in followed.arrays.items()}
    return {"sightings": [tuple(row) for row in rows], "rows": followed.rows, "arrays": arrays}


def test_a_client_that_feels_for_the_boundary_gets_one_alert_with_what_it_did(tmp_path: Path, url: str) -> None:
    (found,) = told(passed(home(tmp_path, database=url)))
    assert (found["kind"], found["segment"], found["origin"]) == (
        "attack.evasion",
        f"client={ATTACKER}",
        "attack_like",
    )
    evidence = found["evidence"]
    assert {one["name"] for one in evidence["detectors"]} >= {"near_duplicates", "off_contract"}
    assert evidence["cluster"]["flips"] >= 5
    assert {one["column"] for one in evidence["cluster"]["pair"]} & {"income", "amount", "debt"}
    assert evidence["first_suspicious_record"]["id"].startswith("m")
    assert all(record.startswith("m") for record in evidence["record_ids"])
    assert evidence["client_profile"]["rows"] == sum(part["rows"] for part in evidence["timeline"]) == 120
    assert found["severity"] == "critical"
    assert "AML.T0043.001" in found["atlas"]
    (message,) = map(json.loads, (tmp_path / "alerts.jsonl").read_text().splitlines())
    assert message["title"] == f"loans: signs of evasion by {ATTACKER}"
    assert "near-copies of one row in 120 different queries, the answer flipped" in message["lines"][0]
    assert message["lines"][-1].startswith(f"To do: limit or block {ATTACKER}")


def test_honest_clients_are_left_alone(tmp_path: Path) -> None:
    assert passed(home(tmp_path, queries=0)) == []


def test_replay_says_the_same_and_detectors_are_listed(tmp_path: Path) -> None:
    config = home(tmp_path)
    said = CliRunner().invoke(app, ["replay", str(config), "--json"])
    assert [json.loads(line)["segment"] for line in said.stdout.splitlines()] == [f"client={ATTACKER}"]
    assert "suspected_evasion" in CliRunner().invoke(app, ["detectors"]).stdout
    CliRunner().invoke(app, ["once", str(config)])
    message = json.loads((tmp_path / "alerts.jsonl").read_text())
    assert f"`monitor export {config} loans --hard-examples -o hard.parquet`" in message["lines"][-1]
    assert "loans: attacks: 1,320 queries followed" in CliRunner().invoke(app, ["doctor", str(config)]).stdout


def test_the_doctor_tells_how_soon_simple_attacks_would_be_seen_and_changes_nothing(tmp_path: Path) -> None:
    config = home(tmp_path)
    asked = ["doctor", str(config), "--attacks"]
    CliRunner().invoke(app, ["migrate", str(config)])
    early = CliRunner().invoke(app, asked)
    assert early.exit_code == 1
    assert "loans: there is nothing yet to lay queries beside" in early.stdout
    passed(config)
    before = known(config)
    done = CliRunner().invoke(app, asked)
    assert not done.stderr
    assert done.exit_code == CliRunner().invoke(app, asked[:2]).exit_code
    table = done.stdout.partition("\nloans: attacks of 400 queries by one client")[2].splitlines()
    (copies,) = (line.split() for line in table if line.startswith("noisy copies"))
    # the seed of a deployment is random, and so is what is injected
    assert copies[2] in NAMES
    assert "That is one client that sends nothing else." in done.stdout
    assert 3 <= int(copies[3]) <= 400
    assert any(line.startswith("malformed") and "well-formed probes" in line for line in table)
    enough = any(line.endswith("genuine rows are enough for a copy that gives nine answers of ten.") for line in table)
    monitor = watched(config)
    with monitor.database.read() as connection:
        budget = unpacked(read_baselines(connection, "loans"))[""].budget
    monitor.database.close()
    # on some deployments no number of these rows is
    assert enough == (budget > 0)
    assert known(config) == before


def test_the_doctor_says_where_attacks_are_not_watched(tmp_path: Path) -> None:
    config = home(tmp_path, more="attacks: off", queries=0)
    passed(config)
    assert "loans: attacks are not watched" in CliRunner().invoke(app, ["doctor", str(config), "--attacks"]).stdout


def test_the_daemon_logs_blind_detectors_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = home(tmp_path, queries=0)
    monitor = watched(config)
    monkeypatch.setattr(chores, "_MINUTE", timedelta(0))
    caplog.set_level("INFO")
    passes, told = Passes(monitor, lambda: NOW, owner="o", limits=Limits(), stop=Event()), set[str]()
    chores.attacks_tried(passes, told)
    assert not told
    once(monitor, clock=lambda: NOW, rng=Random(1))
    chores.attacks_tried(passes, told)
    chores.attacks_tried(passes, told)
    monitor.database.close()
    (line,) = (record.message for record in caplog.records if "attacks tried" in record.message)
    assert line.startswith("attacks tried model=loans blind=")
    assert "malformed" in line


def test_an_alert_ends_when_the_client_is_quiet(tmp_path: Path) -> None:
    config = home(tmp_path, more="clear: 2")
    (found,) = told(passed(config))
    assert found["state"] == "resolved"
    assert found["evidence"]["client"] == ATTACKER
    messages = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    (ended,) = (one for one in messages if one["transition"] == "resolved" and ATTACKER in one["title"])
    assert f"loans ({ATTACKER}): no more signs, and no more rows of it" in ended["lines"][0]


def test_an_alert_does_not_end_while_the_client_goes_on(tmp_path: Path) -> None:
    config = home(tmp_path, more="clear: 2")
    genuine = honest(np.random.default_rng(9), hours=3, rows=20, begin=3)
    own = {"id": [f"g{i}" for i in range(genuine.num_rows)], "key": [ATTACKER] * genuine.num_rows}
    for name, values in own.items():
        genuine = genuine.set_column(genuine.column_names.index(name), name, [values])
    pq.write_table(genuine, config.parent / "logs" / "genuine.parquet")
    (found,) = told(passed(config))
    assert found["state"] == "recovering"
    sent = found["evidence"]["sent"]
    assert "near-copies of one row in 120 different queries" in found["text"]
    assert f"no more signs, but it goes on: {sent} rows in the last window; quiet since" in found["text"]
    assert "resolves after" in found["text"]


def test_an_alert_does_not_end_while_the_client_turns_to_another_attack(tmp_path: Path) -> None:
    config = home(tmp_path, more="clear: 2")
    rows = pq.read_table(config.parent / "reference.parquet").slice(0, 180)
    times = pa.array([START + timedelta(hours=3, minutes=i) for i in range(180)], rows.schema.field("at").type)
    own = {"id": pa.array([f"u{i}" for i in range(180)]), "key": pa.array([ATTACKER] * 180), "at": times}
    for name, values in own.items():
        rows = rows.set_column(rows.column_names.index(name), name, values)
    pq.write_table(rows, config.parent / "logs" / "known.parquet")
    found = passed(config)
    kinds = {row["kind"] for row in found if row["evidence"].get("client") == ATTACKER}
    assert kinds >= {"attack.evasion", "attack.privacy"}
    (only,) = told(found)
    assert (only["kind"], only["state"]) == ("attack.evasion", "firing")


def test_who_searched_is_not_excused_by_what_breaks_later(tmp_path: Path) -> None:
    config = home(tmp_path, more="clear: 2")
    strange = honest(np.random.default_rng(9), hours=3, rows=20, begin=3)
    rows = strange.num_rows
    own = {"id": [f"g{i}" for i in range(rows)], "key": [ATTACKER] * rows, "home": ["castle"] * rows}
    for name, values in own.items():
        strange = strange.set_column(strange.column_names.index(name), name, [values])
    pq.write_table(strange, config.parent / "logs" / "strange.parquet")
    found = {row["kind"]: row for row in passed(config) if row["evidence"].get("client") == ATTACKER}
    assert (found["attack.evasion"]["severity"], found["attack.evasion"]["state"]) == ("critical", "firing")
    assert "broken data" not in found["attack.evasion"]["text"]


def test_values_can_be_kept_out_of_what_is_stored(tmp_path: Path) -> None:
    (found,) = told(passed(home(tmp_path, more="attacks: {show_values: hashed}")))
    pair = found["evidence"]["cluster"]["pair"]
    assert pair
    assert all(one["from"].startswith("#") and one["to"].startswith("#") for one in pair)


@pytest.mark.parametrize("more", ["attacks: off", f"attacks: {{similar_rows: [{ATTACKER}], ignore: [debt]}}"])
def test_what_is_declared_is_not_told(tmp_path: Path, more: str) -> None:
    found = passed(home(tmp_path, more=more))
    assert not any(one["name"] == "near_duplicates" for row in found for one in row["evidence"].get("detectors", ()))


def test_a_version_with_rows_of_its_own_in_the_reference_has_its_own_baseline(tmp_path: Path) -> None:
    config = home(tmp_path)
    config.write_text(config.read_text().replace("client: key", "client: key, version: v"))
    for path in (tmp_path / "reference.parquet", tmp_path / "logs" / "first.parquet"):
        rows = pq.read_table(path)
        names = pa.array(["v1" if place % 3 else "v2" for place in range(rows.num_rows)])
        pq.write_table(rows.append_column("v", names), path)
    passed(config)
    monitor = watched(config)
    with monitor.database.read() as connection:
        assert set(connection.scalars(select(attack_baseline.c.version))) == {"", "v1", "v2"}
        counts = dict(connection.execute(select(attack_tracking.c.version, attack_tracking.c.rows)).all())
    monitor.database.close()
    assert counts == {"v1": 880, "v2": 440}


def test_queries_are_followed_anew_when_the_reference_is_replaced(tmp_path: Path) -> None:
    config = home(tmp_path)
    passed(config)
    before = known(config)
    monitor = watched(config)
    with monitor.database.write() as connection:
        connection.execute(delete(reference))
    monitor.database.close()
    passed(config)
    after = known(config)
    assert after["sightings"] == before["sightings"]
    assert after["rows"] == before["rows"] == 1320


def test_a_pull_that_dies_before_it_commits_leaves_nothing_and_the_next_one_doubles_nothing(
    tmp_path: Path, url: str
) -> None:
    whole, broken = home(tmp_path / "whole"), home(tmp_path / "broken", database=url)
    monitor = watched(whole)
    with monitor.database.write() as connection:
        seed = connection.exec_driver_sql("SELECT value FROM secret").scalar_one()
    monitor.database.close()
    passed(whole)
    other = watched(broken)
    with other.database.write() as connection:
        connection.execute(secret.update().values(value=seed))
    other.database.close()
    fork = multiprocessing.get_context("fork")
    for statement in (1, 2, 3):
        child = fork.Process(target=_killed, args=(broken, statement))
        child.start()
        child.join(60)
        assert child.exitcode == 9
    passed(broken)
    assert known(broken) == known(whole)


def _killed(config: Path, statement: int) -> None:
    """Make a pass and die at one of the writes that follow a batch."""
    written = tracking.Tracked.write
    steps = iter(range(1, 10))

    def write(self: tracking.Tracked, connection: Any, name: str) -> None:  # noqa: ANN401
        if statement == 1:
            os._exit(9)
        written(self, connection, name)
        if next(steps) == 1 and statement == 2:
            os._exit(9)

    tracking.Tracked.write = write  # type: ignore[method-assign]
    monitor = watched(config)
    if statement == 3:
        accept = tracking.Tracking.accept
        tracking.Tracking.accept = lambda self, done: (accept(self, done), os._exit(9))  # type: ignore[method-assign,assign]
    once(monitor, clock=lambda: NOW, rng=Random(1))


def test_a_process_that_was_overtaken_takes_nothing(tmp_path: Path) -> None:
    config = home(tmp_path)
    monitor = watched(config)
    passed(config)
    watch = monitor.watches[0]
    late = tracking.Tracking(monitor.database, watch)
    rows = attack(np.random.default_rng(1), begin=5.0, queries=9)
    first, second = late.follow(rows), late.follow(rows)
    assert first is not None
    assert second is not None
    with monitor.database.write() as connection:
        first.write(connection, "loans")
    with pytest.raises(MonitorError, match="another process"), monitor.database.write() as connection:
        second.write(connection, "loans")
    monitor.database.close()


def test_many_clients_that_search_in_turn_are_told_in_a_window_that_is_over(tmp_path: Path) -> None:
    config, rng = home(tmp_path, queries=0), np.random.default_rng(6)
    rows = pa.concat_tables([honest(rng, hours=40, rows=250, begin=-20), attack(rng, begin=16.2, queries=300)]).sort_by(
        "at"
    )
    keys = [f"new-{n % 30}" if key == ATTACKER else key for n, key in enumerate(rows["key"].to_pylist())]
    rows = rows.set_column(rows.column_names.index("key"), "key", pa.array(keys))
    pq.write_table(rows, tmp_path / "logs" / "first.parquet")
    found = [one for one in told(passed(config)) if one["kind"].startswith("attack.")]
    assert [(one["segment"], one["evidence"]["sent_by"]) for one in found] == [("", 30)]
    assert "30 clients together" in (tmp_path / "alerts.jsonl").read_text()
