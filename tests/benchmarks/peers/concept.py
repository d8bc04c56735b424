"""What a peer says of streams of windows with labels: a score a window that rises with the evidence of a change.

Table `rows`: case, stream, window, score, predicted, label, error; stream -1 is the reference. Option `peer`. Answers
a list with {method: {stream: [score a window]}} a case, empty where the peer has failed. A detector that goes row by
row is run at many thresholds: a window's score is the strictest one at which it has fired within the window.
"""

import json
import math
import sys
import traceback
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd

FLOOR = 1e-300
LEVELS = np.arange(1.0, 12.0, 0.5)
Scores = dict[str, dict[str, list[float]]]


def main() -> None:
    """Read the folder's table and print the answer."""
    folder = Path(sys.argv[1])
    rows = pd.read_parquet(folder / "rows.parquet")
    options = json.loads((folder / "options.json").read_text(encoding="utf-8"))
    print(json.dumps([scored(PEERS[options["peer"]], case) for _, case in rows.groupby("case")]))


def scored(peer: Callable[[pd.DataFrame, pd.DataFrame], Scores], case: pd.DataFrame) -> Scores:
    """Let a peer score a case; one that it cannot score costs it that case alone."""
    try:
        return peer(case[case["stream"] < 0], case[case["stream"] >= 0])
    except Exception:  # noqa: BLE001  # whatever the peer raises
        traceback.print_exc()
        return {}


def windowed(streams: pd.DataFrame, score: Callable[[pd.DataFrame], float]) -> dict[str, list[float]]:
    """Score every window of every stream by itself."""
    found: dict[str, list[float]] = {}
    for (stream, _), window in streams.groupby(["stream", "window"]):
        found.setdefault(str(stream), []).append(score(window))
    return found


def alibi_detect(reference: pd.DataFrame, streams: pd.DataFrame) -> Scores:
    """Fisher's exact test of a window's errors, one-sided."""
    from alibi_detect.cd import FETDrift

    fisher = FETDrift(reference["error"].to_numpy()[:, None], p_val=0.05, alternative="greater")

    def p_of(window: pd.DataFrame) -> float:
        found = fisher.predict(window["error"].to_numpy()[:, None])["data"]["p_val"]
        return surprise(float(np.atleast_1d(found)[0]))

    return {"FETDrift": windowed(streams, p_of)}


def evidently(reference: pd.DataFrame, streams: pd.DataFrame) -> Scores:
    """Its z-test of a window's share of errors, where that has risen."""
    from evidently.legacy.calculations.stattests import z_stat_test
    from evidently.legacy.core import ColumnType

    usual = reference["error"]

    def share(window: pd.DataFrame) -> float:
        if window["error"].mean() <= usual.mean():
            return 0.0
        return surprise(z_stat_test(usual, window["error"], ColumnType.Categorical, 0.05).drift_score)

    return {"z-test": windowed(streams, share)}


def nannyml(reference: pd.DataFrame, streams: pd.DataFrame) -> Scores:
    """Realised accuracy and ROC AUC below the mean of the reference's chunks, in their standard deviations.

    That is how its thresholds are set; three of them by default.
    """
    from nannyml import PerformanceCalculator

    size = int(streams.groupby(["stream", "window"]).size().iloc[0])
    columns = {"y_true": "label", "y_pred": "predicted", "y_pred_proba": "score"}
    metrics = ["accuracy", "roc_auc"]
    calculator = PerformanceCalculator(
        **columns, problem_type="classification_binary", metrics=metrics, chunk_size=size
    ).fit(reference.reset_index(drop=True))
    usual = calculator.result.to_df()
    found = calculator.calculate(streams.reset_index(drop=True)).filter(period="analysis").to_df()
    scores: Scores = {}
    for metric in metrics:
        held, now = usual[(metric, "value")], found[(metric, "value")]
        below = iter(((held.mean() - now) / max(held.std(ddof=1), 1e-9)).fillna(0.0).tolist())
        scores[f"realised {metric}"] = windowed(streams, lambda _, below=below: next(below))
    return scores


def river(reference: pd.DataFrame, streams: pd.DataFrame) -> Scores:
    """ADWIN, DDM, EDDM and Page-Hinkley on the errors row by row, warmed up on the reference's."""
    from river.drift import ADWIN, PageHinkley
    from river.drift.binary import DDM, EDDM

    made: dict[str, Callable[[float], object]] = {
        "ADWIN": lambda level: ADWIN(delta=10.0**-level, grace_period=10, clock=8),
        "DDM": lambda level: DDM(warm_start=30, warning_threshold=level / 4, drift_threshold=level / 2 + 0.5),
        "EDDM": lambda level: EDDM(warm_start=30, alpha=1.0, beta=1 - level / 12),
        "Page-Hinkley": lambda level: PageHinkley(threshold=2.0 ** (level - 1), mode="up"),
    }
    warm = reference["error"].to_numpy()
    return {name: _strictest(make, warm, streams, kind=bool if "DDM" in name else float) for name, make in made.items()}


def _strictest(
    make: Callable[[float], object], warm: np.ndarray, streams: pd.DataFrame, *, kind: type
) -> dict[str, list[float]]:
    """Give the strictest level at which a detector, begun anew in every stream, has fired in each window."""
    scores = {str(stream): [0.0] * int(rows["window"].max() + 1) for stream, rows in streams.groupby("stream")}
    for level in LEVELS.tolist():
        warmed = make(level)
        for error in warm.tolist():
            warmed.update(kind(error))
        for stream, rows in streams.groupby("stream"):
            detector = deepcopy(warmed)
            for error, window in zip(rows["error"].tolist(), rows["window"].tolist(), strict=True):
                detector.update(kind(error))
                if detector.drift_detected:
                    scores[str(stream)][window] = level
    return scores


def surprise(p: float) -> float:
    """Give -log10 of a p-value; 0 where there is none."""
    return 0.0 if math.isnan(p) else -math.log10(max(float(p), FLOOR))


PEERS = {"alibi-detect": alibi_detect, "evidently": evidently, "nannyml": nannyml, "river": river}

if __name__ == "__main__":
    main()
