"""A regression's expected errors: by rows whose spread hangs on a feature."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor.config import Model
from monitor.detectors import armed_for
from monitor.detectors.detector import paired
from monitor.detectors.performance.estimated_errors import DETECTORS, error_spreads
from monitor.profiles.arrow import layout_of, profile_table
from monitor.profiles.correlation import correlation_of
from monitor.profiles.derivations import derived_columns
from monitor.profiles.expected_error import ABSOLUTE
from monitor.profiles.groups import Groups, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.steps.estimates import estimated
from monitor.types import Measurement, Roles

ROLES = Roles(timestamp="at", prediction="said", label="was")
SIZE = 400


def rows(rng: np.random.Generator, n: int, *, shift: float = 0.0, flat: bool = False) -> pa.Table:
    wide = rng.normal(shift, 1, n)
    kind = rng.choice(["calm", "wild"], n)
    said = rng.normal(size=n)
    spread = np.ones(n) if flat else np.exp(0.5 * wide) * np.where(kind == "wild", 2.0, 1.0)
    return pa.table({"wide": wide, "kind": kind, "said": said, "was": said + spread * rng.normal(size=n)})


def told(table: pa.Table) -> Profile:
    layout = layout_of(table, ROLES)
    whole = profile_table(table, layout, reference=True)
    own = Groups(np.arange(table.num_rows) // SIZE, table.num_rows // SIZE)
    parts = next(profile_groupings(table, layout, [own], reference=True))
    return replace(whole, layout=replace(correlation_of(parts, layout), spreads=error_spreads(whole, parts)))


@pytest.fixture(scope="module")
def reference() -> Profile:
    return told(rows(np.random.default_rng(1), 8000))


def measured(reference: Profile, window: pa.Table) -> list[Measurement]:
    profile = profile_table(window.drop_columns("was"), reference.layout)
    return [one for detector in DETECTORS for one in detector.compare(reference, profile)]


def test_windows_of_other_rows_get_the_error_that_labels_will_show(reference: Profile) -> None:
    rng, found = np.random.default_rng(2), []
    for shift in np.tile([-0.8, 0.0, 0.8], 60):
        window = rows(rng, SIZE, shift=shift)
        error = np.asarray(window["said"]) - np.asarray(window["was"])
        for one, real in zip(
            measured(reference, window), (np.abs(error).mean(), np.sqrt((error**2).mean())), strict=True
        ):
            assert one.value is not None
            assert one.low is not None
            assert one.high is not None
            found.append(
                (one.low <= real <= one.high or shift != 0, abs(one.value - real), abs((one.reference or 0) - real))
            )
    held, off, still = np.array(found).T
    assert held.mean() > 0.97
    assert off.mean() < 0.4 * still.mean()


def test_rows_as_ever_seldom_look_worse(reference: Profile) -> None:
    rng = np.random.default_rng(3)
    p = np.array([[one.p_value for one in measured(reference, rows(rng, SIZE))] for _ in range(200)], float)
    for level in (0.1, 0.01):
        assert (p <= level).mean(axis=0).max() <= level + 3 * np.sqrt(level / 200)
    shifted = [measured(reference, rows(rng, SIZE, shift=0.5))[0].p_value or 0.0 for _ in range(30)]
    assert np.mean(np.array(shifted) < 1e-3) > 0.9


def test_days_that_wander_as_the_references_did_look_no_worse_than_chance() -> None:
    rng, p = np.random.default_rng(11), []
    for _ in range(3):
        days = [rows(rng, SIZE, shift=shift) for shift in rng.normal(0, 0.25, 30)]
        wandering = told(pa.concat_tables(days))
        p += [measured(wandering, rows(rng, SIZE, shift=shift))[0].p_value for shift in rng.normal(0, 0.25, 80)]
        assert measured(wandering, rows(rng, SIZE, shift=1.5))[0].p_value < 1e-3
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 / 240)
    assert np.mean(np.array(p) <= 0.001) <= 0.01


def model(**said: object) -> Model:
    return Model(source={"push": True}, columns={"timestamp": "at", "prediction": "said", "label": "was"}, **said)


@pytest.mark.parametrize(
    ("said", "labelled", "armed"),
    [
        # labels come by themselves, late
        ({"labels": {"push": True, "max_delay": "70d"}}, False, ["estimated_mean_absolute_error"]),
        # no label ever comes
        ({}, False, ["estimated_mean_absolute_error"]),
        # they stand in the records
        ({}, True, []),
        # the user knows better
        ({"thresholds": {"estimated_root_mean_squared_error": "auto"}}, True, ["estimated_root_mean_squared_error"]),
    ],
)
def test_an_estimated_error_may_alert_where_labels_come_late(
    reference: Profile, said: dict[str, object], *, labelled: bool, armed: list[str]
) -> None:
    table = rows(np.random.default_rng(12), 300)
    window = profile_table(table if labelled else table.drop_columns("was"), reference.layout)
    found = list(estimated(reference, window, model(window="1d", **said)))
    assert [one.detector.name for one in found if one.armed] == armed


def test_days_that_stay_alike_make_spells_of_estimates(reference: Profile) -> None:
    columns = tuple(replace(c, lasting=0.6) if c.name == ABSOLUTE else c for c in reference.layout.columns)
    lasting = replace(reference, layout=replace(reference.layout, columns=columns))
    window = profile_table(rows(np.random.default_rng(13), 300).drop_columns("was"), reference.layout)
    error, square = estimated(lasting, window, model(window="1d"))
    assert (error.lasting, square.lasting) == (0.6, 0.0)


def test_errors_that_nothing_tells_apart_are_not_estimated() -> None:
    rng = np.random.default_rng(4)
    reference = told(rows(rng, 4000, flat=True))
    found = measured(reference, rows(rng, SIZE, flat=True))
    assert all(one.value is None or abs(one.value / (one.reference or 1) - 1) < 0.05 for one in found)


def test_too_few_labels_give_no_estimate_and_say_so() -> None:
    reference = told(rows(np.random.default_rng(5), 800))
    found = measured(reference, rows(np.random.default_rng(6), SIZE))
    assert [one.value for one in found] == [None, None]
    assert found[0].note == "the reference has 800 labelled rows; 1,000 are needed"


def test_where_a_few_errors_outweigh_all_others_it_says_so() -> None:
    rng = np.random.default_rng(8)
    table = rows(rng, 4000)
    was = table["was"].to_numpy() + np.exp(1.2 * rng.standard_t(3, 4000))
    table = table.set_column(3, "was", pa.array(was))
    found = measured(told(table), table.slice(100, SIZE))
    assert [one.value for one in found] == [None, None]
    assert "all its 4,000 squares tell as little as 1 of equal size" in found[0].note


def test_a_layout_with_expected_errors_is_kept_and_its_profiles_add_up(reference: Profile) -> None:
    layout = Layout.unpacked(reference.layout.packed())
    assert layout.digest == reference.layout.digest
    table = rows(np.random.default_rng(7), 300)
    both = merge(profile_table(table.slice(0, 100), layout), profile_table(table.slice(100), layout))
    assert (both.counts == profile_table(table, reference.layout).counts).all()
    assert not any(armed_for(one, "expected_error(features)", layout) for one in DETECTORS[1:])


def test_every_row_of_the_reference_is_judged_by_what_other_rows_teach() -> None:
    rng = np.random.default_rng(8)
    # sixty categories that mean nothing: what a row's own label taught would make them look as if they did
    noise = pa.array(rng.integers(0, 60, 3000).astype(str))
    table = rows(rng, 3000).append_column("noise", noise)
    layout = layout_of(table, ROLES)
    own, plain = (derived_columns(table, layout, reference=known)[ABSOLUTE].to_numpy() for known in (True, False))
    size = np.abs(np.asarray(table["said"]) - np.asarray(table["was"]))
    assert np.isfinite(own).all()
    true = np.exp(0.5 * np.asarray(table["wide"])) * np.where(np.asarray(table["kind"]) == "wild", 2.0, 1.0)
    slopes = [np.cov(expected, size - true * np.sqrt(2 / np.pi))[0, 1] for expected in (own, plain)]
    assert abs(slopes[0]) < 0.05 < slopes[1]


def test_drift_of_expected_errors_is_not_asked_for(reference: Profile) -> None:
    window = profile_table(rows(np.random.default_rng(9), 300, shift=2.0), reference.layout)
    assert ABSOLUTE in reference.columns
    assert ABSOLUTE not in {name for name, _, _ in paired(reference, window)}
