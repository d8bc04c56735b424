"""How a column of numbers goes with others: what these tell of it, window by window."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """A column that follows others in a line.

    slopes: by other column, how much this one rises with it, in its own unit for one of the other's. explained: the
    share of its variance that they tell, in [0, 1]. leap: how far what they leave over of a window's mean left that of
    the windows before, at most, among the reference's; None when not known.
    """

    slopes: Mapping[str, float]
    explained: float
    leap: float | None = None

    def rest(self, name: str, means: Mapping[str, float]) -> float | None:
        """Give what the others leave over of the column's mean, in its unit; None where one of them has no mean.

        name: the column's. means: by column.

        >>> Relation({"dew point": 0.5}, 0.9).rest("temperature", {"temperature": 70.0, "dew point": 60.0})
        40.0
        """
        if not {name, *self.slopes} <= means.keys():
            return None
        return means[name] - sum(slope * means[other] for other, slope in self.slopes.items())
