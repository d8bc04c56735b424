"""Names of records, clients, versions and segments: what is taken as one, what is told, and how it is kept."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from monitor.admission import admit, admit_labels
from monitor.names import NAME_LENGTH, short_name, with_names
from monitor.types import Batch, Roles

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROLES = Roles(timestamp="at", id="id", client="who", version="version", segments=("place",), sensitive=("sex",))
NAMES = ("id", "who", "version", "place", "sex")


def admitted(name: str, values: Any) -> Batch:  # noqa: ANN401 (a column of any type)
    columns: dict[str, Any] = dict.fromkeys(NAMES, ["a"] * len(values)) | {name: values}
    rows = pa.table({"at": [NOON] * len(values), **columns})
    after = admit(Batch("s", rows, {}), ROLES, now=NOON)
    assert after.rows.num_rows + len(after.rejected) == len(values)
    return after


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        # what has no text
        (pa.array([None, [1]], pa.list_(pa.int64())), "'[1]' is a value of type list"),
        (pa.array([None, {"a": 1}]), "\"{'a': 1}\" is a value of type struct"),
        (pa.array([None, b"\xff\xfe"]), "is a value of type binary"),
        (pa.array([None, b"\xff" * 16], pa.binary(16)), "is a value of type fixed_size_binary[16]"),
        (pa.array([None, b"\xff"]).dictionary_encode(), "is a value of type dictionary"),
        (pa.array([None, (1, 2, 3)], pa.month_day_nano_interval()), "is a value of type month_day_nano_interval"),
    ],
    ids=str,
)
def test_what_is_no_name_is_turned_away(name: str, values: pa.Array, reason: str) -> None:
    after = admitted(name, values)
    bad = after.rejected[-1]
    assert (bad.position, bad.reason.startswith(repr(name))) == ("s row 2 of the batch", True)
    assert reason in bad.reason
    assert json.loads(bad.excerpt)
    # nothing in the other row is a fault, but that an id is needed
    assert [row.position for row in after.rejected[:-1]] == (["s row 1 of the batch"] if name == "id" else [])
    assert after.rows[name].cast(pa.string()).to_pylist() == ([] if name == "id" else [None])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([12, 7]), ["12", "7"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["x", "\u00e9"]), ["x", "\u00e9"]),
        (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
        (pa.array(["x", "y"], pa.string_view()), ["x", "y"]),
        (pa.DictionaryArray.from_arrays([1, 0], pa.array(["x", "y"], pa.string_view())), ["y", "x"]),
        (pa.array([b"x", "\u00e9".encode()]), ["x", "\u00e9"]),
        (pa.array([b"x", b"y"], pa.binary_view()), ["x", "y"]),
        (pa.array([b"x", b"y"]).dictionary_encode(), ["x", "y"]),
        (
            pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16), b"\xff" * 16], pa.binary(16))),
            [str(uuid.UUID(int=0)), "ffffffff-ffff-ffff-ffff-ffffffffffff"],
        ),
    ],
    ids=str,
)
def test_what_is_a_name_is_taken_as_text_or_as_it_is(name: str, values: pa.Array, texts: list[str]) -> None:
    after = admitted(name, values)
    assert (after.rejected, after.rows[name].cast(pa.string()).to_pylist()) == ((), texts)


WITH_NUL = [
    pa.array([None, "a\0b"]),
    pa.array([None, "a\0b"]).dictionary_encode(),
    pa.array([None, "a\0b"], pa.string_view()),
]


@pytest.mark.parametrize("values", WITH_NUL, ids=str)
def test_an_id_that_no_database_holds_is_turned_away(values: pa.Array) -> None:
    *_, bad = admitted("id", values).rejected
    assert (bad.position, bad.reason) == ("s row 2 of the batch", "'id' 'a\ufffdb' holds a NUL character; leave it out")


@pytest.mark.parametrize("name", [*NAMES[1:], "text"])
@pytest.mark.parametrize("values", WITH_NUL, ids=str)
def test_nul_is_marked_in_any_other_text_and_the_row_is_kept(name: str, values: pa.Array) -> None:
    after = admitted(name, values)
    assert (after.rejected, after.rows[name].cast(pa.string()).to_pylist()) == ((), [None, "a␀b"])


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("coded", [False, True])
def test_a_name_too_long_for_an_index_is_shortened_and_stays_its_own(name: str, *, coded: bool) -> None:
    values = pa.array(["\u00e9" * 999 + "1", "\u00e9" * 999 + "2", "a", None])
    values = values.dictionary_encode() if coded else values
    after = admitted(name, values)
    names = after.rows[name].to_pylist()
    assert after.rejected == ()
    assert (len({*names}), max(map(len, filter(None, names))), names[2:]) == (4, NAME_LENGTH, ["a", None])
    assert names == with_names(pa.table({name: values}), ROLES)[name].to_pylist()  # as in the reference


@pytest.mark.parametrize("coded", [False, True])
def test_the_name_of_a_client_is_shortened_once_and_stays_its_own(*, coded: bool) -> None:
    values = pa.array(["t" * 999 + "1", "t" * 999 + "2", "bob", None])
    after = admitted("who", values.dictionary_encode() if coded else values)
    names = after.rows["who"].to_pylist()
    assert after.rejected == ()
    assert (len({*names}), max(map(len, filter(None, names))), names[2:]) == (4, NAME_LENGTH, ["bob", None])
    assert names[:2] == [short_name(value) for value in values.to_pylist()[:2]]
    again = admit(after, ROLES, now=NOON)
    assert again.rows["who"].to_pylist() == names


def test_an_id_may_be_long_since_labels_find_it_by_all_of_it() -> None:
    assert admitted("id", ["i" * 5000]).rows["id"].to_pylist() == ["i" * 5000]


def test_a_client_that_is_a_segment_too_is_shortened() -> None:
    roles = Roles(timestamp="at", client="who", segments=("who",))
    after = admit(Batch("s", pa.table({"at": [NOON], "who": ["t" * 999]}), {}), roles, now=NOON)
    assert (after.rejected, len(after.rows["who"][0].as_py())) == ((), NAME_LENGTH)


def test_a_label_whose_id_is_no_name_is_turned_away() -> None:
    rows = pa.table({"id": pa.array([b"a", b"\xff"]), "y": [1, 0]})
    after = admit_labels(Batch("labels", rows, {}), ROLES)
    assert after.rows.to_pydict() == {"id": ["a"], "y": [1]}
    assert [bad.position for bad in after.rejected] == ["labels row 2 of the batch"]
