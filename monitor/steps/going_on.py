"""How long alerts last about what comes and goes by the hour: a day longer than it shows itself."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitor.alerts.attack_wording import is_of_clients
from monitor.alerts.lifecycle import UNDER_ALARM, Alert, Rule
from monitor.alerts.public import alert_id, mark_of
from monitor.alerts.taxonomy import is_of_broken_data
from monitor.detectors.suspicion.suspects import asks_much_only, client_of
from monitor.steps.client_rows import Senders
from monitor.store.database import Database
from monitor.types import Window
from monitor.watch import Watch

QUIET = timedelta(days=1)
"""So long without signs are the rows of a suspected client until they are taken for those of an honest one: a search
shows itself in some of its hours only, where it pauses, is slow, or hides between other rows. A model that ages is as
good as ever at some hours, too."""


def clients_going_on(
    database: Database,
    watch: Watch,
    window: Window,
    alerts: Mapping[str, Alert],
    rows: Mapping[str, Mapping[str, Any]],
) -> set[str]:
    """Name the clients whose alert would be resolved if a window showed nothing, though they sent rows lately.

    That is in as many windows as resolve an alert, this one the last. Nobody of whom no more is known than that he asks
    much, or breaks data: that it is over a window shows surely. alerts, rows: how the model's alerts stand, by
    fingerprint, and in public by their marks.
    """
    clear, suspects = watch.settings.clear, set[str]()
    for mark, alert in alerts.items():
        row = rows.get(mark_of(alert_id(mark, alert.episode)))
        if row and is_of_clients(row["detector"]) and alert.state in UNDER_ALARM and alert.clears + 1 >= clear:
            client = client_of(row["segment"])
            honest = asks_much_only(row["evidence"]) or is_of_broken_data(row["evidence"])
            suspects |= {client} if client and not honest else set()
    if not suspects:
        return set()
    lately = Window(window.end - clear * (window.end - window.start), window.end)
    with database.read() as connection:
        return suspects & Senders.of(connection, watch, lately).rows.keys()


def for_longer(rule: Rule, window: Window) -> Rule:
    """Give the rule by which an alert about a client who goes on sending, or about what lasts, is resolved.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> for_longer(Rule(k=1, m=1, clear=3), Window(noon, noon + timedelta(hours=1))).clear
    24
    """
    return Rule(rule.k, rule.m, max(rule.clear, math.ceil(QUIET / (window.end - window.start))))
