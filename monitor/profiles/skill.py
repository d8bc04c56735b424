"""How much a model's answers tell of the labels, whatever they are: between nothing at all and everything."""

import math

from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, RegressionOutcome
from monitor.profiles.profile import Profile
from monitor.stats.intervals import Estimate, Z
from monitor.stats.ranking import roc_auc


def skill_of(profile: Profile) -> Estimate | None:
    """Estimate how much answers tell of labels, in [-1, 1]: 1 is all, 0 nothing, below 0 they tell the opposite.

    Of scores twice the ROC AUC less 1, of classes kappa, of numbers the correlation, the last two with the error that
    they have where answers tell nothing. None without labels, or where all of either are alike. (Cohen 1960)
    """
    outcome = profile.outcome
    if outcome is None or not outcome.n:
        return None
    if isinstance(outcome, RegressionOutcome):
        return _correlation(profile, outcome)
    return _gini(outcome) if isinstance(outcome, BinaryOutcome) else _kappa(outcome)


def tell_nothing(now: Estimate, usual: Estimate) -> bool:
    """Say whether answers that told something of labels may tell nothing, and surely less than half of what they did.

    >>> tell_nothing(Estimate(0.02, 0.05), Estimate(0.6, 0.01)), tell_nothing(Estimate(-0.3, 0.05), Estimate(0.6, 0.01))
    (True, False)
    """
    if now.error is None or usual.error is None or usual.value <= Z * usual.error:
        return False
    return abs(now.value) <= Z * now.error and now.value + Z * now.error < usual.value / 2


def _gini(outcome: BinaryOutcome) -> Estimate | None:
    negatives, positives = outcome.counts.sum(axis=1).T
    found = roc_auc(negatives, positives)
    if found is None or found.error is None:
        return None
    return Estimate(2 * found.value - 1, 2 * found.error, n=found.n)


def _kappa(outcome: MulticlassOutcome) -> Estimate | None:
    shares = outcome.confusion / outcome.n
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    if by_chance >= 1:
        return None
    value = (float(shares.trace()) - by_chance) / (1 - by_chance)
    return Estimate(value, math.sqrt(by_chance / (outcome.n * (1 - by_chance))), n=outcome.n)


def _correlation(profile: Profile, outcome: RegressionOutcome) -> Estimate | None:
    answers = next((profile.columns[one.name] for one in profile.layout.columns if one.role == "prediction"), None)
    moments = answers.moments if answers else None
    of_labels = outcome.label_square / outcome.n - (outcome.label / outcome.n) ** 2
    of_errors = outcome.square / outcome.n - (outcome.error / outcome.n) ** 2
    if moments is None or moments[2] <= 0 or of_labels <= 0:
        return None
    value = (moments[2] + of_labels - of_errors) / (2 * math.sqrt(moments[2] * of_labels))
    return Estimate(max(-1.0, min(value, 1.0)), 1 / math.sqrt(outcome.n), n=outcome.n)
