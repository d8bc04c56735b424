"""Share of labels that the reference does not hold: classes that are new, renamed or misspelt."""

from collections.abc import Iterator

from monitor.detectors.detector import Detector, paired
from monitor.detectors.quality import unseen_share
from monitor.profiles.profile import Profile
from monitor.types import Measurement

NAME = "unknown_label_share"


def compare(reference: Profile, current: Profile) -> Iterator[Measurement]:
    """Share of labels that the reference never held, in [0, 1]; p-value for a rise beyond what was to be expected.

    Higher is worse: every one of them counts as an error of a model that cannot give it. Known when labels are. Tested
    as `unseen_share` is. (Good 1953; Esty 1983) Blind to classes that are taken for each other, and to labels that are
    numbers.
    """
    labels = (pair for pair in paired(reference, current) if pair[1].role == "label")
    yield from unseen_share.shares(NAME, labels, reference)


DETECTOR = Detector(NAME, "quality", "share", compare, armed=True, weight=0.1, min_effect=0.005, labelled=True)
