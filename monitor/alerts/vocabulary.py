"""The words for detectors and kinds of alert, and what to do about each."""

from monitor.alerts.finding import BY_HAND

TITLES = {
    "drift.data": "data drift",
    "drift.prediction": "the predictions drift",
    "drift.label": "the labels drift",
    "drift.concept": "what the labels mean drifts",
    "confidence": "the model's confidence shifted",
    "performance.realised": "performance changed",
    "performance.estimated": "performance is estimated to have changed",
    "bias.temporal": "the model ages",
    "quality": "data quality",
    "health": "monitoring is impaired",
    "bias.stereotyping": "groups are treated further apart",
    "bias.selection": "groups' labels are known unequally",
    "bias.sampling": "the traffic is not made up as stated",
    "model_change": "the model changed",
    "attack.poisoning": "labels look poisoned",
    "disagreement": "models disagree",
}

SUDDEN, LASTING = "a sudden change", "lasting data drift"
"""The title of what is gathered over windows, where it has only begun."""

ORIGINS = {
    "attack_like": "an attack",
    "temporal": "the passing of time",
    "data_quality": "broken data",
    "model_change": "another model",
    "undetermined": "undetermined",
}

HELD = {
    "zeros": "most of them vectors of zeros alone",
    "garbled": "read in another encoding than they were written in",
}
"""What the invalid values of a column of vectors or texts are."""

# Numbers that have a level of their own: they rise and fall.
LEVELS = {
    "missing_share": "missing share",
    "invalid_share": "share of invalid values",
    "unseen_share": "share of categories unknown to the reference",
    "unknown_label_share": "share of labels unknown to the reference",
    "out_of_range_share": "share outside the reference's range",
    "contradicted_share": "share of predictions that contradict their scores",
    "added_column": "share of rows with this unknown column",
    "retyped_column": "share of values of another type than in the reference",
    "volume": "number of rows",
    "unlabelled_share": "share of rows without a label",
    "repeated_share": "share of rows that exactly repeat an earlier one",
    "freshness": "age of the newest record",
    "confidence_level": "mean confidence",
    "margin_level": "mean margin",
    "entropy_level": "mean entropy",
    "confidence_by_class": "mean confidence in this class",
    "confidence_gap": "mean confidence less accuracy",
    "new_version": "new version",
    "version_inputs": "distance of the new version's inputs from the older one's",
    "version_predictions": "distance of the new version's answers from the older one's",
    "version_performance": "value for the new version",
    "probe": "answers to canary inputs",
    "overconfident_share": "share of rows surer than those as far from the population",
    "disagreement_level": "mean disagreement with the other models",
    "near_certain_share": "share of near-certain predictions",
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "macro_f1": "macro F1",
    "estimated_roc_auc": "estimated ROC AUC",
    "estimated_f1": "estimated F1",
    "estimated_macro_f1": "estimated macro F1",
    "brier_score": "Brier score",
    "label_given_score": "share of labels that differ from the reference's at equal score",
    "label_given_prediction": "share of labels that differ from the reference's at equal prediction",
    "label_given_confidence": "share of right answers that differs from the reference's at equal confidence",
    "residual_distribution": "share of errors that moved away from the reference's",
    "r2": "R²",
    "equalized_odds_difference": "equalised odds difference",
    "group_accuracy_difference": "accuracy difference between groups",
    "group_calibration_difference": "calibration difference between groups",
    "group_error_difference": "mean error difference between groups",
    "group_prediction_difference": "mean prediction difference between groups",
    "representation_distance": "distance from the stated shares",
    "model_age": "age of the newest record of the reference",
    "uncovered_time_share": "share of the time that the reference does not hold",
    "mean_vector": "shift of the mean vector",
    "ageing": "lasting fall in performance",
    "lasting_drift": "lasting drift",
    "step_change": "mean",
    "client_drift": "share of a change that one client sent",
    "poisoned_labels": "share of labelled rows that look poisoned",
    "slow_poisoning": "share of labels that has looked flipped for some windows",
    "label_contradiction": "share of labels that look flipped",
}
# What is or is not.
SWITCHES = {
    "constant_column": ("holds a single value", "holds more than one value again"),
    "dropped_column": ("is missing from the records", "is in the records again"),
}
# Numbers that say how far the window is from the reference: 0 is equal.
DISTANCES = {
    "psi": "population stability index",
    "jensen_shannon_distance": "Jensen-Shannon distance",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov statistic",
    "wasserstein": "Wasserstein distance",
    "chi_square": "chi-square statistic",
    "smooth_test": "change of shape",
    "scan_test": "rise of an interval's share",
    "cramer_von_mises": "Cramér-von Mises statistic",
    "anderson_darling": "Anderson-Darling statistic",
    "hellinger_distance": "Hellinger distance",
    "kullback_leibler_divergence": "Kullback-Leibler divergence",
    "cramers_v": "Cramér's V",
    "g_test": "likelihood-ratio statistic",
}

WINDOWS_BEFORE = "the windows before"
"""What a moving baseline lays a window beside."""

# What is so or is not, without chance in it.
CERTAIN = ("new_version", "probe")
LOSSES = {
    "quarantine": "rows can be taken again",
    "unreadable_files": "every file can be read",
    "no_files": "files match again",
    "late_labels": "labels come again",
    "label_silence": "labels come again",
    "label_thinning": "labels come as they did",
    "segment_labels": "labels come of all segments again",
    "unread_rows": "no row lies unread below the cursor",
}
"""What a source loses while the rest of it is seen: health alerts that hold back no others; and how they end."""

VERSION_GONE = "no row is of this version any more"
VERSION_ALONE = "it is the only version now, and what it does is told of all traffic"
ENDS = {
    BY_HAND: "nothing; it fires again where windows from now on breach as its rule asks",
    VERSION_GONE: "nothing about this version, which answers no more",
    VERSION_ALONE: "nothing about the comparison, which is over; see what is told of all traffic, that may go on",
}
"""How an alert ends that no number ends, and what there is to do then."""

TO_DO = {
    "new_version": "if the roll-out was meant, watch how it compares with the older version; else find out who did it",
    "version": "if the new version's answers are meant, renew the reference with rows of it; else roll it back",
    "probe": "ask who changed the model or what it reads; if it was meant, take the new answers by "
    "`monitor accept {model}`; "
    "a key that differs in every answer, as a time or a latency does, belongs in `probes.ignore`",
    "version_predictions": "see whether both versions get like rows; if so, ask whether the new answers are meant",
    "version_performance": "see whether both versions get like rows; if so, roll the new one back or retrain it",
    "missing_share": "look at the feed of {where}: values stopped arriving, or a join lost its partner",
    "constant_column": "look at the feed of {where}: it repeats one value, as a stuck sensor or a default does",
    "contradicted_share": "look at how {where} and the scores are logged: scores of classes may stand in another "
    "order, or names of classes be swapped; if another threshold decides, renew the reference",
    "dropped_column": "look at what writes the records: {where} no longer comes; restore it or renew the reference",
    "added_column": "if {where} is meant, add it to the model's columns and renew the reference",
    "retyped_column": "look at what writes {where}: its type changed, and other readers may fail on it",
    "volume": "compare with the traffic that was expected; look for a feed that stopped or runs twice; name a "
    "holiday, or a sale, under `holidays`",
    "repeated_share": "look for a feed or a job that sends rows twice, or a client that sends the same ones again and "
    "again; leave the copies out where you measure or train",
    "unlabelled_share": "look at whatever writes {where} into the records: without labels nothing is known of "
    "performance, and those that still come may be no fair sample",
    "freshness": "look at whatever writes the records: nothing new has come for longer than usual",
    "invalid_share": "look at how {where} is written: its type, format, encoding or unit may have changed",
    "unseen_share": "look for new or renamed categories in {where}; if they are right, renew the reference and retrain",
    "out_of_range_share": "check the unit and the limits of {where}; if the values are right, the model extrapolates",
    "model_age": "see whether performance holds; retrain with newer data where labels allow, and renew the reference",
    "uncovered_time_share": "trust answers of these times less; put data of them into the reference and the training",
    "broken": "mend what produces {where} first; do not retrain on these rows",
    "unrelated_answers": "look at what the model answers, and to which rows: at a release, at the order of its "
    "features, at what is logged as its answer; do not retrain for it",
    "unrelated_labels": "see that labels are joined to their own records: an id that is shifted or used again takes "
    "them apart; do not retrain on these rows",
    "unrelated_either": "see that labels are joined to their own records, and answers logged beside their own rows: "
    "an id that is shifted or used again takes them apart; then that the model reads its features in their order; do "
    "not retrain on these rows",
    "missing_rows": "look at what sends the rows that are missing, told apart by {where}: the others come as "
    "before; if none were to be expected, nothing is broken; do not retrain on what is left",
    "grows": "put {where} into `columns.ignore`: it grows with time, so that no window is like the reference again; "
    "a difference made of it, as an age is, can be compared",
    "quality": "look at what produces {where} before trusting the predictions made on it",
    "quarantine": "look at whatever writes these rows; they are kept whole in the table `quarantine`",
    "unreadable_files": "write these files again, whole, under another name first and then in place; until then "
    "their rows are missing from all that is measured",
    "no_files": "look whether the folder is still there and still written to; files that are moved away once they are "
    "read leave the newest in place",
    "late_labels": "look at whatever writes the labels, and whether their ids are those of the records; if they take "
    "longer, raise `max_delay`",
    "label_silence": "look at whatever writes the labels: until they come again, nothing is known of performance since",
    "label_thinning": "look at whatever writes the labels, and which records have none: those that have may be no fair "
    "sample",
    "segment_labels": "look at whatever writes the labels of this segment; until they come, performance is known of "
    "the others only, and of all traffic late or not at all",
    "unread_rows": "widen `lookback` to the age at which rows still come, and those within it are read; rows whose "
    "time is written in another way than the rest stand elsewhere in the order, and need mending in the table",
    "health": "look at the source: while this lasts, other alerts of the model wait or have no answer",
    "drift": "find out whether the world changed or what feeds {where}: a source, a unit, a release; watch "
    "performance, and retrain if it falls",
    "turned": "look at the release of the model, and at what is logged as {where}: it answers otherwise, and the world "
    "is as it was; calibrate it anew, and do not retrain for it",
    "step_change": "look at what feeds {where}: which source, unit or release changed then; do not retrain on these "
    "rows before that is known",
    "client_drift": "find out what the client named here sends since then: another program or unit, other goods, or a "
    "search for what the model lets pass; keep its rows out of training until that is known",
    "mean_vector": "lay records of this window beside the reference's: a topic, a language, another version of what "
    "makes the vectors; watch performance, and retrain if it falls",
    "at_once": "look at what changed then: the model or its version, how labels are made, or the world, and retrain "
    "only if it is the world",
    "drift.concept": "the same predictions mean something else now: find what changed, and retrain on recent labels",
    "crafted": "look at the clients and records of these rows: crafted inputs look like this",
    "disagreement_level": "look at the rows on which the models differ; one of them has changed, or the inputs have",
    "confidence": "look at the records with the least confidence; compare with the drift of the columns",
    "performance": "compare with the reference period, by segment; check the labels, then retrain or roll back",
    "performance.estimated": "look at which columns moved; get labels for some of these records before retraining",
    "attack": "look at the clients and records named here; limit or block them, and keep the records as evidence",
    "attack.poisoning": "keep these rows out of training until someone has looked at them, and at who labelled them; "
    "where the labels are right, what they mean has changed: renew the reference",
    "smaller": "nothing to retrain: errors are of {now} on average, where the reference's are of {before}; see whether "
    "rows are easier, as in a calm, or whether labels are taken from the answers",
    "attacked": "see to the attack first; do not retrain on these rows, nor on their labels, before what it sent, or "
    "labelled, is left out",
    "sudden": "look at what changed then: a release, a feed, how labels are made; retrain only if it lasts",
    "bias.temporal": "retrain with data from the day named here on, unless what changed then is wrong, or comes and "
    "goes with the calendar",
    "bias": "compare the segments; do not act on the predictions for the groups named here without a check",
    "demographic_parity_difference": "compare the groups' decisions by {where}, and what else changed with them; until "
    "that is understood, have decisions for the groups named here checked by people",
    "equalized_odds_difference": "look at the mistakes made on the groups named here by {where}: labels, inputs, "
    "threshold; have their decisions checked by people until then",
    "group_error_difference": "look at the errors made on the groups named here by {where}: labels, inputs, what "
    "changed then; do not act on their predictions without a check until then",
    "group_prediction_difference": "compare the groups' inputs and predictions by {where}, and what else changed with "
    "them; until that is understood, have predictions for the groups named here checked by people",
    "label_coverage_difference": "find out why labels of the groups named here by {where} are missing; do not retrain "
    "on those that came alone",
    "bias.sampling": "find out who is missing by {where}; weight the groups by their stated shares before retraining",
    "stayed": "see that it is meant: the values are as they have been since they leapt, and not as before",
    "became_usual": "see that the number of rows is meant: it is as in the windows since then, and not as before them",
    "poisoned_before": "keep the labels that this told of out of training until someone has looked at them, and at who "
    "made them: later ones are no longer sure to be worse, which is no all-clear",
    "resolved": "nothing; it has been clear for as many windows as its rule asks",
    "": "compare the window with the reference",
}


def level_of(detector: str) -> str:
    """Give what a detector's value is called in a sentence.

    >>> level_of("roc_auc"), level_of("mean_absolute_error")
    ('ROC AUC', 'mean absolute error')
    """
    return LEVELS.get(detector) or DISTANCES.get(detector) or detector.replace("_", " ")
