"""Rows are summed up by window, version and segment; parts of the rows add up to all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import label_groupings, profile_groupings
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile, merge
from monitor.schedule import Period
from monitor.steps.slices import MOST_COMBINED, MOST_VERSIONS, OTHER, grouped, sliced
from monitor.store.profiles import Slice
from monitor.store.references import GROUP
from monitor.types import Roles, Window

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY, DAILY = Period(1, "h"), Period(1, "d")
ROLES = Roles("at", version="version", prediction="predicted", scores=("p",), label="late", segments=("origin",))


def rows(size: int = 400, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    p = rng.random(size)
    origins = rng.choice(["EWR", "JFK", "LGA", None], size, p=[0.5, 0.3, 0.1, 0.1])
    return pa.table(
        {
            "at": pa.array([MIDNIGHT + timedelta(minutes=int(m)) for m in rng.integers(0, 4 * 60, size)]),
            "version": rng.choice(["v1", "v2"], size),
            "origin": pa.array(origins.tolist(), pa.string()),
            "x": pa.array(np.where(rng.random(size) < 0.1, np.nan, rng.normal(size=size)), from_pandas=True),
            "p": p,
            "predicted": (p > 0.5).astype(int),
            "late": (rng.random(size) < p).astype(int),
        }
    )


ROWS = rows()
LAYOUT = layout_of(ROWS, ROLES)


def test_values_of_several_sensitive_columns_are_groups_together() -> None:
    rng = np.random.default_rng(3)
    table = ROWS.append_column("sex", pa.array(rng.choice(["f", "m"], 400)))
    table = table.append_column("age", pa.array(rng.integers(18, 90, 400)))
    both = (("sex", "origin"), ("sex", "age"))
    layout = layout_of(table, replace(ROLES, segments=(), sensitive=("sex", "origin", "age"), intersections=both))
    found = grouped(table, layout, segment_values=20)
    sex, origin = table["sex"].to_pylist(), table["origin"].to_pylist()
    for one in ("f", "m"):
        for place in ("EWR", "JFK", "LGA"):
            rows_of = sum(pair == (one, place) for pair in zip(sex, origin, strict=True))
            assert found[f"{GROUP}sex & origin={one} & {place}"].rows == rows_of
    # a row without an origin is of none
    together = sum(profile.rows for name, profile in found.items() if name.startswith(f"{GROUP}sex & origin="))
    assert together == 400 - origin.count(None)
    assert sum(name.startswith(f"{GROUP}sex & age=") for name in found) == 8


def test_of_many_values_the_rarer_ones_are_taken_together() -> None:
    names = [f"n{number:02}" for number in range(30) for _ in range(60 - number)]
    columns = {"a": names, "b": names[::-1], "predicted": np.arange(len(names)) % 2}
    table = pa.table({"at": [MIDNIGHT] * len(names), **columns})
    roles = Roles("at", prediction="predicted", sensitive=("a", "b"), intersections=(("a", "b"),))
    found = grouped(table, layout_of(table, roles), segment_values=25)
    held = {name: profile.rows for name, profile in found.items() if name.startswith(f"{GROUP}a & b=")}
    assert len(held) <= MOST_COMBINED
    assert sum(held.values()) == len(names)
    own = [pair for pair in zip(names, names[::-1], strict=True) if pair[0] == "n00" and pair[1] > "n08"]
    assert held[f"{GROUP}a & b=n00 & {OTHER}"] == len(own)


def of(table: pa.Table, layout: Layout = LAYOUT, base: Period = HOURLY, most: int = 20) -> dict[Slice, Profile]:
    return sliced(table, layout, profile_groupings, base=base, segment_values=most)


def counted(found: dict[Slice, Profile]) -> dict[tuple[int, str], int]:
    """Give rows by (hour, version or segment)."""
    return {
        (int((place.window.start - MIDNIGHT) / HOUR), place.version or place.segment): profile.rows
        for place, profile in found.items()
    }


def small(*cells: tuple[int, str, str | None]) -> pa.Table:
    hours, versions, origins = zip(*cells, strict=True)
    return pa.table(
        {
            "at": pa.array([MIDNIGHT + hour * HOUR for hour in hours], pa.timestamp("us", "UTC")),
            "version": pa.array(versions, pa.string()),
            "origin": pa.array(origins, pa.string()),
            "x": pa.array([0.5] * len(cells)),
        }
    )


def test_rows_fall_into_half_open_windows_versions_and_segments() -> None:
    table = small((0, "v1", "JFK"), (0, "v2", "EWR"), (1, "v1", "JFK"))
    assert counted(of(table)) == {
        (0, ""): 2,
        (0, "v1"): 1,
        (0, "v2"): 1,
        (0, "origin=JFK"): 1,
        (0, "origin=EWR"): 1,
        (1, ""): 1,
        (1, "v1"): 1,
        (1, "origin=JFK"): 1,
    }
    assert {place.window for place in of(table, base=DAILY)} == {Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)}


def test_rows_without_a_value_belong_to_no_segment_and_unknown_or_rare_ones_to_other() -> None:
    table = small((0, "v1", None), (0, "v1", "Mars"), (0, "v1", "LGA"), (0, "v1", "EWR"), (0, "v1", "JFK"))
    assert counted(of(table, most=2)) == {
        (0, ""): 5,
        (0, "v1"): 5,
        (0, "origin=EWR"): 1,
        (0, "origin=JFK"): 1,
        (0, f"origin={OTHER}"): 2,
    }


def test_a_dictionary_is_sliced_like_plain_text() -> None:
    plain = rows(50)
    coded = plain.set_column(2, "origin", plain["origin"].dictionary_encode())
    chunked = pa.concat_tables([coded.slice(0, 20), coded.slice(20)])
    assert_equal(of(chunked), of(plain))


def test_more_versions_than_can_be_told_apart_are_other() -> None:
    table = small(*((0, f"v{number}", "JFK") for number in range(MOST_VERSIONS + 5)))
    versions = {place.version: profile.rows for place, profile in of(table).items() if place.version}
    assert (len(versions), versions[OTHER], sum(versions.values())) == (MOST_VERSIONS + 1, 5, MOST_VERSIONS + 5)


def test_a_version_without_a_name_is_none() -> None:
    found = counted(of(small((0, "", "JFK"), (0, "v1", "JFK"), (0, "v1", "JFK"))))
    assert found == {(0, ""): 3, (0, "v1"): 2, (0, "origin=JFK"): 3}


def test_a_segment_without_a_name_is_no_window() -> None:
    table = small((0, "v1", ""), (0, "v1", "JFK"), (0, "v1", ""))
    found = counted(of(table, layout_of(table, ROLES)))
    assert found == {(0, ""): 3, (0, "v1"): 3, (0, "origin="): 2, (0, "origin=JFK"): 1}


def test_a_segment_that_is_called_other_is_counted_with_all_others() -> None:
    table = small((0, "v1", OTHER), (0, "v1", OTHER), (0, "v1", "JFK"), (0, "v1", "EWR"))
    layout = layout_of(table, ROLES)
    strange = small((0, "v1", OTHER), (0, "v1", "Mars"), (0, "v1", "JFK"), (0, "v1", "Venus"))
    assert counted(of(strange, layout))[0, f"origin={OTHER}"] == 3
    assert counted(of(strange, layout))[0, "origin=JFK"] == 1


def test_a_group_that_is_called_other_is_counted_with_all_others() -> None:
    table = small((0, "v1", OTHER), (0, "v1", OTHER), (0, "v1", "JFK"), (0, "v1", "Mars"))
    roles = replace(ROLES, segments=(), sensitive=("origin",))
    layout = layout_of(table.slice(0, 3), roles)
    found = {name: profile.rows for name, profile in grouped(table, layout, segment_values=20).items()}
    assert found == {f"{GROUP}origin={OTHER}": 3, f"{GROUP}origin=JFK": 1}


def test_a_version_that_is_called_other_is_counted_with_those_too_many() -> None:
    names = [OTHER, *(f"v{number}" for number in range(MOST_VERSIONS + 5))]
    versions = {p.version: profile.rows for p, profile in of(small(*((0, v, "JFK") for v in names))).items()}
    assert (versions[OTHER], sum(versions.values())) == (7, 2 * len(names))


def test_a_column_that_the_rows_lack_makes_no_slices() -> None:
    table = small((0, "v1", "JFK")).drop_columns(["version", "origin"])
    assert counted(of(table)) == {(0, ""): 1}


def test_slices_of_a_window_add_up_to_it() -> None:
    found = of(ROWS)
    for place, whole in found.items():
        if place.version or place.segment:
            continue
        versions = [p for other, p in found.items() if other.window == place.window and other.version]
        assert sum(part.rows for part in versions) == whole.rows
        assert np.array_equal(sum(part.counts for part in versions), whole.counts)


def merged(parts: list[dict[Slice, Profile]]) -> dict[Slice, Profile]:
    total: dict[Slice, Profile] = {}
    for part in parts:
        total |= {place: merge(total[place], p) if place in total else p for place, p in part.items()}
    return total


def assert_equal(found: dict[Slice, Profile], wanted: dict[Slice, Profile]) -> None:
    assert found.keys() == wanted.keys()
    for place, profile in wanted.items():
        other = found[place]
        assert (other.rows, other.unseen, other.added) == (profile.rows, profile.unseen, profile.added)
        assert np.array_equal(other.counts, profile.counts)
        assert other.sums == pytest.approx(profile.sums, abs=1e-9)
        assert np.array_equal(other.low, profile.low)
        assert np.array_equal(other.high, profile.high)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.randoms())
def test_slices_of_any_split_of_the_rows_merge_to_those_of_all(parts: list[int], order: object) -> None:
    table = ROWS.slice(0, 60)
    places = [[row for row, part in enumerate(parts) if part == number] for number in range(4)]
    for rows_of in places:
        order.shuffle(rows_of)  # type: ignore[attr-defined]  # hypothesis' own generator
    assert_equal(merged([of(table.take(rows_of)) for rows_of in places if rows_of]), of(table))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=60, max_size=60))
def test_labels_that_come_later_add_up_to_labels_that_came_with_their_records(late: list[bool]) -> None:
    table, mask = ROWS.slice(0, 60), pa.array(late)
    unlabelled = table.set_column(
        table.column_names.index("late"),
        "late",
        pa.array([None if x else y for x, y in zip(late, table["late"].to_pylist(), strict=True)], pa.int64()),
    )
    labels = sliced(table.filter(mask), LAYOUT, label_groupings, base=HOURLY, segment_values=20)
    assert_equal(merged([of(unlabelled), labels]), of(table))
