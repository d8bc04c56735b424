"""How grave it is what a client is suspected of, and what honest clients may show, too."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.detectors.attack.indicators import ALL_BY_NAME, DOUBT, NAMES, PASSING
from monitor.detectors.attack.sighting import Sighting, sign_of
from monitor.stats.evidence import is_sure
from monitor.types import SEVERITIES, Severity

FLIPS, HARDLY, WHAT_IF, FEW_VARIED = 5, 2, 0.5, 3
FELT, FELT_SHARE = 30, 0.2
HANDFUL = 15
"""So few rows people make by hand, to try a model out."""
BY_HAND = frozenset(name for name, passes in zip(NAMES, PASSING, strict=True) if passes and name != "malformed")
CARRIERS, FAR, APART, SOME = 2, 8.0, 4.0, 0.1
"""Two columns carry all that is odd, where they lie eight robust deviations off and four times as far as any other."""


def severity_of(found: Sequence[Sighting], others: Sequence[Sighting], *, client: str, limit: float) -> Severity:
    """Say how grave it is: critical, warning or info.

    Critical are near-copies whose answer flipped five times or more, a client's own where it is one's, if more than
    three columns are varied, and signs of two families that are sure; a warning is one family, or more of them that two
    columns carry alone, as those of a changed unit do; what is known of no client in particular is one step less. What
    honest people may do is info: to send much that is alike and gets one answer, as who sells a hundred shirts does, to
    vary few values of a row again and again, to ask much, or to send up to fifteen odd rows; a warning, though, if the
    answer flipped five times while more than three columns were varied, if few at a time.
    """
    alarming = [one for one in (*found, *others) if one.log_e >= limit]
    if alarming and all(map(_maybe_honest, alarming)):
        return "info"
    flips = max((_flips(one) for one in (*found, *others) if not _compares_few(one) and not _varies(one)), default=0)
    # what is doubtful, all told, repeats what its parts say
    sure = [one for one in (*found, *others) if is_sure(one.log_e, limit) and _family(one.detector) != DOUBT]
    several = len({_family(one.detector) for one in sure}) > 1 and not _of_few_columns(sure)
    return SEVERITIES[(0 if flips >= FLIPS or several else 1) + (0 if client else 1)]


def _of_few_columns(signs: Iterable[Sighting]) -> bool:
    """Say whether the same two columns, at most, carry all that is odd of rows."""
    columns = [_carriers(one.evidence.get("columns") or ()) for one in signs]
    return all(columns) and len(frozenset[str]().union(*columns)) <= CARRIERS


def _carriers(columns: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Name the columns that carry what is odd of rows, of those that are odd in some part of them, or lie far off."""
    if columns and "share" in columns[0]:
        return frozenset(one["column"] for one in columns if one["share"] >= SOME)
    away = {one["column"]: one["deviations"] or 0.0 for one in columns}
    far = frozenset(name for name, by in away.items() if by >= FAR)
    rest = max((by for name, by in away.items() if name not in far), default=0.0)
    return far if min((away[name] for name in far), default=0.0) >= APART * rest else frozenset()


def flips_of(cluster: Mapping[str, Any], client: str) -> int:
    """Count how often the answer to near-copies flipped: to a client's own, or to all where no client is meant.

    0 where others sent some, too, and the client's are not known.

    >>> shared = {"flips": 141, "clients": 3, "own": {"size": 278, "flips": 0}}
    >>> flips_of(shared, "mallory"), flips_of(shared, ""), flips_of({"flips": 9, "clients": 1}, "mallory")
    (0, 141, 9)
    """
    alone = not client or cluster.get("clients", 1) <= 1
    own = cluster.get("own") or ({"flips": cluster.get("flips")} if alone else {})
    return int((own if client else cluster).get("flips") or 0)


def feels_for_the_boundary(flips: int, steps: int) -> bool:
    """Say whether a client that changes few values at a time goes back and forth over the boundary.

    Who asks "what if" sees the answer change some times, and stops or goes on elsewhere.

    >>> feels_for_the_boundary(118, 298), feels_for_the_boundary(12, 40), feels_for_the_boundary(40, 900)
    (True, False, False)
    """
    return flips >= FELT and flips >= FELT_SHARE * steps


def is_shared(cluster: Mapping[str, Any]) -> bool:
    """Say whether a cluster of a client's near-copies holds rows of others, or may: what is said of it is not of one.

    >>> [is_shared({"size": 9, "clients": 1, "own": {"size": own}}) for own in (9, 8)]
    [False, True]
    """
    own = (cluster.get("own") or {}).get("size")
    return cluster.get("clients", 1) > 1 or (own is not None and own < cluster.get("size", 0))


def _flips(one: Sighting) -> int:
    return flips_of(one.evidence.get("cluster") or {}, one.client)


def _gets_one_answer(one: Sighting) -> bool:
    """Say whether it is known that the answer to a client's near-copies has hardly ever flipped."""
    cluster = one.evidence.get("cluster") or {}
    alone = cluster.get("clients", 1) <= 1 and cluster.get("flips") is not None
    return bool(one.client and (cluster.get("own") or alone) and _flips(one) < HARDLY)


def _compares_few(one: Sighting) -> bool:
    """Say whether near-copies differ in few columns only, as those of who compares the quotes for one person do."""
    varied = (one.evidence.get("cluster") or {}).get("varied")
    return varied is not None and len(varied) <= FEW_VARIED


def _maybe_honest(one: Sighting) -> bool:
    """Say whether honest clients may show it: whose goods are alike, who ask "what if", much, or some odd rows."""
    family = _family(one.detector)
    if one.client and one.rows <= HANDFUL and one.detector in BY_HAND:
        return True
    if family == "similar" and _gets_one_answer(one):
        return True
    if _varies(one):
        return _flips(one) < FLIPS or _compares_few(one)
    return family == "volume" or (family == "sweep" and _flips(one) < FLIPS)


def _varies(one: Sighting) -> bool:
    """Say whether near-copies mostly differ in few values from one that was sent shortly before."""
    return _family(one.detector) == "similar" and one.evidence.get("what_if", 0.0) > WHAT_IF


def _family(detector: str) -> str:
    known = ALL_BY_NAME.get(sign_of(detector))
    return known.family if known else detector
