"""What can be shown of suspicious rows: the cluster that they belong to, or the columns that make them odd."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.clusters import LABELS, Memberships
from monitor.detectors.attack.contract import Faults
from monitor.detectors.attack.indicators import CONTRACT, SIMILAR, TRAINED
from monitor.detectors.attack.space import Rows, Space
from monitor.profiles.bins import CategoryBins

Array = NDArray[Any]

MOST_COLUMNS = 5
CLUSTERED = (*SIMILAR, "one_column_sweep", "cluster")
UNKNOWN = "(unknown)"


class Client(NamedTuple):
    """Whose rows an account is about: the mark that clusters have of a client, and what gives the id of a row."""

    mark: int
    id_of: Callable[[int], str]


def account_of(
    baseline: Baseline,
    rows: Rows,
    faults: Faults,
    held: Mapping[str, Array],
    *,
    detector: str,
    hit: NDArray[np.intp],
    joined: Memberships,
    client: Client | None = None,
) -> dict[str, Any]:
    """Give the evidence behind a sighting, as JSON has it.

    faults: where `rows` break the contract. hit: those of them that showed the sign; joined: the clusters that they
    joined, which are told of as the last of them found it. client: who sent all of `hit`; None where that were many.
    """
    if detector in CLUSTERED:
        if not (joined.cluster >= 0).any():
            return {}
        k = int(np.bincount(joined.cluster[joined.cluster >= 0]).argmax())
        theirs = joined.at(np.flatnonzero(joined.cluster == k))
        own = _own(held, k, client, hit[joined.cluster == k], theirs) if client else {}
        return {"cluster": cluster_of(baseline, held, k) | _last(size=theirs.size, flips=theirs.flips) | own}
    if not hit.size:
        return {}
    if detector in CONTRACT:
        return {"columns": _broken(baseline.space, faults.take(hit), detector)}
    if detector == TRAINED:
        # nothing is odd of rows that are the reference's own
        return {}
    return {"columns": _columns(baseline, rows.take(hit))}


def _last(**counts: Array) -> dict[str, int]:
    """Give the last of each."""
    return {name: int(of[-1]) for name, of in counts.items()}


def _own(
    held: Mapping[str, Array], k: int, client: Client, hit: NDArray[np.intp], joined: Memberships
) -> dict[str, Any]:
    """Give of a cluster's rows those of a client: how many, how often its answer flipped, and ids in the order of time.

    These are of its first one in the cluster, where that is kept, and of the first and last that showed the sign now.
    Nothing of a client for whom the cluster had no room.
    """
    (place,) = np.nonzero(held["cluster_members"][k] == client.mark)
    if not place.size:
        return {}
    first = [one.decode(errors="replace") for one in held["cluster_own_first"][k, place[0] : place[0] + 1].tolist()]
    ids = dict.fromkeys([*first, *map(client.id_of, (int(hit[0]), int(hit[-1])))])
    return {"own": _last(size=joined.own, flips=joined.own_flips) | {"ids": [one for one in ids if one]}}


def cluster_of(baseline: Baseline, held: Mapping[str, Array], k: int) -> dict[str, Any]:
    """Give what a cluster grows by: how many rows, of how many clients, how often the answer flipped, and a pair."""
    own = {name.removeprefix("cluster_"): array[k] for name, array in held.items() if _of_each(name)}
    asked = own["grown_asked"][own["grown_asked"] > 0]
    names = baseline.answers.names
    labels = {_named(names, i): int(n) for i, n in enumerate(own["labels"][:LABELS].tolist()) if n}
    found: dict[str, Any] = {
        "size": int(own["grown_size"]),
        "clients": int(asked.size),
        "top_client_share": round(float(asked.max() / asked.sum()), 3) if asked.size else None,
        "flips": int(own["grown_flips"]),
        "labels": labels,
        "varied": [name for name, varied in zip(baseline.space.names, own["varied"].tolist(), strict=True) if varied][
            :20
        ],
        "ids": [text.decode(errors="replace") for text in dict.fromkeys(own["ids"].tolist()) if text],
        "pair": _pair(baseline, own),
    }
    margin = float(own["margin"])
    return found | ({"margin": round(margin, 3)} if baseline.answers.scores and np.isfinite(margin) else {})


def _of_each(name: str) -> bool:
    shared = ("cluster_link", "cluster_next", "cluster_most")
    return name.startswith("cluster_") and not name.startswith(shared)


def _pair(baseline: Baseline, own: Mapping[str, Array]) -> list[dict[str, Any]]:
    """Give the columns in which the first and the last row of a cluster differ, the largest difference first."""
    space = baseline.space
    before, after = own["grown_from"], own["latest"]
    gap = np.nan_to_num(np.abs(after - before) / space.scale, nan=np.inf)
    gap[(before == after) | (np.isnan(before) & np.isnan(after))] = 0
    order = [i for i in np.argsort(-gap, kind="stable").tolist() if gap[i] > 0]
    names = [f"length of {name}" if i in space.texts else name for i, name in enumerate(space.names)]
    found = [
        {"column": names[i], "from": _number(before[i]), "to": _number(after[i]), "deviations": _number(gap[i])}
        for i in order[:MOST_COLUMNS]
    ]
    for i in np.flatnonzero(own["grown_from_codes"] != own["latest_codes"]).tolist():
        column = space.columns[len(space.widths) + i]
        sides = (_category(column.bins, int(side[i])) for side in (own["grown_from_codes"], own["latest_codes"]))
        found.append({"column": column.name, **dict(zip(("from", "to"), sides, strict=True))})
    return found[: 2 * MOST_COLUMNS]


def _broken(space: Space, faults: Faults, detector: str) -> list[dict[str, Any]]:
    """Give the columns by which rows break the contract, with the share of the rows that do, and if a text hides it.

    A vector is one column, whichever of its numbers do.
    """
    shares = space.by_column(faults.malformed if detector == "malformed" else faults.broken).mean(axis=0)
    order = [i for i in np.argsort(-shares, kind="stable").tolist() if shares[i] > 0][:MOST_COLUMNS]
    hidden = space.by_column(faults.hidden).any(axis=0)
    hides = {i for i in np.flatnonzero(hidden).tolist() if detector != "malformed"}
    return [
        {"column": space.columns[i].name, "share": round(float(shares[i]), 3)} | ({"hides": True} if i in hides else {})
        for i in order
    ]


def _columns(baseline: Baseline, rows: Rows) -> list[dict[str, Any]]:
    """Give the columns in which rows lie far off, with how far that is on average, in robust deviations."""
    away = np.abs(np.clip(np.nan_to_num(baseline.space.scaled(rows)), -1e6, 1e6)).mean(axis=0)
    order = np.argsort(-away, kind="stable").tolist()[:MOST_COLUMNS]
    return [{"column": baseline.space.names[i], "deviations": _number(away[i])} for i in order]


def _named(names: tuple[str, ...], place: int) -> str:
    return names[place] if place < len(names) else str(place)


def _category(bins: object, code: int) -> str | None:
    if not isinstance(bins, CategoryBins) or code < 0:
        return None
    return bins.values[code] if code < len(bins.values) else UNKNOWN


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
