"""How soon changes of concept are told, labels being there: beside peers at one measured rate of false alarms.

Each case: a model is trained on rows of the concept before a change; the next rows are the reference; windows follow
that reach past the change. Labels stand in the records. The stationary part, shuffled into streams in which nothing
changes, sets every method's threshold so that one alarm begins in a hundred windows; then the delay to each change is
counted in rows, up to the end of the window in which the alarm begins. Every method reads the same answers and
labels, and no more: what the columns show by themselves is not asked here. Where errors come in runs, as those of
half-hours do, rows are shuffled by whole windows: among single rows in chance order nothing looks like a run, so that
a method which alarms at any is given a threshold that would let it alarm every few windows of the real calm.

Delays of one window are the least that can be seen: methods that share them are not told apart. With --quick there are
100 calm windows, in which the rate allows one alarm: thresholds are rough then.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from figure import Figure, skipped
from judging import judged_rows, watch_with

from monitor.config import Model
from monitor.detectors import ALL
from monitor.profiles.arrow import profile_table
from monitor.steps.measure import waits_for_labels
from monitor.steps.reference import profiled_reference
from quality import Bench
from quality.budget import settings_of, timed

RATE, CALM, LED = 0.01, 50, 10
OURS = "performance and concept"
KINDS = ("performance.realised", "drift.concept", "bias.temporal")
TELLING = {one.name: one for one in ALL if one.armed and one.kind in KINDS and waits_for_labels(one.kind, one.name)}
"""What alerts by itself about labels: each metric of a window, labels at equal scores, and `ageing` over windows."""
PEERS = ("alibi-detect", "evidently", "nannyml", "river")
WHAT = "delay to a change of concept"
OUTPUTS = {"prediction": "predicted", "scores": "score", "label": "label"}
Streams = dict[str, list[float]]
Scores = dict[str, Streams]


@dataclass(frozen=True)
class Data:
    """A stream in its order, with the places of its changes.

    trained, reference, calm: rows of the old concept ahead of a change that are trained on, are the reference, and
    make the streams without a change. after: rows looked at from the change on. window: rows of one. series: errors
    come in runs, so that rows are drawn by whole windows in their order; single rows would make calm streams calmer
    than any that is met, and flatter methods that alarm at a run.
    draws: of the rows that train and that are the reference, before every change.
    """

    name: str
    file: str
    changes: tuple[int, ...]
    trained: int
    reference: int
    calm: int
    after: int
    window: int = 100
    series: bool = False
    draws: int = 3


DATA = (
    Data("sine, abrupt", "sine_0123_abrupto", (10_000, 20_000, 30_000), 2_000, 4_000, 3_000, 1_500),
    Data("sine, gradual", "sine_0123_gradual", (9_500, 20_000, 30_500), 2_000, 4_000, 3_000, 1_500),
    Data("mixed, abrupt", "mixed_0101_abrupto", (10_000, 20_000, 30_000), 2_000, 4_000, 3_000, 1_500),
    Data("mixed, gradual", "mixed_0101_gradual", (9_500, 20_000, 30_500), 2_000, 4_000, 3_000, 1_500),
    Data("usenet", "usenet1", (300, 600, 900, 1_200), 100, 100, 100, 300, window=50),
    # No one has labelled its changes: here, the day on which the transfer to Victoria begins to vary, 2 May 1997.
    Data("electricity", "elec2", (0,), 4_032, 8_064, 3_696, 9_000, window=336, series=True, draws=12),
)
FOLDERS = {"usenet1": "usenet/usenet1.csv.gz", "elec2": "elec2/elec2.parquet"}


def figures(bench: Bench) -> Iterator[Figure]:
    """Measure the median delay of ours and of every peer on each data set; the best peer's is the target."""
    shown: dict[Data, list[Shown]] = {}
    for data in DATA:
        place = bench.file(FOLDERS.get(data.file, f"harvard_synthetic_drift/{data.file}.parquet"))
        if place is None:
            yield skipped(f"{WHAT}, {data.name}", "needs --data")
        else:
            shown[data] = list(shown_of(data, place, quick=bench.quick))
    peers = peers_scores(bench, [one for several in shown.values() for one in several])
    for data, several in shown.items():
        said = {peer: [next(scores, {}) for _ in several] for peer, scores in peers.items()}
        yield figure(data, [{OURS: ours(data, one)} for one in several], said)


def figure(data: Data, own: Sequence[Scores], said: Mapping[str, Sequence[Scores]]) -> Figure:
    """Lay the median of our delays beside the peers', whose best is the target; means part those of equal medians."""
    told = {
        f"{peer} {name}": delays_of([one[name] for one in scores], data)
        for peer, scores in said.items()
        for name in scores[0]
        if all(name in one for one in scores)
    }
    mine = delays_of([one[OURS] for one in own], data)
    medians = {name: float(np.median(delays)) for name, delays in told.items()}
    how = [f"{len(own)} changes, mean {np.mean(mine):,.0f}", f"windows of {data.window} rows"]
    order = sorted(medians, key=lambda name: (medians[name], np.mean(told[name])))
    how += [f"{name} {medians[name]:,.0f} (mean {np.mean(told[name]):,.0f})" for name in order]
    how += [f"left out: {peer}" for peer, scores in said.items() if not all(scores)]
    best = min(medians.values(), default=None)
    return Figure(f"{WHAT}, {data.name}", float(np.median(mine)), "rows", "; ".join(how), at_most=best)


@dataclass(frozen=True, eq=False)
class Case:
    """Rows with what the model said of them: the reference, the calm before the change, and what follows."""

    reference: pd.DataFrame
    calm: pd.DataFrame
    after: pd.DataFrame


def cases_of(data: Data, place: Path, *, seeds: int) -> Iterator[Case]:
    """Train a model before every change, and let it answer the rows up to and behind it."""
    from sklearn.ensemble import RandomForestClassifier

    rows, changes = read(data, place)
    for change in changes:
        first = max(change - data.trained - data.reference - data.calm, 0)
        before = rows.iloc[first:change]
        for seed in range(seeds):
            # Which rows train and which are the reference is drawn; the concept is the same in all of them.
            order = permuted(len(before), data.window if data.series else 1, np.random.default_rng([seed, change]))
            train, reference, calm = np.split(order, [data.trained, data.trained + data.reference])
            model = RandomForestClassifier(60, min_samples_leaf=5, random_state=seed, n_jobs=1)
            model.fit(before.iloc[train].drop(columns="label"), before.iloc[train]["label"])
            after = rows.iloc[change : change + data.after]
            yield Case(*(answered(model, part) for part in (before.iloc[reference], before.iloc[calm], after)))


def permuted(rows: int, together: int, rng: np.random.Generator) -> np.ndarray:
    """Draw an order of rows, so many of which stay together as they are; what is left over is left out."""
    pieces = rng.permutation(rows // together)
    return np.asarray((pieces[:, None] * together + np.arange(together)).ravel())


def read(data: Data, place: Path) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Give the features and the label in order, and where the concept changes."""
    if place.suffix == ".gz":
        rows = pd.read_csv(place)
        return rows.rename(columns={rows.columns[-1]: "label"}), data.changes
    rows = pd.read_parquet(place).rename(columns={"class": "label"}).drop(columns="ts_nominal", errors="ignore")
    rows["label"] = rows["label"].astype(int)
    if data.file != "elec2":
        return rows, data.changes
    still = rows["transfer"].eq(rows["transfer"].iloc[0])
    return rows, (int(np.flatnonzero(~still.to_numpy())[0]),)


def answered(model: Any, rows: pd.DataFrame) -> pd.DataFrame:  # noqa: ANN401  # a classifier
    """Give the model's score, its decision, the label, and whether the decision was wrong."""
    score = model.predict_proba(rows.drop(columns="label"))[:, 1]
    predicted = (score >= 0.5).astype(int)
    label = rows["label"].to_numpy()
    error = (predicted != label).astype(float)
    return pd.DataFrame({"score": score, "predicted": predicted, "label": label, "error": error})


@dataclass(frozen=True, eq=False)
class Shown:
    """What every method is shown in one case: the reference, and streams of which only the last one changes."""

    reference: pd.DataFrame
    streams: tuple[pd.DataFrame, ...]


def shown_of(data: Data, place: Path, *, quick: bool) -> Iterator[Shown]:
    """Give the streams of every case: some 100 calm windows for the thresholds when quick, else some 2,000."""
    cases = list(cases_of(data, place, seeds=1 if quick else data.draws))
    for number, case in enumerate(cases):
        rng = np.random.default_rng(number)
        windows = CALM // len(cases) * 2 if quick else CALM
        together = data.window if data.series else 1
        calm = [
            shuffled(case.calm, data.window, rng, windows=windows, together=together)
            for _ in range(1 if quick else -(-40 // len(cases)))
        ]
        led = shuffled(case.calm, data.window, rng, windows=LED, together=together)
        yield Shown(case.reference, (*calm, pd.concat([led, windows_of(case.after, data.window, first=LED)])))


def shuffled(
    rows: pd.DataFrame, size: int, rng: np.random.Generator, *, windows: int = CALM, together: int = 1
) -> pd.DataFrame:
    """Draw windows from rows in which nothing changes, with replacement, so many rows at a time as they stand."""
    first = rng.integers(len(rows) // together, size=size * windows // together) * together
    return windows_of(rows.iloc[(first[:, None] + np.arange(together)).ravel()], size)


def windows_of(rows: pd.DataFrame, size: int, *, first: int = 0) -> pd.DataFrame:
    """Cut rows into whole windows, numbered in their order."""
    whole = rows.iloc[: len(rows) // size * size]
    return whole.assign(window=first + np.arange(len(whole)) // size)


def delays_of(found: Sequence[Streams], data: Data) -> list[float]:
    """Set the threshold on the calm streams, and give the delay on the last stream of every case."""
    calm = [scores for one in found for scores in list(one.values())[:-1]]
    limit = threshold(calm)
    return [delay(list(one.values())[-1][LED:], limit, data) for one in found]


def threshold(calm: Sequence[Sequence[float]]) -> float:
    """Give the lowest score at which alarms, one a stream at most, begin in at most one of a hundred windows."""
    levels = sorted({max(scores) for scores in calm})
    for level in (0.0, *levels):
        firsts = [next((i for i, score in enumerate(scores) if score > level), None) for scores in calm]
        looked = sum(len(s) if first is None else first + 1 for s, first in zip(calm, firsts, strict=True))
        if sum(first is not None for first in firsts) <= RATE * looked:
            return level
    return levels[-1]


def delay(scores: Sequence[float], limit: float, data: Data) -> float:
    """Count the rows from the change to the end of the window that tells it."""
    first = next((i for i, score in enumerate(scores) if score > limit), None)
    return float(data.after + data.window if first is None else (first + 1) * data.window)


def peers_scores(bench: Bench, cases: Sequence[Shown]) -> dict[str, Iterator[Scores]]:
    """Give each peer's scores by method, case after case; of a peer that cannot be run, nothing."""
    columns = ["case", "stream", "window", "score", "predicted", "label", "error"]
    parts = [
        part.assign(case=number, stream=stream)
        for number, one in enumerate(cases)
        for stream, part in enumerate([one.reference.assign(window=-1), *one.streams], start=-1)
    ]
    found: dict[str, Iterator[Scores]] = {}
    for peer in PEERS if parts else ():
        try:
            rows = pd.concat([part[columns] for part in parts], ignore_index=True)
            found[peer] = iter(bench.peer(peer, "concept", tables={"rows": rows}, peer=peer))
        except RuntimeError as error:
            print(f"{peer} is left out: {error}", file=sys.stderr)
            found[peer] = iter(())
    return found


def ours(data: Data, case: Shown) -> Streams:
    """Run the service's judging of each stream: the smallest p-value is the score, of what alerts by itself."""
    settings = settings_of(OUTPUTS)
    known = profiled_reference(timed(table(case.reference), data.window), watch_with(settings))
    return {str(i): scores_of(settings, known, one) for i, one in enumerate(case.streams)}


def scores_of(settings: Model, known: Mapping[str, Any], stream: pd.DataFrame) -> list[float]:
    """Give -log10 of each window's smallest p-value among those whose effect is worth telling."""
    profiles = [profile_table(table(rows), known[""].layout) for _, rows in stream.groupby("window")]
    evidence = defaultdict[object, float](float)
    for row in judged_rows(settings, known, profiles):
        least = TELLING[row["detector"]].min_effect if row["detector"] in TELLING else math.inf
        told = row["p_value"] is not None and abs(row["effect"] or 0.0) >= (least or 0.0)
        own = -math.log10(max(row["p_value"], 1e-300)) if told else 0.0
        evidence[row["window_end"]] = max(evidence[row["window_end"]], own)
    return [*evidence.values()]


def table(rows: pd.DataFrame) -> pa.Table:
    """Give what the service is shown: no column but these."""
    return pa.Table.from_pandas(rows[list(OUTPUTS.values())], preserve_index=False)
