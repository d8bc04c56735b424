"""A false-alarm budget that a sample of the reference says cannot be spent."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from monitor.alerts.thresholds import significance
from monitor.commands.opening import Setup
from monitor.config import Model
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table
from monitor.schedule import window_of
from monitor.setup.finding import Finding
from monitor.setup.sample import opened, sampled
from monitor.steps import budget
from monitor.steps.measure import MOST_ALPHA
from monitor.store.references import WHOLE

ANY = datetime(2024, 1, 1, tzinfo=UTC)


def unspent_budgets(setup: Setup, names: Sequence[str]) -> Iterator[Finding]:
    """Warn of every one of the models whose budget cannot be spent, by a sample of its reference."""
    for name, model in ((name, setup.config.models[name]) for name in names):
        if model.reference is None or model.reference.push:
            continue
        rows = sampled(opened(model.reference, root=setup.root)).rows
        if rows.num_rows and (said := unspent(model, rows)):
            yield Finding("warning", f"{setup.place}: models.{name}.false_alarms", *said)


def unspent(model: Model, reference: pa.Table) -> tuple[str, str] | None:
    """Give (problem, mend) where fewer than half of the false alarms of the budget are asked for; None elsewhere.

    Nothing is counted where one test a column would spend it all. Segments are not counted: with them it is spent
    sooner, so that with segments nothing is said before windows are judged.
    """
    length = model.window.shortest
    rule = {"k": model.hold.k, "m": model.hold.m, "clear": model.clear}
    limits = {"alarms": model.false_alarms.count, "per": model.false_alarms.per, "window": length}
    if model.columns.segments or significance(**limits, **rule, tests=reference.num_columns) <= MOST_ALPHA:
        return None
    profile = profile_table(reference, layout_of(reference, model.columns), reference=True)
    window = window_of(ANY, model.window)
    return budget.unspent(
        {WHOLE: profile}, model, window=window, rows=_rows(reference, model.columns.timestamp, length)
    )


def _rows(reference: pa.Table, timestamp: str, length: timedelta) -> float:
    """Estimate how many rows a window has, by the reference's times; 0 where it has none."""
    times = reference[timestamp] if timestamp in reference.column_names else None
    if times is None or not pa.types.is_timestamp(times.type):
        return 0.0
    span = pc.min_max(times).as_py()
    held = span["max"] - span["min"] if span["min"] is not None else timedelta(0)
    return float(reference.num_rows * min(length / held, 1.0)) if held else 0.0
