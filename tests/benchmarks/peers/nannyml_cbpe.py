"""NannyML's CBPE on chunks of rows: `reference` and `analysis` with p, d and y; gives the estimates by metric."""

import json
import sys
from pathlib import Path

import pandas as pd
from nannyml import CBPE

folder = Path(sys.argv[1])
options = json.loads((folder / "options.json").read_text(encoding="utf-8"))
estimator = CBPE(
    metrics=options["metrics"],
    y_pred_proba="p",
    y_pred="d",
    y_true="y",
    problem_type="classification_binary",
    chunk_size=options["size"],
)
estimator.fit(pd.read_parquet(folder / "reference.parquet"))
found = estimator.estimate(pd.read_parquet(folder / "analysis.parquet")).filter(period="analysis").to_df()
print(json.dumps({name: found[name]["value"].tolist() for name in options["metrics"]}))
