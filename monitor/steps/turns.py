"""Whether labels that come by themselves have stopped or thinned out: slot by slot, by the records' clock."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.alerts.lifecycle import UNDER_ALARM, Alert, fingerprint
from monitor.alerts.phrasing import duration
from monitor.alerts.thresholds import Threshold, judged, significance
from monitor.config import Model
from monitor.stats.arrivals import BLOCKS, silence_of, thinning_of
from monitor.steps.arrivals import DAY, History, history_of, slot_hours
from monitor.store.alerts import alert_rows, read_alerts
from monitor.store.arrivals import newest_arrival
from monitor.store.cursors import read_source
from monitor.types import Measurement
from monitor.watch import Watch

SILENCE, THINNING, LATE = "label_silence", "label_thinning", "late_labels"
PART = 10
"""Of a model's budget so many-th is for each of the two."""
LONGER, FEWER, ENOUGH = 1.5, 0.5, 0.8
"""A silence is told from so many times the longest usual one; a thinning where that share of the fewest usual ones is
missing, until that share of those to be expected comes."""

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Standing:
    """What is under alarm at a slot, by which the next one is judged.

    silent: labels stay out. thin: the slot since which they have thinned out, None where they have not, and the days
    that are looked at together. resumed: the slot in which they came again after the last time that they stayed out.
    """

    silent: bool = False
    thin: int | None = None
    days: int = 0
    resumed: int = 0
    overdue: bool = False


@dataclass(frozen=True)
class Turn:
    """A measurement that may begin or end a health alert, the time it speaks of, and when the outage began, if known.

    The note says what is wrong, and is empty where nothing is. since: where the alert begins; None with what it tells.
    """

    measurement: Measurement
    at: datetime
    began: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, eq=False)
class Unjudged:
    """How labels came until the clock, what stands, and from which slot on it was not judged yet."""

    history: History
    standing: Standing
    since: int
    clock: datetime

    @property
    def until(self) -> datetime:
        """Give the end of the last slot that has ended."""
        return self.history.start(self.history.slot(self.clock))


def unjudged(connection: Connection, watch: Watch) -> Unjudged | None:
    """Read what is to be judged; None where no slot has ended since, and none waits for labels to come again."""
    state, length = read_source(connection, watch.labels_source), watch.base.shortest
    if watch.labels is None or state.known_until is None:
        return None
    alerts = read_alerts(connection, watch.name)
    silence, thinning, late = (
        alerts.get(fingerprint(watch.name, "health", name)) for name in (SILENCE, THINNING, LATE)
    )
    silent, judged_until = _is_standing(silence), state.judged_until
    if judged_until is not None and state.known_until < judged_until + length:
        newest = newest_arrival(connection, watch.name, slot_hours(watch.base)) if silent else None
        if newest is None or newest < judged_until:
            return None
    history = history_of(connection, watch.name, watch.base, state.known_until)
    if history is None:
        return None
    resumed = silence.resolved_at if silence else None
    standing = Standing(silent, resumed=history.slot(resumed - _MOMENT) if resumed else 0, overdue=_is_standing(late))
    if thinning is not None and thinning.since and _is_standing(thinning):
        rows = alert_rows(connection, model=watch.name)
        days = next(row["evidence"]["days"] for row in rows if row["detector"] == THINNING)
        standing = replace(standing, thin=history.slot(thinning.since), days=days)
    return Unjudged(history, standing, history.slot(judged_until) if judged_until else 0, state.known_until)


def _is_standing(alert: Alert | None) -> bool:
    return alert is not None and alert.state in UNDER_ALARM


def slot_level(model: Model, length: timedelta) -> float:
    """Give the p-value that a slot must reach: a tenth of the model's budget is for each of the two."""
    budget = model.false_alarms
    return significance(alarms=budget.count, per=budget.per, window=length, tests=PART)


def turns(found: Unjudged, *, alpha: float) -> Iterator[list[Turn]]:
    """Judge each slot that has ended; give what begins or ends in it, if anything does.

    Of slots in which nobody looked nothing is known if labels came since. The slot that has not ended counts where
    labels came again in it. alpha: the p-value that a slot must reach.
    """
    history, standing, now = found.history, found.standing, found.history.slot(found.clock)
    for slot in range(max(found.since, 0), now):
        if slot in history.skipped:
            continue
        turned = [turn for turn in (_silence(history, standing, slot, alpha),) if turn]
        standing = _after(history, standing, turned, slot)
        if not standing.silent and history.start(slot + 1).hour == 0:
            turned += [turn for turn in (_thinning(history, standing, slot, alpha),) if turn]
            standing = _after(history, standing, turned, slot)
        if turned:
            yield turned
    if standing.silent and history.arrivals.counts[now:].any():
        yield [Turn(Measurement(SILENCE, 0.0), found.clock)]


def _after(history: History, standing: Standing, found: list[Turn], slot: int) -> Standing:
    for turn in found:
        begun = bool(turn.measurement.note)
        if turn.measurement.detector == SILENCE:
            standing = replace(standing, silent=begun, resumed=standing.resumed if begun else slot)
        else:
            days = int(turn.measurement.evidence.get("days", 0))
            standing = replace(standing, thin=history.slot(turn.began) if turn.began else None, days=days)
    return standing


def _silence(history: History, standing: Standing, slot: int, alpha: float) -> Turn | None:
    """Say whether labels stay out from this slot on, or have come again in it."""
    end = history.start(slot + 1)
    if standing.silent:
        came = history.arrivals.counts[slot] > 0
        return Turn(Measurement(SILENCE, 0.0), end) if came else None
    found = None if standing.overdue else silence_of(history.arrivals, slot)
    if found is None:
        return None
    measurement = Measurement(SILENCE, found.expected, p_value=found.p_value, effect=found.times)
    if judged(measurement, Threshold(alpha=alpha, min_effect=LONGER)) != "breach":
        return None
    began, length, usual = history.start(found.last + 1), history.length, (found.longest - 1) * history.length
    before = f"at most {duration(usual)} passed" if usual else f"no {'day' if length == DAY else 'hour'} passed"
    said = f"no label has come for {duration((slot - found.last) * length)}, where {before} without one"
    note = f"{said}; {found.expected:,.0f} were to be expected"
    return Turn(replace(measurement, note=note), end, began, began)


def _thinning(history: History, standing: Standing, slot: int, alpha: float) -> Turn | None:
    """Say whether fewer labels come from some days before the end of this slot on, or as many as before again."""
    days: tuple[int, ...] = BLOCKS if standing.thin is None else (standing.days,)
    days = tuple(one for one in days if slot + 1 - one * history.arrivals.a_day > standing.resumed)
    found = thinning_of(history.arrivals, slot, before=standing.thin, days=days)
    if found is None:
        return None
    measurement = Measurement(THINNING, found.expected, p_value=found.p_value, effect=max(0.0, 1 - found.share))
    end = history.start(slot + 1)
    if standing.thin is not None:
        return Turn(Measurement(THINNING, found.expected), end) if found.came >= ENOUGH * found.expected else None
    if judged(measurement, Threshold(alpha=alpha, min_effect=FEWER)) != "breach":
        return None
    began = history.start(slot + 1 - found.slots)
    came = f"{found.came:,} {'label has' if found.came == 1 else 'labels have'} come in {duration(end - began)}"
    note = f"{came}, where {found.expected:,.0f} were to be expected"
    evidence = {"days": (end - began) // DAY}
    return Turn(replace(measurement, note=note, evidence=evidence), end, began, began)
