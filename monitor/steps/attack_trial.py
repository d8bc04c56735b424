"""How soon simple attacks would be seen on a model's own data: its self-test, on what the store keeps of it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitor.detectors.attack import Baseline, State
from monitor.detectors.attack.self_test import Delay, self_test
from monitor.profiles.tables import joined
from monitor.steps.baselines import unpacked
from monitor.steps.reference import learned_rows
from monitor.store.attacks import read_baselines, read_followed
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.watch import Watch

MOST_ROWS = 100_000


@dataclass(frozen=True)
class Trial:
    """Each detector's delay for each injected attack.

    budget: with how many rows the model can be copied, 0 unknown. thirds: the answers are numbers, of which a
    copy is to know the third that they lie in.
    """

    delays: list[Delay]
    budget: int
    thirds: bool = False


def attack_trial(database: Database, watch: Watch) -> Trial | str:
    """Say how soon each injected attack would be seen, or in a sentence why that cannot be told; nothing is written.

    Where versions have baselines of their own, that of the whole reference is tried. Raises SourceError where the
    reference cannot be read again.
    """
    if not watch.settings.watches_attacks:
        return "attacks are not watched; name the column of clients in columns.client, or write `attacks: on`"
    with database.read() as connection:
        baseline = unpacked(read_baselines(connection, watch.name)).get(WHOLE)
        if baseline is None:
            return "there is nothing yet to lay queries beside; `monitor once` reads the reference, of 200 rows or more"
        followed = read_followed(connection, watch.name, WHOLE).arrays
        rows = learned_rows(connection, watch) if watch.reference is None else None
    rows = _first_rows(watch) if rows is None else rows
    if lacking := _lacking(baseline, rows):
        return f"the reference's rows lack {', '.join(lacking)} now; `monitor once` reads a reference anew"
    if not rows.num_rows:
        return "the rows that the reference was learned from are no longer kept"
    state = State.of(followed) if followed else State.empty(baseline)
    rng = np.random.default_rng(int.from_bytes(watch.seed, "little"))
    delays = self_test(baseline, state, rows.slice(0, MOST_ROWS), watch.roles, rng=rng)
    return Trial(delays, baseline.budget, thirds=baseline.answers.edges.size > 0)


def _first_rows(watch: Watch) -> pa.Table:
    tables, rows = list[pa.Table](), 0
    for batch in watch.reference.pull({}) if watch.reference else ():
        tables.append(batch.rows)
        rows += batch.rows.num_rows
        if rows >= MOST_ROWS:
            break
    return joined([table for table in tables if table.num_rows] or [pa.table({})])


def _lacking(baseline: Baseline, rows: pa.Table) -> list[str]:
    names = [column.name for column in baseline.space.columns]
    return [name for name in names if name not in rows.column_names] if rows.num_rows else []
