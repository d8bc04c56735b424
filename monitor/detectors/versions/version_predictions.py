"""Whether a new version answers otherwise than the older one on the same windows. (Smirnov 1948; Pearson 1900)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, undefined
from monitor.detectors.versions.distance import apart
from monitor.profiles.layout import Layout
from monitor.profiles.overconfidence import CONFIDENCE
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "version_predictions"
OUTPUTS = ("score", "prediction", "confidence")


def compare(older: Profile, newer: Profile) -> Iterator[Measurement]:
    """Find the distance of scores, predictions and confidence between two versions, in [0, 1]: 0 is equal.

    Of numbers the largest gap of the distribution functions, of categories half the summed differences of shares.
    The score alerts, or the prediction; of several scores the prediction and the confidence. Undefined without rows of
    both. Blind to answers that change places, and to whether both versions saw like rows, which `version_inputs` tells.
    """
    for column in older.layout.columns:
        if column.role not in OUTPUTS:
            continue
        before, after = older.columns[column.name], newer.columns[column.name]
        found = apart(before, after)
        if found is None:
            yield undefined(NAME, column.name, before, after)
        else:
            yield Measurement(NAME, found[0], column=column.name, n=after.n, p_value=found[1], effect=found[0])


def main_outputs(layout: Layout) -> tuple[str, ...]:
    """Name the columns that speak for the model's answers: of one score that, else the prediction.

    Of several scores the confidence speaks beside it, for they may change where no decision does.
    """
    named = {role: [c.name for c in layout.columns if c.role == role] for role in ("score", "prediction")}
    if len(named["score"]) == 1:
        return tuple(named["score"])
    told = CONFIDENCE if named["score"] and CONFIDENCE in layout.by_name else ""
    return tuple(name for name in (*named["prediction"], told) if name)


DETECTOR = Detector(NAME, "model_change", "share", compare, armed=True, min_effect=0.1)
