"""What can be wrong between a configuration and its data: one row per mistake."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import ConfigErrors, load
from monitor.setup.checks import check
from monitor.setup.columns import positive
from monitor.setup.finding import Finding
from monitor.setup.untold import MEND, NEITHER

N = 200
START = datetime(2024, 5, 1, tzinfo=UTC)
ROWS: dict[str, Any] = {
    "logged_at": [START + timedelta(minutes=i) for i in range(N)],
    "request_id": [f"r{i}" for i in range(N)],
    "origin": ["JFK", "LGA"] * (N // 2),
    "distance": [float(i) for i in range(N)],
    "p_delay": [i / N for i in range(N)],
    "predicted": [int(i > N / 2) for i in range(N)],
}
LABELS: dict[str, Any] = {"request_id": ROWS["request_id"], "delayed": [0, 1] * (N // 2)}
REFERENCE: dict[str, Any] = {**ROWS, **LABELS}
CONFIG = """
database: sqlite:///monitor.db
models:
  flights:
    source: {files: "logs/*.parquet"}
    labels: {files: "labels/*.parquet"}
    reference: {files: reference.parquet}
    columns:
      timestamp: logged_at
      id: request_id
      prediction: predicted
      scores: p_delay
      label: delayed
      segments: [origin]
    window: 1h
    thresholds: {psi(distance): 0.2}
"""


def written(folder: Path, **tables: dict[str, Any]) -> None:
    """Write the data, with the named tables in the place of the good ones; an empty one is left out."""
    good = {"logs": ROWS, "labels": LABELS, "reference": REFERENCE}
    paths = {"logs": "logs/a.parquet", "labels": "labels/a.parquet", "reference": "reference.parquet"}
    for name, columns in {**good, **tables}.items():
        (folder / paths[name]).parent.mkdir(exist_ok=True)
        if columns:
            pq.write_table(pa.table(columns), folder / paths[name])


def checked(folder: Path, text: str = CONFIG) -> list[Finding]:
    return check(load(text, place="monitor.yaml", environ={}, read=str), root=folder)


def told(findings: list[Finding]) -> list[str]:
    return [f"{one.severity} {str(one).removeprefix('monitor.yaml: models.flights.')}" for one in findings]


def test_nothing_is_wrong_with_good_data(tmp_path: Path) -> None:
    written(tmp_path)
    assert told(checked(tmp_path)) == []


def but(columns: dict[str, Any], *left_out: str, **others: list[Any]) -> dict[str, Any]:
    return {name: values for name, values in {**columns, **others}.items() if name not in left_out}


@pytest.mark.parametrize(("delay", "warned"), [("2d", False), ("1h", True)])
def test_labels_that_are_not_waited_for_are_told(tmp_path: Path, delay: str, *, warned: bool) -> None:
    rows = 800
    logged = [START + timedelta(minutes=15 * i) for i in range(rows)]
    came = [at + timedelta(hours=40 if i % 4 == 0 else 0.5) for i, at in enumerate(logged)]
    records = {name: (values * 4)[:rows] for name, values in ROWS.items()}
    records |= {"logged_at": logged, "request_id": [f"r{i}" for i in range(rows)]}
    labels = {"request_id": records["request_id"], "delayed": [0, 1] * (rows // 2), "label_at": came}
    written(tmp_path, logs=records, labels=labels)
    found = told(checked(tmp_path, CONFIG.replace('labels/*.parquet"}', f'labels/*.parquet", max_delay: {delay}}}')))
    expected = (
        "warning labels.max_delay: 25% of 479 labels came later than 1 hour after their record, by label_at; "
        "those that come first are no fair sample; wait for nearly all of them, such as 40h"
    )
    assert [one for one in found if "max_delay" in one] == [expected] * warned


KNOWN = "known are logged_at, request_id, origin, distance, p_delay, predicted"
DATA: list[tuple[dict[str, Any], str]] = [
    # no records
    (
        {"logs": {}},
        (
            "error source.files: no file matches 'logs/*.parquet'; {folder}/logs holds nothing; relative "
            "patterns begin in the configuration's folder"
        ),
    ),
    # no labels yet
    (
        {"labels": {}},
        (
            "warning labels.files: no file matches 'labels/*.parquet'; {folder}/labels holds nothing; "
            "relative patterns begin in the configuration's folder"
        ),
    ),
    # no reference
    (
        {"reference": {}},
        (
            "error reference.files: no file matches 'reference.parquet'; {folder} holds labels/, logs/; "
            "relative patterns begin in the configuration's folder"
        ),
    ),
    # a file without rows
    (
        {"logs": {name: values[:0] for name, values in but(ROWS, "logged_at").items()}},
        "error source: no rows; is it Parquet, CSV with a header, or JSON Lines?",
    ),
    # times that are none
    (
        {"logs": but(ROWS, logged_at=["noon"] * N)},
        (
            "error columns.timestamp: 200 of 200 values of 'logged_at' in logs/a.parquet cannot be read as times, for "
            "example 'noon'; write times as timestamps, ISO 8601 text or seconds since 1970, or name another column"
        ),
    ),
    # some times that are none, behind good ones
    (
        {"logs": but(ROWS, logged_at=[t.isoformat() for t in ROWS["logged_at"][:100]] + ["31/12/24"] * 100)},
        (
            "error columns.timestamp: 100 of 200 values of 'logged_at' in logs/a.parquet cannot be read as times, for "
            "example '31/12/24'; write times as timestamps, ISO 8601 text or seconds since 1970, or name another column"
        ),
    ),
    # numbers that are no times
    (
        {"logs": but(ROWS, logged_at=list(range(N)))},
        (
            "error columns.timestamp: 200 of 200 values of 'logged_at' in logs/a.parquet cannot be read as times, for "
            "example '0'; write times as timestamps, ISO 8601 text or seconds since 1970, or name another column"
        ),
    ),
    # records without times
    (
        {"logs": but(ROWS, logged_at=[None] * 20 + ROWS["logged_at"][20:])},
        "error columns.timestamp: 20 of 200 values of 'logged_at' are missing; a record without a time is set aside",
    ),
    # few records without times
    (
        {"logs": but(ROWS, logged_at=[None, *ROWS["logged_at"][1:]])},
        "warning columns.timestamp: 1 of 200 values of 'logged_at' are missing; a record without a time is set aside",
    ),
    # ids that come again
    (
        {"logs": but(ROWS, request_id=["r1"] * 100 + ROWS["request_id"][100:])},
        (
            "error columns.id: 99 of 200 values of 'request_id' come again; let each id stand for one record: "
            "labels are joined by it, and what files repeat is counted again"
        ),
    ),
    # records without an id
    (
        {"logs": but(ROWS, request_id=[None, *ROWS["request_id"][1:]])},
        (
            "error columns.id: 1 of 200 values of 'request_id' are missing; every record needs an id, or "
            "none: leave the key out"
        ),
    ),
    # ids that cannot be compared
    (
        {"logs": but(ROWS, request_id=[[i] for i in range(N)])},
        "error columns.id: 'request_id' is nested or binary; name a column of text or whole numbers",
    ),
    # scores that are no probabilities
    (
        {"logs": but(ROWS, p_delay=[i - 1.5 for i in range(N)])},
        (
            "error columns.scores: 'p_delay' goes from -1.5 to 197.5, outside [0, 1]; log probabilities; "
            "for a regression name it as prediction"
        ),
    ),
    # scores that are no numbers
    (
        {"logs": but(ROWS, p_delay=["high"] * N)},
        "error columns.scores: 'p_delay' holds string, not numbers; name the column of probabilities",
    ),
    # a prediction that never changes
    (
        {"logs": but(ROWS, predicted=[1] * N)},
        (
            "warning columns.prediction: 'predicted' has one value only; is it the right column? Nothing "
            "can be said of what never changes"
        ),
    ),
    # labels under another name
    (
        {"labels": {"request_id": ROWS["request_id"], "delay": [1] * N}},
        "error columns.label: no column 'delayed' in the labels; did you mean 'delay'?",
    ),
    # labels without the id
    (
        {"labels": {"delayed": [0, 1] * (N // 2)}},
        (
            "error columns.id: no column 'request_id' in the labels; labels find their record by it, "
            "so name the id there as the records do; known are delayed"
        ),
    ),
    # a reference too small to compare with
    (
        {"reference": {name: values[:99] for name, values in REFERENCE.items()}},
        "error reference: only 99 rows; at least 100 are needed, thousands are better",
    ),
    # a reference without the scores
    (
        {"reference": but(REFERENCE, "p_delay")},
        "error columns.scores: no column 'p_delay' in the reference; did you mean 'delayed'?",
    ),
    # a reference without labels
    (
        {"reference": but(REFERENCE, "delayed")},
        "warning reference: no column 'delayed', so no labels; with labels, performance can be compared and estimated",
    ),
    # a reference whose labels are empty
    (
        {"reference": but(REFERENCE, delayed=[None] * N)},
        "warning reference: every 'delayed' is missing; with labels, performance can be compared",
    ),
    # labels of one class alone
    (
        {"reference": but(REFERENCE, delayed=[1, None] * (N // 2))},
        (
            f"warning columns.label: 'delayed' is '1' in {N // 2} of {N} rows and missing in all others; label rows of "
            "the other class, too: of one alone no accuracy, precision or ROC AUC is known"
        ),
    ),
    (
        {"labels": {"request_id": ROWS["request_id"], "delayed": [1] * N}},
        (
            f"warning columns.label: all {N} labels looked at are '1', which 50.0% of the reference's are; label rows "
            "of the other class, too: of one alone no accuracy, precision or ROC AUC is known; or say by labels.absent "
            "what a row without a label has turned out to be"
        ),
    ),
    # a feature that the reference lacks
    (
        {"reference": but(REFERENCE, "distance")},
        (
            "warning reference: no column 'distance', which the source has; it is not compared; add it to "
            "the reference, or to columns.ignore"
        ),
    ),
    # a feature whose type differs
    (
        {"logs": but(ROWS, distance=["far"] * N)},
        (
            "warning reference: 'distance' holds numbers here and text in the source; write both alike, or "
            "most values will count as invalid; a CSV file names no types: beside one, write the other as CSV, too"
        ),
    ),
    # a prediction and a segment whose types differ, as a CSV file beside a Parquet file makes them
    (
        {"reference": but(REFERENCE, predicted=[str(one) for one in ROWS["predicted"]])},
        (
            "warning reference: 'predicted' holds text here and numbers in the source; write both alike, or "
            "all values will count as of another type; a CSV file names no types: beside one, write the other "
            "as CSV, too"
        ),
    ),
    (
        {
            "reference": but(REFERENCE, origin=["True", "False"] * (N // 2)),
            "logs": but(ROWS, origin=[True, False] * 100),
        },
        (
            "warning reference: 'origin' holds text here and truth values in the source; write both alike, or "
            "all values will count as of another type, and as unknown to the reference; a CSV file names no types: "
            "beside one, write the other as CSV, too"
        ),
    ),
]


MISFITS = [
    (
        "{distance: vector}",
        "error columns.kinds: 'distance' is said to be a vector and holds no lists of numbers; take it out of kinds",
    ),
    (
        "{origin: numeric}",
        (
            "error columns.kinds: 'origin' is said to be numeric, and most of its values are no numbers; take it out "
            "of kinds, or write numbers such as 18000.5"
        ),
    ),
    ("{distance: numeric}", None),
    ("{distance: categorical}", None),
]


@pytest.mark.parametrize(("kinds", "message"), MISFITS)
def test_a_kind_that_the_values_are_not_of_is_told(tmp_path: Path, kinds: str, message: str | None) -> None:
    written(tmp_path)
    found = told(checked(tmp_path, CONFIG.replace("segments: [origin]", f"segments: [origin]\n      kinds: {kinds}")))
    assert found == ([message] if message else [])


SPLITS = [
    ("segments: [origin, distance]", "warning columns.segments: 200 of 200 values of 'distance' differ; each value"),
    ("sensitive: [distance]", "warning columns.sensitive: 200 of 200 values of 'distance' differ; groups of one row"),
    ("client: distance", "warning columns.client: 200 of 200 values of 'distance' differ; name the column that says"),
]


@pytest.mark.parametrize(("role", "beginning"), SPLITS)
def test_a_column_that_splits_nothing_is_told(tmp_path: Path, role: str, beginning: str) -> None:
    written(tmp_path)
    (message, *_) = told(checked(tmp_path, CONFIG.replace("segments: [origin]", role)))
    assert message.startswith(beginning)


TYPES = [
    (["far"] * N, "text"),
    ([True, False] * (N // 2), "truth values"),
    (ROWS["logged_at"], "times"),
]


@pytest.mark.parametrize(("values", "held"), TYPES)
def test_a_feature_of_another_type_than_in_the_reference_is_told(tmp_path: Path, values: list[Any], held: str) -> None:
    written(tmp_path, logs=but(ROWS, distance=values))
    (message,) = told(checked(tmp_path))
    assert message.startswith(f"warning reference: 'distance' holds numbers here and {held} in the source")


def test_unreadable_times_are_told_with_the_file_that_holds_them(tmp_path: Path) -> None:
    written(tmp_path)
    bad = ["soon"] * 50 + [t.isoformat() for t in ROWS["logged_at"][50:]]
    pq.write_table(pa.table(but(ROWS, logged_at=bad)), tmp_path / "logs" / "b.parquet")
    (found,) = [line for line in told(checked(tmp_path)) if "timestamp" in line]
    assert "50 of 200 values of 'logged_at' in logs/b.parquet cannot be read as times, for example 'soon'" in found


@pytest.mark.parametrize(("tables", "message"), DATA)
def test_data_that_do_not_fit_are_told(tmp_path: Path, tables: dict[str, Any], message: str) -> None:
    written(tmp_path, **tables)
    assert told(checked(tmp_path)) == [message.replace("{folder}", str(tmp_path))]


IDLE = (
    "thresholds: {} is measured for this reference; take it out, or name the columns that it needs; "
    "`monitor detectors` lists what each is of"
)
TEXTS = [
    # a column that nobody has
    (
        "prediction: predicted",
        "prediction: predictd",
        [
            "columns.prediction: no column 'predictd' in the source; did you mean 'predicted'?",
            "columns.prediction: no column 'predictd' in the reference; did you mean 'predicted'?",
        ],
    ),
    # a time that is not there
    ("timestamp: logged_at", "timestamp: time", [f"columns.timestamp: no column 'time' in the source; {KNOWN}"]),
    # something ignored that is not there
    (
        "segments: [origin]",
        "ignore: [orgin]",
        ["columns.ignore: no column 'orgin' in the source; did you mean 'origin'?"],
    ),
    # a threshold of no column
    (
        "psi(distance): 0.2",
        "mean_absolute_error: 4",
        [IDLE.format("mean_absolute_error: no such number")],
    ),
    (
        "psi(distance): 0.2",
        "wasserstein(origin): 4",
        [IDLE.format("wasserstein(origin): nothing of that name")],
    ),
    ("psi(distance): 0.2", "roc_auc: 0.7, volume: off, smooth_test(distance): off, psi(origin): 0.3", []),
    ("psi(distance)", "psi(distanc)", ["thresholds: no column 'distanc' in the source; did you mean 'distance'?"]),
    # a folder that is not there, beside one of a similar name
    (
        "logs/*.parquet",
        "log/*.parquet",
        [
            (
                "source.files: no file matches 'log/*.parquet'; {folder} holds labels/, logs/, "
                "reference.parquet; relative patterns begin in the configuration's folder"
            )
        ],
    ),
    # a folder above that is not there
    (
        "logs/*.parquet",
        "../none/*.parquet",
        [
            (
                "source.files: no file matches '../none/*.parquet'; {above} holds {name}/; relative patterns "
                "begin in the configuration's folder"
            )
        ],
    ),
    # labels of classes that have no score
    (
        "scores: p_delay",
        "scores: {late: p_delay, early: distance}",
        [
            (
                "columns.scores: 'distance' goes from 0 to 199, outside [0, 1]; log probabilities; for a "
                "regression name it as prediction"
            ),
            "columns.scores: the scores p_delay, distance do not sum to 1; is a class missing?",
            (
                "columns.prediction: 'predicted' holds '0', '1', which scores has no class for; the classes are "
                "late, early; write them as the column does, or explain it in columns.meanings"
            ),
            (
                "columns.label: 'delayed' holds '0', '1', which scores has no class for; the classes are late, "
                "early; write them as the column does, or explain it in columns.meanings"
            ),
        ],
    ),
    # a label from nowhere
    (
        '    labels: {files: "labels/*.parquet"}\n',
        "",
        [
            (
                "columns.label: no column 'delayed' in the source, and no source of labels; name the column or "
                "the labels' source; until then performance can only be estimated"
            )
        ],
    ),
]


@pytest.mark.parametrize(("good", "bad", "messages"), TEXTS)
def test_a_configuration_that_does_not_fit_its_data_is_told(
    tmp_path: Path, good: str, bad: str, messages: list[str]
) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    written(folder)
    assert good in CONFIG
    places = {"{folder}": str(folder), "{above}": str(tmp_path), "{name}": "home"}
    for mark, place in places.items():
        messages = [message.replace(mark, place) for message in messages]
    assert [line.partition(" ")[2] for line in told(checked(folder, CONFIG.replace(good, bad)))] == messages


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"PAR1 no more"), lambda path: path.write_bytes(b"")])
def test_files_that_cannot_be_read_are_told(tmp_path: Path, spoil: Callable[[Path], Any]) -> None:
    written(tmp_path)
    spoil(tmp_path / "logs" / "a.parquet")
    (finding,) = checked(tmp_path)
    assert (finding.severity, finding.place) == ("error", "monitor.yaml: models.flights.source")


@pytest.mark.parametrize(("every", "said"), [(2, True), (1, False)])
def test_windows_of_too_few_rows_are_told(tmp_path: Path, every: int, said: bool) -> None:  # noqa: FBT001
    written(tmp_path, logs=ROWS | {"logged_at": [START + timedelta(minutes=every * i) for i in range(N)]})
    found = [one for one in checked(tmp_path, CONFIG) if one.place.endswith(".window")]
    told = (
        "a window holds about 30 rows, fewer than min_rows, 50: several are judged together, and told of with the last"
    )
    assert [(one.severity, one.problem) for one in found] == ([("warning", told)] if said else [])


def test_pushed_records_are_not_looked_for(tmp_path: Path) -> None:
    written(tmp_path)
    assert told(checked(tmp_path, CONFIG.replace('source: {files: "logs/*.parquet"}', "source: {push: true}"))) == []


def test_times_may_be_text_or_seconds_since_1970(tmp_path: Path) -> None:
    for times in ([t.isoformat() for t in ROWS["logged_at"]], [t.timestamp() for t in ROWS["logged_at"]]):
        written(tmp_path, logs=but(ROWS, logged_at=times))
        assert told(checked(tmp_path)) == []


TURNED = but(
    REFERENCE,
    delayed=["late" if i > 0.45 * N else "on time" for i in range(N)],
    predicted=["late", "on time"] * (N // 2),
)
BLOCKED = but(REFERENCE, predicted=["block", "pass"] * (N // 2))


@pytest.mark.parametrize(
    ("reference", "text", "said"),
    [
        (
            TURNED,
            CONFIG.replace("scores: p_delay", "scores: {on time: p_delay}"),
            "warning columns.scores: 'p_delay' is read as the probability of 'on time'",
        ),
        (
            but(REFERENCE, delayed=[int(i < 0.45 * N) for i in range(N)]),
            CONFIG,
            "warning columns.scores: 'p_delay' is read as the probability of '1' and is higher for '0' (ROC AUC 0.00)",
        ),
        (
            BLOCKED,
            CONFIG,
            "warning columns.prediction: 'predicted' holds 'block', 'pass', and 'delayed' '0', '1': no word of both",
        ),
    ],
)
def test_answers_that_are_read_the_wrong_way_are_told(
    tmp_path: Path, reference: dict[str, Any], text: str, said: str
) -> None:
    written(tmp_path, reference=reference)
    assert [one for one in told(checked(tmp_path, text)) if one.startswith(said)]


@pytest.mark.parametrize(("known", "told"), [("phsh", True), ("phish", False), ("dangerous", False)])
def test_a_misspelt_class_of_a_single_score_is_told(known: str, *, told: bool) -> None:
    found = [*positive("scores", pa.chunked_array([["phish", "benign"] * 4]), "verdict", known)]
    said = "'verdict' holds 'benign', 'phish', and scores stands for 'phsh'"
    assert [(one.problem, one.mend) for one in found] == ([(said, "did you mean 'phish'?")] if told else [])


def test_a_score_is_read_as_that_of_the_word_for_which_it_is_high(tmp_path: Path) -> None:
    written(tmp_path, reference=TURNED)
    turned = CONFIG.replace("scores: p_delay", "scores: {on time: p_delay}")
    said = "; if it is that of 'late', write scores: {late: p_delay}"
    assert any(said in one for one in told(checked(tmp_path, turned)))
    for right in (CONFIG, CONFIG.replace("scores: p_delay", "scores: {late: p_delay}")):
        assert not [one for one in told(checked(tmp_path, right)) if "columns.scores" in one]


def test_who_gives_labels_is_looked_for_in_the_records_and_the_labels(tmp_path: Path) -> None:
    people = ["ann", "bob"] * (N // 2)
    named = CONFIG.replace("label: delayed", "label: delayed\n      contributor: checked_by")
    wrong = named.replace("checked_by", "chekced_by")
    said = "error columns.contributor: no column 'chekced_by' in the source, nor where labels come from; did you mean"
    for tables in ({"labels": {**LABELS, "checked_by": people}}, {"logs": {**ROWS, "checked_by": people}}):
        written(tmp_path, **tables)
        assert told(checked(tmp_path, named)) == []
        assert f"{said} 'checked_by'?" in told(checked(tmp_path, wrong))


def test_what_grows_with_each_client_is_told(tmp_path: Path) -> None:
    days, clients = 12, 40
    tenure = [37 * (i % clients) % 900 + i // clients for i in range(days * clients)]
    rows = {name: (values * 4)[: days * clients] for name, values in ROWS.items()}
    rows |= {"request_id": [f"r{i}" for i in range(days * clients)], "who": [f"c{i % clients}" for i in range(480)]}
    rows |= {"logged_at": [START + timedelta(days=i // clients) for i in range(480)]}
    config = CONFIG.replace("      id: request_id", "      id: request_id\n      client: who")
    for name, values, told_of in (("tenure", tenure, 1), ("spent", [i * i % 97 for i in range(480)], 0)):
        written(tmp_path, logs={**rows, name: values}, reference={**REFERENCE, name: values[:N]})
        found = [one for one in told(checked(tmp_path, config)) if f"ignore: '{name}'" in one]
        expected = (
            f"warning columns.ignore: '{name}' grows by about 1 a day with each who: while the same ones come, it "
            "drifts; put it into columns.ignore, or take what is told of it as their ageing"
        )
        assert found == [expected] * told_of


def test_labels_without_an_answer_to_lay_beside_them_are_told(tmp_path: Path) -> None:
    written(tmp_path)
    alone = CONFIG.replace("      prediction: predicted\n      scores: p_delay\n", "")
    (said,) = [one for one in told(checked(tmp_path, alone)) if "columns.prediction" in one]
    assert said.startswith(
        "warning columns.prediction: a label, 'delayed', and no answer of the model to lay beside it"
    )


def test_a_model_of_which_no_answer_is_named_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    config = CONFIG.replace("      prediction: predicted\n      scores: p_delay\n      label: delayed\n", "")
    config = config.replace('    labels: {files: "labels/*.parquet"}\n', "")
    assert (
        "warning columns.prediction: no answer of the model is named, so that only its inputs are watched; "
        "name the prediction or the scores; else no performance"
    ) in told(checked(tmp_path, config))


ABSENT = CONFIG.replace('labels: {files: "labels/*.parquet"}', 'labels: {files: "labels/*.parquet", absent: 0}')


def test_what_absent_labels_stand_for_is_a_label_of_the_reference(tmp_path: Path) -> None:
    written(tmp_path, labels={"request_id": ROWS["request_id"], "delayed": [1] * N})
    with pytest.raises(ConfigErrors, match="without max_delay no label is ever known to be absent"):
        checked(tmp_path, ABSENT)
    timed = ABSENT.replace("absent: 0", "max_delay: 2d, absent: 0")
    assert not [one for one in told(checked(tmp_path, timed)) if "label" in one]
    (said,) = [one for one in told(checked(tmp_path, timed.replace("absent: 0", "absent: none"))) if "label" in one]
    assert said.startswith("error labels.absent: 'none' is no label of the reference, which holds '0', '1'; write")
    (said,) = [one for one in told(checked(tmp_path, timed.replace("absent: 0", "absent: 1"))) if "label" in one]
    assert said.startswith("error labels.absent: all labels that come are 1, too; write what a record is whose")


def test_values_that_strayed_into_numbers_are_told(tmp_path: Path) -> None:
    strayed = but(REFERENCE, distance=["n/a", *(f"{i}.5" for i in range(1, N))])
    written(tmp_path, reference=strayed)
    (said,) = told(checked(tmp_path))
    assert said.startswith("warning reference: 1 of 200 values of 'distance' are no numbers, such as 'n/a'; they count")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["caf\u00e9".encode().decode("latin-1"), *["caf\u00e9"] * (N - 1)], None),
        (["caf\u00e9".encode().decode("latin-1")] * N, "200 of 200 texts of 'note' were read in another encoding"),
        ([[0.0, 0.0]] * 3 + [[0.5, 1.0]] * (N - 3), "3 of 200 vectors of 'note' are of zeros alone; they count as"),
    ],
)
def test_texts_in_another_encoding_and_vectors_of_zeros_are_told(
    tmp_path: Path, values: list[Any], said: str | None
) -> None:
    written(tmp_path, reference=but(REFERENCE, note=values))
    found = [one for one in told(checked(tmp_path)) if "of 'note'" in one]
    assert len(found) == (said is not None)
    assert all(one.startswith(f"warning reference: {said}") for one in found)


def test_counts_that_will_be_taken_for_classes_are_told(tmp_path: Path) -> None:
    counts = [i % 8 for i in range(N)]
    written(tmp_path, reference=but(REFERENCE, predicted=counts, delayed=counts[::-1]))
    (said,) = [
        one for one in told(checked(tmp_path, CONFIG.replace("      scores: p_delay\n", ""))) if "classes" in one
    ]
    assert "'delayed' holds 8 whole numbers, which are taken for classes; where they are amounts or counts" in said


NO_ANSWER = f"warning columns.sensitive: {NEITHER}; {MEND}"
SENSITIVE = CONFIG.replace("segments: [origin]", "sensitive: [origin]").replace("thresholds: {psi(distance): 0.2}", "")
TEXTS = [f"word {i % 9}" for i in range(N)]


@pytest.mark.parametrize(
    ("left_out", "thresholds", "said"),
    [
        # a decision and a score, either of them, and a label
        ("", "", []),
        ("      prediction: predicted\n", "", []),
        ("      prediction: predicted\n      label: delayed\n", "", []),
        # only a label
        ("      prediction: predicted\n      scores: p_delay\n", "", [NO_ANSWER]),
        # what would be compared is off, and there are no labels for the rest
        ("      label: delayed\n", "thresholds: {demographic_parity_difference: off}", [NO_ANSWER]),
        # the user wants none
        ("      label: delayed\n", "thresholds: {bias.stereotyping: off}", []),
    ],
)
def test_sensitive_columns_of_whose_groups_no_alert_can_tell_are_told(
    tmp_path: Path, left_out: str, thresholds: str, said: list[str]
) -> None:
    written(tmp_path)
    text = SENSITIVE
    for line in left_out.splitlines(keepends=True):
        text = text.replace(line, "")
    if "delayed" in left_out:
        text = text.replace('    labels: {files: "labels/*.parquet"}\n', "")
    found = [one for one in told(checked(tmp_path, text + f"    {thresholds}\n")) if "columns.sensitive" in one]
    assert found == said


def test_a_sensitive_column_of_text_is_told(tmp_path: Path) -> None:
    rows = {"logs": but(ROWS, comment=TEXTS), "reference": but(REFERENCE, comment=TEXTS)}
    written(tmp_path, **rows)
    text = SENSITIVE.replace("sensitive: [origin]", "sensitive: [comment]\n      kinds: {comment: text}")
    assert any(
        "groups of 'comment' are treated unequally: it is text of many values" in x
        for x in told(checked(tmp_path, text))
    )


@pytest.mark.parametrize(("window", "told"), [("1h", True), ("6h", True), ("1d", False)])
def test_hours_without_a_reference_are_warned_of(tmp_path: Path, window: str, told: bool) -> None:  # noqa: FBT001
    written(tmp_path)
    text = CONFIG.replace("    reference: {files: reference.parquet}\n", "").replace("1h", window)
    said = [str(finding) for finding in checked(tmp_path, text) if finding.place.endswith(".reference")]
    assert any(f"learned from the first ten windows of {window}" in one for one in said) == told


@pytest.mark.parametrize(
    ("routes", "nobody"),
    [
        ("[]", ""),
        ("[{to: [log]}]", ""),
        ('[{match: {kind: "performance.*"}, to: [log]}, {to: [log]}]', ""),
        ("[{match: {severity: critical}, to: [log]}]", ""),
        ('[{match: {kind: "[!h]*"}, to: [log]}]', "alerts of health go to nobody"),
    ],
)
def test_kinds_of_alerts_that_no_route_takes_are_named(tmp_path: Path, routes: str, nobody: str) -> None:
    written(tmp_path)
    text = CONFIG + f"receivers: {{log: {{log: a.jsonl}}}}\nroutes: {routes}\n"
    found = [one for one in checked(tmp_path, text) if one.place == "monitor.yaml: routes"]
    assert [(one.severity, one.problem) for one in found] == ([("warning", nobody)] if nobody else [])


@pytest.mark.parametrize(
    ("receiver", "web", "told"),
    [
        ("{slack: https://hooks.slack.com/services/a/b/c}", "{}", True),
        ("{webhook: https://alerts.example.com/hook}", "{host: 0.0.0.0, token: 0123456789abcdef}", True),
        ("{slack: https://hooks.slack.com/services/a/b/c}", "{url: https://monitor.example.com}", False),
        ("{webhook: https://alerts.example.com/hook}", "{host: 10.1.2.3, token: 0123456789abcdef}", False),
        ("{webhook: 'http://127.0.0.1:9000/hook', private: true}", "{}", False),
        ("{log: alerts.jsonl}", "{}", False),
    ],
)
def test_links_that_only_this_machine_opens_are_told_where_messages_leave_it(
    tmp_path: Path, receiver: str, web: str, *, told: bool
) -> None:
    written(tmp_path)
    found = checked(tmp_path, CONFIG + f"receivers: {{team: {receiver}}}\nweb: {web}\n")
    assert [one.place for one in found] == (["monitor.yaml: web.url"] if told else [])
    assert all("links in messages to team begin with http://" in one.problem for one in found)


def test_a_reference_without_times_is_warned_of(tmp_path: Path) -> None:
    written(tmp_path)
    rows = pq.read_table(tmp_path / "reference.parquet")
    pq.write_table(rows.drop_columns(["logged_at"]), tmp_path / "reference.parquet")
    (found,) = [line for line in told(checked(tmp_path, CONFIG)) if "reference" in line]
    assert found.startswith("warning reference: the reference has no column 'logged_at': how much one window differs")
    assert found.endswith("give each of its rows the time at which it was seen, as 'logged_at'")
