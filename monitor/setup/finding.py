"""What is wrong between a configuration and its data."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a configuration's data: where, what, and the mend.

    With an `error` the model cannot be watched as it is meant; with a `warning` something will be missing.
    """

    severity: Severity
    place: str
    problem: str
    mend: str = ""

    def __str__(self) -> str:
        """Give `place: problem; mend`."""
        return f"{self.place}: {self.problem}" + (f"; {self.mend}" if self.mend else "")
