"""Evidently's report of a window against its reference, made in a child process.

Evidently takes ten seconds and a gigabyte to import; neither is the service's to spend.
"""

import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.errors import MonitorError
from monitor.profiles.arrow import task_of
from monitor.profiles.reading import type_of
from monitor.types import Roles

if TYPE_CHECKING:
    import pandas as pd

INSTALL = "install it with `pip install 'evidently>=0.7,<0.8' 'pandas<3.1'`"
# Evidently's own logger looks for the first name, the library below it for the second.
QUIET = {"DO_NOT_TRACK": "1", "ITERATIVE_DO_NOT_TRACK": "1"}
MAX_SCORES = 50
LIKE_LESS = "\u2039"
"""A single angle quotation mark, which looks like the sign that begins a tag."""
MAX_VALUES = 200
"""Evidently's time grows with every value of a category, to hours for texts."""


def write_report(
    reference: pa.Table, current: pa.Table, *, roles: Roles, out: Path, timeout: timedelta = timedelta(minutes=5)
) -> None:
    """Write an HTML page that lays `current` beside `reference`, with quality of classification where labels exist.

    Raises MonitorError when Evidently is missing, broken or not done in time, or there are no rows.
    """
    if not reference.num_rows or not current.num_rows:
        raise MonitorError("a report needs rows on both sides; choose a window that has some")
    with tempfile.TemporaryDirectory(prefix="monitor-report-") as name:
        folder = Path(name)
        pq.write_table(reference, folder / "reference.parquet")
        pq.write_table(current, folder / "current.parquet")
        (folder / "roles.json").write_text(json.dumps(_told(roles, reference, current)), encoding="utf-8")
        _run(folder, timeout)
        made = folder / "report.html"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(made.read_bytes())


def _told(roles: Roles, reference: pa.Table, current: pa.Table) -> dict[str, Any]:
    """Say which columns take part and how; those that only name rows do not."""
    shared = [c for c in reference.column_names if c in current.column_names]
    aside = aside_of(roles)
    label = roles.label if roles.label and roles.label in shared and _filled(reference, current, roles.label) else None
    numbers = {c for c in shared if pa.types.is_integer(reference[c].type) or pa.types.is_floating(reference[c].type)}
    measured = task_of(reference, roles) == "regression"
    classes = set() if measured else {roles.prediction, roles.label}
    texts = {c for c, kind in roles.kinds.items() if kind == "categorical"} | classes
    scored = [c for c in roles.scores if c in shared][:MAX_SCORES]
    columns = [c for c in shared if c not in aside and (c != roles.label or label)]
    return {
        "numeric": [c for c in columns if c in numbers and (c not in texts or c in scored)],
        "categorical": [c for c in columns if c not in numbers or (c in texts and c not in scored)],
        "label": label,
        "prediction": roles.prediction if roles.prediction in shared else None,
        "scores": scored,
        "classes": list(roles.classes),
        "measured": measured,
    }


def aside_of(roles: Roles) -> set[str | None]:
    """Name the columns that take no part."""
    return {roles.timestamp, roles.id, roles.client, roles.contributor, *roles.ignore}


def too_many_values(reference: pa.Table, current: pa.Table, roles: Roles) -> set[str]:
    """Name the texts, lists and categories of more than 200 values, which Evidently would take hours for."""
    return {
        name
        for rows in (reference, current)
        for name in rows.column_names
        if name not in aside_of(roles) and _varied(rows[name], roles.kinds.get(name))
    }


def _varied(column: pa.ChunkedArray, kind: str | None) -> bool:
    if type_of(column.type) == "other" or kind in ("text", "vector"):
        return True
    named = kind == "categorical" or type_of(column.type) in ("text", "time")
    values = column.unify_dictionaries().cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    return named and int(pc.count_distinct(values).as_py()) > MAX_VALUES


def _filled(reference: pa.Table, current: pa.Table, label: str) -> bool:
    return all(table[label].null_count < table.num_rows for table in (reference, current))


def _run(folder: Path, timeout: timedelta) -> None:
    command = [sys.executable, "-m", "monitor.render.deep_report", str(folder)]
    # Evidently keeps a made-up user id in the home folder even when it sends nothing; here it has none to keep.
    environment = os.environ | QUIET | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter and module
            command, env=environment, capture_output=True, timeout=timeout.total_seconds(), check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MonitorError(f"the report was not done in {timeout}; choose a shorter window") from error
    if done.returncode or not (folder / "report.html").is_file():
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        mend = f"; {INSTALL}" if "ModuleNotFoundError" in last or "ImportError" in last else ""
        raise MonitorError(f"Evidently made no report: {last or done.returncode}{mend}")


def _make(folder: Path) -> None:
    import pandas as pd  # noqa: PLC0415  # only the child needs it

    roles = (folder / "roles.json").read_text(encoding="utf-8")
    told, named = json.loads(harmless(roles)), json.loads(roles)
    columns = named["numeric"] + named["categorical"]
    frames = [pd.read_parquet(folder / f"{name}.parquet")[columns] for name in ("current", "reference")]
    frames = [_readable(frame.rename(columns=harmless), told) for frame in frames]
    report = _report(frames, told)
    (folder / "report.html").write_text(report, encoding="utf-8")


def _readable(frame: "pd.DataFrame", told: dict[str, Any]) -> "pd.DataFrame":
    """Give numbers as floats and everything else as text, as Evidently wants them."""
    numbers = {column: frame[column].astype("float64") for column in told["numeric"]}
    texts = {column: frame[column].astype(object).map(_text).astype(object) for column in told["categorical"]}
    return frame.assign(**numbers, **texts)


def _text(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124  # only what is no number differs from itself
        return None
    return str(int(value)) if isinstance(value, float | bool) and value == int(value) else harmless(str(value))


def harmless(text: str) -> str:
    """Give a text that ends no script and begins no tag: Evidently writes names and values as they are."""
    return text.replace("<", LIKE_LESS)


def _report(frames: "list[pd.DataFrame]", told: dict[str, Any]) -> str:
    from evidently import DataDefinition, Dataset, Report  # type: ignore[import-untyped]  # noqa: PLC0415  # only the child
    from evidently.presets import (  # type: ignore[import-untyped]  # noqa: PLC0415  # as above
        ClassificationPreset,
        DataDriftPreset,
        DataSummaryPreset,
        RegressionPreset,
    )

    task, error = _task(frames, told), _error(told)
    if task is not None or error is not None:
        frames = [frame[frame[told["label"]].notna()].reset_index(drop=True) for frame in frames]
    presets = [DataDriftPreset(), DataSummaryPreset()]
    presets += [ClassificationPreset()] * (task is not None) + [RegressionPreset()] * (error is not None)
    definition = DataDefinition(
        numerical_columns=told["numeric"],
        categorical_columns=told["categorical"],
        classification=None if task is None else [task],
        regression=None if error is None else [error],
    )
    current, reference = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    return str(Report(presets).run(current, reference).get_html_str(as_iframe=False))


def _error(told: dict[str, Any]) -> Any:  # noqa: ANN401  # Evidently is untyped
    from evidently import Regression  # noqa: PLC0415  # as above

    both = {told["label"], told["prediction"]} <= set(told["numeric"])
    return Regression(target=told["label"], prediction=told["prediction"]) if told["measured"] and both else None


def _task(frames: "list[pd.DataFrame]", told: dict[str, Any]) -> Any:  # noqa: ANN401  # Evidently is untyped
    """Say what is classified; None where nothing is, or where it cannot be told from these columns."""
    from evidently import BinaryClassification, MulticlassClassification  # noqa: PLC0415  # as above

    label, prediction = told["label"], told["prediction"]
    if label not in told["categorical"]:
        return None
    current, reference = (sorted(frame[label].dropna().unique()) for frame in frames)
    prediction = prediction if prediction in told["categorical"] else None
    if len(reference) > 2:  # two classes are the binary case
        return MulticlassClassification(target=label, prediction_labels=prediction) if prediction else None
    score = told["scores"][0] if len(told["scores"]) == 1 else None
    if current != reference or len(current) < 2 or not (score or prediction):  # as above
        return None
    positive = told["classes"][0] if score and told["classes"] else current[1]
    return BinaryClassification(target=label, prediction_labels=prediction, prediction_probas=score, pos_label=positive)


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
