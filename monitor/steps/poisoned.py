"""Look at the labels that have matured: whether a window's, or many windows' together, look poisoned."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.config import setting_of
from monitor.detectors.attack.poisoned import BY_NAME, CONTRADICTION, KIND, SLOW, WINDOW, Labels
from monitor.detectors.temporal.series import Series
from monitor.profiles.outcome_layout import Regression
from monitor.steps.measure import Found, found_of
from monitor.store.database import Database
from monitor.store.references import WHOLE
from monitor.types import Window
from monitor.watch import Watch

if TYPE_CHECKING:
    from monitor.steps.labelling import Labelling
    from monitor.steps.looks import Sight

LAST = 60


def labels_of(database: Database, watch: Watch) -> Callable[[Window], Labels]:
    """Give what judges the labels of a model's windows; nothing is learned or imported until the first one asks."""
    made: list[Labelling] = []

    def at(window: Window) -> Labels:
        if not made:
            from monitor.steps.labelling import Labelling as Made  # noqa: PLC0415  # scikit-learn is slow to import

            made.append(Made(database, watch))
        return made[0].at(window)

    return at


def poisoned_labels(sight: "Sight") -> Iterator[Found]:
    """Judge the window's labels, and follow what they show over the last windows.

    Only where `thresholds` asks for it, by kind or detector, since the reference's rows are read again for it in every
    pass in which labels mature; nothing for regressions, and before labels have matured.
    """
    outcome = sight.references[WHOLE].layout.outcome
    if sight.labels is None or outcome is None or isinstance(outcome, Regression) or not _asked(sight):
        return
    labels = sight.labels(sight.window)
    for name in (WINDOW, CONTRADICTION):
        for measurement in BY_NAME[name].compare(labels):
            yield found_of(BY_NAME[name], measurement, sight.settings)
    for measurement in BY_NAME[SLOW].compare(_series(sight, labels)):
        yield replace(found_of(BY_NAME[SLOW], measurement, sight.settings), shared=0.0)


def _asked(sight: "Sight") -> bool:
    said = (setting_of(sight.settings.thresholds, detector=name, kind=KIND).value for name in BY_NAME)
    return any(value not in (None, "off") for value in said)


def _series(sight: "Sight", labels: Labels) -> list[Series]:
    windows = [at for at in sight.memory.before(sight.window, last=LAST) if sight.history.knows(at, labels=True)]
    made: list[Series] = []
    for now in BY_NAME[CONTRADICTION].compare(labels):
        earlier = ((at, sight.memory.at(at, CONTRADICTION, now.column)) for at in windows)
        held = [(at, one) for at, one in earlier if one is not None and one.p_value is not None]
        at, found = zip(*held, (sight.window, now), strict=True)
        of = sight.references[WHOLE].layout.windows
        made.append(Series(CONTRADICTION, now.column, at, found, rows=labels.reference, windows=of))
    return made
