"""The configuration: a whole good one, and one row per mistake."""

from datetime import timedelta

import pytest

from monitor.config import Budget, Config, ConfigErrors, load
from monitor.schedule import Period
from monitor.types import Roles

GOOD = """
database: sqlite:///monitor.db
models:
  flights:
    source: {sql: "${APP_DB}", table: predictions, cursor: [logged_at, id]}
    labels: {files: "labels/*.parquet", max_delay: 2d}
    reference: {files: reference.parquet}
    columns: {timestamp: logged_at, id: request_id, scores: p_delay, label: delayed, segments: [origin]}
    window: 1h
    false_alarms: 2 per 30d
    lateness: 5m
receivers:
  team: {slack: "${file:slack.txt}"}
  audit: {webhook: "https://example.com/hook", secret: "${KEY}"}
  file: {log: "-"}
routes:
  - {match: {kind: "attack.*"}, to: [team, audit]}
  - {to: [team]}
"""
ENVIRON = {"APP_DB": "postgresql://app:hunter2@db/app", "KEY": "hunter2"}


def read(path: str) -> str:
    if path != "slack.txt":
        raise FileNotFoundError(path)
    return "https://hooks.example/hunter2\n"


def loaded(text: str) -> Config:
    return load(text, place="monitor.yaml", environ=ENVIRON, read=read)


def mistakes(text: str) -> str:
    with pytest.raises(ConfigErrors) as caught:
        loaded(text)
    return str(caught.value)


def test_a_good_configuration_is_read_whole() -> None:
    config = loaded(GOOD)
    model = config.models["flights"]
    assert model.window == Period(1, "h")
    assert model.false_alarms == Budget(2, timedelta(days=30))
    assert (model.retain, model.lateness) == (timedelta(days=90), timedelta(minutes=5))
    assert model.labels is not None
    assert model.labels.max_delay == timedelta(days=2)
    assert model.source.sql is not None
    assert model.source.sql.get_secret_value() == ENVIRON["APP_DB"]
    assert model.columns == Roles(
        "logged_at", id="request_id", scores=("p_delay",), label="delayed", segments=("origin",)
    )
    slack = config.receivers["team"].slack
    assert slack is not None
    assert slack.get_secret_value() == "https://hooks.example/hunter2"
    assert config.routes[0].match.kind == "attack.*"
    assert config.routes[0].to == ("team", "audit")


def test_scores_by_class_keep_their_order_and_numbers_become_names() -> None:
    columns = loaded(GOOD.replace("scores: p_delay", "scores: {1: p_late, 0: p_early}")).models["flights"].columns
    assert (columns.classes, columns.scores) == (("1", "0"), ("p_late", "p_early"))


def test_a_route_may_name_its_receiver_by_a_variable() -> None:
    config = load(
        GOOD.replace("{to: [team]}", '{to: ["${WHO}"]}'), place="", environ={**ENVIRON, "WHO": "audit"}, read=read
    )
    assert config.routes[1].to == ("audit",)


MODEL, AT = "models.flights", "monitor.yaml: "
MISTAKES = [
    # an unknown key close to a known one
    ("window: 1h", "window: 1h\n    retian: 3d", f"{MODEL}: unknown key 'retian'; did you mean 'retain'?"),
    # an unknown key like none
    ("kind:", "zzz:", "routes.0.match: unknown key 'zzz'; known are model, kind, severity"),
    # a missing key
    ("timestamp: logged_at, ", "", f"{MODEL}.columns: missing key 'timestamp'; write it"),
    # a list where text belongs
    ("label: delayed", "label: [a]", f"{MODEL}.columns.label: a list cannot stand here; write text"),
    # text where a list belongs
    ("[origin]", "origin", f"{MODEL}.columns.segments: text cannot stand here; write a list"),
    # text where a section belongs
    ("{files: reference.parquet}", "x", f"{MODEL}.reference: text cannot stand here; write a mapping"),
    # classes that YAML has read as booleans
    (
        "scores: p_delay",
        "scores: {no: p}",
        f"{MODEL}.columns.scores: a name is read as a number, a date or a boolean; write it in quotes",
    ),
    # a window of no known unit
    (
        "window: 1h",
        "window: 1x",
        f"{MODEL}.window: '1x' is no window length; write for example 1h, 6h, 1d, 1w or 1mo",
    ),
    # a duration without a unit
    (
        "lateness: 5m",
        "lateness: 5",
        f"{MODEL}.lateness: 5 is no duration; write for example 90s, 5m, 1h or 30d",
    ),
    # keeping nothing
    (
        "lateness: 5m",
        "retain: 0d",
        f"{MODEL}.retain: '0d' is no duration above zero; write for example 90s, 5m, 1h or 30d",
    ),
    # a budget without its stretch of time
    ("2 per 30d", "2", f"{MODEL}.false_alarms: 2 is no budget; write for example 1 per 30d"),
    # an unset environment variable
    (
        "${KEY}",
        "${KEZ}",
        "receivers.audit.secret: environment variable KEZ is not set; set KEZ before starting",
    ),
    # a secret's file that is not there
    (
        "slack.txt",
        "none.txt",
        "receivers.team.slack: ${file:none.txt} cannot be read; write the path of a readable text file",
    ),
    # a source with neither files nor a database
    ("{files: reference.parquet}", "{}", f"{MODEL}.reference: neither files nor sql; write exactly one of them"),
    # a database without its cursor
    (", cursor: [logged_at, id]", "", f"{MODEL}.source: missing key 'cursor'; sql needs it"),
    # a route to an unknown receiver
    ("{to: [team]}", "{to: [taem]}", "routes.1.to.0: no receiver 'taem'; did you mean 'team'?"),
    # a receiver of no kind
    ('{log: "-"}', "{}", "receivers.file: no kind of receiver; write slack, webhook or log"),
    # a kind without its value
    ('log: "-"', "log:", "receivers.file: no kind of receiver; write slack, webhook or log"),
    # a receiver of two kinds
    (
        '{log: "-"}',
        '{log: "-", slack: x}',
        "receivers.file: two kinds of receiver, slack and log; write each as a receiver of its own",
    ),
    # a key written twice, of which YAML would drop the first
    (
        "window: 1h",
        "window: 1h\n    window: 2h",
        "line 10: invalid YAML: the key 'window' twice; check the indentation and the quotes",
    ),
    # YAML that is none
    (
        "database: sqlite:///monitor.db",
        "database: a: b",
        "line 2: invalid YAML: mapping values are not allowed here; check the indentation and the quotes",
    ),
]


@pytest.mark.parametrize(("good", "bad", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_mend(good: str, bad: str, message: str) -> None:
    assert good in GOOD
    assert mistakes(GOOD.replace(good, bad)) == AT + message


def test_an_empty_file_is_a_mistake() -> None:
    assert mistakes("") == "monitor.yaml: nothing cannot stand here; write a mapping"


def test_all_mistakes_are_told_at_once() -> None:
    kept = [
        row
        for row in MISTAKES
        if "YAML" not in row[2] and row[0] in {"window: 1h", "${KEY}", "{to: [team]}", '{log: "-"}'}
    ]
    text = GOOD
    by_place = {row[0]: row for row in kept}
    for good, bad, _ in by_place.values():
        text = text.replace(good, bad)
    assert set(mistakes(text).splitlines()) == {AT + message for _, _, message in by_place.values()}


def test_no_secret_is_shown() -> None:
    assert "hunter2" not in repr(loaded(GOOD)) + str(loaded(GOOD))
    for old in ("window: 1h", "lateness: 5m", "false_alarms: 2 per 30d"):
        key = old.split(":")[0]
        told = mistakes(GOOD.replace(old, f'{key}: "${{KEY}}"'))
        assert "hunter2" not in told
        assert "${KEY}" in told


def test_a_mistake_carries_no_other_error_that_could_show_a_secret() -> None:
    with pytest.raises(ConfigErrors) as caught:
        loaded(GOOD.replace("window: 1h", 'window: "${KEY}"'))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
