"""Which monitors of a model are blind or noisy, and why, in a few lines: the part of `monitor doctor` about trust."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from scipy.special import pdtrc
from sqlalchemy import Connection

from monitor.alerts.attack_wording import is_of_clients
from monitor.alerts.noise import Reading, Readings, restless, speechless, within_chance
from monitor.alerts.phrasing import first_of
from monitor.alerts.thresholds import Threshold
from monitor.config import Model
from monitor.detectors import ESTIMATES
from monitor.detectors.performance.judged import TOO_FEW
from monitor.detectors.performance.roc_auc import ONE_CLASS
from monitor.profiles.layout import Layout
from monitor.profiles.outcome_layout import Regression
from monitor.profiles.profile import Profile
from monitor.setup.brief import brief
from monitor.stats.intervals import ROWS_NEEDED
from monitor.steps.blindness import Unreachable, Wide, blunt, unreachable, unvarying, widest
from monitor.steps.budget import unspent
from monitor.steps.of_a_time import at_some_time
from monitor.store.alerts import Episode, count_fired, read_episodes
from monitor.store.measurements import Judgement, read_armed, read_judgements
from monitor.store.references import WHOLE, read_reference

LOOKED_AT, WEEKS = 60, timedelta(weeks=4)
"""So many windows tell of blindness, and these or four weeks of noise: hours of a weekday come once a week."""
FEWEST = 5
FLAPS = 3
PASSING, BY_CHANCE = 10, 1e-3
TESTED = ("drift.", "confidence", "performance.", "quality")
"""Alerts of these kinds that last at most ten windows have come and gone."""
BEFORE_LABELS = frozenset(detector.name for detector in ESTIMATES)
SURE = ("alpha", "low", "high")
NO_DOUBT = (
    "a predicted number does not say how sure the model is of it, so that growing doubt is not watched; log what other "
    "models answer and name it in columns.others, or the width of the model's own interval as a feature"
)
RENEWING = (
    "values come and go in the reference already, so that new ones are told where they leap, and not how all of them "
    "are distributed"
)
UNTIMED = (
    "the reference has no times, so that how much windows differ is not known, and thresholds take rows for "
    "independent ones; give the reference its column of times"
)


def weaknesses(connection: Connection, name: str, model: Model) -> Iterator[tuple[str, str]]:
    """Give ("blind" or "noisy", why) of a model, the weightiest first; at most a dozen. Nothing before a window."""
    known, judged = read_reference(connection, name), read_judgements(connection, name)
    judgements = judged[-LOOKED_AT:]
    if known is None or not judgements:
        return
    references = at_some_time(known[1])
    reference = references[WHOLE]
    since = judgements[0].window.start
    rows = list(read_armed(connection, name, since=since))
    episodes = read_episodes(connection, name)
    readings = readings_of(rows, episodes)
    usual = int(median([one.rows for one in judgements if one.rows] or [0]))
    thresholds = _thresholds(rows)
    yield from (("blind", why) for why in _unwatched(model, reference.layout))
    if len(judgements) >= FEWEST:
        yield from (("blind", why) for why in _unestimated(readings, len(judgements)))
        yield from (("blind", why) for why in _speechless(readings, len(judgements)))
        yield from (("blind", why) for why in _seldom(readings))
    breached = {(str(row["detector"]), str(row["column"])) for row in rows if row["outcome"] == "breach"}
    unseen = {key: threshold for key, threshold in thresholds.items() if key not in breached}
    yield from (("blind", why) for why in _unreachable(unreachable(reference, unseen, usual)))
    yield from (("blind", why) for why in _too_wide(reference, thresholds, usual))
    yield from (("blind", why) for why in _blunt(reference, rows))
    judged_apart = {WHOLE, *(row["segment"] for row in rows)}
    held = {part: one for part, one in references.items() if part in judged_apart}
    if few := unspent(held, model, window=judgements[-1].window, rows=usual):
        yield "blind", "; ".join(few)
    if still := unvarying(reference):
        yield "blind", f"one value only in the whole reference, so that how they vary is not known: {first_of(still)}"
    if renewing := [column.name for column in reference.layout.columns if column.renews]:
        yield "blind", f"{RENEWING}: {first_of(renewing)}"
    weeks = [one for one in judged if judgements[-1].window.end - one.window.start <= WEEKS]
    if len(weeks) > len(judgements):
        judgements, rows = weeks, list(read_armed(connection, name, since=weeks[0].window.start))
        readings = readings_of(rows, episodes)
    yield from (("noisy", why) for why in noise(connection, name, readings, judgements))
    yield from (("noisy", why) for why in beyond_budget(episodes, weeks or judgements, model))
    if not reference.layout.windows:
        yield "noisy", UNTIMED
    if short := brief(reference.layout.calendar, judgements[-1].window):
        yield "noisy", short


def predicts_number(layout: Layout) -> bool:
    """Say whether a model predicts a number, as far as its reference shows; one whose scores are known does not."""
    if layout.outcome is not None:
        return isinstance(layout.outcome, Regression)
    answer = layout.by_name.get(layout.roles.prediction or "")
    return answer is not None and answer.kind == "numeric" and not layout.roles.scores


def _unwatched(model: Model, layout: Layout) -> Iterator[str]:
    roles = model.columns
    if predicts_number(layout):
        if not roles.others:
            yield NO_DOUBT
    elif roles.prediction is None and not roles.scores:
        yield "the model's answers are not known: name columns.prediction or columns.scores"
    elif not roles.scores:
        yield "there are no scores: neither confidence nor ROC AUC is watched; name them in columns.scores"
    if roles.label is None:
        yield "there are no labels: performance is not watched; name them in columns.label"


def _speechless(readings: Readings, windows: int) -> Iterator[str]:
    others = {name: seen for name, seen in readings.items() if name not in BEFORE_LABELS}
    for note, names in list(speechless(others).items())[:2]:
        yield f"no answer in the last {windows} windows from {first_of(names)}: {note or 'without a reason'}"


def _unestimated(readings: Readings, windows: int) -> Iterator[str]:
    """Tell why an estimate that was to alert has never had an answer: until labels come nothing else would."""
    before = {name: seen for name, seen in readings.items() if name in BEFORE_LABELS}
    for note in speechless(before):
        yield f"nothing was told of performance before labels come, in the last {windows} windows: {note}"


def _seldom(readings: Readings) -> Iterator[str]:
    """Tell of what is judged in less than half of the windows, as the others hold too few labels of a class."""
    found = []
    for name, seen in readings.items():
        few = sum(one.outcome == "insufficient" and one.note in (TOO_FEW, ONE_CLASS) for one in seen)
        judged = sum(one.outcome != "insufficient" for one in seen)
        if few > judged > 0:
            found.append(f"{name} in {judged} of {few + judged}")
    if found:
        said = f"hold fewer than {ROWS_NEEDED} labels, or of a class as many, and longer windows tell more at once"
        yield f"judged in few windows only, {first_of(found)}: the others {said}"


def _unreachable(found: Sequence[Unreachable]) -> Iterator[str]:
    if not found:
        return
    names = [f"{one.detector} of {one.column}" for one in found]
    needed = max((one.needed or 0 for one in found), default=0)
    enough = all(one.needed for one in found)
    mend = f"windows of {needed:,} rows could" if enough else "much longer windows might"
    yield f"whatever is in windows of {found[0].rows:,} rows, {first_of(names)} cannot reach the threshold; {mend}"


def _too_wide(reference: Profile, thresholds: dict[tuple[str, str], Threshold], rows: int) -> Iterator[str]:
    alphas = [threshold.alpha for threshold in thresholds.values() if threshold.alpha]
    found: list[Wide] = widest(reference, alpha=median(alphas), rows=rows) if alphas and rows else []
    if found:
        named = [f"{one.column} {one.shift:.2g} sd (its rows alone: {one.rows_alone:.2g})" for one in found]
        yield f"the reference's windows differ so much that only shifts above these are seen: {first_of(named)}"


def _blunt(reference: Profile, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    newest = {row["detector"]: row for row in rows if not row["segment"] and None not in map(row.get, SURE)}
    found = []
    for name, row in newest.items():
        spread = reference.layout.spreads.get(name, 0.0)
        change = blunt(spread, low=row["low"], high=row["high"], alpha=row["alpha"])
        if change:
            found.append(f"{name} {change:.2g}")
    if found:
        yield f"windows of the reference differ so in performance that only these changes are seen: {first_of(found)}"


def noise(connection: Connection, name: str, readings: Readings, judgements: Sequence[Judgement]) -> Iterator[str]:
    """Name a model's monitors that are noisy; clients are none: a suspicion that comes again is an attacker who does.

    readings: of the windows that `judgements` are about, the oldest first.
    """
    fired = count_fired(connection, name, since=judgements[0].window.start)
    flapping = [(_named(*key), times) for key, times in fired.items() if times >= FLAPS and not is_of_clients(key[0])]
    if flapping:
        named = [f"{who} {times} times" for who, times in sorted(flapping, key=lambda pair: (-pair[1], pair[0]))]
        yield f"fired again and again in {len(judgements)} windows: {first_of(named)}; try `for` with more windows"
    if found := restless(readings):
        named = [f"{one.name} {one.breaches} of {one.windows} windows ({one.expected:.2g} expected)" for one in found]
        yield f"breach far more often than they should, coming and going: {first_of(named)}"
    if by_chance := within_chance(readings):
        named = [f"{who} {some} of {every}" for who, (some, every) in by_chance.items()]
        yield f"numbers of your own lie within what chance gives; breaches that it explains: {first_of(named)}"


def beyond_budget(episodes: Sequence[Episode], judgements: Sequence[Judgement], model: Model) -> Iterator[str]:
    """Tell where alerts came and went far more often than false alarms are borne, and which columns they were about.

    Those of one window count once, and none of clients and of what is no test. judgements: of the windows, the oldest
    first.
    """
    start, end = judgements[0].window.start, judgements[-1].window.end
    longest = PASSING * model.window.shortest
    went = [
        one
        for one in episodes
        if one.kind.startswith(TESTED) and one.fired_at > start
        if one.resolved_at is not None and one.resolved_at - one.fired_at <= longest
    ]
    times = len({one.fired_at for one in went})
    borne = model.false_alarms.count * ((end - start) / model.false_alarms.per)
    if times < FEWEST or pdtrc(times - 1, borne) > BY_CHANCE:
        return
    most = Counter(one.column or one.detector for one in went).most_common()
    named = first_of([f"{name} {count} times" for name, count in most])
    yield (
        f"{times} times in {(end - start).days} days alerts fired and soon ended, where {borne:.2g} false alarms are "
        f"borne: {named}; either the world comes and goes so, or the reference is not like today: take a longer or a "
        f"newer one, or give these a `min_effect`"
    )


def readings_of(rows: Sequence[dict[str, Any]], episodes: Sequence[Episode]) -> Readings:
    """Give by name what each monitor read, but suspicions of clients, with the episode of its alert that it lies in.

    rows: public rows of measurements, oldest first.
    """
    fired: dict[tuple[str, str, str], list[Episode]] = {}
    for one in episodes:
        fired.setdefault((one.detector, one.column, one.segment), []).append(one)
    found: dict[str, list[Reading]] = {}
    for row in (one for one in rows if not is_of_clients(str(one["detector"]))):
        own = row["alpha"] is None
        times = enumerate(fired.get((row["detector"], row["column"], row["segment"]), ()), 1)
        numbers = {key: row[key] for key in ("p_value", "n", "note", "low", "high", "reference")}
        reading = Reading(
            str(row["outcome"]),
            row["alpha"],
            row["threshold"] if own else None,
            **numbers,
            episode=next((number for number, one in times if one.holds(row["window_end"])), 0),
        )
        found.setdefault(_named(str(row["detector"]), str(row["column"]), str(row["segment"])), []).append(reading)
    return found


def _thresholds(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Threshold]:
    """Give the newest thresholds of what is armed on columns of all traffic."""
    return {
        (str(row["detector"]), str(row["column"])): Threshold(alpha=row["alpha"], min_effect=row["threshold"])
        for row in rows
        if row["alpha"] is not None and row["column"] and not row["segment"]
    }


def _named(detector: str, column: str, segment: str) -> str:
    return detector + (f" of {column}" if column else "") + (f" in {segment}" if segment else "")
