"""What rows show: near-copies of earlier ones, how far they lie from the population, what no honest row does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.alike import ASKED_EARLY, SWEPT, Alike, Beside, alike_of, beside_of, load_of
from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import repeats
from monitor.detectors.attack.clusters import Clusters, Memberships
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.indicators import (
    COPYING,
    MANY_RESPECTS,
    MET,
    NAMES,
    ODD,
    PASSING,
    RESPECTS,
    SWEEP,
    TAILS,
    respects,
)
from monitor.detectors.attack.meetings import meet
from monitor.detectors.attack.members import NAME
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.sensors import HOUR, unhurried
from monitor.detectors.attack.volume import SPANS, asked_lately
from monitor.detectors.attack.walks import shared_with_last

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

ASKED_OFTEN, FLIPPED = 8, 5
APART_IN, STEP_IN = 2, 8
"""Two rows lie apart that share so many tables at most, and one is a step from the other where they share so many."""
TIMES, CHANCE, MOST = 3.0, 2.0, 0.9
NEW = 100
"""A client is a newcomer for so many rows."""
PLACE = {name: place for place, name in enumerate(NAMES)}
OF_VALUES = np.isin(NAMES, [name for name, tail in TAILS.items() if tail.statistic != "margin"])
"""The signs that hang on the values of a row, and not on how it is answered alone."""


@dataclass(frozen=True, eq=False)
class Signs:
    """What the rows of an epoch show.

    hits, counted, rare: shape (rows, indicators); a row that is not counted says nothing; rare: of the tails, the worst
    one per cent. joined: the clusters that rows joined. beside: in how many tables rows are like the one that their
    client sent before in the same stretch, -1 where that tells nothing, shape (rows,). asked: how many different rows
    its client has sent in the hour and in the day, shape (spans, rows). again: shape (rows,), exact repeats of rows
    that came not long before. copies: how many near-copies of its client's led to a row that is one, shape (rows,).
    """

    hits: Flags
    counted: Flags
    rare: Flags
    joined: Memberships
    beside: Places
    asked: NDArray[np.int64]
    again: Flags
    copies: Places

    @classmethod
    def none(cls, rows: int) -> "Signs":
        """Begin with rows that show nothing."""
        blank = np.zeros((3, rows, len(NAMES)), np.bool_)
        asked = np.zeros((len(SPANS), rows), np.int64)
        none = np.full(rows, -1, np.intp)
        again, copies = np.zeros(rows, np.bool_), np.zeros(rows, np.intp)
        return cls(blank[0], blank[1], blank[2], Memberships.none(rows), none, asked, again, copies)


def signs_of(baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, clusters: Clusters) -> Signs:
    """Look at every row, each with those before it in mind; changes what is remembered."""
    signs = Signs.none(epoch.size)
    signs.again[:] = repeats(held["repeats"], epoch.hashes)
    fresh = ~signs.again
    np.add.at(held["client_fresh"], epoch.place[fresh & (epoch.place >= 0)], 1)
    signs.asked[:] = asked_lately(held, epoch.place, epoch.times, fresh)
    new = (epoch.place >= 0) & (epoch.asked < NEW)
    newcomers = int(held["newcomer_rows"][0]) + (new & fresh).cumsum()
    held["newcomer_rows"][0] = newcomers[-1]
    near_last = shared_with_last(held["client_buckets"], epoch.buckets, epoch.place, epoch.previous)
    alike = alike_of(baseline, held, epoch, fresh, new=new, newcomers=newcomers)
    beside = beside_of(baseline, held, epoch, near_last, fresh & ~alike.varied & ~alike.swept & ~alike.fills)
    came = fresh & new & ~epoch.exempt
    signs.counted[:, PLACE[MET]] = came
    signs.hits[came, PLACE[MET]] = meet(
        part_of(held, "meeting_"), epoch.buckets[came], client=epoch.client[came], number=newcomers[came]
    )
    signs.hits[:, PLACE[SWEEP]] = alike.swept
    signs.copies[:] = alike.sweeps
    told = fresh & (epoch.place >= 0) & ~epoch.exempt & ~alike.fills
    told &= ~_joined(held, epoch, clusters, alike, signs, beside=beside, load=load_of(baseline, held))
    signs.beside[told] = beside.tables[told]
    signs.counted[:, [PLACE[name] for name in COPYING]] = told[:, None]
    # Who goes on from an odd row by small steps, as sensors do, is odd for one reason, and so is what one load holds.
    another = (near_last < STEP_IN) & (alike.stayed.sum(axis=1) < baseline.kept)
    _tails(baseline, epoch, np.flatnonzero(alike.novel & another), signs)
    # Of an account that is odd, all texts come with the same odd values.
    signs.counted[:] &= ~(alike.said[:, None] & OF_VALUES)
    _contract(baseline, epoch, fresh, signs)
    # An odd value that stays while others are varied is one odd value, and so is one of all that one load holds.
    odd = epoch.faults.broken
    stays = odd.any(axis=1) & (alike.stayed[:, : odd.shape[1]] | ~odd).all(axis=1)
    signs.counted[:, PLACE["off_contract"]] &= ~alike.varied & ~stays
    signs.counted[:, PLACE["malformed"]] &= ~alike.fills
    signs.counted[:, PLACE["training_rows"]] &= ~epoch.rescored
    _all_round(signs, alone=(near_last <= APART_IN) & ~epoch.exempt)
    signs.hits[:] &= signs.counted
    signs.rare[:] &= signs.counted
    return signs


def _joined(
    held: Mapping[str, Array],
    epoch: Epoch,
    clusters: Clusters,
    alike: Alike,
    signs: Signs,
    *,
    beside: Beside,
    load: int,
) -> Flags:
    """Put near-duplicates into clusters, one after the other; say of each row whether it came at a sensor's pace.

    load: so many near-copies of one row honest clients send as a rule.
    """
    paced = np.zeros(epoch.size, np.bool_)
    turns = np.append(True, epoch.slices[1:] != epoch.slices[:-1])
    near = alike.joins | beside.close | (alike.steps > 0)
    for i in np.flatnonzero(near | alike.swept | turns).tolist():
        clusters.growth.turn(int(epoch.slices[i]))
        if not (near[i] or alike.swept[i]):
            continue
        flipped = bool(near[i]) and _put(epoch, clusters, i, alike, signs, beside=beside, load=load)
        if epoch.place[i] >= 0:
            place, at, hour = int(epoch.place[i]), int(epoch.at[i]), int(epoch.times[i]) // HOUR
            paced[i] = unhurried(held, place, at=at, hour=hour, flipped=flipped, varied=bool(alike.varied[i]))
    return paced


def _put(epoch: Epoch, clusters: Clusters, i: int, alike: Alike, signs: Signs, *, beside: Beside, load: int) -> bool:
    """Put a row into its cluster, and note what that shows; say whether its answer flipped.

    The first of the near-duplicates that its client sent just before joined no cluster. Texts that differ in their
    numbers alone are a template's: a search by numbers is told of.
    """
    joined = clusters.join(
        epoch.buckets[i],
        numbers=epoch.rows.numbers[i],
        codes=epoch.rows.codes[i],
        client=int(epoch.client[i]),
        label=int(epoch.classes[i]),
        margin=float(epoch.margins[i]),
        at=int(epoch.at[i]),
        stretch=int(epoch.slices[i]),
        name=epoch.id_of(i).encode()[:NAME],
    )
    signs.joined.note(i, joined)
    same = max(joined.same, int(alike.before[i]) + 1, int(alike.steps[i]))
    # What many send alike is the world's doing: a client must send far more of it than its part of all rows.
    usual = joined.all * float(epoch.asked[i]) / max(int(epoch.at[i]), 1)
    own = same >= min(TIMES * usual + CHANCE, MOST * joined.all)
    # Nobody asks "what if" so often and hears now this, now that.
    flips = joined.own_flips if joined.same else joined.flips
    searched = same >= SWEPT and flips >= FLIPPED
    usually = beside.going_on or joined.alone or bool(alike.made[i])
    near = own and (searched or alike.steps[i] > 0 or not usually)
    signs.copies[i] = max(signs.copies[i], same if own else 0)
    signs.hits[i, PLACE["near_duplicates"]] = near and same >= max(ASKED_OFTEN, load)
    early = near and same >= max(ASKED_EARLY, load)
    signs.hits[i, PLACE["near_duplicate_starts"]] = early or (own and beside.close[i])
    signs.hits[i, PLACE[SWEEP]] |= own and joined.alone and same >= max(SWEPT, load)
    return joined.flipped


def _tails(baseline: Baseline, epoch: Epoch, novel: Places, signs: Signs) -> None:
    if not novel.size:
        return
    rows = baseline.space.comparable(epoch.looked_at.take(novel))
    points = baseline.population.placed(baseline.space, rows)
    unlooked = epoch.unlooked[novel]
    found = baseline.statistics(rows, points, epoch.classes[novel], epoch.margins[novel], unlooked=unlooked)
    known, shown, worst = baseline.regions.shown(found, points, rows.codes)
    for place, (name, tail) in enumerate(TAILS.items()):
        signs.counted[novel, PLACE[name]] = known[:, place]
        signs.hits[novel, PLACE[name]] = shown[:, place]
        of_all = known[:, place] & (found[tail.statistic] > baseline.regions.rare[place])
        signs.rare[novel, PLACE[name]] = worst[:, place] if epoch.queries.named else of_all


def _all_round(signs: Signs, *, alone: Flags) -> None:
    """Note which rows are odd in many respects.

    alone: those apart from what their client sent before; of a sensor in an odd place all rows are odd for one reason.
    """
    found = respects(signs.hits & signs.counted)
    signs.counted[:, PLACE[ODD]] = signs.counted[:, PASSING].any(axis=1) & alone
    signs.hits[:, PLACE[ODD]], signs.rare[:, PLACE[ODD]] = found >= RESPECTS, found >= MANY_RESPECTS


def _contract(baseline: Baseline, epoch: Epoch, fresh: Flags, signs: Signs) -> None:
    faults, trained = epoch.faults, baseline.trained
    segments = baseline.layout.roles.segments
    hashes = epoch.rows.hashes(baseline.space.without(segments)) if segments else epoch.hashes
    spot = np.minimum(np.searchsorted(trained, hashes), trained.size - 1)
    shown = {
        "off_contract": faults.broken.any(axis=1),
        "malformed": faults.malformed.any(axis=1),
        "training_rows": trained[spot] == hashes,
    }
    for name, hit in shown.items():
        signs.counted[:, PLACE[name]] = fresh
        signs.hits[:, PLACE[name]] = signs.rare[:, PLACE[name]] = hit
