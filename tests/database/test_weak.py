"""Which monitors the doctor calls noisy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Alert, fingerprint
from monitor.commands.weak import FLAPS, noise, readings_of, weaknesses
from monitor.config import load
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.calendar import calendar_of
from monitor.store.alerts import read_alerts, read_episodes, write_findings
from monitor.store.database import Database
from monitor.store.measurements import Judged, Judgement, write_judgement, write_measurements
from monitor.store.records import register_model
from monitor.store.references import write_reference
from monitor.types import Measurement, Roles, Window

MIDNIGHT, DAY = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
WINDOWS = [Window(MIDNIGHT + n * DAY, MIDNIGHT + (n + 1) * DAY) for n in range(12)]


def noisy(connection: Connection, rows: list[dict[str, Any]]) -> list[str]:
    judgements = [Judgement(window, revision=1, rows=10, labelled=0, matured=True) for window in WINDOWS]
    return list(noise(connection, "loans", readings_of(rows, read_episodes(connection, "loans")), judgements))


def test_a_monitor_that_comes_and_goes_is_noisy_and_a_client_that_does_is_an_attacker(database: Database) -> None:
    rows: list[dict[str, Any]] = []
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
        for detector, segment in (("psi", "shop=1"), ("suspected_evasion", "client=mallory")):
            mark = fingerprint("loans", "any", detector, "", segment)
            for n in range(len(WINDOWS)):
                outcome = "clear" if n % 3 else "breach"
                numbers = {"alpha": 1e-6, "threshold": None, "p_value": 1e-9, "n": 10, "note": ""}
                rows.append({"detector": detector, "column": "", "segment": segment, "outcome": outcome} | numbers)
                rows[-1] |= {"low": None, "high": None, "reference": None, "window_end": WINDOWS[n].end}
            for episode in range(1, FLAPS + 1):
                for state, at in (("firing", 3 * episode), ("resolved", 3 * episode + 1)):
                    alert = Alert(mark, state, episode, since=MIDNIGHT, fired_at=MIDNIGHT)  # type: ignore[arg-type]
                    finding = Finding(alert, "loans", "any", detector, WINDOWS[at], segment=segment, value=1.0)
                    write_findings(connection, [finding], read_alerts(connection, "loans"), now=MIDNIGHT)
    with database.read() as connection:
        flapping, restless = noisy(connection, rows)
    assert flapping == "fired again and again in 12 windows: psi in shop=1 3 times; try `for` with more windows"
    assert "than they should, coming and going: psi in shop=1 4 of 12 windows (" in restless
    assert "mallory" not in flapping + restless


def test_breaches_of_an_alert_that_lasts_are_the_change_and_no_noise(database: Database) -> None:
    marks = "..!!.!!!.!!!"
    numbers = {"alpha": 1e-6, "threshold": None, "p_value": 1e-9, "n": 10, "note": ""}
    labels = {"detector": "accuracy", "column": "", "segment": "", "low": None, "high": None, "reference": None}
    rows = [
        labels | numbers | {"outcome": "breach" if mark == "!" else "clear", "window_end": window.end}
        for mark, window in zip(marks, WINDOWS, strict=True)
    ]
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
        assert len(noisy(connection, rows)) == 1
        mark = fingerprint("loans", "performance.realised", "accuracy")
        for state, episode, at in (("pending", 0, 2), ("firing", 1, 3)):
            alert = Alert(mark, state, episode, since=MIDNIGHT, fired_at=MIDNIGHT)  # type: ignore[arg-type]
            finding = Finding(alert, "loans", "performance.realised", "accuracy", WINDOWS[at], value=1.0)
            write_findings(connection, [finding], read_alerts(connection, "loans"), now=MIDNIGHT)
        (episode,) = read_episodes(connection, "loans")
        assert noisy(connection, rows) == []
    assert (episode.begun, episode.fired_at) == (WINDOWS[2].end, WINDOWS[3].end)


def test_a_monitor_that_breached_is_never_called_blind(database: Database) -> None:
    table = pa.table({"age": np.random.default_rng(3).normal(40, 10, 500)})
    layout = layout_of(table, Roles(timestamp="at"))
    config = 'models: {loans: {source: {files: "*"}, columns: {timestamp: at}, window: 1d}}\ndatabase: sqlite:///a.db'
    model = load(config, place="monitor.yaml", environ={}, read=str).models["loans"]
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
        write_reference(connection, "loans", "f", {"": profile_table(table, layout)}, now=MIDNIGHT)
        for window, outcome in zip(WINDOWS[:2], ("clear", "breach"), strict=True):
            write_judgement(connection, "loans", Judgement(window, revision=1, rows=20, labelled=0, matured=True))
            found = Measurement("kolmogorov_smirnov", 0.5, column="age", n=20, p_value=1e-4)
            write_measurements(connection, "loans", window, 1, [Judged(found, "drift.data", 1e-300, 0.0, outcome)])
            blind = any("kolmogorov_smirnov of age" in why for _, why in weaknesses(connection, "loans", model))
            assert blind == (outcome == "clear")


def test_an_estimate_that_never_has_an_answer_leaves_performance_untold_until_labels_come(database: Database) -> None:
    table = pa.table({"age": np.random.default_rng(3).normal(40, 10, 500)})
    config = 'models: {loans: {source: {files: "*"}, columns: {timestamp: at}, window: 1d}}\ndatabase: sqlite:///a.db'
    model = load(config, place="monitor.yaml", environ={}, read=str).models["loans"]
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
        reference = profile_table(table, layout_of(table, Roles(timestamp="at")))
        write_reference(connection, "loans", "f", {"": reference}, now=MIDNIGHT)
        for window in WINDOWS[:6]:
            write_judgement(connection, "loans", Judgement(window, revision=1, rows=20, labelled=0, matured=False))
            few = Measurement("estimated_mean_absolute_error", None, n=20, note="1,000 are needed")
            realised = Measurement("mean_absolute_error", None, n=20, note="no labelled rows in this window")
            judged = [
                Judged(few, "performance.estimated", 0.01, 0.05, "insufficient"),
                Judged(realised, "performance.realised", 0.01, 0.05, "insufficient"),
            ]
            write_measurements(connection, "loans", window, 1, judged)
        said = [why for what, why in weaknesses(connection, "loans", model) if what == "blind"]
    assert "nothing was told of performance before labels come, in the last 6 windows: 1,000 are needed" in said
    assert [why for why in said if "no answer" in why] == [
        "no answer in the last 6 windows from mean_absolute_error: no labelled rows in this window"
    ]


NUMBERS = {"predicted": [i / 7 for i in range(500)], "price": [i / 6.9 for i in range(500)]}
NUMBERS |= {"shadow": NUMBERS["price"]}
WORDS = {"predicted": ["yes", "no"] * 250, "price": ["no", "yes"] * 250}


@pytest.mark.parametrize(
    ("columns", "roles", "told"),
    [
        (NUMBERS, "prediction: predicted, label: price", ["a predicted number does not say how sure the model is"]),
        # before labels are known
        (
            NUMBERS,
            "prediction: predicted",
            ["a predicted number does not say how sure the model is", "there are no labels"],
        ),
        # others' answers show doubt
        (NUMBERS, "prediction: predicted, label: price, others: [shadow]", []),
        (WORDS, "prediction: predicted, label: price", ["there are no scores: neither confidence nor ROC AUC"]),
        (WORDS, "label: price", ["the model's answers are not known: name columns.prediction or columns.scores"]),
    ],
)
def test_what_does_not_show_how_sure_a_model_is_is_told_in_words_of_its_task(
    database: Database, columns: dict[str, Any], roles: str, told: list[str]
) -> None:
    config = f'models: {{m: {{source: {{files: "*"}}, columns: {{timestamp: at, {roles}}}, window: 1d}}}}'
    model = load(f"{config}\ndatabase: sqlite:///a.db", place="monitor.yaml", environ={}, read=str).models["m"]
    table = pa.table(columns)
    with database.write() as connection:
        register_model(connection, "m", now=MIDNIGHT)
        reference = profile_table(table, layout_of(table, model.columns))
        write_reference(connection, "m", "f", {"": reference}, now=MIDNIGHT)
        write_judgement(connection, "m", Judgement(WINDOWS[0], revision=1, rows=20, labelled=0, matured=False))
        said = [why for what, why in weaknesses(connection, "m", model) if what == "blind"]
    assert [beginning for beginning, why in zip(told, said, strict=False) if why.startswith(beginning)] == told
    assert not any("sure the model" in why or "scores" in why for why in said[len(told) :])


def test_what_breaches_every_weekend_is_noisy_and_a_reference_of_a_day_too_short_for_hours(database: Database) -> None:
    hour, rng = timedelta(hours=1), np.random.default_rng(3)
    table = pa.table({"at": [MIDNIGHT + n * hour / 40 for n in range(900)], "age": rng.normal(40, 10, 900)})
    layout = layout_of(table, Roles(timestamp="at"))
    layout = replace(layout, calendar=calendar_of(table["at"]), windows=22)
    config = 'models: {loans: {source: {files: "*"}, columns: {timestamp: at}, window: 1h}}\ndatabase: sqlite:///a.db'
    model = load(config, place="monitor.yaml", environ={}, read=str).models["loans"]
    with database.write() as connection:
        register_model(connection, "loans", now=MIDNIGHT)
        write_reference(connection, "loans", "f", {"": profile_table(table, layout)}, now=MIDNIGHT)
        for n in range(28 * 24):
            window = Window(MIDNIGHT + n * hour, MIDNIGHT + (n + 1) * hour)
            outcome = "breach" if n % 168 < 3 else "clear"
            write_judgement(connection, "loans", Judgement(window, revision=1, rows=20, labelled=0, matured=True))
            found = Measurement("kolmogorov_smirnov", 0.5, column="age", n=20, p_value=1e-4)
            write_measurements(connection, "loans", window, 1, [Judged(found, "drift.data", 1e-3, 0.0, outcome)])
        said = [why for what, why in weaknesses(connection, "loans", model) if what == "noisy"]
    assert any("kolmogorov_smirnov of age 12 of 672 windows" in why for why in said)
    assert any(why.startswith("the reference holds 22 hours only, so that") for why in said)
