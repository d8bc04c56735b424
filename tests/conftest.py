"""A database of each kind, and one as the service would have filled it, for everything that shows what is in there.

Tests that take `database` run on SQLite, and on PostgreSQL where MONITOR_TEST_POSTGRES names an empty database.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from sqlalchemy import URL, create_engine, insert, inspect, make_url
from sqlalchemy import text as statement

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.layout import Column, Layout
from monitor.profiles.profile import Profile
from monitor.store.database import Database, migrate, open_database
from monitor.store.schema import (
    alert,
    alert_event,
    channel_state,
    judgement,
    measurement,
    metadata,
    model,
    outbox,
    profile,
    quarantine,
    reference,
    sighting,
    source_state,
)

# how long an example takes says something of the machine, not of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NOON = datetime(2013, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
Fill = Callable[..., None]


@pytest.fixture
def fill() -> Fill:
    """Give the function that fills a database with a model whose columns drift from the second half on."""
    return _fill


def _fill(
    database: Database,
    *,
    name: str = "flight-delays",
    columns: int = 8,
    windows: int = 120,
    detectors: tuple[str, ...] = ("jensen_shannon",),
    column: str = "column",
    segment: str = "origin=JFK",
    text: str = "dep_delay moved.",
) -> None:
    rng = np.random.default_rng(3)
    ends = [NOON + HOUR * (i + 1) for i in range(windows)]
    names = [f"{column}_{i}" for i in range(columns)]
    rows = [int(r) for r in 900 + 500 * np.sin(np.arange(windows) / 24 * 2 * np.pi) + rng.integers(0, 200, windows)]
    with database.write() as connection:
        connection.execute(insert(model).values(name=name, created_at=NOON))
        connection.execute(insert(judgement), list(_judged(name, ends, rows)))
        found = [
            *_drift(rng, name, ends, names=names, rows=rows, detectors=detectors),
            *_metrics(rng, name, ends, rows, segment),
        ]
        for start in range(0, len(found), 5000):
            connection.execute(insert(measurement), found[start : start + 5000])
        _alerts(connection, name, ends, column=names[0], segment=segment, text=text)
        _shapes(connection, rng, name, ends[-1], names)
        _around(connection, name)
        connection.execute(insert(sighting).values(_suspicion(name, ends[-1] - HOUR, client=column)))


def _suspicion(name: str, start: datetime, *, client: str) -> dict[str, Any]:
    pair = [{"column": client, "from": 1.5, "to": client}]
    cluster = {"size": 37, "clients": 1, "flips": 9, "labels": {client: 20}, "pair": pair}
    labels = {"model": name, "start": start, "version": "", "detector": "near_duplicates", "client": client}
    seen = {"first_at": start, "first_id": client, "ids": [client], "evidence": {"cluster": cluster}}
    return labels | seen | {"rows": 41, "hits": 30, "rate": 0.02, "log_e": 50.0, "total": False}


def _judged(name: str, ends: list[datetime], rows: list[int]) -> Iterator[dict[str, Any]]:
    for i, (end, n) in enumerate(zip(ends, rows, strict=True)):
        age = len(ends) - i
        share = min(1.0, age / 20)
        yield {"model": name, "window_start": end - HOUR, "window_end": end, "revision": 1, "rows": n} | {
            "labelled": int(n * share * 0.97),
            "matured": age > 20,
        }


def _measured(name: str, end: datetime, **values: Any) -> dict[str, Any]:  # noqa: ANN401  # columns of all types
    plain = {"model": name, "column": "", "segment": "", "window_start": end - HOUR, "window_end": end, "revision": 1}
    unset = {"value": None, "low": None, "high": None, "reference": None, "p_value": None}
    return plain | unset | {"effect": None, "alpha": None, "threshold": None, "outcome": "", "note": ""} | values


def _drift(
    rng: np.random.Generator,
    name: str,
    ends: list[datetime],
    *,
    names: list[str],
    rows: list[int],
    detectors: tuple[str, ...],
) -> Iterator[dict[str, Any]]:
    for place, column in enumerate(names):
        kind = "drift.prediction" if place == 0 else "drift.data"
        for i, (end, n) in enumerate(zip(ends, rows, strict=True)):
            moved = 0.32 if place % 4 == 0 and i > 0.6 * len(ends) else 0.0
            effect = float(abs(rng.normal(0.03, 0.015)) + moved * min(1.0, (i / len(ends) - 0.6) * 5))
            common = {"kind": kind, "column": column, "n": n}
            if i % 29 == 5 and place % 3 == 1:
                note = "no rows with a value in this window"
                yield _measured(name, end, **common, detector=detectors[0], outcome="insufficient", note=note)
                continue
            outcome = "breach" if effect > 0.1 else "clear"
            armed = {"alpha": 1e-4, "threshold": 0.1, "outcome": outcome}
            number = {"value": effect, "effect": effect, "p_value": 0.2 if outcome == "clear" else 1e-9}
            yield _measured(name, end, **common, **number, **armed, detector=detectors[0])
            for detector in detectors[1:]:
                yield _measured(name, end, **common, **number, detector=detector)


def _metrics(
    rng: np.random.Generator, name: str, ends: list[datetime], rows: list[int], segment: str
) -> Iterator[dict[str, Any]]:
    for i, (end, n) in enumerate(zip(ends, rows, strict=True)):
        fall = 0.09 * max(0.0, i / len(ends) - 0.6) / 0.4
        for detector, level in (("roc_auc", 0.83), ("accuracy", 0.79)):
            value = float(level - fall + rng.normal(0, 0.008))
            armed = {"threshold": 0.75, "alpha": 1e-3, "outcome": "breach" if value < 0.74 else "clear"}
            spread = {"value": value, "low": value - 0.03, "high": value + 0.03, "n": n}
            spread |= {"kind": "performance.realised", "reference": level}
            yield _measured(name, end, **spread, **(armed if detector == "roc_auc" else {}), detector=detector)
            for part, less in ((segment, 0.02), ("version=v1", 0.0), ("version=v2", 0.05)):
                apart = spread | {"value": value - less, "n": n // 3}
                yield _measured(name, end, **apart, segment=part, detector=detector)
        confidence = float(0.71 - fall / 2 + rng.normal(0, 0.004))
        yield _measured(name, end, detector="mean_confidence", kind="confidence", value=confidence, n=n)


def _alerts(connection: Any, name: str, ends: list[datetime], *, column: str, segment: str, text: str) -> None:  # noqa: ANN401
    breached = ends[int(len(ends) * 0.7)]
    cases = [
        ("drift.data", "jensen_shannon", column, "", "warning", "firing", breached, None),
        ("performance.realised", "roc_auc", "", segment, "critical", "firing", breached + 6 * HOUR, None),
        ("quality", "missing_share", column, "", "info", "resolved", ends[len(ends) // 5], ends[len(ends) // 3]),
    ]
    for kind, detector, of, part, severity, state, fired, resolved in cases:
        labels = {"model": name, "kind": kind, "detector": detector, "column": of, "segment": part}
        fingerprint = hashlib.sha256(f"{name} {kind}".encode()).hexdigest()
        numbers = {"value": 0.34, "threshold": 0.1, "p_value": 3.1e-9, "effect": 0.34, "n": 1234}
        lived = {"since": fired - HOUR, "fired_at": fired, "resolved_at": resolved}
        rest = {"severity": severity, "origin": "undetermined", "state": state, "episode": 1, "breaches": [True]}
        seen = {"clears": 0, "window_start": ends[-1] - HOUR, "window_end": ends[-1], "evidence": {}, "text": text}
        connection.execute(insert(alert).values(fingerprint=fingerprint, **labels, **numbers, **lived, **rest, **seen))
        for word, at in (("firing", fired), ("resolved", resolved)):
            if at is not None:
                event = {"fingerprint": fingerprint, "episode": 1, "state": word, "window_end": at, "at": at}
                connection.execute(insert(alert_event).values(**event, **labels, **numbers))


def _shapes(connection: Any, rng: np.random.Generator, name: str, end: datetime, names: list[str]) -> None:  # noqa: ANN401
    numeric = {c: rng.gamma(2 + i % 5, 2, 5000) for i, c in enumerate(names) if i % 3 != 2}
    made = [
        Column(c, "numeric", "feature", "number", NumericBins.of(numeric[c]))
        if c in numeric
        else Column(c, "categorical", "feature", "text", CategoryBins(("UA", "B6", "EV", "DL", "AA", "MQ")))
        for c in names
    ]
    layout = Layout(tuple(made))
    before = _profile(layout, rng, numeric, shift=1.0)
    kept = {"fingerprint": "r1", "segment": "", "created_at": NOON, "rows": 5000, "layout": layout.packed()}
    connection.execute(insert(reference).values(model=name, **kept, profile=before.packed()))
    for hour in range(40):
        now = _profile(layout, rng, numeric, shift=1.5)
        place = {"version": "", "segment": "", "start": end - HOUR * (hour + 1), "end": end - HOUR * hour}
        connection.execute(insert(profile).values(model=name, **place, revision=1, rows=5000, data=now.packed()))


def _profile(layout: Layout, rng: np.random.Generator, numeric: dict[str, Any], *, shift: float) -> Profile:
    counts = np.zeros(layout.slots, np.int64)
    for i, (column, start) in enumerate(zip(layout.columns, layout.offsets, strict=False)):
        moved = shift if i % 4 == 0 else 1.0
        if column.name in numeric:
            codes = column.bins.codes(numeric[column.name] * moved)
        else:
            weights = np.array([0.3, 0.25, 0.2, 0.1, 0.1, 0.05]) ** moved
            codes = rng.choice(6, 5000, p=weights / weights.sum())
        counts[start : start + column.bins.size] = np.bincount(codes, minlength=column.bins.size)
    size = len(layout.columns)
    return Profile(layout, 5000, counts, np.zeros(layout.sums), np.full(size, np.inf), np.full(size, -np.inf))


def _around(connection: Any, name: str) -> None:  # noqa: ANN401
    counts = {"read": 120_000, "stored": 119_000, "quarantined": 3, "repeated": 997}
    source = f"{name}/records"
    connection.execute(insert(source_state).values(source=source, drained_at=NOON + 120 * HOUR, problem="", **counts))
    bad = {"position": "a.csv:17", "reason": "no number: 'twelve'", "excerpt": "twelve", "at": NOON}
    connection.execute(insert(quarantine), [{"source": source} | bad] * 3)
    off = {"failures": 4, "off": True, "reason": "410: the hook is gone"}
    connection.execute(insert(channel_state).values(receiver=f"{name}-team", **off))
    letter = {"order_key": "k", "content": {}, "created_at": NOON, "due_at": NOON, "attempts": 3, "token": 0}
    for i, state in enumerate(("dead", "pending", "pending")):
        connection.execute(insert(outbox).values(notice=f"{name}{i}", receiver=f"{name}-team", state=state, **letter))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a SQLite database that the migrations have made, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "monitor.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite(tmp_path: Path, migrated: Path) -> str:
    """Give the address of a SQLite database with the newest schema and no rows."""
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'monitor.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Give the address of a database of each kind with the newest schema and no rows."""
    return str(request.getfixturevalue("sqlite")) if request.param == "sqlite" else postgres()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


def postgres() -> str:
    """Give the address of a database with no rows, one for each worker; skip where there is no server."""
    given = os.environ.get("MONITOR_TEST_POSTGRES", "").replace("postgresql://", "postgresql+psycopg://")
    if not given:
        pytest.skip("MONITOR_TEST_POSTGRES is not set: not tried on PostgreSQL")
    address = _made(make_url(given), os.environ.get("PYTEST_XDIST_WORKER", ""))
    engine = create_engine(address)
    with engine.begin() as connection:
        for name in set(inspect(connection).get_table_names()) - {*metadata.tables, "alembic_version"}:
            connection.execute(statement(f'DROP TABLE "{name}" CASCADE'))
        connection.execute(statement(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
    engine.dispose()
    return address.render_as_string(hide_password=False)


@cache
def _made(address: URL, worker: str) -> URL:
    """Make a worker's database by the migrations from nothing, whatever it held before."""
    if worker:
        server, name = address, f"{address.database}_{worker}"
        address = address.set(database=name)
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(statement(f'DROP DATABASE IF EXISTS "{name}"'))
            connection.execute(statement(f'CREATE DATABASE "{name}"'))
    else:
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(statement("DROP SCHEMA public CASCADE"))
            connection.execute(statement("CREATE SCHEMA public"))
    engine.dispose()
    migrate(address.render_as_string(hide_password=False))
    return address
