"""Which client brings a change: it sent most of it, few of all rows, did not do so before, and goes beyond chance."""

import numpy as np
import pytest

from monitor.alerts.causes import BROUGHT
from monitor.alerts.titles import title_of
from monitor.alerts.wording import text_of
from monitor.detectors.drift.client_drift import CHANCE, Bringer, brought_by
from monitor.profiles.contributions import Contribution, contributions
from tests.unit.test_wording import finding, group

CLIENTS, ROWS, BINS = 25, 1_000, 20


def drawn(rng: np.random.Generator, *, moved: float = 0.0, one: float = 0.0) -> list[Contribution]:
    """Draw a window's ranks of 25 clients, all moved by so many deviations, and those of one by some more."""
    who = rng.integers(0, CLIENTS, ROWS)
    values = rng.normal(size=ROWS) + moved + one * (who == 7)
    edges = np.quantile(rng.normal(size=50_000), np.arange(1, BINS) / BINS)
    places = np.searchsorted(edges, values)
    before, after = np.full(BINS, 5_000), np.bincount(places, minlength=BINS)
    names = [f"c{i}" for i in range(CLIENTS)]
    return contributions(names, places, who=who, before=before, after=after, ordered=True)


def brought(found: list[Contribution], usual: dict[str, float] | None = None) -> Bringer | None:
    return brought_by(found, usual or {}, whole=sum(one.rows for one in found))


@pytest.mark.parametrize("moved", [0.0, 0.2, 1.0])
def test_nobody_brings_what_all_clients_do(moved: float) -> None:
    rng = np.random.default_rng(3)
    found = [brought(drawn(rng, moved=moved)) for _ in range(300)]
    sure = [one for one in found if one and one.chance <= CHANCE]
    assert len(sure) <= 2


def test_who_alone_moves_brings_it() -> None:
    rng = np.random.default_rng(4)
    found = [brought(drawn(rng, one=4.0)) for _ in range(50)]
    assert [one.client for one in found if one and one.chance <= CHANCE][:45] == ["c7"] * 45


def test_who_did_the_same_before_brings_nothing() -> None:
    found = drawn(np.random.default_rng(5), one=4.0)
    assert found[0].client == "c7"
    assert brought(found, {"c7": 0.8 * found[0].excess}) is None


def test_a_client_of_most_rows_or_of_few_ones_brings_nothing() -> None:
    large = [Contribution("a", 300, 90.0, 20.0), Contribution("b", 700, 0.0)]
    small = [Contribution("a", 9, 8.0, 20.0), Contribution("b", 700, 0.0)]
    assert brought(large) is None
    assert brought(small) is None
    assert brought([]) is None
    assert brought([Contribution("", 100, 90.0, 20.0), Contribution("b", 700, 0.0)]) is None


def test_who_is_new_in_a_segment_brings_its_change_unless_the_segment_is_that_client() -> None:
    found = [Contribution("a", 140, 90.0, 20.0), Contribution("b", 120, 0.0)]
    one = brought_by(found, {}, whole=2_000)
    assert one is not None
    assert (one.client, one.traffic) == ("a", 0.07)
    assert brought_by(found, {"a": 85.0}, whole=2_000) is None
    assert brought_by([found[0], Contribution("b", 20, 0.0)], {}, whole=2_000) is None
    assert brought_by(found, {}, whole=500) is None


def test_a_message_names_the_client_and_what_its_rows_change() -> None:
    parts = [
        {"column": "age", "segment": "", "share": 0.9, "rows": 30, "traffic": 0.05}
        | {"change": {"of": "mean", "before": 40.0, "after": 55.0}},
        {"column": "rank", "segment": "", "share": 0.6, "rows": 30, "traffic": 0.05},
        {"column": "age", "segment": "kind=a", "share": 0.5, "rows": 30, "traffic": 0.3},
    ]
    told = {"client": "bot", BROUGHT: parts}
    one = finding("client_drift", 0.9, kind="drift.data", column="", segment="client=bot", n=30, evidence=told)
    assert "30 rows of bot (5 % of all) are most of the change of age (90 %, mean 40 → 55), rank (60 %)" in text_of(one)
    assert "30 rows, since" not in text_of(one)
    assert title_of(group(one)).endswith("drift that bot brings in age, rank")
