"""`monitor replay --inject`: whether and when a change that is put into history would be found, and by which alert."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt
from pathlib import Path

import typer

from monitor.alerts.finding import Finding
from monitor.commands.found import Outcome, as_line, dated, sentences, tables
from monitor.commands.injectable import check, read_injections
from monitor.commands.opening import Setup, configured, named
from monitor.commands.passes import told
from monitor.commands.printing import json_line, printable, progress_bar
from monitor.commands.replay import Span, noted, replayed, summary
from monitor.config import Model
from monitor.errors import ConfigError, MonitorError
from monitor.injection.changes import Facts
from monitor.injection.source import AlteredLabels, Changed, InjectedRecords, Plan
from monitor.injection.words import read_shares
from monitor.profiles.bins import CategoryBins
from monitor.profiles.outcome_layout import Binary, Multiclass
from monitor.profiles.profile import Profile
from monitor.store.references import WHOLE
from monitor.types import Progress, Window
from monitor.watch import Watch


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
    shares, injections = read_shares(asked.shares), read_injections(asked.injections, setup, settings)
    judged: list[tuple[str, Window]] = []
    with progress_bar("as it was") as bar:
        done, references = replayed(setup, [name], noted(bar, judged))
    windows = sorted({window for _, window in judged if window in span})
    if name not in references or not windows:
        raise MonitorError(f"{setup.place}: models.{name}: nothing was judged, so that nothing can be found")
    for what, why in done.problems.items():
        typer.echo(printable(f"stands still: {what}: {why}"), err=True)
    facts, before = facts_of(references[name][WHOLE], settings), _fired(done.findings, span)
    for injection in injections:
        check(injection, references[name][WHOLE], facts)
    at, apart = asked.at or windows[len(windows) // 2].start, settings.labels is not None
    plans = [Plan(one, facts, share, at, asked.until, asked.seed, apart) for one in injections for share in shares]
    outcomes = list[Outcome]()
    for number, plan in enumerate(plans, 1):
        # A bar of its own, gone before the outcome is printed.
        with progress_bar(f"{number} of {len(plans)}, {plan.injection.text}") as bar:
            outcome = _tried(setup, name, plan, before=before, windows=windows, span=span, progress=bar)
        _tell(outcome, as_lines=as_lines, ends=number == len(plans) or len(shares) == 1)
        outcomes.append(outcome)
    if not as_lines:
        if len(shares) > 1:
            tables(outcomes)
        as_it_was = _within(told(done.findings), span)
        typer.echo(f"as it was: {summary(setup, [(name, window) for window in windows], as_it_was)}")
    return 1 if done.problems else 0


def _tell(outcome: Outcome, *, as_lines: bool, ends: bool) -> None:
    """Print what came of one change as soon as it is known."""
    if as_lines:
        json_line(as_line(outcome))
        return
    for line in sentences(outcome, without=ends):
        typer.echo(printable(line))


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
    if why := done.problems.get(f"{name}: pass"):
        raise MonitorError(f"--inject {plan.injection.text}: {why}")
    after = [window for window in windows if window.end > plan.at]
    # Passes of one and the same history differ in nothing but the change.
    earlier = {one.fingerprint: one.window.end for one in reversed(before) if one.window.end > plan.at}
    new = [
        one
        for one in _fired(done.findings, span)
        if one.window.end > plan.at and not (one.fingerprint in earlier and earlier[one.fingerprint] <= one.window.end)
    ]
    labels = setup.config.models[name].labels
    without = [one for one in before if one.window.end > plan.at]
    return Outcome(name, plan, new, without, after, changed, delay=labels.max_delay if labels else None)


def _altering(plan: Plan, changed: Changed) -> Callable[[Watch], Watch]:
    def alter(watch: Watch) -> Watch:
        labels = AlteredLabels(watch.labels, plan, changed) if plan.of_labels and watch.labels else watch.labels
        return replace(watch, source=InjectedRecords(watch.source, plan, changed), labels=labels)

    return alter


def _fired(findings: Sequence[Finding], span: Span) -> list[Finding]:
    return _within([one for one in told(findings) if one.transition == "fired"], span)


def _within(findings: Sequence[Finding], span: Span) -> list[Finding]:
    return [one for one in findings if one.window in span or not dated(one)]


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
