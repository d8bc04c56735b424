import numpy as np

from monitor.profiles.contributions import contributions


def test_the_client_that_moved_a_column_holds_the_excess() -> None:
    rng = np.random.default_rng(3)
    who = np.repeat([0, 1, 2], [4000, 4000, 400])
    places = np.concatenate([rng.integers(0, 10, 8000), np.full(400, 9)])
    before = np.full(10, 5000)
    found = contributions("abc", places, who=who, before=before, after=np.bincount(places, minlength=10))
    assert sum(one.rows for one in found) == who.size
    assert found[0].client == "c"
    assert found[0].excess == 360
    assert abs(sum(one.excess for one in found) - 360) < 100


def test_what_moves_everybody_is_sent_by_everybody() -> None:
    rng = np.random.default_rng(4)
    who = np.arange(9000) % 90
    places = np.minimum(rng.integers(0, 12, 9000), 9)
    found = contributions(
        [str(i) for i in range(90)], places, who=who, before=np.full(10, 500), after=np.bincount(places, minlength=10)
    )
    total = sum(one.excess for one in found)
    assert abs(total - 9000 * (3 / 12 - 1 / 10)) < 150
    assert sum(one.excess for one in found[:3]) / total < 0.1


def test_a_clump_in_one_bin_is_not_what_moved_where_all_rows_did() -> None:
    rng = np.random.default_rng(5)
    everybody = np.clip(np.digitize(rng.normal(0.13, 1, 1700), np.linspace(-2, 2, 39)), 0, 39)
    places, who = np.append(everybody, np.full(30, 30)), np.append(np.arange(1, 1701) % 50 + 1, np.zeros(30, int))
    before = np.bincount(np.digitize(rng.normal(0, 1, 60_000), np.linspace(-2, 2, 39)), minlength=40)
    after = np.bincount(places, minlength=40)
    found = contributions([str(i) for i in range(51)], places, who=who, before=before, after=after, ordered=True)
    total = sum(one.excess for one in found)
    assert 60 < total < 150
    assert next(one.excess for one in found if one.client == "0") < 0.3 * total


def test_rows_without_a_client_or_a_value_are_nobodys() -> None:
    found = contributions(
        "a", np.array([0, -1, 0]), who=np.array([0, 0, -1]), before=np.array([1, 9]), after=np.array([2, 0])
    )
    assert [(one.client, one.rows) for one in found] == [("a", 1)]
    assert found[0].excess == 0.9
