"""What rows are like others before them: near-copies, variations of one row, steps away from it, and like the last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.attack.baseline import Baseline
from monitor.detectors.attack.buckets import Shared, shared
from monitor.detectors.attack.epoch import Epoch
from monitor.detectors.attack.packing import part_of
from monitor.detectors.attack.variations import chained, crowded, few_in, marks_of
from monitor.detectors.attack.walks import before, going_on, near_as_a_rule

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

ASKED_EARLY, SWEPT = 3, 20
EVER = 2**32
"""Where rows name no client, near-copies are looked for among all that are remembered: nobody is accused of them."""


@dataclass(frozen=True, eq=False)
class Alike:
    """What rows are like others before them, each of shape (rows,).

    joins: enough for a cluster; before: how many of its client came just before that are as much alike. novel: like
    none, so that it tells how odd it is. varied, swept: one of its client's with few values changed, and the latest
    of many such; sweeps: how many these are; steps: how many such led to it where they changed one column after the
    other, else 0. fills: that with values where it had none. made: that with other numbers in its texts. said: that
    with other texts, of a model whose other values are all told of an account. stayed: values that are those of the
    row just before, shape (rows, columns).
    """

    joins: Flags
    before: Places
    novel: Flags
    varied: Flags
    swept: Flags
    sweeps: Places
    steps: Places
    fills: Flags
    made: Flags
    said: Flags
    stayed: Flags


class Beside(NamedTuple):
    """How rows lie beside the one that their client sent before.

    tables: in how many they are alike, -1 where that tells nothing; close: nearer than hardly any honest row comes;
    both of shape (rows,). going_on: whether honest clients go on from their last rows anyway.
    """

    tables: Places
    close: Flags
    going_on: bool


def alike_of(
    baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, fresh: Flags, *, new: Flags, newcomers: Places
) -> Alike:
    """Lay rows beside those before them; changes what is remembered. new, newcomers: as `shared` has them."""
    templates = epoch.templates
    last = part_of(held, "client_last_")
    chain, widely, fills, said, stayed = chained(last, epoch.rows, epoch.place, fresh, templates)
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
    sweeps, steps = np.where(chosen, chain, 0), _steps(baseline, epoch, np.where(chosen & widely, chain, 0))
    swept = sweeps >= max(SWEPT, load_of(baseline, held))
    # A form that is sent at every field is near its own earlier states, and lacks what they lack.
    return Alike(joins & ~fills, before, novel, (chain > 0) & ~swept, swept, sweeps, steps, fills, made, said, stayed)


def load_of(baseline: Baseline, held: Mapping[str, Array]) -> int:
    """Give how many near-copies of one row honest clients send as a rule, by the reference and by what has come."""
    return max(baseline.copies.load, int(held["load"][0]))


def _steps(baseline: Baseline, epoch: Epoch, chain: Places) -> Places:
    """Give for each row how many steps led to it that changed one column after the other; 0 where that tells nothing.

    chain: how long the chains are that do. In a corner where rows are much alike others vary each other by chance.
    """
    wide = np.flatnonzero((chain >= ASKED_EARLY) & ~epoch.exempt & epoch.whole)
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


def beside_of(baseline: Baseline, held: Mapping[str, Array], epoch: Epoch, near_last: Places, told: Flags) -> Beside:
    """Lay rows beside their client's last one.

    That tells of some rows, of those that follow the last one in the same stretch of time, and if no value is left out.
    """
    follows = before(held["client_slice"], epoch.place, epoch.slices, epoch.previous) == epoch.slices
    tables = np.where(told & follows & ~epoch.exempt & epoch.whole, near_last, -1)
    walks, by_chance = held["beside"], baseline.copies.beside
    close = tables >= near_as_a_rule(walks, least=by_chance)
    return Beside(tables, close, going_on(walks, by_chance=by_chance))
