"""`monitor replay --inject`: whether and when a change that is put into history would be found, and by which alert."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt
from pathlib import Path

import typer

from monitor.alerts.grouping import Finding
from monitor.commands.found import Outcome, as_line, dated, sentences, tables
from monitor.commands.opening import Setup, configured, named
from monitor.commands.passes import told
from monitor.commands.printing import json_line, printable, progress_bar
from monitor.commands.replay import Span, noted, replayed, summary
from monitor.config import Model
from monitor.config.words import suggestion
from monitor.errors import ConfigError, MonitorError, SourceError
from monitor.injection.changes import Facts
from monitor.injection.source import Changed, FlippedLabels, InjectedRecords, Plan
from monitor.injection.words import Injection, read_injection, read_shares
from monitor.pipeline import Progress
from monitor.profiles.bins import CategoryBins
from monitor.profiles.layout import Binary, Multiclass
from monitor.profiles.profile import Profile
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Watch
from monitor.wiring import source_of


@dataclass(frozen=True)
class Asked:
    """The changes as they are written, of what shares of the rows, and when; `at` None is half of the windows."""

    injections: Sequence[str]
    shares: str = "1"
    at: datetime | None = None
    until: datetime | None = None
    seed: int = 0


def inject(path: Path, *, span: Span, model: str | None, as_lines: bool, asked: Asked) -> int:
    """Replay history as it was, then with each change by itself; 1 when a source stood still as it was."""
    setup = configured(path)
    name = _the_model(setup, model)
    settings = setup.config.models[name]
    shares, columns = read_shares(asked.shares), _columns(setup, settings)
    injections = [_known(read_injection(text, columns), columns) for text in asked.injections]
    judged: list[tuple[str, Window]] = []
    with progress_bar() as bar:
        done, references = replayed(setup, [name], noted(bar, judged))
        windows = sorted({window for _, window in judged if window in span})
        if name not in references or not windows:
            raise MonitorError(f"{setup.place}: models.{name}: nothing was judged, so that nothing can be found")
        facts = facts_of(references[name][WHOLE], settings)
        at = asked.at or windows[len(windows) // 2].start
        before = _fired(done.findings, span)
        outcomes = []
        for injection in injections:
            _check(injection, references[name][WHOLE], facts, settings)
            for share in shares:
                plan = Plan(injection, facts, share, at, asked.until, asked.seed, apart=settings.labels is not None)
                outcomes.append(_tried(setup, name, plan, before=before, windows=windows, span=span, progress=bar))
    for what, why in done.problems.items():
        typer.echo(printable(f"stands still: {what}: {why}"), err=True)
    if as_lines:
        for one in outcomes:
            json_line(as_line(one))
    else:
        for line in sentences(outcomes, shares):
            typer.echo(printable(line))
        if len(shares) > 1:
            tables(outcomes)
        typer.echo(f"as it was: {summary(setup, [(name, window) for window in windows], before)}")
    return 1 if done.problems else 0


def _tried(
    setup: Setup,
    name: str,
    plan: Plan,
    *,
    before: Sequence[Finding],
    windows: Sequence[Window],
    span: Span,
    progress: Progress,
) -> Outcome:
    changed = Changed()
    done, _ = replayed(setup, [name], progress, alter=_altering(plan, changed))
    after = [window for window in windows if window.end > plan.at]
    # Passes of one and the same history differ in nothing but the change.
    earlier = {one.fingerprint: one.window.end for one in reversed(before) if one.window.end > plan.at}
    new = [
        one
        for one in _fired(done.findings, span)
        if one.window.end > plan.at and not (one.fingerprint in earlier and earlier[one.fingerprint] <= one.window.end)
    ]
    return Outcome(name, plan, new, [one for one in before if one.window.end > plan.at], after, changed)


def _altering(plan: Plan, changed: Changed) -> Callable[[Watch], Watch]:
    def alter(watch: Watch) -> Watch:
        flips = plan.injection.kind == "label-flip" and watch.labels is not None
        labels = FlippedLabels(watch.labels, plan, changed) if flips and watch.labels else watch.labels
        return replace(watch, source=InjectedRecords(watch.source, plan, changed), labels=labels)

    return alter


def _fired(findings: Sequence[Finding], span: Span) -> list[Finding]:
    found = [one for one in told(findings) if one.transition == "fired"]
    return [one for one in found if one.window in span or not dated(one)]


def facts_of(reference: Profile, settings: Model) -> Facts:
    """Gather what changes need to know from the reference."""
    moments = {name: column.moments for name, column in reference.columns.items()}
    sd = {name: sqrt(found[2]) for name, found in moments.items() if found}
    roles, outcome = settings.columns, reference.layout.outcome
    label = reference.layout.by_name.get(roles.label or "")
    classes = label.bins.values if label and isinstance(label.bins, CategoryBins) else ()
    if isinstance(outcome, Multiclass):
        return Facts(roles, sd, outcome.classes)
    if isinstance(outcome, Binary):
        return Facts(roles, sd, classes, outcome.positive, outcome.predicted, outcome.threshold)
    return Facts(roles, sd, classes, next(iter(roles.classes), "1"), roles.prediction)


def _the_model(setup: Setup, model: str | None) -> str:
    models = setup.config.models
    if model is not None:
        named(models, model, place=setup.place, what="model")
        return model
    if len(models) > 1:
        raise ConfigError("--inject", f"{len(models)} models are configured", f"add --model: {', '.join(models)}")
    return next(iter(models))


def _columns(setup: Setup, settings: Model) -> list[str]:
    """Give the columns of the records' first batch; none where they cannot be read now, which replay will say."""
    data = settings.reference or settings.source
    if data.push:
        return []
    try:
        first = next(iter(source_of(data, root=setup.root).pull({})), None)
    except SourceError:
        return []
    return list(first.rows.column_names) if first else []


def _known(injection: Injection, columns: Sequence[str]) -> Injection:
    for name in injection.columns if columns else ():
        if name not in columns:
            raise ConfigError(f"--inject {injection.text}", f"no column {name!r}", suggestion(name, columns))
    return injection


def _check(injection: Injection, reference: Profile, facts: Facts, settings: Model) -> None:
    place, layout = f"--inject {injection.text}", reference.layout
    _known(injection, sorted(layout.known | set(layout.by_name)))
    for name in injection.columns if injection.kind in ("shift", "scale") else ():
        column = layout.by_name.get(name)
        if column and column.kind != "numeric":
            raise ConfigError(place, f"{name!r} is {column.kind}", "shift and scale need numbers; try missing")
        if injection.unit == "sd" and name not in facts.sd:
            raise ConfigError(place, f"{name!r} has no standard deviation in the reference", "write +3 or *1.2")
    if injection.kind == "label-flip" and (settings.columns.label is None or len(facts.classes) < 2):
        raise ConfigError(place, "no classes of the label are known", "it needs columns.label, with classes")
    if injection.kind == "evasion" and len(settings.columns.scores) != 1:
        raise ConfigError(place, "the model has not one score", "evasion needs columns.scores with one column")
