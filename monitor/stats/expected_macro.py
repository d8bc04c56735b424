"""What precision, recall and F1 are expected to be on average over the classes before labels come.

From the served rows by the class that was decided, the chance that each is right, and how labels share out where it is
not; the slopes say how the average answers to one label and to one more row. (Garg et al. 2022; NannyML 2022)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SELDOM = 0.5
"""A class that is expected less often than this in a window is left out, as one without rows is of what is realised."""


@dataclass(frozen=True, eq=False)
class Decided:
    """Served rows by the class decided.

    counts, chances: shape (classes, groups), rows of like scores, and the chance that they are right. wrongs: shape
    (classes, classes + 1), the shares of each label, the last being any other, among rows that are not; 0 in a class's
    own place.
    """

    counts: Counts
    chances: Floats
    wrongs: Floats


@dataclass(frozen=True, eq=False)
class ExpectedMacro:
    """An average that is expected of a window.

    by_right: shape (classes,), how much it would rise were one row's decision right instead of wrong. scatter: shape
    (classes,), the variance that the label of a row adds that is decided wrongly. by_row: shape (classes, groups), a
    row's share in how far it strays from its mean, times the number of rows.
    """

    value: float
    by_right: Floats
    scatter: Floats
    by_row: Floats

    def label_variance(self, rows: Decided) -> float:
        """Give by how much the realised number will vary about the expected one, for labels drawn by their chances."""
        counts, chances = rows.counts, rows.chances
        drawn = (counts * chances * (1 - chances)).sum(axis=1) @ self.by_right**2
        return float(drawn + (counts * (1 - chances)).sum(axis=1) @ self.scatter)

    def row_variance(self, rows: Decided) -> float:
        """Give by how much the expected number varies between samples of as many rows."""
        return float((rows.counts * self.by_row**2).sum()) / max(int(rows.counts.sum()), 1) ** 2


def expected_macro_precision(rows: Decided) -> ExpectedMacro | None:
    """Give the mean share of right decisions over the classes decided, in [0, 1]; None without rows.

    >>> likely = np.array([[0.8], [0.4]])
    >>> round(expected_macro_precision(Decided(np.array([[10], [30]]), likely, np.eye(2, 3, 1))).value, 3)
    0.6
    """
    return _averaged(rows, top=1, decided=1, labelled=0)


def expected_macro_recall(rows: Decided) -> ExpectedMacro | None:
    """Give the mean share of labels decided rightly over the classes expected, in [0, 1]; None without any."""
    return _averaged(rows, top=1, decided=0, labelled=1)


def expected_macro_f1(rows: Decided) -> ExpectedMacro | None:
    """Give the classes' mean F1, in [0, 1]; None where none is decided or expected."""
    return _averaged(rows, top=2, decided=1, labelled=1)


def _averaged(rows: Decided, *, top: float, decided: float, labelled: float) -> ExpectedMacro | None:
    """Average top * right / (decided * rows + labelled * labels) over the classes."""
    counts, chances, wrongs = rows.counts, rows.chances, rows.wrongs[:, :-1]
    served, right = counts.sum(axis=1), (counts * chances).sum(axis=1)
    labels = right + (served - right) @ wrongs
    ends = decided * served + labelled * labels
    used = ends >= SELDOM
    if not used.any():
        return None
    share = np.divide(used, ends, out=np.zeros(ends.size), where=used) / used.sum()
    fall = -top * right * share**2 * used.sum()
    as_right, as_label = top * share + labelled * fall, labelled * fall
    as_wrong = wrongs @ as_label
    by_row = (decided * fall)[:, None] + chances * as_right[:, None] + (1 - chances) * as_wrong[:, None]
    return ExpectedMacro(
        float(top * right @ share), as_right - as_wrong, wrongs @ as_label**2 - as_wrong**2, by_row * counts.sum()
    )
