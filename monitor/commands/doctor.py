"""`monitor doctor`: what is wrong with the service, from its database alone; nothing is pulled, sent or changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import typer
from sqlalchemy import Connection, text

from monitor.alerts.phrasing import compared_value, first_of, measure, under_alarm
from monitor.alerts.vocabulary import level_of
from monitor.commands.attack_trials import attack_trials
from monitor.commands.clock import now
from monitor.commands.opening import Setup, configured, reaching_database, stored
from monitor.commands.printing import minute, printable
from monitor.commands.quarantined import quarantined
from monitor.commands.weak import weaknesses
from monitor.config import Model
from monitor.daemon.passes import Stopping
from monitor.detectors.attack import Learning
from monitor.detectors.detector import Detector
from monitor.detectors.fairness.sides import ROWS_NEEDED
from monitor.errors import MonitorError
from monitor.profiles.profile import Profile
from monitor.schedule import window_of
from monitor.setup.untold import untold
from monitor.steps.groups import standing_gaps
from monitor.steps.losses import lost_quietly
from monitor.steps.reference import References
from monitor.steps.small_groups import untold_groups
from monitor.steps.turns import SILENCE, THINNING
from monitor.store.alerts import alert_rows
from monitor.store.attacks import followed_rows, read_baselines, read_followed
from monitor.store.cursors import read_source
from monitor.store.database import newest_revision, revision_of
from monitor.store.measurements import read_judgements
from monitor.store.outbox import channels, outbox_counts
from monitor.store.records import record_span
from monitor.store.references import WHOLE, read_reference
from monitor.store.runs import failed_runs
from monitor.types import Measurement, crossing

Gaps = Sequence[tuple[Detector, Measurement]]

LATELY = timedelta(days=1)
MOST_REASONS = 10
LISTED = 5
STOPPED = f"{Stopping.__name__}: "
"""What the error of a pass begins with that ended because the daemon was asked to."""


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at: about what, what there is to say, whether it is wrong or only worth knowing."""

    about: str
    said: str
    wrong: bool = False
    note: bool = False

    @property
    def mark(self) -> str:
        """Give the word that a line begins with."""
        return "WRONG" if self.wrong else "note" if self.note else "ok"


def doctor(path: Path, *, attacks: bool = False) -> int:
    """Print what was looked at, wrong or not, and how soon simple attacks would be seen; 1 when something is wrong."""
    setup = configured(path)
    found = []
    try:
        for sign in signs(setup, now=now()):
            found.append(sign)
            typer.echo(printable(f"{sign.mark:<5}  {sign.about}: {sign.said}"))
        if attacks and not any(sign.about == "schema" and sign.wrong for sign in found):
            attack_trials(setup)
    except MonitorError as error:
        typer.echo(printable(f"WRONG  {error}"))
        return 1
    return 1 if any(sign.wrong for sign in found) else 0


def signs(setup: Setup, *, now: datetime) -> Iterator[Sign]:
    """Look at the database, then at every model, then at every receiver; MonitorError when the database is no use."""
    with stored(setup) as database, reaching_database(setup), database.read() as connection:
        schema = _schema(connection)
        yield from (_integrity(connection), schema)
        if schema.wrong:
            return
        for name, model in setup.config.models.items():
            yield from _model(connection, name, model, now=now)
        yield from _receivers(connection, list(setup.config.receivers))
        yield from _failures(connection, since=now - LATELY)


def _failures(connection: Connection, *, since: datetime) -> Iterator[Sign]:
    """Tell of the daemon's passes and chores that failed lately, each job with its last error."""
    failed = [
        run for run in failed_runs(connection) if run["started_at"] >= since and not run["error"].startswith(STOPPED)
    ]
    for job in sorted({run["job"] for run in failed}):
        last, *others = (run for run in failed if run["job"] == job)
        times = f"failed {len(others) + 1} times within a day, last" if others else "failed"
        yield Sign(f"daemon: {job}", f"{times} {minute(last['started_at'])}: {last['error']}", note=True)


def _integrity(connection: Connection) -> Sign:
    if connection.dialect.name != "sqlite":
        return Sign("database", "reachable")
    said = str(connection.execute(text("PRAGMA quick_check(1)")).scalar())
    return Sign("database", "whole" if said == "ok" else said, wrong=said != "ok")


def _schema(connection: Connection) -> Sign:
    newest, present = newest_revision(), revision_of(connection)
    if present == newest:
        return Sign("schema", f"{present}, the newest")
    if present is None:
        return Sign("schema", "there are no tables yet; `monitor migrate` makes them", wrong=True)
    return Sign("schema", f"{present}, but this version needs {newest}; `monitor migrate` brings it there", wrong=True)


def _model(connection: Connection, name: str, model: Model, *, now: datetime) -> Iterator[Sign]:
    alerts = list(alert_rows(connection, model=name))
    for what in ("records", *(["labels"] if model.labels else [])):
        yield _source(connection, f"{name}/{what}", now=now, model=model)
    yield from (
        Sign(f"{name}: {level_of(loss.detector)}", loss.note, wrong=True)
        for loss in (turn.measurement for turn in lost_quietly(connection, name, model, now=now))
        if loss.note
    )
    yield from (
        Sign(f"{name}: {level_of(row['detector'])}", row["text"].removeprefix(f"{name}: "), wrong=True)
        for row in alerts
        if row["state"] == "firing" and row["detector"] in (SILENCE, THINNING)
    )
    if standing := under_alarm(alerts):
        yield Sign(f"{name}: alerts", f"{standing}; `monitor alerts` lists them", note=True)
    yield from _empty(connection, name, model)
    turned = quarantined(connection, [f"{name}/records", f"{name}/labels"], since=now - LATELY)
    yield from (Sign(one.source, str(one), note=bool(one.lately)) for one in turned[:MOST_REASONS])
    if more := turned[MOST_REASONS:]:
        said = f"{sum(one.rows for one in more):,} rows quarantined for {len(more)} more kinds of reason"
        yield Sign(name, said, note=any(one.lately for one in more))
    yield _attacks(connection, name, model)
    known = read_reference(connection, name)
    said = f"{known[1][''].rows} rows" if known else "cannot see: there is no reference yet"
    yield Sign(f"{name}: reference", said, wrong=known is None)
    if known:
        gaps = list(standing_gaps(known[1]))
        yield from groups_signs(name, gaps)
        yield from untold_signs(name, model, known[1][WHOLE], gaps)
        yield from rare_signs(name, known[1])
    yield _last_window(connection, name, model, now=now)
    yield from (Sign(f"{name}: {what}", why, note=True) for what, why in weaknesses(connection, name, model))


def groups_signs(name: str, gaps: Gaps) -> Iterator[Sign]:
    """Tell of the gaps between groups that stand in the reference: alerts tell only of wider ones."""
    for detector, gap in gaps:
        if gap.value is not None and gap.low and gap.value >= detector.min_effect * gap.evidence.get("sd", 1.0):
            groups, unit = {group["value"]: group for group in gap.evidence["groups"]}, detector.unit
            pair = " against ".join(
                f"{measure(groups[one]['rate'], unit)} of {one} ({groups[one]['rows']:,} {gap.evidence['rows']})"
                for one in gap.evidence["pair"]
            )
            found = f"{measure(gap.value, unit)}: {compared_value(gap.evidence)} {pair}"
            said = f"in the reference the {level_of(gap.detector)} is {found}"
            yield Sign(f"{name}: groups by {gap.column}", said, note=True)


def untold_signs(name: str, model: Model, reference: Profile, gaps: Gaps) -> Iterator[Sign]:
    """Tell of sensitive columns of which no alert can speak: nothing to compare, or groups of too few rows."""
    said = [f"{problem}; {mend}" for problem, mend in untold(model, reference)]
    yield from (Sign(f"{name}: groups", one, note=True) for one in said)
    for column in (*model.columns.sensitive, *map(crossing, model.columns.intersections)):
        own = [gap for _, gap in gaps if gap.column == column]
        if own and all(gap.value is None for gap in own):
            yield Sign(f"{name}: groups by {column}", f"no alert can tell of them: {own[0].note}", note=True)


def rare_signs(name: str, references: References) -> Iterator[Sign]:
    """Tell of groups of which the reference itself holds too few rows, beside others that it holds enough of."""
    for column, detector, few in untold_groups(references):
        what = f"the {level_of(detector)} of {first_of(few, LISTED)} is not watched"
        yield Sign(f"{name}: groups by {column}", f"{what}: {ROWS_NEEDED} rows are needed in the reference", note=True)


def _attacks(connection: Connection, name: str, model: Model) -> Sign:
    about = f"{name}: attacks"
    if not model.watches_attacks:
        why = "off" if model.attacks.watched is False else "not watched for: no column holds clients"
        return Sign(about, why, note=True)
    followed = followed_rows(connection, name)
    if not read_baselines(connection, name):
        needed = "a reference of 200 rows or more with numbers or categories is needed"
        return Sign(about, f"cannot see: {needed}", note=True)
    if model.columns.client:
        return Sign(about, f"{followed:,} queries followed")
    blind = "clients are not told apart, so that only large attacks are seen"
    learning = learning_said(Learning.of(read_followed(connection, name, WHOLE).arrays))
    return Sign(about, f"{followed:,} queries followed; {blind}{learning}", note=True)


def learning_said(left: Learning) -> str:
    """Say until when nothing is looked for, "" where all is.

    >>> learning_said(Learning(4, 0, 7))
    '; still learning what is usual: searches are looked for after 4 more hours or days with records, odd rows after 7'
    """
    if not (left.searches or left.rows or left.odd):
        return ""
    unit = "more hours or days with records"
    searches = f"searches are looked for after {left.searches} {unit}, odd rows" if left.searches else "odd rows are"
    looked_for = "" if left.searches else " looked for"
    rows = f"{left.rows:,} more records and then " if left.rows else ""
    odd = f"{rows}{left.odd}" + ("" if left.searches else f" {unit}")
    return f"; still learning what is usual: {searches}{looked_for} after {odd}"


def _source(connection: Connection, source: str, *, now: datetime, model: Model) -> Sign:
    state = read_source(connection, source)
    if state.problem:
        return Sign(source, f"stands still: {state.problem}", wrong=True)
    if state.drained_at is None:
        return Sign(source, "never read to its end", wrong=True)
    said = f"{state.stored} rows stored, {state.quarantined} quarantined; read to its end {minute(state.drained_at)}"
    span = record_span(connection, source.removesuffix("/records"))
    length = window_of(now, model.window)
    if state.live_at is None or span is None or now - span[1] <= 3 * (length.end - length.start) + model.lateness:
        return Sign(source, said)
    return Sign(source, f"{said}; stale: no record since {minute(span[1])}", wrong=True)


def _empty(connection: Connection, name: str, model: Model) -> Iterator[Sign]:
    since = read_source(connection, f"{name}/records").empty_since
    if since is not None:
        said = f"no file matches {model.source.files!r} since {minute(since)}; one did before"
        yield Sign(f"{name}/records", said, note=True)


def _last_window(connection: Connection, name: str, model: Model, *, now: datetime) -> Sign:
    judged = read_judgements(connection, name)
    if not judged:
        return Sign(f"{name}: windows", "none has been judged yet", wrong=True)
    last = judged[-1].window
    said = f"{len(judged)} judged, the last from {minute(last.start)} to {minute(last.end)} with {judged[-1].rows} rows"
    live = read_source(connection, f"{name}/records").live_at is not None
    stale = live and now - last.end > 3 * (last.end - last.start) + model.lateness
    return Sign(f"{name}: windows", f"{said}{'; stale' if stale else ''}", wrong=stale)


def _receivers(connection: Connection, configured_names: list[str]) -> Iterator[Sign]:
    counts, states = outbox_counts(connection), {row["receiver"]: row for row in channels(connection)}
    for name in sorted({*configured_names, *counts, *states}):
        count, state = counts.get(name, {"pending": 0, "delivered": 0, "dead": 0}), states.get(name)
        said = f"{count['delivered']} delivered, {count['pending']} pending, {count['dead']} given up"
        if name not in configured_names:
            said += "; no longer in the configuration"
        if state and state["off"]:
            said += f"; switched off: {state['reason']}"
        elif state and state["failures"]:
            said += f"; failed {state['failures']} times in a row: {state['reason']}"
        wrong = bool(count["dead"] or (state and (state["off"] or state["failures"])))
        yield Sign(f"receiver {name}", said, wrong=wrong)
