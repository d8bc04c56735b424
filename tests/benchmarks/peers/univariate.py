"""A peer's univariate tests, as it sets them up by itself: which columns of each window it says have drifted.

Tables: `reference`, and `windows` with their number in the column `window`, all of as many rows. Option: `peer`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

LEVEL = 0.05


def alibi_detect(reference: pd.DataFrame, windows: list[pd.DataFrame]) -> Iterator[list[str]]:
    """Test numbers by Kolmogorov-Smirnov, categories by chi-square, at 0.05, corrected by Bonferroni over columns."""
    from alibi_detect.cd import TabularDrift

    texts = [name for name in reference if not pd.api.types.is_numeric_dtype(reference[name])]
    codes = {name: {value: i for i, value in enumerate(sorted(reference[name].unique()))} for name in texts}

    def coded(frame: pd.DataFrame) -> Any:  # noqa: ANN401
        return frame.assign(**{name: frame[name].map(codes[name]) for name in texts}).to_numpy(dtype="float32")

    places = {list(reference).index(name): len(codes[name]) for name in texts}
    test = TabularDrift(coded(reference), p_val=LEVEL, categories_per_feature=places)
    for window in windows:
        p_values = test.predict(coded(window), drift_type="feature", return_p_val=True)["data"]["p_val"]
        yield [name for name, p in zip(reference, p_values, strict=True) if p < LEVEL / len(p_values)]


def evidently(reference: pd.DataFrame, windows: list[pd.DataFrame]) -> Iterator[list[str]]:
    """Run the preset, with the tests and limits that it chooses by the number of rows."""
    from evidently import Dataset, Report
    from evidently.presets import DataDriftPreset

    before = Dataset.from_pandas(reference)
    for window in windows:
        found = Report([DataDriftPreset()]).run(Dataset.from_pandas(window), before).dict()["metrics"]
        yield [one["config"]["column"] for one in found if "column" in one["config"] and _drifted(one)]


def _drifted(metric: dict[str, Any]) -> bool:
    value, limit = float(metric["value"]), float(metric["config"]["threshold"])
    return value < limit if "p_value" in metric["config"]["method"] else value >= limit


def nannyml(reference: pd.DataFrame, windows: list[pd.DataFrame]) -> Iterator[list[str]]:
    """Run the univariate calculator with its defaults: a distance beyond what the reference's own chunks give."""
    from nannyml import UnivariateDriftCalculator

    names = list(reference)
    made = UnivariateDriftCalculator(column_names=names, chunk_size=len(windows[0])).fit(reference)
    found = made.calculate(pd.concat(windows, ignore_index=True)).filter(period="analysis").to_df()
    for _, row in found.iterrows():
        yield [
            name for name in names if any(bool(row[key]) for key in row.index if key[0] == name and key[-1] == "alert")
        ]


PEERS: dict[str, Callable[..., Iterator[list[str]]]] = {one.__name__: one for one in (alibi_detect, evidently, nannyml)}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "options.json").read_text(encoding="utf-8"))
    before, after = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "windows"))
    parts = [part.drop(columns="window").reset_index(drop=True) for _, part in after.groupby("window")]
    begun = time.perf_counter()
    drifted = list(PEERS[asked["peer"]](before, parts))
    print(json.dumps({"drifted": drifted, "seconds": time.perf_counter() - begun}))
