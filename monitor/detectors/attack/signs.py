"""What rows show: near-copies of earlier ones, how far they lie from the population, what no honest row does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import Shared, repeats, shared
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
from monitor.detectors.attack.variations import chained, crowded, few_in, marks_of
from monitor.detectors.attack.volume import SPANS, asked_lately
from monitor.detectors.attack.walks import before, going_on, near_as_a_rule, shared_with_last

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

ASKED_EARLY, ASKED_OFTEN, SWEPT, FLIPPED = 3, 8, 20, 5
APART_IN, STEP_IN = 2, 8
"""Two rows lie apart that share so many tables at most, and one is a step from the other where they share so many."""
TIMES, CHANCE, MOST = 3.0, 2.0, 0.9
EVER = 2**32
"""Where rows name no client, near-copies are looked for among all that are remembered: nobody is accused of them."""
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
    that came not long before.
    """

    hits: Flags
    counted: Flags
    rare: Flags
    joined: Memberships
    beside: Places
    asked: NDArray[np.int64]
    again: Flags

    @classmethod
    def none(cls, rows: int) -> "Signs":
        """Begin with rows that show nothing."""
        blank = np.zeros((3, rows, len(NAMES)), np.bool_)
        asked = np.zeros((len(SPANS), rows), np.int64)
        none = np.full(rows, -1, np.intp)
        return cls(blank[0], blank[1], blank[2], Memberships.none(rows), none, asked, np.zeros(rows, np.bool_))


@dataclass(frozen=True, eq=False)
class Alike:
    """What rows are like others before them, each of shape (rows,).

    joins: enough for a cluster; before: how many of its client came just before that are as much alike. novel: like
    none, so that it tells how odd it is. varied, swept: one of its client's with few values changed, and the latest of
    many such; steps: how many such led to it where they changed one column after the other, else 0. fills: that with
    values where it had none. made: that with other numbers in its texts. said: that with other texts, of a model whose
    other values are all told of an account.
    """

    joins: Flags
    before: Places
    novel: Flags
    varied: Flags
    swept: Flags
    steps: Places
    fills: Flags
    made: Flags
    said: Flags


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
    alike = _alike(baseline, held, epoch, fresh, new=new, newcomers=newcomers)
    beside = _beside(held, epoch, near_last, fresh & ~alike.varied & ~alike.swept & ~alike.fills)
    close = beside >= near_as_a_rule(held["beside"], least=baseline.copies.beside)
    came = fresh & new & ~epoch.exempt
    signs.counted[:, PLACE[MET]] = came
    signs.hits[came, PLACE[MET]] = meet(
        part_of(held, "meeting_"), epoch.buckets[came], client=epoch.client[came], number=newcomers[came]
    )
    signs.hits[:, PLACE[SWEEP]] = alike.swept
    told = fresh & (epoch.place >= 0) & ~epoch.exempt & ~alike.fills
    going = going_on(held["beside"], by_chance=baseline.copies.beside)
    told &= ~_joined(held, epoch, clusters, alike, signs, close=close, going=going)
    signs.beside[told] = beside[told]
    signs.counted[:, [PLACE[name] for name in COPYING]] = told[:, None]
    # Who goes on from an odd row by small steps, as sensors do, is odd for one reason.
    _tails(baseline, epoch, np.flatnonzero(alike.novel & (near_last < STEP_IN)), signs)
    # Of an account that is odd, all texts come with the same odd values.
    signs.counted[:] &= ~(alike.said[:, None] & OF_VALUES)
    _contract(baseline, epoch, fresh, signs)
    # An odd value that stays while others are varied is one odd value.
    signs.counted[:, PLACE["off_contract"]] &= ~alike.varied
    signs.counted[:, PLACE["malformed"]] &= ~alike.fills
    signs.counted[:, PLACE["training_rows"]] &= ~epoch.rescored
    _all_round(signs, alone=(near_last <= APART_IN) & ~epoch.exempt)
    signs.hits[:] &= signs.counted
    signs.rare[:] &= signs.counted
    return signs


def _alike(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, fresh: Flags, *, new: Flags, newcomers: Places
) -> Alike:
    """Lay rows beside those before them; changes what is remembered. new, newcomers: as `shared` has them."""
    templates = epoch.templates
    chain, widely, fills, said = chained(part_of(held, "client_last_"), epoch.rows, epoch.place, fresh, templates)
    said &= all(column.kind != "vector" for column in baseline.space.columns)
    made = (chain > 0) & templates.numbered if templates else np.zeros(epoch.size, np.bool_)
    common = shared(
        part_of(held, "bucket_"),
        epoch.buckets[fresh],
        usual=baseline.copies.usual,
        horizon=baseline.copies.horizon if epoch.queries.named else EVER,
        lately=baseline.copies.horizon,
        client=epoch.client[fresh],
        asked=epoch.asked[fresh] + 1,
        varied=(chain > 0)[fresh],
        new=new[fresh],
        newcomers=newcomers[fresh],
        at=epoch.at[fresh],
    )
    needed = _tables_needed(baseline, epoch.ignored[fresh])
    joined, copied = (tables.sum(axis=1) >= needed for tables in (common.told, common.copied))
    joins, before, novel = np.zeros(epoch.size, np.bool_), np.zeros(epoch.size, np.int64), fresh & (chain == 0) & ~fills
    joins[fresh], before[np.flatnonzero(fresh)[joined]] = joined, _in_as_many(common, needed, joined)
    novel[fresh] &= ~copied
    chosen = fresh & ~fills & ~made
    swept, steps = chosen & (chain >= SWEPT), _steps(baseline, epoch, np.where(chosen & widely, chain, 0))
    # A form that is sent at every field is near its own earlier states, and lacks what they lack.
    return Alike(joins & ~fills, before, novel, (chain > 0) & ~swept, swept, steps, fills, made, said)


def _steps(baseline: Baseline, epoch: Epoch, chain: Places) -> Places:
    """Give for each row how many steps led to it that changed one column after the other; 0 where that tells nothing.

    chain: how long the chains are that do. In a corner where rows are much alike others vary each other by chance.
    """
    wide = np.flatnonzero((chain >= ASKED_EARLY) & ~epoch.exempt & ~epoch.ignored.any(axis=1))
    rows, templates = epoch.rows.take(wide), epoch.templates and epoch.templates.part(wide)
    steps = np.zeros(epoch.size, np.intp)
    alone = ~crowded(baseline.crowd, marks_of(rows, templates), few=few_in(rows, templates))
    steps[wide[alone]] = chain[wide[alone]]
    return steps


def _tables_needed(baseline: Baseline, ignored: Flags) -> Places:
    """Give for each row in how many tables it must share a bucket, of those that look at no value that is ignored."""
    if not ignored.any():
        return np.full(len(ignored), baseline.copies.joins, np.intp)
    most = np.where(ignored, baseline.copies.joins_without, 0).max(axis=1)
    return np.where(ignored.any(axis=1), most, baseline.copies.joins)


def _in_as_many(common: Shared, tables: Places, joined: Flags) -> NDArray[np.int64]:
    """Give for each row that joins how many of its client came just before it, in as many tables as made it join."""
    falling = -np.sort(-np.where(common.told[joined], common.before[joined], 0), axis=1)
    last = np.minimum(tables[joined], falling.shape[1]) - 1
    return np.asarray(np.take_along_axis(falling, last[:, None], axis=1)[:, 0])


def _beside(held: Mapping[str, Array], epoch: Epoch, near_last: Places, told: Flags) -> Places:
    """Give in how many tables rows are like their client's last one; -1 where that tells nothing.

    It does of some rows, of those that follow the last one in the same stretch of time, and if no value is left out.
    """
    follows = before(held["client_slice"], epoch.place, epoch.slices, epoch.previous) == epoch.slices
    return np.where(told & follows & ~epoch.exempt & ~epoch.ignored.any(axis=1), near_last, -1)


def _joined(
    held: Mapping[str, Array],
    epoch: Epoch,
    clusters: Clusters,
    alike: Alike,
    signs: Signs,
    *,
    close: Flags,
    going: bool,
) -> Flags:
    """Put near-duplicates into clusters, one after the other; say of each row whether it came at a sensor's pace.

    close: whether a row is one of its client's last. going: whether honest clients go on from their last rows anyway.
    """
    paced = np.zeros(epoch.size, np.bool_)
    turns = np.append(True, epoch.slices[1:] != epoch.slices[:-1])
    near = alike.joins | close | (alike.steps > 0)
    for i in np.flatnonzero(near | alike.swept | turns).tolist():
        clusters.growth.turn(int(epoch.slices[i]))
        if not (near[i] or alike.swept[i]):
            continue
        flipped = bool(near[i]) and _put(epoch, clusters, i, alike, signs, close=bool(close[i]), going=going)
        if epoch.place[i] >= 0:
            place, at, hour = int(epoch.place[i]), int(epoch.at[i]), int(epoch.times[i]) // HOUR
            paced[i] = unhurried(held, place, at=at, hour=hour, flipped=flipped, varied=bool(alike.varied[i]))
    return paced


def _put(epoch: Epoch, clusters: Clusters, i: int, alike: Alike, signs: Signs, *, close: bool, going: bool) -> bool:
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
    near = own and (searched or alike.steps[i] > 0 or not (going or joined.alone or bool(alike.made[i])))
    signs.hits[i, PLACE["near_duplicates"]] = near and same >= ASKED_OFTEN
    signs.hits[i, PLACE["near_duplicate_starts"]] = (near and same >= ASKED_EARLY) or (own and close)
    signs.hits[i, PLACE[SWEEP]] |= own and joined.alone and same >= SWEPT
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
