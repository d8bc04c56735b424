"""Tests that chance hardly lets reach their least effect leave their part of the budget to others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import chdtrc

from monitor.alerts.thresholds import Threshold, spent
from monitor.config import Model
from monitor.detectors.confidence import confidence_level
from monitor.detectors.drift import chi_square
from monitor.profiles.arrow import layout_of, profile_table
from monitor.steps.measure import Found, compared, measured, weights_of
from monitor.types import Measurement, Roles, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
MODEL = {"source": {"push": True}, "columns": {"timestamp": "timestamp", "scores": "score"}, "window": "1d"}
SETTINGS = Model(**MODEL)
ROLES = Roles("timestamp", scores=("score",))
SHARES = {"two": [0.7, 0.3], "rare": [0.995, 0.004, 0.001], "zipf": 1 / np.arange(1, 31)}


def people(rng: np.random.Generator, n: int) -> pa.Table:
    columns: dict[str, np.ndarray] = {"score": rng.beta(0.8, 2, n)}
    for name, shares in SHARES.items():
        columns[name] = rng.choice(len(shares), n, p=np.array(shares) / np.sum(shares)).astype(str)
    return pa.table(columns)


@pytest.mark.parametrize("size", [300, 3_000])
def test_chance_makes_an_effect_no_oftener_than_a_detector_says(size: int) -> None:
    rng = np.random.default_rng(size)
    held = people(rng, 5_000)
    layout, bounds, trials = layout_of(held, ROLES), dict[tuple[str, str], list[float]](), 60
    for _ in range(trials):
        before, after = (profile_table(people(rng, n), layout) for n in (5_000, size))
        for compare in (chi_square.compare, confidence_level.compare):
            for one in compare(before, after):
                assert one.chance is not None
                assert one.effect is not None
                at_most = float(chdtrc(one.chance[0], one.chance[1] * max(one.effect, 0.0) ** 2 + one.chance[2]))
                bounds.setdefault((one.detector, one.column), []).append(at_most)
    assert len(bounds) == len(SHARES) + 1
    for level in (0.1, 0.02):
        for found in bounds.values():
            assert (np.array(found) <= level).mean() <= level + 3 * np.sqrt(level / trials)


ROWS = [
    # what nothing is known of may spend all
    (None, Threshold(0.01, 0.2), 1.0),
    # chance makes this effect more often than the p-value is reached: the p-value decides
    ((1, 10.0, 0.0), Threshold(0.01, 0.2), 1.0),
    # chance never makes this effect
    ((1, 1e4, 0.0), Threshold(0.01, 0.2), 0.0),
    # no effect is asked for
    ((1, 1e4, 0.0), Threshold(0.01), 1.0),
    # the user's own number knows of no chance
    ((1, 1e4, 0.0), Threshold(limit=0.3, min_effect=0.2), 1.0),
]


@pytest.mark.parametrize(("chance", "threshold", "expected"), ROWS)
def test_what_a_test_can_spend(chance: tuple[int, float, float] | None, threshold: Threshold, expected: float) -> None:
    assert spent(Measurement("d", 0.1, chance=chance), threshold) == pytest.approx(expected, abs=1e-9)


def test_in_large_windows_others_get_what_small_effects_leave_unspent() -> None:
    rng = np.random.default_rng(4)
    held = people(rng, 20_000)
    layout = layout_of(held, ROLES)
    reference = profile_table(held, layout)
    alphas = {}
    for size in (100, 20_000):
        found = list(measured({"": (reference, profile_table(people(rng, size), layout))}, SETTINGS))
        # the same reference's part, so that only the number of tests differs
        found = [replace(one, shared=0.0) for one in found]
        weights = weights_of(found, SETTINGS, window=DAY)
        in_full = weights_of([one if of_nothing(one) else unknowing(one) for one in found], SETTINGS, window=DAY)
        assert weights == pytest.approx(in_full) if size == 100 else weights < 0.8 * in_full
        judged = compared(found, SETTINGS, window=DAY, settled=True)
        alphas[size] = next(one.alpha for one in judged if one.measurement.detector == "scan_test")
    assert alphas[20_000] > 1.1 * alphas[100]


def test_shares_of_what_neither_side_holds_leave_their_part_to_others() -> None:
    rng = np.random.default_rng(4)
    held = people(rng, 2_000)
    layout = layout_of(held, ROLES)
    found = list(measured({"": (profile_table(held, layout), profile_table(people(rng, 500), layout))}, SETTINGS))
    empty = [one for one in found if one.armed and of_nothing(one)]
    assert {one.measurement.detector for one in empty} >= {"missing_share", "invalid_share"}
    assert all(one.measurement.p_value == 1 for one in empty)
    left, full = (weights_of(some, SETTINGS, window=DAY) for some in (found, [unknowing(one) for one in found]))
    assert full - left == pytest.approx(sum(one.detector.weight for one in empty), abs=0.5)


def test_the_time_of_a_long_gap_makes_no_alarm_of_what_chance_brings_every_other_day() -> None:
    rng = np.random.default_rng(6)
    held = people(rng, 2_000)
    layout = layout_of(held, ROLES)
    found = list(measured({"": (profile_table(held, layout), profile_table(people(rng, 500), layout))}, SETTINGS))
    years = Window(START, START + timedelta(days=1_000))
    alphas = [one.alpha for one in compared(found, SETTINGS, window=years, settled=True) if one.alpha is not None]
    assert max(alphas) == 0.05


def test_how_far_rows_lie_from_all_others_is_judged_of_all_traffic_and_of_segments_on_demand() -> None:
    rng = np.random.default_rng(7)
    held = people(rng, 2_000).append_column("x", pa.array(rng.normal(size=2_000)))
    layout = layout_of(held, ROLES)
    pairs = dict.fromkeys(("", "two=0"), (profile_table(held, layout),) * 2)
    column = "reconstruction_error(features)"
    for thresholds, segments in (({}, {""}), ({f"smooth_test({column})": "auto"}, {"", "two=0"})):
        settings = SETTINGS.model_copy(update={"thresholds": Model(**MODEL, thresholds=thresholds).thresholds})
        found = [one.measurement for one in measured(pairs, settings) if one.armed]
        assert {one.segment for one in found if one.column == column and one.detector == "smooth_test"} == segments
        assert {one.segment for one in found if one.column == "x"} == {"", "two=0"}


def of_nothing(found: Found) -> bool:
    chance = found.measurement.chance
    return chance is not None and chance[1] == np.inf


def unknowing(found: Found) -> Found:
    return replace(found, measurement=replace(found.measurement, chance=None))
