"""What a message says: what happened, how much and how sure, since when, where, and what to do."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.alerts.grouping import Finding, Group

LISTED, NAME_LENGTH, SAID_LENGTH = 8, 80, 400

TITLES = {
    "drift.data": "data drift",
    "drift.prediction": "the predictions drift",
    "drift.label": "the labels drift",
    "drift.concept": "what the labels mean drifts",
    "confidence": "the model's confidence shifted",
    "performance.realised": "performance changed",
    "performance.estimated": "performance is estimated to have changed",
    "bias.temporal": "the model ages",
    "quality": "data quality",
    "health": "monitoring is impaired",
    "bias.stereotyping": "groups are treated further apart",
    "bias.selection": "groups' labels are known unequally",
    "bias.sampling": "the traffic is not made up as stated",
    "model_change": "the model changed",
    "disagreement": "models disagree",
}

ORIGINS = {
    "attack_like": "an attack",
    "temporal": "the passing of time",
    "data_quality": "broken data",
    "model_change": "another model",
    "undetermined": "undetermined",
}

# Numbers that have a level of their own: they rise and fall.
LEVELS = {
    "missing_share": "missing share",
    "invalid_share": "share of invalid values",
    "unseen_share": "share of categories unknown to the reference",
    "out_of_range_share": "share outside the reference's range",
    "added_column": "share of rows with this unknown column",
    "retyped_column": "share of values of another type than in the reference",
    "volume": "number of rows",
    "freshness": "age of the newest record",
    "confidence_level": "mean confidence",
    "margin_level": "mean margin",
    "entropy_level": "mean entropy",
    "confidence_by_class": "mean confidence in this class",
    "confidence_gap": "mean confidence less accuracy",
    "new_version": "new version",
    "version_inputs": "distance of the new version's inputs from the older one's",
    "version_predictions": "distance of the new version's answers from the older one's",
    "version_performance": "value for the new version",
    "probe": "answers to canary inputs",
    "overconfident_share": "share of rows surer than those as far from the population",
    "disagreement_level": "mean disagreement with the other models",
    "near_certain_share": "share of near-certain predictions",
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "macro_f1": "macro F1",
    "estimated_roc_auc": "estimated ROC AUC",
    "estimated_f1": "estimated F1",
    "brier_score": "Brier score",
    "label_given_score": "share of labels that differ from the reference's at equal score",
    "label_given_prediction": "share of labels that differ from the reference's at equal prediction",
    "label_given_confidence": "share of right answers that differs from the reference's at equal confidence",
    "residual_distribution": "share of errors that moved away from the reference's",
    "r2": "R²",
    "equalized_odds_difference": "equalised odds difference",
    "group_accuracy_difference": "accuracy difference between groups",
    "group_calibration_difference": "calibration difference between groups",
    "group_error_difference": "mean error difference between groups",
    "representation_distance": "distance from the stated shares",
    "model_age": "age of the newest record of the reference",
    "uncovered_time_share": "share of the time that the reference does not hold",
    "ageing": "lasting fall in performance",
    "lasting_drift": "lasting drift",
}
# What is or is not.
SWITCHES = {
    "constant_column": ("holds a single value", "holds more than one value again"),
    "dropped_column": ("is missing from the records", "is in the records again"),
}
# Numbers that say how far the window is from the reference: 0 is equal.
DISTANCES = {
    "psi": "population stability index",
    "jensen_shannon_distance": "Jensen-Shannon distance",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov statistic",
    "wasserstein": "Wasserstein distance",
    "chi_square": "chi-square statistic",
    "smooth_test": "change of shape in reference standard deviations",
    "scan_test": "rise of an interval's share",
    "cramer_von_mises": "Cramér-von Mises statistic",
    "anderson_darling": "Anderson-Darling statistic",
    "hellinger_distance": "Hellinger distance",
    "kullback_leibler_divergence": "Kullback-Leibler divergence",
    "cramers_v": "Cramér's V",
    "g_test": "likelihood-ratio statistic",
}

# What is so or is not, without chance in it.
CERTAIN = ("new_version", "probe")

TO_DO = {
    "new_version": "if the roll-out was meant, watch how it compares with the older version; else find out who did it",
    "probe": "ask who changed the model or what it reads; if it was meant, take the new answers by `monitor accept`",
    "version_predictions": "see whether both versions get like rows; if so, ask whether the new answers are meant",
    "version_performance": "see whether both versions get like rows; if so, roll the new one back or retrain it",
    "missing_share": "look at the feed of {where}: values stopped arriving, or a join lost its partner",
    "constant_column": "look at the feed of {where}: it repeats one value, as a stuck sensor or a default does",
    "dropped_column": "look at what writes the records: {where} no longer comes; restore it or renew the reference",
    "added_column": "if {where} is meant, add it to the model's columns and renew the reference",
    "retyped_column": "look at what writes {where}: its type changed, and other readers may fail on it",
    "volume": "compare with the traffic that was expected; look for a feed that stopped or runs twice",
    "freshness": "look at whatever writes the records: nothing new has come for longer than usual",
    "invalid_share": "look at how {where} is written: its type, format or unit may have changed",
    "unseen_share": "look for new or renamed categories in {where}; if they are right, renew the reference and retrain",
    "out_of_range_share": "check the unit and the limits of {where}; if the values are right, the model extrapolates",
    "model_age": "see whether performance holds; retrain with newer data where labels allow, and renew the reference",
    "uncovered_time_share": "trust answers of these times less; put data of them into the reference and the training",
    "quality": "look at what produces {where} before trusting the predictions made on it",
    "health": "look at the source: while this lasts, other alerts of the model wait or have no answer",
    "drift": "find out whether the world or the feed of {where} changed; watch performance, and retrain if it falls",
    "drift.concept": "the same predictions mean something else now: find what changed, and retrain on recent labels",
    "overconfident_share": "look at the clients and records of these rows: crafted inputs look like this",
    "disagreement_level": "look at the rows on which the models differ; one of them has changed, or the inputs have",
    "confidence": "look at the records with the least confidence; compare with the drift of the columns",
    "performance": "compare with the reference period, by segment; check the labels, then retrain or roll back",
    "performance.estimated": "look at which columns moved; get labels for some of these records before retraining",
    "attack": "look at the clients and records named here; limit or block them, and keep the records as evidence",
    "bias.temporal": "retrain with data from the day named here on, unless the change comes and goes with the calendar",
    "bias": "compare the segments; do not act on the predictions for the groups named here without a check",
    "demographic_parity_difference": "compare the groups' decisions by {where}, and what else changed with them; until "
    "that is understood, have decisions for the groups named here checked by people",
    "equalized_odds_difference": "look at the mistakes made on the groups named here by {where}: labels, inputs, "
    "threshold; have their decisions checked by people until then",
    "label_coverage_difference": "find out why labels of the groups named here by {where} are missing; do not retrain "
    "on those that came alone",
    "bias.sampling": "find out who is missing by {where}; weight the groups by their stated shares before retraining",
    "resolved": "nothing; it has been clear for as many windows as its rule asks",
    "": "compare the window with the reference",
}


def text_of(finding: "Finding") -> str:
    """Give one sentence about one alert: what moved, by how much, how sure that is, and since when.

    Values in shares are written in per cent; `None` is written as "no answer" with its reason.
    """
    subject = shown(finding.column or finding.model)
    within = f" ({shown(finding.segment)})" if finding.segment else ""
    parts = [_what(finding) + _groups(finding), *_how_sure(finding), *_since(finding)]
    return f"{subject}{within}: {', '.join(parts)}"


def title_of(group: "Group") -> str:
    """Say what happened to which model, and in which columns, or else in which numbers."""
    words = TITLES.get(group.kind) or group.kind.replace(".", ": ").replace("_", " ")
    columns = _distinct(finding.column for finding in group.findings)
    numbers = _distinct(level_of(finding.detector) for finding in group.findings)
    where = f" in {_listed(columns, 3)}" if columns else f" ({_listed(numbers, 3)})"
    ended = "resolved: " if group.transition == "resolved" else ""
    return f"{shown(group.model)}: {ended}{words}{where}"


def lines_of(group: "Group") -> tuple[str, ...]:
    """Give the body of a message in order: how much and how sure, since when, who or what, what to do."""
    sentences = [text_of(finding) for finding in group.findings[:LISTED]]
    rest = len(group.findings) - LISTED
    more = [f"and {rest} more"] if rest > 0 else []
    return (*sentences, *more, *_times(group), *_places(group), *_reason(group), f"To do: {_to_do(group)}.")


def level_of(detector: str) -> str:
    """Give what a detector's value is called in a sentence.

    >>> level_of("roc_auc"), level_of("mean_absolute_error")
    ('ROC AUC', 'mean absolute error')
    """
    return LEVELS.get(detector) or DISTANCES.get(detector) or detector.replace("_", " ")


def number(value: float) -> str:
    """Write a number with three significant digits.

    >>> [number(x) for x in (0.31234, 1234.5, 2.2e-16, 0.0, -12)]
    ['0.312', '1,230', '2.2e-16', '0', '-12']
    """
    rounded = float(f"{value:.3g}")
    if rounded == 0 or 1e-4 <= abs(rounded) < 1e9:
        return f"{rounded:,.10g}"
    mantissa, _, exponent = f"{rounded:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def measure(value: float, unit: str) -> str:
    """Write a number with its unit, a share in per cent.

    >>> measure(0.312, "share"), measure(0.312, "reference sd")
    ('31.2 %', '0.312 reference standard deviations')
    """
    if unit == "share":
        return f"{number(100 * value)} %"
    word = {"reference sd": " reference standard deviations", "hours": " hours", "days": " days"}.get(unit, "")
    return number(value) + word


def shown(name: str) -> str:
    """Give a name from the data on one line: control characters as visible marks, at most 80 characters.

    >>> shown("a" + chr(10) + "b")
    'a␊b'
    """
    marked = "".join(_marked(character) for character in name[: NAME_LENGTH + 1])
    return marked if len(marked) <= NAME_LENGTH else marked[: NAME_LENGTH - 1] + "…"


def said(text: str) -> str:
    """Give a sentence that may quote data on one line: control characters as visible marks, at most 400 characters."""
    marked = "".join(map(_marked, text[: SAID_LENGTH + 1]))
    return marked if len(marked) <= SAID_LENGTH else marked[: SAID_LENGTH - 1] + "…"


def _marked(character: str) -> str:
    if ord(character) < 0x20:
        return chr(0x2400 + ord(character))
    # Format characters turn the direction of text; surrogates cannot be sent.
    return "�" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") else character


def _what(finding: "Finding") -> str:
    name, value, back = finding.detector, finding.value, finding.alert.state not in ("pending", "firing")
    if finding.kind == "health":
        return "is seen again" if back else said(finding.note) or "cannot be seen"
    if value is None:
        return f"{level_of(name)} has no answer" + (f" ({shown(finding.note)})" if finding.note else "")
    if name in SWITCHES:
        return SWITCHES[name][0 if value else 1]
    if name in DISTANCES:
        beginning = "distribution is near the reference's" if back else "distribution moved from the reference's"
        return f"{_change(finding) or beginning}, {DISTANCES[name]} {number(value)}"
    if name in OWN_WORDS:
        return OWN_WORDS[name](finding, value, back)
    return f"{level_of(name)} {_moved(finding, value, back=back)} {measure(value, finding.unit)}{_reference(finding)}"


def _mean_shift(finding: "Finding", value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    moved = "is within" if back else "fell by" if (finding.effect or 0) < 0 else "rose by"
    return f"mean {moved} {measure(abs(value), finding.unit)}" + (" of the reference's" if back else "")


def _new_version(finding: "Finding", value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    return f"answers {measure(value, finding.unit)} of the rows, {'no longer new' if back else 'for the first time'}"


def _probe(finding: "Finding", value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    if back:
        return "answers the canary inputs as it did"
    return f"answers {measure(value, 'share')} of the canary inputs otherwise than it did ({said(finding.note)})"


def _ageing(finding: "Finding", value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    told = finding.evidence
    if back or "since" not in told:
        return "performance is like the reference's" + (" again" if back else f", or worse by {number(value)}")
    levels = f"{level_of(told['metric'])} has been {number(told['after'])} since {_day(told['since'])}"
    before = "" if told["before"] is None else f" (reference {number(told['before'])})"
    return ", ".join(
        [
            levels + before,
            *_going(told),
            *_beside_the_reference(told),
            f"retrain with data from {_day(told['retrain_from'])}",
        ]
    )


def _lasting_drift(finding: "Finding", value: float, back: bool) -> str:  # noqa: FBT001  # called through OWN_WORDS
    told = finding.evidence
    if back or "since" not in told:
        return "no column has moved for good" if back else f"a column is off by {number(value)} for good"
    columns = _listed([one["column"] for one in told["moved"]] or [told["column"]], 3)
    unit = finding.unit if told["metric"] == "mean_shift" else ""
    size = f"{measure(value, unit)}" + ("" if unit else " (Jensen-Shannon distance)")
    return ", ".join(
        [
            f"{columns} moved since {_day(told['since'])}, {shown(told['column'])} by {size}",
            *_going(told),
            *_beside_the_reference(told),
        ]
    )


def _going(told: Mapping[str, Any]) -> list[str]:
    """Say how fast it goes on, when it will have reached its limit, and whether it comes and goes."""
    parts, speed, reaches = [], told["per_30_days"], told["reaches"]
    if speed:
        way = "rising" if speed["slope"] > 0 else "falling"
        parts.append(f"{way} by {number(abs(speed['slope']))} in 30 days")
    if reaches:
        latest = f"to {_day(reaches['latest'])}" if reaches["latest"] else "or later"
        span = f"{_day(reaches['earliest'])} {latest}"
        parts.append(f"at {number(reaches['limit'])} about {_day(reaches['at'])} ({span})")
    return [*parts, f"as it was a {told['recurring']} before"] if told["recurring"] else [*parts, "lasting"]


def _beside_the_reference(told: Mapping[str, Any]) -> list[str]:
    """Say how old the reference is, and which months and hours since the change it does not know."""
    known = told.get("reference")
    if not known:
        return []
    age = f", {known['age']:,.0f} days before" if known["age"] >= 1 else ""
    unknown = _listed([*known["months"], *known["times"]], LISTED)
    held = f"; it holds {'no' if known['never'] else 'hardly any'} rows of {unknown}" if unknown else ""
    return [f"the reference ends {_day(known['last'])}{age}{held}"]


def _day(instant: str) -> str:
    return str(instant)[:10]


OWN_WORDS = {
    "mean_shift": _mean_shift,
    "new_version": _new_version,
    "probe": _probe,
    "ageing": _ageing,
    "lasting_drift": _lasting_drift,
}


def _change(finding: "Finding") -> str:
    change = finding.evidence.get("change")
    if not change or finding.alert.state not in ("pending", "firing"):
        return ""
    unit = "share" if change["of"] == "share" else ""
    what = f"share of {shown(change['category'])}" if change["of"] == "share" else change["of"]
    return f"distribution moved: {what} {measure(change['before'], unit)} → {measure(change['after'], unit)}"


def _groups(finding: "Finding") -> str:
    """Name the groups that an alert is about, with their counts: the two that moved apart, or the one that is off."""
    groups = {group["value"]: group for group in finding.evidence.get("groups", ())}
    pair = [groups[name] for name in finding.evidence.get("pair", ()) if name in groups]
    if not pair or finding.alert.state not in ("pending", "firing", "recovering"):
        return ""
    of, rows = str(finding.evidence["of"]).replace("_", " "), str(finding.evidence["rows"])
    unit = finding.unit
    return f"; {of} " + " against ".join(_group(group, unit, rows) for group in pair)


def _group(group: Mapping[str, Any], unit: str, rows: str) -> str:
    counted = f"{group['positives']:,} of " if "positives" in group else ""
    counted += f"{group['rows']:,} of {group['of']:,} {rows}" if "of" in group else f"{group['rows']:,} {rows}"
    before, stated = group.get("reference"), group.get("stated")
    then = f", stated {measure(stated, unit)}" if stated is not None else ""
    then += f", in the reference {measure(before, unit)}" if before is not None else ""
    return f"{measure(group['rate'], unit)} of {shown(group['value'])} ({counted}{then})"


def _moved(finding: "Finding", value: float, *, back: bool) -> str:
    # An effect has no direction for sure: for a score that should be high it counts the fall.
    before = finding.reference_value
    if back or before is None or value == before:
        return "is"
    return "rose to" if value > before else "fell to"


def _reference(finding: "Finding") -> str:
    if finding.reference_value is None:
        return ""
    return f" (reference {measure(finding.reference_value, finding.unit)})"


def _how_sure(finding: "Finding") -> list[str]:
    parts = []
    if finding.detector in CERTAIN:
        return [f"{finding.n:,} {'inputs' if finding.detector == 'probe' else 'rows'}"] if finding.n else []
    if finding.effect is not None and finding.reference_value is None and abs(finding.effect) != finding.value:
        parts.append(f"effect {number(finding.effect)}")
    if finding.n and finding.detector not in ("volume", "freshness"):
        parts.append("1 row" if finding.n == 1 else f"{finding.n:,} rows")
    if finding.p_value is not None:
        parts.append("p < 1e-300" if finding.p_value < 1e-300 else f"p = {number(finding.p_value)}")
    return parts + _threshold(finding)


def _threshold(finding: "Finding") -> list[str]:
    if finding.alpha is None:
        return [] if finding.threshold is None else [f"threshold {measure(finding.threshold, finding.unit)}"]
    least = f" and effect ≥ {number(finding.threshold)}" if finding.threshold else ""
    return [f"threshold p ≤ {number(finding.alpha)}{least}"]


def _since(finding: "Finding") -> list[str]:
    alert = finding.alert
    if alert.state == "resolved" and alert.resolved_at:
        began = [f"began {_clock(alert.since)}"] if alert.since else []
        return [*began, f"resolved {_clock(alert.resolved_at)}"]
    return [f"since {_clock(alert.since)}"] if alert.since else []


def _times(group: "Group") -> list[str]:
    began = [finding.alert.since for finding in group.findings if finding.alert.since]
    window = group.findings[0].window
    looked = f"window {_clock(window.start)} to {_clock(window.end)}"
    return [f"Since {_clock(min(began))}; {looked}." if began else f"In the {looked}."]


def _places(group: "Group") -> list[str]:
    columns = _distinct(finding.column for finding in group.findings)
    segments = _distinct(segment for finding in group.findings for segment in _segments(finding))
    moved = _distinct(name for finding in group.findings for name in finding.evidence.get("columns", ()))
    named = (("Columns", columns), ("Moved with them", moved), ("Segments", segments))
    return [f"{word}: {_listed(names, LISTED)}" for word, names in named if names]


def _reason(group: "Group") -> list[str]:
    """Say what an alarm most likely comes from, what speaks against that, and who sent most of it."""
    finding = group.findings[0]
    why = finding.evidence.get("origin")
    if not why or group.transition == "resolved" or finding.origin not in ORIGINS:
        return []
    against = [f"but {said('; '.join(why['against']))}"] if why["against"] else []
    reasons = [said("; ".join(why["for"]))] if why["for"] else []
    told = "; ".join([*reasons, *against])
    lines = [f"Likely origin: {ORIGINS[finding.origin]}" + (f" ({told})." if told else ".")]
    senders = [f"{shown(one['client'])} {one['share']:.0%}" for one in why.get("clients", ())[:3] if one["share"] > 0]
    column = shown(why.get("column", ""))
    return lines + ([f"Clients that sent most of the change of {column}: {', '.join(senders)}."] if senders else [])


def _to_do(group: "Group") -> str:
    if group.transition == "resolved":
        return TO_DO["resolved"]
    detectors = {finding.detector for finding in group.findings}
    family = group.kind.partition(".")[0]
    keys = (detectors.pop() if len(detectors) == 1 else "", group.kind, family)
    advice = next((TO_DO[key] for key in keys if key and key in TO_DO), TO_DO[""])
    columns = _distinct(finding.column for finding in group.findings)
    return advice.format(where=_listed(columns, 3) if columns else "the model's data")


def _listed(names: list[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join(shown(name) for name in names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _segments(finding: "Finding") -> tuple[str, ...]:
    return (finding.segment, *map(str, finding.evidence.get("segments", ())))


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
