"""`monitor once`: one pass over everything, and what came of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import typer

from monitor.alerts.finding import Finding
from monitor.alerts.lifecycle import Transition
from monitor.alerts.phrasing import counted as times
from monitor.alerts.public import id_of
from monitor.alerts.silence import is_news
from monitor.alerts.wording import text_of
from monitor.commands.clock import now
from monitor.commands.opening import configured, reaching_database, watching
from monitor.commands.printing import minute, printable, progress_bar
from monitor.daemon.leasing import leased, owner
from monitor.pipeline import Pass
from monitor.pipeline import once as pass_over
from monitor.store.batches import CAP
from monitor.store.cursors import SourceState, read_source
from monitor.store.outbox import channels, outbox_counts, put_off
from monitor.types import Progress, Window
from monitor.watch import Monitor

States = dict[str, SourceState]


def once(path: Path) -> int:
    """Make one pass and print what came of it; 1 when a source stood still, or a message could not be sent."""
    setup = configured(path)
    with progress_bar() as bar, watching(setup, owner=owner()) as monitor, reaching_database(setup):
        before, windows = _states(monitor), Counter[str]()
        done = pass_over(
            monitor,
            clock=now,
            rng=Random(),  # noqa: S311  # jitter
            progress=counted(bar, windows),
            leased=partial(leased, clock=now),
        )
        after, off, (waiting, later) = _states(monitor), _switched_off(monitor), _waiting(monitor)
    for line in (*summary(monitor, done, before, after, windows, waiting=waiting), *later, *off):
        typer.echo(printable(line))
    unsent = done.delivered and (done.delivered.failed or done.delivered.dead)
    return 1 if done.problems or unsent or off else 0


def counted(progress: Progress, windows: Counter[str]) -> Progress:
    """Count each model's judged windows beside showing them."""

    def window(model: str, judged: Window) -> None:
        windows[model] += 1
        progress.window(model, judged)

    return replace(progress, window=window)


def told(findings: Iterable[Finding]) -> list[Finding]:
    """Give what there is to tell, in the order of the windows: not what waits behind weightier ones, or is silenced."""
    chosen = [finding for finding in findings if is_news(finding)]
    return sorted(chosen, key=lambda finding: finding.window.end)


def sentence(finding: Finding) -> str:
    """Say in one line what became of an alert, and when."""
    name = id_of(finding)
    what = f"{finding.transition} {finding.severity} {name} {finding.kind}"
    return f"{minute(finding.window.end)} {what}: {text_of(finding)}"


def alerts_counted(transitions: Iterable[Transition | None]) -> str:
    """Count what became of alerts; those that got worse, which fired before, only where there are any.

    >>> alerts_counted(["fired", "resolved"]), alerts_counted(["fired", "worsened", "worsened"])
    ('alerts: 1 fired, 1 resolved', 'alerts: 1 fired, 2 worsened, 0 resolved')
    """
    counts = Counter(transitions)
    worse = f"{counts['worsened']} worsened, " if counts["worsened"] else ""
    return f"alerts: {counts['fired']} fired, {worse}{counts['resolved']} resolved"


def summary(
    monitor: Monitor, done: Pass, before: States, after: States, windows: Counter[str], *, waiting: int
) -> Iterator[str]:
    """Say in a few lines what a pass did."""
    for watch in monitor.watches:
        name = watch.name
        counts = [_added(before, after, source) for source in (watch.records_source, watch.labels_source)]
        read, stored, quarantined, repeated = counts[0]
        more = f", {repeated} known already" if repeated else ""
        yield f"{name}: {read} rows read, {stored} stored, {quarantined} quarantined{more}"
        if after[watch.records_source].empty_since is not None:
            yield f"{name}: no file matches {watch.settings.source.files!r} any more"
        if watch.labels:
            read, stored, quarantined, repeated = counts[1]
            yield f"{name}: {read} labels read, {stored} stored, {quarantined} quarantined, {repeated} known already"
        yield f"{name}: {times(windows[name], 'window')} judged"
    for what, why in done.problems.items():
        yield f"stands still: {what}: {why}"
    findings = told(done.findings)
    yield from map(sentence, findings)
    yield alerts_counted(finding.transition for finding in findings)
    if done.delivered:
        sent = done.delivered
        yield f"messages: {sent.sent} delivered, {waiting} to be tried again, {sent.dead} given up"


def _waiting(monitor: Monitor) -> tuple[int, list[str]]:
    """Count what is tried again, and what waits behind it; say of each receiver what is put off, and until when."""
    with monitor.database.read() as connection:
        counts, later = outbox_counts(connection), put_off(connection, now=now())
        rests = {one["receiver"] for one in channels(connection) if one["paused_until"] and one["paused_until"] > now()}
    known = counts.keys() & monitor.receivers.keys()
    waiting = sum(counts[name]["pending"] - later.get(name, (0, None))[0] for name in known)
    said = []
    for name in sorted(later.keys() & known):
        messages, until = later[name]
        why = "it asked for a rest" if name in rests else f"it has had {CAP} within an hour"
        held = f"{times(messages, 'message')} {'waits' if messages == 1 else 'wait'} until {minute(until)} UTC"
        said.append(f"receiver {name}: {held}, to go as one, since {why}")
    return waiting, said


def _switched_off(monitor: Monitor) -> list[str]:
    """Name the receivers that get nothing, with why and how they are switched on again."""
    with monitor.database.read() as connection:
        found = [one for one in channels(connection) if one["off"] and one["receiver"] in monitor.receivers]
    mend = "`monitor send-test` to it, once that is mended, switches it on"
    return [f"receiver {one['receiver']} is switched off: {one['reason']}; {mend}" for one in found]


def _states(monitor: Monitor) -> States:
    sources = [name for watch in monitor.watches for name in (watch.records_source, watch.labels_source)]
    with monitor.database.read() as connection:
        return {source: read_source(connection, source) for source in sources}


def _added(before: States, after: States, source: str) -> tuple[int, int, int, int]:
    old, new = before[source], after[source]
    return (
        new.read - old.read,
        new.stored - old.stored,
        new.quarantined - old.quarantined,
        new.repeated - old.repeated,
    )
