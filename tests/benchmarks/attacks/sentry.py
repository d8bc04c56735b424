"""The product's core as a stream of alarms: what it is fitted to and how far it has followed the queries."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from math import log

import numpy as np
import pyarrow as pa

from attacks.logs import batches
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.fitting import baseline_of
from monitor.detectors.attack.rehearsal import rehearsed
from monitor.detectors.attack.sighting import ALPHA, CLUSTER, NEWCOMERS, POOLED, Sighting
from monitor.detectors.attack.state import State
from monitor.detectors.attack.tracking import track
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

STRETCH = timedelta(hours=1)
SEED = 20_250_303
STEPS = (1_024, 64, 4, 1)


@dataclass(frozen=True)
class Sentry:
    """Queries followed so far; `see` gives a new one and leaves this one alone."""

    baseline: Baseline
    state: State
    roles: Roles
    expected: frozenset[str] = frozenset()

    @classmethod
    def fit(
        cls,
        reference: pa.Table,
        *,
        anonymous: bool = False,
        expected: frozenset[str] = frozenset(),
        seed: int = SEED,
    ) -> "Sentry":
        """Fit it to a world's reference.

        anonymous: records name no client. expected: clients that are declared to send rows like each other. seed: the
        deployment's secret.
        """
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
        baseline = baseline_of(reference, roles, layout_of(reference, roles), rng=np.random.default_rng(seed))
        if baseline is None:
            raise RuntimeError("no attack can be looked for beside this reference")
        baseline = rehearsed(baseline, reference, roles)
        return cls(baseline, State.empty(baseline), roles, expected)

    def see(self, rows: pa.Table) -> tuple["Sentry", list[Sighting]]:
        """Follow rows; give the sightings that are alarms."""
        state, found = track(self.baseline, self.state, rows, self.roles, length=STRETCH, expected=self.expected)
        return replace(self, state=state), [one for one in found if alarming(one)]

    def first(self, rows: pa.Table, *, wanted: Callable[[Sighting], bool]) -> tuple[int, Sighting] | None:
        """Give the first alarm that is wanted and its row; None where there is none.

        The batch in which it comes is followed again in smaller ones.
        """
        here, at, told = self, 0, None
        for size in STEPS:
            for batch in batches(rows, size):
                after, alarms = here.see(batch)
                found = next((one for one in alarms if wanted(one)), None)
                if found:
                    told, rows = (at + batch.num_rows - 1, found), batch
                    break
                here, at = after, at + batch.num_rows
            else:
                break
        return told


def alarming(sighting: Sighting) -> bool:
    """Say whether a sighting's evidence raises an alarm; a cluster is told of only when it does."""
    return not sighting.total and (sighting.detector == CLUSTER or sighting.log_e >= log(1 / ALPHA))


def about_all(sighting: Sighting) -> bool:
    """Say whether it speaks of a cluster or of all queries, and not of one client."""
    return sighting.detector == CLUSTER or sighting.detector.startswith((POOLED, NEWCOMERS))
