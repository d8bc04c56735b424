"""Real rows with a trained model's scores and labels, twenty features wide, in no order: all alarms are false."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRAINED = 8_000
BESIDE = ("car_value", "salary_range", "debt_to_income_ratio", "loan_length", "size_of_downpayment", "driver_tenure")


def people(adult: Path, loans: Path | None, *, seed: int) -> pa.Table:
    """Give the rows that the model was not trained on, shuffled; columns `score`, `predicted` and `label` come last.

    adult: the census file, fourteen features. loans: another file of which six columns are set beside these, row by
    row as they come, so that there are twenty; they have nothing to do with the score.
    """
    rng = np.random.default_rng(seed)
    rows = pq.read_table(adult).drop_columns(["part"])
    rows = rows.take(pa.array(rng.permutation(rows.num_rows)))
    label = np.array([value.startswith(">") for value in rows["income"].to_pylist()], dtype=np.int64)
    features = _numbers(rows.drop_columns(["income"]))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(features[:TRAINED], label[:TRAINED])
    score = model.predict_proba(features)[:, 1]
    rows = rows.drop_columns(["income"])
    if loans:
        other = pq.read_table(loans, columns=list(BESIDE))
        other = other.take(pa.array(rng.permutation(other.num_rows)[: rows.num_rows]))
        for name in BESIDE:
            rows = rows.append_column(name, other[name])
    ends = {"score": score, "predicted": (score >= 0.5).astype(np.int64), "label": label}
    for name, values in ends.items():
        rows = rows.append_column(name, pa.array(values))
    return rows.slice(TRAINED)


def _numbers(rows: pa.Table) -> np.ndarray:
    frame = rows.to_pandas()
    for name in frame.columns:
        if frame[name].dtype.kind not in "if":
            frame[name] = frame[name].map(frame[name].value_counts())
    return frame.to_numpy(dtype=float)
