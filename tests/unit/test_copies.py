"""What is shown of near-copies is of the client that is told of, whoever else sent some."""

from typing import Any

import pyarrow as pa
import pytest

from monitor.profiles.arrow import layout_of
from monitor.steps.copies import compared, own_copies, swept
from monitor.types import Roles

CLUSTER = {
    "clients": 2,
    "pair": [{"column": "km", "from": 3.3, "to": 932.2}],
    "own": {"size": 4, "flips": 1, "ids": ["r0", "r2", "r4"]},
}
IDS = ["r1", "r2", "r3", "r4"]
ROWS = pa.table(
    {
        "amount": [1.0, 20.0, 25.0, 30.0],
        "km": [5.0, 932.2, 932.2, 932.2],
        "card": ["a", "b", "b", None],
        "vector": [[0.0, 1.0], [0.5, 1.0], [0.5, 1.0], [0.25, float("nan")]],
    }
)


def pair(cluster: dict[str, Any], ids: list[str] = IDS, **rest: Any) -> dict[str, tuple[Any, Any]]:  # noqa: ANN401
    shown = own_copies(cluster, ROWS, ids, **{"hide": lambda value: value, **rest})
    return {one["column"]: (one["from"], one["to"]) for one in shown["pair"]}


def test_the_pair_is_of_the_clients_own_first_and_last_copy() -> None:
    assert pair(CLUSTER) == {
        "card": ("b", None),
        "vector[1]": (1.0, None),
        "vector[0]": (0.5, 0.25),
        "amount": (20.0, 30.0),
    }


@pytest.mark.parametrize(("clients", "columns"), [(2, []), (1, ["km"])])
def test_where_its_rows_are_not_there_the_clusters_pair_stands_only_for_one_client(
    clients: int, columns: list[str]
) -> None:
    assert list(pair({**CLUSTER, "clients": clients}, IDS[:2])) == columns
    assert list(pair({**CLUSTER, "clients": clients}, [])) == columns


def test_ids_longer_than_what_is_kept_of_them_are_found_again_and_values_are_hidden_where_asked() -> None:
    long = ["é" * 70, "z" * 70]
    cluster = {**CLUSTER, "own": {"ids": [long[0].encode()[:64].decode(), long[1]]}}
    assert pair(cluster, ["r1", long[0], "r3", long[1]], hide=str)["amount"] == ("20.0", "30.0")


def test_of_texts_the_words_are_shown_that_only_one_of_them_has() -> None:
    rows = pa.table({"said": ["x", "pay the free gift now", "x", "pay the fr3e gift"]})
    found = own_copies(CLUSTER, rows, IDS, hide=lambda value: value)["pair"]
    assert found == [{"column": "said", "from": "free now", "to": "fr3e"}]


def test_only_what_queries_are_compared_by_is_looked_at() -> None:
    words = [f"said {'word ' * (n % 7)} {n}" for n in range(300)]
    numbers = [float(n) for n in range(300)]
    reference = pa.table({"amount": numbers, "debt": numbers, "said": words, "at": numbers})
    layout = layout_of(reference, Roles(timestamp="at", kinds={"said": "text"}))
    rows = pa.table({"at": [0.0], "later": ["2024"], "debt": [1.0], "said": ["four"], "amount": [2.0]})
    assert compared(rows, layout, ignore=["debt"]).to_pylist() == [{"amount": 2.0, "said": "four"}]


def test_the_columns_that_a_client_sweeps_are_named_and_those_of_its_other_rows_are_not() -> None:
    steps = 40
    # the last pair differs in two columns of five, which is no longer few
    moved = {"amount": [float(n) for n in range(steps)], "km": [1.0] * (steps - 1) + [float("nan")]}
    still = {name: [float("nan")] * steps for name in ("a", "b", "c")}
    answers = [n % 2 for n in range(10)] + [1] * 30
    assert swept(pa.table({**moved, **still}), answers) == (["amount"], steps - 2, 9)
    jumps = {name: [float(n * len(name)) for n in range(steps)] for name in ("a", "bb", "ccc", "d", "e", "f")}
    assert swept(pa.table(jumps), answers) == swept(pa.table({}), answers) == ([], 0, 0)
