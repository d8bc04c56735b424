"""`monitor check` tells in one run what is wrong with the configuration and with the data."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.commands.check import check
from monitor.config import ConfigErrors

START = datetime(2024, 5, 1, tzinfo=UTC)
MODEL = """
  {name}:
    source: {{files: "rows.parquet"}}
    reference: {{files: "rows.parquet"}}
    columns: {{timestamp: at, prediction: predicted, label: {label}}}
    window: 1d
"""


def told(folder: Path, *models: str, rest: str = "", capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Give what the check says of these models; a row each 10 min; `moved` only grows."""
    rows = {
        "at": [START + timedelta(minutes=10 * i) for i in range(1000)],
        "moved": list(range(1000)),
        "predicted": [0, 1] * 500,
        "late": [0, 1] * 500,
    }
    pq.write_table(pa.table(rows), folder / "rows.parquet")
    path = folder / "monitor.yaml"
    path.write_text("database: sqlite:///monitor.db\nmodels:" + "".join(models) + rest)
    assert check(path) == 2
    return [line.replace(f"{path}: ", "") for line in capsys.readouterr().err.splitlines()]


GOOD, WRONG = MODEL.format(name="good", label="late"), MODEL.format(name="wrong", label="late")
GROWS = "'moved' grows with time: no window will be like the reference, and drift is told for ever"
NO_WINDOW = "error: models.wrong.window: '1 day' is no window length; write for example 1h, 6h, 1d, 1w or 1mo"


def test_a_mistake_in_one_model_hides_nothing_of_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lacking = GOOD.replace("prediction: predicted", "prediction: predictd")
    found = told(tmp_path, WRONG.replace("window: 1d", "window: 1 day"), lacking, capsys=capsys)
    assert found[0] == NO_WINDOW
    no_column = "error: models.good.columns.prediction: no column 'predictd' in the source; did you mean 'predicted'?"
    assert no_column in found
    assert any(line.startswith(f"warning: models.good.columns.ignore: {GROWS}") for line in found)


def test_a_mistaken_setting_hides_nothing_of_its_own_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(tmp_path, WRONG.replace("window: 1d", "window: 1 day").replace("at,", "att,"), capsys=capsys)
    assert found[:2] == [
        NO_WINDOW,
        "error: models.wrong.columns.timestamp: no column 'att' in the source; did you mean 'at'?",
    ]
    found = told(tmp_path, WRONG.replace("window: 1d", "window: 1 day"), capsys=capsys)
    assert any(line.startswith(f"warning: models.wrong.columns.ignore: {GROWS}") for line in found)


def test_labels_are_looked_for_beside_a_mistake_in_how_late_they_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = 'labels: {files: "lables.parquet", max_delay: soon}\n    columns: {id: moved, '
    late, missing = told(tmp_path, WRONG.replace("columns: {", labels), capsys=capsys)
    assert late.startswith("error: models.wrong.labels.max_delay: 'soon' is no duration; write for example 90s")
    assert missing.startswith("warning: models.wrong.labels.files: no file matches 'lables.parquet'; ")


@pytest.mark.parametrize(
    ("good", "bad", "errors"),
    [
        # a misspelt role: the others are looked for, and the label is not said to be missing
        (
            "prediction: predicted, label: late",
            "prediction: predictd, lable: late",
            [
                "models.wrong.columns: unknown key 'lable'; did you mean 'label'?",
                "models.wrong.columns.prediction: no column 'predictd' in the source; did you mean 'predicted'?",
                "models.wrong.columns.prediction: no column 'predictd' in the reference; did you mean 'predicted'?",
            ],
        ),
        # no role of times: the other roles are looked for, and nothing is said of a time that was not named
        (
            "timestamp: at, prediction: predicted",
            "prediction: predictd",
            [
                "models.wrong.columns: missing key 'timestamp'; write it, as `monitor help configuration` shows",
                "models.wrong.columns.prediction: no column 'predictd' in the source; did you mean 'predicted'?",
                "models.wrong.columns.prediction: no column 'predictd' in the reference; did you mean 'predicted'?",
            ],
        ),
        # a source that cannot be looked for: the reference is
        (
            'source: {files: "rows.parquet"}\n    reference: {files: "rows.parquet"}',
            'source: {file: "rows.parquet"}\n    reference: {files: "row.parquet"}',
            [
                "models.wrong.source: unknown key 'file'; did you mean 'files'?",
                (
                    "models.wrong.reference.files: no file matches 'row.parquet'; {folder} holds monitor.yaml, "
                    "rows.parquet; relative patterns begin in the configuration's folder"
                ),
            ],
        ),
        # a threshold of a column that a misspelt role would have named is not said to be missing
        (
            "label: late}\n",
            "lable: true}\n    thresholds: {psi(true): 0.2}\n",
            ["models.wrong.columns: unknown key 'lable'; did you mean 'label'?"],
        ),
    ],
)
def test_what_is_named_is_looked_for_beside_a_mistake_in_the_same_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: str, bad: str, errors: list[str]
) -> None:
    assert good in WRONG
    found = told(tmp_path, WRONG.replace(good, bad), capsys=capsys)
    assert found == [f"error: {line.format(folder=tmp_path)}" for line in errors]


def test_mistakes_elsewhere_hide_nothing_of_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rest = "receivers: {team: {slac: x}}\nroutes: [{to: [nobody]}]\n"
    found = told(tmp_path, WRONG.replace("at,", "att,"), rest=rest, capsys=capsys)
    assert [line.split(": ")[1] for line in found if line.startswith("error")] == [
        "receivers.team",
        "routes.0.to.0",
        "models.wrong.columns.timestamp",
    ]


def test_a_database_that_is_told_of_already_is_not_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text("database: mysql://db/x\nmodels:" + GOOD)
    assert check(path) == 2
    found = capsys.readouterr().err.splitlines()
    assert [line for line in found if f"{path}: database" in line] == found[:1]
    assert any("models.good.source.files: no file matches" in line for line in found)


def test_a_text_that_is_no_yaml_is_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text("models: [")
    with pytest.raises(ConfigErrors, match="invalid YAML"):
        check(path)
