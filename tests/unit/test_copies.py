"""What is shown of near-copies is of the client that is told of, whoever else sent some."""

from typing import Any

import pyarrow as pa
import pytest

from monitor.steps.copies import own_copies, swept_columns

CLUSTER = {
    "clients": 2,
    "pair": [{"column": "km", "from": 3.3, "to": 932.2}],
    "own": {"size": 4, "flips": 1, "ids": ["r0", "r2", "r4"]},
}
ROWS = pa.table(
    {
        "id": ["r1", "r2", "r3", "r4"],
        "amount": [1.0, 20.0, 25.0, 30.0],
        "km": [5.0, 932.2, 932.2, 932.2],
        "card": ["a", "b", "b", None],
        "vector": [[0.0, 1.0], [0.5, 1.0], [0.5, 1.0], [0.25, float("nan")]],
    }
)
FEATURES = ["amount", "km", "card", "vector"]


def pair(cluster: dict[str, Any], rows: pa.Table = ROWS, **rest: Any) -> dict[str, tuple[Any, Any]]:  # noqa: ANN401
    shown = own_copies(cluster, rows, **{"ids": "id", "features": FEATURES, "hide": lambda value: value, **rest})
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
    assert list(pair({**CLUSTER, "clients": clients}, ROWS.slice(0, 2))) == columns
    assert list(pair({**CLUSTER, "clients": clients}, ids=None)) == columns


def test_ids_longer_than_what_is_kept_of_them_are_found_again_and_values_are_hidden_where_asked() -> None:
    long = {"r2": "é" * 70, "r4": "z" * 70}
    rows = ROWS.set_column(0, "id", pa.array([long.get(one, one) for one in ROWS["id"].to_pylist()]))
    own = {"ids": [("é" * 70).encode()[:64].decode(), "z" * 70]}
    assert pair({**CLUSTER, "own": own}, rows, hide=str)["amount"] == ("20.0", "30.0")


def test_the_columns_that_a_client_sweeps_are_named_and_those_of_its_other_rows_are_not() -> None:
    steps = 40
    swept = {"amount": [float(n) for n in range(steps)], "km": [1.0] * (steps - 1) + [float("nan")]}
    still = {name: [float("nan")] * steps for name in ("a", "b", "c")}
    assert swept_columns(pa.table({**swept, **still}), [*swept, *still]) == ["amount"]
    jumps = {name: [float(n * len(name)) for n in range(steps)] for name in ("a", "bb", "ccc", "d", "e", "f")}
    assert swept_columns(pa.table(jumps), list(jumps)) == []
