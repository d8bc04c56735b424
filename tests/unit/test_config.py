"""The configuration: a whole good one, and one row per mistake."""

from datetime import date, timedelta

import pytest

from monitor.config import Budget, Config, ConfigErrors, Hold, Setting, Web, load, setting_of
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


@pytest.mark.parametrize(
    ("window", "retain", "days"),
    [("1d", "9d", 10), ("1d", "10d", None), ("1mo", "", 310), ("1w", "", None), ("1w", "65d", 70)],
)
def test_records_are_kept_until_a_reference_is_learned_from_them(window: str, retain: str, days: int | None) -> None:
    text = GOOD.replace("    reference: {files: reference.parquet}\n", f"    retain: {retain}\n" if retain else "")
    text = text.replace("window: 1h", f"window: {window}")
    if days is None:
        assert loaded(text).models["flights"].reference is None
    else:
        assert f"keep records for {days}d, or name a reference" in mistakes(text)


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


def test_what_is_not_written_has_its_default() -> None:
    config = loaded(GOOD)
    model = config.models["flights"]
    assert config.web == Web(host="127.0.0.1", port=8080, token=None, url=None)
    assert (model.every, model.hold, model.clear) == (timedelta(minutes=1), Hold(2, 3), 3)
    assert (model.min_labels, model.segment_values, model.source.lookback) == (0.95, 20, timedelta(minutes=10))
    assert (model.thresholds, model.severity) == ({}, {})


A_HOLIDAY = "write a place such as DE or US-CA, or a day such as 2026-12-24"
EVERYTHING = """
    every: 5m
    for: 3/5
    clear: 2
    min_labels: 0.5
    segment_values: 7
    thresholds:
      drift.data: {min_effect: 0.1, for: 1}
      psi: 0.2
      psi(age): off
      missing_share: auto
    severity: {drift.data: info}
    holidays: [US-CA, NO, 2026-12-24]
"""


def test_the_rarer_keys_are_read() -> None:
    model = loaded(GOOD.replace("    lateness: 5m", EVERYTHING)).models["flights"]
    assert (model.every, model.hold, model.clear) == (timedelta(minutes=5), Hold(3, 5), 2)
    assert (model.min_labels, model.segment_values, model.severity) == (0.5, 7, {"drift.data": "info"})
    assert model.holidays == ("US-CA", "NO", date(2026, 12, 24))
    assert model.thresholds["missing_share"].value == "auto"
    assert setting_of(model.thresholds, detector="psi", kind="drift.data", column="age").value == "off"
    found = setting_of(model.thresholds, detector="psi", kind="drift.data", column="distance")
    assert (found.value, found.min_effect, found.hold) == (0.2, 0.1, Hold(1, 1))
    assert setting_of(model.thresholds, detector="unseen_share", kind="quality") == Setting()


def test_a_table_in_the_order_of_one_column_is_not_looked_back_upon() -> None:
    assert loaded(GOOD.replace("[logged_at, id]", "[id]")).models["flights"].source.lookback == timedelta(0)


def test_records_may_be_pushed() -> None:
    text = GOOD.replace('{sql: "${APP_DB}", table: predictions, cursor: [logged_at, id]}', "{push: true}")
    assert loaded(text).models["flights"].source.push


def test_a_webhook_may_have_two_secrets_while_one_replaces_the_other() -> None:
    for written, count in (('"${KEY}"', 1), ('["${KEY}", old]', 2)):
        receiver = loaded(GOOD.replace('secret: "${KEY}"', f"secret: {written}, private: true")).receivers["audit"]
        assert [secret.get_secret_value() for secret in receiver.secret] == ["hunter2", "old"][:count]
        assert receiver.private


def test_others_may_use_the_page_when_there_is_a_token() -> None:
    web = '\nweb: {host: 0.0.0.0, port: "${PORT}", token: "${KEY}", url: "https://monitor.example"}'
    config = load(GOOD + web, place="", environ={**ENVIRON, "PORT": "80"}, read=read)
    assert (config.web.host, config.web.port, config.web.url) == ("0.0.0.0", 80, "https://monitor.example")  # noqa: S104
    assert "hunter2" not in repr(config)


def test_clients_and_versions_may_be_segments() -> None:
    columns = "client: key, version: v, segments: [key, v], sensitive: [v]"
    assert loaded(GOOD.replace("segments: [origin]", columns)).models["flights"].columns.segments == ("key", "v")


def test_stated_shares_are_kept_by_the_text_of_their_values() -> None:
    stated = "population: {sex: {1: 0.49, 2: 0.51}, veteran: {true: 0.1, no: 0.9}}"
    roles = loaded(GOOD.replace("segments: [origin]", stated)).models["flights"].columns
    assert roles.population == {"sex": {"1": 0.49, "2": 0.51}, "veteran": {"true": 0.1, "false": 0.9}}


@pytest.mark.parametrize("secret", ["whsec_", '" "', '""', '"whsec_?"', "[hunter2, whsec_]"])
def test_nothing_is_signed_with_a_key_that_everybody_knows(secret: str) -> None:
    told = mistakes(GOOD.replace('secret: "${KEY}"', f"secret: {secret}"))
    assert told.startswith("monitor.yaml: receivers.audit.secret: no key to sign with; write whsec_ and 24 to 64")


def test_a_route_may_name_its_receiver_by_a_variable() -> None:
    config = load(
        GOOD.replace("{to: [team]}", '{to: ["${WHO}"]}'), place="", environ={**ENVIRON, "WHO": "audit"}, read=read
    )
    assert config.routes[1].to == ("audit",)


RMSE, AUC = "did you mean 'root_mean_squared_error'?", "did you mean 'roc_auc'?"
LISTED = "`monitor detectors` lists names and kinds"
BEYOND = "{} is more than its values, which lie between 0 and 1; write a number between 0 and 1{}"
MODEL, AT = "models.flights", "monitor.yaml: "
MISTAKES = [
    # an unknown key close to a known one
    ("window: 1h", "window: 1h\n    retian: 3d", f"{MODEL}: unknown key 'retian'; did you mean 'retain'?"),
    # an unknown key like none
    ("kind:", "zzz:", "routes.0.match: unknown key 'zzz'; known are model, kind, severity"),
    # a missing key
    (
        "timestamp: logged_at, ",
        "",
        f"{MODEL}.columns: missing key 'timestamp'; write it, as `monitor help configuration` shows",
    ),
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
    # a cursor of too many columns
    (
        "[logged_at, id]",
        "[a, b, c]",
        f"{MODEL}.source.cursor: 3 columns; name a time and an id, or one column that only grows",
    ),
    # looking back from an id
    (
        "[logged_at, id]",
        "[id], lookback: 5m",
        f"{MODEL}.source.lookback: there is no time to look back from; name a time before the id in cursor",
    ),
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
    # a model whose name is no name of a file
    (
        "flights:",
        "../flights:",
        (
            "models.../flights: '../flights' cannot be part of an address or a file's name; "
            "use letters, digits, '.', '_' and '-', and no '.' first"
        ),
    ),
    # a database of another make, whose address is not shown
    (
        "sqlite:///monitor.db",
        "mysql://root:hunter2@db/x",
        "database: no address of a SQLite file or a PostgreSQL database; write sqlite:///monitor.db or postgresql://host/name",
    ),
    # a database that is gone at the end
    (
        "sqlite:///monitor.db",
        '"sqlite:///:memory:"',
        "database: SQLite in memory is lost at the end; write sqlite:///monitor.db or postgresql://host/name",
    ),
    # a database to read from that is none
    (
        '"${APP_DB}"',
        "predictions.db",
        f"{MODEL}.source.sql: no address of a database; write for example postgresql://host/name",
    ),
    # a pushed reference
    (
        "{files: reference.parquet}",
        "{push: true}",
        f"{MODEL}.reference: a reference cannot be pushed, only records and labels can; write files or sql",
    ),
    # pushed records that are also in files
    (
        '{files: "labels/*.parquet", max_delay: 2d}',
        '{files: "labels/*.parquet", push: true}',
        f"{MODEL}.labels: both files and push; write exactly one of them",
    ),
    # records from nowhere
    (
        '{sql: "${APP_DB}", table: predictions, cursor: [logged_at, id]}',
        "{push: false}",
        f"{MODEL}.source: neither files nor sql nor push; write exactly one of them",
    ),
    # a key of a database beside files
    ("max_delay: 2d", "lookback: 1h", f"{MODEL}.labels: 'lookback' beside files; it belongs to sql"),
    # push that is neither true nor false
    (
        '{sql: "${APP_DB}", table: predictions, cursor: [logged_at, id]}',
        "{push: 7}",
        f"{MODEL}.source.push: a number or date cannot stand here; write true or false",
    ),
    # two roles on one column
    (
        "id: request_id",
        "id: delayed",
        f"{MODEL}.columns: 'delayed' is both id and label; a column has one role; give each its own",
    ),
    # two scores in one column
    (
        "scores: p_delay",
        "scores: {a: p, b: p}",
        f"{MODEL}.columns: 'p' stands twice in scores; a column has one role; give each its own",
    ),
    # groups of a column that is not sensitive
    (
        "scores: p_delay",
        "scores: p_delay, sensitive: [sex], intersections: [[sex, age]]",
        f"{MODEL}.columns.intersections: 'age' is not among the sensitive columns; name it in sensitive, too",
    ),
    # an intersection of one column
    (
        "scores: p_delay",
        "scores: p_delay, sensitive: [sex], intersections: [[sex]]",
        (
            f"{MODEL}.columns.intersections: ['sex'] names no two columns; write lists of two columns or more: "
            "[[sex, region]]"
        ),
    ),
    # a label that is also a segment
    (
        "[origin]",
        "[delayed]",
        f"{MODEL}.columns: 'delayed' is both label and segments; a column has one role; take it out of one of them",
    ),
    # a segment that is ignored
    (
        "[origin]",
        "[origin], ignore: [origin]",
        f"{MODEL}.columns: 'origin' is both segments and ignore; a column has one role; take it out of one of them",
    ),
    # a segment twice
    ("[origin]", "[origin, origin]", f"{MODEL}.columns.segments: 'origin' stands there twice; write it once"),
    # shares that are no whole, of one value, and no share
    (
        "segments: [origin]",
        "population: {sex: {male: 0.4, female: 0.5}}",
        f"{MODEL}.columns.population.sex: the shares sum to 0.9; write shares that sum to 1",
    ),
    (
        "segments: [origin]",
        "population: {sex: {male: 1}}",
        f"{MODEL}.columns.population.sex: shares of fewer than two values; write one a value",
    ),
    (
        "segments: [origin]",
        "population: {sex: {male: 0.5, female: half}}",
        f"{MODEL}.columns.population.sex.female: 'half' is no share above 0 and up to 1; write for example 0.8",
    ),
    # no holidays
    *(
        (
            "    lateness: 5m",
            f"    holidays: {said}",
            f"{MODEL}.holidays.{at}: {shown} is no place and no day; {A_HOLIDAY}",
        )
        for said, at, shown in [("Bayern", 0, "'Bayern'"), ("[DE, DE-QQ]", 1, "'DE-QQ'"), ("[3]", 0, "3")]
    ),
    # no zones
    (
        "segments: [origin]",
        "zone: Berlin",
        f"{MODEL}.columns.zone: 'Berlin' is no time zone; write one such as Europe/Berlin, or UTC",
    ),
    (
        "segments: [origin]",
        "zone: Europe",
        f"{MODEL}.columns.zone: 'Europe' is no time zone; write one such as Europe/Berlin, or UTC",
    ),
    # more segments than can be watched
    (
        "[origin]",
        "[a, b, c, d, e, f, g, h, i, j, k]",
        f"{MODEL}.columns.segments: 11 columns; keep at most 10: each multiplies the tests",
    ),
    # a score of no class
    (
        "scores: p_delay",
        'scores: {"": p, b: q}',
        f"{MODEL}.columns.scores: a class without a name; name the class that the score is of",
    ),
    # labels that cannot find their records
    (
        "id: request_id, ",
        "",
        (
            f"{MODEL}.columns: labels from a source of their own, but no 'id'; "
            "name the column by which a label finds its record"
        ),
    ),
    # labels of no column
    (
        "label: delayed, ",
        "",
        f"{MODEL}.columns: a source of labels, but no 'label'; name the column that holds the label",
    ),
    # pulling more rarely than judging
    ("lateness: 5m", "every: 2h", f"{MODEL}.every: '2h' is longer than the window, '1h'; pull at least once a window"),
    # forgetting a window before its end
    (
        "window: 1h",
        "window: 1w\n    retain: 1d",
        (
            f"{MODEL}.retain: '1d' is shorter than the window, '1w'; "
            "keep the records at least until their window is judged"
        ),
    ),
    # forgetting what a reference is to be learned from
    (
        "    reference: {files: reference.parquet}\n",
        "    retain: 9h\n",
        (
            f"{MODEL}.retain: no reference, and it cannot be learned from ten windows of '1h' of which the first is "
            "deleted; keep records for 1d, or name a reference"
        ),
    ),
    # more windows than are looked at
    (
        "lateness: 5m",
        "for: 4/3",
        f"{MODEL}.for: '4/3' is no number of windows; write for example 2/3, two of the last three, or 1",
    ),
    # never clearing
    ("lateness: 5m", "clear: 0", f"{MODEL}.clear: 0 is no whole number from 1 to 1000; write for example 3"),
    # a week of windows that do not add up to one
    (
        "window: 1h",
        "window: 5h\n    baseline: 8 weeks",
        f"{MODEL}.baseline: no week is made of windows of '5h'; write so many windows, or a window of 6h or 1d, say",
    ),
    # no baseline at all
    (
        "lateness: 5m",
        "baseline: last month",
        f"{MODEL}.baseline: 'last month' is no baseline; write reference, or for example 28 windows or 8 weeks",
    ),
    # more labels than there are
    (
        "lateness: 5m",
        "min_labels: 80",
        f"{MODEL}.min_labels: 80 is no share above 0 and up to 1; write for example 0.8",
    ),
    # a threshold of no detector
    ("lateness: 5m", "thresholds: {spi: 0.2}", f"{MODEL}.thresholds: no detector or kind 'spi'; did you mean 'psi'?"),
    # a threshold by its initials, by a part of its name, and by nothing that is known
    ("lateness: 5m", "thresholds: {rmse: 3}", f"{MODEL}.thresholds: no detector or kind 'rmse'; {RMSE}"),
    ("lateness: 5m", "thresholds: {auc: 0.8}", f"{MODEL}.thresholds: no detector or kind 'auc'; {AUC}"),
    ("lateness: 5m", "thresholds: {xyzzy: 1}", f"{MODEL}.thresholds: no detector or kind 'xyzzy'; {LISTED}"),
    # thresholds that no value can reach
    (
        "lateness: 5m",
        "thresholds: {roc_auc: 80}",
        f"{MODEL}.thresholds.roc_auc: {BEYOND.format('80', ', 0.8 for 80 %')}",
    ),
    (
        "lateness: 5m",
        "thresholds: {missing_share(age): {value: 500}}",
        f"{MODEL}.thresholds.missing_share(age): {BEYOND.format('500', '')}",
    ),
    # a column's threshold of no detector
    ("lateness: 5m", "thresholds: {spi(age): 0.2}", f"{MODEL}.thresholds: no detector 'spi'; did you mean 'psi'?"),
    # a threshold that is no number
    (
        "lateness: 5m",
        "thresholds: {psi: high}",
        f"{MODEL}.thresholds.psi: 'high' is no threshold; write auto, off, a number of 0 or above, or a mapping",
    ),
    # a negative threshold
    (
        "lateness: 5m",
        "thresholds: {psi: {value: -1}}",
        f"{MODEL}.thresholds.psi.value: -1 is no threshold; write auto, off or a number of 0 or above",
    ),
    # an unknown key of a threshold
    (
        "lateness: 5m",
        "thresholds: {psi: {min_efect: 1}}",
        f"{MODEL}.thresholds.psi: unknown key 'min_efect'; did you mean 'min_effect'?",
    ),
    # an effect that is no number
    (
        "lateness: 5m",
        "thresholds: {psi: {min_effect: auto}}",
        f"{MODEL}.thresholds.psi.min_effect: 'auto' is no effect; write a number of 0 or above",
    ),
    # a severity of no kind of alert
    (
        "lateness: 5m",
        "severity: {drift: info}",
        f"{MODEL}.severity: no kind of alert 'drift'; did you mean 'drift.data'?",
    ),
    # a severity that is none
    (
        "lateness: 5m",
        "severity: {quality: high}",
        f"{MODEL}.severity.quality: 'high' is not allowed here; write 'critical', 'warning' or 'info'",
    ),
    # three secrets
    (
        'secret: "${KEY}"',
        "secret: [a, b, c]",
        "receivers.audit.secret: 3 secrets; write one, or the new and the old one while they are changed",
    ),
    # a receiver's address that is none
    (
        '"https://example.com/hook"',
        "example.com",
        "receivers.audit.webhook: no web address; write one that begins with https://",
    ),
    # a receiver on a private address that nobody meant
    (
        '"https://example.com/hook"',
        '"http://10.0.0.5/hook"',
        "receivers.audit.webhook: a private address; write private: true beside it if it is meant",
    ),
    # a route of a kind that never comes
    ('"attack.*"', '"atack.*"', "routes.0.match.kind: no kind matches 'atack.*'; did you mean 'attack.flood'?"),
    # a route of a model that is not watched
    ('kind: "attack.*"', "model: fligths", "routes.0.match.model: no model matches 'fligths'; did you mean 'flights'?"),
    # a route of a severity that never comes
    (
        'kind: "attack.*"',
        "severity: high",
        "routes.0.match.severity: no severity matches 'high'; known are critical, warning, info",
    ),
    # a receiver twice in one route
    ("{to: [team]}", "{to: [team, team]}", "routes.1.to.1: 'team' stands there twice; write it once"),
    # a page for everyone
    (
        "receivers:",
        "web: {host: 0.0.0.0}\nreceivers:",
        "web: '0.0.0.0' lets others in without a token; set token, or host: 127.0.0.1",
    ),
    # a port that is none
    (
        "receivers:",
        "web: {port: 70000}\nreceivers:",
        "web.port: 70000 is no port; write a number from 0 to 65535; 0 takes any that is free",
    ),
    # an address of links that is none
    (
        "receivers:",
        "web: {url: monitor}\nreceivers:",
        "web.url: no web address; write for example https://monitor.example.com",
    ),
    # an unknown key of the page
    ("receivers:", "web: {prot: 1}\nreceivers:", "web: unknown key 'prot'; did you mean 'port'?"),
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
