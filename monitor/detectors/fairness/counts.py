"""What is counted of a group's outputs: decisions, and how they met the labels."""

import math

import numpy as np

from monitor.profiles.bins import CategoryBins, NumericBins
from monitor.profiles.layout import Layout
from monitor.profiles.outcome import BinaryOutcome, MulticlassOutcome, RegressionOutcome
from monitor.profiles.outcome_layout import DECISION, Multiclass, Regression
from monitor.profiles.profile import ColumnProfile, Counts, Profile
from monitor.stats.intervals import mean_estimate

Pair = tuple[float, float]
_AT = np.array([DECISION])


def positives(layout: Layout) -> str | None:
    """Name the class that counts as positive; of two without a named one the greater; None with more or fewer."""
    outcome = layout.outcome
    if outcome is not None:
        named = getattr(outcome, "positive", None)
        if named is not None:
            return str(named)
        return max(outcome.classes) if isinstance(outcome, Multiclass) and len(outcome.classes) == 2 else None
    column = layout.by_name.get(layout.roles.prediction or "")
    values = column.bins.values if column and isinstance(column.bins, CategoryBins) else ()
    return max(values) if len(values) == 2 else None


def selected(profile: Profile) -> Pair | None:
    """Count (positive decisions, decisions), labelled or not; None where decisions are not between two classes.

    Without a logged decision a score of 0.5 or more decides.
    """
    layout, positive = profile.layout, positives(profile.layout)
    if isinstance(profile.outcome, BinaryOutcome):
        refused, taken = profile.outcome.served.sum(axis=0).tolist()
        return float(taken), float(refused + taken)
    column = profile.columns.get(layout.roles.prediction or "")
    if column is not None and isinstance(column.bins, CategoryBins) and positive is not None:
        return float(_rows_of(column, positive)), float(column.n)
    scores = layout.roles.scores
    score = profile.columns.get(scores[0]) if len(scores) == 1 else None
    if score is None or not isinstance(score.bins, NumericBins):
        return None
    first = int(score.bins.codes(_AT)[0])
    return float(score.counts[first:].sum()), float(score.n)


def decisions_for(profile: Profile, *, name: str) -> Pair | None:
    """Count (decisions for one class of several, decisions), labelled or not; None where decisions are not known.

    Without a logged decision the class of the largest score is decided.
    """
    column, outcome = profile.columns.get(profile.layout.roles.prediction or ""), profile.outcome
    if column is not None and isinstance(column.bins, CategoryBins):
        return float(_rows_of(column, name)), float(column.n)
    if not isinstance(outcome, MulticlassOutcome) or not outcome.served.size:
        return None
    return float(outcome.served[outcome.classes.index(name)].sum()), float(outcome.served.sum())


def _rows_of(column: ColumnProfile, value: str) -> int:
    bins = column.bins
    place = int(bins.codes([value])[0]) if isinstance(bins, CategoryBins) else 0
    listed = isinstance(bins, CategoryBins) and place < len(bins.values)
    return int(column.counts[place]) if listed else column.unseen.get(value, 0)


def confusion(profile: Profile) -> Counts | None:
    """Count labelled rows by (decision, label), 1 being the positive class, shape (2, 2); None without two classes."""
    outcome, positive = profile.outcome, positives(profile.layout)
    if isinstance(outcome, BinaryOutcome):
        return np.asarray(outcome.counts.sum(axis=0))
    if isinstance(outcome, MulticlassOutcome) and positive is not None:
        place = outcome.classes.index(positive)
        order = [1 - place, place]
        return np.asarray(outcome.confusion[:-1, :-1][np.ix_(order, order)])
    return None


def true_positives(profile: Profile) -> Pair | None:
    """Count (positive decisions, rows) of the rows with a positive label."""
    table = confusion(profile)
    return None if table is None else (float(table[1, 1]), float(table[:, 1].sum()))


def false_positives(profile: Profile) -> Pair | None:
    """Count (positive decisions, rows) of the rows with a negative label."""
    table = confusion(profile)
    return None if table is None else (float(table[1, 0]), float(table[:, 0].sum()))


def positive_labels(profile: Profile) -> Pair | None:
    """Count (positive labels, labels)."""
    table = confusion(profile)
    return None if table is None else (float(table[:, 1].sum()), float(table.sum()))


def right(profile: Profile) -> Pair | None:
    """Count (rows predicted right, labelled rows) of a model with classes."""
    outcome = profile.outcome
    if isinstance(outcome, BinaryOutcome):
        return float(outcome.counts.sum(axis=0).trace()), float(outcome.n)
    if isinstance(outcome, MulticlassOutcome):
        return float(outcome.confusion[:-1, :-1].trace()), float(outcome.n)
    return None


def labelled(profile: Profile) -> Pair | None:
    """Count (rows with a label and a prediction, rows)."""
    return None if profile.outcome is None else (float(profile.outcome.n), float(max(profile.rows, profile.outcome.n)))


def labelled_of(profile: Profile, *, name: str) -> Pair | None:
    """Count (rows with a label that got an answer, rows that got it); None where answers are not known."""
    outcome, positive = profile.outcome, positives(profile.layout)
    if positive is None:
        decided = decisions_for(profile, name=name)
        if decided is None or not isinstance(outcome, MulticlassOutcome):
            return None
        rows, known = decided[0], float(outcome.confusion[outcome.classes.index(name)].sum())
    else:
        decided, table = selected(profile), confusion(profile)
        if decided is None or table is None:
            return None
        rows = decided[0] if name == positive else decided[1] - decided[0]
        known = float(table[int(name == positive)].sum())
    return known, max(rows, known)


def excess(profile: Profile) -> tuple[float, float, float] | None:
    """Give (mean of label - score, its standard error, rows): how many more positives there were than was said."""
    outcome = profile.outcome
    if not isinstance(outcome, BinaryOutcome):
        return None
    hits = outcome.counts[:, :, 1].sum()
    return _mean(outcome.n, float(hits - outcome.scores.sum()), outcome.brier[0])


def error(profile: Profile) -> tuple[float, float, float] | None:
    """Give (mean of predicted - label, its standard error, rows) of a regression."""
    outcome = profile.outcome
    return _mean(outcome.n, outcome.error, outcome.square) if isinstance(outcome, RegressionOutcome) else None


def predicted(profile: Profile) -> tuple[float, float, float] | None:
    """Give (mean, its standard error, rows) of the predictions of a model that answers with a number and no score."""
    layout = profile.layout
    column = layout.by_name.get(layout.roles.prediction or "")
    regression = layout.outcome is None or isinstance(layout.outcome, Regression)
    if column is None or column.kind != "numeric" or layout.roles.scores or not regression:
        return None
    rows, mean, variance = profile.columns[column.name].moments or (0, 0.0, 0.0)
    return mean, math.sqrt(variance / max(rows, 1)), float(rows)


def _mean(n: int, total: float, squares: float) -> tuple[float, float, float]:
    mean = mean_estimate(n, total, squares)
    return (mean.value, mean.error, float(n)) if mean and mean.error is not None else (0.0, 0.0, 0.0)
