"""Which windows are judged, once, again, or not yet."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.schedule import Period
from monitor.steps.due import Due, Known, Maturity, due_windows, matured
from monitor.steps.history import History
from monitor.store.measurements import Judgement
from monitor.types import Window

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY = Period(1, "d")
IN_RECORD = Maturity(in_record=True, max_delay=None, share=0.8)
TWO_DAYS = Maturity(in_record=False, max_delay=2 * DAY, share=0.8)
FOR_EVER = Maturity(in_record=False, max_delay=None, share=0.8)


def day(number: int, days: int = 1) -> Window:
    return Window(MIDNIGHT + number * DAY, MIDNIGHT + (number + days) * DAY)


def judged(number: int, revision: int = 1, *, rows: int = 100, labelled: int = 100, matured: bool = True) -> Judgement:
    return Judgement(day(number), revision, rows, labelled, matured=matured)


@dataclass(frozen=True)
class Case:
    """Records from the first minute of day 0 to `newest`; which days are due, with the revision and whether again."""

    newest: timedelta
    due: list[tuple[int, int, bool]]
    revisions: dict[int, int] = field(default_factory=dict)
    judgements: tuple[Judgement, ...] = ()
    drained: timedelta | None = None
    lateness: timedelta = timedelta(0)
    maturity: Maturity = IN_RECORD


CASES = {
    "a day that is not over is not due": Case(newest=23 * HOUR, due=[], revisions={0: 1}),
    "a day is over when a later record has come": Case(newest=25 * HOUR, due=[(0, 1, False)], revisions={0: 1, 1: 1}),
    "a day is over when the source was read to its end after it": Case(
        newest=23 * HOUR, drained=24 * HOUR, due=[(0, 3, False)], revisions={0: 3}
    ),
    "a history's last day stays open": Case(newest=23 * HOUR, drained=90 * DAY, due=[], revisions={0: 1}),
    "a day waits for late records": Case(newest=25 * HOUR, lateness=2 * HOUR, due=[], revisions={0: 1, 1: 1}),
    "a day without records is judged too": Case(
        newest=50 * HOUR, due=[(0, 1, False), (1, 0, False)], revisions={0: 1, 2: 1}
    ),
    "what was judged is not due": Case(newest=25 * HOUR, due=[], revisions={0: 1, 1: 1}, judgements=(judged(0),)),
    "late rows make a day due again": Case(
        newest=50 * HOUR,
        due=[(0, 2, True), (1, 1, False)],
        revisions={0: 2, 1: 1, 2: 1},
        judgements=(judged(0),),
    ),
    "rows of a day judged without any make it due again": Case(
        newest=25 * HOUR, due=[(0, 1, True)], revisions={0: 1, 1: 1}, judgements=(judged(0, revision=0, rows=0),)
    ),
    "labels that may still come leave a day alone": Case(
        newest=3 * DAY - HOUR,
        due=[(1, 1, False)],
        revisions={0: 1, 1: 1, 2: 1},
        judgements=(judged(0, labelled=50, matured=False),),
        maturity=TWO_DAYS,
    ),
    "labels that can come no more make a day due again": Case(
        newest=3 * DAY,
        due=[(0, 1, True), (1, 1, False), (2, 1, False)],
        revisions={0: 1, 1: 1, 2: 1, 3: 1},
        judgements=(judged(0, labelled=50, matured=False),),
        maturity=TWO_DAYS,
    ),
    "rows of a day that was judged together with a later one make that one due again": Case(
        newest=49 * HOUR,
        due=[(0, 2, True), (1, 3, True)],
        revisions={0: 2, 1: 1, 2: 1},
        judgements=(replace(judged(0), decided=False), replace(judged(1, revision=2), since=MIDNIGHT)),
    ),
    "a day whose profiles were forgotten keeps its judgement": Case(
        newest=49 * HOUR,
        due=[(1, 1, False)],
        revisions={1: 1, 2: 1},
        judgements=(judged(0, revision=4),),
    ),
    "records that come for a day before all that were judged make it due": Case(
        newest=75 * HOUR,
        due=[(1, 1, False)],
        revisions={1: 1, 2: 1, 3: 1},
        judgements=(judged(2),),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_windows_are_due(case: Case) -> None:
    known = Known(
        first_record=MIDNIGHT + timedelta(minutes=1) + min(case.revisions) * DAY,
        newest_record=MIDNIGHT + case.newest,
        drained_at=None if case.drained is None else MIDNIGHT + case.drained,
        revisions={day(number): revision for number, revision in case.revisions.items()},
        judgements=case.judgements,
    )
    found = list(due_windows(known, case.maturity, period=DAILY, lateness=case.lateness))
    before = {judgement.window: judgement for judgement in case.judgements}
    assert found == [
        Due(day(number), revision, before=before[day(number)] if again else None)
        for number, revision, again in case.due
    ]


def test_a_longer_window_has_the_revisions_of_its_parts_together() -> None:
    known = Known(
        first_record=MIDNIGHT,
        newest_record=MIDNIGHT + 8 * DAY,
        drained_at=None,
        revisions={day(0): 2, day(6): 3, day(7): 9},
        judgements=(),
    )
    week = day(0, days=7)
    weekly, none = Period(1, "w"), timedelta(0)
    assert list(due_windows(known, IN_RECORD, period=weekly, lateness=none)) == [Due(week, 5, before=None)]


@pytest.mark.parametrize(
    ("maturity", "rows", "labelled", "days_later", "known"),
    [
        (IN_RECORD, 100, 0, 0, True),  # what did not come with its record never comes
        (TWO_DAYS, 100, 99, 1, False),  # one label may still come
        (TWO_DAYS, 100, 100, 0, True),  # all are there
        (TWO_DAYS, 100, 0, 2, True),  # none can come any more
        (FOR_EVER, 100, 79, 900, False),  # too few, and they may come for ever
        (FOR_EVER, 100, 80, 0, True),  # as many as were asked for
        (FOR_EVER, 0, 0, 0, True),  # nothing to wait for
    ],
)
def test_labels_mature(maturity: Maturity, rows: int, labelled: int, days_later: int, *, known: bool) -> None:
    clock = day(0).end + days_later * DAY
    assert matured(day(0), maturity, History(), rows=rows, labelled=labelled, clock=clock) is known


@pytest.mark.parametrize(
    ("before", "labelled", "days_later", "known"),
    [
        ([100, 100, 100], 90, 2, False),  # earlier days came to more: the delay was said too short
        ([100, 100, 100], 90, 5, False),
        ([100, 100, 100], 90, 6, True),  # that is patience enough
        ([100, 100, 100], 97, 2, True),  # three missing labels move no share by more than .03
        ([100, 100, 100], 97, 1, False),  # they may still come
        ([60, 50, 70], 55, 2, True),  # as many as usual, but for chance
        ([60, 50, 70], 40, 2, False),
        ([0, 0, 0], 0, 2, True),  # there never were any
    ],
)
def test_a_window_with_fewer_labels_than_earlier_ones_came_to_waits_longer(
    before: list[int], labelled: int, days_later: int, *, known: bool
) -> None:
    history = History(judged(number, labelled=count) for number, count in enumerate(before))
    clock = day(4).end + days_later * DAY
    assert matured(day(4), TWO_DAYS, history, rows=100, labelled=labelled, clock=clock) is known


def test_where_labels_come_within_hours_a_day_is_laid_beside_the_last_ones() -> None:
    soon = Maturity(in_record=False, max_delay=HOUR, share=0.8)
    history = History(judged(number) for number in range(3))
    found = [
        matured(day(3), soon, history, rows=100, labelled=50, clock=day(3).end + hours * HOUR) for hours in (1, 2, 3)
    ]
    assert found == [False, False, True]
