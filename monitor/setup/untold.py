"""Sensitive columns whose groups no alert can ever speak of: the model shows nothing that could be compared."""

from collections.abc import Iterator

from monitor.config import Model, setting_of
from monitor.detectors import Detector
from monitor.detectors.fairness import TREATMENT, compared_values
from monitor.detectors.fairness.sides import enough
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile

NEITHER = "no alert can tell that groups are treated unequally: neither decisions nor predicted numbers are known"
MEND = "name the decision, or the number, as columns.prediction; a number that is a class, as categorical in kinds"


def untold(model: Model, reference: Profile) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where columns are sensitive and nothing of stereotyping can alert.

    What the user switched off is not told.
    """
    layout = reference.layout
    held = [name for name in layout.roles.sensitive if name in layout.by_name]
    for name in held:
        if layout.by_name[name].kind == "text":
            problem = f"no alert can tell that groups of {name!r} are treated unequally: it is text of many values"
            yield problem, f"write kinds: {{{name}: categorical}}, or name a column of few values"
    asked = [one for name in held for one in TREATMENT if _is_armed(one, model, name)]
    if asked and not any(_is_known(one, reference, layout) for one in asked):
        yield NEITHER, MEND


def _is_armed(detector: Detector, model: Model, column: str) -> bool:
    said = setting_of(model.thresholds, detector=detector.name, kind=detector.kind, column=column).value
    return detector.armed if said is None else said != "off"


def _is_known(detector: Detector, reference: Profile, layout: Layout) -> bool:
    reads = (value.read(reference) for value in compared_values(detector.name, layout))
    return any(read is not None and enough(read) for read in reads)
