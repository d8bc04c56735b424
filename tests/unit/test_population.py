"""Distance from the population and what components leave over: exact by row, calibrated on rows unlike those fitted."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from monitor.profiles.arrow import layout_of
from monitor.profiles.derivation import fitting_rows
from monitor.profiles.derivations import derived_columns
from monitor.profiles.groups import profile_table
from monitor.profiles.layout import Layout
from monitor.profiles.population import NAMES
from monitor.profiles.profile import merge
from monitor.types import Roles

ROLES = Roles("at")


def rows(seed: int, n: int = 3000, *, untied: float = 0.0) -> pa.Table:
    """Make features that hang together, of every sort; in a share of rows, untied, z is another row's."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    z = x + 0.2 * rng.normal(size=n)
    loose = rng.random(n) < untied
    z[loose] = rng.permutation(z)[loose]
    return pa.table(
        {
            "x": x,
            "z": z,
            "skewed": np.exp(2 * rng.normal(size=n)),
            "spiked": np.where(rng.random(n) < 0.3, 0.0, rng.normal(size=n)),
            "often gone": pa.array(rng.normal(size=n), mask=rng.random(n) < 0.2),
            "count": rng.poisson(2, n),
            "name": rng.choice(list("abcdefghijkl"), n),
            "still": np.ones(n),
        }
    )


REFERENCE = rows(1)
LAYOUT = layout_of(REFERENCE, ROLES)


def made(table: pa.Table, layout: Layout = LAYOUT, *, reference: bool = False) -> dict[str, np.ndarray]:
    return {k: v.to_numpy() for k, v in derived_columns(table, layout, reference=reference).items()}


def test_distances_are_about_one_on_the_reference_and_grow_for_rows_that_no_single_column_gives_away() -> None:
    usual, odd = made(rows(2)), made(rows(3, untied=1.0))
    for name in NAMES:
        assert 0.9 < np.sqrt((usual[name] ** 2).mean()) < 1.1
        assert np.median(odd[name]) > np.median(usual[name])
    assert np.mean(odd[NAMES[0]] > np.quantile(usual[NAMES[0]], 0.95)) > 0.3


def test_a_row_far_outside_is_further_than_one_at_the_edge() -> None:
    table = rows(4, 10).take([4, 4, 4])
    found = made(table.set_column(0, "x", pa.array([3.0, 30.0, 3e5])))
    for name in NAMES:
        assert found[name][0] < found[name][1] < found[name][2]


@pytest.mark.parametrize("cut", [1, 777, 2999])
def test_a_row_has_its_value_whatever_rows_stand_beside_it(cut: int) -> None:
    table = rows(5)
    whole, first, second = made(table), made(table[:cut]), made(table[cut:])
    assert all((np.append(first[name], second[name]) == whole[name]).all() for name in NAMES)
    parts = merge(profile_table(table[:cut], LAYOUT), profile_table(table[cut:], LAYOUT))
    assert (parts.counts == profile_table(table, LAYOUT).counts).all()


def test_rows_that_were_fitted_on_have_no_value_in_the_reference() -> None:
    found = made(REFERENCE, reference=True)
    assert (np.isnan(found[NAMES[0]]) == fitting_rows(REFERENCE.num_rows)).all()
    assert (
        profile_table(REFERENCE, LAYOUT, reference=True).columns[NAMES[0]].n
        == (~fitting_rows(REFERENCE.num_rows)).sum()
    )


@pytest.mark.parametrize(("total", "share"), [(40, 0.5), (3_000, 0.5), (200_000, 0.25)])
def test_rows_that_come_together_are_fitted_on_together(total: int, share: float) -> None:
    chosen = fitting_rows(total)
    assert chosen.mean() == pytest.approx(share, abs=0.02)
    assert (chosen[1:] == chosen[:-1]).mean() > (0.9 if total > 1_000 else -1)


def test_windows_like_the_reference_have_its_distances_however_few_rows_were_fitted() -> None:
    p_values = []
    for seed in range(60):
        reference = rows(100 + seed, 600)
        layout = layout_of(reference, ROLES)
        held = made(reference, layout, reference=True)[NAMES[0]]
        p_values.append(ks_2samp(held[~np.isnan(held)], made(rows(900 + seed, 2000), layout)[NAMES[0]]).pvalue)
    assert np.mean(np.array(p_values) < 0.1) < 0.22
    assert min(p_values) > 1e-4


def test_what_is_missing_now_and_then_is_nothing_known_and_what_never_was_has_no_value() -> None:
    table = rows(6, 10)
    assert all(np.isfinite(v).all() for v in made(_without(table, "often gone")).values())
    assert all(np.isnan(v).all() for v in made(_without(table, "z")).values())
    assert all(np.isnan(v).all() for v in made(table.drop_columns(["x"])).values())
    odd = table.set_column(0, "x", pa.array([*"12345678", "-inf", "no"]))
    assert np.isfinite(made(odd)[NAMES[0]]).tolist() == [True] * 9 + [False]


def _without(table: pa.Table, name: str) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.float64()))


def test_layouts_are_packed_with_what_was_fitted() -> None:
    again = Layout.unpacked(LAYOUT.packed())
    assert again.digest == LAYOUT.digest
    assert all((made(rows(7), again)[name] == made(rows(7))[name]).all() for name in NAMES)
    assert layout_of(rows(8), ROLES).digest != LAYOUT.digest


@pytest.mark.parametrize(
    "table",
    [
        rows(9, 400),
        rows(9).select(["x"]),
        rows(9).select(["x", "still"]),
        rows(9).append_column(NAMES[0], pa.array(np.zeros(3000))),
    ],
    ids=["few rows", "one feature", "one that varies", "the name is taken"],
)
def test_nothing_is_derived_where_there_is_nothing_to_derive_it_from(table: pa.Table) -> None:
    assert not layout_of(table, ROLES).derivations


def test_identifiers_and_texts_are_no_part_of_the_population() -> None:
    n = 3000
    table = rows(10, n).append_column("key", pa.array([f"k{i}" for i in range(n)]))
    for kinds in ({}, {"key": "categorical"}):
        layout = layout_of(table, Roles("at", kinds=kinds))  # type: ignore[arg-type]
        assert "key" not in layout.derivations[0].columns
