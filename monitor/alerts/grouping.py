"""From what became of alerts in one window to the messages about them: few, in order, and each only once."""

from collections.abc import Iterable
from urllib.parse import quote

from monitor.alerts.causes import broken_columns
from monitor.alerts.finding import CONFIG, Finding, Group, gravity_of
from monitor.alerts.lifecycle import Transition, notice_id
from monitor.alerts.public import as_json, id_of
from monitor.alerts.silence import is_news
from monitor.alerts.taxonomy import is_attack
from monitor.alerts.titles import title_of
from monitor.alerts.wording import lines_of
from monitor.types import Notice


def grouped(findings: Iterable[Finding], *, config: str = CONFIG) -> list[Group]:
    """Give what there is to tell of a window's findings, as `inhibited` left them; config: as of `Group`.

    Of a model what was resolved comes first, then what is gravest, and of equals attacks.
    """
    return gathered(filter(is_news, findings), config=config)


def gathered(findings: Iterable[Finding], *, config: str = CONFIG) -> list[Group]:
    """Give findings that have a transition as groups, ordered as of `grouped`."""
    groups: dict[tuple[str, str, Transition, str], list[Finding]] = {}
    for finding in findings:
        if finding.transition:
            groups.setdefault((finding.model, finding.kind, finding.transition, finding.reason), []).append(finding)
    ranked = (
        Group(model, kind, transition, tuple(sorted(members, key=_weight)), config)
        for (model, kind, transition, _), members in groups.items()
    )
    return sorted(ranked, key=_order)


def notice_of(group: Group, receiver: str, base_url: str = "") -> Notice:
    """Give the message that tells a receiver of a group; the same group gives the same `id` again.

    base_url: where the pages are, such as `https://monitor.example`; without it the message has no link. The link leads
    to the card of the first alert that is told.
    """
    members = [(finding.fingerprint, finding.alert.episode) for finding in group.findings]
    times = sum(finding.evidence.get("worsened", 0) for finding in group.findings)
    told = f"{group.transition} {times}" if group.transition == "worsened" else group.transition
    return Notice(
        id=notice_id(members, told, receiver),
        model=group.model,
        kind=group.kind,
        transition=group.transition,
        reason=group.reason,
        title=title_of(group),
        lines=lines_of(group),
        alerts=tuple(as_json(finding) for finding in group.findings),
        link=address_of(group.findings[0], base_url) if base_url else "",
    )


def address_of(finding: Finding, base_url: str) -> str:
    """Give where the card of an alert is; base_url: where the pages are."""
    name, card = quote(finding.model, safe="", errors="replace"), id_of(finding)
    return f"{base_url.rstrip('/')}/model/{name}#{quote(card, safe='')}"


def _order(group: Group) -> tuple[bool, str, int, bool, str]:
    gravest = min(gravity_of(finding.severity) for finding in group.findings)
    return group.transition != "resolved", group.model, gravest, not is_attack(group.kind), group.kind


def _weight(finding: Finding) -> tuple[float, bool, float, float, float, str, str]:
    # The gravest, then what is broken itself and what moves the model most, by effect times sensitivity; else the
    # surest, then the largest.
    surest = 1.0 if finding.p_value is None else finding.p_value
    effect, sensitivity = abs(finding.effect or 0.0), finding.evidence.get("sensitivity")
    moves = effect * (sensitivity or 0.0)
    broken = broken_columns(finding)
    apart = bool(broken) and finding.column not in broken
    return gravity_of(finding.severity), apart, -moves, surest, -effect, finding.column, finding.segment
