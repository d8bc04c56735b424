"""Days on which traffic is unlike that of other days: public holidays, and days that the user names."""

from collections.abc import Iterable
from datetime import UTC, date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from monitor.types import Window

NAMED = "a day that the configuration names"
_DAY = timedelta(days=1)


def parse_holiday(said: object) -> str | date:
    """Read a place of ISO 3166 whose public holidays are meant, such as `DE` or `US-CA`, or a day; ValueError else.

    YAML reads `NO`, which is Norway, as false.

    >>> parse_holiday("US-CA"), parse_holiday(False)
    ('US-CA', 'NO')
    """
    read = "NO" if said is False else said
    if type(read) is date or (isinstance(read, str) and _is_known(read)):
        return read
    raise ValueError(f"{said!r} is no place or day")


def holiday_on(day: date, said: Iterable[str | date]) -> str:
    """Name the holiday of a day, of what `parse_holiday` read; "" where it is none.

    >>> holiday_on(date(2026, 6, 4), ["DE-BY"]), holiday_on(date(2026, 6, 4), ["DE"])
    ('Corpus Christi', '')
    """
    named = (_public(one, day.year).get(day, "") if isinstance(one, str) else NAMED * (one == day) for one in said)
    return next(filter(None, named), "")


def holiday_within(window: Window, said: Iterable[str | date], zone: str | None) -> str:
    """Name the holiday on which the middle of a window lies, by the clock of a zone; "" for one beyond a day."""
    length = window.end - window.start
    if length > _DAY:
        return ""
    middle = window.start + length / 2
    return holiday_on(middle.astimezone(ZoneInfo(zone) if zone else UTC).date(), said)


def _is_known(place: str) -> bool:
    try:
        _public(place, 2020)
    except NotImplementedError:
        return False
    return True


@cache
def _public(place: str, year: int) -> dict[date, str]:
    """Give a place's public holidays in a year, by their English names where these are known."""
    country, _, part = place.partition("-")
    return dict(country_holidays(country, subdiv=part or None, years=year, language="en_US"))
