"""Which rows are taken: times of every form, unusable rows, sources that changed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.admission import admit
from monitor.errors import SourceStopped
from monitor.timestamps import STAMP
from monitor.types import KEPT_CHARS, Batch, Rejected, Roles

NOW = datetime(2013, 6, 1, tzinfo=UTC)
NOON = datetime(2013, 3, 1, 12, tzinfo=UTC)
SECONDS = int(NOON.timestamp())
ROLES = Roles(timestamp="at", id="id")
BAD = Rejected("line 1", "not JSON", "x")


def batch_of(times: Any, **columns: Any) -> Batch:  # noqa: ANN401 (a column of any type)
    columns = {"id": [str(i) for i in range(len(times))], **columns}
    return Batch("s", pa.table({"at": times, **columns}), {"offset": 9})


def admitted(times: Any, **columns: Any) -> Batch:  # noqa: ANN401
    before = batch_of(times, **columns)
    after = admit(before, ROLES, now=NOW, types={})
    assert after.read == before.read
    assert after.cursor == before.cursor
    assert after.rows["at"].type == STAMP
    return after


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON.replace(hour=13, tzinfo=None)], pa.timestamp("ns")),
        ["2013-03-01 13:00:00.000"],
        ["2013-03-01T13:00:00"],
        [" 2013-03-01T13:00:00"],  # one by one
        # what names a zone, or counts since 1970, is what it says
        pa.array([NOON], pa.timestamp("s", "America/New_York")),
        ["2013-03-01T12:00:00Z"],
        [SECONDS],
    ],
    ids=str,
)
def test_a_time_without_a_zone_is_of_the_one_that_is_said(times: Any) -> None:  # noqa: ANN401
    after = admit(batch_of(times), replace(ROLES, zone="Europe/Berlin"), now=NOW, types={})
    assert after.rows["at"].to_pylist() == [NOON]


def test_hours_that_clocks_skip_or_repeat_are_no_loss() -> None:
    times = ["2013-03-31T01:59:59", "2013-03-31T02:30:00", "2012-10-28T02:30:00", "9999-01-01T00:00:00", None]
    after = admit(batch_of(times), replace(ROLES, zone="Europe/Berlin"), now=NOW, types={})
    assert [f"{at:%m-%dT%H:%M:%S}" for at in after.rows["at"].to_pylist()] == [
        "03-31T00:59:59",
        "03-31T01:00:00",
        "10-28T00:30:00",
    ]
    assert len(after.rejected) == 2


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON], STAMP),
        pa.array([NOON], pa.timestamp("s", "America/New_York")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ns")),  # without a zone it is UTC
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ms")),
        [NOON.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()],
        ["2013-03-01T12:00:00Z"],
        ["2013-03-01 12:00:00.000"],
        ["2013-03-01T12:00:00.0000000Z"],  # more digits than microseconds have
        ["20130301T120000Z"],
        [" 2013-03-01T12:00:00Z"],
        pa.array(["2013-03-01T12:00:00Z"]).dictionary_encode(),
        pa.array(["2013-03-01T12:00:00Z"], pa.large_string()),
        [SECONDS],
        [SECONDS * 1000],
        [SECONDS * 10**6],
        [SECONDS * 10**9],
        [float(SECONDS)],
        [SECONDS * 1000.0],
        [Decimal(SECONDS)],
        pa.array([SECONDS], pa.uint64()),
        pa.array([SECONDS], pa.int32()),
        [str(SECONDS)],  # a column that became text through one bad row
        [f"{SECONDS}000"],
    ],
    ids=str,
)
def test_a_time_in_any_form_is_the_same_moment(times: Any) -> None:  # noqa: ANN401
    assert admitted(times).rows["at"].to_pylist() == [NOON]


def test_a_date_is_its_first_moment_in_utc() -> None:
    assert admitted([date(2013, 3, 1)]).rows["at"].to_pylist() == [datetime(2013, 3, 1, tzinfo=UTC)]
    assert admitted(["2013-03-01"]).rows["at"].to_pylist() == [datetime(2013, 3, 1, tzinfo=UTC)]
    assert admitted(["20130301"]).rows["at"].to_pylist() == [datetime(2013, 3, 1, tzinfo=UTC)]
    assert admitted(pa.array([date(2013, 3, 1)], pa.date64())).read == 1


def test_fractions_of_a_second_are_kept() -> None:
    assert admitted([SECONDS + 0.25]).rows["at"].to_pylist() == [NOON + timedelta(seconds=0.25)]


GOOD = "2013-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ([GOOD, None], "'at' is missing"),
        ([GOOD, ""], "'at' is no time"),
        ([GOOD, "yesterday"], "'at' 'yesterday' is no time"),
        ([GOOD, "NaN"], "'at' 'NaN' is no time"),
        ([GOOD, "1e999"], "'at' '1e999' is no time"),
        ([GOOD, "2013-06-01T01:00:01Z"], "'at' '2013-06-01T01:00:01Z' is more than 1 h after 2013-06-01T00:00:00+0000"),
        ([GOOD, "9999-12-31T23:59:59Z"], "'at' '9999-12-31T23:59:59Z' is more than"),
        ([GOOD, "10000-01-01T00:00:00Z"], "'at' '10000-01-01T00:00:00Z' is no time"),
        ([GOOD, "1969-12-31T23:59:59Z"], "'at' '1969-12-31T23:59:59Z' is before 1970"),
        ([SECONDS, -1], "'at' '-1' is before 1970"),
        ([SECONDS, -(2**63)], "'at' '-9223372036854775808' is before 1970"),
        ([SECONDS, 2**63 - 1], "'at' '9223372036854775807' is more than"),
        ([SECONDS, 20 * SECONDS], "'at' '27242784000' is more than"),
        ([SECONDS, float("nan")], "'at' 'nan' is no time"),
        ([float(SECONDS), float("inf")], "'at' 'inf' is no time"),
        ([float(SECONDS), float("-inf")], "'at' '-inf' is no time"),
        ([float(SECONDS), 1e300], "'at' '1e+300' is more than"),
        (pa.array([SECONDS, 2**62], pa.timestamp("s")), "'at' "),
        (pa.array([SECONDS * 1000, -(2**62)], pa.timestamp("ms", "UTC")), "'at' "),
        (pa.array([SECONDS * 10**6, 2**62], STAMP), "'at' "),
        (pa.array([SECONDS * 10**6, None], STAMP), "'at' is missing"),
        ([SECONDS, 0], "'at' '0' is 1970-01-01T00:00:00, the zero of clocks"),
        ([float(SECONDS), 0.0], "'at' '0.0' is 1970-01-01T00:00:00, the zero of clocks"),
        (pa.array([SECONDS * 10**6, 0], STAMP), "'at' '1970-01-01 00:00:00+00:00' is 1970-01-01T00:00:00"),
        (["2013-03-01T12:00:00Z", "1970-01-01"], "'at' '1970-01-01' is 1970-01-01T00:00:00"),
    ],
    ids=str,
)
def test_a_row_without_a_usable_time_is_turned_away(times: Any, reason: str) -> None:  # noqa: ANN401
    after = admitted(times)
    assert after.rows["at"].to_pylist() == [NOON]
    (bad,) = after.rejected
    assert bad.reason.startswith(reason)
    assert bad.position == "s row 2 of the batch"
    assert '"id": "1"' in bad.excerpt


def test_an_hour_ahead_is_still_taken() -> None:
    assert admitted([NOW + timedelta(hours=1)]).rejected == ()
    assert len(admitted([NOW + timedelta(hours=1, microseconds=1)]).rejected) == 1


@pytest.mark.parametrize("ids", [["a", None], ["a", ""], [1.0, float("nan")], pa.array(["a", ""]).dictionary_encode()])
def test_a_row_without_an_id_is_turned_away_where_ids_are_asked_for(ids: Any) -> None:  # noqa: ANN401
    times = pa.array([NOON, NOON], STAMP)
    (bad,) = admitted(times, id=ids).rejected
    assert bad.reason.endswith("every record needs its id")
    assert admit(batch_of(times, id=ids), Roles(timestamp="at"), now=NOW, types={}).rejected == ()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_that_is_not_utf8_is_turned_away_wherever_it_stands(kind: pa.DataType) -> None:
    if pa.types.is_dictionary(kind):
        words = pa.array([b"a", b"\xff"]).view(pa.string())
        texts: pa.Array = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0], pa.int32()), words)
    else:
        layout = pa.binary() if kind == pa.string() else pa.large_binary()
        texts = pa.array([b"a", b"\xff", None, b"a"], layout).view(kind)
    for name in ("x", "at", "id"):
        times = [GOOD] * 4 if name == "at" else pa.array([NOON] * 4, STAMP)
        after = admit(batch_of(times, **{name: texts}), Roles(timestamp="at"), now=NOW, types={})
        assert [bad.position for bad in after.rejected if "UTF-8" in bad.reason] == ["s row 2 of the batch"]
        after.rows.validate(full=True)


def test_a_row_with_two_faults_is_turned_away_once() -> None:
    after = admitted([None, NOON], id=[None, "b"])
    assert (after.rows.num_rows, len(after.rejected)) == (1, 1)


def test_a_row_that_is_turned_away_is_kept_whole_as_json_up_to_a_bound() -> None:
    (bad,) = admitted(["no"], id=["a"], x=["\0" + "y" * 5_000]).rejected
    assert json.loads(bad.excerpt) == {"at": "no", "id": "a", "x": "\ufffd" + "y" * 5_000}
    (bad,) = admitted(["no"], id=["a"], x=["y" * 2 * KEPT_CHARS]).rejected
    assert len(bad.excerpt) == KEPT_CHARS
    (bad,) = admitted(["no"], id=["a"], x=[2.5]).rejected
    assert json.loads(bad.excerpt) == {"at": "no", "id": "a", "x": 2.5}


@pytest.mark.parametrize(
    ("rows", "own", "bad", "stops"),
    [
        (10, 0, 10, False),  # too few to judge
        (11, 0, 11, True),
        (92, 0, 92, True),  # a small file all of whose rows are bad
        (92, 0, 10, False),
        (200, 0, 10, False),  # 5 % exactly
        (200, 0, 11, True),
        (190, 10, 0, False),  # the source's own rejections count
        (189, 11, 0, True),
        (0, 200, 0, True),
        (0, 11, 0, True),
        (0, 10, 0, False),
    ],
)
def test_a_source_stops_when_more_than_a_twentieth_is_unusable(rows: int, own: int, bad: int, *, stops: bool) -> None:
    batch = batch_of(pa.array([None] * bad + [NOON] * (rows - bad), STAMP))
    batch = Batch("s", batch.rows if rows else pa.table({}), {}, (BAD,) * own)
    if stops:
        with pytest.raises(SourceStopped, match="the cursor stays"):
            admit(batch, ROLES, now=NOW, types={})
    else:
        assert admit(batch, ROLES, now=NOW, types={}).read == batch.read


@pytest.mark.parametrize(("bad", "stops"), [(199, False), (200, True)])
def test_bad_rows_that_come_apart_from_the_good_ones_stop_a_source_when_they_are_many(bad: int, *, stops: bool) -> None:
    batch = Batch("s", pa.table({}), {}, (BAD,) * bad, apart=True)
    if stops:
        with pytest.raises(SourceStopped):
            admit(batch, ROLES, now=NOW)
    else:
        assert admit(batch, ROLES, now=NOW) == batch


def test_what_nobody_can_mend_any_more_is_turned_away_however_much_it_is() -> None:
    after = admit(batch_of([None] * 300), ROLES, now=NOW, stops=False)
    assert (after.rows.num_rows, len(after.rejected)) == (0, 300)
    timeless = Batch("s", pa.table({"id": ["a"]}), {})
    (bad,) = admit(timeless, ROLES, now=NOW, stops=False).rejected
    assert bad.reason == "'at' is missing; every record needs its time"


def test_the_stop_names_what_changed_and_an_example() -> None:
    batch = batch_of(["1/3/13"] * 300, x=["a"] * 300, y=[None] * 300, new=[1] * 300)
    types = {"at": "time", "id": "text", "x": "number", "y": "number", "z": "number"}
    with pytest.raises(SourceStopped) as stop:
        admit(batch, ROLES, now=NOW, types=types)
    assert set(stop.value.columns) == {"at", "x", "y", "z", "new"}
    told = str(stop.value)
    for part in (
        "s: 300 of 300 rows",
        "s row 1 of the batch: 'at' '1/3/13' is no time",
        "'x' was number, is text",
        "'y' has no value",
        "'z' is gone",
        "'new' is new",
    ):
        assert part in told


def test_a_column_of_which_only_the_name_is_known_is_neither_new_nor_gone_nor_changed() -> None:
    types = {"at": None, "id": None, "label": None, "x": "number"}
    with pytest.raises(SourceStopped) as stop:
        admit(batch_of(["1/3/13"] * 300, x=["a"] * 300), ROLES, now=NOW, types=types)
    assert set(stop.value.columns) == {"at", "x"}
    assert "changed: 'x' was number, is text; nothing" in str(stop.value)


@pytest.mark.parametrize("names", [["time", "id"], ["at", "key"], ["at", "at", "id"]])
def test_a_needed_column_that_is_gone_or_there_twice_stops_the_source(names: list[str]) -> None:
    rows = pa.table([pa.array([NOON], STAMP)] * len(names), names=names)
    with pytest.raises(SourceStopped) as stop:
        admit(Batch("s", rows, {}), ROLES, now=NOW, types={})
    assert stop.value.columns[0] in {"at", "id"}


def test_a_batch_without_rows_passes() -> None:
    batch = Batch("s", pa.table({}), {"offset": 1}, (BAD,))
    assert admit(batch, ROLES, now=NOW, types={}) == batch


values = st.one_of(st.none(), st.floats(), st.integers(-(2**63), 2**63 - 1))
texts = st.one_of(st.none(), st.text(max_size=30), st.datetimes().map(str), st.integers().map(str), st.just(GOOD))
stamps = st.sampled_from([pa.timestamp(u, z) for u in ("s", "ms", "us", "ns") for z in (None, "UTC")])
longs = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=30)
columns = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=30),
    longs,
    st.lists(texts, min_size=1, max_size=30),
    st.builds(lambda counts, kind: pa.array(counts, pa.int64()).cast(kind), longs, stamps),
)


@given(columns, st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=30, max_size=30), st.integers(0, 5))
def test_stored_and_turned_away_are_together_what_was_read(times: Any, ids: list[str | None], own: int) -> None:  # noqa: ANN401
    rows = batch_of(times, id=pa.array(ids[: len(times)], pa.string())).rows
    before = Batch("s", rows, {}, (BAD,) * own)
    after = admit(before, ROLES, now=NOW, types={}, stops=False)
    assert after.rows.num_rows + len(after.rejected) == before.read
    assert after.rejected[:own] == before.rejected
    moments = after.rows["at"].cast(pa.int64()).to_numpy()
    assert after.rows["at"].null_count == 0
    assert np.all((moments > 0) & (moments <= (NOW.timestamp() + 3600) * 1e6))
