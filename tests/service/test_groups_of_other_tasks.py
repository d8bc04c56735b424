"""Groups of a regression and of a model with several classes: who is told of, with what counts, and when nobody is."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from monitor.commands.doctor import Sign, groups_signs, untold_signs
from monitor.config import Model, load
from monitor.pipeline import once
from monitor.setup.untold import MEND, NEITHER
from monitor.steps.groups import standing_gaps
from monitor.steps.reference import References
from monitor.store.references import WHOLE, read_reference
from monitor.store.schema import alert, measurement
from monitor.wiring import opened
from tests.service.scene import START, times

DAYS, A_DAY, CHANGE = 8, 600, 5
BEFORE = 20
CONFIG = """
database: sqlite:///monitor.db
models:
  m:
    source: {{files: logs.parquet}}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, {roles}sensitive: [region]}}
    window: 1d
"""
ANSWER, LABEL = "prediction: guess, ", "label: truth, "
Table = dict[str, Any]
Spoil = Callable[[Table, np.ndarray, np.random.Generator], Any]


def made(kind: str, seed: int, first: int, days: int) -> Table:
    """Give `first` days on: prices and guesses of them, or animals and what they are taken for, in three regions."""
    rng, size = np.random.default_rng(seed), days * A_DAY
    if kind == "prices":
        truth = rng.lognormal(4.5, 0.4, size)
        guess = truth + rng.normal(0, 6, size)
    else:
        truth = rng.choice(["cat", "dog", "bird"], size)
        guess = np.where(rng.random(size) < 0.85, truth, rng.choice(["cat", "dog", "bird"], size))
    region = rng.choice(["north", "south", "west"], size)
    ids = [f"{seed}-{n}" for n in range(size)]
    return {"at": times(first, days, a_day=A_DAY), "id": ids, "region": region, "guess": guess, "truth": truth}


class World:
    """One pass over a log that is spoiled from some day on, and what is in the store then."""

    def __init__(self, folder: Path, kind: str, *, roles: str = ANSWER + LABEL, spoil: Spoil | None = None) -> None:
        log = made(kind, 2, 0, DAYS)
        if spoil is not None:
            late = np.repeat(np.arange(DAYS), A_DAY) >= CHANGE
            spoil(log, late & (log["region"] == "south"), np.random.default_rng(3))
        pq.write_table(pa.table(made(kind, 1, -BEFORE, BEFORE)), folder / "reference.parquet")
        pq.write_table(pa.table(log), folder / "logs.parquet")
        config = load(CONFIG.format(roles=roles), place="monitor.yaml", environ={}, read=str)
        self.monitor = opened(config, root=folder)
        done = once(self.monitor, clock=lambda: START + timedelta(days=DAYS + 3), rng=Random(1))
        assert not done.problems

    def alerts(self) -> dict[str, dict[str, Any]]:
        with self.monitor.database.read() as connection:
            chosen = select(alert).where(alert.c.state == "firing", alert.c.kind == "bias.stereotyping")
            return {row["detector"]: dict(row) for row in connection.execute(chosen).mappings()}

    def outcomes(self, detector: str) -> list[str]:
        with self.monitor.database.read() as connection:
            chosen = select(measurement.c.outcome).where(
                measurement.c.detector == detector, measurement.c.segment == ""
            )
            return [str(row.outcome) for row in connection.execute(chosen)]

    def references(self) -> References:
        with self.monitor.database.read() as connection:
            known = read_reference(connection, "m")
        assert known is not None
        return known[1]


Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    found: list[World] = []

    def make(kind: str, **rest: Any) -> World:  # noqa: ANN401  # what World takes
        one = World(tmp_path, kind, **rest)
        found.append(one)
        return one

    yield make
    for one in found:
        one.monitor.database.close()


def lowered(log: Table, south: np.ndarray, rng: np.random.Generator) -> None:
    del rng
    log["guess"] = log["guess"] - 20 * south


def turned(log: Table, south: np.ndarray, rng: np.random.Generator) -> None:
    log["guess"] = np.where(south & (log["guess"] == "cat") & (rng.random(south.size) < 0.6), "dog", log["guess"])


def test_a_regression_that_guesses_too_little_for_one_group_is_told(world: Make) -> None:
    told = world("prices", spoil=lowered).alerts()
    found = told["group_error_difference"]
    assert "south" in found["evidence"]["pair"]
    assert "mean error difference between groups rose to " in found["text"]
    assert "mean error " in found["text"]
    assert " of south (" in found["text"]
    assert " labelled rows, in the reference " in found["text"]
    assert "(threshold ≥ 0.1)" in found["text"]


def test_a_regression_without_labels_is_told_of_by_its_predictions(world: Make) -> None:
    told = world("prices", roles=ANSWER, spoil=lowered).alerts()
    assert told.keys() == {"group_prediction_difference"}
    assert " of south (" in told["group_prediction_difference"]["text"]
    assert " predictions, in the reference " in told["group_prediction_difference"]["text"]


def test_of_several_classes_the_class_and_both_groups_are_named_with_their_counts(world: Make) -> None:
    told = world("animals", spoil=turned).alerts()
    parity, odds = told["demographic_parity_difference"], told["equalized_odds_difference"]
    groups = {group["value"]: group for group in parity["evidence"]["groups"]}
    assert parity["evidence"]["class"] in ("cat", "dog")
    for name in parity["evidence"]["pair"]:
        counted = f"of {name} ({groups[name]['positives']:,} of {groups[name]['rows']:,} decisions, in the reference "
        assert counted in parity["text"]
    assert f'share of decisions "{parity["evidence"]["class"]}" ' in parity["text"]
    assert 'true positive rate of "cat" ' in odds["text"]
    assert " rows with this label, in the reference " in odds["text"]


def test_several_classes_without_labels_are_told_of_by_their_decisions(world: Make) -> None:
    told = world("animals", roles=ANSWER, spoil=turned).alerts()
    assert told.keys() == {"demographic_parity_difference"}


@pytest.mark.parametrize("kind", ["prices", "animals"])
def test_unchanged_groups_raise_no_alert_and_are_judged(world: Make, kind: str) -> None:
    seen = world(kind)
    assert not seen.alerts()
    armed = {
        "prices": ("group_error_difference", "group_prediction_difference"),
        "animals": ("demographic_parity_difference", "equalized_odds_difference"),
    }
    for detector in armed[kind]:
        assert seen.outcomes(detector).count("clear") >= DAYS - 2


def test_the_doctor_tells_of_gaps_that_stand_in_their_own_unit_and_class(world: Make, tmp_path: Path) -> None:
    first = made("prices", 1, -BEFORE, BEFORE)
    lowered(first, first["region"] == "south", np.random.default_rng(1))
    seen = world("prices")
    pq.write_table(pa.table(first), tmp_path / "reference.parquet")
    once(seen.monitor, clock=lambda: START + timedelta(days=DAYS + 4), rng=Random(1))
    signs = groups_signs("m", list(standing_gaps(seen.references())))
    (said,) = {sign.said for sign in signs if "mean error" in sign.said}
    assert said.startswith("in the reference the mean error difference between groups is 20")
    assert "%" not in said


def untold_of(model: Model, references: References) -> Iterator[Sign]:
    return untold_signs("m", model, references[WHOLE], list(standing_gaps(references)))


def test_the_doctor_tells_of_groups_that_are_too_small_and_is_silent_of_others(world: Make) -> None:
    seen = world("animals")
    model = seen.monitor.watches[0].settings
    references = seen.references()
    assert not list(untold_of(model, references))
    alone = {name: one for name, one in references.items() if name in (WHOLE, "sensitive:region=south")}
    (sign,) = untold_of(model, alone)
    assert sign.about == "m: groups by region"
    assert sign.said == (
        "no alert can tell of them: 30 decisions are needed in each of two groups; the second largest has 0"
    )
    assert sign.note
    assert [gap.value for _, gap in standing_gaps(alone)] == [None, None]


def test_the_doctor_tells_that_without_an_answer_no_alert_can_speak_of_groups(world: Make) -> None:
    seen = world("prices", roles="ignore: [guess, truth], ")
    (sign,) = untold_of(seen.monitor.watches[0].settings, seen.references())
    assert (sign.about, sign.said, sign.note) == ("m: groups", f"{NEITHER}; {MEND}", True)


def test_how_much_each_class_differs_between_windows_is_kept_apart(world: Make) -> None:
    spreads = world("animals").references()[WHOLE].layout.spreads
    names = {name for name in spreads if name.startswith(("demographic_parity", "equalized_odds"))}
    parts = ("demographic_parity_difference", "equalized_odds_difference")
    assert names == {f"{part}(region, {one})" for part in parts for one in ("cat", "dog", "bird")}
