"""Whether features leap while an alert about them stands, when the reference tells nothing of where they should be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from monitor.alerts.causes import STAYED
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.alerts.vocabulary import WINDOWS_BEFORE
from monitor.detectors.temporal.step_change import DETECTOR, NAME, step_change
from monitor.profiles.layout import Column, Layout
from monitor.profiles.relations import means_of
from monitor.stats.steps import LAST, LEAST
from monitor.steps.means import Means
from monitor.steps.measure import Found, found_of
from monitor.steps.memory import RECENT
from monitor.store.measurements import read_measurements
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window

if TYPE_CHECKING:
    from monitor.steps.looks import Sight

POPULATION = "population"
HELD = ("drift.data", "quality")
"""Kinds of alert that a feature is under, and by what they say of its values."""


@dataclass(frozen=True)
class Stirred:
    """What alerts say of a column: since when it is said to have leapt, and when the latest other one began."""

    leapt: datetime | None = None
    began: datetime | None = None


def stirred_columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, Stirred]:
    """Name the columns of which all traffic's alerts stand, with since when. rows: a model's public alerts."""
    found: dict[str, Stirred] = {}
    for row in rows:
        leaps = row["detector"] == NAME and row["state"] == "pending"
        if row["segment"] or row["kind"] not in HELD or not (leaps or row["state"] in UNDER_ALARM):
            continue
        named = [row["column"]] if row["column"] else [one["column"] for one in row["evidence"].get("moved", ())]
        since = datetime.fromisoformat(row["since"]) if row["since"] else None
        for name in named:
            known = found.get(name, Stirred())
            began = max(filter(None, (known.began, since)), default=None)
            found[name] = replace(known, leapt=since) if row["detector"] == NAME else replace(known, began=began)
    return found


def leaps_measured(connection: Connection, model: str, window: Window) -> list[Measurement]:
    """Give what was measured of leaps in a window."""
    rows = read_measurements(connection, model=model, detector=NAME, since=window.start, until=window.end)
    same = ("value", "column", "n", "p_value", "effect", "note", "reference")
    told = [row for row in rows if (row["window_start"], row["window_end"]) == (window.start, window.end)]
    return [Measurement(NAME, **{name: row[name] for name in same}) for row in told]


def leaps(sight: "Sight") -> Iterator[Found]:
    """Lay the mean of each feature that is under alarm beside those of the windows before, up to when it leapt.

    For 28 windows after that: then those since say where it is. Beside what other columns tell of it, where they
    do, as it was before the alert where that has just begun, and also while only what is made of all features is
    under alarm. Nothing where windows are compared with those before them, nor of too few rows. A window that was
    judged before keeps what was measured: which alerts stood then is not known any more.
    """
    yield from (found_of(DETECTOR, one, sight.settings) for one in sight.measured_before)
    few = sight.whole.rows < sight.settings.min_rows
    if few or sight.settings.baseline is not None or not sight.stirred:
        return
    reference = sight.references[WHOLE]
    before = [at for at in sight.memory.before(sight.window, last=RECENT) if sight.history.knows(at, labels=False)]
    means, here = Means(reference, sight.memory), means_of(sight.whole, reference.layout.related)
    for column in _looked_at(reference.layout, sight.stirred):
        usual, now = reference.columns[column.name].moments, sight.whole.columns[column.name].moments
        if not (usual and now and usual[2] > 0 and now[0] >= max(sight.settings.min_rows, 2)):
            continue
        stirred = sight.stirred.get(column.name, Stirred())
        since, lately = stirred.leapt, began_lately(stirred.leapt, before, last=LAST)
        windows = [at for at in before if since is None or not lately or at.start < since]
        own = means.of(column.name, windows, now[1]) if column.name in sight.stirred else None
        began = stirred.began if began_lately(stirred.began, before, last=LEAST) else None
        windows = [at for at in windows if began is None or at.start < began]
        rest = means.rest_of(column, windows, here)
        for found in step_change(column, now, own, rest, windows=reference.layout.windows):
            evidence = {"beside": WINDOWS_BEFORE} | ({STAYED: True} if since and not lately else {})
            yield found_of(DETECTOR, replace(found, evidence={**found.evidence, **evidence}), sight.settings)


def began_lately(since: datetime | None, before: Sequence[Window], *, last: int) -> bool:
    """Say whether something began within the last so many windows before this one."""
    return since is not None and bool(before) and since >= before[-last:][0].start


def _looked_at(layout: Layout, stirred: Mapping[str, Stirred]) -> Iterator[Column]:
    """Give the features under alarm; all that others tell of, where what is made of all features is."""
    together = any(one.method == POPULATION and not stirred.keys().isdisjoint(one.names) for one in layout.derivations)
    for column in layout.columns:
        if column.role == "feature" and (column.name in stirred or (together and column.relation)):
            yield column
