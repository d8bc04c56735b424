"""Who hides something in its texts as all others of its segment do has a program that writes so; else it is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from monitor.detectors.attack import Sighting
from monitor.steps.hiding import hidden_by_all
from tests.unit.test_attack_writing import ROLES, fitted, hid, queries, texts

OF_PLACES = replace(ROLES, segments=("country",))


def rows_of(who: Sequence[str], country: str, *, hiding: float, seed: int) -> pa.Table:
    said = [hid(text, "letters") if i < hiding * len(who) else text for i, text in enumerate(texts(len(who), seed))]
    return queries(said, who, seed=seed).append_column("country", pa.array([country] * len(who)))


def seen(**column: Any) -> Sighting:  # noqa: ANN401
    told = {"columns": [{"column": "text", "share": 1.0, **column}]}
    return Sighting("off_contract", "p1", datetime(2024, 1, 1, tzinfo=UTC), 15, 15, 0.005, log_e=40.0, evidence=told)


def found(hiding: float, *, clients: int = 20, own: Sequence[Sighting] = (seen(hides=True),)) -> dict[str, str]:
    own_rows = rows_of(["p1"] * 15, "PL", hiding=1.0, seed=1)
    others = [
        rows_of([f"p{2 + i % clients}" for i in range(80)], "PL", hiding=hiding, seed=2),
        rows_of([f"d{i % 40}" for i in range(300)], "DE", hiding=0.0, seed=3),
    ]
    return hidden_by_all(own_rows, own, others, baseline=fitted(), roles=OF_PLACES)


def test_a_program_of_one_country_accuses_none_of_its_clients() -> None:
    said = {"text": "hidden characters or look-alike letters, as most others of country=PL do,"}
    assert found(1.0) == found(0.7) == said


@pytest.mark.parametrize(
    ("hiding", "clients", "own"),
    [
        (0.0, 20, seen(hides=True)),
        (0.3, 20, seen(hides=True)),
        (1.0, 8, seen(hides=True)),
        (1.0, 20, seen()),
        (1.0, 20, replace(seen(hides=True), log_e=0.0)),
    ],
    ids=["nobody else", "few others", "few clients", "it hides nothing", "no evidence"],
)
def test_who_hides_alone_or_with_a_few_is_not_excused(hiding: float, clients: int, own: Sighting) -> None:
    assert found(hiding, clients=clients, own=[own]) == {}


def test_who_breaks_another_column_or_sends_of_two_segments_is_not_excused() -> None:
    other = replace(seen(), evidence={"columns": [{"column": "x0", "share": 1.0}]})
    assert found(1.0, own=[seen(hides=True), other]) == {}
    two = [rows_of(["p1"] * 8, place, hiding=1.0, seed=5) for place in ("PL", "DE")]
    others = [rows_of([f"p{i % 20}" for i in range(80)], place, hiding=1.0, seed=6) for place in ("PL", "DE")]
    own = [seen(hides=True)]
    assert hidden_by_all(pa.concat_tables(two), own, others, baseline=fitted(), roles=OF_PLACES) == {}
    assert hidden_by_all(two[0], own, [], baseline=fitted(), roles=OF_PLACES) == {}
