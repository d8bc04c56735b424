"""Clients that ask more than the busiest do, by that alone, or by what more than others of them is doubtful."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from monitor.detectors.attack.baseline import SLACK, Baseline
from monitor.detectors.attack.ecusum import Floats
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import VOLUME
from monitor.detectors.attack.sighting import SHOWN, Sighting
from monitor.detectors.attack.signs import Signs
from monitor.detectors.attack.suspects import QUARTER
from monitor.detectors.attack.volume import LEAST, SPANS, beside_others

Array = NDArray[Any]


def busy(
    baseline: Baseline,
    held: Mapping[str, Array],
    epoch: Epoch,
    signs: Signs,
    *,
    doubtful: NDArray[np.int64],
    rates: Floats,
) -> Iterator[Sighting]:
    """Tell of clients that send more different rows in an hour or a day than the busiest of all clients explain.

    Who copies a model with genuine rows asks much, and of the boundary: both may be too little to tell by themselves.
    doubtful: of `Suspects`. rates: the share of honest rows that show each indicator at most.
    """
    usual = float(rates[QUARTER] / SLACK[QUARTER])
    for number, (span, asked) in enumerate(zip(SPANS, signs.asked, strict=True)):
        if asked.max(initial=0) < LEAST:
            continue
        alone, busiest = beside_others(held, number, epoch.place, asked)
        shown = np.flatnonzero((alone >= SHOWN) & (epoch.place >= 0))
        log_e = np.zeros(epoch.size)
        log_e[shown] = both(alone[shown], *doubtful[:, shown], usual=usual)
        for place, now in np.unique(np.stack([epoch.place[shown], epoch.slices[shown]]), axis=1).T.tolist():
            rows = shown[(epoch.place[shown] == place) & (epoch.slices[shown] == now)]
            most = rows[int(log_e[rows].argmax())]
            volume = {"span": span, "rows": int(asked[most]), "busiest": round(float(busiest[most]))}
            if log_e[most] > alone[most]:
                looked, hits = doubtful[:, most].tolist()
                volume["doubtful"] = {"rows": looked, "hits": hits, "usual": round(usual, 3)}
            in_all = {"asked": int(held["client_fresh"][place]), "model_budget": baseline.budget or None}
            yield Sighting(
                VOLUME,
                epoch.queries.names[epoch.queries.who[epoch.first + most]],
                epoch.queries.start(now),
                int(asked[most]),
                int(asked[most]),
                0.0,
                float(log_e[most]),
                evidence={"volume": volume, **in_all},
                **epoch.named(rows),
            )


def both(alone: Floats, rows: NDArray[np.int64], hits: NDArray[np.int64], *, usual: float) -> Floats:
    """Give minus the log of the chance of asking so much, or of that and of so many doubtful rows, whichever is less.

    alone: that of the number alone. usual: the share of honest rows that is doubtful. What is doubtful counts for no
    more than the number does: who is busy in a segment at the boundary is not accused for that. (Fisher 1932)

    >>> found = both(np.array([9.0, 9.0, 9.0]), np.array([300, 300, 300]), np.array([75, 100, 200]), usual=0.25)
    >>> found.round(1).tolist()
    [9.0, 13.4, 15.1]
    """
    doubt = -np.log(np.maximum(bdtrc(hits - 1, rows, usual), 1e-300))
    together = alone + np.where(hits > 0, np.minimum(doubt, alone), 0.0)
    return np.maximum(alone, together - np.log1p(together))
