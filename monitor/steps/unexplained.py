"""What a client shows that the columns which it breaks do not explain: then its broken data are no excuse."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from monitor.detectors.attack import Sighting
from monitor.detectors.attack.indicators import CONTRACT, SIMILAR, SWEEP, VOLUME
from monitor.detectors.suspicion.faulty import MISSING
from monitor.profiles.profile import Profile
from monitor.stats.evidence import is_sure

OF_INPUTS = ("far_from_population", "odd_combination")
"""Signs that do not hang on the answer."""
LIKE_OTHERS = 0.5
"""Where others' rows show a sign half as often, once some columns are left out, it comes of that."""


def copies_whole_rows(own: Sequence[Sighting], broken: Mapping[str, str], reference: Profile, *, alarm: float) -> bool:
    """Say whether a client surely sends near-copies of a vector that it breaks, but that holds something.

    A vector is most of its row: without it nobody could see a search, which a length off by a thousandth would hide.
    own: what it showed. broken: columns with what they hold.
    """
    kinds = reference.layout.by_name
    held = any(name in kinds and kinds[name].kind == "vector" and what != MISSING for name, what in broken.items())
    return held and any(one.detector in SIMILAR and is_sure(one.log_e, alarm) for one in own)


def sweeps(own: Sequence[Sighting], broken: Mapping[str, str], *, alarm: float) -> bool:
    """Say whether a client surely tries one value after the other in what it breaks, in rows that are else the same.

    A feed that breaks sends the rows that it sends, each with what is wrong. own, broken: as of `copies_whole_rows`.
    """
    told = (_varied(one) for one in own if one.detector == SWEEP and is_sure(one.log_e, alarm))
    return any(varied and broken.keys() >= varied for varied in told)


def _varied(swept: Sighting) -> set[str]:
    """Name the columns in which the rows of a sweep differ; a number of a vector is told by its column."""
    names = map(str, (swept.evidence.get("cluster") or {}).get("varied") or ())
    return {name.rpartition("[")[0] if name.endswith("]") else name for name in names}


def asks_more(own: Sequence[Sighting], broken: Mapping[str, str], *, alarm: float) -> bool:
    """Say whether a client asks more than any other, or tries one value after the other in what it does not break.

    Neither comes of a broken column, which who searches may break on purpose. own, broken: as of `copies_whole_rows`.
    """
    shown = [one for one in own if one.log_e >= alarm]
    swept = [name for one in shown if one.detector == SWEEP for name in _varied(one)]
    return any(one.detector == VOLUME for one in shown) or any(name not in broken for name in swept)


def shows_more(
    left: Sequence[Sighting],
    *,
    alarm: float,
    contract: bool = False,
    usual: Callable[[], Sequence[Sighting]] = tuple[Sighting, ...],
) -> bool:
    """Say whether a client surely shows what the columns that it breaks do not explain: near-copies, and odd rows.

    Answers are not looked at: they come of these columns, too. contract: whether values that break the contract in
    other columns are, as where several are broken. left: what its rows show without them. usual: gives what
    rows of others do without them, which may look odd by that alone, and more alike. alarm: the evidence that an alarm
    asks for, in nats.
    """
    kinds = (*SIMILAR, *OF_INPUTS, *(CONTRACT if contract else ()))
    signs = [one for one in left if not one.total and one.detector in kinds]
    sure = [one for one in signs if is_sure(one.log_e, alarm)]
    others = _shares([one for one in usual() if one.total]) if sure else {}
    shares = _shares(sure)
    return any(shares[name] * LIKE_OTHERS > others.get(name, 0.0) for name in shares)


def _shares(shown: Iterable[Sighting]) -> dict[str, float]:
    """Give by sign the share of rows that show it."""
    rows, hits = Counter[str](), Counter[str]()
    for one in shown:
        rows[one.detector] += one.rows
        hits[one.detector] += one.hits
    return {name: hits[name] / rows[name] for name in rows if rows[name]}
