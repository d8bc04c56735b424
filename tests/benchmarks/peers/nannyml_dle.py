"""NannyML's DLE on chunks of rows: `reference` and `analysis` with features, prediction d and label y; by metric."""

import json
import sys
from pathlib import Path

import pandas as pd
from nannyml import DLE

folder = Path(sys.argv[1])
options = json.loads((folder / "options.json").read_text(encoding="utf-8"))
reference, analysis = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "analysis"))
estimator = DLE(
    feature_column_names=[name for name in reference.columns if name not in ("d", "y")],
    y_pred="d",
    y_true="y",
    metrics=["mae", "rmse"],
    chunk_size=options["size"],
)
estimator.fit(reference)
found = estimator.estimate(analysis).filter(period="analysis").to_df()
print(json.dumps({name: found[name]["value"].tolist() for name in ("mae", "rmse")}))
