"""pull → profile → detect → judge → notify → deliver: start reading here.

Everything left of *judge* can be repeated without harm; each arrow is one transaction or none.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from monitor.alerts.finding import Finding
from monitor.delivery import Delivered, deliver
from monitor.errors import Busy, MonitorError
from monitor.steps.absent import fill_absent
from monitor.steps.forgetting import YEAR, forget_aged
from monitor.steps.health import watch_over
from monitor.steps.judge import judge
from monitor.steps.labels import pull_labels
from monitor.steps.probes import ask_probes, is_due
from monitor.steps.pull import pull_records
from monitor.steps.reference import kept_reference, reference_of
from monitor.steps.reminders import tell_again
from monitor.steps.silences import tell_unsilenced
from monitor.store.outbox import forget_delivered
from monitor.store.records import register_model
from monitor.store.references import WHOLE
from monitor.types import Progress
from monitor.watch import Monitor, Watch

_LOG = logging.getLogger(__name__)


@dataclass
class Pass:
    """What one pass over the models did: what became of alerts, what stood still, what was delivered."""

    findings: list[Finding] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    delivered: Delivered | None = None


def once(
    monitor: Monitor,
    *,
    clock: Callable[[], datetime],
    rng: Random,
    progress: Progress | None = None,
    leased: Callable[[Monitor, Watch], AbstractContextManager[Monitor]] = lambda monitor, _: nullcontext(monitor),
) -> Pass:
    """Pull every source to its end, judge every closed window, deliver what there is to tell, tidy up.

    leased: gives the monitor as one may use it who alone works on a model, or raises Busy; without it nobody else may
    be at work on the database.
    """
    done = Pass()
    for watch in monitor.watches:
        try:
            with leased(monitor, watch) as own:
                look(own, watch, now=clock(), done=done, progress=progress or Progress())
        except Busy as error:
            done.problems[f"{watch.name}: pass"] = str(error)
        except Exception as error:  # noqa: BLE001  # one model must not stop the others
            _LOG.exception("the pass over %s failed", watch.name)
            done.problems[f"{watch.name}: pass"] = _failed(error)
    done.delivered = deliver(monitor.database, monitor.receivers, now=clock, owner=monitor.owner, rng=rng)
    tidy(monitor)
    return done


def look(monitor: Monitor, watch: Watch, *, now: datetime, done: Pass, progress: Progress) -> None:
    """Pull and judge one model; when that fails, a health alert says so before the error is raised."""
    try:
        _look(monitor, watch, now=now, done=done, progress=progress)
    except Exception as error:
        # Where the database itself is out of reach nothing can be told through it.
        with suppress(Exception):
            done.findings += watch_over(monitor, watch, {"pass": _failed(error)}, now=now)
        raise


def _failed(error: Exception) -> str:
    return f"the pass failed: {type(error).__name__}: {error}".partition("\n")[0]


def _look(monitor: Monitor, watch: Watch, *, now: datetime, done: Pass, progress: Progress) -> None:
    database, name = monitor.database, watch.name
    with database.write() as connection:
        register_model(connection, name, now=now)
    problems = dict.fromkeys(("reference", "source", "labels"), "")
    try:
        references = reference_of(database, watch, now=now)
    except MonitorError as error:
        references, problems["reference"] = kept_reference(database, watch), str(error)
    layout = references[WHOLE].layout if references else None
    problems["source"] = pull_records(database, watch, layout, now=now, on_rows=lambda n: progress.rows(name, n))
    if references is None and not problems["reference"]:
        references = reference_of(database, watch, now=now)
    if references is not None:
        problems["labels"] = pull_labels(
            database, watch, references[WHOLE].layout, now=now, on_rows=lambda n: progress.rows(name, n)
        )
        if not problems["labels"]:
            fill_absent(database, watch, references[WHOLE].layout, now=now)
        if watch.reference is None and watch.labels is not None:
            # what was learned from records alone is learned with their labels, now that these are known
            references = reference_of(database, watch, now=now) or references
    # before the windows are judged, since what can be read again explains nothing of what they show
    done.findings += watch_over(monitor, watch, problems, now=now, losses=False)
    if references is not None:
        done.findings += judge(
            monitor, watch, references, now=now, on_window=lambda window: progress.window(name, window)
        )
    asked = {"pass": ""}
    if is_due(database, watch, now=now):
        try:
            asked["probes"] = ""
            done.findings += ask_probes(monitor, watch, now=now)
        except MonitorError as error:
            asked["probes"] = str(error)
    done.findings += watch_over(monitor, watch, asked, now=now)
    done.findings += tell_unsilenced(monitor, name, now=now)
    tell_again(monitor, name, now=now)
    done.problems |= {f"{name}: {what}": why for what, why in (problems | asked).items() if why}


def tidy(monitor: Monitor) -> None:
    """Delete what is kept no longer; profiles, measurements and alerts stay."""
    for watch in monitor.watches:
        with monitor.database.write() as connection:
            forget_aged(connection, watch)
    with monitor.database.write() as connection:
        forget_delivered(connection, older_than=YEAR)
