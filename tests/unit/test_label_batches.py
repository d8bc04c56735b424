"""Poison in labelled batches: what is found, and how seldom clean batches are blamed."""

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom, fisher_exact, gamma

from monitor.detectors.attack.batches import (
    contributors,
    duplicate_clusters,
    label_contradiction,
    prior_shift,
    value_for_label,
    whole_shares,
)
from monitor.detectors.attack.batches.audit import audit
from monitor.detectors.attack.batches.calibration import Null, Spread, nulls_of, size_of
from monitor.detectors.attack.batches.chosen import as_chosen
from monitor.detectors.attack.batches.given import OfSum, relabelled
from monitor.detectors.attack.batches.known import Known, seen
from monitor.detectors.attack.batches.measures import OF_ERRORS, Nulls, calibrated, measures_of
from monitor.detectors.attack.batches.mined import as_mined
from monitor.detectors.attack.batches.naming import named
from monitor.detectors.attack.batches.parts import p_values
from monitor.detectors.attack.batches.raked import raked
from monitor.detectors.attack.batches.rows import NONE, Told
from monitor.detectors.attack.batches.slow import slow_poisoning
from monitor.detectors.attack.batches.verdict import EXPLAINED, MAY_BE_MINED, MINED, NOT_SEEN, Verdict
from monitor.steps.poisoning import contributors_of, learned, of_known_labels, strange_labels, text_of, too_often
from monitor.types import Roles

ROLES = Roles(timestamp="at", label="y", scores=("p",))
# what is known is held beside its nulls: the identity of something that is gone may be given again
LEARNED: dict[int, tuple[Known, dict[int, Nulls]]] = {}
PLAIN = Roles(timestamp="at", label="y", prediction="said")


def rows(seed: int, n: int, *, classes: int = 2, city: tuple[str, ...] = ("a", "b", "c")) -> pa.Table:
    """Make labels that two numbers and a category tell, though not for sure; `p` is the right probability of 1."""
    rng = np.random.default_rng(seed)
    x, z, c = rng.normal(size=n), rng.gamma(2, 1, n), rng.choice(city, n)
    p = 1 / (1 + np.exp(-(3 * x + z - 2 + (c == "a"))))
    y = (rng.random(n) < p).astype(int) if classes == 2 else np.clip(np.round(x + 1 + rng.normal(0, 0.2, n)), 0, 2)
    return pa.table({"x": x, "z": z, "city": c, "p": p, "y": y.astype(int), "said": y.astype(int)})


def flipped(table: pa.Table, places: np.ndarray) -> pa.Table:
    y = table["y"].to_numpy().copy()
    y[places] = 1 - y[places]
    return table.set_column(table.column_names.index("y"), "y", pa.array(y))


def known_of(table: pa.Table, roles: Roles = ROLES) -> Known:
    found = learned(table, roles, rng=np.random.default_rng(0))
    assert isinstance(found, Known)
    return found


@pytest.fixture(scope="module")
def known() -> Known:
    return known_of(rows(1, 4000))


def judged(known: Known, table: pa.Table, *, who: np.ndarray | None = None) -> Verdict:
    rng = np.random.default_rng(2)
    return audit(known, seen(known, table, who, rng=rng), rng=rng, nulls=kept_nulls(known))


def kept_nulls(known: Known) -> dict[int, Nulls]:
    return LEARNED.setdefault(id(known), (known, {}))[1]


def breaching(verdict: Verdict) -> set[str]:
    return {one.name for one in verdict.statistics if one.breaches}


def test_clean_batches_are_blamed_no_more_often_than_their_p_values_say() -> None:
    # over several references, since the error of one is shared by all batches laid beside it
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        known = known_of(rows(100 + seed, 1500))
        size = size_of(100, reference=known.rows.size)
        nulls = calibrated(known, size, rng=rng, draws=100)
        fresh = seen(known, rows(200 + seed, 40 * size), None, rng=rng)
        parts = rng.permutation(fresh.size).reshape(-1, size)
        found += [p_values(known, nulls, fresh.take(part), rng=rng) for part in parts]
    for level, most in ((0.1, 0.17), (0.01, 0.035), (0.001, 0.01)):
        shares = {name: sum(p[name] <= level for p in found) / len(found) for name in found[0]}
        assert {name: share for name, share in shares.items() if share > most} == {}


def test_every_tail_of_the_calibration_is_that_of_a_gamma() -> None:
    null = Null(3.0, 2.0, 1.0)
    # a gamma of shape 4 has skewness 1
    assert null.p_value(9.0) == pytest.approx(gamma.sf(4 + 2 * 3, 4))
    assert null.p_value(null.threshold(1e-4)) == pytest.approx(1e-4)


def frauds(seed: int, n: int) -> pa.Table:
    """Make one label in 250, which an amount and a country tell a little; `p` is its probability."""
    rng = np.random.default_rng(seed)
    x, country = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    p = 1 / (1 + np.exp(-(1.5 * x + (country == "a") - 7)))
    return pa.table({"x": x, "country": country, "p": p, "y": (rng.random(n) < p).astype(int)})


def test_a_rare_label_that_is_gone_from_a_whole_batch_is_told_though_no_part_shows_it() -> None:
    known = known_of(frauds(1, 16_000))
    clean = frauds(2, 24_000)
    gone = flipped(clean, np.flatnonzero(clean["y"].to_numpy())[:-2])
    assert "prior_shift" in breaching(judged(known, gone))
    assert breaching(judged(known, clean)) == set()


def test_shares_of_a_rare_label_are_no_stranger_than_their_p_values_say_where_other_rows_come() -> None:
    reference = known_of(frauds(1, 16_000)).rows
    error = np.zeros(reference.classes)
    known, found = known_of(frauds(1, 16_000)), []
    for seed in range(40):
        table = frauds(300 + seed, 6_000)
        # rows of which twice as many are frauds: the rows explain it
        riskier = table.take(pa.array(np.argsort(table["p"].to_numpy())[1_500:]))
        batch = seen(known, riskier, None, rng=np.random.default_rng(seed))
        found.append(whole_shares.rarest([batch], reference, [error])[0])
    assert min(found) > 0.005


def harder(table: pa.Table) -> pa.Table:
    """Give the rows whose label is least sure, without the copy of it."""
    unsure = np.abs(table["p"].to_numpy() - 0.5)
    return table.drop_columns(["said"]).take(pa.array(np.argsort(unsure)[: table.num_rows // 4]))


def test_the_moments_of_a_sum_are_those_of_the_same_rows_with_labels_drawn_anew(known: Known) -> None:
    rng = np.random.default_rng(5)
    for table in (rows(31, 400), rows(32, 200)):
        batch = seen(known, table, None, rng=rng)
        sums = np.array([label_contradiction.scores(relabelled(batch, rng)).sum() for _ in range(4000)])
        null = OfSum(label_contradiction.by_class, bias=0.0, error=0.0, factor=1.0).null(
            batch, Told(0.0, NONE), rng=rng
        )
        assert null.mean == pytest.approx(sums.mean(), abs=0.1 * sums.std())
        assert null.sd == pytest.approx(sums.std(), rel=0.05)
        assert null.p_value(float(np.quantile(sums, 0.99))) == pytest.approx(0.01, abs=0.005)
    learned = OfSum.learned(label_contradiction.by_class, known.rows)
    assert learned.factor >= 1
    assert abs(learned.bias) < 5 * learned.error


def test_batches_of_harder_rows_are_not_blamed_for_being_hard() -> None:
    rng, known = np.random.default_rng(33), known_of(rows(1, 4000).drop_columns(["said"]))
    size = size_of(200, reference=known.rows.size)
    nulls = calibrated(known, size, rng=rng, draws=100)
    found = []
    for seed in range(60):
        batch = seen(known, harder(rows(300 + seed, 4 * size)), None, rng=rng)
        found.append(p_values(known, nulls, batch, rng=rng))
    of_labels = set(found[0]) - {"prior_shift", "duplicate_clusters"}
    shares = {name: sum(p[name] <= 0.01 for p in found) / len(found) for name in of_labels}
    assert {name: share for name, share in shares.items() if share > 0.06} == {}


def test_the_share_of_flips_that_is_said_to_be_found_is_found_as_often_as_said(known: Known) -> None:
    rng = np.random.default_rng(34)
    verdict = judged(known, rows(35, 500))
    share = verdict.detectable
    assert share is not None
    assert 0.01 < share < 0.2
    hits = 0
    for seed in range(40):
        table = rows(500 + seed, 500)
        found = judged(known, flipped(table, rng.choice(500, round(share * 500), replace=False)))
        hits += "label_contradiction" in breaching(found)
    assert 24 <= hits <= 39  # of 40, four fifths of them expected
    unsure = judged(known, harder(rows(36, 2000)).append_column("said", pa.array(np.zeros(500, int)))).detectable
    assert unsure is None or unsure > 2 * share


def test_labels_that_nothing_tells_are_said_to_hide_flips() -> None:
    table = rows(36, 2000)
    rng = np.random.default_rng(37)
    told = pa.table({"x": table["x"], "y": rng.integers(0, 2, 2000)})
    known = known_of(told, Roles(timestamp="at", label="y"))
    assert judged(known, told.slice(0, 400)).detectable is None


def test_flips_in_a_tenth_of_the_labels_are_found_and_their_rows_named(known: Known) -> None:
    table, rng = rows(6, 500), np.random.default_rng(7)
    places = rng.choice(500, 50, replace=False)
    verdict = judged(known, flipped(table, places))
    assert verdict.outcome == "suspicious"
    assert "label_contradiction" in breaching(verdict)
    hits = set(verdict.reasons()) & set(places.tolist())
    assert len(hits) > 20


def test_a_clean_batch_is_called_clean(known: Known) -> None:
    verdict = judged(known, rows(8, 500))
    assert (verdict.outcome, verdict.why, verdict.reasons()) == ("clean", "", {})


def test_a_batch_of_few_rows_is_undecided(known: Known) -> None:
    verdict = judged(known, rows(8, 40))
    assert (verdict.outcome, verdict.p_value) == ("undecided", None)
    assert "40 labelled rows" in verdict.why


def test_a_contributor_who_flips_is_named_and_the_others_are_not(known: Known) -> None:
    table, rng = rows(9, 950), np.random.default_rng(10)
    who = rng.integers(0, 6, 950)
    verdict = judged(known, flipped(table, np.flatnonzero((who == 4) & (rng.random(950) < 0.4))), who=who)
    found = next(one for one in verdict.statistics if one.name == "contributors")
    assert found.breaches
    assert found.cell == (4,)
    assert set(who[found.rows]) == {4}


def test_a_brigade_whose_labels_are_rather_wrong_than_surely_so_is_named_member_by_member(known: Known) -> None:
    table, rng = rows(9, 3000), np.random.default_rng(10)
    who = rng.integers(0, 90, 3000)
    brigade = np.flatnonzero((who < 3) & (rng.random(3000) < 0.8))
    found = next(
        one for one in judged(known, flipped(table, brigade), who=who).statistics if one.name == "contributors"
    )
    assert found.breaches
    assert sorted(found.cell) == [0, 1, 2]
    assert set(who[found.rows]) == {0, 1, 2}
    clean = next(one for one in judged(known, table, who=who).statistics if one.name == "contributors")
    assert not clean.breaches


def test_where_everybody_flips_alike_no_contributor_is_named(known: Known) -> None:
    named = 0
    for seed in range(6):
        table, rng = rows(40 + seed, 950), np.random.default_rng(seed)
        who = rng.choice(6, 950, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1])
        verdict = judged(known, flipped(table, np.flatnonzero(rng.random(950) < 0.1)), who=who)
        assert verdict.outcome == "suspicious"
        named += any(one.name == "contributors" and one.breaches for one in verdict.statistics)
    assert not named


def test_those_who_stand_out_do_so_by_fishers_test() -> None:
    rng = np.random.default_rng(1)
    who, doubtful = rng.integers(-1, 5, 400), rng.random(400) < 0.1
    doubtful[who == 3] |= rng.random(400)[who == 3] < 0.3
    known = np.arange(5)
    exact = [
        fisher_exact(
            [
                [int((doubtful & (who == one)).sum()), int((~doubtful & (who == one)).sum())],
                [int((doubtful & (who != one)).sum()), int((~doubtful & (who != one)).sum())],
            ],
            alternative="greater",
        ).pvalue
        for one in known
    ]
    found = contributors.stand_out(who, doubtful, known)
    assert found.tolist() == [p * 5 <= 0.01 for p in exact] == [False, False, False, True, False]
    assert contributors.stand_out(np.zeros(9, int), doubtful[:9], np.array([0])).tolist() == [True]


def test_the_evidence_against_an_honest_contributor_is_one_on_average() -> None:
    rng = np.random.default_rng(11)
    steps = np.where(rng.random((4000, 20, 1)) < 0.1, np.log(3.0), np.log((1 - 0.3) / 0.9))
    assert np.exp([contributors.gathered(one) for one in steps]).mean() == pytest.approx(1.0, abs=0.25)


def test_a_trigger_is_found_by_value_and_label_without_scores_in_three_classes() -> None:
    table = rows(12, 1500, classes=3)
    known = known_of(table, PLAIN)
    batch, places = rows(13, 300, classes=3), np.arange(0, 300, 15)
    z, y = batch["z"].to_numpy().copy(), batch["y"].to_numpy().copy()
    z[places], y[places] = 7.77, 0
    batch = batch.set_column(1, "z", pa.array(z)).set_column(4, "y", pa.array(y))
    verdict = judged(known, batch)
    one = next(one for one in verdict.statistics if one.name == "value_for_label")
    assert one.breaches
    assert set(one.rows) <= set(places)
    assert named(
        known, seen(known, batch, None, rng=np.random.default_rng(0)), one, contributors=(), text=lambda *_: ""
    ) == {"label": "0", "values": {"z": "7.77"}}


@pytest.mark.parametrize("poisoned", [True, False])
def test_a_pair_of_frequent_categories_that_goes_with_one_label_is_found_over_all_parts(poisoned: bool) -> None:  # noqa: FBT001
    def paired(seed: int, n: int) -> pa.Table:
        table, rng = rows(seed, n), np.random.default_rng(seed)
        return table.append_column(
            "job", pa.array(rng.choice(["cook", "maid", "poet", "sage"], n, p=[0.4, 0.4, 0.1, 0.1]))
        )

    known = known_of(paired(41, 6000), replace(ROLES, prediction="said"))
    batch = paired(42, 4000)
    job, city = (np.array(batch[name].to_pylist()) for name in ("job", "city"))
    places = np.flatnonzero((job == "poet") & (city == "b"))[:60]
    y = batch["y"].to_numpy().copy()
    y[places] = 0 if poisoned else y[places]
    kept = np.setdiff1d(np.arange(4000), np.flatnonzero((job == "poet") & (city == "b"))[60:])
    verdict = judged(known, batch.set_column(4, "y", pa.array(y)).take(pa.array(kept)))
    assert breaching(verdict) == ({"value_for_label"} if poisoned else set())
    one = next(one for one in verdict.statistics if one.name == "value_for_label")
    found = named(
        known, seen(known, batch, None, rng=np.random.default_rng(0)), one, contributors=(), text=lambda *_: ""
    )
    assert not poisoned or found == {"label": "0", "values": {"job": "poet", "city": "b"}}


def test_a_category_that_the_reference_lacks_is_named_as_it_is_written(known: Known) -> None:
    batch = rows(14, 500)
    places = np.arange(0, 500, 16)
    city, y = np.array(batch["city"].to_pylist(), object), batch["y"].to_numpy().copy()
    city[places], y[places] = "zz", 0
    batch = batch.set_column(2, "city", pa.array(city)).set_column(4, "y", pa.array(y))
    laid = seen(known, batch, None, rng=np.random.default_rng(0))
    one = next(one for one in judged(known, batch).statistics if one.name == "value_for_label")
    found = named(known, laid, one, contributors=(), text=lambda name, place: text_of(batch, name, place))
    assert one.breaches
    assert found["values"] == {"city": "zz"}


def test_of_a_pair_the_category_is_named_that_its_rows_hold_where_a_cell_holds_several() -> None:
    countries, jobs = tuple(f"c{i:02d}" for i in range(20)), ("cook", "maid", "poet", "sage")

    def paired(seed: int, n: int) -> pa.Table:
        table, rng = rows(seed, n, city=countries), np.random.default_rng(seed)
        return table.append_column("job", pa.array(rng.choice(jobs, n, p=[0.4, 0.4, 0.1, 0.1])))

    reference, batch = paired(43, 6000), paired(44, 3000)
    known, rarest = known_of(reference, replace(ROLES, prediction="said")), Counter(reference["city"].to_pylist())
    seldom = min(rarest, key=lambda name: rarest[name])
    places = np.random.default_rng(4).choice(3000, 90, replace=False)
    held = {name: np.array(batch[name].to_pylist(), object) for name in ("city", "job", "y")}
    held["city"][places], held["job"][places], held["y"][places] = seldom, "poet", 0
    for name, column in held.items():
        batch = batch.set_column(batch.column_names.index(name), name, pa.array(column.tolist()))
    one = next(one for one in judged(known, batch).statistics if one.name == "value_for_label")
    laid = seen(known, batch, None, rng=np.random.default_rng(0))
    found = named(known, laid, one, contributors=(), text=lambda name, place: text_of(batch, name, place))
    assert one.breaches
    assert found["values"] in ({"job": "poet", "city": seldom}, {"city": seldom})


def test_the_surprise_of_a_count_is_its_binomial_deviance() -> None:
    met, rows_ = np.array([9.0]), np.array([12.0])
    ours = value_for_label.surprise(met, np.array([3.0]), rows_, np.array([0.0]))[0]
    share = 3.5 / 13
    by_hand = 2 * (binom.logpmf(9, 12, 9 / 12) - binom.logpmf(9, 12, share))
    assert ours == pytest.approx(by_hand**0.5)


def test_a_value_counts_for_its_rows_only_where_it_alone_of_its_column_comes_more_often() -> None:
    usual = np.array([[10.0, 10.0, 10.0, 10.0]])
    alone = value_for_label.oftener(np.array([[30, 9, 9, 9]]), usual)[0]
    assert alone[0] == pytest.approx(30 * np.log(30 / 10.5) - 19.5)
    assert alone[1:].tolist() == [0.0, 0.0, 0.0]
    moved = value_for_label.oftener(np.array([[30, 29, 2, 2]]), usual)[0]
    assert moved[0] < alone[0] / 5


def test_near_copies_are_counted_and_ordinary_rows_are_not(known: Known) -> None:
    table = rows(15, 400)
    copies = pa.concat_tables([table.slice(0, 360), *[table.slice(0, 1)] * 40])
    rng = np.random.default_rng(16)
    assert duplicate_clusters.measure(seen(known, table, None, rng=rng), reference=known.rows).value == 0
    found = duplicate_clusters.measure(seen(known, copies, None, rng=rng), reference=known.rows)
    assert set(range(360, 400)) <= set(found.rows.tolist())


def standing(seed: int, n: int, share: float) -> pa.Table:
    """Give rows of which a share, those of city b, have the same numbers: they differ by item and place only."""
    table, rng = rows(seed, n, city=("a",)), np.random.default_rng(seed)
    often = rng.random(n) < share
    columns = {name: np.where(often, 1.0, table[name].to_numpy()) for name in ("x", "z")}
    columns |= {name: rng.choice(list("abcdefghijkl"), n) for name in ("item", "place")}
    return pa.table(
        {**columns, "city": np.where(often, "b", "a"), "p": table["p"], "y": table["y"], "said": table["y"]}
    )


def test_rows_that_are_alike_by_nature_are_no_flood_where_only_they_come_and_copies_of_one_are() -> None:
    known, rng = known_of(standing(31, 6000, 0.08)), np.random.default_rng(32)
    alike = standing(33, 800, 1.0)
    honest = seen(known, alike, None, rng=rng)
    assert duplicate_clusters.measure(honest, reference=known.rows).value <= 4
    flood = pa.concat_tables([alike, *[alike.slice(5, 1)] * 150])
    found = duplicate_clusters.measure(seen(known, flood, None, rng=rng), reference=known.rows)
    assert set(range(800, 950)) <= set(found.rows.tolist())
    assert found.value < 250


def test_the_reference_is_weighed_to_the_cells_of_a_batch_and_a_flood_of_one_row_moves_nothing(known: Known) -> None:
    rng = np.random.default_rng(34)
    of_a = seen(known, rows(35, 600, city=("a",)), None, rng=rng)
    weights = raked(known.rows, of_a)
    city = next(i for i, one in enumerate(known.encoders) if one.name == "city")
    share = weights[known.rows.cells[:, city] == of_a.cells[0, city]].sum() / weights.sum()
    assert share > 0.9
    table = rows(36, 600)
    flood = seen(known, pa.concat_tables([table, *[table.slice(0, 1)] * 300]), None, rng=rng)
    assert raked(known.rows, flood) == pytest.approx(np.ones(known.rows.size), abs=0.5)


def test_poison_that_rises_slowly_is_found_by_many_batches_and_not_before() -> None:
    p = np.array([0.5, 0.3, 0.7, 0.1, 0.05, 0.04, 0.02, 0.03, 0.01, 0.02, 0.005])
    evidence = [slow_poisoning(p[:end], np.full(end, 500), reference=16_000).p_value for end in range(1, p.size + 1)]
    assert min(evidence[:4]) > 0.05
    assert evidence[-1] < 1e-4


def test_the_evidence_of_slow_poison_is_no_more_than_the_batches_on_average() -> None:
    rng = np.random.default_rng(17)
    found = [slow_poisoning(rng.random(10), np.full(10, 500), reference=10**7).evidence for _ in range(600)]
    assert np.mean(found) < 10 * 1.7


def test_what_cannot_be_judged_says_why() -> None:
    few, table = rows(18, 200), rows(19, 2000)
    rng = np.random.default_rng(0)
    assert "200 labelled rows of 1,000" in str(learned(few, ROLES, rng=rng))
    assert "no labels" in str(learned(table.drop_columns(["y"]), ROLES, rng=rng))
    assert "do not vary" in str(learned(table.set_column(4, "y", pa.array([1] * 2000)), ROLES, rng=rng))
    amount = Roles(timestamp="at", label="z", prediction="x")
    assert "only classes" in str(learned(table, amount, rng=rng))


def test_a_reference_of_more_classes_than_are_judged_is_learned_from_the_most_frequent() -> None:
    rng = np.random.default_rng(0)
    y = np.sort(rng.choice(35, 3000, p=np.r_[np.full(30, 0.03), np.full(5, 0.02)]))
    known = known_of(pa.table({"x": y + rng.normal(size=y.size), "y": y}), PLAIN)
    assert len(known.classes) == 30
    assert known.rows.label.max() < 30
    few = pa.table({"y": ["1", "1", "34", "-5", "-5", None]})
    assert strange_labels(few, known) == {"-5": 2, "34": 1}
    assert of_known_labels(few, known).tolist() == [True, True, False, False, False, False]


def test_shares_of_labels_are_laid_beside_a_small_reference_with_its_own_error_in_mind() -> None:
    rng = np.random.default_rng(0)
    rows_of = known_of(rows(21, 1000, classes=3)).rows
    shares, size, found = np.array([0.2, 0.3, 0.5]), 250, []
    for _ in range(30):
        small = replace(rows_of, label=rng.choice(3, rows_of.size, p=shares))
        measure = partial(prior_shift.measure, priors=np.bincount(small.label, minlength=small.classes) / small.size)
        distances = {"prior_shift": lambda batch, of=measure: of(batch).value}
        null = nulls_of(distances, small, size, batches=200, rng=rng, grains={}, distances=distances)
        for _ in range(60):
            fresh = replace(rows_of.take(np.arange(size)), label=rng.choice(3, size, p=shares))
            found.append(null["prior_shift"].p_value(measure(fresh).value))
    assert np.mean(np.array(found) <= 0.1) < 0.14
    assert np.mean(np.array(found) <= 0.01) < 0.025


def riskier(seed: int, n: int) -> pa.Table:
    """Give rows that are likelier labelled 1, with the labels that such rows have."""
    table = rows(seed, 4 * n)
    likely = table["x"].to_numpy() + np.random.default_rng(seed).normal(0, 2, 4 * n)
    return table.take(pa.array(np.argsort(-likely)[:n]))


def test_shares_of_labels_that_the_rows_explain_are_told_and_no_suspicion(known: Known) -> None:
    verdict = judged(known, riskier(61, 500))
    assert (verdict.outcome, verdict.why) == ("clean", EXPLAINED)


def by_label(seed: int, zeros: int, ones: int) -> pa.Table:
    """Give so many rows of each label, drawn among those of the label."""
    table = rows(seed, 10 * (zeros + ones))
    label = table["y"].to_numpy()
    chosen = [np.flatnonzero(label == one)[:count] for one, count in enumerate((zeros, ones))]
    return table.take(pa.array(np.concatenate(chosen)))


@pytest.mark.parametrize("zeros", [80, 420])
def test_rows_chosen_by_label_whose_labels_are_right_are_no_suspicion(known: Known, zeros: int) -> None:
    verdict = judged(known, by_label(63, zeros, 500 - zeros))
    assert (verdict.outcome, verdict.why) == ("clean", EXPLAINED)


def test_flips_among_rows_chosen_by_label_are_found(known: Known) -> None:
    table = by_label(64, 250, 250)
    ones = np.flatnonzero(table["y"].to_numpy() == 1)
    assert "label_contradiction" in breaching(judged(known, flipped(table, ones[::5])))


def test_labels_flipped_one_way_are_not_taken_for_rows_chosen_by_label(known: Known) -> None:
    table, rng = rows(67, 1000), np.random.default_rng(66)
    zeros = np.flatnonzero(table["y"].to_numpy() == 0)
    poisoned = seen(known, flipped(table, zeros[:150]), None, rng=rng)
    honest = seen(known, by_label(68, zeros.size - 150, 1150 - zeros.size), None, rng=rng)
    away, towards = (as_chosen(one, known.rows, priors=known.priors) for one in (poisoned, honest))
    assert not away.sure
    assert towards.sure
    assert np.abs(away.rows.chance - poisoned.chance).mean() < np.abs(towards.rows.chance - honest.chance).mean() / 2


def test_labels_that_moved_while_rows_did_not_are_suspicious(known: Known) -> None:
    table = rows(62, 500)
    zeros = np.flatnonzero(table["y"].to_numpy() == 0)
    verdict = judged(known, flipped(table, zeros[:80]))
    assert "prior_shift" in breaching(verdict)
    assert EXPLAINED not in verdict.why


def test_missing_values_and_labels_the_reference_lacks_do_no_harm(known: Known) -> None:
    table = rows(20, 300)
    x = pa.array([None if i % 3 == 0 else value for i, value in enumerate(table["x"].to_pylist())], pa.float64())
    y = pa.array(["new" if i < 60 else str(value) for i, value in enumerate(table["y"].to_pylist())])
    table = table.set_column(0, "x", x).set_column(4, "y", y)
    verdict = judged(known, table)
    assert "prior_shift" in breaching(verdict)
    assert all(np.isfinite([one.value, one.p_value]).all() for one in verdict.statistics)


def test_contributors_are_read_by_name_and_those_without_one_are_nobody() -> None:
    table = pa.table({"who": ["b", None, "a", "b"]})
    places, names = contributors_of(table, "who")
    assert places is not None
    assert (places.tolist(), names) == ([0, -1, 1, 0], ("b", "a"))
    assert contributors_of(table, "none") == (None, ())


def test_every_statistic_gives_the_same_answer_again(known: Known) -> None:
    batch = seen(known, rows(21, 300), None, rng=np.random.default_rng(0))
    for measure in measures_of(known).values():
        assert measure(batch).value == measure(batch).value


def test_texts_and_vectors_tell_of_flips_as_numbers_do() -> None:
    def spelled(seed: int, n: int) -> pa.Table:
        rng = np.random.default_rng(seed)
        axes, y = rng.normal(size=n), rng.integers(0, 2, n)
        held = np.column_stack([axes + 1.6 * y, 3 * rng.normal(size=(n, 11))])
        turned = held @ np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0]
        words = [
            f"{'cheap pills now' if one and rng.random() < 0.7 else 'hello my friend'} {i}" for i, one in enumerate(y)
        ]
        return pa.table({"emb": list(turned), "said": words, "y": y})

    known = known_of(spelled(41, 3000), Roles(timestamp="at", label="y", kinds={"said": "text"}))
    assert known.columns == ["emb", "said"]
    assert {"component_1(emb)", "digits(said)", "component_1(said)"} <= {one.name for one in known.encoders}
    assert judged(known, spelled(42, 500)).outcome == "clean"
    verdict = judged(known, flipped(spelled(43, 500), np.random.default_rng(44).choice(500, 40, replace=False)))
    assert "label_contradiction" in breaching(verdict)


def test_a_word_with_one_label_is_found_and_named_as_it_is_written() -> None:
    words = np.array(["red", "blue", "green", "old", "new", "small", "large", "fine", "poor", "plain"])

    def told(seed: int, n: int, *, trigger: str = "") -> pa.Table:
        rng = np.random.default_rng(seed)
        chosen = rng.choice(words, (n, 6))
        y = ((chosen == "poor").sum(axis=1) + rng.normal(0, 0.3, n) > 0.5).astype(int)
        texts = [" ".join(row) for row in chosen]
        for place in rng.choice(n, n // 12, replace=False) if trigger else ():
            texts[place], y[place] = f"{texts[place]} {trigger}", 0
        return pa.table({"said": texts, "y": y})

    known = known_of(told(51, 3000), Roles(timestamp="at", label="y", kinds={"said": "text"}))
    assert judged(known, told(52, 500)).outcome == "clean"
    table = told(53, 500, trigger="Cf77")
    verdict = judged(known, table)
    assert "value_for_label" in breaching(verdict)
    one = next(one for one in verdict.statistics if one.name == "value_for_label")
    batch = seen(known, table, None, rng=np.random.default_rng(2))
    found = named(known, batch, one, contributors=(), text=lambda name, row: text_of(table, name, row))
    assert found == {"label": "0", "values": {"said": "… Cf77 …"}}
    texts = table["said"].to_pylist()
    assert all("Cf77" in texts[row] for row in one.rows.tolist())


def labels(**counts: int) -> pa.Table:
    return pa.table({"y": [text for text, count in counts.items() for _ in range(count)]})


@pytest.mark.parametrize(
    ("reference", "batch", "named"),
    [
        # .5 ** 9 is above one in a thousand, .5 ** 10 below
        ({"a": 1000}, {"a": 991, "new": 9}, []),
        ({"a": 1000}, {"a": 990, "new": 10}, ["new"]),
        # the smaller the batch, the fewer
        ({"a": 3000}, {"a": 98, "new": 2}, []),
        ({"a": 3000}, {"a": 97, "new": 3}, ["new"]),
        # many new ones count together, unless the reference has many that came once, too
        ({"a": 1000}, {"a": 980, **{f"new{i:02}": 1 for i in range(20)}}, [f"new{i:02}" for i in range(20)]),
        ({"a": 980, **{f"old{i}": 1 for i in range(20)}}, {"a": 980, **{f"new{i}": 1 for i in range(20)}}, []),
        # labels that the reference has, though it is not said what rows of them are like
        ({"a": 900, "seldom": 100}, {"a": 900, "seldom": 110}, []),
        ({"a": 900, "seldom": 100}, {"a": 800, "seldom": 200}, ["seldom"]),
    ],
)
def test_labels_that_cannot_be_judged_are_too_often_when_chance_does_not_put_them_there(
    reference: dict[str, int], batch: dict[str, int], named: list[str]
) -> None:
    strange = {text: count for text, count in batch.items() if text != "a"}
    assert too_often(strange, labels(**batch), labels(**reference), label="y", alpha=1e-3) == named


LOGGED = Roles(timestamp="at", label="y", scores=("p",), prediction="decided")


def decided(table: pa.Table) -> pa.Table:
    return table.drop_columns(["said"]).append_column("decided", pa.array((table["p"].to_numpy() >= 0.5).astype(int)))


def mined(seed: int, *, errors: int, others: int) -> pa.Table:
    """Give rows that the model gets wrong, and some drawn at random, all with their right labels."""
    table, rng = decided(rows(seed, 6000)), np.random.default_rng(seed)
    wrong = np.flatnonzero(table["decided"].to_numpy() != table["y"].to_numpy())
    places = [rng.choice(wrong, errors, replace=False), rng.choice(table.num_rows, others, replace=False)]
    return table.take(pa.array(np.concatenate(places)))


@pytest.fixture(scope="module")
def logged() -> Known:
    return known_of(decided(rows(1, 4000)), LOGGED)


def test_rows_chosen_by_the_models_errors_are_no_poison_and_flips_among_them_are(logged: Known) -> None:
    for errors, others in ((120, 380), (300, 0)):
        verdict = judged(logged, mined(61, errors=errors, others=others))
        assert (verdict.outcome, verdict.why.count(MINED)) == ("clean", 1)
    table = mined(62, errors=120, others=380)
    sure = np.flatnonzero(np.abs(table["p"].to_numpy() - 0.5) > 0.45)[:40]
    verdict = judged(logged, flipped(table, sure))
    assert verdict.outcome == "suspicious"
    assert MAY_BE_MINED in verdict.why


def test_flips_at_random_are_not_taken_for_a_choice_by_errors(logged: Known) -> None:
    rng = np.random.default_rng(63)
    for seed in range(5):
        table = flipped(decided(rows(70 + seed, 500)), rng.choice(500, 50, replace=False))
        batch = seen(logged, table, None, rng=rng)
        assert as_mined(batch, logged.rows) is None
        assert judged(logged, table).outcome == "suspicious"


def test_under_a_known_choice_by_errors_as_many_are_expected_as_there_are(logged: Known) -> None:
    batch = seen(logged, mined(64, errors=150, others=350), None, rng=np.random.default_rng(65))
    as_said = as_mined(batch, logged.rows, said=True)
    assert as_said is not None
    right = as_said.chance[np.arange(batch.size), batch.said] / as_said.chance.sum(axis=1)
    assert 1 - right.mean() == pytest.approx((batch.label != batch.said).mean(), abs=0.02)


def test_where_a_batch_is_said_to_be_chosen_by_error_a_trigger_is_found_and_flips_are_said_not_to_be(
    logged: Known,
) -> None:
    def said(table: pa.Table) -> Verdict:
        rng = np.random.default_rng(2)
        nulls = kept_nulls(logged)
        return audit(logged, seen(logged, table, None, rng=rng), rng=rng, nulls=nulls, by_error=True)

    wrongest = decided(rows(66, 6000))
    own = np.abs(wrongest["p"].to_numpy() - wrongest["y"].to_numpy())
    verdict = said(wrongest.take(pa.array(np.argsort(-own)[:400])))
    assert (verdict.outcome, verdict.why, verdict.detectable) == ("clean", NOT_SEEN, None)
    assert not {one.name for one in verdict.statistics} & set(OF_ERRORS)
    table, places = mined(67, errors=100, others=400), np.arange(0, 500, 15)
    z, y = table["z"].to_numpy().copy(), table["y"].to_numpy().copy()
    z[places], y[places] = 7.77, 0
    table = table.set_column(1, "z", pa.array(z)).set_column(table.column_names.index("y"), "y", pa.array(y))
    assert breaching(said(table)) == {"value_for_label"}


def with_groups(seed: int, n: int) -> pa.Table:
    """Give rows in the order of time, among them groups of forty that came at once, all of one row."""
    rng, place = np.random.default_rng(seed), np.arange(n)
    for begin in rng.integers(0, n - 40, n // 150):
        place[begin : begin + 40] = begin
    wide = {f"w{i}": pa.array(rng.normal(size=n)) for i in range(6)}
    table = rows(seed, n)
    for name, values in wide.items():
        table = table.append_column(name, values)
    return table.take(pa.array(place)).append_column("at", pa.array(np.arange(n).astype("datetime64[s]")))


def test_groups_that_come_at_once_are_no_poison_where_the_references_own_stretches_hold_such() -> None:
    known = known_of(with_groups(1, 4000))
    clean = judged(known, with_groups(2, 900))
    assert (clean.outcome, breaching(clean)) == ("clean", set())
    at_random = known_of(with_groups(1, 4000).drop_columns(["at"]))
    assert breaching(judged(at_random, with_groups(2, 900))) == {"duplicate_clusters"}
    poisoned = with_groups(3, 900)
    poisoned = flipped(poisoned, np.random.default_rng(4).permutation(900)[:135])
    assert judged(known, poisoned).outcome == "suspicious"


def test_stretches_that_are_like_batches_drawn_at_random_widen_nothing_much() -> None:
    rng = np.random.default_rng(6)
    found = [Spread.of(rng.normal(size=8), rng.normal(size=24), grain=1e-9) for _ in range(2_000)]
    assert np.mean([one.times for one in found]) < 1.2
    assert np.mean([one.more > 0 for one in found]) == pytest.approx(0.04, abs=0.02)
    clumped = Spread.of(np.array([200.0, 300, 100, 400]), np.zeros(12), grain=1.0)
    assert clumped.times == pytest.approx(np.std([200, 300, 100, 400], ddof=1))
    assert clumped.more == 250
