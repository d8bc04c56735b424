"""How often rows below a cursor are counted, and what is made of the counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.sources.sqlpassed import looked_behind

NOW = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def look(state: dict[str, Any], known: Any, until: Any, rows: list[int], *, at: datetime = NOW) -> dict[str, Any]:  # noqa: ANN401
    def count(low: int | None, high: int) -> int:
        return sum(row < high and (low is None or row >= low) for row in rows)

    return looked_behind(state, known, until, count=count, clock=lambda: at)


def test_between_two_counts_only_what_is_passed_is_counted() -> None:
    first = look({}, None, 3, [0, 1, 2, 3, 4])
    assert (first["below"], first["until"], first["unread"]) == (3, 3, 0)
    second = look(first, 3, 5, [-1, 0, 1, 2, 3, 4])
    assert (second["below"], second["unread"], second["look_at"]) == (5, 0, first["look_at"])
    third = look(second, 5, 5, [-1, 0, 1, 2, 3, 4], at=NOW + timedelta(minutes=10))
    assert (third["below"], third["unread"]) == (5, 1)


@pytest.mark.parametrize(
    ("took", "pause"),
    [
        (timedelta(0), 600 * SECOND),
        (SECOND / 10, 600 * SECOND),
        (2 * SECOND, 2_000 * SECOND),
        (900 * SECOND, 86_400 * SECOND),
    ],
)
def test_a_count_that_takes_long_is_repeated_the_more_seldom(took: timedelta, pause: timedelta) -> None:
    times = iter([NOW, NOW, NOW + took])
    found = looked_behind({}, None, 3, count=lambda _low, _high: 7, clock=lambda: next(times))
    assert datetime.fromisoformat(found["look_at"]) == NOW + took + pause


def test_what_could_not_be_counted_waits() -> None:
    waiting = {"look_at": (NOW + SECOND).isoformat()}
    assert look(waiting, None, 3, [1]) == waiting
    assert look(waiting, None, 3, [1], at=NOW + SECOND)["below"] == 1
