"""The alert machine: one alert, one window's outcome, the next state and what there is to tell.

ok ─breach→ pending ─k of m→ firing ⇄ recovering ─clear windows in a row→ resolved
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

State = Literal["ok", "pending", "firing", "recovering", "resolved"]
UNDER_ALARM = ("firing", "recovering")
PRESENT = ("pending", *UNDER_ALARM)
Outcome = Literal["breach", "clear", "insufficient"]
Transition = Literal["fired", "worsened", "repeated", "resolved"]
"""An alert worsens, and is told again, while it fires: `step` knows nothing of these."""
SOON = 4
"""So many times the clear windows that end an alert, it fires again soon after its end."""
MOST_AGAIN = 2
"""So often the clear windows that end it are doubled."""


@dataclass(frozen=True)
class Rule:
    """Fire when `k` of the last `m` decided windows breached; resolve after `clear` clear windows in a row."""

    k: int
    m: int
    clear: int

    def doubled(self, times: int) -> "Rule":
        """Give the rule of an alert that fired again soon after its end, so many times: it ends after more windows."""
        return Rule(self.k, self.m, self.clear << times)

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.m:
            raise ValueError(f"k={self.k}, m={self.m}: 1 <= k <= m must hold")
        if self.clear < 1:
            raise ValueError(f"clear={self.clear}: at least one clear window is needed")


@dataclass(frozen=True)
class Alert:
    """An alert after its last step. All other times are ends of windows; None means that it has not happened.

    episode: how often it has fired; a message of one episode never passes for one of another.
    since: the start of the first window of those whose breaches made the present or last episode fire, or may yet (its
        end, where `step` was not told its start); None while ok.
    fired_at, resolved_at: of the latest episode.
    breaches: the last decided windows since the last episode, oldest first, at most `m`: the start of each that
        breached, None for each that did not.
    clears: how many clear windows in a row came last while firing.
    window_end: the newest window seen, decided or not.
    """

    fingerprint: str
    state: State = "ok"
    episode: int = 0
    since: datetime | None = None
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    breaches: tuple[datetime | None, ...] = ()
    clears: int = 0
    window_end: datetime | None = None


def step(
    alert: Alert, *, outcome: Outcome, window_end: datetime, rule: Rule, window_start: datetime | None = None
) -> tuple[Alert, Transition | None]:
    """Give the alert after one more window, and the transition to tell if there is one.

    A window that is not newer than the last one changes nothing, so steps can be repeated after a crash. Nor does one
    change an alert that was resolved within it: people had ended what was told of it before it was over.
    An insufficient window holds the state and counts neither as a breach nor as clear.

    >>> from datetime import UTC
    >>> noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    >>> alert, told = step(Alert("f"), outcome="breach", window_end=noon, rule=Rule(k=1, m=1, clear=2))
    >>> alert.state, alert.episode, told
    ('firing', 1, 'fired')
    """
    if alert.window_end is not None and window_end <= alert.window_end:
        return alert, None
    within = window_start is not None and alert.window_end is not None and window_start < alert.window_end
    if alert.state == "resolved" and within:
        return alert, None
    alert = replace(alert, window_end=window_end)
    if outcome == "insufficient":
        return alert, None
    breached = outcome == "breach"
    begun = window_start or window_end
    alert = replace(alert, breaches=(*alert.breaches, begun if breached else None)[-rule.m :])
    if alert.state in UNDER_ALARM:
        return _while_firing(alert, breached=breached, window_end=window_end, rule=rule)
    return _while_quiet(alert, breached=breached, window_end=window_end, rule=rule)


def times_again(before: Alert, after: Alert, rule: Rule, *, window: timedelta, times: int) -> int:
    """Count how often in a row an alert fired again soon after its end, at most twice; as before where none began.

    rule: by which it is resolved. window: how long one is. What comes and goes about a threshold so makes fewer and
    fewer messages, while it is firing or recovering all the time.

    >>> from datetime import UTC
    >>> day, rule = datetime(2024, 5, 1, tzinfo=UTC), Rule(k=1, m=1, clear=3)
    >>> over, fired = (Alert("f", episode=number, resolved_at=None if number > 1 else day) for number in (1, 2))
    >>> [
    ...     times_again(over, replace(fired, fired_at=day + timedelta(days=n)), rule, window=timedelta(days=1), times=0)
    ...     for n in (12, 13)
    ... ]
    [1, 0]
    """
    if after.episode == before.episode or after.fired_at is None:
        return times
    soon = before.resolved_at is not None and after.fired_at - before.resolved_at <= SOON * rule.clear * window
    return min(times + 1, MOST_AGAIN) if soon else 0


def corrected(alert: Alert, *, window_end: datetime) -> tuple[Alert, Transition | None]:
    """Give the alert after its newest window, which had breached, was judged anew and is clear, since late rows came.

    What fired because of that window is over; what fired before goes on. Nothing for any other window, or one that did
    not breach.

    >>> from datetime import UTC
    >>> noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    >>> alert, _ = step(Alert("f"), outcome="breach", window_end=noon, rule=Rule(k=1, m=1, clear=2))
    >>> corrected(alert, window_end=noon)[0].state, corrected(alert, window_end=noon)[1]
    ('resolved', 'resolved')
    """
    if alert.window_end != window_end or not (alert.breaches and alert.breaches[-1]):
        return alert, None
    alert = replace(alert, breaches=(*alert.breaches[:-1], None))
    if alert.state in UNDER_ALARM and alert.fired_at == window_end:
        return _over(alert, window_end), "resolved"
    if alert.state == "pending" and not any(alert.breaches):
        return replace(alert, state="ok", since=None), None
    return alert, None


def ended(alert: Alert) -> tuple[Alert, Transition | None]:
    """Give the alert that people end by hand with its newest window; nothing for one that is not under alarm.

    The windows after it count from nothing; none up to it, judged anew or not, moves the alert again.

    >>> from datetime import UTC
    >>> noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    >>> alert, _ = step(Alert("f"), outcome="breach", window_end=noon, rule=Rule(k=1, m=1, clear=2))
    >>> ended(alert)[0].state, step(ended(alert)[0], outcome="breach", window_end=noon, rule=Rule(1, 1, 2))[1]
    ('resolved', None)
    """
    return (_over(alert, alert.window_end), "resolved") if alert.state in UNDER_ALARM else (alert, None)


def fingerprint(model: str, kind: str, detector: str, column: str = "", segment: str = "") -> str:
    """Identify an alert by its labels only, never by a value: 64 hex digits."""
    return _digest([model, kind, detector, column, segment])


def notice_id(fingerprints_with_episodes: Iterable[tuple[str, int]], transition: str, receiver: str) -> str:
    """Identify a message by what it tells to whom: 64 hex digits, whatever the order of its alerts."""
    return _digest([sorted(set(fingerprints_with_episodes)), transition, receiver])


def begun_anew(alert: Alert) -> Alert:
    """Give an alert that fires as of where it breaches again, where a window since it fired was clear.

    For one that nobody was told of: what went by untold is over, and what is told now may be something else.
    """
    *before, last = alert.breaches or (None,)
    went_by = alert.fired_at != alert.window_end and before and before[-1] is None
    if alert.state != "firing" or not went_by or last is None:
        return alert
    return replace(alert, since=last, fired_at=alert.window_end)


def _while_firing(alert: Alert, *, breached: bool, window_end: datetime, rule: Rule) -> tuple[Alert, Transition | None]:
    if breached:
        return replace(alert, state="firing", clears=0), None
    clears = alert.clears + 1
    if clears < rule.clear:
        return replace(alert, state="recovering", clears=clears), None
    return _over(alert, window_end), "resolved"


def _over(alert: Alert, at: datetime | None) -> Alert:
    # Breaches of a resolved episode must not help to fire the next one.
    return replace(alert, state="resolved", resolved_at=at, breaches=(), clears=0)


def _while_quiet(alert: Alert, *, breached: bool, window_end: datetime, rule: Rule) -> tuple[Alert, Transition | None]:
    begun = [start for start in alert.breaches if start]
    if not begun:
        return (replace(alert, state="ok", since=None) if alert.state == "pending" else alert), None
    # A breach that has left the last windows is none of those by which the alert will have fired.
    alert = replace(alert, state="pending", since=begun[0])
    # A rule relaxed between two windows fires at the next breach, never at a clear window.
    if not breached or len(begun) < rule.k:
        return alert, None
    return _fired(alert, window_end), "fired"


def _fired(alert: Alert, window_end: datetime) -> Alert:
    return replace(alert, state="firing", episode=alert.episode + 1, fired_at=window_end, resolved_at=None, clears=0)


def _digest(content: list[object]) -> str:
    # JSON keeps the parts apart whatever they contain: ["ab", "c"] is not ["a", "bc"].
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
