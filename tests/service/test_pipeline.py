"""The joined-up loop on a small log: whatever the order and the times of arrival, the same is found and told once."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Double, Integer, MetaData, String, Table, create_engine, insert, select, text

from monitor.config import load
from monitor.errors import SourceError
from monitor.pipeline import Pass, once
from monitor.profiles.profile import Profile
from monitor.store.cursors import SourceState, read_source
from monitor.store.measurements import Judgement, read_judgements
from monitor.store.profiles import Slice
from monitor.store.records import forget_records
from monitor.store.references import WHOLE, read_reference
from monitor.store.schema import alert_event, measurement, metadata, outbox, profile, quarantine, segment
from monitor.types import Batch, Cursor, Notice, Source, Window
from monitor.watch import Monitor
from monitor.wiring import opened

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS, A_DAY, SHIFT = 30, 300, 20
LOOKS = ("live_at", "drained_at", "known_until")
CONFIG = """
database: {database}
models:
  fares:
    source: {source}
    labels: {labels}
    reference: {{files: reference.parquet}}
    columns: {{timestamp: at, id: id, prediction: predicted, scores: p, label: late, segments: [origin]}}
    window: 1d
    segment_values: 3
"""
FILES, LABELS = '{files: "logs/*"}', '{files: "labels/*", max_delay: 2d}'


def made(seed: int, *, days: int = DAYS, start: datetime = START, shift: int | None = None) -> pa.Table:
    """Give rows of many days; from day `shift` on a feature has moved, and the model is wrong more often."""
    rng = np.random.default_rng(seed)
    size = days * A_DAY
    day = np.repeat(np.arange(days), A_DAY)
    moved = day >= (days if shift is None else shift)
    age = rng.normal(40, 10, size) + 12 * moved
    p = 1 / (1 + np.exp(-(rng.normal(0, 1.5, size))))
    truth = np.where(moved, 0.5 * p + 0.1, p)
    seconds = np.tile(np.linspace(60, 86_000, A_DAY), days).astype(int)
    return pa.table(
        {
            "at": pa.array([start + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, seconds, strict=True)]),
            "id": [f"{seed}-{number}" for number in range(size)],
            "age": age,
            "origin": rng.choice(["EWR", "JFK", "LGA"], size, p=[0.5, 0.3, 0.2]),
            "p": p,
            "predicted": (p > 0.5).astype(int),
            "late": (rng.random(size) < truth).astype(int),
        }
    )


REFERENCE, ROWS = made(1, start=START - 60 * DAY), made(2, shift=SHIFT)


def of_day(table: pa.Table, day: int) -> pa.Table:
    return table.slice(day * A_DAY, A_DAY)


@dataclass
class Told:
    """A receiver that keeps what it was sent."""

    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, *, now: datetime) -> None:
        del now
        self.notices.append(notice)


@dataclass
class Loop:
    """A monitor in its folder, and the ways to feed and to ask it."""

    folder: Path
    monitor: Monitor
    told: Told
    passes: list[Pass] = field(default_factory=list)

    def put(self, name: str, rows: pa.Table) -> None:
        """Write a file as a careful writer does, complete from its first moment on."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        pq.write_table(rows, path.with_suffix(".unfinished"))
        path.with_suffix(".unfinished").rename(path)

    def log(self, day: int, rows: pa.Table | None = None) -> None:
        self.put(f"logs/{day:02}.parquet", (of_day(ROWS, day) if rows is None else rows).drop_columns(["late"]))

    def label(self, day: int, rows: pa.Table | None = None) -> None:
        self.put(f"labels/{day:02}.parquet", (of_day(ROWS, day) if rows is None else rows).select(["id", "late"]))

    def once(self, now: datetime) -> Pass:
        self.passes.append(once(self.monitor, clock=lambda: now, rng=Random(1)))
        return self.passes[-1]

    def rows(self, table: Any, *columns: str) -> list[tuple[Any, ...]]:  # noqa: ANN401  # a table or some of its columns
        with self.monitor.database.read() as connection:
            chosen = [table.c[name] for name in columns] or list(table.c)
            return sorted((tuple(row) for row in connection.execute(select(*chosen))), key=repr)

    def found(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give all that came of the log and must not depend on how it came."""
        numbers = [c.name for c in measurement.c if c.name != "revision"]
        return {
            "events": self.rows(alert_event, "fingerprint", "episode", "state", "window_end"),
            "measurements": rounded(self.rows(measurement, *numbers)),
            "notices": self.rows(outbox, "notice", "receiver"),
        }

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give every row of every table, but when sources were last looked at."""
        names = {t.name: [c.name for c in t.c if c.name not in LOOKS] for t in metadata.sorted_tables}
        return {table.name: self.rows(table, *names[table.name]) for table in metadata.sorted_tables}

    def source(self, which: str = "records") -> SourceState:
        with self.monitor.database.read() as connection:
            return read_source(connection, f"fares/{which}")

    def judgements(self) -> list[Judgement]:
        with self.monitor.database.read() as connection:
            return read_judgements(connection, "fares")

    def profiles(self) -> dict[Slice, Profile]:
        with self.monitor.database.read() as connection:
            known = read_reference(connection, "fares")
            assert known is not None
            layout = known[1][WHOLE].layout
            return {
                Slice(Window(row.start, row.end), row.version, row.segment): Profile.unpacked(row.data, layout)
                for row in connection.execute(select(profile))
            }


def rounded(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    # Sums are added up in the order of arrival, which moves their last digits.
    return [tuple(float(f"{cell:.9g}") if isinstance(cell, float) else cell for cell in row) for row in rows]


Begin = Callable[..., Loop]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Give the function that sets a monitor up in a folder of its own."""
    loops: list[Loop] = []

    def begun(database: str = "sqlite:///monitor.db", source: str = FILES) -> Loop:
        folder = tmp_path / str(len(loops))
        folder.mkdir()
        loops.append(begun_in(folder, database=database, source=source))
        return loops[-1]

    yield begun
    for loop in loops:
        loop.monitor.database.close()


def begun_in(folder: Path, *, database: str = "sqlite:///monitor.db", source: str = FILES) -> Loop:
    pq.write_table(REFERENCE, folder / "reference.parquet")
    return Loop(folder, *configured(folder, CONFIG.format(database=database, source=source, labels=LABELS)))


def configured(folder: Path, words: str) -> tuple[Monitor, Told]:
    told = Told()
    config = load(words, place="monitor.yaml", environ={}, read=str)
    monitor = opened(config, root=folder)
    return Monitor(monitor.database, monitor.watches, {"team": told}), told


def after(day: int) -> datetime:
    """Give half an hour after a day's end."""
    return START + (day + 1) * DAY + HOUR / 2


def caught_up(loop: Loop, days: int = DAYS) -> Loop:
    for day in range(days):
        loop.log(day)
    for day in range(days - 1):
        loop.label(day)
    loop.once(after(days - 1))
    return loop


def kept_up(loop: Loop, days: int = DAYS) -> Loop:
    for day in range(days):
        loop.log(day)
        if day:
            loop.label(day - 1)
        loop.once(after(day))
    return loop


@pytest.fixture(scope="module")
def punctual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """Give a monitor that made a pass a day; tests only look at it."""
    loop = kept_up(begun_in(tmp_path_factory.mktemp("punctual")))
    yield loop
    loop.monitor.database.close()


def test_catching_up_finds_and_tells_what_keeping_up_does(begin: Begin, url: str, punctual: Loop) -> None:
    late = caught_up(begin(database=url))
    assert {kind for (kind,) in late.rows(alert_event, "kind")} >= {"drift.data", "performance.realised"}
    assert late.found() == punctual.found()
    assert sorted(n.id for n in late.told.notices) == sorted(n.id for n in punctual.told.notices)


def test_a_backlog_of_small_files_is_stored_at_once_up_to_one_that_cannot_be_taken(begin: Begin) -> None:
    loop = begin()
    for day in range(DAYS):
        loop.log(day, of_day(ROWS, day).drop_columns(["at"]) if day == SHIFT else None)
        loop.label(day)
    problems = loop.once(START + DAYS * DAY).problems
    assert f"logs/{SHIFT}.parquet" in problems["fares: source"]
    assert (loop.source().stored, loop.source("labels").stored) == (SHIFT * A_DAY, DAYS * A_DAY)
    assert len(loop.rows(segment, "id")) == 1
    loop.log(SHIFT)
    assert not loop.once(START + DAYS * DAY + HOUR).problems
    assert loop.source().stored == DAYS * A_DAY


def test_days_with_too_few_rows_are_judged_together(begin: Begin) -> None:
    def in_threes(loop: Loop) -> Loop:
        words = CONFIG.format(database="sqlite:///monitor.db", source=FILES, labels=LABELS)
        loop.monitor.database.close()
        # which labels are known by then is another question to who caught up
        words += "    min_rows: 700\n    thresholds: {label_coverage_difference: off}\n"
        loop.monitor, loop.told = configured(loop.folder, words)
        return loop

    kept, caught = kept_up(in_threes(begin()), 24), caught_up(in_threes(begin()), 24)
    assert kept.found() == caught.found()
    assert [j.decided for j in caught.judgements()[:6]] == [False, False, True, False, False, True]
    assert [j.stretch.start for j in caught.judgements()[:3]] == [START] * 3

    def drift_by_end() -> dict[datetime, tuple[str, int]]:
        rows = caught.rows(measurement, "detector", "column", "segment", "window_end", "outcome", "n")
        return {end: (outcome, n) for *what, end, outcome, n in rows if what == ["smooth_test", "age", ""]}

    first = drift_by_end()
    assert [first[START + day * DAY] for day in (1, 2, 3)] == [
        ("insufficient", A_DAY),
        ("insufficient", 2 * A_DAY),
        ("clear", 3 * A_DAY),
    ]
    assert first[START + 24 * DAY] == ("breach", 3 * A_DAY)

    caught.put("logs/late.parquet", made(3, days=1).drop_columns(["late"]))
    caught.once(after(24))
    again = drift_by_end()
    assert (again[START + 3 * DAY][1], again[START + 6 * DAY][1]) == (4 * A_DAY, 3 * A_DAY)


def test_a_second_pass_changes_nothing(begin: Begin, url: str) -> None:
    loop = caught_up(begin(database=url), days=24)
    before = loop.everything()
    done = loop.once(after(23) + HOUR)
    assert (done.findings, done.problems) == ([], {})
    assert loop.everything() == before


def counts(loop: Loop) -> dict[Slice, tuple[Any, ...]]:
    """Give what the profiles count, sums to nine digits."""
    return {
        place: (p.rows, p.counts.tolist(), rounded([p.sums]), p.low.tolist(), p.high.tolist(), p.unseen, p.added)
        for place, p in loop.profiles().items()
    }


def test_labels_may_come_before_their_prediction_or_twice_and_the_first_one_counts(begin: Begin, url: str) -> None:
    wanted, loop = caught_up(begin(), days=4), begin(database=url)
    loop.log(0)
    for day in (1, 2):
        loop.label(day)
    loop.once(after(0))
    for day in (1, 2, 3):
        loop.log(day)
    first = of_day(ROWS, 0)
    flipped = pa.table({"id": first["id"], "late": pa.array([1 - x for x in first["late"].to_pylist()])})
    loop.label(0, pa.concat_tables([first.select(["id", "late"]), flipped.slice(0, 50)]))
    loop.put("labels/again.parquet", of_day(ROWS, 1).select(["id", "late"]))
    loop.once(after(3))
    assert counts(loop) == counts(wanted)
    state = loop.source("labels")
    assert (state.read, state.stored, state.repeated, state.quarantined) == (1250, 900, 300, 50)
    reasons = {reason for (reason,) in loop.rows(quarantine, "reason")}
    assert reasons <= {f"the label was {label} before; the first one counts" for label in (0, 1)}


def test_labels_that_cannot_be_used_are_turned_away_alone(begin: Begin) -> None:
    loop = begin()
    loop.log(0)
    ids = of_day(ROWS, 0)["id"].to_pylist()
    labels = pa.table({"id": [ids[0], None, ids[2]], "late": pa.array([None, 1, 1], pa.int64())})
    loop.label(0, labels)
    done = loop.once(after(0))
    assert done.problems == {}
    state = loop.source("labels")
    assert (state.read, state.stored, state.quarantined) == (3, 1, 2)


def test_of_records_with_ever_new_names_a_few_are_looked_at_and_the_known_columns_are_judged(begin: Begin) -> None:
    loop = begin(source='{files: "logs/*.jsonl"}')
    (loop.folder / "logs").mkdir(exist_ok=True)
    for day in range(6):
        rows = of_day(ROWS, day).drop_columns(["late"]).to_pylist()
        named = (row | {f"n{day}_{place}": 1} for place, row in enumerate(rows))
        text = "".join(json.dumps(row, default=str) + "\n" for row in named)
        (loop.folder / f"logs/{day}.jsonl").write_text(text, encoding="utf-8")
    assert loop.once(after(5)).problems == {}
    assert loop.source().stored == 6 * A_DAY
    ends = loop.rows(measurement, "window_end", "detector", "column", "segment")
    looked_at = Counter(end for end, detector, _, segment in ends if detector == "added_column" and not segment)
    # beside those that came, those under alarm until three windows have been clear
    assert sorted(looked_at.values()) == [64, 128, 192, 256, 256, 256]
    assert "missing_share" in {detector for _, detector, _, _ in ends}


def test_a_label_that_is_no_number_leaves_room_for_the_true_one(begin: Begin) -> None:
    loop = begin()
    loop.log(0)
    ids = of_day(ROWS, 0)["id"].to_pylist()[:2]
    loop.put("labels/a.parquet", pa.table({"id": ids, "late": [float("nan"), 1.0]}))
    loop.once(after(0))
    loop.put("labels/b.parquet", pa.table({"id": ids[:1], "late": [1.0]}))
    loop.once(after(0))
    state = loop.source("labels")
    assert (state.read, state.stored, state.quarantined) == (3, 2, 1)
    assert loop.rows(quarantine, "reason") == [("no label",)]


def test_labels_of_two_types_that_wait_for_one_batch_of_records_are_joined(begin: Begin) -> None:
    loop, first = begin(), of_day(ROWS, 0)
    ids = first["id"].to_pylist()
    loop.put("labels/a.parquet", pa.table({"id": ids[:100], "late": first["late"].slice(0, 100)}))
    loop.put("labels/b.parquet", pa.table({"id": ids[100:], "late": first["late"].slice(100).cast(pa.string())}))
    loop.log(9)
    loop.once(after(9))
    loop.log(0)
    assert loop.once(after(9)).problems == {}
    whole = loop.profiles()[Slice(Window(START, START + DAY))]
    assert whole.outcome is not None
    assert whole.outcome.n == A_DAY


def test_a_day_with_fewer_labels_than_earlier_ones_is_withheld_beyond_the_delay_and_holds_up_none(begin: Begin) -> None:
    loop = begin()
    for day in range(14):
        loop.log(day)
        loop.label(day, of_day(ROWS, day).slice(0, A_DAY - 60 * (day == 8)))

    def unmatured(day: int) -> list[int]:
        loop.once(after(day))
        return [(j.window.start - START).days for j in loop.judgements() if not j.matured]

    assert unmatured(13) == [8]
    kept = loop.rows(measurement, "detector", "segment", "window_end", "value", "note")
    assert [(value, "not matured" in note) for name, segment, end, value, note in kept
            if (name, segment, end) == ("roc_auc", "", START + 9 * DAY)] == [(None, True)]  # fmt: skip
    loop.label(99, of_day(ROWS, 8).slice(A_DAY - 60, 55))
    assert unmatured(13) == []
    kept = loop.rows(measurement, "detector", "segment", "window_end", "n", "value")
    assert [n for name, segment, end, n, value in kept
            if (name, segment, end) == ("roc_auc", "", START + 9 * DAY) and value] == [A_DAY - 5]  # fmt: skip


def test_labels_that_come_months_late_change_the_number_and_tell_nobody(begin: Begin, url: str) -> None:
    loop = begin(database=url)
    shown = made(3, days=16, shift=4)
    for day in range(16):
        loop.log(day, of_day(shown, day))
        if day not in (8, 15):
            loop.label(day, of_day(shown, day))
        elif day == 8:
            loop.label(day, of_day(shown, day).slice(0, 40))
    loop.once(after(15))
    events, notices = loop.found()["events"], loop.found()["notices"]
    before = {j.window: j for j in loop.judgements()}
    loop.put("labels/late.parquet", of_day(shown, 8).slice(40).select(["id", "late"]))
    assert loop.once(after(15) + HOUR).findings == []
    changed = [j for j in loop.judgements() if j != before[j.window]]
    assert [(j.window.start, j.labelled, j.matured) for j in changed] == [(START + 8 * DAY, A_DAY, True)]
    assert changed[0].revision > before[changed[0].window].revision
    assert (loop.found()["events"], loop.found()["notices"]) == (events, notices)
    judged = loop.rows(measurement, "detector", "segment", "n", "window_end")
    assert ("roc_auc", "", A_DAY, START + 9 * DAY) in judged


def test_performance_raises_no_alarm_before_its_labels_have_matured(begin: Begin) -> None:
    loop = begin()
    shown = made(3, days=14, shift=0)
    for day in range(14):
        loop.log(day, of_day(shown, day))
        loop.label(day, of_day(shown, day).slice(0, A_DAY // 2))
        loop.once(after(day))
        matured = {j.window for j in loop.judgements() if j.matured}
        assert matured == {Window(START + d * DAY, START + (d + 1) * DAY) for d in range(day - 1)}
        late = loop.rows(measurement, "kind", "outcome", "window_end")
        unmatured = {outcome for kind, outcome, end in late if kind == "performance.realised" and end > after(day - 2)}
        assert unmatured <= {"", "insufficient"}
        events = loop.rows(alert_event, "kind", "window_end")
        assert all(end <= START + (day - 1) * DAY for kind, end in events if kind == "performance.realised")
    assert "performance.realised" in {kind for (kind,) in loop.rows(alert_event, "kind")}


def test_a_window_is_measured_anew_when_a_tenth_more_of_its_labels_came_and_when_all_are_known(
    begin: Begin,
) -> None:
    loop, rows = begin(), of_day(ROWS, 0)
    for day in range(2):
        loop.log(day)
    known = []
    for day, (first, last) in ((1, (0, 150)), (1, (150, 158)), (1, (158, 168)), (1, (168, 173)), (3, (173, 174))):
        loop.put(f"labels/{first:03}.parquet", rows.slice(first, last - first).select(["id", "late"]))
        for later in range(2, day + 1):
            loop.log(later)
        loop.once(after(day))
        first_day = loop.judgements()[0]
        known.append((first_day.labelled, first_day.matured))
    assert known == [(150, False), (150, False), (168, False), (168, False), (174, True)]


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> dict[Slice, tuple[Any, ...]]:
    """Give what is counted of three days that came at once and in order."""
    loop = begun_in(tmp_path_factory.mktemp("sorted"))
    loop.log(0, ROWS.slice(0, 3 * A_DAY))
    loop.label(0, ROWS.slice(0, 3 * A_DAY))
    loop.once(after(3))
    counted = counts(loop)
    loop.monitor.database.close()
    return counted


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_order_lateness_and_repeats_change_no_profile(
    tmp_path_factory: pytest.TempPathFactory, in_order: dict[Slice, tuple[Any, ...]], seed: int, files: int
) -> None:
    order = Random(seed)
    log = ROWS.slice(0, 3 * A_DAY)
    rows = [*range(log.num_rows), *order.choices(range(log.num_rows), k=60)]
    labels = [*range(log.num_rows), *order.choices(range(log.num_rows), k=60)]
    order.shuffle(rows)
    order.shuffle(labels)
    loop = begun_in(tmp_path_factory.mktemp("mixed"))
    for number in range(files):
        loop.log(number, log.take(rows[number::files]))
        loop.label(number, log.take(labels[number::files]))
        if order.random() < 0.5:
            loop.once(after(3))
    loop.once(after(3))
    assert counts(loop) == in_order
    for which in ("records", "labels"):
        state = loop.source(which)
        assert (state.read, state.stored, state.repeated, state.quarantined) == (960, 900, 60, 0)
    loop.monitor.database.close()


def test_a_window_that_is_filled_after_later_ones_is_measured_and_tells_nobody(begin: Begin) -> None:
    loop = begin()
    for day in (1, 2, 3):
        loop.log(day)
    loop.once(after(3))
    loop.log(0, of_day(made(5, days=1, shift=0), 0))
    told = [(one.kind, one.detector) for one in loop.once(after(3)).findings]
    assert told == [("health", "late_labels")], "of records four days old no label has come"
    assert [j.rows for j in loop.judgements()] == [A_DAY] * 4
    assert [notice.kind for notice in loop.told.notices] == ["health"]


def test_what_is_read_is_stored_turned_away_or_known(begin: Begin, url: str) -> None:
    loop = begin(database=url)
    one = of_day(ROWS, 0)
    strange = one.slice(0, 8).set_column(0, "at", pa.array([after(9)] * 8, pa.timestamp("us", "UTC")))
    loop.log(0, pa.concat_tables([one, strange, one.slice(10, 5)]))
    loop.once(after(0))
    state = loop.source()
    assert (state.read, state.stored, state.quarantined, state.repeated) == (A_DAY + 13, A_DAY, 8, 5)
    assert len(loop.rows(quarantine)) == 8


def test_a_source_with_many_bad_rows_stops_says_so_and_is_whole_after_its_mend(begin: Begin, url: str) -> None:
    loop = begin(database=url)
    loop.log(0)
    loop.once(after(0))
    one = of_day(ROWS, 1)
    broken = pa.concat_tables([one.slice(0, 280), one.slice(280).set_column(1, "id", pa.nulls(20, pa.string()))])
    loop.log(1, broken)
    loop.log(2)
    for hour in (0, 1):
        done = loop.once(after(1) + hour * HOUR)
        assert list(done.problems) == ["fares: source"]
    assert (loop.source().read, "'id' is missing" in loop.source().problem) == (A_DAY, True)
    assert [(n.kind, n.transition) for n in loop.told.notices] == [("health", "fired")]
    loop.log(1)
    done = loop.once(after(2))
    assert (done.problems, loop.source().problem, loop.source().stored) == ({}, "", 3 * A_DAY)
    assert [(n.kind, n.transition) for n in loop.told.notices] == [("health", "fired"), ("health", "resolved")]
    wanted = begin()
    for day in range(3):
        wanted.log(day)
    wanted.once(after(2))
    assert counts(loop) == counts(wanted)


UNREFERENCED = {"source": FILES, "labels": LABELS}


def without_reference(loop: Loop) -> Loop:
    words = CONFIG.replace("    reference: {{files: reference.parquet}}\n", "")
    loop.monitor.database.close()
    loop.monitor, loop.told = configured(loop.folder, words.format(database="sqlite:///learned.db", **UNREFERENCED))
    return loop


def test_without_a_reference_the_first_ten_windows_are_learned(begin: Begin) -> None:
    loop = kept_up(without_reference(begin()), days=10)
    assert (loop.judgements(), loop.rows(measurement)) == ([], [])
    loop.log(10)
    loop.label(9)
    loop.once(after(10))
    assert [j.rows for j in loop.judgements()] == [A_DAY] * 11
    with loop.monitor.database.read() as connection:
        known = read_reference(connection, "fares")
    assert known is not None
    assert known[1][WHOLE].rows == 10 * A_DAY
    late = caught_up(without_reference(begin()), days=11)
    assert (late.found(), counts(late)) == (loop.found(), counts(loop))


def test_a_learned_reference_takes_the_labels_that_come_for_it_so_that_performance_is_judged(begin: Begin) -> None:
    loop = kept_up(without_reference(begin()), days=DAYS)
    with loop.monitor.database.read() as connection:
        known = read_reference(connection, "fares")
    assert known is not None
    assert known[1][WHOLE].rows == 10 * A_DAY
    assert known[1][WHOLE].outcome is not None
    assert known[1][WHOLE].outcome.n == 10 * A_DAY
    assert "performance.realised" in {kind for (kind,) in loop.rows(alert_event, "kind")}
    late = caught_up(without_reference(begin()), days=DAYS)
    assert (late.found()["events"], counts(late)) == (loop.found()["events"], counts(loop))


def test_a_reference_is_learned_from_a_thousand_rows_however_many_windows_that_takes(begin: Begin) -> None:
    loop = without_reference(begin())
    for day in range(16):
        loop.log(day, of_day(ROWS, day).slice(0, 80))
    loop.once(after(15))
    assert [j.rows for j in loop.judgements()] == [80] * 16


def anew(loop: Loop, change: Callable[[str], str]) -> None:
    """Start again with a changed configuration, on the same database."""
    words = change(CONFIG.format(database="sqlite:///monitor.db", **UNREFERENCED))
    loop.monitor.database.close()
    loop.monitor, loop.told = configured(loop.folder, words)


def test_changed_roles_have_the_records_profiled_anew_and_back_again(begin: Begin) -> None:
    loop, wanted = caught_up(begin(), days=5), begin()
    first = counts(loop)

    def ignoring(words: str) -> str:
        return words.replace("label: late,", "label: late, ignore: [age],")

    anew(wanted, ignoring)
    caught_up(wanted, days=5)
    anew(loop, ignoring)
    loop.once(after(4) + HOUR)
    assert counts(loop) == counts(wanted) != first
    anew(loop, lambda words: words)
    loop.once(after(4) + 2 * HOUR)
    assert counts(loop) == first


def test_a_changed_reference_has_the_records_profiled_anew(begin: Begin) -> None:
    loop, wanted = caught_up(begin(), days=5), begin()
    for one in (loop, wanted):
        pq.write_table(made(7, start=START - 90 * DAY), one.folder / "reference.parquet")
    caught_up(wanted, days=5)
    loop.once(after(4) + HOUR)
    assert counts(loop) == counts(wanted)
    assert loop.found()["measurements"] == wanted.found()["measurements"]
    before = loop.everything()
    loop.once(after(4) + 2 * HOUR)
    assert loop.everything() == before


@dataclass
class Counted:
    """A source that counts how often it is read from its beginning."""

    inner: Source
    beginnings: int = 0
    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        self.beginnings += not cursors
        return self.inner.pull(cursors)


def test_a_reference_is_read_once_though_one_of_its_files_is_unreadable(begin: Begin) -> None:
    loop = begin()
    (loop.folder / "more.parquet").write_bytes(b"PAR1 and no more")
    anew(loop, lambda words: words.replace("files: reference.parquet", 'files: "*.parquet"'))
    (watch,) = loop.monitor.watches
    assert watch.reference is not None
    reference = Counted(watch.reference)
    loop.monitor = replace(loop.monitor, watches=(replace(watch, reference=reference),))
    caught_up(loop, days=3)
    for _ in range(2):
        loop.once(after(2) + HOUR)
    assert reference.beginnings == 1


@dataclass
class Down:
    """A source that cannot be read."""

    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        raise SourceError(f"the database is down, {len(cursors)} cursors wait")


def test_records_that_come_while_the_reference_cannot_be_read_are_counted(begin: Begin) -> None:
    loop, wanted = caught_up(begin(), days=2), caught_up(begin(), days=4)
    (watch,) = loop.monitor.watches
    sound, loop.monitor = loop.monitor, replace(loop.monitor, watches=(replace(watch, reference=Down()),))
    loop.log(2)
    assert list(loop.once(after(2)).problems) == ["fares: reference"]
    loop.monitor = sound
    caught_up(loop, days=4)
    assert counts(loop) == counts(wanted)


def test_measurements_stay_when_their_records_and_profiles_are_gone(begin: Begin) -> None:
    loop = kept_up(begin(), days=6)
    before = [row for row in loop.rows(measurement, "window_end", "detector", "value", "n") if row[0] <= after(1)]
    with loop.monitor.database.write() as connection:
        forget_records(connection, "fares", older_than=3 * DAY)
    pq.write_table(made(7, start=START - 90 * DAY), loop.folder / "reference.parquet")
    loop.once(after(5) + HOUR)
    assert [
        row for row in loop.rows(measurement, "window_end", "detector", "value", "n") if row[0] <= after(1)
    ] == before


def table_of(place: str) -> Table:
    return Table(
        "served",
        MetaData(),
        Column("at", DateTime(timezone=place.startswith("postgresql"))),
        *(Column(name, String) for name in ("id", "origin")),
        *(Column(name, Double) for name in ("age", "p")),
        Column("predicted", Integer),
    )


def test_a_table_is_followed_with_repeats_and_rows_committed_late(begin: Begin, url: str, tmp_path: Path) -> None:
    place = url if url.startswith("postgresql") else f"sqlite:///{tmp_path / 'app.db'}"
    served, engine = table_of(place), create_engine(place)
    source = f'{{sql: "{place}", table: served, cursor: [at, id], lookback: 2d}}'
    loop = begin(database="sqlite:///monitor.db", source=source)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS served"))
        served.create(connection)

    def write(day: int, rows: pa.Table) -> None:
        kept = rows.drop_columns(["late"]).to_pylist()
        zone = UTC if place.startswith("postgresql") else None
        with engine.begin() as connection:
            connection.execute(insert(served), [row | {"at": row["at"].replace(tzinfo=zone)} for row in kept])
        loop.label(day, rows)

    for day in range(4):
        one = of_day(ROWS, day)
        write(day, one.slice(20))
        loop.once(after(day))
        write(day, one.slice(0, 20))
        loop.label(day, one)
    loop.once(after(3))
    wanted = begin()
    for day in range(4):
        wanted.log(day)
        wanted.label(day)
    wanted.once(after(3))
    engine.dispose()
    assert counts(loop) == counts(wanted)
    state = loop.source()
    assert state.read == state.stored + state.repeated + state.quarantined
    assert (state.stored, state.quarantined, state.repeated > 0) == (4 * A_DAY, 0, True)
