"""How a number came to where it is over windows: step by step, or at once; and for how long it has been there."""

from collections.abc import Iterable, Sequence

RAMP = 3
ON_THE_WAY = 0.25, 0.75
"""Between these parts of its shift a column is on the way there."""
HALFWAY = 0.5


def has_crept(earlier: Iterable[float], shift: float) -> bool:
    """Say whether a column came to where it is step by step: three earlier windows lay on the way.

    earlier, shift: of windows before and of this one, in any unit, signed. A unit that changes leaps: only windows that
    hold both units lie between, one or two.

    >>> has_crept([0.1, 1.0, 1.9, 2.2, 3.1], 4.0), has_crept([0.1, 0.0, 1.9, 4.1, 3.9], 4.0)
    (True, False)
    """
    low, high = sorted(part * shift for part in ON_THE_WAY)
    return sum(low <= one <= high for one in earlier) >= RAMP


def has_leapt(earlier: Sequence[float], shift: float) -> bool:
    """Say whether a column came to where it is at once, and was never there before, as far as is known.

    earlier, shift: as of `has_crept`, the last so many windows in their order. One window may hold both.

    >>> has_leapt([0.1, 0.0, 0.1, 0.5, 1.1, 0.9], 1.0), has_leapt([0.1, 0.3, 0.6, 0.8], 1.0), has_leapt([1, 0, 0, 0], 1)
    (True, False, False)
    """
    low, high = ON_THE_WAY
    parts = _until_there(earlier, shift, high)
    before = parts[:-1] if parts and parts[-1] >= low else parts
    return len(before) >= RAMP and all(part < low for part in before)


def has_stepped(earlier: Sequence[float], shift: float) -> bool:
    """Say whether a number came at once to where it is and stays since, as far as windows that scatter can tell.

    earlier, shift: as of `has_leapt`, of which it differs in that it looks at means: no single window of the three
    before, nor of all before, need lie where it was. One window may hold both.

    >>> has_stepped([0.1, 0.3, -0.2, 0.1, 0.6, 1.1], 1.0), has_stepped([0.2, 0.3, 0.4, 0.45, 0.6, 0.8], 1.0)
    (True, False)
    """
    parts, (low, _) = _until_there(earlier, shift, HALFWAY), ON_THE_WAY
    before = parts[:-1] if parts and parts[-1] >= low else parts
    return len(before) >= RAMP and sum(before[-RAMP:]) < low * RAMP and sum(before) < low * len(before)


def has_stepped_first(earlier: Sequence[float], shift: float) -> bool:
    """Say whether a number stepped, see `has_stepped`, to where it was not even halfway in any window before.

    >>> has_stepped_first([0.1, 0.4, 0.1, 0.0, 1.1], 1.0), has_stepped_first([0.1, 1.0, 0.1, 0.1, 0.1, 0.0, 0.1], 1.0)
    (True, False)
    """
    return has_stepped(earlier, shift) and all(part <= HALFWAY for part in _until_there(earlier, shift, HALFWAY))


def lasting(effects: Sequence[float], windows: int) -> str:
    """Say for how many windows it has lasted, and whether it came at once; the empty text for fewer than three.

    effects: of the windows before and of this one, the last so many since it began, where they are known. It came at
    once where the three windows before hardly show it, and all but the first since, which may hold both, show most.

    >>> lasting([0.1, 0.0, 0.1, 2.0, 2.1, 1.9], 3), lasting([0.1, 0.6, 1.1, 1.4, 1.7, 2.1], 3), lasting([], 2)
    ('it came at once and has lasted 3 windows', 'it has lasted 3 windows', '')
    """
    if windows < RAMP:
        return ""
    low, high = ON_THE_WAY
    since, before = effects[-windows:], effects[:-windows][-RAMP:]
    size = sum(since[1:]) / len(since[1:]) if since[1:] else 0.0
    leapt = len(before) == RAMP and all(one / size < low for one in before) if size else False
    sudden = leapt and all(one / size > high for one in since[1:])
    return f"it {'came at once and ' if sudden else ''}has lasted {windows} windows"


def _until_there(earlier: Iterable[float], shift: float, there: float) -> list[float]:
    """Give the windows before the last ones that lay where this one does, beyond such a part, as parts of its shift."""
    parts = [one / shift for one in earlier] if shift else []
    while parts and parts[-1] > there:
        parts.pop()
    return parts
