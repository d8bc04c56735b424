"""Whether a new version answers otherwise than the older one on the same windows. (Smirnov 1948; Pearson 1900)."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, undefined
from monitor.detectors.versions.distance import apart
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "version_predictions"
OUTPUTS = ("score", "prediction", "confidence")


def compare(older: Profile, newer: Profile) -> Iterator[Measurement]:
    """Find the distance of scores, predictions and confidence between two versions, in [0, 1]: 0 is equal.

    Of numbers the largest gap of the distribution functions, of categories half the summed differences of shares.
    One output alerts: the score, else the prediction. Undefined without rows of both. Blind to answers that change
    places, and to whether both versions saw like rows, which `version_inputs` tells.
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


def main_output(layout: Layout) -> str:
    """Name the column that speaks for the model's answers: of one score that, else the prediction; "" without any."""
    named = {role: [c.name for c in layout.columns if c.role == role] for role in OUTPUTS}
    scores = named["score"] if len(named["score"]) == 1 else []
    return next(iter([*scores, *named["prediction"], *named["score"]]), "")


DETECTOR = Detector(NAME, "model_change", "share", compare, armed=True, min_effect=0.1)
