"""Detect: lay a window's profiles beside the reference's, and each number beside its threshold."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.alerts.lifecycle import Rule
from monitor.alerts.thresholds import Threshold, certain, certain_too, judged, significance, spent
from monitor.config import Hold, Model, Setting, setting_of
from monitor.detectors import ALL, DETECTORS, Detector, armed_for, kind_of
from monitor.detectors.detector import suited
from monitor.detectors.drift import chi_square, smooth
from monitor.detectors.performance.selection import representative
from monitor.detectors.performance.spread import lasting_of
from monitor.profiles.bins import NumericBins
from monitor.profiles.layout import Column, Layout
from monitor.profiles.population import NAMES as OF_ALL_FEATURES
from monitor.profiles.profile import Profile
from monitor.steps.parts import Pairs
from monitor.store.measurements import Judged
from monitor.store.references import WHOLE
from monitor.types import Measurement, Window

NOT_MATURED = "the labels of this window have not matured"
BIASED = "those known early are no fair sample"
LABELLED = ("performance.realised", "drift.label", "drift.concept")
_OF_LABELS = frozenset(detector.name for detector in ALL if detector.labelled)

AT_ONCE = Hold(1, 1)
MOST_ALPHA = 0.05
FEWEST = 10
"""So many rows of a window must hold a value before these are laid beside the reference's."""
FAR_OFF = 20.0
"""By so many times the least effect a fault in data is still there that a single window could not prove."""
ATTACK_SHARE = 0.01
"""The part of the false-alarm budget that suspicions of attack have, whatever number of clients there are."""


@dataclass(frozen=True)
class Found:
    """A measurement with the detector that made it, the kind of alert that it may raise, and whether it may.

    shared: the part of the difference's variance that the reference brings in, which is the same in every window;
        None where nothing is compared with the reference. lasting: the correlation of neighbouring windows beyond it.
    places: in how many places it looks where it scans, 0 where it does not.
    alpha: the p-value that it must reach, where that does not follow from the budget; it has a part of its own then.
    """

    detector: Detector
    measurement: Measurement
    kind: str
    armed: bool
    setting: Setting
    shared: float | None = None
    lasting: float = 0.0
    alpha: float | None = None
    places: int = 0

    @property
    def of_labels(self) -> bool:
        """Say whether it waits for labels."""
        return waits_for_labels(self.kind, self.detector.name)


def waits_for_labels(kind: str, detector: str) -> bool:
    """Say whether what a detector finds is known only when the labels are."""
    return kind in LABELLED or detector in _OF_LABELS


def measured(pairs: Pairs, settings: Model) -> Iterator[Found]:
    """Run every detector over a window's profiles; segments only where an alert may follow.

    How far a row lies from all others hangs on the day and the segment it is of more than on anything else: within a
    segment the windows of one weekday differ from those of another by that alone, and are judged on demand only.
    """
    for segment, (reference, profile) in pairs.items():
        sample = representative(profile, weighable=False)
        unfair = sample if isinstance(sample, str) else ""
        for detector in DETECTORS:
            if segment != WHOLE and (detector.whole or not (detector.armed or settings.thresholds)):
                continue
            fitting = suited(detector, reference)
            for one in _told_of_labels(detector.compare(reference, profile), profile.layout, unfair):
                shared = shared_by(reference, profile, one.column)
                measurement = one if segment == WHOLE else replace(one, segment=segment)
                found = found_of(fitting, measurement, settings, reference.layout, shared=shared)
                told = found.armed and (one.column not in OF_ALL_FEATURES or found.setting.value is not None)
                if told or segment == WHOLE:
                    yield found


def _told_of_labels(found: Iterable[Measurement], layout: Layout, unfair: str) -> Iterator[Measurement]:
    """Withhold how labels differ from the reference's, where `unfair` says that they are no fair sample of all rows."""
    for one in found:
        column = layout.by_name.get(one.column)
        withheld = unfair and column is not None and column.role == "label" and one.value is not None
        yield Measurement(one.detector, None, column=one.column, n=one.n, note=unfair) if withheld else one


def shared_by(reference: Profile, current: Profile, column: str = "") -> float:
    """Give what part of a difference's variance the reference brings in, in [0, 1]: M / (N + M), by rows with a value.

    Of a derived column the reference has fewer, as half of its rows are learned from. "" asks for all rows.
    """
    before, after = reference.columns.get(column), current.columns.get(column)
    held = before and after and before.n and after.n
    n, m = (before.n, after.n) if before and after and held else (reference.rows, current.rows)
    return m / max(n + m, 1)


def found_of(
    detector: Detector,
    measurement: Measurement,
    settings: Model,
    layout: Layout | None = None,
    *,
    shared: float | None = None,
) -> Found:
    """Say of a measurement what kind of alert it may raise and whether it may: by the user's word, else by default.

    layout: says what role the measured column plays; without it the measurement speaks of the model as a whole.
    shared: as in `Found`; with it, what is compared with the reference is as lasting as the windows of its column, or
    metric, are alike.
    """
    column = layout.by_name.get(measurement.column) if layout else None
    kind = kind_of(detector, column.role) if column else detector.kind
    setting = setting_of(settings.thresholds, detector=detector.name, kind=kind, column=measurement.column)
    armed = armed_for(detector, measurement.column, layout) if layout else detector.armed
    wanted = armed if setting.value is None else setting.value != "off"
    lasting = windows_alike(layout, detector, column) if layout and shared is not None else 0.0
    places = column.bins.size if column and detector.scans else 0
    return Found(detector, measurement, kind, wanted, setting, shared, lasting, places=places)


def windows_alike(layout: Layout, detector: Detector, column: Column | None) -> float:
    """Give how alike neighbouring windows of the reference are in a column, or else in a detector's metric."""
    return column.lasting if column else layout.spreads.get(lasting_of(detector.name), 0.0)


def compared(
    found: Sequence[Found],
    settings: Model,
    *,
    window: Window,
    settled: bool,
    lacking: Callable[[str], str] = lambda segment: "",  # noqa: ARG005  # nothing lacks, whatever the segment
) -> list[Judged]:
    """Say of each measurement whether it breaches; the budget is spread over all that may raise an alert.

    window: all that was measured, of several windows where one alone is too small. settled: the window's labels have
    matured; until then what depends on them is `insufficient`. lacking: says what a segment lacks before it can be
    compared with the reference, "" for nothing.
    """
    weights = weights_of(found, settings, window=window)
    return [_compared(one, settings, weights=weights, window=window, settled=settled, lacking=lacking) for one in found]


def weights_of(found: Sequence[Found], settings: Model, *, window: Window) -> float:
    """Give the sum of weights over which the budget is spread.

    A test counts with the part that it could spend if all counted in full. Those of labels do: what is known of these
    grows, and the thresholds of the others are not to change with it.
    """
    free = 1 - ATTACK_SHARE * settings.watches_attacks
    sharing = [one for one in found if one.armed and one.alpha is None]
    full = sum(one.detector.weight for one in sharing) / free
    return sum(one.detector.weight * _spent(one, settings, full=full, window=window) for one in sharing) / free


def _spent(found: Found, settings: Model, *, full: float, window: Window) -> float:
    if found.of_labels or found.measurement.chance is None:
        return 1.0
    return spent(found.measurement, threshold_of(found, settings, tests=full / found.detector.weight, window=window))


def _compared(
    found: Found, settings: Model, *, weights: float, window: Window, settled: bool, lacking: Callable[[str], str]
) -> Judged:
    withheld = found.of_labels and not settled
    measurement = _withheld(found.measurement, _awaited(settings, window)) if withheld else found.measurement
    if not found.armed:
        return Judged(measurement, found.kind)
    tests = weights / found.detector.weight if found.alpha is None else 1.0
    threshold = threshold_of(found, settings, tests=tests, window=window)
    unanswered = (lacking(measurement.segment) or _few(found)) if found.shared is not None else ""
    unanswered = NOT_MATURED if withheld else unanswered
    if unanswered:
        note = measurement.note or unanswered
        return Judged(replace(measurement, note=note), found.kind, *_shown(threshold), "insufficient")
    outcome, lingers = judged(measurement, threshold), judged(measurement, _to_end(found, threshold)) == "breach"
    return Judged(measurement, found.kind, *_shown(threshold), outcome, lingers)


def _few(found: Found) -> str:
    """Say that a window holds too few values of a column to lay beside the reference's; "" where it holds enough."""
    rows, of_values = found.measurement.n, found.kind.startswith("drift.") and found.measurement.column
    return f"{rows} rows hold a value, {FEWEST} are needed" if of_values and 0 < rows < FEWEST else ""


def _to_end(found: Found, threshold: Threshold) -> Threshold:
    """Give the threshold short of which an alert that fires begins to clear.

    A fault in a tenth of the rows is none that has ended, though windows that differ widely make chance of it.
    """
    loosened, least = threshold.loosened, threshold.min_effect or 0.0
    far = found.kind == "quality" and least and abs(found.measurement.effect or 0.0) >= FAR_OFF * least
    return replace(loosened, alpha=max(loosened.alpha, MOST_ALPHA)) if far and loosened.alpha else loosened


def _awaited(settings: Model, window: Window) -> str:
    """Say until when a window's labels may come, or how many are awaited."""
    delay = settings.labels.max_delay if settings.labels else None
    if delay is None:
        return f"{NOT_MATURED}: fewer than {settings.min_labels:.0%} of its rows have one, and {BIASED}"
    return f"{NOT_MATURED}: more may come until {window.end + delay:%Y-%m-%d %H:%M}, and {BIASED}"


def _withheld(measurement: Measurement, awaited: str) -> Measurement:
    """Keep a number back that early labels would give, and what they would say of themselves."""
    return Measurement(
        measurement.detector,
        None,
        column=measurement.column,
        segment=measurement.segment,
        n=measurement.n,
        note=awaited,
        reference=measurement.reference,
    )


def threshold_of(found: Found, settings: Model, *, tests: float, window: Window) -> Threshold:
    """Give a measurement's threshold: the user's number, or one that keeps the model's false-alarm budget."""
    value, detector = found.setting.value, found.detector
    if isinstance(value, float):
        return Threshold(limit=value, min_effect=found.setting.min_effect, higher_is=detector.higher_is)
    if found.alpha is not None:
        return Threshold(alpha=found.alpha, min_effect=found.setting.min_effect)
    rule = rule_of(found, settings)
    budget = settings.false_alarms
    alpha = significance(
        alarms=budget.count,
        per=budget.per,
        window=window.end - window.start,
        tests=tests * (certain_too(rule.k, rule.m) if may_be_certain(found) else 1.0),
        k=rule.k,
        m=rule.m,
        clear=rule.clear,
        shared=min(found.shared or 0.0, 0.99),
        lasting=found.lasting,
        ways=detector.ways,
        places=found.places,
    )
    least = detector.min_effect if found.setting.min_effect is None else found.setting.min_effect
    # the budget of a long gap is that of its time, and a p-value that chance brings every other day tells nothing
    return Threshold(alpha=min(alpha, MOST_ALPHA), min_effect=least)


def least_told(layout: Layout, settings: Model) -> dict[str, float]:
    """Give by column the least difference that is told, in standard deviations, or for categories as Cohen's w.

    A Jensen-Shannon distance d is a w of sqrt(8 ln 2) d, when small.
    """
    return {column.name: _least_told(column, settings) for column in layout.columns}


def _least_told(column: Column, settings: Model) -> float:
    number = isinstance(column.bins, NumericBins)
    detector = smooth.DETECTOR if number else chi_square.DETECTOR
    kind = kind_of(detector, column.role)
    said = setting_of(settings.thresholds, detector=detector.name, kind=kind, column=column.name).min_effect
    return (detector.min_effect if said is None else said) * (1 if number else math.sqrt(8 * math.log(2)))


def rule_of(found: Found, settings: Model) -> Rule:
    """Give how many windows must breach before an alert fires, and how many clear ones resolve it."""
    hold: Hold = found.setting.hold or (AT_ONCE if found.detector.at_once else settings.hold)
    return Rule(k=hold.k, m=hold.m, clear=settings.clear)


def may_be_certain(found: Found) -> bool:
    """Say whether one window can be enough where several are asked for: of faults in data, unless the user says not."""
    return found.kind == "quality" and found.setting.hold is None


def rule_for(found: Found, judged: Judged, settings: Model) -> Rule:
    """Give the rule by which a window steps an alert; a fault in data that chance cannot make fires at once."""
    rule, p_value = rule_of(found, settings), judged.measurement.p_value
    if not may_be_certain(found) or judged.alpha is None or p_value is None or p_value > certain(judged.alpha, rule.k):
        return rule
    return replace(rule, k=1)


def _shown(threshold: Threshold) -> tuple[float | None, float | None]:
    return threshold.alpha, threshold.min_effect if threshold.limit is None else threshold.limit
