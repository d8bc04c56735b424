"""`monitor replay`: what would have been alerted over history, worked out in a database of its own; sends nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import typer

from monitor.alerts.finding import Finding
from monitor.alerts.grouping import gathered
from monitor.alerts.phrasing import counted, duration
from monitor.alerts.public import as_json
from monitor.commands.clock import now
from monitor.commands.opening import Setup, configured, named, reaching_database, stored, watching
from monitor.commands.passes import alerts_counted, sentence, told
from monitor.commands.printing import json_line, printable, progress_bar
from monitor.daemon.leasing import owner
from monitor.errors import MonitorError
from monitor.pipeline import Pass
from monitor.pipeline import once as pass_over
from monitor.steps.labelled import labelled_rows
from monitor.steps.measure import waits_for_labels
from monitor.steps.reference import References
from monitor.store.attacks import read_seed
from monitor.store.database import Database, migrate, open_database
from monitor.store.records import read_segment, segment_numbers
from monitor.store.references import read_reference
from monitor.types import Batch, Cursor, Progress, Window
from monitor.watch import Monitor, Watch
from monitor.wiring import database_url, watch_of

SHARD = "records"


@dataclass(frozen=True)
class Stored:
    """Records that were pushed, or `labels` that were, read again from where they are stored beside their records."""

    database: Database
    watch: Watch
    labels: bool = False
    repeats: bool = False

    def pull(self, cursors: Mapping[str, Cursor]) -> Iterator[Batch]:
        """Yield the rows of every stored segment behind the cursor."""
        after, roles = cursors.get(SHARD, {}).get("segment", 0), self.watch.roles
        with self.database.read() as connection:
            for number in segment_numbers(connection, self.watch.name):
                if number > after:
                    rows = read_segment(connection, number)
                    if self.labels:
                        given = labelled_rows(connection, self.watch, rows, signed=True)
                        named = {roles.id, roles.label, roles.contributor}
                        rows = given.select([name for name in given.column_names if name in named])
                    yield Batch(SHARD, rows, {"segment": number})


@dataclass(frozen=True)
class Span:
    """The windows that are reported: those that lie within; None leaves a side open."""

    begin: datetime | None = None
    end: datetime | None = None

    def __contains__(self, window: object) -> bool:
        """Say whether a window lies within."""
        return (
            isinstance(window, Window)
            and (self.begin is None or window.start >= self.begin)
            and (self.end is None or window.end <= self.end)
        )


def replay(path: Path, *, span: Span, model: str | None, as_lines: bool) -> int:
    """Print every transition there would have been; 1 when a source stood still."""
    setup = configured(path)
    models = setup.config.models
    names = list(models) if model is None else [model]
    for name in names:
        named(models, name, place=setup.place, what="model")
    judged: list[tuple[str, Window]] = []
    with progress_bar() as bar:
        done, _ = replayed(setup, names, noted(bar, judged))
    findings = [finding for finding in told(done.findings) if finding.window in span]
    for finding in findings:
        if as_lines:
            json_line(as_json(finding))
        else:
            typer.echo(printable(sentence(finding)))
    for what, why in done.problems.items():
        typer.echo(printable(f"stands still: {what}: {why}"), err=True)
    if not as_lines:
        typer.echo(summary(setup, [one for one in judged if one[1] in span], findings))
        for line in _known_later(setup, findings):
            typer.echo(printable(line))
    return 1 if done.problems else 0


def replayed(
    setup: Setup, names: Sequence[str], progress: Progress, *, alter: Callable[[Watch], Watch] = lambda watch: watch
) -> tuple[Pass, dict[str, References]]:
    """Pull and judge everything anew in a temporary database, without receivers; give the references that were used.

    alter: gives each model with other sources. A model whose reference is not there yet is not among the references.
    """
    with TemporaryDirectory(prefix="monitor-replay-") as folder:
        url = f"sqlite:///{Path(folder) / 'replay.db'}"
        migrate(url)
        database = open_database(url)
        try:
            with _watches(setup, names, database) as watches:
                alone = Monitor(database, tuple(map(alter, watches)), receivers={}, owner=owner())
                done = pass_over(alone, clock=now, rng=Random(), progress=progress)  # noqa: S311  # jitter
            with database.read() as connection:
                known = {name: read_reference(connection, name) for name in names}
            return done, {name: one[1] for name, one in known.items() if one}
        finally:
            database.close()


def secret_of(setup: Setup) -> bytes:
    """Give the deployment's secret, by which a replay suspects whom the daemon did; none before it has one.

    Nor where its database cannot be read: a replay needs none.
    """
    url = database_url(setup.config, root=setup.root)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return b""
    try:
        with reaching_database(setup), stored(setup) as kept, kept.read() as connection:
            return read_seed(connection) or b""
    except MonitorError:
        return b""


@contextmanager
def _watches(setup: Setup, names: Sequence[str], database: Database) -> Iterator[tuple[Watch, ...]]:
    models, seed = setup.config.models, secret_of(setup)
    found = (watch_of(name, models[name], database, root=setup.root, seed=seed) for name in names)
    watches = tuple(replace(watch, probes=None) for watch in found)
    if not any(watch.pushed for watch in watches):
        yield watches
        return
    with watching(setup) as configured_monitor, reaching_database(setup):
        kept = configured_monitor.database
        yield tuple(_stored(watch, kept) for watch in watches)


def _stored(watch: Watch, kept: Database) -> Watch:
    records = Stored(kept, watch) if "records" in watch.pushed else watch.source
    labels = Stored(kept, watch, labels=True) if "labels" in watch.pushed else watch.labels
    return replace(watch, source=records, labels=labels)


def noted(progress: Progress, judged: list[tuple[str, Window]]) -> Progress:
    """Write each judged window down beside showing it."""

    def window(model: str, one: Window) -> None:
        judged.append((model, one))
        progress.window(model, one)

    return replace(progress, window=window)


def summary(setup: Setup, judged: Sequence[tuple[str, Window]], findings: Sequence[Finding]) -> str:
    """Say how many alerts there were, in how many messages, and how many false ones the budget allows for."""
    came = alerts_counted(finding.transition for finding in findings)
    by_window: dict[Window, list[Finding]] = {}
    for one in findings:
        by_window.setdefault(one.window, []).append(one)
    messages = sum(len(gathered(told_together)) for told_together in by_window.values())
    return (
        f"{len(set(judged))} windows judged; {came}, in {counted(messages, 'message')}; "
        f"the budget allows for {_allowed(setup, judged):.1f} false alarms in that time"
    )


def _known_later(setup: Setup, findings: Sequence[Finding]) -> Iterator[str]:
    """Say how much later than it is dated is known what waited for labels."""
    for name, model in setup.config.models.items():
        delay = model.labels.max_delay if model.labels else None
        waited = [one for one in findings if one.model == name and waits_for_labels(one.kind, one.detector)]
        if delay and waited:
            yield f"{name}: what labels show is dated by its window and known up to {duration(delay)} later"


def _allowed(setup: Setup, judged: Sequence[tuple[str, Window]]) -> float:
    """Give how many false alarms the models' budgets allow for in the windows that were judged."""
    total = 0.0
    for name, model in setup.config.models.items():
        # A window whose labels came later is judged twice, and is one window all the same.
        lengths = (window.end - window.start for window in {window for one, window in judged if one == name})
        total += model.false_alarms.count * (sum(lengths, timedelta(0)) / model.false_alarms.per)
    return total
