"""Whether the model still answers the same questions as it did: the sign of a silent change."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from monitor.detectors.detector import Detector
from monitor.types import Measurement

NAME = "probe"
SHOWN = 60


def compare(
    recorded: Sequence[object], given: Sequence[object], tolerance: float, *, ignore: Collection[str] = ()
) -> Iterator[Measurement]:
    """Share of the canary inputs whose answer is not the recorded one, in [0, 1]; p-value 0 where any is not, else 1.

    Answers are JSON values: numbers may differ by `tolerance`, relative to those above 1; all else has to be equal, but
    keys of `ignore`, wherever they stand. Undefined without inputs. Blind to changes that show on other inputs only,
    and to models that draw at random.
    """
    if not recorded:
        yield Measurement(NAME, None, note="no recorded answer")
        return
    pairs = enumerate(zip(recorded, given, strict=True), start=1)
    changed = [(i, found) for i, (was, now) in pairs if (found := first_difference(was, now, tolerance, ignore))]
    share = len(changed) / len(recorded)
    note = f"input {changed[0][0]}: {changed[0][1]}" if changed else ""
    yield Measurement(NAME, share, n=len(recorded), p_value=0.0 if changed else 1.0, effect=share, note=note)


def first_difference(recorded: object, given: object, tolerance: float, ignore: Collection[str] = ()) -> str:
    """Say where an answer first differs and how; "" where it does not.

    >>> first_difference({"p": [0.25, 1]}, {"p": [0.75, 1]}, 1e-6)
    '$.p[0] 0.25 → 0.75'
    >>> first_difference({"p": 1, "took": 0.2}, {"p": 1, "took": 0.7}, 1e-6, ignore=("took",))
    ''
    """
    waiting: list[tuple[str, object, object]] = [("$", recorded, given)]
    while waiting:
        place, was, now = waiting.pop()
        if isinstance(was, Mapping) and isinstance(now, Mapping) and was.keys() ^ now.keys() <= {*ignore}:
            keys = [key for key in was if key not in ignore]
            waiting += [(f"{place}.{key}", was[key], now[key]) for key in reversed(keys)]
        elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
            pairs = list(enumerate(zip(was, now, strict=True)))
            waiting += [(f"{place}[{i}]", one, other) for i, (one, other) in reversed(pairs)]
        elif not _equal(was, now, tolerance):
            return f"{place} {_shown(was)} → {_shown(now)}"
    return ""


def _equal(was: object, now: object, tolerance: float) -> bool:
    if _is_number(was) and _is_number(now):
        one, other = float(was), float(now)  # type: ignore[arg-type]  # both are numbers
        if math.isfinite(one) and math.isfinite(other):
            return abs(one - other) <= tolerance * max(1.0, abs(one))
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(was) is type(now) and was == now


def _is_number(value: object) -> bool:
    # beyond the floats an integer is compared as it is
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**300)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return f"an object of {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)[: SHOWN + 1]
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


DETECTOR = Detector(NAME, "model_change", "share", compare, armed=True, weight=0.01, at_once=True)
