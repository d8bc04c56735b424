"""Thresholds that nothing will ever be laid beside: of a detector or a column that this model has no number of."""

import re
from collections.abc import Iterator

import pyarrow as pa

from monitor.config import Model, threshold_parts
from monitor.detectors import DETECTORS
from monitor.profiles.arrow import layout_of
from monitor.profiles.groups import profile_table

OF_LABELS = ("performance.realised", "performance.estimated", "drift.concept")
MEND = "take it out, or name the columns that it needs; `monitor detectors` lists what each is of"


def unmeasured(model: Model, reference: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) for thresholds of detectors that find no number in a sample of the reference itself.

    What is measured only when something is wrong with the data, or by the hour, is passed over.
    """
    told = {detector.name: detector for detector in DETECTORS if detector.kind != "quality"}
    asked = [(key, *threshold_parts(key)) for key in model.thresholds]
    # a column that is nowhere is told of by itself
    asked = [
        one for one in asked if one[1] in told and (not re.fullmatch(r"[^()]+", one[2]) or _is_known(one[2], reference))
    ]
    if not asked:
        return
    layout = layout_of(reference, model.columns)
    profile = profile_table(reference, layout, reference=True)
    for key, name, column in asked:
        found = [one.column for one in told[name].compare(profile, profile)]
        if not found or (column and column not in found):
            what = "nothing of that name" if column and found else "no such number"
            labels = ", which has no labels" if layout.outcome is None and told[name].kind in OF_LABELS else ""
            yield f"{key}: {what} is measured for this reference{labels}", MEND


def _is_known(column: str, reference: pa.Table) -> bool:
    return column in reference.column_names or column in ("confidence", "margin", "entropy")
