"""What it means that features have leapt: for alerts that they left by it, and for the unit in which they are then."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import UNDER_ALARM
from monitor.detectors.quality import out_of_range_share
from monitor.detectors.temporal.step_change import NAME
from monitor.profiles.layout import Layout
from monitor.stats.units import units_by_moments
from monitor.steps.sample import sample_within
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Window

BEFORE, LEAST = 7, 3
"""Of so many windows before a leap, of which so many are known, the values say in which unit they were."""


def has_leapt_lately(verdict: Verdict, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Name the features that leave where they had come to in this window, or of which an alert says so that stands.

    What they are beside the reference then tells nothing of whether an alert is over. rows: the model's public alerts.
    """
    now = {j.measurement.column for j in verdict.judged if j.measurement.detector == NAME and j.outcome == "breach"}
    return now | {row["column"] for row in rows if row["detector"] == NAME and row["state"] in UNDER_ALARM}


def beside_leaps(judged: Judged, leapt: Collection[str]) -> Judged:
    """Give what a window says as undecided, where it is clear for a feature lies by a leap where the reference does."""
    one = judged.measurement
    of_level = judged.kind == "drift.data" or one.detector == out_of_range_share.NAME
    told = judged.outcome == "clear" and one.column in leapt and of_level and one.detector != NAME
    return replace(judged, outcome="insufficient") if told else judged


def leapt_features(connection: Connection, model: str, verdict: Verdict, stepped: Iterable[Finding]) -> dict[str, str]:
    """Name the features that a window's alerts tell to have leapt, with a word on the unit in which they are then.

    The empty word where it is none that is known.
    """
    reference, current = verdict.profiles[WHOLE]
    found: dict[str, str] = {}
    for finding in stepped:
        since, now = finding.alert.since, current.columns.get(finding.column)
        if finding.detector != NAME or not finding.breaches or since is None or now is None:
            continue
        length = finding.window.end - finding.window.start
        spans = [Window(since - place * length, since - (place - 1) * length) for place in range(1, BEFORE + 1)]
        usual = np.array([*_moments(connection, model, spans, reference.layout, column=finding.column)])
        units = []
        if len(usual) >= LEAST and now.moments:
            within, between = float(usual[:, 1].mean()), float(usual[:, 0].var(ddof=1))
            units = units_by_moments((float(usual[:, 0].mean()), within, between), now.moments[1:])
        found[finding.column] = " or ".join(unit.said for unit in units)
    return found


def _moments(
    connection: Connection, model: str, windows: Iterable[Window], layout: Layout, *, column: str
) -> Iterator[tuple[float, float]]:
    """Give mean and variance of a column in each window that holds it."""
    for window in windows:
        moments = sample_within(connection, model, window, layout, segments=False).whole.columns[column].moments
        if moments:
            yield moments[1:]
