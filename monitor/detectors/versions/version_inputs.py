"""Whether two versions saw like rows: without that, what else differs between them may be the traffic's doing."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector
from monitor.detectors.versions.distance import apart
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "version_inputs"


def compare(older: Profile, newer: Profile) -> Iterator[Measurement]:
    """Find the feature that differs most between two versions' rows, and its distance in [0, 1]: 0 is equal.

    The p-value is the least over the features times their number (Bonferroni 1936). Undefined without rows of both.
    Blind to features that are alike one by one and go together otherwise.
    """
    features = [c.name for c in older.layout.columns if c.role == "feature"]
    measured = {name: apart(older.columns[name], newer.columns[name]) for name in features}
    found = {name: pair for name, pair in measured.items() if pair}
    if not found:
        yield Measurement(NAME, None, n=newer.rows, note="no feature has rows of both versions")
        return
    most = min(found, key=lambda name: (found[name][1], -found[name][0]))
    distance, p_value = found[most]
    yield Measurement(
        NAME,
        distance,
        n=newer.rows,
        p_value=min(1.0, p_value * len(found)),
        effect=distance,
        note=f"most apart: {most}",
    )


DETECTOR = Detector(NAME, "model_change", "share", compare)
