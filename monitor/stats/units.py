"""Whether a number that lies elsewhere is the usual one in another unit."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

APART, LEFT, NEAR, ERRORS = 0.3, 0.25, 0.1, 3.0
"""Distributions differ by that much in all (total variation), and in another unit by no more than a quarter of it; the
mean is what the unit makes of it to within a tenth, and three standard errors."""
WITHIN, GROUPS, AS_GOOD, NAMED = 0.3, 12, 0.04, 2
"""So many of the rows lie within the usual range, whose bins are added up into so many groups. Units that fit hardly
worse than the best are named beside it, two at most."""
OFF, WIDER, FIT = 2.0, 0.35, 2
"""A window's mean lies within two deviations of what a unit makes of usual ones, and how it spreads within a factor of
1.4; so many that fit best are named."""


SAID = 2
"""A unit is named by its first pairs, so many of them, where the column's name does not say which one is meant."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """Values that are so many times the usual ones, and more by an offset.

    pairs: what this makes of what, in words: the values that came, and the usual ones.
    """

    times: float
    pairs: tuple[Pair, ...]
    more: float = 0.0

    @property
    def said(self) -> str:
        """Give in words what it makes of what."""
        return _said(self.pairs[:SAID])


def _said(pairs: Sequence[Pair]) -> str:
    (first, second), *others = pairs
    return ", or ".join([f"as {first} are of {second}", *(f"{one} of {other}" for one, other in others)])


def _both(times: float, *pairs: Pair) -> tuple[Unit, Unit]:
    return Unit(times, pairs), Unit(1 / times, tuple((other, one) for one, other in pairs))


UNITS = (
    *_both(1.609344, ("kilometres", "miles")),
    *_both(2.54, ("centimetres", "inches")),
    *_both(3.28084, ("feet", "metres")),
    *_both(2.204623, ("pounds", "kilograms")),
    *_both(3.785412, ("litres", "gallons")),
    Unit(1.8, (("degrees Fahrenheit", "Celsius"),), 32.0),
    Unit(1 / 1.8, (("degrees Celsius", "Fahrenheit"),), -32 / 1.8),
    Unit(1.0, (("kelvins", "degrees Celsius"),), 273.15),
    Unit(1.0, (("degrees Celsius", "kelvins"),), -273.15),
    *_both(7.0, ("days", "weeks")),
    *_both(12.0, ("months", "years"), ("inches", "feet")),
    *_both(24.0, ("hours", "days")),
    *_both(60.0, ("minutes", "hours"), ("seconds", "minutes")),
    *_both(3600.0, ("seconds", "hours")),
    *_both(100.0, ("hundredths", "wholes"), ("cents", "euros"), ("centimetres", "metres")),
    *_both(
        1000.0,
        ("milliseconds", "seconds"),
        ("grams", "kilograms"),
        ("metres", "kilometres"),
        ("millimetres", "metres"),
        ("millilitres", "litres"),
        ("watts", "kilowatts"),
        ("ones", "thousands"),
    ),
    *_both(1024.0, ("bytes", "kibibytes")),
    *_both(1e6, ("millionths", "wholes")),
)
"""Those that feeds are mistaken for: each changes numbers by at least a half."""


OF_SPEED = (
    *_both(1.609344, ("kilometres per hour", "miles per hour")),
    *_both(3.6, ("kilometres per hour", "metres per second")),
    *_both(2.236936, ("miles per hour", "metres per second")),
    *_both(1.943844, ("knots", "metres per second")),
    *_both(1.852, ("kilometres per hour", "knots")),
)
"""Those of columns whose name speaks of a speed alone."""

BYTES = ("bytes", "kibibytes")
_DIMENSIONS = {
    "length": ("kilometres", "miles", "metres", "centimetres", "millimetres", "feet", "inches"),
    "mass": ("kilograms", "grams", "pounds"),
    "volume": ("litres", "millilitres", "gallons"),
    "speed": ("kilometres per hour", "miles per hour", "metres per second", "knots"),
    "temperature": ("degrees Celsius", "degrees Fahrenheit", "Celsius", "Fahrenheit", "kelvins"),
    "time": ("milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "years"),
    "money": ("cents", "euros"),
    "power": ("watts", "kilowatts"),
    "data": ("bytes", "kibibytes"),
    "": ("hundredths", "wholes", "millionths", "ones", "thousands"),
}
_DIMENSION_OF = {unit: dimension for dimension, units in _DIMENSIONS.items() for unit in units}
_SPOKEN_OF = {
    "length": ("distance", "length", "height", "width", "depth", "altitude", "elevation"),
    "mass": ("weight", "mass"),
    "speed": ("speed", "velocity", "wind"),
    "temperature": ("temp", "temperature"),
    "time": ("duration", "delay", "wait", "tenure", "eta", "latency"),
    "money": ("price", "cost", "fare", "fee", "amount", "income", "salary", "revenue"),
    "power": ("power",),
    "": ("share", "ratio", "entropy", "probability", "score", "percent", "pct"),
}
_SPEAKS_OF = {word: dimension for dimension, words in _SPOKEN_OF.items() for word in words}
"""What a column's name says of the sort of unit that its values may be in; "" of none but whole numbers' parts."""
_NAMED_BY = {
    "kibibytes": ("kib", "kb"),
    "bytes": ("byte", "size"),
    "kilometres": ("km", "kms", "kilometers"),
    "miles": ("mi",),
    "metres": ("m", "meters"),
    "centimetres": ("cm", "centimeters"),
    "millimetres": ("mm", "millimeters"),
    "feet": ("ft",),
    "inches": ("inch",),
    "kilograms": ("kg", "kgs", "kilo", "kilos"),
    "grams": ("g", "gr"),
    "pounds": ("lb", "lbs"),
    "litres": ("l", "liters"),
    "millilitres": ("ml", "milliliters"),
    "gallons": ("gal",),
    "seconds": ("s", "sec", "secs"),
    "milliseconds": ("ms", "millis"),
    "minutes": ("min", "mins"),
    "hours": ("h", "hr", "hrs", "hour"),
    "days": ("d", "day"),
    "weeks": ("week",),
    "months": ("month",),
    "years": ("year", "yrs", "age"),
    "watts": ("w",),
    "kilowatts": ("kw",),
    "euros": ("eur", "euro", "usd", "gbp", "dollars", "price", "amount", "fare", "fee", "cost"),
    "cents": ("cent",),
    "ones": ("salary", "income", "revenue", "population", "views"),
    "Celsius": ("c", "celsius"),
    "Fahrenheit": ("f", "fahrenheit"),
    "kelvins": ("k", "kelvin"),
    "kilometres per hour": ("kmh", "kph"),
    "miles per hour": ("mph",),
    "metres per second": ("mps",),
    "knots": ("kn", "kts"),
}
_BY_NAME = {name: unit for unit, names in _NAMED_BY.items() for name in (unit, *names)}


def in_words(units: Sequence[Unit], column: str, *, joint: str = " or ") -> str:
    """Say which units those are, by the column's name where it says the usual one, at its end before elsewhere.

    What fits as well as a thousandfold is that, unless the name speaks of bytes.

    >>> many = [unit for unit in UNITS if unit.times in (1000.0, 1024.0)]
    >>> in_words(many, "distance_km")
    'as metres are of kilometres'
    >>> in_words(many, "x")
    'as milliseconds are of seconds, or grams of kilograms'
    """
    spoken = [_BY_NAME[part] for part in reversed(_parts(column)) if part in _BY_NAME]
    named = [
        pair
        for usual in spoken[:1]
        for unit in units
        for pair in unit.pairs
        if pair[1].removeprefix("degrees ") == usual
    ]
    likely = [unit for unit in units if unit.pairs[0][0] not in BYTES] or units
    return _said(named[:1]) if named else joint.join(unit.said for unit in likely)


def units_for(column: str) -> tuple[Unit, ...]:
    """Give the units that a column may be in by its name, where that says one, or speaks of a weight; else nearly all.

    >>> [unit.said for unit in units_for("rotor_speed") if 0.25 < unit.times < 0.3]
    ['as metres per second are of kilometres per hour']
    >>> [unit.said for unit in units_for("weight") if unit.times == 1000], len(units_for("x")) == len(UNITS)
    (['as grams are of kilograms, or ones of thousands'], True)
    """
    parts = _parts(column)[::-1]
    named = next((_DIMENSION_OF[_BY_NAME[part]] for part in parts if part in _BY_NAME), None)
    told = named or next((_SPEAKS_OF[part] for part in parts if part in _SPEAKS_OF), None)
    if told is None:
        return UNITS
    sorts = dict.fromkeys((told, ""))
    chosen = ((unit, [pair for of in sorts for pair in unit.pairs if _DIMENSION_OF[pair[0]] == of]) for unit in UNITS)
    of_speed = OF_SPEED if told == "speed" else ()
    return (*(replace(unit, pairs=tuple(pairs)) for unit, pairs in chosen if pairs), *of_speed)


def _parts(column: str) -> list[str]:
    """Split a column's name into words in lower case."""
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower())


def other_units(
    edges: Floats,
    before: Counts,
    after: Counts,
    *,
    usual: float,
    mean: float,
    error: float,
    least: float = APART,
    units: Sequence[Unit] = UNITS,
) -> list[Unit]:
    """Give the units in which the usual values would be distributed as those of a window are, the likeliest first.

    edges: of the bins between reference quantiles, shape (bins - 1,). before, after: counts by bin of reference and
    window, shape (bins,). usual, mean: the means of both; error: the standard error of the window's. least: how far
    apart both lie at least. units: that may be meant. Within a bin the reference's rows are taken to lie evenly.
    Blind to units that are not listed, to windows that hold both, where few distinct values are, and where the values
    are spread so widely that another unit hardly moves them.

    >>> rng = np.random.default_rng(1)
    >>> miles = rng.gamma(4, 250, 4_000)
    >>> edges = np.quantile(miles, np.linspace(0, 1, 40))
    >>> now = 1.609 * miles[:500]
    >>> counts = [np.bincount(np.digitize(x, edges), minlength=41) for x in (miles, now)]
    >>> found = other_units(edges, *counts, usual=miles.mean(), mean=now.mean(), error=now.std() / 500**0.5)
    >>> [unit.said for unit in found]
    ['as kilometres are of miles']
    """
    rows, held = int(after.sum()), int(before.sum())
    if edges.size < 2 or not held or not rows or after[1:-1].sum() < WITHIN * rows:
        return []
    kept = np.unique(np.linspace(0, edges.size - 1, GROUPS).round().astype(np.intp))
    below, now = before.cumsum()[:-1] / held, after.cumsum()[kept] / rows
    apart = _distance(below[kept], now)

    def left(unit: Unit) -> float:
        """Give by how much the window differs from the reference in this unit."""
        return _distance(np.interp((edges[kept] - unit.more) / unit.times, edges, below), now)

    expected = [(unit.times * usual + unit.more, unit) for unit in units]
    near = [(left(unit), unit) for at, unit in expected if abs(at - mean) <= min(NEAR * abs(at), ERRORS * error)]
    best = min((off for off, _ in near), default=1.0)
    if apart < least or best > LEFT * apart:
        return []
    found = sorted((off, place) for place, (off, _) in enumerate(near) if off <= best + AS_GOOD)
    return [near[place][1] for _, place in found[:NAMED]]


def units_by_moments(
    usual: tuple[float, float, float],
    now: tuple[float, float],
    *,
    wider: float = WIDER,
    as_good: float = math.inf,
    units: Sequence[Unit] = UNITS,
) -> list[Unit]:
    """Give the units in which windows like the usual ones would lie and spread as one does, the likeliest first.

    usual: mean, variance within a window, and variance of the windows' means. now: mean and variance within. wider:
    by how much deviations may differ, as a logarithm. as_good: by how much the others may fit worse than the best, in
    parts of what the limits allow. For values that leapt, of which the reference's bins tell little; that they lie
    elsewhere is not said by it. Blind to where shapes differ, and to units that come to the same.

    >>> [unit.said for unit in units_by_moments((78.0, 49.0, 9.0), (25.0, 16.0))]
    ['as degrees Celsius are of Fahrenheit']
    """
    (mean, within, between), (other, spread) = usual, now
    if within <= 0 or spread <= 0:
        return []
    near: list[tuple[float, int]] = []
    for place, unit in enumerate(units):
        off = abs(unit.times * mean + unit.more - other) / (abs(unit.times) * math.sqrt(within + between))
        apart = abs(math.log(math.sqrt(spread / within) / abs(unit.times)))
        if off <= OFF and apart <= wider:
            near.append((math.hypot(off / OFF, apart / wider), place))
    best = min((off for off, _ in near), default=0.0)
    return [units[place] for off, place in sorted(near)[:FIT] if off <= best + as_good]


def _distance(one: Floats, other: Floats) -> float:
    """Give the total variation of two distributions by the shares that lie below the edges between groups."""
    return float(np.abs(np.diff(one - other, prepend=0.0, append=0.0)).sum()) / 2
