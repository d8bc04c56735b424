"""What came of changes that were put into history, and how that is told: sentences, a table of shares, JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from monitor.alerts.finding import Finding
from monitor.alerts.phrasing import counted, duration, first_of
from monitor.alerts.public import as_json
from monitor.commands.passes import sentence
from monitor.commands.printing import minute, printable, table
from monitor.injection.source import Changed, Plan
from monitor.steps.measure import waits_for_labels
from monitor.types import Window

AS_LOGGED = "scores and decisions stay as logged: what the model would have made of such rows could be found sooner"
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What came of one change of one share of the rows.

    new: alerts told that would not have been told by then without the change, the first one first. before: those
    told without it. windows: those judged that end after the change begins. changed: the rows. delay: how long after
    its window a label may come; None where labels stand in the records.
    """

    model: str
    plan: Plan
    new: Sequence[Finding]
    before: Sequence[Finding]
    windows: Sequence[Window]
    changed: Changed
    delay: timedelta | None = None

    @property
    def after(self) -> int | None:
        """Count the windows until it was found; None when it was not. A source that stops is seen at once."""
        if not self.new:
            return None
        return sum(window.end <= self.new[0].window.end for window in self.windows) if dated(self.new[0]) else 1

    @property
    def rows(self) -> int:
        """Count the rows that were changed until it was found, or in all when it was not."""
        known = self.new and dated(self.new[0])
        return self.changed.until(self.new[0].window.end if known else _EVER)


def as_line(one: Outcome) -> dict[str, Any]:
    """Give an outcome as the object of a line of JSON."""
    plan, found = one.plan, one.new[0] if one.new else None
    return {
        "injection": plan.injection.text,
        "model": one.model,
        "share": plan.share,
        "at": plan.at,
        "until": plan.until,
        "changed": one.changed.until(_EVER),
        "found": found is not None,
        "windows": one.after,
        "rows": one.rows if found else None,
        "alert": as_json(found) if found else None,
        "alerts": [as_json(other)["id"] for other in one.new],
        "alerts_without": [as_json(other)["id"] for other in one.before],
    }


def sentences(one: Outcome, *, without: bool) -> Iterator[str]:
    """Say of a change whether it was found, when, and by what; and what is told `without` it."""
    plan = one.plan
    until = f" until {minute(plan.until)}" if plan.until else ""
    of = "of the rows decided positive" if plan.injection.kind == "evasion" else "of the rows"
    yield f"{plan.injection.text} in {100 * plan.share:.3g} % {of} of {one.model} from {minute(plan.at)}{until}"
    if one.after is None and not one.rows:
        yield f"  nothing was changed, so that nothing could be found: {_lacking(plan.injection.kind)}"
    elif one.after is None:
        yield f"  not found in {counted(len(one.windows), 'window')}, {counted(one.rows, 'changed row')}"
        if _before_the_model(plan):
            yield f"  {AS_LOGGED}"
    else:
        after = f"{counted(one.after, 'window')} and {counted(one.rows, 'changed row')}"
        yield f"  found after {after}: {sentence(one.new[0])}"
        if one.delay and waits_for_labels(one.new[0].kind, one.new[0].detector):
            yield f"  known once the labels of that window are, up to {duration(one.delay)} after its end"
    if len(one.new) > 1:
        yield f"  and {counted(len(one.new) - 1, 'more alert')}: {_names(one.new[1:])}"
    if without:
        names = f": {_names(one.before)}" if one.before else ""
        yield f"  without it {counted(len(one.before), 'alert')} in that time{names}"


def _before_the_model(plan: Plan) -> bool:
    roles = plan.facts.roles
    return not set(plan.injection.columns) <= {roles.prediction, roles.label, *roles.scores}


def tables(outcomes: Sequence[Outcome]) -> None:
    """Print for each change how soon which share of rows was found."""
    for text in dict.fromkeys(one.plan.injection.text for one in outcomes):
        typer.echo("\n" + printable(text))
        mine = [one for one in outcomes if one.plan.injection.text == text]
        rows = (
            (f"{one.plan.share:.3g}", one.rows, counted(one.after, "window") if one.after else _missed(one), _by(one))
            for one in mine
        )
        table(("share", "changed rows", "found after", "by"), rows)


def _missed(one: Outcome) -> str:
    return "not found" if one.rows else "nothing changed"


def _lacking(kind: str) -> str:
    """Say what rows a change asks for."""
    if kind == "evasion":
        return "from then on no row is decided positive, or none barely negative; are decisions in the labels' words?"
    return "from then on no row has what it changes; choose an earlier --at"


def _by(one: Outcome) -> str | None:
    return _names(one.new[:1]) if one.new else None


def _names(findings: Sequence[Finding]) -> str:
    return first_of(list(dict.fromkeys(_name(one) for one in findings)))


def _name(finding: Finding) -> str:
    of = f" of {finding.column}" if finding.column else ""
    return f"{finding.detector}{of}" + (f" in {finding.segment}" if finding.segment else "")


def dated(finding: Finding) -> bool:
    """Say whether a finding speaks of a window of the data."""
    # The health of a source has no window but the time of the pass.
    return finding.window.start < finding.window.end
