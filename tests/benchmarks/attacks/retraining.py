"""Does a model resist better once what an attacker sent it is mixed into its training? On scikit-learn's digits.

A client's evasion attack without gradients or scores is logged among honest traffic; `monitor once` and `monitor
export --hard-examples` give its rows with the right labels; models trained with and without them are then attacked
anew, on images that nobody has seen, with the same number of queries. As a control, another one is trained with as
many copies of honest images and noise of the same lengths. `python tests/benchmarks/attacks/retraining.py` runs it.
"""

import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from monitor.commands.export import export
from monitor.commands.passes import once

SEEDS, QUERIES, ATTACKED, NEAR = 5, 200, 60, 12.0
PIXELS = [f"p{i:02}" for i in range(64)]
CONFIG = """
database: sqlite:///monitor.db
models:
  digits:
    source: {files: "log.parquet"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: id, client: key, prediction: said, label: digit}
    window: 1d
"""


@dataclass(frozen=True)
class Images:
    """Pixels (rows, 64) from 0 to 16, and what they show."""

    pixels: np.ndarray
    digits: np.ndarray

    def __getitem__(self, places: np.ndarray | slice) -> "Images":
        return Images(self.pixels[places], self.digits[places])

    def __add__(self, other: "Images") -> "Images":
        return Images(np.vstack([self.pixels, other.pixels]), np.concatenate([self.digits, other.digits]))


def walk(model: MLPClassifier, images: Images, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Walk at random along each image's boundary towards it, from a noisy copy with another answer.

    Gives the distance (images,) from each image of the nearest row with a wrong answer, infinite where none was found,
    and the queries (QUERIES, images, 64). Noise grows until the answer changes; then each step tries a point a little
    nearer, moved sideways, and is taken back where the answer is right.
    """
    start, shape = images.pixels, images.pixels.shape
    best, reach = np.full(len(start), np.inf), np.full(len(start), 4.0)
    place, asked, step = start.copy(), [], np.full(len(start), 0.3)
    for _ in range(QUERIES):
        noise = rng.standard_normal(shape)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        found = np.isfinite(best)
        away = np.where(found, best, 0.0)[:, None]
        nearer = start + 0.97 * (place - start) + step[:, None] * away * noise
        tried = np.clip(np.where(found[:, None], nearer, start + reach[:, None] * noise), 0, 16).round(1)
        asked.append(tried)
        distance = np.linalg.norm(tried - start, axis=1)
        better = (model.predict(tried) != images.digits) & (distance < best)
        place[better], best[better] = tried[better], distance[better]
        step = np.clip(np.where(better, step * 1.1, step * 0.97), 0.02, 0.5)
        reach = np.where(found, reach, np.minimum(reach * 1.1, 60))
    return best, np.array(asked)


def trained(images: Images, seed: int) -> MLPClassifier:
    """Train a small network."""
    return MLPClassifier((64,), max_iter=400, random_state=seed).fit(images.pixels, images.digits)


def table(images: Images, said: np.ndarray, keys: np.ndarray, day: int, hours: np.ndarray) -> pa.Table:
    """Give records."""
    at = np.datetime64("2026-03-01", "us") + np.int64(day) * 86_400_000_000 + (hours * 3.6e9).astype(np.int64)
    names = {"at": pa.array(at, pa.timestamp("us", "UTC")), "key": keys.tolist(), "said": said, "digit": images.digits}
    ids = {"id": [f"{day}-{key}-{i}" for i, key in enumerate(keys)]}
    return pa.table(ids | names | dict(zip(PIXELS, images.pixels.T, strict=True)))


def hard_examples(folder: Path, model: MLPClassifier, known: Images, honest: Images, attack: Images) -> Images:
    """Log honest rows and an attack, and give what monitor exports of it."""
    rng = np.random.default_rng(0)

    def logged(images: Images, keys: np.ndarray, day: int) -> pa.Table:
        hours = np.linspace(0, 23.9, len(images.digits))
        return table(images, model.predict(images.pixels), keys, day, hours)

    def clients(images: Images) -> np.ndarray:
        return np.array([f"client-{k}" for k in rng.integers(0, 20, len(images.digits))])

    pq.write_table(logged(known, clients(known), -10), folder / "reference.parquet")
    parts = [logged(honest, clients(honest), day) for day in range(3)]
    parts.append(logged(attack, np.repeat("mallory", len(attack.digits)), 1))
    pq.write_table(pa.concat_tables(parts).sort_by("at"), folder / "log.parquet")
    (folder / "monitor.yaml").write_text(CONFIG)
    with redirect_stdout(StringIO()):
        once(folder / "monitor.yaml")
        export(folder / "monitor.yaml", "digits", folder / "hard.parquet", what="hard examples")
    rows = pq.read_table(folder / "hard.parquet")
    print(f"  exported {rows.num_rows:,} rows of {sorted(set(rows['key'].to_pylist()))}")
    return Images(np.column_stack([rows[name] for name in PIXELS]), np.array(rows["digit"]))


def right(model: MLPClassifier, images: Images) -> Images:
    """Give the images that a model answers rightly, as many as are attacked."""
    return images[np.flatnonzero(model.predict(images.pixels) == images.digits)[:ATTACKED]]


def blurred(images: Images, far: np.ndarray, rng: np.random.Generator) -> Images:
    """Give copies of images with noise of these lengths: what could be had without an attacker."""
    copies = images[rng.integers(0, len(images.digits), len(far))]
    noise = rng.standard_normal(copies.pixels.shape)
    noise *= far[:, None] / np.linalg.norm(noise, axis=1, keepdims=True)
    return Images(np.clip(copies.pixels + noise, 0, 16), copies.digits)


def trial(seed: int) -> dict[str, tuple[float, float, float]]:
    """Give (success rate, median distance, accuracy) of an attack on each of five models."""
    rng = np.random.default_rng(seed)
    digits = load_digits()
    whole = Images(digits.data, digits.target)[rng.permutation(len(digits.target))]
    known, honest, unseen = whole[:800], whole[800:1200], whole[1200:]
    first = trained(known, seed)
    victims = right(first, honest)
    _, asked = walk(first, victims, rng)
    attack = Images(asked.transpose(1, 0, 2).reshape(-1, 64), np.repeat(victims.digits, QUERIES))
    with tempfile.TemporaryDirectory() as folder:
        hard = hard_examples(Path(folder), first, known, honest, attack)
    far = rng.permutation(np.linalg.norm(attack.pixels - np.repeat(victims.pixels, QUERIES, axis=0), axis=1))
    noisy = blurred(honest, far[: len(hard.digits)], rng)
    models = {
        "as it was": first,
        "with the honest rows of the log": trained(known + honest, seed),
        "and as many noisy copies": trained(known + honest + noisy, seed),
        "and the hard examples instead": trained(known + honest + hard, seed),
        "and both": trained(known + honest + noisy + hard, seed),
    }
    found = {}
    for name, model in models.items():
        distance, _ = walk(model, right(model, unseen), np.random.default_rng(1000 + seed))
        accuracy = float(np.mean(model.predict(unseen.pixels) == unseen.digits))
        found[name] = float(np.mean(distance <= NEAR)), float(np.median(distance)), accuracy
        print(f"  {name:<32} {found[name][0]:7.0%} {found[name][1]:9.1f} {accuracy:9.1%}", flush=True)
    return found


def main() -> None:
    """Print each seed's figures and their means."""
    print(f"attack: {QUERIES} queries an image; evaded: wrong answer within a distance of {NEAR:g}")
    print("  model                             evaded  distance  accuracy")
    trials = []
    for seed in range(SEEDS):
        print(f"seed {seed}")
        trials.append(trial(seed))
    print("mean")
    for name in trials[0]:
        rate, distance, accuracy = np.mean([one[name] for one in trials], axis=0)
        print(f"  {name:<32} {rate:7.0%} {distance:9.1f} {accuracy:9.1%}")


if __name__ == "__main__":
    main()
