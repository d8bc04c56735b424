"""Labels of classes that the reference does not hold, new, renamed or misspelt, as the reason of what labels show."""

from monitor.alerts.finding import Finding
from monitor.alerts.origin import Origin
from monitor.alerts.phrasing import measure, shown
from monitor.alerts.symptoms import BROKEN_SHARE
from monitor.detectors.quality import unknown_label_share
from monitor.steps.displaced import SURELY
from monitor.steps.measure import waits_for_labels
from monitor.steps.reasons import Reason
from monitor.steps.verdict import Verdict
from monitor.store.measurements import Judged


def unknown_labels(finding: Finding, verdict: Verdict) -> Reason | None:
    """Give why what labels show differs, where enough of them are of no class of the reference's; else None.

    Each is an error of a model that cannot give it, and no news of how the world is.
    """
    if not waits_for_labels(finding.kind, finding.detector):
        return None
    told = next(filter(_are_unknown, verdict.judged), None)
    if told is None:
        return None
    one = told.measurement
    new = one.evidence.get("new_values", ())
    often = f", most often {shown(new[0]['value'])}" if new else ""
    share = f"{measure(one.value or 0.0, 'share')} of the labels are of classes that the reference does not hold{often}"
    return Reason(Origin("data_quality", (f"{share}; each counts as an error",), columns=(one.column,)))


def _are_unknown(judged: Judged) -> bool:
    """Say whether a measurement tells surely of labels of unknown classes, in enough of the rows of all traffic."""
    one = judged.measurement
    sure = judged.outcome == "breach" and (one.p_value or 0.0) <= SURELY
    told = one.detector == unknown_label_share.NAME and not one.segment
    return told and sure and (one.value or 0.0) - (one.reference or 0.0) >= BROKEN_SHARE
