"""The groups of one column laid side by side: what is read of each, and the gap between them, now and before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitor.profiles.profile import Profile
from monitor.stats.gaps import (
    Gap,
    Means,
    Rates,
    Valued,
    Widening,
    as_wide,
    gap_of,
    gap_spread,
    standard_deviation,
    widening_test,
)
from monitor.stats.intervals import Z
from monitor.types import Measurement

ROWS_NEEDED = 30
LISTED = 20
WORTH_TELLING = 0.05
"""The least widening of a gap between rates that is worth an alert."""

Read = tuple[float, ...]
"""(hits, rows) of a rate; (mean, standard error, rows) of a mean."""


@dataclass(frozen=True, eq=False)
class Sides:
    """A column's groups: their profiles by value, in the reference and in the window, both of one layout.

    segment: begins the segments that the groups are; `sensitive:sex`, or `origin`.
    """

    column: str
    segment: str
    reference: Mapping[str, Profile]
    current: Mapping[str, Profile]


@dataclass(frozen=True)
class Value:
    """What is read of each group: a rate or a mean.

    read: gives it from a group's profile; None where the model has no such number. rows: what is counted, in words.
    mean: it is a mean, else a rate. in_sd: an effect is told in standard deviations of the reference's rows. of: the
    class that it is of, where it is read of each of several.
    """

    name: str
    read: Callable[[Profile], Read | None]
    rows: str
    mean: bool = False
    in_sd: bool = False
    of: str = ""

    def known(self, groups: Mapping[str, Profile]) -> dict[str, Read]:
        """Give it of every group that has it, with rows or without."""
        found = ((name, self.read(profile)) for name, profile in groups.items())
        return {name: read for name, read in found if read is not None}

    def laid(self, reads: Sequence[Read]) -> Valued:
        """Lay the groups side by side."""
        table = np.array(reads, np.float64).reshape(len(reads), 3 if self.mean else 2).T
        return Means(*table) if self.mean else Rates(*table)


def enough(read: Read) -> bool:
    """Say whether a group has the rows to be judged: its last number is that of its rows."""
    return read[-1] >= ROWS_NEEDED


def gaps(name: str, value: Value, sides: Sides) -> Iterator[Measurement]:
    """Measure the gap between groups in the window, and by how much it widened since the reference.

    Groups of under thirty rows on either side are not judged, and named in the note. Nothing where the model has no
    such number.
    """
    now, before = value.known(sides.current), value.known(sides.reference)
    if not (now or before):
        return
    judged = sorted(group for group, read in now.items() if enough(read))
    both = [group for group in judged if group in before and enough(before[group])]
    rows = int(sum(now[group][-1] for group in judged))
    gap = gap_of(value.laid([now[group] for group in judged]))
    if gap is None:
        yield Measurement(name, None, column=sides.column, n=rows, note=_too_few(value, now))
        return
    usual = value.laid([before[group] for group in both])
    spread = _spread(sides, spread_name(name, sides.column, value.of))
    widening = widening_test(*_alike(usual, value.laid([now[group] for group in both])), spread)
    sd = _deviation(value, [read for read in (before or now).values() if read[-1]])
    was = gap_of(usual)
    yield Measurement(
        name,
        gap.value,
        column=sides.column,
        n=rows,
        p_value=widening.p_value if widening else None,
        effect=widening.effect / (sd or 1.0) if widening else None,
        low=gap.low,
        high=gap.high,
        note=_left_out(value, now, judged, both),
        reference=was.value if was else None,
        evidence=_evidence(value, now, before, _pair(judged, gap, both, widening)) | ({"sd": sd} if sd else {}),
    )


def strongest(found: Sequence[Measurement], *, n: int) -> Measurement:
    """Give one measurement for several gaps of the same groups, of which there is one or more, with their values known.

    The value is the largest. The p-value is the smallest of those whose effect is worth an alert, or else of all, times
    the gaps that have one (Bonferroni 1936); the effect and the groups named are that gap's. n: the rows of all.
    """
    tested = [gap for gap in found if gap.p_value is not None] or found
    surest = min(tested, key=_unlikely)
    widest = max(tested, key=lambda gap: gap.value or 0.0)
    p = None if surest.p_value is None else min(1.0, len(tested) * surest.p_value)
    usual = max((gap.reference for gap in tested if gap.reference is not None), default=None)
    return replace(
        widest,
        p_value=p,
        effect=surest.effect,
        n=n,
        note=surest.note or widest.note,
        reference=usual,
        evidence=surest.evidence,
    )


def _unlikely(gap: Measurement) -> tuple[bool, float, float]:
    # a trifle that is surer is not to hide what is none
    return (gap.effect or 0.0) < WORTH_TELLING, 1.0 if gap.p_value is None else gap.p_value, -(gap.value or 0.0)


def _alike(before: Valued, now: Valued) -> tuple[Valued, Valued]:
    return as_wide(before, now) if isinstance(before, Means) and isinstance(now, Means) else (before, now)


def _deviation(value: Value, reads: Sequence[Read]) -> float:
    """Give the standard deviation that effects are told in; 0 where they are not, or where the rows do not vary."""
    laid = value.laid(reads)
    return standard_deviation(laid) if value.in_sd and isinstance(laid, Means) else 0.0


def _spread(sides: Sides, name: str) -> float:
    layout = next(iter(sides.current.values())).layout
    spread = layout.spreads.get(name, 0.0)
    # the reference's own mean over its windows differs from the truth too
    return spread * float(np.sqrt(1 + 1 / max(layout.windows, 1)))


def spread_name(detector: str, column: str, of: str = "") -> str:
    """Name what the gap of one column differs by between the reference's windows, among a layout's spreads.

    of: the class that the gap is of, where there is one for each of several.
    """
    return f"{detector}({column}, {of})" if of else f"{detector}({column})"


def spread_of(value: Value, windows: Sequence[Mapping[str, Profile]]) -> float | None:
    """Give how much pairs of groups differ between windows of the reference beyond their own errors.

    windows: each window's profiles by group. None with fewer than eight windows that hold two groups of enough rows.
    """
    names = sorted({name for window in windows for name in window})
    return gap_spread([_estimates(value, value.known(window), names) for window in windows])


def _estimates(value: Value, reads: Mapping[str, Read], names: Sequence[str]) -> list[tuple[float, float] | None]:
    held = [name for name in names if name in reads and enough(reads[name])]
    laid = value.laid([reads[name] for name in held])
    known = dict(zip(held, zip(laid.values.tolist(), laid.errors.tolist(), strict=True), strict=True))
    return [known.get(name) for name in names]


def _pair(judged: Sequence[str], gap: Gap, both: Sequence[str], widening: Widening | None) -> tuple[str, str]:
    """Name the two groups that most surely moved apart; where none did, the two that are furthest apart."""
    if widening and widening.effect > 0:
        return both[widening.highest], both[widening.lowest]
    return judged[gap.highest], judged[gap.lowest]


def _evidence(
    value: Value, now: Mapping[str, Read], before: Mapping[str, Read], pair: tuple[str, str]
) -> dict[str, Any]:
    named = [*pair, *sorted(now.keys() - {*pair}, key=lambda group: -now[group][-1])][:LISTED]
    groups = [group for name in named if (group := described(value, name, now[name], before.get(name)))]
    of_class = {"class": value.of} if value.of else {}
    return {"of": value.name, **of_class, "rows": value.rows, "pair": list(pair), "groups": groups}


def described(value: Value, name: str, now: Read, before: Read | None) -> dict[str, Any] | None:
    """Give a group's numbers: its value, counts, and interval, and what it was in the reference; None without rows."""
    if not now[-1]:
        return None
    laid = value.laid([now])
    rate = float(laid.values[0])
    low, high = laid.limits(0, Z)
    then = float(value.laid([before]).values[0]) if before and before[-1] else None
    counts = {"rows": int(now[-1])} | ({} if value.mean else {"positives": int(now[0])})
    return {"value": name, **counts, "rate": rate, "low": min(low, rate), "high": max(high, rate), "reference": then}


def values_of(value: Value, sides: Sides) -> Iterator[Measurement]:
    """Measure each group by itself; nothing of one without rows."""
    before = value.known(sides.reference)
    for name, read in sorted(value.known(sides.current).items()):
        group = described(value, name, read, before.get(name))
        if group is not None:
            yield Measurement(
                value.name,
                group["rate"],
                column=sides.column,
                segment=f"{sides.segment}={name}",
                n=group["rows"],
                low=group["low"],
                high=group["high"],
                reference=group["reference"],
            )


def _too_few(value: Value, now: Mapping[str, Read]) -> str:
    held = sorted((int(read[-1]) for read in now.values()), reverse=True)
    second = held[1] if len(held) > 1 else 0
    needed = f"{ROWS_NEEDED} {value.rows} are needed in each of two groups"
    return f"{needed}; the second largest has {second}" if held else needed


def _left_out(value: Value, now: Mapping[str, Read], judged: Sequence[str], both: Sequence[str]) -> str:
    if len(both) < 2:
        return f"not judged: in the reference fewer than two groups have {ROWS_NEEDED} {value.rows}"
    small = [f"{name} ({int(now[name][-1])})" for name in sorted(now.keys() - {*judged})]
    shown = ", ".join(small[:5]) + (f" and {len(small) - 5} more" if len(small) > 5 else "")
    return f"left out, under {ROWS_NEEDED} {value.rows}: {shown}" if small else ""
