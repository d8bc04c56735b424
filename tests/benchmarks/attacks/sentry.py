"""The product's core as a stream of alarms: what it is fitted to and how far it has followed the queries."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import log

import pyarrow as pa
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.sighting import ALPHA, Sighting
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import CLUSTER, CLUSTER_ALARM, POOLED, track

from attacks.logs import batches
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

STRETCH = timedelta(hours=1)
SEED = 20_250_303
FINE = 8


@dataclass(frozen=True)
class Alarm:
    """The first time that a detector speaks up: after how many rows of the batch, and about whom, "" for all."""

    row: int
    detector: str
    client: str


@dataclass(frozen=True)
class Sentry:
    """Queries followed so far; `see` gives a new one and leaves this one alone."""

    baseline: Baseline
    state: State
    roles: Roles

    @classmethod
    def fit(cls, reference: pa.Table, *, anonymous: bool = False) -> "Sentry":
        """Fit it to a world's reference. anonymous: records name no client."""
        scores = tuple(name for name in reference.column_names if name == "score" or name.startswith("score_"))
        classes = tuple(str(k) for k in range(len(scores))) if len(scores) > 1 else ()
        roles = Roles(
            "time",
            client=None if anonymous else "client",
            prediction="prediction",
            scores=scores,
            classes=classes,
            label="label",
            ignore=("client", "truth_target", "truth_crafted", "truth_kind"),
        )
        baseline = Baseline.fit(reference, roles, layout_of(reference, roles), seed=SEED)
        if baseline is None:
            raise RuntimeError("no attack can be looked for beside this reference")
        return cls(baseline, State.empty(baseline), roles)

    def see(self, rows: pa.Table) -> tuple["Sentry", list[Sighting]]:
        """Follow rows; give the sightings that are alarms."""
        state, found = track(self.baseline, self.state, rows, self.roles, length=STRETCH)
        return replace(self, state=state), [one for one in found if alarming(one)]

    def alarms(self, rows: pa.Table) -> Iterator[tuple["Sentry", int, list[Alarm]]]:
        """Follow rows in batches and give, after each, where they began and the alarms in the order of rows.

        A batch with an alarm is followed once more in small steps, so that its place is known.
        """
        here, at = self, 0
        for batch in batches(rows, 1_024):
            after, found = here.see(batch)
            yield after, at, _placed(here, batch) if found else []
            here, at = after, at + batch.num_rows


def _placed(before: Sentry, batch: pa.Table) -> list[Alarm]:
    alarms: dict[tuple[str, str], Alarm] = {}
    here, at = before, 0
    for step in batches(batch, FINE):
        here, found = here.see(step)
        at += step.num_rows
        for one in found:
            alarms.setdefault((one.detector, one.client), Alarm(at - 1, one.detector, one.client))
    return list(alarms.values())


def alarming(sighting: Sighting) -> bool:
    """Say whether a sighting's evidence raises an alarm."""
    if sighting.total:
        return False
    return sighting.log_e >= (CLUSTER_ALARM if sighting.detector == CLUSTER else log(1 / ALPHA))


def about_all(alarm: Alarm) -> bool:
    """Say whether an alarm speaks of a cluster or of all queries, and not of one client."""
    return alarm.detector == CLUSTER or alarm.detector.startswith(POOLED)
