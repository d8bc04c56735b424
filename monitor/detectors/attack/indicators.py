"""The signs of an attack that a row can show, each told per client: what they are called and what they speak of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Indicator:
    """A sign that few honest rows show.

    kind: of the alert that it raises. rate: the share of honest rows that show it at most, where it is not measured.
    family: signs of one family repeat each other. says: what rows that show it are, for a sentence. blind: to what.
    """

    kind: str
    family: str
    rate: float
    says: str
    blind: str


HIDING = "with invisible characters or look-alike letters in texts, more than any honest row"
"""What rows off contract are of which texts hide something, for a sentence."""
DOUBT = "doubt"
"""The family of signs that other families' signs are put together in."""
INDICATORS_BY_NAME: Mapping[str, Indicator] = {
    "near_duplicates": Indicator(
        "attack.evasion",
        "similar",
        0.02,
        "near-copies of rows that the same client sent at least seven near-copies of before",
        "queries further apart than a robust deviation in most columns; clients that send each copy under another id; "
        "texts that differ in their numbers alone, while the answer hardly flips",
    ),
    "near_duplicate_starts": Indicator(
        "attack.evasion",
        "similar",
        0.10,
        "near-copies of the row that the same client sent just before, or of one of which it sent at least two",
        "the same as near_duplicates; where clients send rows like their own last ones anyway, none of these",
    ),
    "near_other_newcomers": Indicator(
        "attack.evasion",
        "similar",
        0.02,
        "near-copies of rows that others had among their first just before",
        "clients that were known before the attack, and queries that lie apart as honest rows do",
    ),
    "far_from_population": Indicator(
        "attack.extraction",
        "population",
        0.125,
        "far from all rows of the reference",
        "queries made of genuine rows",
    ),
    "far_from_class": Indicator(
        "attack.extraction",
        "population",
        0.125,
        "far from the rows that get such an answer",
        "inputs that stay near the mean of the class that they pass for",
    ),
    "distrusted": Indicator(
        "attack.evasion",
        "population",
        0.125,
        "nearer to rows that get another answer",
        "perturbations that are small beside the distance between the classes",
    ),
    "odd_combination": Indicator(
        "attack.extraction",
        "combination",
        0.125,
        "of values that do not go together as the reference's do",
        "features that are independent of each other anyway, and queries made of genuine rows",
    ),
    "unlikely_answer": Indicator(
        "attack.evasion",
        "answer",
        0.125,
        "answered as rows of such values hardly ever are",
        "perturbations whose wrong answer is usual for such values, and models that give one answer to all",
    ),
    "narrow_margin": Indicator(
        "attack.evasion",
        "margin",
        0.125,
        "barely decided",
        "models that give no scores, and attacks that stop far beyond the boundary",
    ),
    "doubtful": Indicator(
        "attack.evasion",
        DOUBT,
        0.085,
        "doubtful: near where answers change, of values that do not go together",
        "perturbations that are small beside the distance between the classes",
    ),
    "often_doubtful": Indicator(
        "attack.evasion",
        DOUBT,
        0.425,
        "among the more doubtful quarter, as those are that feel for the boundary or copy a model along it",
        "queries drawn as honest rows are, and clients that send few of them in an hour",
    ),
    "odd_all_round": Indicator(
        "attack.extraction",
        DOUBT,
        0.05,
        "odd in three respects at once, such as where they lie, how values go together and what the answer is",
        "queries drawn as honest rows are, and those that are odd in one or two respects",
    ),
    "off_contract": Indicator(
        "attack.evasion",
        "contract",
        0.005,
        "of more decimals, or a wider range, than any honest row",
        "attackers who round to what is usual",
    ),
    "malformed": Indicator(
        "attack.probing",
        "contract",
        0.005,
        "without a value that is never missing, or of an unheard-of category",
        "well-formed probes",
    ),
    "training_rows": Indicator(
        "attack.privacy",
        "training",
        0.02,
        "exactly rows of the reference",
        "attackers who hold no training rows; references that are not the training data",
    ),
    "one_column_sweep": Indicator(
        "attack.probing",
        "sweep",
        0.3,
        "like a row that the client sent just before in all but a few columns, the same over and over",
        "sweeps that are spread between other queries, and those of few steps",
    ),
}
VOLUME = "volume"
TRAINED = "training_rows"
ALL_BY_NAME: Mapping[str, Indicator] = {
    **INDICATORS_BY_NAME,
    VOLUME: Indicator(
        "attack.extraction",
        "volume",
        0.0,
        "different rows in a short time",
        "clients that take many days, and traffic of which few clients send most",
    ),
}
"""With the sign that no row shows by itself."""
NAMES: tuple[str, ...] = tuple(INDICATORS_BY_NAME)
INDICATORS: tuple[Indicator, ...] = tuple(INDICATORS_BY_NAME.values())


class Tail(NamedTuple):
    """The worst rows by a statistic, among the honest ones of all the population or of a region.

    share: of the honest rows that are among them; slack: times that share is what a client may show that is unlike the
    rest. rare: whether the worst hundredth is looked at, too.
    """

    statistic: str
    share: float = 0.05
    slack: float = 2.5
    by_region: bool = True
    rare: bool = True


TAILS: Mapping[str, Tail] = {
    "far_from_population": Tail("knn"),
    "far_from_class": Tail("mahalanobis"),
    "distrusted": Tail("trust", by_region=False),
    "odd_combination": Tail("combination", by_region=False),
    "unlikely_answer": Tail("answer", by_region=False),
    "narrow_margin": Tail("margin", by_region=False),
    "doubtful": Tail("doubt", slack=1.7),
    "often_doubtful": Tail("doubt", share=0.25, slack=1.7, rare=False),
}
"""Signs that a row is among the worst by a statistic."""
CONTRACT = ("off_contract", "malformed")
"""Signs that a row breaks what every honest row keeps to."""
RAREST = np.array([name in TAILS and TAILS[name].rare for name in NAMES])
"""The signs of which the worst are told."""
PASSING = np.array([name in TAILS or name in CONTRACT for name in NAMES])
"""Signs that the world brings to honest rows, too: others' excuse a client's, and evidence ends with its stretch."""
ODD, RESPECTS, MANY_RESPECTS, ODD_RATE = "odd_all_round", 3, 4, 0.3
"""Rows that are odd in so many respects, and the oddest of them. So large a share of a client's may be so, whoever it
is: what comes slowly tells as much as what comes at once, and a changed world makes no more than these odd."""
_RESPECTS = np.array(
    [
        [
            passes and one.family == family and name != "malformed"
            for name, one, passes in zip(NAMES, INDICATORS, PASSING, strict=True)
        ]
        for family in sorted({one.family for one in INDICATORS})
    ]
)
"""By family, the passing signs; an unheard-of value is a sign by itself."""
MOST_RATE = 0.5
"""A sign that so many honest rows show tells nothing of anyone."""
SIMILAR = ("near_duplicates", "near_duplicate_starts")
SWEEP = "one_column_sweep"
COPYING = (*SIMILAR, SWEEP)
"""Signs of rows that are like earlier ones of the same client."""
MET = "near_other_newcomers"
"""That which only new clients can show, and show together."""


def respects(hits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the families of passing signs that rows show. hits: shape (rows, indicators)."""
    return np.asarray(np.sum([hits[:, family].any(axis=1) for family in _RESPECTS], axis=0), np.int64)
