"""Numbers that grow with each client from day to day, as the age of an account does: the calendar is their drift."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.profiles.reading import categories
from monitor.setup.look import is_nested, is_number, numbers_of
from monitor.timestamps import times_of
from monitor.types import Roles

DAY = 86_400_000_000
CLIENTS, DAYS, MOST = 20, 3.0, 0.9
"""Of so many clients at least that came again after so many days does that share grow alike."""
RISING = 0.5
"""It counts where it rises with so many of those that came again."""
NEAR, ROUNDED = 0.1, 1.0
"""Growth is alike within a tenth, and within what rounding a number down makes of it at either end."""

Floats = NDArray[np.float64]


def growth_with_clients(rows: pa.Table, name: str, roles: Roles) -> float | None:
    """Give by how much a number grows a day with each client, where it does so with nearly all; else None.

    >>> at = pa.array([day * DAY for day in range(40)] * 30, pa.timestamp("us", "UTC"))
    >>> who = [f"c{i // 40}" for i in range(1200)]
    >>> tenure = [100 * (i // 40) + i % 40 for i in range(1200)]
    >>> rows = pa.table({"at": at, "who": who, "tenure": tenure, "amount": [i * i % 97 for i in range(1200)]})
    >>> roles = Roles(timestamp="at", client="who")
    >>> growth_with_clients(rows, "tenure", roles), growth_with_clients(rows, "amount", roles)
    (1.0, None)
    """
    read = _of_clients(rows, name, roles)
    if read is None:
        return None
    days, grown = _first_to_last(*read)
    if days.size < CLIENTS:
        return None
    usual = float(np.median(grown / days))
    alike = np.abs(grown - usual * days) <= np.maximum(NEAR * abs(usual) * days, ROUNDED)
    if alike.mean() < MOST or abs(usual) * np.median(days) < 2 * ROUNDED:
        return None
    return float(grown[alike].sum() / days[alike].sum())


def counts_with_clients(rows: pa.Table, name: str, roles: Roles) -> bool:
    """Say whether a number never falls with nearly all clients, and rises with them: it counts what they did.

    >>> who = [f"c{i % 30}" for i in range(600)]
    >>> at = pa.array([i * DAY for i in range(600)], pa.timestamp("us", "UTC"))
    >>> orders, age = [i // 30 // 3 for i in range(600)], [i % 30 for i in range(600)]
    >>> rows = pa.table({"at": at, "who": who, "orders": orders, "age": age})
    >>> roles = Roles(timestamp="at", client="who")
    >>> counts_with_clients(rows, "orders", roles), counts_with_clients(rows, "age", roles)
    (True, False)
    """
    read = _of_clients(rows, name, roles)
    if read is None:
        return False
    who, days, values = read
    order = np.lexsort((days, who))
    again = np.diff(who[order]) == 0
    steps, whose = np.diff(values[order])[again], who[order][1:][again]
    risen, fallen = np.unique(whose[steps > 0]), np.unique(whose[steps < 0])
    came = np.unique(whose).size
    return bool(risen.size >= CLIENTS and risen.size >= RISING * came and fallen.size <= (1 - MOST) * came / 2)


def _of_clients(rows: pa.Table, name: str, roles: Roles) -> tuple[NDArray[np.integer[Any]], Floats, Floats] | None:
    """Give client, day and value of each row that has them; None where the column holds no numbers."""
    named = (roles.client, roles.timestamp, name)
    if not set(named) <= set(rows.column_names) or is_nested(rows[name]) or not is_number(rows[name]):
        return None
    rows = rows.select(list(dict.fromkeys(map(str, named)))).drop_null()
    if not rows.num_rows or len(numbers_of(rows[name])) != rows.num_rows:
        return None
    days = times_of(rows[roles.timestamp], roles.zone).cast(pa.int64()).fill_null(0).to_numpy() / DAY
    return categories(rows[str(roles.client)]).positions, days, numbers_of(rows[name])


def _first_to_last(who: NDArray[np.integer[Any]], days: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Give for each client who came again after some days how long that was, and by how much the value had grown."""
    order = np.lexsort((days, who))
    who, days, values = who[order], days[order], values[order]
    begins = np.flatnonzero(np.append(True, np.diff(who) != 0))
    ends = np.append(begins[1:], who.size) - 1
    passed = days[ends] - days[begins]
    known = (passed >= DAYS) & (who[begins] >= 0)
    return passed[known], (values[ends] - values[begins])[known]
